/* The sender with an output of the test's own: linked before the library, these functions stand for output.c. */
#include "transport/sender.h"

#include "tests/test.h"
#include "tests/transport/vfs.h"
#include "transport/condition.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATH "test_sender.db"
#define MAX_SENDS 256
#define MAX_ALERTS 64

/* What the output was asked to do, and what it is to answer. */
struct output {
    pthread_mutex_t mutex; /* guards all below */
    struct condition changed;
    const enum output_outcome *script; /* for each send in turn; DELIVERED after its end */
    size_t script_count;
    int refused_id;  /* an alert that is never taken, as by a collector that says 422; -1: none */
    bool fills_disk; /* after each send the disk is full, until the sender reports that */
    bool hangs;      /* sends end only by output_cancel() */
    bool cancelled;
    size_t max_batch;
    size_t sends;
    size_t counts[MAX_SENDS]; /* of each send */
    int firsts[MAX_SENDS];    /* its first alert */
    double at[MAX_SENDS];     /* ms */
    int taken[MAX_ALERTS];    /* in the order of delivery */
    size_t taken_count;
};

/* What the sender reported. */
struct log {
    pthread_mutex_t mutex;
    size_t counts[4]; /* of each event; alerts for DELIVERED */
    unsigned longest_wait_ms;
    char refused_id[ALERT_ID_SIZE];
    char output[16];
    bool had_fault;
};

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* The number that an alert's id is. */
static int number_of(const char *id)
{
    return (int)strtol(id, NULL, 10);
}

const char *output_name(const struct output *output)
{
    (void)output;
    return "a";
}

size_t output_max_batch_alerts(const struct output *output)
{
    return output->max_batch;
}

size_t output_max_batch_bytes(const struct output *output)
{
    (void)output;
    return 1000000;
}

static enum output_outcome decide(const struct output *output, const struct store_item *items, size_t count)
{
    if (output->sends < output->script_count)
        return output->script[output->sends];
    for (size_t i = 0; i < count; i++)
        if (number_of(items[i].id) == output->refused_id)
            return count > 1 ? OUTPUT_SPLIT : OUTPUT_REFUSED;
    return OUTPUT_DELIVERED;
}

void output_send(struct output *output, const struct store_item *items, size_t count, struct output_result *result)
{
    memset(result, 0, sizeof(*result));
    pthread_mutex_lock(&output->mutex);
    result->outcome = decide(output, items, count);
    if (output->sends < MAX_SENDS) {
        output->counts[output->sends] = count;
        output->firsts[output->sends] = number_of(items[0].id);
        output->at[output->sends] = now_ms();
    }
    output->sends++;
    condition_signal(&output->changed);
    while (output->hangs && !output->cancelled) {
        struct timespec deadline = condition_deadline(&output->changed, 1000);
        (void)condition_wait(&output->changed, &output->mutex, &deadline);
        result->outcome = OUTPUT_RETRY;
    }
    if (output->fills_disk)
        vfs_trial.is_full = true;
    if (result->outcome == OUTPUT_REFUSED)
        result->status = 422;
    if (result->outcome != OUTPUT_DELIVERED)
        fault_set(&result->fault, "POST", 1, text_from(NULL), "no");
    for (size_t i = 0; result->outcome == OUTPUT_DELIVERED && i < count && output->taken_count < MAX_ALERTS; i++)
        output->taken[output->taken_count++] = number_of(items[i].id);
    pthread_mutex_unlock(&output->mutex);
}

void output_cancel(struct output *output)
{
    pthread_mutex_lock(&output->mutex);
    output->cancelled = true;
    condition_signal(&output->changed);
    pthread_mutex_unlock(&output->mutex);
}

/* Runs on the sender's thread. */
static void note(void *context, const struct sender_report *report)
{
    struct log *log = context;
    pthread_mutex_lock(&log->mutex);
    log->counts[report->event] += report->event == SENDER_DELIVERED ? report->count : 1;
    if (report->wait_ms > log->longest_wait_ms)
        log->longest_wait_ms = report->wait_ms;
    if (report->event == SENDER_REFUSED)
        snprintf(log->refused_id, sizeof(log->refused_id), "%s", report->id);
    snprintf(log->output, sizeof(log->output), "%s", report->output);
    if (report->event == SENDER_STORE)
        vfs_trial.is_full = false;
    log->had_fault = report->fault != NULL && report->fault->call != NULL;
    pthread_mutex_unlock(&log->mutex);
}

/* A store with an output and its sender. */
struct trial {
    struct store *store;
    struct output output;
    struct log log;
    struct sender *sender;
};

static void remove_files(void)
{
    (void)remove(PATH); /* they may not be there */
    (void)remove(PATH "-wal");
}

