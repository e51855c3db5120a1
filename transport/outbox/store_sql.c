#include "transport/outbox/store_sql.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#define APPLICATION_ID 0x54524C4E
#define FORMAT_VERSION 2

/* The file grows by this many bytes at a time. */
#define CHUNK_SIZE (1024 * 1024)

/* SQLite's default since 3.12 (sqlite.org/pragma.html#pragma_page_size). */
#define PAGE_SIZE 4096

/* Pages besides those of the documents that a transaction may need. */
#define RESERVE_EXTRA 64

/* How long to wait for another process, such as the one that is just ending, ms. */
#define BUSY_TIMEOUT_MS 2000

/* alert: each document once; taken: an output is done with it; kept: when it came, seconds since 1970. delivery: one
 * row for each output that has not had it. done: ids of alerts that nobody waits for any more. dead: what an output
 * refused. */
static const char schema[] =
    "BEGIN IMMEDIATE;"
    "PRAGMA application_id = 0x54524C4E;"
    "PRAGMA user_version = 2;"
    "CREATE TABLE output(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE alert(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    " taken INTEGER NOT NULL DEFAULT 0, document BLOB NOT NULL, kept INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE delivery(output INTEGER NOT NULL REFERENCES output(id) ON DELETE CASCADE,"
    " alert INTEGER NOT NULL REFERENCES alert(number), PRIMARY KEY(output, alert)) WITHOUT ROWID;"
    "CREATE INDEX delivery_alert ON delivery(alert);"
    "CREATE TABLE done(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);"
    "CREATE TABLE dead(number INTEGER PRIMARY KEY AUTOINCREMENT, output TEXT NOT NULL, id TEXT NOT NULL,"
    " document BLOB NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL);"
    "CREATE INDEX dead_id ON dead(id);"
    "CREATE TABLE bookmark(source TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE value(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "COMMIT;";

/* How old an alert of format 1 is was never written down: its age begins now. */
static const char conversion[] = "BEGIN IMMEDIATE;"
                                 "ALTER TABLE alert ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;"
                                 "UPDATE alert SET kept = strftime('%s', 'now');"
                                 "PRAGMA user_version = 2;"
                                 "COMMIT;";

/*
 * EXCLUSIVE: a second agent on the same file would send everything twice and move our bookmarks; it also makes WAL do
 * without shared memory (sqlite.org/wal.html, section 8). journal_size_limit: the log's room after a rush is given
 * back.
 */
static const char before_reading[] = "PRAGMA locking_mode = EXCLUSIVE;"
                                     "PRAGMA cell_size_check = ON;"
                                     "PRAGMA foreign_keys = ON;"
                                     "PRAGMA temp_store = MEMORY;";
static const char before_writing[] = "PRAGMA synchronous = FULL;"
                                     "PRAGMA wal_autocheckpoint = 250;" /* pages: a log of 1 MB */
                                     "PRAGMA journal_size_limit = 4194304;";

/* Came later than format 1, whose other tables it leaves as they are: an older program passes over it. */
static const char additions[] =
    "CREATE TABLE IF NOT EXISTS subject(number INTEGER PRIMARY KEY AUTOINCREMENT, alert TEXT NOT NULL UNIQUE,"
    " key TEXT NOT NULL, created INTEGER NOT NULL, until INTEGER NOT NULL, witness BLOB NOT NULL);";

static const char *const texts[SQL_STATEMENT_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_OUTPUT_ADD] = "INSERT OR IGNORE INTO output(name) VALUES(?1)",
    [SQL_OUTPUT_ID] = "SELECT id FROM output WHERE name = ?1",
    [SQL_OUTPUT_LIST] = "SELECT id, name FROM output ORDER BY id",
    [SQL_OUTPUT_REMOVE] = "DELETE FROM output WHERE id = ?1",
    [SQL_ORPHANS_ADOPT] = ("INSERT INTO delivery(output, alert) SELECT output.id, alert.number FROM output, alert"
                           " WHERE alert.taken = 0 AND alert.number NOT IN (SELECT alert FROM delivery)"),
    [SQL_ORPHANS_DONE] = ("INSERT OR IGNORE INTO done(id) SELECT id FROM alert"
                          " WHERE taken = 1 AND number NOT IN (SELECT alert FROM delivery)"),
    [SQL_ORPHANS_REMOVE] = "DELETE FROM alert WHERE taken = 1 AND number NOT IN (SELECT alert FROM delivery)",
    [SQL_KNOWN] = ("SELECT 1 FROM alert WHERE id = ?1 UNION ALL SELECT 1 FROM done WHERE id = ?1"
                   " UNION ALL SELECT 1 FROM dead WHERE id = ?1 LIMIT 1"),
    [SQL_ALERT_ADD] = "INSERT INTO alert(id, document, kept) VALUES(?1, ?2, ?3)",
    [SQL_ALERT_NUMBER] = "SELECT number FROM alert WHERE id = ?1",
    [SQL_DELIVERIES_ADD] = "INSERT INTO delivery(output, alert) SELECT id, ?1 FROM output",
    [SQL_DELIVERY_ADD] = "INSERT OR IGNORE INTO delivery(output, alert) VALUES(?1, ?2)",
    [SQL_OLDEST] = ("SELECT alert.number, alert.id, alert.document FROM delivery"
                    " JOIN alert ON alert.number = delivery.alert WHERE delivery.output = ?1 AND alert.kept < ?2"
                    " AND delivery.alert < ?3 ORDER BY delivery.alert LIMIT ?4"),
    [SQL_OLDEST_WAITING] = "SELECT alert FROM delivery WHERE output = ?1 ORDER BY alert LIMIT 1",
    [SQL_NEXT] = ("SELECT alert.number, alert.id, alert.document FROM delivery"
                  " JOIN alert ON alert.number = delivery.alert"
                  " WHERE delivery.output = ?1 ORDER BY delivery.alert LIMIT ?2"),
    [SQL_NEWEST] = ("SELECT alert.number, alert.id, alert.document FROM delivery"
                    " JOIN alert ON alert.number = delivery.alert"
                    " WHERE delivery.output = ?1 ORDER BY delivery.alert DESC LIMIT ?2"),
    [SQL_DELIVERY_REMOVE] = "DELETE FROM delivery WHERE output = ?1 AND alert = ?2",
    [SQL_STILL_WAITING] = "SELECT 1 FROM delivery WHERE alert = ?1 LIMIT 1",
    [SQL_ALERT_TAKEN] = "UPDATE alert SET taken = 1 WHERE number = ?1 AND taken = 0",
    [SQL_ALERT_SIZE] = "SELECT length(document), id FROM alert WHERE number = ?1",
    [SQL_ALERT_REMOVE] = "DELETE FROM alert WHERE number = ?1",
    [SQL_DONE_ADD] = "INSERT OR IGNORE INTO done(id) VALUES(?1)",
    [SQL_DONE_FORGET] = "DELETE FROM done WHERE number <= (SELECT max(number) FROM done) - ?1",
    [SQL_DEAD_ADD] = ("INSERT INTO dead(output, id, document, reason, at)"
                      " VALUES(?1, ?2, ?3, ?4, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))"),
    [SQL_DEAD_OLDEST] = "SELECT number, length(document) FROM dead ORDER BY number LIMIT 1",
    [SQL_DEAD_REMOVE] = "DELETE FROM dead WHERE number = ?1",
    [SQL_DEAD_LIST] = ("SELECT number, id, output, reason, at, document FROM dead WHERE number > ?1"
                       " ORDER BY number LIMIT ?2"),
    [SQL_DEAD_GET] = "SELECT output, id, document FROM dead WHERE number = ?1",
    [SQL_COUNT_ALERTS] = "SELECT count(*), coalesce(sum(length(document)), 0) FROM alert",
    [SQL_COUNT_DEAD] = "SELECT count(*), coalesce(sum(length(document)), 0) FROM dead",
    [SQL_COUNT_WAITING] = "SELECT count(*) FROM delivery WHERE output = ?1",
    [SQL_BOOKMARK_SET] = ("INSERT INTO bookmark(source, value) VALUES(?1, ?2)"
                          " ON CONFLICT(source) DO UPDATE SET value = excluded.value"),
    [SQL_BOOKMARK_KEEP] = "INSERT OR IGNORE INTO bookmark(source, value) VALUES(?1, ?2)",
    [SQL_BOOKMARKS] = "SELECT source, value FROM bookmark",
    [SQL_BOOKMARK] = "SELECT value FROM bookmark WHERE source = ?1",
    [SQL_VALUE_ADD] = "INSERT OR IGNORE INTO value(name, value) VALUES(?1, ?2)",
    [SQL_VALUE] = "SELECT value FROM value WHERE name = ?1",
    [SQL_SUBJECT_SET] = ("INSERT INTO subject(alert, key, created, until, witness) VALUES(?1, ?2, ?3, ?4, ?5)"
                         " ON CONFLICT(alert) DO UPDATE SET created = excluded.created, witness = excluded.witness"),
    [SQL_SUBJECT_FORGET] = "DELETE FROM subject WHERE number <= (SELECT max(number) FROM subject) - ?1",
    [SQL_SUBJECT_LIST] = "SELECT alert, key, created, until, witness FROM subject ORDER BY number",
    [SQL_PAGES] = "PRAGMA page_count",
    [SQL_FREE_PAGES] = "PRAGMA freelist_count",
};

