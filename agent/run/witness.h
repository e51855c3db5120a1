/*
 * witness: one process, one story. The same creation may be told by 4688, by Sysmon and by ETW; the first to tell it
 * makes the alert, at once, and what the others add becomes a follow-up document that names the alert's id. So does
 * what the process starts (the corrected reading of branch 3: docs/rule-semantics.md, quirks Q8 and Q17).
 *
 * Each rule has a story of its own: what one rule found in a process never adds to the alert of another. A process is
 * known by its host, pid, command line and creation time (within WITNESS_SLACK). An alert is never risked
 * for this: as long as the first witness's is not on disk another collector's event waits for that, and becomes an
 * alert of its own when it is not there in time. Any thread.
 */
#ifndef AGENT_RUN_WITNESS_H
#define AGENT_RUN_WITNESS_H

#include "agent/log/log.h"
#include "detect/alert/alert.h"
#include "transport/outbox/store.h"

/* Logs give the time of the record, which is a little after the process's own, 100 ns. */
#define WITNESS_SLACK (2u * 10000000ull)

/* Processes remembered, also over a restart; beyond, the oldest goes (a late witness of it is an alert of its own). */
#define WITNESS_MAX 8192u

/* How long an event waits for another collector's alert to be on disk, ms. */
#define WITNESS_WAIT_MS 1000u

/* A source that works and has told of processes before is missed when it has not told of one after this long, s. */
#define WITNESS_OVERDUE_S 30u

struct witness;

/* What an event is in the story of its process. */
struct witness_verdict {
    const char *action;        /* NULL: the alert itself; "witness-added", "child-started": a follow-up. Static */
    char alert[ALERT_ID_SIZE]; /* the alert it belongs to */
};

/* Reads what the store remembers. store and log outlive it. Returns 0, -ENOMEM, or as store_subjects(). */
int witness_new(struct witness **out, struct store *store, struct log *log, struct fault *fault);

/* NULL is allowed. */
void witness_free(struct witness *w);

/*
 * Which part has alert's event (of id event_id)? owner: the pipeline that asks. The same event always gets the same
 * answer. Returns 0 or -EIO (OpenSSL).
 */
int witness_see(struct witness *w, const void *owner, const struct alert *alert, const char *event_id,
                struct witness_verdict *out);

/* What is to be kept, with the documents of its events, of the process that alert_id is about. False: nothing. */
bool witness_subject(struct witness *w, const char *alert_id, struct store_subject *out);

/* alert_id is on disk. */
void witness_kept(struct witness *w, const char *alert_id);

/* Owner ends: what it has not kept has not happened; its events will be read again. */
void witness_forget(struct witness *w, const void *owner);

/* A source (the name in reports) is read, or can't be: only one that is read can be missed. */
void witness_source(struct witness *w, struct text source, bool is_open);

#endif
