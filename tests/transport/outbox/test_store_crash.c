/* The process ends at each single write, sync and truncation of a transaction, one after the other; whatever was
 * reported as kept must be there afterwards, and each transaction is there whole or not at all. */
#include "transport/outbox/store.h"

#include "tests/test.h"
#include "tests/transport/outbox/vfs.h"
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH "test_store_crash.db"
#define ID(last) "000000000000000000000000000000000000000000000000000000000000000" last

static const char *const outputs[] = {"a"};
static const struct store_settings settings = {
    .path = PATH, .outputs = outputs, .output_count = 1, .max_alerts = 1000, .max_bytes = 1000000};
static char large[30000]; /* of many pages */

/* What the child told so far: one byte a step, written as soon as the call had returned. */
static int told[2];

static void tell(const char *step)
{
    if (write(told[1], step, 1) != 1)
        _exit(3);
}

static void die(void)
{
    kill(getpid(), SIGKILL);
}

/* The child: opens, keeps, delivers, refuses, closes. */
static void live(unsigned long until)
{
    static const struct store_alert first[] = {{ID("1"), large, sizeof(large)}, {ID("2"), "two", 3}};
    static const struct store_alert second[] = {{ID("3"), large, sizeof(large)}};
    struct store *store = NULL;
    struct store_item *items = NULL;
    size_t count = 0;
    vfs_trial.left = until;
    vfs_trial.at_last = die;
    if (store_open(&store, &settings, NULL) < 0)
        _exit(2);
    if (store_keep(store, first, 2, "Security", "one", NULL, NULL) < 0)
        _exit(2);
    tell("1");
    if (store_next(store, "a", 10, 1000000, 0, &items, &count, NULL) < 0 || count != 2)
        _exit(2);
    if (store_delivered(store, "a", items, 1, NULL) < 0)
        _exit(2);
    tell("2");
    if (store_refused(store, "a", &items[1], "no", NULL) < 0)
        _exit(2);
    tell("3");
    if (store_keep(store, second, 1, "Security", "two", NULL, NULL) < 0)
        _exit(2);
    tell("4");
    store_items_free(items, count);
    store_close(store);
    _exit(0);
}

/* waiting, dead, bookmark: after each step. */
static const struct {
    uint64_t waiting, dead;
    const char *bookmark;
} states[] = {{0, 0, ""}, {2, 0, "one"}, {1, 0, "one"}, {0, 1, "one"}, {1, 1, "two"}};

/* Which of the states the file is in; -1: none. */
static int state_of(void)
{
    struct store *store = NULL;
    struct store_counts counts;
    char *bookmark = NULL;
    int found = -1;
    CU_ASSERT_EQUAL_FATAL(store_open(&store, &settings, NULL), 0);
    CU_ASSERT_EQUAL(store_counts(store, &counts, NULL), 0);
    CU_ASSERT_EQUAL(store_bookmark(store, "Security", &bookmark, NULL), 0);
    for (int i = 0; i < 5; i++)
        if (counts.waiting == states[i].waiting && counts.dead == states[i].dead &&
            strcmp(bookmark == NULL ? "" : bookmark, states[i].bookmark) == 0)
            found = i;
    free(bookmark);
    store_close(store);
    return found;
}

static void is_sound(void)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(PATH, &db), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_step(statement), SQLITE_ROW);
    CU_ASSERT_STRING_EQUAL((const char *)sqlite3_column_text(statement, 0), "ok");
    CU_ASSERT_EQUAL(sqlite3_finalize(statement), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_close(db), SQLITE_OK);
}

static void remove_files(void)
{
    (void)unlink(PATH); /* they may not be there */
    (void)unlink(PATH "-wal");
    (void)unlink(PATH ".bookmarks");
    (void)unlink(PATH "-journal");
}

/* One life that ends at write number until; true: it came to its natural end. */
static bool one_life(unsigned long until)
{
    char steps[8];
    int status = 0;
    remove_files();
    CU_ASSERT_EQUAL_FATAL(pipe(told), 0);
    pid_t child = fork();
    CU_ASSERT_FATAL(child >= 0);
    if (child == 0)
        live(until);
    close(told[1]);
    ssize_t reported = 0, got;
    while ((got = read(told[0], steps, sizeof(steps))) > 0)
        reported += got;
    close(told[0]);
    CU_ASSERT_EQUAL_FATAL(waitpid(child, &status, 0), child);
    bool is_end = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    CU_ASSERT(is_end || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));

    /* The step that was under way may have been finished, though nobody was told. */
    int state = state_of();
    if (state != reported && state != reported + 1) {
        fprintf(stderr, "killed at write %lu: %ld steps reported, state %d\n", until, (long)reported, state);
        CU_FAIL("lost or torn");
    }
    is_sound();
    return is_end;
}

static void test_kill_everywhere(void)
{
    unsigned long until = 1;
    while (until < 2000 && !one_life(until))
        until++;
    printf("%lu places ", until - 1);
    CU_ASSERT(until > 20 && until < 2000);
    remove_files();
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"killed at every write", test_kill_everywhere},
        CU_TEST_INFO_NULL,
    };
    memset(large, 'x', sizeof(large));
    vfs_trial.skips_sync = true; /* what a killed process wrote stays written */
    vfs_install();
    return test_main("store_crash", tests);
}
