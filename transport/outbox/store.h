/*
 * store: outbox and bookmarks in one SQLite file (WAL, synchronous=FULL), so that an alert and the place reached in the
 * log are kept in one transaction. Every function may be called from any thread; the store locks.
 */
#ifndef TRANSPORT_OUTBOX_STORE_H
#define TRANSPORT_OUTBOX_STORE_H

#include "detect/base/fault.h"
#include "detect/base/text.h"
#include "transport/document/alert_id.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most outputs of one store. */
#define STORE_MAX_OUTPUTS 16

/* Most alerts in the dead-letter table; beyond it, or beyond max_bytes of their documents, the oldest go. Each was
 * reported when it was refused; those that go are counted. */
#define STORE_MAX_DEAD 10000

/* An output that took nothing for so long is away: while another one is not, it may not fill the outbox. */
#define STORE_AWAY_S 600

/* Ids of alerts that every output is done with are remembered, so that a log read again sends nothing again. Oldest go
 * first beyond this many (about 100 bytes each); the central collector removes later repeats by the same id. */
#define STORE_MAX_REMEMBERED 100000

/* While the disk has no room, so many alerts, and so many bytes of them, wait in memory alone and are handed to outputs
 * like all others; bookmarks stay where they are in the file, so that a log is read again from there should the process
 * end. Beyond, nothing is kept (-ENOSPC), and reading waits. */
#define STORE_MAX_AFLOAT 1000
#define STORE_MAX_AFLOAT_BYTES (16u * 1024u * 1024u)

struct store;

/* What became of a damaged file. Numbers of what was read from it and kept in the new one. */
struct store_rescue {
    const char *moved_to; /* where the damaged file is now; nobody deletes it */
    uint64_t alerts, dead, bookmarks;
    uint64_t copies; /* bookmarks that could not be read there and come from the copy (at most STORE_COPY_S older) */
    uint64_t unreadable;       /* alerts that could be seen to be there, but not read; each table may have had more */
    const struct fault *fault; /* how the damage showed */
};

/* Bookmarks are copied into a second small file, PATH.bookmarks, at most this often, and when the store is closed. */
#define STORE_COPY_S 60

struct store_settings {
    const char *path;           /* of the database file, UTF-8; its directory exists and protects it */
    const char *const *outputs; /* names of the outputs that each alert goes to; copied */
    size_t output_count;        /* 1..STORE_MAX_OUTPUTS */
    uint64_t max_alerts;        /* 1 or more: most alerts that wait; beyond: -ENOSPC */
    uint64_t max_bytes;         /* 1 or more: most bytes of waiting documents; beyond: -ENOSPC */
    uint64_t max_age_s;         /* store_expire() takes alerts that wait for longer; 0: none */
    int64_t (*now_s)(void);     /* seconds since 1970, for tests; NULL: the system's clock */
    void *context;              /* of rescued and overflowed */
    /* The file was damaged and has been replaced; may be NULL. Called under the store's lock: it may not use the store.
     */
    void (*rescued)(void *context, const struct store_rescue *rescue);
    /* The outbox was full, and count of the oldest alerts that waited for output, which is away, became dead letters;
     * may be NULL. Called as rescued. */
    void (*overflowed)(void *context, const char *output, uint64_t count);
};

struct store_alert {
    const char *id;       /* as alert_id makes it */
    const char *document; /* JSON; copied */
    size_t size;          /* of document, bytes */
};

/* Kinds of event that a process can be told of by, each from a log and live. */
#define STORE_SOURCES 8

/* Subjects kept; the oldest go first. */
#define STORE_MAX_SUBJECTS 8192

/* The process that an alert is about, and who told of it: agent/run/witness.h gives all of it its meaning. */
struct store_subject {
    char alert[ALERT_ID_SIZE], key[ALERT_ID_SIZE];
    uint64_t created, until;
    uint64_t witness[STORE_SOURCES];
};

/* One alert of the outbox. */
struct store_item {
    int64_t number; /* place in the outbox: later alerts have greater numbers */
    char id[ALERT_ID_SIZE];
    char *document; /* NUL-terminated */
    size_t size;
};

struct store_counts {
    uint64_t waiting;   /* alerts that at least one output has not had yet */
    uint64_t bytes;     /* of their documents */
    uint64_t dead;      /* in the dead-letter table */
    uint64_t dropped;   /* dead letters that were too many or too large together, since the store was opened */
    unsigned percent;   /* of the limits: the fuller of the two, 0 to 100 and, for a single large batch, more */
    bool is_disk_full;  /* what comes now waits in memory alone */
    uint64_t in_memory; /* of waiting */
};

/* One dead letter. */
struct store_dead {
    int64_t number; /* its name in this store; later ones have greater numbers */
    char id[ALERT_ID_SIZE];
    char *output;   /* that refused it */
    char *reason;   /* what the central collector answered; its beginning */
    char *at;       /* when, "2026-11-24T12:00:00.000Z" */
    char *document; /* NUL-terminated */
    size_t size;
};

/*
 * Opens the file, making it when it is not there; only one process can have it open. An alert kept under other output
 * names stays for those that are still there; when none of them is and none has had it, it waits for all that there are
 * now, so that a renamed output loses nothing. Otherwise a new output gets only what comes from now on.
 * A damaged file, now or later, is moved aside (PATH.damaged-SECONDS since 1970), what can be read of it is kept in a
 * new one, and settings->rescued is called. Returns 0; -EINVAL; -ENOMEM; -EPROTO (another program's database, or of a
 * newer version: the file is left as it is); -EBUSY (another process has it open); -EBADMSG (damaged, and can't be
 * moved); -EIO and others with fault.
 * A disk that is full is no failure: a store that is there can be read and emptied, and in place of one that can't be
 * made all waits in memory, until it can.
 */
