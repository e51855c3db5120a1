/* store_internal: what store.c (opening, reading, waiting), store_write.c (each change of the outbox), store_dead.c
 * (dead letters), store_overflow.c (a full outbox), store_rescue.c (a damaged file) and store_copy.c (copies of
 * bookmarks) share. */
#ifndef TRANSPORT_OUTBOX_STORE_INTERNAL_H
#define TRANSPORT_OUTBOX_STORE_INTERNAL_H

#include "detect/base/condition.h"
#include "transport/outbox/store.h"
#include "transport/outbox/store_sql.h"

#include <pthread.h>

struct store_output {
    char *name;
    int64_t id;
    bool woken;      /* its next store_next() returns with nothing */
    int64_t taken_s; /* when it last took or refused an alert, or it was opened */
};

/* What the limits are compared with. */
struct store_totals {
    uint64_t waiting, bytes, dead, dead_bytes;
    uint64_t dropped; /* dead letters that had to go since the store was opened */
};

/* An alert that the disk had no room for. */
struct store_afloat_alert {
    char id[ALERT_ID_SIZE];
    char *document; /* NUL-terminated */
    size_t size;
    int64_t number, kept_s;
    uint64_t waits, all; /* outputs that have not had it, and those that it was for: bits by their places */
    uint64_t held;       /* that refused it: they are asked again once it is in the file, and it can be a dead letter */
    bool has_subject;
    struct store_subject subject;
};

struct store_afloat_mark {
    char *source, *bookmark;
};

struct store_afloat {
    bool is_disk_full; /* since something was kept here; the list may be empty again */
    struct store_afloat_alert *list;
    size_t count, bytes;
    struct store_afloat_mark *marks; /* newer than those of the file */
    size_t mark_count;
    int64_t last; /* number given last: above those of the file */
};

/* Items for a store_next(). */
struct store_list {
    struct store_item *items;
    size_t count, room, bytes;
};

/* What store_keep_told() was told of processes. */
struct store_told {
    const struct store_subject *subjects;
    size_t count;
};

struct store {
    pthread_mutex_t mutex; /* guards all below */
    struct condition arrived;
    struct store_sql sql;
    struct store_output outputs[STORE_MAX_OUTPUTS];
    size_t output_count;
    struct store_settings set; /* path is our copy; outputs is not used after opening */
    char *path;
    char *damaged;              /* where a damaged file was moved to that has not been read yet; mostly NULL */
    struct store_totals totals; /* of what is on disk */
    struct store_afloat afloat;
    bool is_in_memory;        /* there is no file yet, for want of room: sql is a stand-in */
    int64_t tried_s;          /* when it was last tried to make it, or to write there again */
    char *value_name, *value; /* is_in_memory: what is to go into the file first; or NULL */
    int64_t copied_s;         /* when bookmarks were last copied */
    bool ending;
};

/* All of these: under the lock. */

/* 1: the alert of this id is waiting, delivered or dead, in the file; 0: it is not known; or a negative errno value. */
int store_knows(struct store *store, const char *id, struct fault *fault);

/* A new last item of list, zeroed; NULL: no memory. */
struct store_item *store_list_add(struct store_list *list);

/* Alerts in memory, store_afloat.c. keep: as store_keep_told(), without the file. sink: all of it goes into the file;
 * -ENOSPC: it still can't. retry: sinks where the last try is STORE_TRY_S ago, or is_last. next: adds what waits for
 * output to list. delivered, refused: false: it is none of these. bookmark: NULL: the file's is the newest. adapt:
 * store->outputs were before[0..before_count-1]. */
void store_afloat_free(struct store_afloat *afloat);
bool store_afloat_knows(struct store *store, const char *id);
int store_afloat_keep(struct store *store, const struct store_alert *alerts, size_t count,
                      const struct store_told *told, const char *source, const char *bookmark, size_t *added,
                      struct fault *fault);
