/* Dead letters: listed, given back, dropped; and alerts that wait for too long become some. */
#include "tests/test.h"
#include "tests/transport/outbox/store_trial.h"
#include "tests/transport/outbox/vfs.h"
#include <errno.h>

/* The dead letter number at (0 and up) of the list, after the number given. */
static struct store_dead *list(struct store *store, int64_t after, size_t most, size_t want)
{
    struct store_dead *dead = NULL;
    size_t count = 99;
    CU_ASSERT_EQUAL_FATAL(store_dead_list(store, after, most, &dead, &count, &trial_fault), 0);
    CU_ASSERT_EQUAL_FATAL(count, want);
    return dead;
}

static void refuse(struct store *store, const char *output, int number, const char *reason)
{
    struct store_item *items = trial_next(store, output, number, number + 1);
    CU_ASSERT_EQUAL(store_refused(store, output, items, reason, &trial_fault), 0);
    store_items_free(items, 1);
}

/* The same, where more waits after it. */
static void refuse_first(struct store *store, const char *output, const char *reason)
{
    struct store_item *items = NULL;
    size_t count = 0;
    CU_ASSERT_EQUAL_FATAL(store_next(store, output, 1, 1, 0, &items, &count, &trial_fault), 0);
    CU_ASSERT_EQUAL_FATAL(count, 1);
    CU_ASSERT_EQUAL(store_refused(store, output, items, reason, &trial_fault), 0);
    store_items_free(items, count);
}

static void test_list(void)
{
    struct store *store = trial_open_new(1);
    store_dead_free(list(store, 0, 10, 0), 0);
    trial_keep_ok(store, 0, 3);
    for (int i = 0; i < 3; i++)
        refuse_first(store, "a", "HTTP 400: bad \x01 thing");
    struct store_dead *dead = list(store, 0, 10, 3);
    CU_ASSERT_EQUAL(trial_number(dead[2].id), 2);
    CU_ASSERT_STRING_EQUAL(dead[0].output, "a");
    CU_ASSERT_STRING_EQUAL(dead[0].reason, "HTTP 400: bad \x01 thing");
    CU_ASSERT_EQUAL(strlen(dead[0].at), 24);
    CU_ASSERT_EQUAL(dead[0].size, 10);
    CU_ASSERT_EQUAL(strlen(dead[0].document), 10);
    int64_t first = dead[0].number;
    store_dead_free(dead, 3);
    dead = list(store, first, 1, 1);
    CU_ASSERT_EQUAL(trial_number(dead[0].id), 1);
    store_dead_free(dead, 1);
    store_close(store);
}

static void test_retry(void)
{
    struct store *store = trial_open_new(2);
    trial_keep_ok(store, 0, 1);
    refuse(store, "a", 0, "no"); /* b still waits for it */
    trial_counts(store, 1, 10, 1);
    struct store_dead *dead = list(store, 0, 10, 1);
    CU_ASSERT_EQUAL(store_dead_retry(store, dead[0].number, &trial_fault), 0);
    CU_ASSERT_EQUAL(store_dead_retry(store, dead[0].number, &trial_fault), -ENOENT);
    store_dead_free(dead, 1);
    trial_counts(store, 1, 10, 0);
    trial_expect(store, "a", 0, 1);
    trial_deliver(store, "b", 0, 1);
    trial_counts(store, 1, 10, 0);

    refuse(store, "a", 0, "no"); /* and now nobody */
    trial_counts(store, 0, 0, 1);
    dead = list(store, 0, 10, 1);
    CU_ASSERT_EQUAL(store_dead_retry(store, dead[0].number, &trial_fault), 0);
    store_dead_free(dead, 1);
    trial_counts(store, 1, 10, 0);
    store_close(store);
    store = trial_open(trial_two_outputs, 2, 1000, 1000000); /* it is on disk, and b has it no second time */
    trial_expect(store, "b", 0, 0);
    trial_deliver(store, "a", 0, 1);
    trial_counts(store, 0, 0, 0);
    store_close(store);
}

