#include "transport/outputs/sender.h"

#include "tests/test.h"
#include "tests/transport/outbox/vfs.h"
#include "tests/transport/outputs/sender_trial.h"
#include <string.h>

static void test_in_order(void)
{
    struct trial trial;
    trial_begin(&trial, NULL, 0);
    trial_keep(&trial, 0, 20);
    trial_start(&trial);
    CU_ASSERT(trial_is_drained(&trial));
    trial_keep(&trial, 20, 30); /* while it waits */
    CU_ASSERT(trial_is_drained(&trial));
    trial_stop(&trial);
    trial_took(&trial, 0, 30, -1);
    CU_ASSERT_EQUAL(trial.output.counts[0], 8); /* the output's most */
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_DELIVERED], 30);
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_RETRY], 0);
    CU_ASSERT_STRING_EQUAL(trial.log.output, "a");
    CU_ASSERT(!trial.log.had_fault);
    trial_end(&trial);
}

/* The same batch again, after a wait, though more alerts have come. */
static void test_retry(void)
{
    static const enum output_outcome script[] = {OUTPUT_RETRY, OUTPUT_RETRY};
    struct trial trial;
    trial_begin(&trial, script, 2);
    trial_keep(&trial, 0, 3);
    trial_start(&trial);
    trial_wait_for_sends(&trial, 1);
    trial_keep(&trial, 3, 6);
    CU_ASSERT(trial_is_drained(&trial));
    trial_stop(&trial);
    trial_took(&trial, 0, 6, -1);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(trial.output.counts[i], 3);
        CU_ASSERT_EQUAL(trial.output.firsts[i], 0);
    }
    CU_ASSERT_EQUAL(trial.output.counts[3], 3);
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_RETRY], 2);
    CU_ASSERT(trial.log.longest_wait_ms <= 2000);
    CU_ASSERT(trial.output.at[2] - trial.output.at[0] <= 3000 + 2000);
    trial_end(&trial);
}

/* Halves until the one that is refused stands alone; the others are taken, in order. */
static void test_split(void)
{
    for (int refused = 0; refused < 8; refused++) {
        struct trial trial;
        struct store_counts counts;
        trial_begin(&trial, NULL, 0);
        trial.output.refused_id = refused;
        trial_keep(&trial, 0, 20);
        trial_start(&trial);
        CU_ASSERT(trial_is_drained(&trial));
        trial_stop(&trial);
        trial_took(&trial, 0, 20, refused);
        CU_ASSERT(trial.output.sends <= 20);
        CU_ASSERT_EQUAL(trial.log.counts[SENDER_REFUSED], 1);
        CU_ASSERT_EQUAL(trial.log.counts[SENDER_DELIVERED], 19);
        CU_ASSERT_EQUAL(trial_number_of(trial.log.refused_id), refused);
        CU_ASSERT_EQUAL(store_counts(trial.store, &counts, NULL), 0);
        CU_ASSERT_EQUAL(counts.dead, 1);
        trial_end(&trial);
    }
}

/* After a split batches grow again, to the output's most. */
static void test_grows_again(void)
{
    static const enum output_outcome script[] = {OUTPUT_SPLIT, OUTPUT_SPLIT, OUTPUT_SPLIT};
    static const size_t want[] = {8, 4, 2, 1, 2, 4, 8, 8};
    struct trial trial;
    trial_begin(&trial, script, 3);
    trial_keep(&trial, 0, 31);
    trial_start(&trial);
    CU_ASSERT(trial_is_drained(&trial));
    trial_stop(&trial);
    trial_took(&trial, 0, 31, -1);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
        CU_ASSERT_EQUAL(trial.output.counts[i], want[i]);
    trial_end(&trial);
}

