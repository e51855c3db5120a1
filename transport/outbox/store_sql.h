/*
 * store_sql: the store's SQLite file: its format, its statements, its errors. Used by store*.c alone, under its lock.
 *
 * Format 2: PRAGMA application_id 0x54524C4E ("TRLN"), PRAGMA user_version 2, the tables in store_sql.c. Format 1,
 * which did not know when an alert was kept, is converted. A greater number there is never opened, so nothing of it is
 * lost.
 */
#ifndef TRANSPORT_OUTBOX_STORE_SQL_H
#define TRANSPORT_OUTBOX_STORE_SQL_H

#include "detect/base/fault.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum store_statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_OUTPUT_ADD,      /* name */
    SQL_OUTPUT_ID,       /* name -> id */
    SQL_OUTPUT_LIST,     /* -> id, name */
    SQL_OUTPUT_REMOVE,   /* id; the deliveries go with it */
    SQL_ORPHANS_ADOPT,   /* alerts that no output waits for and none has had get all outputs */
    SQL_ORPHANS_DONE,    /* those that one has had: their ids are done */
    SQL_ORPHANS_REMOVE,  /* and they go */
    SQL_KNOWN,           /* alert id -> 1 */
    SQL_ALERT_ADD,       /* id, document, time kept */
    SQL_ALERT_NUMBER,    /* id -> number */
    SQL_DELIVERIES_ADD,  /* number: for all outputs */
    SQL_DELIVERY_ADD,    /* output, number */
    SQL_OLDEST,          /* output, time, bound, limit -> number, id, document of those kept before time, below bound */
    SQL_OLDEST_WAITING,  /* output -> number */
    SQL_NEXT,            /* output, limit -> number, id, document */
    SQL_NEWEST,          /* the same, newest first */
    SQL_DELIVERY_REMOVE, /* output, number */
    SQL_STILL_WAITING,   /* number -> 1 */
    SQL_ALERT_TAKEN,     /* number: an output has had it */
    SQL_ALERT_SIZE,      /* number -> size, id */
    SQL_ALERT_REMOVE,    /* number */
    SQL_DONE_ADD,        /* id */
    SQL_DONE_FORGET,     /* how many to keep */
    SQL_DEAD_ADD,        /* output, id, document, reason */
    SQL_DEAD_OLDEST,     /* -> number, size */
    SQL_DEAD_REMOVE,     /* number */
    SQL_DEAD_LIST,       /* after number, limit -> number, id, output, reason, at, document */
    SQL_DEAD_GET,        /* number -> output, id, document */
    SQL_COUNT_ALERTS,    /* -> count, bytes */
    SQL_COUNT_DEAD,      /* -> count, bytes */
    SQL_COUNT_WAITING,   /* output -> count */
    SQL_BOOKMARK_SET,    /* source, value */
    SQL_BOOKMARK_KEEP,   /* source, value; nothing when there is one */
    SQL_BOOKMARK,        /* source -> value */
    SQL_BOOKMARKS,       /* -> source, value */
    SQL_VALUE_ADD,       /* name, value; nothing when there is one */
    SQL_VALUE,           /* name -> value */
    SQL_SUBJECT_SET,     /* alert, key, created, until, witnesses */
    SQL_SUBJECT_FORGET,  /* how many to keep */
    SQL_SUBJECT_LIST,    /* -> alert, key, created, until, witnesses; oldest first */
    SQL_PAGES,           /* -> pages of the database, those in the write-ahead log included */
    SQL_FREE_PAGES,      /* -> how many of them are free */
    SQL_STATEMENT_COUNT
};

struct sqlite3;
struct sqlite3_stmt;

/* A path that is no file. */
#define STORE_SQL_IN_MEMORY ":memory:"

/* The write-ahead log has at least so much room on the disk from the first opening on, also while nothing is open:
 * enough for what takes alerts away between two checkpoints. */
#define STORE_SQL_LOG_ROOM (1024 * 1024)

struct store_sql {
    bool is_new; /* there was nothing in the file when it was opened */
    struct sqlite3 *db;
    struct sqlite3_stmt *statements[SQL_STATEMENT_COUNT];
    int bind_code; /* first failure of a store_sql_bind_... since the last step */
};

/* Returns 0, or as store_open(), -EBADMSG for a damaged file; store_sql_close() afterwards in both cases. sql: all
 * zero.
 */
int store_sql_open(struct store_sql *sql, const char *path, struct fault *fault);
void store_sql_close(struct store_sql *sql);

/* A file that somebody else put there gets nothing done by being opened: no trigger runs, no view is read, and its
 * schema calls no function that does more than compute (sqlite.org/security.html, section 1.2). */
void store_sql_harden(struct sqlite3 *db);

/* Values for the next step; borrowed until it is done. index: 1 and up. A failure is reported by that step. */
void store_sql_bind_number(struct store_sql *sql, enum store_statement which, int index, int64_t value);
void store_sql_bind_text(struct store_sql *sql, enum store_statement which, int index, const char *value);
void store_sql_bind_blob(struct store_sql *sql, enum store_statement which, int index, const void *value, size_t size);

/* Runs which: 1: there is a row, to be read and followed by another step or store_sql_reset(); 0: done; negative errno
 * value: -ENOSPC (disk full), -EBADMSG (damaged), -EBUSY (another process), -ENOMEM, -EROFS, -EIO. */
int store_sql_step(struct store_sql *sql, enum store_statement which, struct fault *fault);
void store_sql_reset(struct store_sql *sql, enum store_statement which);

/* Columns of the row, 0 and up. A text is valid until the next step or reset. */
int64_t store_sql_number(struct store_sql *sql, enum store_statement which, int column);
const char *store_sql_text(struct store_sql *sql, enum store_statement which, int column, size_t *size);

/* Rows that the last step changed, and the number of the row that it added. */
int64_t store_sql_changed(struct store_sql *sql);
int64_t store_sql_added(struct store_sql *sql);

/* Ends a transaction that failed; the failure stays what it was. */
void store_sql_rollback(struct store_sql *sql);

/*
 * Makes sure that the file has room for all that is in the write-ahead log and for size bytes more. Then a checkpoint
 * never fails for want of room, and alerts can be taken away even on a full disk. Returns 0 or as store_sql_step().
 */
int store_sql_reserve(struct store_sql *sql, size_t size, struct fault *fault);

/* Moves what is in the write-ahead log into the file, so that the log's room can be used again. */
void store_sql_checkpoint(struct store_sql *sql);

#endif
