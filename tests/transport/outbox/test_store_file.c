/* The store and its file: limits of the tables, files of others, a full disk. */
#include "tests/transport/outbox/store_trial.h"

#include <sqlite3.h>

/* One number of the closed file. */
static long long ask_file(const char *query)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(TRIAL_PATH, &db), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_step(statement), SQLITE_ROW);
    long long number = sqlite3_column_int64(statement, 0);
    CU_ASSERT_EQUAL(sqlite3_finalize(statement), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_close(db), SQLITE_OK);
    return number;
}

/* Both tables stop growing; the newest stay. */
static void test_memory_limits(void)
{
    vfs_trial.skips_sync = true;
    trial_remove_files();
    struct store *store = trial_open(trial_one_output, 1, 1000000, 1u << 30);
    for (int from = 0; from < STORE_MAX_REMEMBERED + 2000; from += 1000) {
        trial_keep_ok(store, from, from + 1000);
        trial_deliver(store, "a", from, from + 1000);
    }
    size_t added = 0;
    CU_ASSERT_EQUAL(trial_keep(store, STORE_MAX_REMEMBERED, STORE_MAX_REMEMBERED + 1, 10, NULL, &added), 0);
    CU_ASSERT_EQUAL(added, 0);
    CU_ASSERT_EQUAL(trial_keep(store, 0, 1, 10, NULL, &added), 0); /* forgotten */
    CU_ASSERT_EQUAL(added, 1);
    trial_deliver(store, "a", 0, 1);
    for (int i = 1000000; i < 1000000 + STORE_MAX_DEAD + 5; i++) {
        trial_keep_ok(store, i, i + 1);
        struct store_item *items = trial_next(store, "a", i, i + 1);
        CU_ASSERT_EQUAL(store_refused(store, "a", items, "no", &trial_fault), 0);
        store_items_free(items, 1);
    }
    trial_counts(store, 0, 0, STORE_MAX_DEAD);
    store_close(store);
    vfs_trial.skips_sync = false;
    CU_ASSERT_EQUAL(ask_file("SELECT count(*) FROM done"), STORE_MAX_REMEMBERED);
    CU_ASSERT_EQUAL(ask_file("SELECT count(*) FROM dead"), STORE_MAX_DEAD);
    CU_ASSERT_EQUAL(ask_file("SELECT count(*) FROM alert"), 0);
}

static size_t read_file(char *to, size_t size)
{
    FILE *file = fopen(TRIAL_PATH, "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    size_t got = fread(to, 1, size, file);
    CU_ASSERT_EQUAL(fclose(file), 0);
    return got;
}

static void change_file(const char *sql)
{
    sqlite3 *db = NULL;
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(TRIAL_PATH, &db), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_close(db), SQLITE_OK);
}

/* The file that is there is refused, with words in the trial_fault, and stays what it is to the byte. */
static void is_refused(const char *words)
{
    static char before[200000], after[200000];
    struct store *store = NULL;
    struct store_settings settings = {
        .path = TRIAL_PATH, .outputs = trial_one_output, .output_count = 1, .max_alerts = 10, .max_bytes = 10};
    size_t size = read_file(before, sizeof(before));
    CU_ASSERT_EQUAL(store_open(&store, &settings, &trial_fault), -EPROTO);
    CU_ASSERT_PTR_NULL(store);
    if (strstr(trial_fault.detail, words) == NULL) {
        fprintf(stderr, "fault: %s\n", trial_fault.detail);
        CU_FAIL("another fault");
    }
    CU_ASSERT_EQUAL_FATAL(read_file(after, sizeof(after)), size);
    CU_ASSERT_EQUAL(memcmp(before, after, size), 0);
}

static void test_foreign_files(void)
{
    trial_remove_files();
    change_file("CREATE TABLE mine(x); INSERT INTO mine VALUES(1);");
    is_refused("some other program");
    trial_remove_files();
    change_file("PRAGMA application_id = 1;");
    is_refused("some other program");
    store_close(trial_open_new(1));
    change_file("PRAGMA user_version = 3;");
    is_refused("another version");
    change_file("PRAGMA user_version = 2;");
    store_close(trial_open(trial_one_output, 1, 10, 10));
}

