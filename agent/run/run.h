/*
 * run: the whole agent, from its config to its threads: started in order, stopped in exactly the reverse order.
 */
#ifndef AGENT_RUN_RUN_H
#define AGENT_RUN_RUN_H

#include "agent/system/process.h"
#include <stdbool.h>

/* What kept the agent from starting; also the service's own exit code (docs/operations.md). */
enum run_problem {
    RUN_GOOD = 0,
    RUN_BAD_CONFIG = 1, /* the config is not there or has mistakes */
    RUN_BAD_LOG = 2,    /* the log file can't be written */
    RUN_BAD_STORE = 3,  /* the outbox can't be opened */
    RUN_BAD_OUTPUT = 4, /* an output's certificate, key or URL */
    RUN_BAD_SOURCE = 5, /* the Event Log can't be read at all */
    RUN_NO_MEMORY = 6,
    RUN_UNSAFE = 7,                /* others could change config or state, so neither is used */
    RUN_BUSY = 8,                  /* another agent uses the same state */
    RUN_STUCK = PROCESS_EXIT_STUCK /* a thread gave no sign of life, so that the process ended itself */
};

struct run_settings {
    const char *config_path; /* UTF-8; NULL: file_default_config() */
    bool foreground;         /* log to stderr too */
    /* Called between the steps of starting, so that a service can say that it makes progress; may be NULL. */
    void (*progress)(void *context);
    /* Called with what is wrong while there is no log to write it to, UTF-8; may be NULL. */
    void (*say)(void *context, unsigned id, const char *text);
    void *context;
};

struct run;

/* Starts everything and returns RUN_GOOD, or says in the log (and on stderr in the foreground) what is wrong. */
enum run_problem run_start(struct run **out, const struct run_settings *settings);

/*
 * Call at least every RUN_TICK_MS, on the thread that started it: sees that the config file has changed and puts it in
 * force; is_forced: reads it and the files that it names anew in any case, at the latest RUN_FORCED_MS after the last
 * time that it was forced, for who may ask for it is not to keep the agent at that alone. One with mistakes is
 * reported, and the old one stays. Returns RUN_GOOD; another: the agent can't go on, call run_stop().
 */
enum run_problem run_tick(struct run *run, bool is_forced);
#define RUN_TICK_MS 500u
#define RUN_FORCED_MS 30000u

/*
 * Stops everything: reading first, with a last checkpoint; then the senders, which may finish a request for up to
 * grace_ms; then the store is closed. What was not delivered stays in the outbox. Frees run; NULL is allowed.
 */
void run_stop(struct run *run, unsigned grace_ms);

/* Long enough for an answer that is on its way, short enough for the service manager: with the rest below 5 s. */
#define RUN_GRACE_MS 3000u

#endif
