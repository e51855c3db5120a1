/*
 * sender: one thread per output that takes alerts from the store in order and sends them until the central collector
 * has taken or for ever refused them. Retries never end.
 */
#ifndef TRANSPORT_SENDER_H
#define TRANSPORT_SENDER_H

#include "transport/output.h"
#include "transport/store.h"

enum sender_event {
    SENDER_DELIVERED, /* count alerts were taken */
    SENDER_RETRY,     /* a try failed; the next comes after wait_ms */
    SENDER_REFUSED,   /* one alert went to the dead-letter table */
    SENDER_STORE      /* the store failed; tried again after wait_ms */
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
};

struct sender_settings {
    struct store *store; /* both must outlive the sender */
    struct output *output;
    void *context;
    void (*report)(void *context, const struct sender_report *report); /* on the sender's thread */
    /* The thread goes on: it sends now (wait_ms 0), or waits for at most wait_ms. On its thread. NULL: not wanted. */
    void (*alive)(void *context, const char *output, unsigned wait_ms);
};

struct sender;

/* Starts the thread. Returns 0, -ENOMEM or -EAGAIN. */
int sender_start(struct sender **out, const struct sender_settings *settings);

/* Ends it: a running request gets at most grace_ms to finish, then it is broken off (its alerts stay, and the output is
 * only good for output_close() from then on). Frees sender; NULL is allowed. */
void sender_stop(struct sender *sender, unsigned grace_ms);

#endif
