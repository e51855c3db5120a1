/*
 * event_copy: an event that outlives the call it was handed to.
 */
#ifndef DETECT_EVENT_EVENT_COPY_H
#define DETECT_EVENT_EVENT_COPY_H

#include "detect/event/event.h"
#include <stddef.h>

/* Begins as zeros. */
struct event_copy {
    struct event event; /* borrows from the two below */
    struct event_datum *data;
    char *bytes;
    size_t size; /* of memory, bytes */
};

/*
 * Copies event with its texts. The datum of the name without (absent: none) stays, with an empty value. Returns 0, or
 * -ENOMEM with *out left as it was.
 */
int event_copy_make(struct event_copy *out, const struct event *event, struct text without);

/* Frees what event_copy_make() allocated; a copy of zeros is allowed. */
void event_copy_clear(struct event_copy *copy);

#endif