/* The store can't note the delivery: that is tried again, and nothing is sent twice for it. */
static void test_store_fails(void)
{
    struct trial trial;
    trial_begin(&trial, NULL, 0);
    trial.output.fills_disk = true;
    trial.output.refused_id = 0;
    trial_keep(&trial, 0, 2);
    trial_start(&trial);
    CU_ASSERT(trial_is_drained(&trial));
    trial_stop(&trial);
    trial_took(&trial, 0, 2, 0);
    CU_ASSERT_EQUAL(trial.output.sends, 3); /* both, the refused one, the other */
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_STORE], 2);
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_DELIVERED], 1);
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_REFUSED], 1);
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_RETRY], 0);
    trial_end(&trial);
}

static void test_stop_idle(void)
{
    struct trial trial;
    trial_begin(&trial, NULL, 0);
    trial_start(&trial);
    nanosleep(&(struct timespec){0, 50000000L}, NULL);
    double started = trial_now_ms();
    trial_stop(&trial);
    CU_ASSERT(trial_now_ms() - started < 1000);
    CU_ASSERT(!trial.output.cancelled);
    trial_end(&trial);
    sender_stop(NULL, 0);
}

/* A wait before the next try ends at once; the alert stays. */
static void test_stop_in_backoff(void)
{
    static enum output_outcome script[MAX_SENDS];
    for (size_t i = 0; i < MAX_SENDS; i++)
        script[i] = OUTPUT_RETRY;
    struct trial trial;
    struct store_counts counts;
    trial_begin(&trial, script, MAX_SENDS);
    trial_keep(&trial, 0, 1);
    trial_start(&trial);
    trial_wait_for_sends(&trial, 3);
    double started = trial_now_ms();
    trial_stop(&trial);
    CU_ASSERT(trial_now_ms() - started < 1000);
    CU_ASSERT_EQUAL(store_counts(trial.store, &counts, NULL), 0);
    CU_ASSERT_EQUAL(counts.waiting, 1);
    trial_end(&trial);
}

/* A request that hangs is broken off after the grace. */
static void test_stop_hanging(void)
{
    struct trial trial;
    struct store_counts counts;
    trial_begin(&trial, NULL, 0);
    trial.output.hangs = true;
    trial_keep(&trial, 0, 2);
    trial_start(&trial);
    trial_wait_for_sends(&trial, 1);
    double started = trial_now_ms();
    sender_stop(trial.sender, 300);
    double waited = trial_now_ms() - started;
    CU_ASSERT(waited >= 290 && waited < 2000);
    CU_ASSERT(trial.output.cancelled);
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_RETRY], 0); /* no failure of the collector's */
    CU_ASSERT_EQUAL(store_counts(trial.store, &counts, NULL), 0);
    CU_ASSERT_EQUAL(counts.waiting, 2);
    trial_end(&trial);
}

/* A store whose waiting is over for good does not make the sender run hot. */
static void test_store_woken(void)
{
    struct trial trial;
    struct timespec before, after;
    trial_begin(&trial, NULL, 0);
    trial_start(&trial);
    store_wake(trial.store);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    nanosleep(&(struct timespec){0, 400000000L}, NULL);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    trial_stop(&trial);
    CU_ASSERT((double)(after.tv_sec - before.tv_sec) * 1e3 + (double)(after.tv_nsec - before.tv_nsec) / 1e6 < 100);
    trial_end(&trial);
}

