#include "agent/guard/hardening.h"

void hardening_start(void)
{
}

const char *hardening_missing(void)
{
    return "";
}
