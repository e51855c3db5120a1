/* service: names that the service and its installation share. */
#ifndef AGENT_SERVICE_H
#define AGENT_SERVICE_H

#define AGENT_SERVICE_NAME L"Tripline"
#define AGENT_SERVICE_DISPLAY_NAME L"Tripline"
#define AGENT_SERVICE_DESCRIPTION                                                                                      \
    L"Watches process creation for the attack \"Email access via active sync\" and reports it to the central "         \
    L"collector."

#endif
