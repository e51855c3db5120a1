/* The outbox is full because an output is away: it gives way to those at work, and only then. */
#include "tests/test.h"
#include "tests/transport/outbox/store_trial.h"

static const char *const outputs[] = {"a", "b", "c"};

static int64_t time_s;
static uint64_t overflowed[3]; /* of each output */

static int64_t now_s(void)
{
    return time_s;
}

static void note(void *context, const char *output, uint64_t count)
{
    CU_ASSERT_PTR_EQUAL(context, overflowed);
    CU_ASSERT(count > 0);
    overflowed[output[0] - 'a'] += count;
}

/* An empty store of so many alerts or bytes. */
static struct store *begin(size_t count, uint64_t max_alerts, uint64_t max_bytes)
{
    struct store *store = NULL;
    struct store_settings settings = {.path = TRIAL_PATH,
                                      .outputs = outputs,
                                      .output_count = count,
                                      .max_alerts = max_alerts,
                                      .max_bytes = max_bytes,
                                      .now_s = now_s,
                                      .context = overflowed,
                                      .overflowed = note};
    trial_remove_files();
    memset(overflowed, 0, sizeof(overflowed));
    time_s = 5000;
    CU_ASSERT_EQUAL_FATAL(store_open(&store, &settings, &trial_fault), 0);
    return store;
}

static int keep(struct store *store, int from, int to)
{
    return trial_keep(store, from, to, 10, NULL, NULL);
}

/* The first dead letter's and the last one's alert, and how many of output there are. */
static void dead_of(struct store *store, const char *output, int from, int to)
{
    struct store_dead *list = NULL;
    size_t count = 0, found = 0;
    CU_ASSERT_EQUAL_FATAL(store_dead_list(store, 0, 1000, &list, &count, &trial_fault), 0);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].output, output) != 0)
            continue;
        CU_ASSERT_EQUAL(trial_number(list[i].id), from + (int)found);
        CU_ASSERT_PTR_NOT_NULL(strstr(list[i].reason, "the outbox was full"));
        found++;
    }
    CU_ASSERT_EQUAL(found, (size_t)(to - from));
    store_dead_free(list, count);
}

static void test_one_away(void)
{
    struct store *store = begin(2, 1000, 1000000);
    CU_ASSERT_EQUAL(keep(store, 0, 1000), 0);
    trial_deliver(store, "a", 0, 1000);
    time_s += STORE_AWAY_S - 1; /* it may only be slow */
    CU_ASSERT_EQUAL(keep(store, 1000, 1010), -ENOSPC);
    trial_counts(store, 1000, 10000, 0);
    time_s += 1;
    CU_ASSERT_EQUAL(keep(store, 1000, 1010), 0);
    CU_ASSERT_EQUAL(overflowed[0], 0);
    CU_ASSERT_EQUAL(overflowed[1], 100); /* a hundredth and more: not for each alert anew */
    trial_counts(store, 910, 9100, 100);
    trial_expect(store, "a", 1000, 1010);
    trial_expect(store, "b", 100, 1010); /* the newest wait on */
    dead_of(store, "b", 0, 100);
    CU_ASSERT_EQUAL(keep(store, 50, 60), 0); /* the log is read again: all of them are known */
    trial_counts(store, 910, 9100, 100);
    store_close(store);
}

static void test_all_away(void)
{
    struct store *store = begin(2, 100, 1000000);
    CU_ASSERT_EQUAL(keep(store, 0, 100), 0);
    time_s += 100 * STORE_AWAY_S;
    CU_ASSERT_EQUAL(keep(store, 100, 101), -ENOSPC); /* the log is the buffer */
    trial_counts(store, 100, 1000, 0);
    CU_ASSERT_EQUAL(overflowed[0] + overflowed[1], 0);
    trial_deliver(store, "a", 0, 100); /* and back */
    CU_ASSERT_EQUAL(keep(store, 100, 101), 0);
    CU_ASSERT_EQUAL(overflowed[1], 100);
    trial_expect(store, "a", 100, 101);
    trial_expect(store, "b", 100, 101);
    store_close(store);

    store = begin(1, 100, 1000000); /* alone */
    CU_ASSERT_EQUAL(keep(store, 0, 100), 0);
    time_s += 100 * STORE_AWAY_S;
    CU_ASSERT_EQUAL(keep(store, 100, 101), -ENOSPC);
    trial_expect(store, "a", 0, 100);
    store_close(store);
}