static int errno_from(int code)
{
    switch (code & 0xFF) { /* the primary code stands in the lowest byte (sqlite.org/rescode.html) */
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -EBADMSG;
    case SQLITE_READONLY:
        return -EROFS;
    default:
        return -EIO;
    }
}

/* The failure code of call; the message is the connection's last one. */
static int fail(struct store_sql *sql, const char *call, int code, struct fault *fault)
{
    const char *path = sql->db == NULL ? NULL : sqlite3_db_filename(sql->db, "main");
    const char *detail = sql->db == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(sql->db);
    if ((code & 0xFF) == SQLITE_BUSY)
        detail = "another process has this store open";
    fault_set(fault, call, code, text_from(path), detail);
    return errno_from(code);
}

static int run_text(struct store_sql *sql, const char *text, struct fault *fault)
{
    int code = sqlite3_exec(sql->db, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : fail(sql, "sqlite3_exec", code, fault);
}

/* The number, or the text's first size - 1 bytes where to is not NULL, that query (fixed text, one row) gives. */
static int ask(struct store_sql *sql, const char *query, int64_t *number, char *to, size_t size, struct fault *fault)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(sql->db, query, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    int rc = code == SQLITE_ROW ? 0 : fail(sql, "sqlite3_step", code, fault);
    if (code == SQLITE_ROW && number != NULL)
        *number = sqlite3_column_int64(statement, 0);
    if (code == SQLITE_ROW && to != NULL)
        (void)text_copy(to, size, text_from((const char *)sqlite3_column_text(statement, 0))); /* a known short word */
    (void)sqlite3_finalize(statement); /* repeats the failure of the step */
    return rc;
}

/* Is it ours, of a version that we know, or new (*version is 0)? */
static int check_format(struct store_sql *sql, int64_t *version_out, struct fault *fault)
{
    int64_t application = 0, version = 0, tables = 0;
    int rc = ask(sql, "PRAGMA application_id", &application, NULL, 0, fault);
    if (rc == 0)
        rc = ask(sql, "PRAGMA user_version", &version, NULL, 0, fault);
    if (rc == 0)
        rc = ask(sql, "SELECT count(*) FROM sqlite_master", &tables, NULL, 0, fault);
    if (rc < 0)
        return rc;
    bool is_new = application == 0 && version == 0 && tables == 0;
    const char *wrong = NULL;
    *version_out = version;
    if (!is_new && application != APPLICATION_ID)
        wrong = "this is some other program's database";
    else if (!is_new && (version < 1 || version > FORMAT_VERSION))
        wrong = "another version of this program made this store; it is left as it is";
    if (wrong == NULL)
        return 0;
    fault_set(fault, "store_open", (long)version, text_from(sqlite3_db_filename(sql->db, "main")), wrong);
    return -EPROTO;
}

/* Damage that has not yet been stumbled over. Pages and their order, not each index: 0.3 s for 100,000 alerts. */
static int check_sound(struct store_sql *sql, struct fault *fault)
{
    char found[128] = "";
    int rc = ask(sql, "PRAGMA quick_check(1)", NULL, found, sizeof(found), fault);
    if (rc < 0 || strcmp(found, "ok") == 0)
        return rc;
    fault_set(fault, "PRAGMA quick_check", SQLITE_CORRUPT, text_from(sqlite3_db_filename(sql->db, "main")), found);
    return -EBADMSG;
}

static int prepare_all(struct store_sql *sql, struct fault *fault)
{
    for (int i = 0; i < SQL_STATEMENT_COUNT; i++) {
        int code = sqlite3_prepare_v3(sql->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &sql->statements[i], NULL);
        if (code != SQLITE_OK)
            return fail(sql, "sqlite3_prepare_v3", code, fault);
    }
    return 0;
}

/* Nor is the file in use any more when somebody has put triggers or views into it, which we never make. */
static int check_schema(struct store_sql *sql, struct fault *fault)
{
    int64_t planted = 0;
    int rc = ask(sql, "SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view')", &planted, NULL, 0, fault);
    if (rc < 0 || planted == 0)
        return rc;
    fault_set(fault, "store_open", (long)planted, text_from(sqlite3_db_filename(sql->db, "main")),
              "somebody has put triggers or views into the store");
    return -EBADMSG;
}

void store_sql_harden(struct sqlite3 *db)
{
    static const struct {
        int which, value;
    } switches[] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},
                    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                    {SQLITE_DBCONFIG_ENABLE_VIEW, 0}};
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
        (void)sqlite3_db_config(db, switches[i].which, switches[i].value, (int *)NULL); /* can't fail for these */
}

