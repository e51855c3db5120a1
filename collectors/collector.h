/*
 * collector: the shape that all collectors have. A collector reads events somewhere and hands them to a sink; it knows
 * neither who takes them nor what becomes of them.
 *
 * All calls to a sink come on the collector's own thread. Events and texts are borrowed: valid until the call returns.
 */
#ifndef COLLECTORS_COLLECTOR_H
#define COLLECTORS_COLLECTOR_H

#include "detect/base/fault.h"
#include "detect/event/event.h"
#include <stdint.h>

enum collector_report_kind {
    COLLECTOR_OPENED,       /* reads source now */
    COLLECTOR_ABSENT,       /* source is not there; will be tried again */
    COLLECTOR_DENIED,       /* no right to read source; will be tried again */
    COLLECTOR_BROKEN,       /* reading source failed; will be opened again */
    COLLECTOR_BAD_EVENT,    /* one event could not be read; it was left out, the rest goes on */
    COLLECTOR_VALUES_ONLY,  /* one event's XML could not be read: it was handed over as its values have it */
    COLLECTOR_GAP,          /* events of source are gone before they were read: record ids first..last */
    COLLECTOR_RESUMED,      /* a bookmark could not be used: reading starts as the detail says */
    COLLECTOR_BAD_MARK,     /* the place reached can't be told: that of before stays, nothing is lost */
    COLLECTOR_SMALLER,      /* more was read at once than Windows can bring: less is asked for now; nothing is lost */
    COLLECTOR_CLEARED,      /* a log was cleared: record offset says so, detail names the log */
    COLLECTOR_DISABLED,     /* source is disabled: nothing is written into it */
    COLLECTOR_ENABLED,      /* source is enabled again */
    COLLECTOR_SHRUNK,       /* source's log was made smaller: from first to last bytes */
    COLLECTOR_RESTARTED,    /* record ids went down from first to last: a log began anew, or is read again */
    COLLECTOR_WRAPPING,     /* source's log will overwrite what was not read within last hours */
    COLLECTOR_LOST,         /* ETW: events were lost, as the detail says; first: how many, 0 where unknown */
    COLLECTOR_STOPPED,      /* ETW: somebody else stopped our session; it will be started again */
    COLLECTOR_SWITCHED_OFF, /* ETW: somebody switched off what our session had enabled; it is enabled again */
    COLLECTOR_NO_SLOT,      /* ETW: no session is free; will be tried again */
    COLLECTOR_FOREIGN       /* ETW: a session of our name is somebody else's; will be tried again */
};

struct collector_report {
    enum collector_report_kind kind;
    struct text source; /* channel or file */
    uint64_t offset; /* BAD_EVENT: byte offset of the event in a file, or the place of its record in a log; RESTARTED:
                      * reports left out since the last */
    uint64_t first, last;      /* GAP: record ids that are missing, both included; others: see the kind */
    struct text detail;        /* more words, or absent */
    const struct fault *fault; /* NULL, or what failed */
};

/* The place reached in a source. */
struct collector_bookmark {
    struct text text; /* only the collector understands it */
    bool has_record;  /* is record known? */
    uint64_t record;  /* the source's own number of the last event handed over */
};

struct collector_sink {
    void *context;
    /*
     * Is an event wanted at all? Asked before anything of it but its kind, id, provider and channel is known. NULL:
     * the creations of processes are.
     */
    bool (*wants)(void *context, const struct event *event);
    /*
     * One event that is wanted; the sink decides whether a rule matches. Returns 0, or -ENOMEM: the event was not
     * taken; the collector goes back to the last event that was and reads it again later. Taking one twice is harmless.
     */
    int (*event)(void *context, const struct event *event);
    /*
     * All events of source up to bookmark have been handed over: keep what came of them, and the bookmark, in one step.
     * Returns 0: kept, on disk. -ENOSPC (no room now) or another negative errno value: nothing was kept; the collector
     * reads no further and calls again until it is. bookmark NULL: there is none to keep (ETW; or it can't be had, and
     * that of before stays). checkpoint NULL for collectors without bookmarks (files).
     */
    int (*checkpoint)(void *context, struct text source, const struct collector_bookmark *bookmark);
    /* Something that an operator should know. */
    void (*report)(void *context, const struct collector_report *report);
    /*
     * The collector still goes its rounds: called once a round, at least every 10 s while nothing is waited for, on its
     * thread. may_hold: the sink may hold it for up to a second, so that reading takes less of the machine; false:
     * events would be lost meanwhile (a log that wraps soon, an ETW session). A round of a file is a block or a record
     * of it. NULL: not wanted. Returns 0; a negative errno value ends the reading of a file, the others don't look at
     * it.
     */
    int (*alive)(void *context, bool may_hold);
};

/* Is event wanted? */
static inline bool collector_wants(const struct collector_sink *sink, const struct event *event)
{
    return sink->wants == NULL ? event_kind_is_process(event->kind) : sink->wants(sink->context, event);
}

/* Calls alive if it is wanted; else 0. */
static inline int collector_alive(const struct collector_sink *sink, bool may_hold)
{
    return sink->alive == NULL ? 0 : sink->alive(sink->context, may_hold);
}

#endif
