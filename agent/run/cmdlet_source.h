/*
 * cmdlet_source: Exchange's cmdlet log files as a source of the running agent: the collector, its thread and pipeline.
 */
#ifndef AGENT_RUN_CMDLET_SOURCE_H
#define AGENT_RUN_CMDLET_SOURCE_H

#include "agent/config/config.h"
#include "agent/run/pipeline.h"

struct cmdlet_source;

/* Is there something to follow? */
bool cmdlet_source_is_wanted(const struct config *config, const struct pipeline_settings *settings);

/*
 * Starts it. Returns 0; *out is NULL where there is nothing to follow: the config says so, no rule reads such files, or
 * Exchange is not installed. Another negative errno value with fault. settings as for a pipeline.
 */
int cmdlet_source_start(struct cmdlet_source **out, const struct config *config,
                        const struct pipeline_settings *settings, struct fault *fault);

/* Ends with a last checkpoint; NULL is allowed. */
void cmdlet_source_stop(struct cmdlet_source *source);

#endif