/* An output that takes now and then holds reading back, and loses nothing. */
static void test_slow(void)
{
    struct store_item *items = NULL;
    size_t count = 0;
    struct store *store = begin(2, 100, 1000000);
    CU_ASSERT_EQUAL(keep(store, 0, 100), 0);
    trial_deliver(store, "a", 0, 100);
    time_s += STORE_AWAY_S;
    CU_ASSERT_EQUAL_FATAL(store_next(store, "b", 1, 1, 0, &items, &count, &trial_fault), 0);
    CU_ASSERT_EQUAL(store_delivered(store, "b", items, count, &trial_fault), 0);
    store_items_free(items, count);
    CU_ASSERT_EQUAL(keep(store, 100, 101), 0);
    CU_ASSERT_EQUAL(keep(store, 101, 102), -ENOSPC);
    time_s += STORE_AWAY_S - 1;
    CU_ASSERT_EQUAL_FATAL(store_next(store, "b", 1, 1, 0, &items, &count, &trial_fault), 0);
    CU_ASSERT_EQUAL(store_refused(store, "b", items, "HTTP 400", &trial_fault), 0); /* it is there, too */
    store_items_free(items, count);
    CU_ASSERT_EQUAL(keep(store, 101, 102), 0);
    time_s += 1;
    CU_ASSERT_EQUAL(keep(store, 102, 103), -ENOSPC);
    CU_ASSERT_EQUAL(overflowed[1], 0);
    store_close(store);
}

/* What an output at work has not had yet is not taken from anybody, since no room would come of it. */
static void test_bound(void)
{
    struct store_item *items = NULL;
    size_t count = 0;
    struct store *store = begin(2, 100, 1000000);
    CU_ASSERT_EQUAL(keep(store, 0, 100), 0);
    time_s += STORE_AWAY_S;
    CU_ASSERT_EQUAL_FATAL(store_next(store, "a", 30, 100000, 0, &items, &count, &trial_fault), 0);
    CU_ASSERT_EQUAL(store_delivered(store, "a", items, count, &trial_fault), 0);
    store_items_free(items, count);
    CU_ASSERT_EQUAL(keep(store, 100, 110), 0);
    CU_ASSERT_EQUAL(overflowed[1], 30);
    trial_counts(store, 80, 800, 30);
    CU_ASSERT_EQUAL(keep(store, 110, 131), -ENOSPC);
    CU_ASSERT_EQUAL(overflowed[1], 30);
    trial_expect(store, "b", 30, 110);
    store_close(store);
}

static void test_two_away(void)
{
    struct store *store = begin(3, 100, 1000);
    CU_ASSERT_EQUAL(keep(store, 0, 100), 0); /* full by bytes as well */
    trial_deliver(store, "b", 0, 100);
    time_s += STORE_AWAY_S;
    CU_ASSERT_EQUAL(keep(store, 100, 110), 0);
    CU_ASSERT(overflowed[0] >= 10 && overflowed[0] == overflowed[2]);
    CU_ASSERT_EQUAL(overflowed[1], 0);
    trial_expect(store, "b", 100, 110);
    trial_expect(store, "a", (int)overflowed[0], 110);
    trial_expect(store, "c", (int)overflowed[2], 110);
    store_close(store);
}

/* Dead letters have limits too, and what goes is counted. */
static void test_dropped(void)
{
    struct store_counts counts;
    struct store *store = begin(2, 1000, 1000);
    int end = 0;
    for (int round = 0; round < 3; round++, end += 50) {
        CU_ASSERT_EQUAL(keep(store, end, end + 50), 0);
        trial_deliver(store, "a", end, end + 50);
        time_s += STORE_AWAY_S;
    }
    CU_ASSERT_EQUAL(store_counts(store, &counts, &trial_fault), 0);
    CU_ASSERT_EQUAL(counts.waiting + counts.dead, 150);
    CU_ASSERT_EQUAL(counts.dropped, 0);
    for (int round = 0; round < 3; round++, end += 50) {
        CU_ASSERT_EQUAL(keep(store, end, end + 50), 0);
        trial_deliver(store, "a", end, end + 50);
        time_s += STORE_AWAY_S;
    }
    CU_ASSERT_EQUAL(store_counts(store, &counts, &trial_fault), 0);
    CU_ASSERT(counts.dropped > 0);
    CU_ASSERT_EQUAL(counts.waiting + counts.dead + counts.dropped, 300);
    store_close(store);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"one is away", test_one_away},
        {"all are away", test_all_away},
        {"one is slow", test_slow},
        {"only what those at work have had", test_bound},
        {"two are away", test_two_away},
        {"dead letters that go", test_dropped},
        CU_TEST_INFO_NULL,
    };
    vfs_install();
    vfs_trial.skips_sync = true; /* for speed */
    int code = test_main("store_overflow", tests);
    trial_remove_files();
    return code;
}