int store_open(struct store **out, const struct store_settings *settings, struct fault *fault);

/*
 * The outputs and limits of an open store become those of settings (path is not looked at), as store_open() does it.
 * No store_next() may run. Returns 0, or as store_open() with everything as before.
 */
int store_adapt(struct store *store, const struct store_settings *settings, struct fault *fault);

/* Closes it; all is on disk. NULL is allowed. */
void store_close(struct store *store);

/*
 * Keeps alerts[0..count-1] (count may be 0) and, unless source is NULL, the bookmark of source, in one transaction that
 * is on disk when the call returns. An alert whose id is known (waiting, delivered or dead) is left out: *added, which
 * may be NULL, counts the others. An empty outbox takes one call's alerts whatever the limits: a batch that is larger
 * than they are must not stop the reading of a log for ever.
 * Where the outbox is full, the oldest alerts of outputs that are away become their dead letters, as long as another is
 * not: store_overflow.c. Where the disk is full, all of it is kept in memory (STORE_MAX_AFLOAT) until there is room.
 * Returns 0; -ENOSPC: the outbox is full, or the disk and the room in memory are; another negative errno value; nothing
 * was kept then.
 */
int store_keep(struct store *store, const struct store_alert *alerts, size_t count, const char *source,
               const char *bookmark, size_t *added, struct fault *fault);

/* As store_keep(), and in the same transaction subjects[0..subject_count-1], each instead of the one of its alert. */
int store_keep_told(struct store *store, const struct store_alert *alerts, size_t count,
                    const struct store_subject *subjects, size_t subject_count, const char *source,
                    const char *bookmark, size_t *added, struct fault *fault);

/* Calls each for every subject, oldest first, under the store's lock. Returns 0, or the first negative value that each
 * returned or that reading failed with. */
int store_subjects(struct store *store, int (*each)(void *context, const struct store_subject *subject), void *context,
                   struct fault *fault);

/* *out: the bookmark of source, which the caller frees, or NULL if there is none. Returns 0 or a negative errno value.
 */
int store_bookmark(struct store *store, const char *source, char **out, struct fault *fault);

/*
 * The oldest alerts that wait for output: at most max_count (1 or more) and, from the second on, max_bytes in all.
 * Waits up to timeout_ms until there is one; returns 0 with *count == 0 when there is none by then or it was woken
 * (store_wake(), store_wake_output()). *items: freed by store_items_free(). Negative errno value: with fault.
 */
int store_next(struct store *store, const char *output, size_t max_count, size_t max_bytes, unsigned timeout_ms,
               struct store_item **items, size_t *count, struct fault *fault);

/* The newest alert that waits for output; *count is 0 when none does. As store_next(), without waiting. */
int store_newest(struct store *store, const char *output, struct store_item **items, size_t *count,
                 struct fault *fault);

void store_items_free(struct store_item *items, size_t count);

/* The central collector has taken items[0..count-1] of output. Returns 0 or a negative errno value. */
int store_delivered(struct store *store, const char *output, const struct store_item *items, size_t count,
                    struct fault *fault);

/* The central collector refuses item for good: it goes to the dead-letter table with the reason (copied). */
int store_refused(struct store *store, const char *output, const struct store_item *item, const char *reason,
                  struct fault *fault);

/*
 * What has waited for output for longer than max_age_s goes to the dead-letter table. *count: how many. Returns 0 or a
 * negative errno value with fault; some may have gone even then.
 */
int store_expire(struct store *store, const char *output, size_t *count, struct fault *fault);

/* The dead letters with numbers greater than after, oldest first, at most max_count (1 or more); freed by
 * store_dead_free(). Returns 0 or a negative errno value with fault. */
int store_dead_list(struct store *store, int64_t after, size_t max_count, struct store_dead **list, size_t *count,
                    struct fault *fault);

void store_dead_free(struct store_dead *list, size_t count);

/* The dead letter waits again for the output that refused it, after all that waits already. Returns 0; -ENOENT: there
 * is none of that number; -ENODEV: the store was not opened for its output; another negative errno value with fault. */
int store_dead_retry(struct store *store, int64_t number, struct fault *fault);

/* The dead letter is forgotten; its id stays remembered. Returns 0; -ENOENT; another negative errno value. */
int store_dead_drop(struct store *store, int64_t number, struct fault *fault);

int store_counts(struct store *store, struct store_counts *counts, struct fault *fault);

/* How many alerts wait for output. Returns 0 or a negative errno value. */
int store_waiting(struct store *store, const char *output, uint64_t *waiting, struct fault *fault);

/* Makes every store_next() return with nothing and without waiting, now and in future: the program ends. */
void store_wake(struct store *store);

/* Makes the store_next() of output that waits, or else its next one, return with nothing: its sender ends. */
void store_wake_output(struct store *store, const char *output);

/* A value that stays with the store: *out is the one kept under name, or value when there was none (it is then kept).
 * The caller frees it. Used for the agent's id. */
int store_value(struct store *store, const char *name, const char *value, char **out, struct fault *fault);

#endif
