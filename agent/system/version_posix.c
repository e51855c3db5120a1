#include "agent/system/version.h"

#include <libevtx.h>

const char *version_evtx(void)
{
    return libevtx_get_version();
}