static void begin(struct trial *trial, const enum output_outcome *script, size_t script_count)
{
    static const char *const outputs[] = {"a"};
    struct store_settings settings = {PATH, outputs, 1, 1000, 1000000};
    memset(trial, 0, sizeof(*trial));
    remove_files();
    CU_ASSERT_EQUAL_FATAL(store_open(&trial->store, &settings, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(pthread_mutex_init(&trial->output.mutex, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(pthread_mutex_init(&trial->log.mutex, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(condition_init(&trial->output.changed), 0);
    trial->output.script = script;
    trial->output.script_count = script_count;
    trial->output.refused_id = -1;
    trial->output.max_batch = 8;
}

static void keep(struct trial *trial, int from, int to)
{
    for (int i = from; i < to; i++) {
        char id[ALERT_ID_SIZE];
        snprintf(id, sizeof(id), "%064d", i);
        CU_ASSERT_EQUAL(store_keep(trial->store, &(struct store_alert){id, "{}", 2}, 1, NULL, NULL, NULL, NULL), 0);
    }
}

static void start(struct trial *trial)
{
    struct sender_settings settings = {
        .store = trial->store, .output = &trial->output, .context = &trial->log, .report = note};
    CU_ASSERT_EQUAL_FATAL(sender_start(&trial->sender, &settings), 0);
}

/* Waits until nothing waits any more; false after 60 s. */
static bool is_drained(struct trial *trial)
{
    for (int i = 0; i < 6000; i++) {
        struct store_counts counts;
        CU_ASSERT_EQUAL(store_counts(trial->store, &counts, NULL), 0);
        if (counts.waiting == 0)
            return true;
        nanosleep(&(struct timespec){0, 10000000L}, NULL);
    }
    return false;
}

static void wait_for_sends(struct trial *trial, size_t sends)
{
    struct timespec deadline = condition_deadline(&trial->output.changed, 60000);
    pthread_mutex_lock(&trial->output.mutex);
    while (trial->output.sends < sends && condition_wait(&trial->output.changed, &trial->output.mutex, &deadline))
        ;
    CU_ASSERT(trial->output.sends >= sends);
    pthread_mutex_unlock(&trial->output.mutex);
}

static void stop(struct trial *trial)
{
    sender_stop(trial->sender, 5000);
    trial->sender = NULL;
}

static void end(struct trial *trial)
{
    store_close(trial->store);
    condition_destroy(&trial->output.changed);
    pthread_mutex_destroy(&trial->output.mutex);
    pthread_mutex_destroy(&trial->log.mutex);
}

/* All of from..to-1 but leave_out, each once, in order. */
static void took(const struct trial *trial, int from, int to, int leave_out)
{
    size_t at = 0;
    for (int i = from; i < to; i++)
        if (i != leave_out && at < trial->output.taken_count)
            CU_ASSERT_EQUAL(trial->output.taken[at++], i);
    CU_ASSERT_EQUAL(at, trial->output.taken_count);
    CU_ASSERT_EQUAL(at, (size_t)(to - from - (leave_out >= from)));
}

static void test_in_order(void)
{
    struct trial trial;
    begin(&trial, NULL, 0);
    keep(&trial, 0, 20);
    start(&trial);
    CU_ASSERT(is_drained(&trial));
    keep(&trial, 20, 30); /* while it waits */
    CU_ASSERT(is_drained(&trial));
    stop(&trial);
    took(&trial, 0, 30, -1);
    CU_ASSERT_EQUAL(trial.output.counts[0], 8); /* the output's most */
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_DELIVERED], 30);
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_RETRY], 0);
    CU_ASSERT_STRING_EQUAL(trial.log.output, "a");
    CU_ASSERT(!trial.log.had_fault);
    end(&trial);
}

/* The same batch again, after a wait, though more alerts have come. */
static void test_retry(void)
{
    static const enum output_outcome script[] = {OUTPUT_RETRY, OUTPUT_RETRY};
    struct trial trial;
    begin(&trial, script, 2);
    keep(&trial, 0, 3);
    start(&trial);
    wait_for_sends(&trial, 1);
    keep(&trial, 3, 6);
    CU_ASSERT(is_drained(&trial));
    stop(&trial);
    took(&trial, 0, 6, -1);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(trial.output.counts[i], 3);
        CU_ASSERT_EQUAL(trial.output.firsts[i], 0);
    }
    CU_ASSERT_EQUAL(trial.output.counts[3], 3);
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_RETRY], 2);
    CU_ASSERT(trial.log.longest_wait_ms <= 2000);
    CU_ASSERT(trial.output.at[2] - trial.output.at[0] <= 3000 + 2000);
    end(&trial);
}