/* 401 and 403: once a minute, and the secrets are read again; then on with the new output. */
static void test_forbidden(void)
{
    static const enum output_outcome script[] = {OUTPUT_RETRY, OUTPUT_RETRY};
    static const long statuses[] = {401, 403};
    for (size_t i = 0; i < 2; i++) {
        struct trial trial;
        trial_begin(&trial, script, 2);
        trial.output.status = statuses[i];
        trial.is_timeless = true;
        trial.renews = true;
        trial.renew_when = SENDER_RENEW_FORBIDDEN;
        trial_begin_output(&trial.fresh);
        trial_keep(&trial, 0, 2);
        trial_start(&trial);
        CU_ASSERT(trial_is_drained(&trial));
        trial_stop(&trial);
        CU_ASSERT_EQUAL(trial.log.counts[SENDER_FORBIDDEN], 1);
        CU_ASSERT_EQUAL(trial.log.counts[SENDER_RETRY], 0);
        CU_ASSERT_EQUAL(trial.log.counts[SENDER_RENEWED], 1);
        CU_ASSERT(trial.log.longest_wait_ms >= 60000 && trial.log.longest_wait_ms <= 66000);
        CU_ASSERT_EQUAL(trial.forbidden, 1);
        CU_ASSERT_EQUAL(trial.output.sends, 1); /* the second answer of the script is never asked for */
        CU_ASSERT_EQUAL(trial.fresh.sends, 1);
        CU_ASSERT_EQUAL(trial.fresh.counts[0], 2);
        CU_ASSERT(trial.output.closed && trial.fresh.closed);
        trial_end(&trial);
    }
}

/* A file that changed: the new output takes the next batch. */
static void test_renewed(void)
{
    struct trial trial;
    trial_begin(&trial, NULL, 0);
    trial.renews = true;
    trial.renew_when = SENDER_RENEW_CHANGED;
    trial_begin_output(&trial.fresh);
    trial_keep(&trial, 0, 2);
    trial_start(&trial);
    CU_ASSERT(trial_is_drained(&trial));
    trial_stop(&trial);
    CU_ASSERT_EQUAL(trial.output.sends, 0);
    CU_ASSERT_EQUAL(trial.fresh.sends, 1);
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_RENEWED], 1);
    trial_end(&trial);
}

/* A day with the collector away, in no time: the waits stay within their ceiling, and nothing is lost. */
static void test_a_day(void)
{
    struct trial trial;
    double longest_ms = 0;
    trial_begin(&trial, NULL, 0);
    trial.output.is_away = true;
    trial.is_timeless = true;
    trial_keep(&trial, 0, 10);
    trial_start(&trial);
    while (longest_ms < 86400e3) {
        nanosleep(&(struct timespec){0, 1000000L}, NULL);
        pthread_mutex_lock(&trial.output.mutex);
        longest_ms = trial.paused_ms; /* written before the next send, which takes this lock */
        if (longest_ms >= 86400e3)
            trial.output.is_away = false;
        pthread_mutex_unlock(&trial.output.mutex);
    }
    CU_ASSERT(trial_is_drained(&trial));
    trial_stop(&trial);
    CU_ASSERT_EQUAL(trial.output.taken_count, 10);
    CU_ASSERT(trial.log.longest_wait_ms <= 60000);
    CU_ASSERT(trial.log.counts[SENDER_RETRY] >= 1440);
    printf("%zu tries ", trial.log.counts[SENDER_RETRY]);
    trial_end(&trial);
}

/* What waits at the start waits for a random time; what comes later does not. */
static void test_start_spread(void)
{
    double least = 1e9, most = 0;
    for (int i = 0; i < 20; i++) {
        struct trial trial;
        trial_begin(&trial, NULL, 0);
        trial.is_timeless = true;
        trial.spread_ms = 10000;
        trial_keep(&trial, 0, 1);
        trial_start(&trial);
        CU_ASSERT(trial_is_drained(&trial));
        trial_stop(&trial);
        least = trial.paused_ms < least ? trial.paused_ms : least;
        most = trial.paused_ms > most ? trial.paused_ms : most;
        trial_end(&trial);
    }
    CU_ASSERT(most <= 10000 + 100 && most - least > 2000);
    struct trial trial;
    trial_begin(&trial, NULL, 0);
    trial.spread_ms = 600000;
    trial_start(&trial);
    nanosleep(&(struct timespec){0, 50000000L}, NULL);
    trial_keep(&trial, 0, 1);
    CU_ASSERT(trial_is_drained(&trial));
    trial_stop(&trial);
    trial_end(&trial);
}

