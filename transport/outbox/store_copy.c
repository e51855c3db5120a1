/* Copies of the bookmarks, in a small SQLite file of their own: where the store itself is damaged, reading goes on from
 * nearly where it was. */
#include "transport/outbox/store_internal.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *copy_path(const struct store *store)
{
    size_t size = strlen(store->path) + sizeof(".bookmarks");
    char *path = malloc(size);
    if (path != NULL)
        snprintf(path, size, "%s.bookmarks", store->path);
    return path;
}

/* NULL: it can't be opened. */
static sqlite3 *open_copy(const struct store *store, int flags)
{
    sqlite3 *db = NULL;
    char *path = copy_path(store);
    if (path == NULL)
        return NULL;
    if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        (void)sqlite3_close(db); /* an open that failed leaves one (sqlite.org/c3ref/open.html) */
        db = NULL;
    }
    if (db != NULL)
        store_sql_harden(db);
    free(path);
    return db;
}

static int write_rows(struct store *store, sqlite3 *db)
{
    sqlite3_stmt *insert = NULL;
    int code =
        sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO bookmark(source, value) VALUES(?1, ?2)", -1, &insert, NULL);
    int rc = code == SQLITE_OK ? 1 : 0;
    while (code == SQLITE_OK && (rc = store_run(store, SQL_BOOKMARKS, NULL)) == 1) {
        size_t size;
        for (int i = 0; i < 2 && code == SQLITE_OK; i++) {
            const char *text = store_sql_text(&store->sql, SQL_BOOKMARKS, i, &size);
            code = sqlite3_bind_text(insert, i + 1, text, (int)size, SQLITE_TRANSIENT);
        }
        if (code == SQLITE_OK)
            code = sqlite3_step(insert) == SQLITE_DONE ? sqlite3_reset(insert) : SQLITE_ERROR;
    }
    store_sql_reset(&store->sql, SQL_BOOKMARKS);
    (void)sqlite3_finalize(insert); /* repeats an old failure */
    return code == SQLITE_OK && rc == 0 ? 0 : -EIO;
}

void store_copy_bookmarks(struct store *store, bool is_due)
{
    int64_t now_s = store_now_s(store);
    /* A clock that went back copies at once and then goes on. */
    if (!is_due && now_s >= store->copied_s && now_s - store->copied_s < STORE_COPY_S)
        return;
    store->copied_s = now_s;
    sqlite3 *db = open_copy(store, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    if (db == NULL)
        return;
    int code = sqlite3_exec(db,
                            "PRAGMA synchronous = FULL; BEGIN;"
                            "CREATE TABLE IF NOT EXISTS bookmark(source TEXT PRIMARY KEY, value TEXT NOT NULL);",
                            NULL, NULL, NULL);
    if (code == SQLITE_OK && write_rows(store, db) == 0)
        code = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    (void)sqlite3_close(db); /* what was not committed is rolled back */
    if ((code & 0xFF) != SQLITE_CORRUPT && (code & 0xFF) != SQLITE_NOTADB)
        return;
    char *path = copy_path(store); /* a copy that is damaged is worth nothing; the next one is new */
    if (path != NULL)
        (void)remove(path);
    free(path);
}

uint64_t store_take_copies(struct store *store)
{
    uint64_t taken = 0;
    sqlite3_stmt *rows = NULL;
    sqlite3 *db = open_copy(store, SQLITE_OPEN_READWRITE); /* so that a journal that is left is played back */
    if (db == NULL)
        return 0;
    if (sqlite3_prepare_v2(db, "SELECT source, value FROM bookmark", -1, &rows, NULL) == SQLITE_OK) {
        while (sqlite3_step(rows) == SQLITE_ROW) {
            for (int i = 0; i < 2; i++)
                store_sql_bind_text(&store->sql, SQL_BOOKMARK_KEEP, i + 1, (const char *)sqlite3_column_text(rows, i));
            if (store_run(store, SQL_BOOKMARK_KEEP, NULL) == 0)
                taken += (uint64_t)store_sql_changed(&store->sql);
        }
    }
    (void)sqlite3_finalize(rows); /* repeats an old failure */
    (void)sqlite3_close(db);
    return taken;
}