/* Halves until the one that is refused stands alone; the others are taken, in order. */
static void test_split(void)
{
    for (int refused = 0; refused < 8; refused++) {
        struct trial trial;
        struct store_counts counts;
        begin(&trial, NULL, 0);
        trial.output.refused_id = refused;
        keep(&trial, 0, 20);
        start(&trial);
        CU_ASSERT(is_drained(&trial));
        stop(&trial);
        took(&trial, 0, 20, refused);
        CU_ASSERT(trial.output.sends <= 20);
        CU_ASSERT_EQUAL(trial.log.counts[SENDER_REFUSED], 1);
        CU_ASSERT_EQUAL(trial.log.counts[SENDER_DELIVERED], 19);
        CU_ASSERT_EQUAL(number_of(trial.log.refused_id), refused);
        CU_ASSERT_EQUAL(store_counts(trial.store, &counts, NULL), 0);
        CU_ASSERT_EQUAL(counts.dead, 1);
        end(&trial);
    }
}

/* After a split batches grow again, to the output's most. */
static void test_grows_again(void)
{
    static const enum output_outcome script[] = {OUTPUT_SPLIT, OUTPUT_SPLIT, OUTPUT_SPLIT};
    static const size_t want[] = {8, 4, 2, 1, 2, 4, 8, 8};
    struct trial trial;
    begin(&trial, script, 3);
    keep(&trial, 0, 31);
    start(&trial);
    CU_ASSERT(is_drained(&trial));
    stop(&trial);
    took(&trial, 0, 31, -1);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
        CU_ASSERT_EQUAL(trial.output.counts[i], want[i]);
    end(&trial);
}

/* The store can't note the delivery: that is tried again, and nothing is sent twice for it. */
static void test_store_fails(void)
{
    struct trial trial;
    begin(&trial, NULL, 0);
    trial.output.fills_disk = true;
    trial.output.refused_id = 0;
    keep(&trial, 0, 2);
    start(&trial);
    CU_ASSERT(is_drained(&trial));
    stop(&trial);
    took(&trial, 0, 2, 0);
    CU_ASSERT_EQUAL(trial.output.sends, 3); /* both, the refused one, the other */
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_STORE], 2);
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_DELIVERED], 1);
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_REFUSED], 1);
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_RETRY], 0);
    end(&trial);
}

static void test_stop_idle(void)
{
    struct trial trial;
    begin(&trial, NULL, 0);
    start(&trial);
    nanosleep(&(struct timespec){0, 50000000L}, NULL);
    double started = now_ms();
    stop(&trial);
    CU_ASSERT(now_ms() - started < 1000);
    CU_ASSERT(!trial.output.cancelled);
    end(&trial);
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
    begin(&trial, script, MAX_SENDS);
    keep(&trial, 0, 1);
    start(&trial);
    wait_for_sends(&trial, 3);
    double started = now_ms();
    stop(&trial);
    CU_ASSERT(now_ms() - started < 1000);
    CU_ASSERT_EQUAL(store_counts(trial.store, &counts, NULL), 0);
    CU_ASSERT_EQUAL(counts.waiting, 1);
    end(&trial);
}

/* A request that hangs is broken off after the grace. */
static void test_stop_hanging(void)
{
    struct trial trial;
    struct store_counts counts;
    begin(&trial, NULL, 0);
    trial.output.hangs = true;
    keep(&trial, 0, 2);
    start(&trial);
    wait_for_sends(&trial, 1);
    double started = now_ms();
    sender_stop(trial.sender, 300);
    double waited = now_ms() - started;
    CU_ASSERT(waited >= 290 && waited < 2000);
    CU_ASSERT(trial.output.cancelled);
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_RETRY], 0); /* no failure of the collector's */
    CU_ASSERT_EQUAL(store_counts(trial.store, &counts, NULL), 0);
    CU_ASSERT_EQUAL(counts.waiting, 2);
    end(&trial);
}

/* A store whose waiting is over for good does not make the sender run hot. */
static void test_store_woken(void)
{
    struct trial trial;
    struct timespec before, after;
    begin(&trial, NULL, 0);
    start(&trial);
    store_wake(trial.store);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    nanosleep(&(struct timespec){0, 400000000L}, NULL);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    stop(&trial);
    CU_ASSERT((double)(after.tv_sec - before.tv_sec) * 1e3 + (double)(after.tv_nsec - before.tv_nsec) / 1e6 < 100);
    end(&trial);
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
        CU_TEST_INFO_NULL,
    };
    vfs_install();
    int code = test_main("sender", tests);
    remove_files();
    return code;
}
