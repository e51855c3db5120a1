/*
 * metrics: the agent's figures in Prometheus' text format, for windows_exporter's textfile collector. Format:
 * prometheus.io/docs/instrumenting/exposition_formats.
 */
#ifndef AGENT_HEALTH_METRICS_H
#define AGENT_HEALTH_METRICS_H

#include "agent/health/status_file.h"

/* The whole text (status_write_text() writes it), which the caller frees; NULL when memory is short. */
char *metrics_text(const struct status_about *about, const struct status_now *now);

#endif
