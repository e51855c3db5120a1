/* The store and several threads: who wakes whom, and that nothing is lost between them. */
#include "tests/transport/outbox/store_trial.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

/* A thread that waits in store_next(), and what it got. */
struct waiter {
    struct store *store;
    unsigned timeout_ms;
    size_t count;
    double waited_ms, returned_at;
    atomic_bool has_returned;
};

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

/* Runs on a thread of its own. */
static void *wait_for_one(void *context)
{
    struct waiter *waiter = context;
    struct store_item *items = NULL;
    double start = now_ms();
    if (store_next(waiter->store, "a", 10, 1000, waiter->timeout_ms, &items, &waiter->count, NULL) < 0)
        waiter->count = 99;
    store_items_free(items, waiter->count);
    waiter->returned_at = now_ms();
    waiter->waited_ms = waiter->returned_at - start;
    waiter->has_returned = true;
    return NULL;
}

static void test_wake_up(void)
{
    struct store *store = trial_open_new(2);
    double worst = 0;
    for (int i = 0; i < 20; i++) {
        struct waiter waiter = {.store = store, .timeout_ms = 20000};
        pthread_t thread;
        CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, wait_for_one, &waiter), 0);
        sleep_ms(10);
        trial_keep_ok(store, i, i + 1);
        double kept = now_ms();
        pthread_join(thread, NULL);
        CU_ASSERT_EQUAL(waiter.count, 1);
        trial_deliver(store, "a", i, i + 1);
        worst = waiter.returned_at - kept > worst ? waiter.returned_at - kept : worst;
    }
    printf("longest from store_keep() to the waiting store_next(): %.2f ms ", worst);
    CU_ASSERT(worst < 1000);
    store_close(store);
}

static void test_time_limit(void)
{
    struct store *store = trial_open_new(1);
    struct waiter waiter = {.store = store, .timeout_ms = 80, .count = 99};
    (void)wait_for_one(&waiter);
    CU_ASSERT_EQUAL(waiter.count, 0);
    CU_ASSERT(waiter.waited_ms >= 75 && waiter.waited_ms < 10000);
    store_close(store);
}

static void test_woken(void)
{
    struct store *store = trial_open_new(2);
    struct waiter waiter = {.store = store, .timeout_ms = 60000, .count = 99};
    pthread_t thread;
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, wait_for_one, &waiter), 0);
    sleep_ms(20);
    store_wake_output(store, "b"); /* not that one */
    sleep_ms(50);
    CU_ASSERT_FALSE(waiter.has_returned);
    store_wake_output(store, "a");
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(waiter.count, 0);
    CU_ASSERT(waiter.waited_ms < 30000);

    store_wake_output(store, "a"); /* nobody waits: the next one returns */
    trial_keep_ok(store, 0, 1);
    (void)wait_for_one(&waiter);
    CU_ASSERT_EQUAL(waiter.count, 0);
    (void)wait_for_one(&waiter); /* that was it */
    CU_ASSERT_EQUAL(waiter.count, 1);

    trial_deliver(store, "a", 0, 1);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, wait_for_one, &waiter), 0);
    sleep_ms(20);
    store_wake(store);
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(waiter.count, 0);
    CU_ASSERT(waiter.waited_ms < 30000);
    trial_keep_ok(store, 1, 2);
    (void)wait_for_one(&waiter); /* for ever */
    CU_ASSERT_EQUAL(waiter.count, 0);
    store_close(store);
}

#define PER_WRITER 60

struct writer {
    struct store *store;
    int from;
};

/* Runs on a thread of its own. */
static void *keep_some(void *context)
{
    struct writer *writer = context;
    for (int i = 0; i < PER_WRITER; i++)
        trial_keep_ok(writer->store, writer->from + i, writer->from + i + 1);
    return NULL;
}

struct reader {
    struct store *store;
    const char *output;
    size_t got;
};

/* Runs on a thread of its own. */
static void *take_all(void *context)
{
    struct reader *reader = context;
    while (reader->got < (size_t)(2 * PER_WRITER)) {
        struct store_item *items = NULL;
        size_t count = 0;
        if (store_next(reader->store, reader->output, 7, 1000, 20000, &items, &count, NULL) < 0 || count == 0)
            break;
        if (store_delivered(reader->store, reader->output, items, count, NULL) == 0)
            reader->got += count;
        store_items_free(items, count);
    }
    return NULL;
}

static void test_threads(void)
{
    struct store *store = trial_open_new(2);
    struct writer writers[] = {{store, 0}, {store, 5000}};
    struct reader readers[] = {{store, "a", 0}, {store, "b", 0}};
    pthread_t threads[4];
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, keep_some, &writers[i]), 0);
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[2 + i], NULL, take_all, &readers[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CU_ASSERT_EQUAL(readers[0].got, 2 * PER_WRITER);
    CU_ASSERT_EQUAL(readers[1].got, 2 * PER_WRITER);
    trial_counts(store, 0, 0, 0);
    store_close(store);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"a new alert wakes", test_wake_up},
        {"time limit", test_time_limit},
        {"woken", test_woken},
        {"threads", test_threads},
        CU_TEST_INFO_NULL,
    };
    vfs_install();
    int code = test_main("store_threads", tests);
    trial_remove_files();
    return code;
}
