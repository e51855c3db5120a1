/* A damaged store file: moved aside, and what can still be read of it kept in a new one. */
#include "transport/outbox/store_internal.h"

#include <errno.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Damaged files that one second can have; one more: the store can't be opened. */
#define MAX_IN_A_SECOND 100u

/* ".damaged-", seconds since 1970, and a number that tells those of one second apart. */
#define SUFFIX_SIZE 40

/* The old file and what came of it. */
struct rescue {
    struct store *store;
    sqlite3 *old;
    struct store_totals totals;
    struct store_rescue counts;
};

/* path and suffix, or NULL. */
static char *join(const char *path, const char *suffix)
{
    size_t size = strlen(path) + strlen(suffix) + 1;
    char *joined = malloc(size);
    if (joined != NULL)
        snprintf(joined, size, "%s%s", path, suffix);
    return joined;
}

/* The write-ahead log goes with its file. Where one has gone and the other can't, both are where they were. */
static int move_both(const char *path, const char *to)
{
    char *log = join(path, "-wal"), *log_to = join(to, "-wal");
    int rc = log == NULL || log_to == NULL ? -ENOMEM : store_file_move(path, to);
    if (rc == 0) {
        int log_rc = store_file_move(log, log_to);
        if (log_rc < 0 && log_rc != -ENOENT) {
            (void)store_file_move(to, path); /* what failed is reported */
            rc = log_rc;
        }
    }
    free(log_to);
    free(log);
    return rc;
}

/* Moves the file aside, to store->damaged. */
static int move_aside(struct store *store, struct fault *fault)
{
    char suffix[SUFFIX_SIZE], *moved_to = NULL;
    if (store->damaged != NULL)
        return 0; /* an earlier try came so far */
    int rc = -EEXIST;
    for (unsigned n = 0; rc == -EEXIST && n < MAX_IN_A_SECOND; n++) {
        free(moved_to);
        snprintf(suffix, sizeof(suffix), ".damaged-%lld-%u", (long long)store_now_s(store), n);
        moved_to = join(store->path, suffix);
        rc = moved_to == NULL ? -ENOMEM : move_both(store->path, moved_to);
    }
    if (rc == 0) {
        store->damaged = moved_to;
        return 0;
    }
    free(moved_to);
    if (rc < 0)
        fault_set(fault, "moving the damaged store aside", -rc, text_from(store->path), strerror(-rc));
    return rc < 0 && rc != -ENOMEM ? -EBADMSG : rc;
}

