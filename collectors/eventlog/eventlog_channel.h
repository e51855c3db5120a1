/*
 * eventlog_channel: one channel of the Windows Event Log: its subscription, its bookmark and what has been read since
 * the last checkpoint. Belongs to the thread of eventlog_run. In eventlog_channel_win.c (reading), eventlog_open_win.c
 * (opening, and what happens when that or reading fails) and eventlog_check_win.c (figures, losses, settings).
 */
#ifndef COLLECTORS_EVENTLOG_EVENTLOG_CHANNEL_H
#define COLLECTORS_EVENTLOG_EVENTLOG_CHANNEL_H

#include "collectors/event_xml/event_xml.h"
#include "collectors/eventlog/eventlog.h"
#include "collectors/eventlog/eventlog_backlog.h"
#include "collectors/eventlog/eventlog_figures.h"
#include "collectors/eventlog/eventlog_gap.h"
#include "collectors/eventlog/eventlog_info.h"
#include "collectors/eventlog/eventlog_origin.h"
#include "collectors/eventlog/eventlog_render.h"

/* Handles of one EvtNext. A batch of 100 full records can exceed the 2 MB that one call may bring (error 1734). */
#define EVENTLOG_BATCH 100u

enum channel_pull {
    CHANNEL_MORE,    /* a batch was read; there may be more */
    CHANNEL_DRAINED, /* nothing now: wait for the signal */
    CHANNEL_CLOSED   /* reading failed; channel_try_open at or after retry_at_ms */
};

struct channel {
    char *name;
    uint16_t *name_utf16, *query_utf16; /* query NULL: all events */
    bool is_unfiltered;                 /* every record comes: their ids in the log follow each other */
    void *signal;                       /* event handle; set by Windows when there are new records */
    void *subscription;                 /* EVT_HANDLE, or NULL: closed */
    void *bookmark;                     /* EVT_HANDLE: after the last event handed over; NULL: none yet */
    void *scratch;                      /* EVT_HANDLE: a bookmark to ask for an event's record id */
    uint64_t record;                    /* of bookmark; 0: none yet */
    uint64_t read;                      /* every record up to this one has been looked at; at least record */
    uint64_t lookback_from;             /* where there is no bookmark, older events are not wanted; 0: all are */
    uint64_t not_before;                /* older events are left out: lookback_from until the log was read to its end */

    bool was_read;         /* before: "from now on" would leave records out */
    bool is_pending;       /* there may be records: pull */
    bool is_mark_said;     /* the sink knows that the bookmark can't be rendered */
    bool is_open_said;     /* the sink knows that it is being read */
    bool has_new_mark;     /* bookmark or read has moved since the last checkpoint */
    bool has_new_match;    /* the sink took an event since the last checkpoint: keep it at once */
    unsigned batch;        /* handles to ask for */
    unsigned good_batches; /* in a row */
    unsigned too_large;    /* single events in a row that no call could bring */
    unsigned failures;     /* in a row */
    uint64_t opened_at_ms;
    uint64_t retry_at_ms; /* when to open again */
    long last_report;     /* code of the last trouble reported, so that it is said once */

    uint64_t look_at_ms, settings_at_ms; /* when to look at the log, at the settings, again */
    uint64_t drained_at_ms;              /* when nothing was left, last */
    uint64_t sample_ms, sample_newest;   /* the newest record at a moment; 0: none. Drained since: it was looked at */
    uint64_t rate_ms, rate_records;      /* of the last look */
    bool is_restart;                     /* opened at the oldest record of a log that seems to have begun anew */
    bool has_settings, is_wrap_said;
    bool is_unaccounted;       /* the log could not be asked at the opening what it had lost: */
    uint64_t unaccounted_read; /* read at that moment, */
    uint64_t first_since;      /* and the first record that came since; 0: none yet */
    struct eventlog_channel_info settings;
    struct eventlog_gap gap;          /* if is_unfiltered */
    struct eventlog_origins *origins; /* of forwarded events; NULL: none have come */
    struct eventlog_backlog lag;
    struct eventlog_figures figures;

    const struct eventlog_settings *set;
    struct eventlog_render *render; /* shared by all channels of the thread */
    struct event_xml *xml;
    struct collector_sink xml_sink; /* its sink: this channel */
    struct fault xml_fault;         /* what it said of the event last fed */
    bool is_xml_bad;
};

/* Fills ch (all zero before). Returns 0, -ENOMEM, or -EIO with fault. */
int channel_init(struct channel *ch, const struct eventlog_channel *from, const struct eventlog_settings *set,
                 struct eventlog_render *render, struct fault *fault);

/* Releases all of it; a channel of zeroes is allowed. */
void channel_clear(struct channel *ch);

/* Subscribes after the bookmark, or as the lookback says; what fails is reported and sets retry_at_ms. */
void channel_try_open(struct channel *ch, uint64_t now_ms);

/* In a log that seemed to have begun anew: has it? To be asked once it holds records; does nothing otherwise. */
void channel_settle_restart(struct channel *ch);

/* What channel_try_open could not ask: was anything lost before it? log: as it is now. */
void channel_account_late(struct channel *ch, const struct eventlog_log_info *log);

/* Takes up the bookmark kept from before; one that can't be used is reported, and reading starts at the oldest record.
 * Returns 0 or -ENOMEM. */
int channel_load_mark(struct channel *ch, struct text kept);

/* Closes the subscription for good or until it is opened again. */
void channel_close(struct channel *ch);

/* Reading failed: closes, reports it if it is news, and sets retry_at_ms. */
void channel_fail(struct channel *ch, const struct fault *fault, uint64_t now_ms);

/* Reads one batch and hands its matches to the sink. */
enum channel_pull channel_pull(struct channel *ch, uint64_t now_ms);

/* Gives the sink the bookmark. Returns 0 or what the sink returned; then call again. */
int channel_checkpoint(struct channel *ch);

/* Looks at the log and at the channel's settings when it is time. is_waiting: the sink has no room. */
void channel_watch(struct channel *ch, bool is_waiting, uint64_t now_ms);

/* Tells the sink; fault may be NULL, words too. */
void channel_report(struct channel *ch, enum collector_report_kind kind, const struct fault *fault, const char *words);

/* Records range are gone: tells the sink and counts. words: NULL, or of which origin. */
void channel_report_gap(struct channel *ch, struct eventlog_range range, const char *words);

#endif
