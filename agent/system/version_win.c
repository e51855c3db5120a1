#include "agent/system/version.h"

#include <stddef.h>

const char *version_evtx(void)
{
    return NULL;
}
