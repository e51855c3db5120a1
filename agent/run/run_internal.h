/* run_internal: the running agent, shared by run.c (start, stop) and run_reload.c (a changed config). */
#ifndef AGENT_RUN_RUN_INTERNAL_H
#define AGENT_RUN_RUN_INTERNAL_H

#include "agent/config/config.h"
#include "agent/doctor/doctor_watch.h"
#include "agent/guard/state_guard.h"
#include "agent/health/health.h"
#include "agent/health/monitor.h"
#include "agent/log/log.h"
#include "agent/outputs/outputs.h"
#include "agent/rules/rule_load.h"
#include "agent/run/run.h"
#include "agent/run/sources.h"
#include "transport/document/encode_ecs.h"

/* The thread that starts, stops and puts configs in force, in health; and within what time it gives its next sign of
 * life, ms: a config that changes outputs and sources may take so long to come into force. */
#define RUN_THREAD "main"
#define RUN_DUE_MS 60000u

/* Of one thread: the one that calls run_start, run_tick and run_stop. */
struct run {
    struct run_settings set;
    char *config_path;
    struct config *config;
    struct config *outputs_config; /* that the outputs were made from: config, or the one before it */
    struct state_guard *guard;
    struct log *log;
    struct health *health;
    struct store *store;
    char *agent_id, *selftest_path;
    struct encode_agent agent;
    struct rule_load *rules; /* built in and of files */
    struct witness *witness;
    struct outputs *outputs;
    struct sources *sources;
    struct monitor *monitor;
    struct doctor_watch *doctor;
    bool is_https_up, is_started;
    uint64_t looked_ms; /* when the config file was last looked at */
    uint64_t forced_ms; /* when a reload was last forced, once has_forced */
    bool has_forced, is_forced_due;
    char seen_sha256[65];                             /* what it was then: a change counts when it is seen twice */
    char done_sha256[65];                             /* the last one that was taken or refused */
    uint64_t rules_looked_ms, rules_seen, rules_done; /* the same of the rules' directory, by rule_paths_stamp() */
};

/* Loads the rules that r->config says; where they can't be read the built-in ones alone are in force. */
enum run_problem run_rules_start(struct run *r);
void run_rules_stop(struct run *r);

/* Loads them anew and begins the sources with them; where they can't be read, what was in force stays. */
enum run_problem run_rules_change(struct run *r);

/* Has a file in the rules' directory changed? Called at each run_tick(). */
enum run_problem run_rules_tick(struct run *r);

/* Starts to read what r->config says. Returns RUN_GOOD; another, after a line in the log. */
enum run_problem run_start_sources(struct run *r);

/* Each source makes a last checkpoint; returns when all have ended. */
void run_stop_sources(struct run *r);

#endif
