/* result_win: what EvtNext reads from: a subscription or a query over one or more channels. Under winsim_lock. */
#ifndef TESTS_WINSIM_RESULT_WIN_H
#define TESTS_WINSIM_RESULT_WIN_H

#include "tests/winsim/bookmark.h"
#include "tests/winsim/event_win.h"
#include "tests/winsim/query.h"

/* After an error that ends a handle, this many calls more give the same error; then the process is ended. */
#define RESULT_MAX_TRIES 8u

/* So many EvtNext calls in a row may find nothing, less than a millisecond apart, before it is a busy loop. */
#define RESULT_MAX_EMPTY 200u

struct source {
    char *name;
    DWORD status;            /* of opening it: EvtQueryStatuses */
    struct channel *channel; /* NULL: it could not be opened */
    size_t next;             /* index of the next record; backwards: one more than that */
    size_t seen;             /* the watcher has looked at the records below */
    unsigned clearings;      /* of the channel when this was made */
};

struct result {
    bool is_query, is_reverse;
    struct query *query;
    struct source *sources;
    size_t count, room;
    HANDLE caller_signal, signal; /* the caller's handle, and our own of the same event */
    bool is_drained;              /* nothing was left, and nothing has been signalled since */
    DWORD fault;                  /* the error that ended it, or 0 */
    unsigned tries;               /* EvtNext calls that gave such an error */
    unsigned empty;               /* EvtNext calls in a row that found nothing */
    LARGE_INTEGER last_empty;
    DWORD thread;
    unsigned inside;   /* threads in EvtNext */
    DWORD searched_ms; /* of search-ms: how long EvtNext has looked for the first event */
    bool is_cancelled;
};

/*
 * Opens the channels of query, which it then owns. tolerate: those that can't be opened only get a status. Returns 0,
 * or the code; *out is then NULL.
 */
DWORD result_new(struct result **out, struct query *query, bool is_structured, bool tolerate, const char *call);

/* Reads from one log file. */
struct result *result_new_file(struct query *query, struct channel *file);

/* Frees a struct result; as a handle_release. */
void result_free(void *result);

/* The next event that matches, or NULL. */
struct event *result_next(struct result *r);

/* Have records gone that were still to be read, or was a channel cleared? */
bool result_is_stale(const struct result *r);

/* Has a record that the query selects come since the last look? */
bool result_look(struct result *r);

/*
 * Sets the position after bookmark in each channel. Returns 0, or ERROR_NOT_FOUND: strict, and a record is not there.
 */
DWORD result_start_after(struct result *r, const struct bookmark *bookmark, bool is_strict);

#endif
