/*
 * pipeline: event -> match -> alert -> store. One for each collector, used on that collector's thread; it is the sink
 * that the collector hands its events to.
 */
#ifndef AGENT_RUN_PIPELINE_H
#define AGENT_RUN_PIPELINE_H

#include "agent/health/health.h"
#include "agent/log/log.h"
#include "agent/run/witness.h"
#include "collectors/collector.h"
#include "detect/rule/rule_set.h"
#include "transport/document/encode_ecs.h"
#include "transport/outbox/store.h"

/* All must outlive the pipeline. */
struct pipeline_settings {
    const struct rule_set *rules;
    struct store *store;
    const struct encode_agent *agent;
    struct log *log;
    struct witness *witness; /* joins what several sources tell of one process; NULL: each event is an alert (the rule
                                as it is written) */
    struct health *health;
    const char *selftest_path; /* of the file that announces one (selftest.h) */
    const char *thread;        /* the collector's, by which health knows it */
};

struct pipeline;

/* Returns 0 or -ENOMEM. */
int pipeline_new(struct pipeline **out, const struct pipeline_settings *settings);

/* Alerts that no checkpoint has kept are dropped: their events will be read again. NULL is allowed. */
void pipeline_free(struct pipeline *pipeline);

/* The sink to hand to a collector. Valid as long as the pipeline. */
struct collector_sink pipeline_sink(struct pipeline *pipeline);

#endif
