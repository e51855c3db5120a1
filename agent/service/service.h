/* service: names that the service and its installation share. */
#ifndef AGENT_SERVICE_SERVICE_H
#define AGENT_SERVICE_SERVICE_H

#include "agent/guard/state_guard.h"

/* Control code that makes the service read its config anew: 128 to 255 are a service's own
 * (learn.microsoft.com/windows/win32/api/winsvc/nf-winsvc-controlservice). */
#define AGENT_CONTROL_RELOAD 128u

#define AGENT_SERVICE_NAME STATE_GUARD_SERVICE_NAME
#define AGENT_SERVICE_DISPLAY_NAME L"Tripline"
#define AGENT_SERVICE_DESCRIPTION                                                                                      \
    L"Watches process creation for the attack \"Email access via active sync\" and reports it to the central "         \
    L"collector."

#endif
