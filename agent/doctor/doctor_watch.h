/*
 * doctor_watch: a thread that runs the doctor when the agent starts, at the interval of its config and when asked, and
 * says what has changed since. A thread of its own, for an output that does not answer may hold the doctor for minutes.
 */
#ifndef AGENT_DOCTOR_DOCTOR_WATCH_H
#define AGENT_DOCTOR_DOCTOR_WATCH_H

#include "agent/log/log.h"
#include <jansson.h>

struct doctor_watch;

struct doctor_watch_settings {
    struct log *log;         /* must outlive it */
    const char *config_path; /* copied; read anew for each round: with mistakes in it the round is left out */
    /* Takes over report (doctor_json). On the thread. */
    void (*done)(void *context, json_t *report);
    void *context;
};

/* https_start_up() was called. Returns 0 or a negative errno value. */
int doctor_watch_start(struct doctor_watch **out, const struct doctor_watch_settings *settings);

/* A round now. */
void doctor_watch_wake(struct doctor_watch *watch);

/* Ends the thread; a round that runs ends within about a second. NULL is allowed. */
void doctor_watch_stop(struct doctor_watch *watch);

#endif
