/*
 * etw_session: one ETW session and the way to its events (etw_session_win.c, etw_rights_win.c). Belongs to etw_run's
 * thread, but for etw_session_process().
 */
#ifndef COLLECTORS_ETW_ETW_SESSION_H
#define COLLECTORS_ETW_ETW_SESSION_H

#include "collectors/etw/etw.h"

/* What a session has lost since it began (learn.microsoft.com: EVENT_TRACE_PROPERTIES). */
struct etw_lost {
    uint64_t events, log_buffers, real_time_buffers;
};

struct etw_session {
    const struct etw_settings *set;
    uint64_t session; /* of StartTraceW; 0: none, or not ours (ETW_SECURITY) */
    uint64_t trace;   /* of OpenTraceW; valid while is_open */
    bool is_open;
    struct etw_lost lost;
    bool tells_flags; /* Windows has told once that process events are enabled */
};

/* The name of a kind's source in reports. Static. */

struct _EVENT_RECORD; /* evntcons.h */

/*
 * Starts the session (one that we left behind is stopped before; one of somebody else is never touched) and opens it.
 * record: called by etw_session_process() with each event, whose UserContext is context. Returns 0, or -EIO with fault
 * and *kind: what to report.
 */
int etw_session_open(struct etw_session *s, void (*record)(struct _EVENT_RECORD *), void *context,
                     enum collector_report_kind *kind, struct fault *fault);

/* Delivers events on the calling thread until the session ends or is closed. Returns Windows' code: 0 when it ended. */
long etw_session_process(struct etw_session *s);

/* What was lost since the last call; false: it can't be asked now, or nothing is new. */
bool etw_session_lost(struct etw_session *s, struct etw_lost *since);

/*
 * Does Windows still give the session what it was opened for? 0: yes, or it can't be told. 1: no longer, and it was
 * enabled again. 2: no longer, and only a new session brings it back. fault tells what was found.
 */
int etw_session_check(struct etw_session *s, struct fault *fault);

/* Makes Windows deliver what is in its buffers. */
void etw_session_flush(struct etw_session *s);

/* Stops the session, where it is ours, and closes the way to it: etw_session_process() returns soon. */
void etw_session_close(struct etw_session *s);

/* Writes which right kind needs and this account has not: "this account lacks ...". */
void etw_rights_missing(char to[256], enum etw_kind kind);

#endif