/* A store of format 1, which lacks the column, goes on with all it has. */
static void test_format_1(void)
{
    struct store *store = trial_open_new(1);
    trial_keep_ok(store, 0, 5);
    store_close(store);
    change_file("ALTER TABLE alert DROP COLUMN kept; PRAGMA user_version = 1;");
    store = trial_open(trial_one_output, 1, 10, 1000);
    trial_keep_ok(store, 5, 6);
    trial_expect(store, "a", 0, 6);
    store_close(store);
    CU_ASSERT_EQUAL(ask_file("PRAGMA user_version"), 2);
    CU_ASSERT_EQUAL(ask_file("SELECT count(*) FROM alert WHERE kept > 1600000000"), 6);
}

static void test_second_process(void)
{
    struct store *store = trial_open_new(1), *second = NULL;
    struct store_settings settings = {
        .path = TRIAL_PATH, .outputs = trial_one_output, .output_count = 1, .max_alerts = 10, .max_bytes = 10};
    CU_ASSERT_EQUAL(store_open(&second, &settings, &trial_fault), -EBUSY);
    CU_ASSERT_PTR_NULL(second);
    CU_ASSERT_PTR_NOT_NULL(strstr(trial_fault.detail, "another process"));
    store_close(store);
    store_close(trial_open(trial_one_output, 1, 10, 10));
}

static void test_settings(void)
{
    static const char *const twice[] = {"a", "a"}, *const empty[] = {""};
    static const char *many[STORE_MAX_OUTPUTS + 1];
    static const char names[] = "a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k\0l\0m\0n\0o\0p\0q";
    for (size_t i = 0; i <= STORE_MAX_OUTPUTS; i++)
        many[i] = names + 2 * i;
    const struct store_settings wrong[] = {
        {.path = TRIAL_PATH, .outputs = trial_one_output, .output_count = 0, .max_alerts = 1, .max_bytes = 1},
        {.path = TRIAL_PATH, .outputs = twice, .output_count = 2, .max_alerts = 1, .max_bytes = 1},
        {.path = TRIAL_PATH, .outputs = empty, .output_count = 1, .max_alerts = 1, .max_bytes = 1},
        {.path = TRIAL_PATH, .outputs = trial_one_output, .output_count = 1, .max_alerts = 0, .max_bytes = 1},
        {.path = TRIAL_PATH, .outputs = trial_one_output, .output_count = 1, .max_alerts = 1, .max_bytes = 0},
        {.path = TRIAL_PATH, .outputs = many, .output_count = STORE_MAX_OUTPUTS + 1, .max_alerts = 1, .max_bytes = 1},
    };
    struct store *store = NULL;
    trial_remove_files();
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CU_ASSERT_EQUAL(store_open(&store, &wrong[i], &trial_fault), -EINVAL);
    CU_ASSERT_PTR_NULL(store);
    store = trial_open(many, STORE_MAX_OUTPUTS, 100, 1000);
    trial_keep_ok(store, 0, 1);
    trial_expect(store, many[STORE_MAX_OUTPUTS - 1], 0, 1);
    store_close(store);

    struct store_settings nowhere = {.path = "no/such/directory/x.db",
                                     .outputs = trial_one_output,
                                     .output_count = 1,
                                     .max_alerts = 1,
                                     .max_bytes = 1};
    store = NULL;
    CU_ASSERT(store_open(&store, &nowhere, &trial_fault) < 0);
    CU_ASSERT_PTR_NULL(store);
    CU_ASSERT_STRING_EQUAL(trial_fault.object, nowhere.path);
    store_close(NULL);
}

/* On disk when the call returns. */
static void test_sync(void)
{
    struct store *store = trial_open_new(1);
    unsigned long before = vfs_trial.syncs;
    trial_keep_ok(store, 0, 1);
    CU_ASSERT(vfs_trial.syncs > before);
    before = vfs_trial.syncs;
    CU_ASSERT_EQUAL(trial_keep(store, 0, 0, 0, "b", NULL), 0);
    CU_ASSERT(vfs_trial.syncs > before);
    before = vfs_trial.syncs;
    trial_deliver(store, "a", 0, 1);
    CU_ASSERT(vfs_trial.syncs > before);
    store_close(store);
}

/* What comes while the disk is full waits in memory, after what waits on it, with bookmarks that are not on the disk;
 * it is handed out like all else, and is on the disk once there is room. */