/* Its output is not there any more: it stays. */
static void test_retry_nowhere(void)
{
    struct store *store = trial_open_new(2);
    trial_keep_ok(store, 0, 1);
    refuse(store, "b", 0, "no");
    store_close(store);
    store = trial_open(trial_one_output, 1, 1000, 1000000);
    struct store_dead *dead = list(store, 0, 10, 1);
    CU_ASSERT_EQUAL(store_dead_retry(store, dead[0].number, &trial_fault), -ENODEV);
    store_dead_free(dead, 1);
    trial_counts(store, 1, 10, 1);
    store_close(store);
}

static void test_drop(void)
{
    size_t added = 99;
    struct store *store = trial_open_new(1);
    trial_keep_ok(store, 0, 1);
    refuse(store, "a", 0, "no");
    struct store_dead *dead = list(store, 0, 10, 1);
    CU_ASSERT_EQUAL(store_dead_drop(store, dead[0].number, &trial_fault), 0);
    CU_ASSERT_EQUAL(store_dead_drop(store, dead[0].number, &trial_fault), -ENOENT);
    store_dead_free(dead, 1);
    trial_counts(store, 0, 0, 0);
    CU_ASSERT_EQUAL(trial_keep(store, 0, 1, 10, NULL, &added), 0); /* its log is read again */
    CU_ASSERT_EQUAL(added, 0);
    store_close(store);
}

static int64_t time_s;

static int64_t now_s(void)
{
    return time_s;
}

static void test_expire(void)
{
    struct store *store = NULL;
    size_t count = 99;
    struct store_settings settings = {.path = TRIAL_PATH,
                                      .outputs = trial_two_outputs,
                                      .output_count = 2,
                                      .max_alerts = 1000,
                                      .max_bytes = 1000000,
                                      .max_age_s = 60,
                                      .now_s = now_s};
    trial_remove_files();
    time_s = 5000;
    CU_ASSERT_EQUAL_FATAL(store_open(&store, &settings, &trial_fault), 0);
    trial_keep_ok(store, 0, 250); /* more than one transaction takes */
    time_s = 5030;
    trial_keep_ok(store, 250, 260);
    time_s = 5060;
    CU_ASSERT_EQUAL(store_expire(store, "a", &count, &trial_fault), 0);
    CU_ASSERT_EQUAL(count, 0);
    time_s = 5061;
    CU_ASSERT_EQUAL(store_expire(store, "a", &count, &trial_fault), 0);
    CU_ASSERT_EQUAL(count, 250);
    trial_counts(store, 260, 2600, 250); /* b has time of its own */
    trial_expect(store, "a", 250, 260);
    trial_expect(store, "b", 0, 260);
    struct store_dead *dead = list(store, 0, 1, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(dead[0].reason, "max-age"));
    store_dead_free(dead, 1);
    store_close(store);

    settings.max_age_s = 0;
    time_s = INT64_MAX / 2;
    CU_ASSERT_EQUAL_FATAL(store_open(&store, &settings, &trial_fault), 0);
    CU_ASSERT_EQUAL(store_expire(store, "b", &count, &trial_fault), 0);
    CU_ASSERT_EQUAL(count, 0);
    store_close(store);
}

/* A full disk takes no dead letter, and the alert waits on. */
static void test_full_disk(void)
{
    struct store *store = trial_open_new(1);
    trial_keep_ok(store, 0, 1);
    refuse(store, "a", 0, "no");
    struct store_dead *dead = list(store, 0, 10, 1);
    vfs_trial.is_full = true;
    CU_ASSERT_EQUAL(store_dead_retry(store, dead[0].number, &trial_fault), -ENOSPC);
    CU_ASSERT_EQUAL(store_dead_drop(store, dead[0].number, &trial_fault), -ENOSPC);
    vfs_trial.is_full = false;
    trial_counts(store, 0, 0, 1);
    CU_ASSERT_EQUAL(store_dead_retry(store, dead[0].number, &trial_fault), 0);
    store_dead_free(dead, 1);
    trial_expect(store, "a", 0, 1);
    store_close(store);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"list", test_list}, {"retry", test_retry},    {"retry without its output", test_retry_nowhere},
        {"drop", test_drop}, {"too old", test_expire}, {"full disk", test_full_disk},
        CU_TEST_INFO_NULL,
    };
    vfs_install();
    int code = test_main("store_dead", tests);
    trial_remove_files();
    return code;
}
