/*
 * sender: one thread per output that takes alerts from the store in order and sends them until the central collector
 * has taken or for ever refused them. Retries never end. Alerts that come within max_batch_age_ms of a request wait
 * until that has passed or a batch is full; the first after quiet goes at once.
 */
#ifndef TRANSPORT_OUTPUTS_SENDER_H
#define TRANSPORT_OUTPUTS_SENDER_H

#include "transport/outbox/store.h"
#include "transport/outputs/output.h"

enum sender_event {
    SENDER_DELIVERED, /* count alerts were taken */
    SENDER_RETRY,     /* a try failed; the next comes after wait_ms */
    SENDER_FORBIDDEN, /* the same, since the collector does not know us or does not let us (401, 403): an operator must
                         mend it, and nothing is lost meanwhile */
    SENDER_DOUBTED, /* the same: one alert after another is refused and none is taken, so that it is the output or what
                       stands before it that is at fault, not the alerts: none of them is given up */
    SENDER_REFUSED, /* one alert went to the dead-letter table */
    SENDER_STORE,   /* the store failed; tried again after wait_ms */
    SENDER_EXPIRED, /* count alerts were older than the store's max_age_s and went to the dead-letter table */
    SENDER_RENEWED  /* the output is a new one, with what it read anew */
};

struct sender_report {
    enum sender_event event;
    const char *output; /* its name */
    size_t count;
    const struct store_item *items; /* DELIVERED: the alerts; borrowed */
    const char *id;                 /* REFUSED: the alert's id */
    long status;                    /* HTTP status, or 0 */
    unsigned wait_ms;
    const struct fault *fault; /* NULL when nothing failed */
    const char *answer; /* the collector's own words where fault does not have them, as in output_result; or NULL */
};

/* So many alerts in a row may be refused, none being taken between, before the output is doubted instead; and so many
 * after another one was tried for that very reason and was taken. */
#define SENDER_MAX_REFUSED 3
#define SENDER_MAX_REFUSED_PROVED 20

/* How long until the next try after 401, 403 or in doubt, ms: a wrong token is no reason to hammer, and a new one works
 * soon. */
#define SENDER_FORBIDDEN_MS 60000u

/* Why renew() is called. */
enum sender_renew {
    SENDER_RENEW_CHANGED,  /* before a batch: has a file changed that the output was made from? */
    SENDER_RENEW_FORBIDDEN /* after 401 or 403: the secrets are worth reading again */
};

struct sender_settings {
    struct store *store;   /* must outlive the sender */
    struct output *output; /* the sender's own from sender_start() on */
    void *context;         /* of the four below, which are called on the sender's thread */
    void (*report)(void *context, const struct sender_report *report);
    /* A new output of the same name in place of the one there is, which the sender then closes; NULL: that one is still
     * good, or no better one can be had. renew itself may be NULL. */
    struct output *(*renew)(void *context, enum sender_renew why);
    /* The thread goes on: it sends now (wait_ms 0), or waits for at most wait_ms. NULL: not wanted. */
    void (*alive)(void *context, const char *output, unsigned wait_ms);
    /* For tests: waits instead of the sender; NULL in earnest. */
    void (*pause)(void *context, unsigned ms);
    /* When alerts wait already at the start, the first try comes within this time, at random: hosts that start
     * together, after a power cut say, do not come together. 0: at once. */
    unsigned start_spread_ms;
};

struct sender;

/* Starts the thread. Returns 0; -ENOMEM or -EAGAIN: the output is still the caller's. */
int sender_start(struct sender **out, const struct sender_settings *settings);

/* Ends it: a running request gets at most grace_ms to finish, then it is broken off and its alerts stay. Closes the
 * output, frees sender; NULL is allowed. */
void sender_stop(struct sender *sender, unsigned grace_ms);

#endif