static void test_disk_full(void)
{
    struct store_counts counts;
    struct store *store = trial_open_new(1);
    CU_ASSERT_EQUAL(trial_keep(store, 0, 2, 10, "first", NULL), 0);
    vfs_trial.is_full = true;
    CU_ASSERT_EQUAL(trial_keep(store, 2, 3, 100, "second", NULL), 0);
    CU_ASSERT_EQUAL(store_counts(store, &counts, NULL), 0);
    CU_ASSERT(counts.is_disk_full && counts.in_memory == 1);
    trial_counts(store, 3, 120, 0);
    trial_bookmark(store, "second");
    trial_expect(store, "a", 0, 3);
    struct store_item *items = trial_next(store, "a", 0, 3);
    CU_ASSERT_EQUAL(store_delivered(store, "a", items, 2, &trial_fault), -ENOSPC); /* not even that can be written */
    CU_ASSERT_EQUAL(store_refused(store, "a", items, "no", &trial_fault), -ENOSPC);
    trial_counts(store, 3, 120, 0);
    store_close(store); /* as it can: the last one is read again from where the bookmark on the disk stands */
    vfs_trial.is_full = false;
    store = trial_open(trial_one_output, 1, 1000, 1000000);
    trial_expect(store, "a", 0, 2);
    trial_bookmark(store, "first");
    vfs_trial.is_full = true;
    CU_ASSERT_EQUAL(trial_keep(store, 2, 3, 100, "second", NULL), 0);
    vfs_trial.is_full = false;
    CU_ASSERT_EQUAL(store_delivered(store, "a", items, 2, &trial_fault), 0);
    store_items_free(items, 3);
    CU_ASSERT_EQUAL(trial_keep(store, 3, 4, 10, "third", NULL), 0);
    CU_ASSERT_EQUAL(store_counts(store, &counts, NULL), 0);
    CU_ASSERT(!counts.is_disk_full && counts.in_memory == 0);
    store_close(store);
    store = trial_open(trial_one_output, 1, 1000, 1000000);
    trial_expect(store, "a", 2, 4);
    trial_bookmark(store, "third");
    store_close(store);
}

/* As much as may wait in memory, and no more. */
static void test_memory_full(void)
{
    struct store *store = trial_open_new(1);
    vfs_trial.is_full = true;
    CU_ASSERT_EQUAL(trial_keep(store, 0, STORE_MAX_AFLOAT, 10, "a", NULL), 0);
    CU_ASSERT_EQUAL(trial_keep(store, STORE_MAX_AFLOAT, STORE_MAX_AFLOAT + 1, 10, "b", NULL), -ENOSPC);
    trial_bookmark(store, "a");
    vfs_trial.is_full = false;
    store_close(store); /* there is room again: all of it is on the disk */
    store = trial_open(trial_one_output, 1, 10000, 1000000);
    trial_counts(store, STORE_MAX_AFLOAT, 10 * STORE_MAX_AFLOAT, 0);
    store_close(store);
}

/* On a disk that is full to the last byte alerts can still be taken away, which makes room for others. */
static void test_no_growth(void)
{
    trial_remove_files();
    struct store *store = trial_open(trial_one_output, 1, 1000, 100000000);
    int kept = 0, rc;
    for (; kept < 40; kept++) /* the log has been round once */
        CU_ASSERT_EQUAL(trial_keep(store, kept, kept + 1, 30000, NULL, NULL), 0);
    vfs_trial.may_not_grow = true;
    while ((rc = trial_keep(store, kept, kept + 1, 30000, "b", NULL)) == 0 && kept < 1000)
        kept++;
    CU_ASSERT_EQUAL(rc, -ENOSPC);
    for (int i = 0; i < kept; i++) {
        struct store_item *items = NULL;
        size_t count = 0;
        CU_ASSERT_EQUAL_FATAL(store_next(store, "a", 1, 1, 0, &items, &count, &trial_fault), 0);
        CU_ASSERT_EQUAL_FATAL(count, 1);
        CU_ASSERT_EQUAL(store_delivered(store, "a", items, 1, &trial_fault), 0);
        store_items_free(items, count);
    }
    CU_ASSERT_EQUAL(trial_keep(store, kept, kept + 5, 30000, "c", NULL), 0);
    vfs_trial.may_not_grow = false;
    trial_counts(store, 5, 150000, 0);
    store_close(store);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"tables stop growing", test_memory_limits},
        {"files that are not ours", test_foreign_files},
        {"format 1", test_format_1},
        {"opened twice", test_second_process},
        {"settings", test_settings},
        {"on disk", test_sync},
        {"disk full", test_disk_full},
        {"disk and memory full", test_memory_full},
        {"a disk that is full to the last byte", test_no_growth},
        CU_TEST_INFO_NULL,
    };
    vfs_install();
    int code = test_main("store_file", tests);
    trial_remove_files();
    return code;
}