/* SQLite's own handle of the write-ahead log; NULL: there is none. */
static sqlite3_file *log_file(struct store_sql *sql)
{
    sqlite3_file *file = NULL;
    if (sqlite3_file_control(sql->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK)
        return NULL;
    return file == NULL || file->pMethods == NULL ? NULL : file;
}

/* Takes the log's room now, while there is some: on a full disk alerts could not even be taken away without it. */
static void take_log_room(struct store_sql *sql)
{
    int keeps = 1, chunk = STORE_SQL_LOG_ROOM;
    sqlite3_int64 size = STORE_SQL_LOG_ROOM;
    (void)sqlite3_file_control(sql->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keeps); /* as below */
    store_sql_checkpoint(sql); /* what an end without a close has left */
    sqlite3_file *file = log_file(sql);
    if (file == NULL)
        return;
    /* A failure is a disk that is full already: then it is tried at the next opening. */
    (void)file->pMethods->xFileControl(file, SQLITE_FCNTL_CHUNK_SIZE, &chunk);
    (void)file->pMethods->xFileControl(file, SQLITE_FCNTL_SIZE_HINT, &size);
}

/* The log stays where it is when the file is closed, and its room with it; but nothing is in it any more, and its head
 * says so: should somebody put another file in the place of ours, nothing of this one gets into that
 * (sqlite.org/fileformat2.html, section 4: a log whose magic number is none is not looked at). */
static void keep_log_room(struct store_sql *sql)
{
    static const char none[32];
    int left = -1, done = -1;
    int code = sqlite3_wal_checkpoint_v2(sql->db, NULL, SQLITE_CHECKPOINT_RESTART, &left, &done);
    sqlite3_file *file = code == SQLITE_OK && left == done ? log_file(sql) : NULL;
    if (file == NULL)
        return;
    (void)sqlite3_exec(sql->db, "PRAGMA journal_size_limit = -1", NULL, NULL,
                       NULL);                                  /* else closing cuts it to nothing */
    (void)file->pMethods->xWrite(file, none, sizeof(none), 0); /* fails: what is in it stands in the file too */
    (void)file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

int store_sql_open(struct store_sql *sql, const char *path, struct fault *fault)
{
    int64_t version = 0;
    char mode[16] = "";
    const char *wanted = strcmp(path, STORE_SQL_IN_MEMORY) == 0 ? "memory" : "wal";
    int code = sqlite3_open_v2(
        path, &sql->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code != SQLITE_OK) {
        fault_set(fault, "sqlite3_open_v2", code, text_from(path), sqlite3_errstr(code));
        return errno_from(code);
    }
    (void)sqlite3_busy_timeout(sql->db, BUSY_TIMEOUT_MS); /* can't fail */
    store_sql_harden(sql->db);
    int chunk = CHUNK_SIZE;
    (void)sqlite3_file_control(sql->db, "main", SQLITE_FCNTL_CHUNK_SIZE, &chunk); /* then it grows by single pages */
    int rc = run_text(sql, before_reading, fault);
    if (rc == 0)
        rc = check_format(sql, &version, fault);
    sql->is_new = rc == -ENOSPC || (rc == 0 && version == 0);
    if (rc == 0) /* changes the file's header, so not before its format is known */
        rc = ask(sql, "PRAGMA journal_mode = WAL", NULL, mode, sizeof(mode), fault);
    if (rc == 0 && strcmp(mode, wanted) != 0) {
        fault_set(fault, "PRAGMA journal_mode", 0, text_from(path), "this file system can't hold a store");
        rc = -EIO;
    }
    if (rc == 0)
        rc = run_text(sql, before_writing, fault);
    if (rc == 0 && version > 0)
        rc = check_sound(sql, fault);
    if (rc == 0)
        rc = check_schema(sql, fault);
    if (rc == 0 && version == 0)
        rc = run_text(sql, schema, fault);
    else if (rc == 0 && version < FORMAT_VERSION)
        rc = run_text(sql, conversion, fault);
    if (rc == 0)
        rc = run_text(sql, additions, fault);
    if (rc == 0)
        take_log_room(sql);
    return rc == 0 ? prepare_all(sql, fault) : rc;
}

void store_sql_close(struct store_sql *sql)
{
    if (sql->db != NULL)
        keep_log_room(sql);
    for (int i = 0; i < SQL_STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(sql->statements[i]); /* repeats an old failure */
    (void)sqlite3_close(sql->db);                   /* fails only while statements are open */
    memset(sql, 0, sizeof(*sql));
}

static void note_bind(struct store_sql *sql, int code)
{
    if (sql->bind_code == SQLITE_OK)
        sql->bind_code = code;
}

void store_sql_bind_number(struct store_sql *sql, enum store_statement which, int index, int64_t value)
{
    note_bind(sql, sqlite3_bind_int64(sql->statements[which], index, value));
}

void store_sql_bind_text(struct store_sql *sql, enum store_statement which, int index, const char *value)
{
    note_bind(sql, sqlite3_bind_text(sql->statements[which], index, value, -1, SQLITE_STATIC));
}

void store_sql_bind_blob(struct store_sql *sql, enum store_statement which, int index, const void *value, size_t size)
{
    note_bind(sql, sqlite3_bind_blob64(sql->statements[which], index, value, size, SQLITE_STATIC));
}

void store_sql_reset(struct store_sql *sql, enum store_statement which)
{
    (void)sqlite3_reset(sql->statements[which]); /* repeats the failure of the step */
    (void)sqlite3_clear_bindings(sql->statements[which]);
}

int store_sql_step(struct store_sql *sql, enum store_statement which, struct fault *fault)
{
    int code = sql->bind_code;
    sql->bind_code = SQLITE_OK;
    if (code == SQLITE_OK)
        code = sqlite3_step(sql->statements[which]);
    if (code == SQLITE_ROW)
        return 1;
    int rc = code == SQLITE_DONE ? 0 : fail(sql, "sqlite3_step", code, fault);
    store_sql_reset(sql, which);
    return rc;
}

int64_t store_sql_number(struct store_sql *sql, enum store_statement which, int column)
{
    return sqlite3_column_int64(sql->statements[which], column);
}

const char *store_sql_text(struct store_sql *sql, enum store_statement which, int column, size_t *size)
{
    const void *bytes = sqlite3_column_blob(sql->statements[which], column);
    *size = (size_t)sqlite3_column_bytes(sql->statements[which], column);
    return bytes == NULL ? "" : bytes;
}

int64_t store_sql_changed(struct store_sql *sql)
{
    return sqlite3_changes64(sql->db);
}

int64_t store_sql_added(struct store_sql *sql)
{
    return sqlite3_last_insert_rowid(sql->db);
}

void store_sql_rollback(struct store_sql *sql)
{
    /* SQLite may have rolled back by itself (sqlite.org/lang_transaction.html, section 3). */
    if (sql->db != NULL && sqlite3_get_autocommit(sql->db) == 0)
        (void)store_sql_step(sql, SQL_ROLLBACK, NULL); /* the failure before it is what counts */
}

static int ask_number(struct store_sql *sql, enum store_statement which, int64_t *number, struct fault *fault)
{
    int rc = store_sql_step(sql, which, fault);
    if (rc < 0)
        return rc;
    *number = store_sql_number(sql, which, 0);
    store_sql_reset(sql, which);
    return 0;
}

int store_sql_reserve(struct store_sql *sql, size_t size, struct fault *fault)
{
    int64_t pages = 0, free_pages = 0, needed = (int64_t)(size / PAGE_SIZE) + RESERVE_EXTRA;
    int rc = ask_number(sql, SQL_PAGES, &pages, fault);
    if (rc == 0)
        rc = ask_number(sql, SQL_FREE_PAGES, &free_pages, fault);
    if (rc < 0)
        return rc;
    sqlite3_int64 wanted = (pages + (needed > free_pages ? needed - free_pages : 0)) * PAGE_SIZE;
    int code = sqlite3_file_control(sql->db, "main", SQLITE_FCNTL_SIZE_HINT, &wanted);
    if (code == SQLITE_OK)
        return 0;
    fault_set(fault, "SQLITE_FCNTL_SIZE_HINT", code, text_from(sqlite3_db_filename(sql->db, "main")),
              "the disk has no more room for the store");
    return -ENOSPC;
}

void store_sql_checkpoint(struct store_sql *sql)
{
    /* RESTART: the log's room stays ours. A failure costs nothing: the log simply stays as it is. */
    (void)sqlite3_wal_checkpoint_v2(sql->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
}
