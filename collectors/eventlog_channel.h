/*
 * eventlog_channel: one channel of the Windows Event Log: its subscription, its bookmark and what has been read since
 * the last checkpoint (eventlog_channel_win.c). Belongs to the thread of eventlog_run.
 */
#ifndef COLLECTORS_EVENTLOG_CHANNEL_H
#define COLLECTORS_EVENTLOG_CHANNEL_H

#include "collectors/event_xml.h"
#include "collectors/eventlog.h"
#include "collectors/eventlog_render.h"

/* Handles of one EvtNext. A batch of 100 full records can exceed the 2 MB that one call may bring (error 1734). */
#define EVENTLOG_BATCH 100u

enum channel_pull {
    CHANNEL_MORE,    /* a batch was read; there may be more */
    CHANNEL_DRAINED, /* nothing now: wait for the signal */
    CHANNEL_CLOSED   /* reading failed and was reported; channel_try_open at or after retry_at_ms */
};

struct channel {
    char *name;
    uint16_t *name_utf16, *query_utf16; /* query NULL: all events */
    void *signal;                       /* event handle; set by Windows when there are new records */
    void *subscription;                 /* EVT_HANDLE, or NULL: closed */
    void *bookmark;                     /* EVT_HANDLE: behind the last event handed over; NULL: none yet */
    bool is_pending;                    /* there may be records: pull */
    bool has_new_bookmark;              /* bookmark has moved since the last checkpoint */
    bool has_new_match;                 /* the sink took an event since the last checkpoint: keep it at once */
    unsigned batch;                     /* handles to ask for */
    unsigned failures;                  /* in a row */
    uint64_t retry_at_ms;               /* when to open again */
    long last_report;                   /* code of the last trouble reported, so that it is said once */
    uint64_t not_before;                /* older events are left out (lookback); 0: none are */
    const struct eventlog_settings *set;
    struct eventlog_render *render; /* shared by all channels of the thread */
    struct event_xml *xml;
};

/* Fills ch (all zero before). Returns 0, -ENOMEM, or -EIO with fault. */
int channel_init(struct channel *ch, const struct eventlog_channel *from, const struct eventlog_settings *set,
                 struct eventlog_render *render, struct fault *fault);

/* Releases all of it; a channel of zeroes is allowed. */
void channel_clear(struct channel *ch);

/* Subscribes behind the bookmark, or as the lookback says; what fails is reported and sets retry_at_ms. */
void channel_try_open(struct channel *ch, uint64_t now_ms);

/* Reads one batch and hands its matches to the sink. */
enum channel_pull channel_pull(struct channel *ch, uint64_t now_ms);

/* Gives the sink the bookmark. Returns 0 or what the sink returned; then call again. */
int channel_checkpoint(struct channel *ch);

#endif
