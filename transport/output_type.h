/*
 * output_type: what a kind of central collector must be able to do; output.c has the table of them. A new kind: its
 * file output_*.c with one of these, and a line in that table.
 */
#ifndef TRANSPORT_OUTPUT_TYPE_H
#define TRANSPORT_OUTPUT_TYPE_H

#include "transport/output.h"

struct output_type {
    const char *name; /* as in the config */
    /* As output_open(), output_close(), output_send() and output_cancel(); *state is the kind's own. */
    int (*open)(void **state, const struct output_settings *settings, struct fault *fault);
    void (*close)(void *state);
    void (*send)(void *state, const struct store_item *items, size_t count, struct output_result *result);
    void (*cancel)(void *state);
};

extern const struct output_type output_webhook;

#endif