int store_afloat_sink(struct store *store, struct fault *fault);
void store_afloat_retry(struct store *store, bool is_last);
int store_afloat_next(struct store *store, const struct store_output *output, size_t max_count, size_t max_bytes,
                      struct store_list *list);
bool store_afloat_delivered(struct store *store, const struct store_output *output, const char *id);
bool store_afloat_refused(struct store *store, const struct store_output *output, const char *id);
uint64_t store_afloat_waiting(const struct store *store, const struct store_output *output);
const char *store_afloat_bookmark(const struct store *store, const char *source);
void store_afloat_adapt(struct store *store, const struct store_output *before, size_t before_count);

/* A stand-in for the file, which there is no room for. Returns 0 or a negative errno value. */
int store_begin_in_memory(struct store *store, const char *const *names, size_t count, struct fault *fault);

/* The file, if there was no room for it before; at most each STORE_TRY_S. */
#define STORE_TRY_S 5
void store_try_file(struct store *store);

/* The output of that name; NULL, with fault: there is none. */
struct store_output *store_find_output(struct store *store, const char *name, struct fault *fault);

/* As store_sql_step(). */
int store_run(struct store *store, enum store_statement which, struct fault *fault);

/* Ends a transaction: commits and takes over totals when rc is 0, else rolls back. Returns rc or the commit's failure.
 */
int store_finish(struct store *store, int rc, const struct store_totals *totals, struct fault *fault);

/* Seconds since 1970, by the settings' clock. */
int64_t store_now_s(const struct store *store);

/* A copy, NUL-terminated, of column of the row that which stands on. Returns 0 or -ENOMEM. */
int store_copy_column(char **out, size_t *size, struct store *store, enum store_statement which, int column);

/* Opens the file, which is sound, and makes its outputs those of names. */
int store_begin(struct store *store, const char *const *names, size_t count, struct fault *fault);

/* Output is done with the alert of this id. */
int store_settle(struct store *store, const struct store_output *output, const char *id, struct store_totals *totals,
                 struct fault *fault);

/* The output has taken or refused alerts just now. */
void store_is_at_work(struct store *store, const char *output_name);

/* Some of the oldest alerts that wait for output, were kept before before_s (seconds since 1970) and have a number
 * below bound become its dead letters. *count: how many; 0: there is none (left). */
int store_bury_oldest(struct store *store, const char *output_name, int64_t before_s, int64_t bound, const char *reason,
                      size_t *count, struct fault *fault);

/* The limits leave no room for alerts[0..count-1]: makes some, where outputs that are away may give way. Returns 1:
 * some was made; 0: none can be; or a negative errno value. */
int store_make_room(struct store *store, const struct store_alert *alerts, size_t count, struct fault *fault);

/* Ids beyond STORE_MAX_REMEMBERED are forgotten. */
int store_forget_oldest(struct store *store, struct fault *fault);

/* The file of store->path is damaged, as fault says: moves it aside, begins a new one for the outputs named, keeps what
 * can be read, tells. Returns 0 or a negative errno value with fault: then there is no open file until another try. */
int store_rescue(struct store *store, const char *const *names, size_t count, struct fault *fault);

/* The same for an open store, when rc says that its file is damaged or an earlier rescue failed: -EAGAIN, do again what
 * failed. Else rc. */
int store_heal(struct store *store, int rc, struct fault *fault);

/* Copies all bookmarks into the second file, if STORE_COPY_S has passed or is_due. A failure is none: the copy stays as
 * old as it is. */
void store_copy_bookmarks(struct store *store, bool is_due);

/* Bookmarks that the store does not have, from the second file; counts them. */
uint64_t store_take_copies(struct store *store);

/* Renames a file (store_file_posix.c, store_file_win.c). Returns 0 or a negative errno value. */
int store_file_move(const char *from, const char *to);

/* Keeps or replaces the subject of its alert, within a transaction (store_subject.c). */
int store_subject_set(struct store *store, const struct store_subject *subject, struct fault *fault);

#endif
