/* The Event Log and ETW are Windows' own; exported logs are read with "tripline scan". */
#include "agent/run/sources.h"

#include <errno.h>

int sources_start(struct sources **out, const struct config *config, const struct pipeline_settings *settings,
                  struct fault *fault)
{
    (void)out;
    (void)config;
    (void)settings;
    fault_set(fault, "sources_start", ENOTSUP, text_from("eventlog"), "this system has no Windows Event Log");
    return -ENOTSUP;
}

void sources_stop(struct sources *sources)
{
    (void)sources;
}