/* Reads whole, and closes without writing: the damaged file is evidence. */
static sqlite3 *open_old(const char *path)
{
    sqlite3 *old = NULL;
    if (sqlite3_open_v2(path, &old, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK) {
        (void)sqlite3_db_config(old, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL); /* can't fail */
        store_sql_harden(old);
        (void)sqlite3_exec(old, "PRAGMA locking_mode = EXCLUSIVE;", NULL, NULL, NULL);
        return old;
    }
    (void)sqlite3_close(old);
    return NULL;
}

/* Calls row for each that query gives, until the damage ends it. Returns 0, or -EBADMSG: the damage did. */
static int each_row(struct rescue *r, const char *query, void (*row)(struct rescue *r, sqlite3_stmt *columns))
{
    sqlite3_stmt *columns = NULL;
    int code = sqlite3_prepare_v2(r->old, query, -1, &columns, NULL);
    while (code == SQLITE_OK && (code = sqlite3_step(columns)) == SQLITE_ROW) {
        row(r, columns);
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(columns); /* repeats the failure of the step */
    return code == SQLITE_DONE ? 0 : -EBADMSG;
}

static const char *text_of(sqlite3_stmt *columns, int column)
{
    const unsigned char *text = sqlite3_column_text(columns, column);
    return text == NULL ? "" : (const char *)text;
}

/* What the pages of a damaged file give need not be an alert. */
static bool is_alert(sqlite3_stmt *columns)
{
    json_error_t error;
    const char *id = text_of(columns, 0);
    if (strlen(id) != ALERT_ID_SIZE - 1 || strspn(id, "0123456789abcdef") != ALERT_ID_SIZE - 1)
        return false;
    const void *document = sqlite3_column_blob(columns, 1);
    json_t *json = document == NULL
                       ? NULL
                       : json_loadb(document, (size_t)sqlite3_column_bytes(columns, 1), JSON_ALLOW_NUL, &error);
    bool is_good = json_is_object(json);
    json_decref(json);
    return is_good;
}

/* Columns: id, document, number there. Waits for those that it waited for; where that can't be read, for all. */
static void take_alert(struct rescue *r, sqlite3_stmt *columns)
{
    struct store_sql *sql = &r->store->sql;
    sqlite3_stmt *names = NULL;
    size_t found = 0;
    if (!is_alert(columns)) {
        r->counts.unreadable++;
        return;
    }
    size_t size = (size_t)sqlite3_column_bytes(columns, 1);
    store_sql_bind_text(sql, SQL_KNOWN, 1, text_of(columns, 0));
    int rc = store_run(r->store, SQL_KNOWN, NULL);
    if (rc == 1)
        store_sql_reset(sql, SQL_KNOWN);
    if (rc != 0)
        return; /* from the other end of the table */
    store_sql_bind_text(sql, SQL_ALERT_ADD, 1, text_of(columns, 0));
    store_sql_bind_blob(sql, SQL_ALERT_ADD, 2, sqlite3_column_blob(columns, 1), size);
    store_sql_bind_number(sql, SQL_ALERT_ADD, 3, store_now_s(r->store));
    if (store_run(r->store, SQL_ALERT_ADD, NULL) < 0)
        return;
    int64_t number = store_sql_added(sql);
    r->totals.waiting++;
    r->totals.bytes += size;
    r->counts.alerts++;
    if (sqlite3_prepare_v2(r->old, "SELECT name FROM output WHERE id IN (SELECT output FROM delivery WHERE alert = ?1)",
                           -1, &names, NULL) == SQLITE_OK &&
        sqlite3_bind_int64(names, 1, sqlite3_column_int64(columns, 2)) == SQLITE_OK)
        while (sqlite3_step(names) == SQLITE_ROW) {
            const struct store_output *output = store_find_output(r->store, text_of(names, 0), NULL);
            if (output == NULL)
                continue;
            store_sql_bind_number(sql, SQL_DELIVERY_ADD, 1, output->id);
            store_sql_bind_number(sql, SQL_DELIVERY_ADD, 2, number);
            found += store_run(r->store, SQL_DELIVERY_ADD, NULL) == 0;
        }
    (void)sqlite3_finalize(names);
    if (found > 0)
        return;
    store_sql_bind_number(sql, SQL_DELIVERIES_ADD, 1, number);
    (void)store_run(r->store, SQL_DELIVERIES_ADD, NULL); /* a failure shows again at the commit */
}

static void take_dead(struct rescue *r, sqlite3_stmt *columns)
{
    struct store_sql *sql = &r->store->sql;
    if (!is_alert(columns))
        return;
    size_t size = (size_t)sqlite3_column_bytes(columns, 1);
    store_sql_bind_text(sql, SQL_DEAD_ADD, 1, text_of(columns, 2));
    store_sql_bind_text(sql, SQL_DEAD_ADD, 2, text_of(columns, 0));
    store_sql_bind_blob(sql, SQL_DEAD_ADD, 3, sqlite3_column_blob(columns, 1), size);
    store_sql_bind_text(sql, SQL_DEAD_ADD, 4, text_of(columns, 3));
    if (store_run(r->store, SQL_DEAD_ADD, NULL) < 0)
        return;
    r->totals.dead++;
    r->totals.dead_bytes += size;
    r->counts.dead++;
}

static void take_done(struct rescue *r, sqlite3_stmt *columns)
{
    store_sql_bind_text(&r->store->sql, SQL_DONE_ADD, 1, text_of(columns, 0));
    (void)store_run(r->store, SQL_DONE_ADD, NULL); /* then it may be sent again, under the same id */
}

static void take_pair(struct rescue *r, sqlite3_stmt *columns, enum store_statement which, uint64_t *count)
{
    for (int i = 0; i < 2; i++)
        store_sql_bind_text(&r->store->sql, which, i + 1, text_of(columns, i));
    if (store_run(r->store, which, NULL) == 0)
        *count += (uint64_t)store_sql_changed(&r->store->sql);
}

static void take_bookmark(struct rescue *r, sqlite3_stmt *columns)
{
    take_pair(r, columns, SQL_BOOKMARK_KEEP, &r->counts.bookmarks);
}

static void take_value(struct rescue *r, sqlite3_stmt *columns)
{
    uint64_t count = 0; /* the agent's id, which nobody counts */
    take_pair(r, columns, SQL_VALUE_ADD, &count);
}

/* Each table from its beginning, and alerts from their end too, since damage is mostly in one place. */
static void read_old(struct rescue *r)
{
    (void)each_row(r, "SELECT name, value FROM value", take_value);
    (void)each_row(r, "SELECT source, value FROM bookmark", take_bookmark);
    (void)each_row(r, "SELECT id FROM done NOT INDEXED", take_done);
    (void)each_row(r, "SELECT id, document, output, reason FROM dead NOT INDEXED ORDER BY number", take_dead);
    if (each_row(r, "SELECT id, document, number FROM alert NOT INDEXED ORDER BY number", take_alert) < 0)
        (void)each_row(r, "SELECT id, document, number FROM alert NOT INDEXED ORDER BY number DESC", take_alert);
}

int store_rescue(struct store *store, const char *const *names, size_t count, struct fault *fault)
{
    struct fault damage = *fault;
    struct rescue r = {.store = store, .totals = {.dropped = store->totals.dropped}};
    store_sql_close(&store->sql);
    int rc = move_aside(store, fault);
    if (rc == 0)
        rc = store_begin(store, names, count, fault);
    if (rc == 0)
        rc = store_run(store, SQL_BEGIN, fault);
    if (rc == 0) {
        r.old = open_old(store->damaged);
        if (r.old != NULL)
            read_old(&r);
        r.counts.copies = store_take_copies(store);
        rc = store_finish(store, 0, &r.totals, fault);
        (void)sqlite3_close(r.old);
    }
    r.counts.moved_to = store->damaged;
    r.counts.fault = &damage;
    if (rc == 0 && store->set.rescued != NULL)
        store->set.rescued(store->set.context, &r.counts);
    if (rc == 0) {
        free(store->damaged);
        store->damaged = NULL;
    } else {
        store_sql_close(&store->sql);
    }
    return rc;
}

int store_heal(struct store *store, int rc, struct fault *fault)
{
    struct store_output before[STORE_MAX_OUTPUTS] = {{.name = NULL}};
    const char *names[STORE_MAX_OUTPUTS] = {NULL};
    struct fault own = {.call = NULL}, *used = fault != NULL ? fault : &own;
    size_t count = store->output_count;
    if (rc != -EBADMSG && !(rc < 0 && store->sql.db == NULL))
        return rc;
    for (size_t i = 0; i < count; i++) { /* opening the new file makes them anew */
        before[i] = store->outputs[i];
        names[i] = before[i].name;
    }
    store->output_count = 0;
    rc = store_rescue(store, names, count, used);
    if (rc < 0) { /* for the next try */
        for (size_t i = 0; i < store->output_count; i++)
            free(store->outputs[i].name);
        memcpy(store->outputs, before, sizeof(before));
        store->output_count = count;
        return rc;
    }
    for (size_t i = 0; i < count; i++) {
        store->outputs[i].woken = before[i].woken;
        free(before[i].name);
    }
    return -EAGAIN;
}
