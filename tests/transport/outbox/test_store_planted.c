/* A store file that somebody has changed: what he put into it does nothing, and no alert is lost by it. */
#include "tests/test.h"
#include "tests/transport/outbox/store_trial.h"
#include "transport/outbox/store_sql.h"

#include <sqlite3.h>

/* Would hide every alert from the outputs, and the place reached from the reader. */
static const char planted[] = "CREATE TRIGGER hide AFTER INSERT ON delivery BEGIN DELETE FROM delivery; END;"
                              "CREATE TRIGGER skip AFTER INSERT ON bookmark BEGIN"
                              " UPDATE bookmark SET value = 'far away'; END;"
                              "CREATE VIEW look AS SELECT * FROM alert;";

static char moved_to[256];

static void rescued(void *context, const struct store_rescue *rescue)
{
    (void)context;
    CU_ASSERT_EQUAL(rescue->alerts, 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(rescue->fault->detail, "triggers or views"));
    snprintf(moved_to, sizeof(moved_to), "%s", rescue->moved_to);
}

static sqlite3 *open_raw(const char *path)
{
    sqlite3 *db = NULL;
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

static int count(sqlite3 *db, const char *query)
{
    sqlite3_stmt *statement = NULL;
    CU_ASSERT_EQUAL_FATAL(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_step(statement), SQLITE_ROW);
    int found = sqlite3_column_int(statement, 0);
    CU_ASSERT_EQUAL(sqlite3_finalize(statement), SQLITE_OK);
    return found;
}

static const char objects[] = "SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view')";

static struct store *open_store(void)
{
    struct store *store = NULL;
    struct store_settings settings = {.path = TRIAL_PATH,
                                      .outputs = trial_two_outputs,
                                      .output_count = 2,
                                      .max_alerts = 100,
                                      .max_bytes = 100000,
                                      .rescued = rescued};
    CU_ASSERT_EQUAL_FATAL(store_open(&store, &settings, &trial_fault), 0);
    return store;
}

static void keep(struct store *store, int from, int to)
{
    for (int i = from; i < to; i++) {
        char id[ALERT_ID_SIZE];
        snprintf(id, sizeof(id), "%064d", i);
        struct store_alert alert = {id, "{}", 2};
        CU_ASSERT_EQUAL(store_keep(store, &alert, 1, "Security", "place", NULL, &trial_fault), 0);
    }
}

static void test_moved_aside(void)
{
    trial_remove_files();
    struct store *store = open_store();
    keep(store, 0, 3);
    store_close(store);
    sqlite3 *db = open_raw(TRIAL_PATH);
    CU_ASSERT_EQUAL_FATAL(sqlite3_exec(db, planted, NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_close(db), SQLITE_OK);

    store = open_store();
    CU_ASSERT_FATAL(moved_to[0] != '\0');
    keep(store, 3, 5);
    trial_expect(store, "a", 0, 5);
    trial_expect(store, "b", 0, 5);
    trial_bookmark(store, "place");
    store_close(store);
    db = open_raw(TRIAL_PATH);
    CU_ASSERT_EQUAL(count(db, objects), 0);
    CU_ASSERT_EQUAL(sqlite3_close(db), SQLITE_OK);
    db = open_raw(moved_to); /* the evidence is still there */
    CU_ASSERT_EQUAL(count(db, objects), 3);
    CU_ASSERT_EQUAL(sqlite3_close(db), SQLITE_OK);
    (void)remove(moved_to);
}

/* What the opening itself would do with such a file, and reading a file that was moved aside. */
static void test_nothing_runs(void)
{
    sqlite3 *db = open_raw(":memory:");
    CU_ASSERT_EQUAL(sqlite3_exec(db,
                                 "CREATE TABLE t(x); CREATE TABLE seen(x); CREATE VIEW v AS SELECT x FROM t;"
                                 "CREATE TRIGGER run AFTER INSERT ON t BEGIN INSERT INTO seen VALUES(1); END;"
                                 "INSERT INTO t VALUES(1);",
                                 NULL, NULL, NULL),
                    SQLITE_OK);
    CU_ASSERT_EQUAL(count(db, "SELECT count(*) FROM seen"), 1);
    store_sql_harden(db);
    CU_ASSERT_EQUAL(sqlite3_exec(db, "INSERT INTO t VALUES(2)", NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL(count(db, "SELECT count(*) FROM t"), 2);
    CU_ASSERT_EQUAL(count(db, "SELECT count(*) FROM seen"), 1);
    CU_ASSERT_NOT_EQUAL(sqlite3_exec(db, "SELECT * FROM v", NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_NOT_EQUAL(sqlite3_exec(db, "PRAGMA writable_schema = ON; DELETE FROM sqlite_master;", NULL, NULL, NULL),
                        SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_close(db), SQLITE_OK);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"a changed file is moved aside", test_moved_aside},
        {"nothing planted runs", test_nothing_runs},
        CU_TEST_INFO_NULL,
    };
    int code = test_main("store_planted", tests);
    trial_remove_files();
    return code;
}
