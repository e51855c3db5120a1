/*
 * sources: starts the collectors that the config names and stops them (sources_win.c; sources_posix.c has none to
 * start).
 */
#ifndef AGENT_RUN_SOURCES_H
#define AGENT_RUN_SOURCES_H

#include "agent/config/config.h"
#include "agent/run/pipeline.h"

struct sources;

/*
 * Starts a thread for each kind of source. settings as for a pipeline; config is read during the call only.
 * Returns 0, -ENOTSUP: this system has none of them; another negative errno value with fault.
 */
int sources_start(struct sources **out, const struct config *config, const struct pipeline_settings *settings,
                  struct fault *fault);

/* Stops reading: each collector makes a last checkpoint. Returns when all threads have ended. NULL is allowed. */
void sources_stop(struct sources *sources);

#endif
