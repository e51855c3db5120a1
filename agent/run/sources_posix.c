/* The Event Log and ETW are Windows' own; exported logs are read with "tripline scan". Cmdlet log files are followed
 * here too, where the config names their directory. */
#include "agent/run/sources.h"

#include "agent/run/cmdlet_source.h"
#include "collectors/files/cmdlet_file.h"

#include <errno.h>
#include <stdlib.h>

struct sources {
    struct cmdlet_source *cmdlets;
};

int sources_start(struct sources **out, const struct config *config, const struct pipeline_settings *settings,
                  struct fault *fault)
{
    static const char *const names[] = {CMDLET_FILE_CHANNEL};
    struct sources *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return -ENOMEM;
    health_sources_set(settings->health, names, cmdlet_source_is_wanted(config, settings));
    int rc = cmdlet_source_start(&s->cmdlets, config, settings, fault);
    if (rc == 0 && s->cmdlets == NULL) {
        fault_set(fault, "sources_start", ENOTSUP, text_from("eventlog"), "this system has no Windows Event Log");
        rc = -ENOTSUP;
    }
    if (rc < 0) {
        health_sources_set(settings->health, NULL, 0);
        sources_stop(s);
        return rc;
    }
    *out = s;
    return 0;
}

void sources_stop(struct sources *sources)
{
    if (sources == NULL)
        return;
    cmdlet_source_stop(sources->cmdlets);
    free(sources);
}
