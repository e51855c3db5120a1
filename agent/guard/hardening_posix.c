#include "agent/guard/hardening.h"

void hardening_start(void)
{
}

void hardening_start_agent(void)
{
}

const char *hardening_missing(void)
{
    return "";
}
