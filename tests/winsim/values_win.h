/* values_win: an event's values with the types that Windows gives them. Under winsim_lock. */
#ifndef TESTS_WINSIM_VALUES_WIN_H
#define TESTS_WINSIM_VALUES_WIN_H

#include "tests/winsim/event_win.h"
#include "tests/winsim/pack_win.h"
#include "tests/winsim/xpath.h"

/* What stands behind a render context. */
struct context {
    DWORD flags;          /* EVT_RENDER_CONTEXT_FLAGS */
    struct xpath **paths; /* of EvtRenderContextValues */
    size_t count;
};

void context_free(void *context);

/* Packs the values of e that c asks for; returns how many. */
size_t values_pack(struct pack *p, struct event *e, const struct context *c);

#endif
