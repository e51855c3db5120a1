/* event_win: what stands behind an event handle. Under winsim_lock. */
#ifndef TESTS_WINSIM_EVENT_WIN_H
#define TESTS_WINSIM_EVENT_WIN_H

#include "tests/winsim/channel_win.h"
#include "tests/winsim/event_tree.h"

struct event {
    const struct channel *channel;
    uint64_t record; /* the log's own id */
    uint32_t line;   /* of the channel's file */
    char *text;      /* that line */
    size_t size;
    struct event_tree *tree; /* made when first asked for */
    unsigned grown[2];       /* per EVT_RENDER_FLAGS: how often "too small" was said against the truth */
};

/* A copy of record index. */
struct event *event_new(struct channel *ch, size_t index);

/* Frees a struct event; as a handle_release. */
void event_free(void *event);

/* Its parsed form; a line that is not well-formed ends the process. */
const struct event_tree *event_tree_of(struct event *e);

/* Did another computer write it? Its Channel is not the one of the log then. */
bool event_is_forwarded(struct event *e);

#endif
