/*
 * sender_trial: the sender with an output of the test's own: linked before the library, its functions stand for
 * output.c.
 */
#ifndef TESTS_TRANSPORT_OUTPUTS_SENDER_TRIAL_H
#define TESTS_TRANSPORT_OUTPUTS_SENDER_TRIAL_H

#include "detect/base/condition.h"
#include "transport/outputs/sender.h"

#define MAX_SENDS 256
#define MAX_ALERTS 64

/* What the output was asked to do, and what it is to answer. */
struct output {
    pthread_mutex_t mutex; /* guards all below */
    struct condition changed;
    const enum output_outcome *script; /* for each send in turn; DELIVERED after its end */
    size_t script_count;
    int refused_id;    /* an alert that is never taken, as by a collector that says 422; -1: none */
    int refused_below; /* so are those with lower numbers; 0: none */
    bool refuses_all;  /* and everything, as by a gateway that went wrong */
    bool fills_disk;   /* after each send the disk is full, until the sender reports that */
    bool hangs;        /* sends end only by output_cancel() */
    bool is_away;      /* answers RETRY */
    bool cancelled, closed;
    long status; /* of each answer that is not DELIVERED; 0: 422 for REFUSED */
    size_t max_batch;
    unsigned max_age_ms;
    size_t sends;
    size_t counts[MAX_SENDS]; /* of each send */
    int firsts[MAX_SENDS];    /* its first alert */
    double at[MAX_SENDS];     /* ms */
    int taken[MAX_ALERTS];    /* in the order of delivery */
    size_t taken_count;
};

/* What the sender reported. */
struct log {
    pthread_mutex_t mutex;
    size_t counts[8]; /* of each event; alerts for DELIVERED and EXPIRED */
    unsigned longest_wait_ms;
    char refused_id[ALERT_ID_SIZE];
    char output[16];
    bool had_fault;
};

/* A store with an output and its sender. */
struct trial {
    struct store *store;
    struct output output, fresh;  /* fresh: what renew() gives */
    enum sender_renew renew_when; /* to this question, once */
    bool renews;
    size_t changed, forbidden; /* how often each question came */
    double paused_ms;          /* by pause_not_at_all(), in all */
    unsigned spread_ms;
    bool is_timeless; /* pauses take no time */
    struct log log;
    struct sender *sender;
};

/* The store's clock, seconds. */
extern int64_t trial_time_s;

double trial_now_ms(void);

/* The number that an alert's id is. */
int trial_number_of(const char *id);

void trial_remove_files(void);
void trial_begin_output(struct output *output);

/* An empty store, and an output that answers so; nothing is started yet. */
void trial_begin(struct trial *trial, const enum output_outcome *script, size_t script_count);
void trial_end(struct trial *trial);

/* Keeps the alerts numbered from..to-1. */
void trial_keep(struct trial *trial, int from, int to);

void trial_start(struct trial *trial);
void trial_stop(struct trial *trial);

/* Waits until nothing waits any more; false after 60 s. */
bool trial_is_drained(struct trial *trial);
void trial_wait_for_sends(struct trial *trial, size_t sends);

/* All of from..to-1 but leave_out was taken, each once, in order. */
void trial_took(const struct trial *trial, int from, int to, int leave_out);

#endif