/* What nobody takes for longer than the limit goes to the dead letters, and the rest goes on. */
static void test_expired(void)
{
    struct trial trial;
    struct store_counts counts;
    trial_begin(&trial, NULL, 0);
    trial_time_s = 1000;
    trial_keep(&trial, 0, 3);
    trial_time_s = 1101;
    trial_keep(&trial, 3, 5);
    trial_start(&trial);
    CU_ASSERT(trial_is_drained(&trial));
    trial_stop(&trial);
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_EXPIRED], 3);
    CU_ASSERT_EQUAL(trial.output.taken_count, 2);
    CU_ASSERT_EQUAL(store_counts(trial.store, &counts, NULL), 0);
    CU_ASSERT_EQUAL(counts.dead, 3);
    trial_end(&trial);
    trial_time_s = 0;
}

/* One alert after another is refused while none is taken: after a few no more is given up, and once the collector takes
 * some again, all that are left arrive. */
static void test_all_refused(void)
{
    struct trial trial;
    struct store_counts counts;
    trial_begin(&trial, NULL, 0);
    trial.is_timeless = true;
    trial.output.refuses_all = true;
    trial_keep(&trial, 0, 40);
    trial_start(&trial);
    trial_wait_for_sends(&trial, 100); /* many times over what it takes to try each alert */
    CU_ASSERT_EQUAL(store_counts(trial.store, &counts, NULL), 0);
    CU_ASSERT_EQUAL(counts.dead, SENDER_MAX_REFUSED);
    CU_ASSERT_EQUAL(counts.waiting, 40 - SENDER_MAX_REFUSED);
    pthread_mutex_lock(&trial.log.mutex);
    CU_ASSERT(trial.log.counts[SENDER_DOUBTED] > 0);
    CU_ASSERT(trial.log.longest_wait_ms >= SENDER_FORBIDDEN_MS);
    pthread_mutex_unlock(&trial.log.mutex);
    pthread_mutex_lock(&trial.output.mutex);
    trial.output.refuses_all = false;
    pthread_mutex_unlock(&trial.output.mutex);
    CU_ASSERT(trial_is_drained(&trial));
    trial_stop(&trial);
    CU_ASSERT_EQUAL(store_counts(trial.store, &counts, NULL), 0);
    CU_ASSERT_EQUAL(trial.output.taken_count + counts.dead, 40);
    CU_ASSERT(counts.dead <= SENDER_MAX_REFUSED + 1); /* one may be refused just before another one is taken */
    trial_end(&trial);
}

/* Many bad alerts before good ones do not stop those: the newest shows that the output is well. */
static void test_many_bad(void)
{
    struct trial trial;
    struct store_counts counts;
    trial_begin(&trial, NULL, 0);
    trial.is_timeless = true;
    trial.output.refused_below = 20;
    trial_keep(&trial, 0, 25);
    trial_start(&trial);
    CU_ASSERT(trial_is_drained(&trial));
    trial_stop(&trial);
    CU_ASSERT_EQUAL(trial.output.taken_count, 5);
    CU_ASSERT_EQUAL(store_counts(trial.store, &counts, NULL), 0);
    CU_ASSERT_EQUAL(counts.dead, 20);
    trial_end(&trial);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"in order", test_in_order},
        {"retry", test_retry},
        {"split and refused", test_split},
        {"batches grow again", test_grows_again},
        {"the store fails", test_store_fails},
        {"stop while idle", test_stop_idle},
        {"stop while it waits for the next try", test_stop_in_backoff},
        {"stop while a request hangs", test_stop_hanging},
        {"woken store", test_store_woken},
        {"401 and 403", test_forbidden},
        {"a new output in place of the old", test_renewed},
        {"a day without the collector", test_a_day},
        {"a random start", test_start_spread},
        {"too old", test_expired},
        {"everything is refused", test_all_refused},
        {"many bad ones before good ones", test_many_bad},
        CU_TEST_INFO_NULL,
    };
    vfs_install();
    int code = test_main("sender", tests);
    trial_remove_files();
    return code;
}
