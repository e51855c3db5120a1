#include "agent/hardening.h"

void hardening_start(void)
{
}

const char *hardening_missing(void)
{
    return "";
}
