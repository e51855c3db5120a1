/* Batches: an answer for each alert, and how long alerts wait for each other. As test_sender.c, with an output of its
 * own. */
#include "transport/outputs/sender.h"

#include "detect/base/condition.h"
#include "tests/test.h"
#include <stdlib.h>
#include <string.h>

#define PATH "test_sender_batch.db"
#define MAX_SENDS 64
#define MAX_ALERTS 64

struct output {
    pthread_mutex_t mutex; /* guards all below */
    struct condition changed;
    bool answers_mixed; /* the first send alone */
    unsigned max_age_ms;
    size_t sends;
    size_t counts[MAX_SENDS]; /* of each send */
    double at[MAX_SENDS];     /* ms */
    int taken[MAX_ALERTS];    /* in the order of delivery */
    size_t taken_count;
    struct output_item items[MAX_ALERTS];
};

/* What the sender reported: alerts for DELIVERED, times for the others. */
struct log {
    pthread_mutex_t mutex;
    size_t counts[8];
    char refused_id[ALERT_ID_SIZE];
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
    (void)output;
    return 8;
}

size_t output_max_batch_bytes(const struct output *output)
{
    (void)output;
    return 1000000;
}

unsigned output_max_batch_age_ms(const struct output *output)
{
    return output->max_age_ms;
}

void output_cancel(struct output *output)
{
    (void)output;
}

void output_close(struct output *output)
{
    (void)output;
}

static void take(struct output *output, const struct store_item *item)
{
    if (output->taken_count < MAX_ALERTS)
        output->taken[output->taken_count++] = number_of(item->id);
}

/* In a MIXED answer: of each three the first is taken, the second comes again, the third is refused. */
static void judge_one(struct output *output, const struct store_item *item, struct output_item *judged)
{
    static const enum output_outcome turns[] = {OUTPUT_DELIVERED, OUTPUT_RETRY, OUTPUT_REFUSED};
    judged->outcome = turns[number_of(item->id) % 3];
    judged->status = judged->outcome == OUTPUT_REFUSED ? 418 : 200;
    snprintf(judged->answer, sizeof(judged->answer), "not %d", number_of(item->id));
    if (judged->outcome == OUTPUT_DELIVERED)
        take(output, item);
}

void output_send(struct output *output, const struct store_item *items, size_t count, struct output_result *result)
{
    memset(result, 0, sizeof(*result));
    pthread_mutex_lock(&output->mutex);
    result->outcome = output->answers_mixed && output->sends == 0 ? OUTPUT_MIXED : OUTPUT_DELIVERED;
    result->items = output->items;
    if (output->sends < MAX_SENDS) {
        output->counts[output->sends] = count;
        output->at[output->sends] = now_ms();
    }
    output->sends++;
    for (size_t i = 0; i < count; i++) {
        if (result->outcome == OUTPUT_MIXED)
            judge_one(output, &items[i], &output->items[i]);
        else
            take(output, &items[i]);
    }
    condition_signal(&output->changed);
    pthread_mutex_unlock(&output->mutex);
}

/* Runs on the sender's thread. */
static void note(void *context, const struct sender_report *report)
{
    struct log *log = context;
    pthread_mutex_lock(&log->mutex);
    log->counts[report->event] += report->event == SENDER_DELIVERED ? report->count : 1;
    if (report->event == SENDER_REFUSED)
        snprintf(log->refused_id, sizeof(log->refused_id), "%s", report->id);
    pthread_mutex_unlock(&log->mutex);
}

/* A store with an output and its sender. */
struct trial {
    struct store *store;
    struct output output;
    struct log log;
    struct sender *sender;
};

static void begin(struct trial *trial, bool answers_mixed, unsigned max_age_ms)
{
    static const char *const outputs[] = {"a"};
    struct store_settings settings = {
        .path = PATH, .outputs = outputs, .output_count = 1, .max_alerts = 1000, .max_bytes = 1000000};
    memset(trial, 0, sizeof(*trial));
    (void)remove(PATH); /* they may not be there */
    (void)remove(PATH "-wal");
    CU_ASSERT_EQUAL_FATAL(store_open(&trial->store, &settings, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(pthread_mutex_init(&trial->output.mutex, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(pthread_mutex_init(&trial->log.mutex, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(condition_init(&trial->output.changed), 0);
    trial->output.answers_mixed = answers_mixed;
    trial->output.max_age_ms = max_age_ms;
}

static void start(struct trial *trial)
{
    struct sender_settings settings = {
        .store = trial->store, .output = &trial->output, .context = &trial->log, .report = note};
    CU_ASSERT_EQUAL_FATAL(sender_start(&trial->sender, &settings), 0);
}

static void keep(struct trial *trial, int from, int to)
{
    for (int i = from; i < to; i++) {
        char id[ALERT_ID_SIZE];
        snprintf(id, sizeof(id), "%064d", i);
        CU_ASSERT_EQUAL(store_keep(trial->store, &(struct store_alert){id, "{}", 2}, 1, NULL, NULL, NULL, NULL), 0);
    }
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

/* All of 0..to-1, each once, in order. */
static void took(const struct trial *trial, int to)
{
    CU_ASSERT_EQUAL_FATAL(trial->output.taken_count, (size_t)to);
    for (int i = 0; i < to; i++)
        CU_ASSERT_EQUAL(trial->output.taken[i], i);
}

/* Of a batch some are taken, some are refused, and those in between come again, alone. */
static void test_mixed(void)
{
    struct trial trial;
    struct store_counts counts;
    begin(&trial, true, 0);
    keep(&trial, 0, 8);
    start(&trial);
    CU_ASSERT(is_drained(&trial));
    stop(&trial);
    static const int taken[] = {0, 3, 6, 1, 4, 7};
    CU_ASSERT_EQUAL_FATAL(trial.output.taken_count, 6);
    for (size_t i = 0; i < 6; i++)
        CU_ASSERT_EQUAL(trial.output.taken[i], taken[i]);
    CU_ASSERT_EQUAL(trial.output.counts[1], 3);
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_DELIVERED], 6);
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_REFUSED], 2);
    CU_ASSERT_EQUAL(trial.log.counts[SENDER_RETRY], 1);
    CU_ASSERT_EQUAL(number_of(trial.log.refused_id), 5);
    CU_ASSERT_EQUAL(store_counts(trial.store, &counts, NULL), 0);
    CU_ASSERT_EQUAL(counts.dead, 2);
    end(&trial);
}

/* The first after quiet goes at once; those soon after it wait for each other; a full batch does not wait. */
static void test_age(void)
{
    struct trial trial;
    begin(&trial, false, 400);
    start(&trial);
    double began = now_ms();
    keep(&trial, 0, 1);
    wait_for_sends(&trial, 1);
    keep(&trial, 1, 2);
    keep(&trial, 2, 3);
    wait_for_sends(&trial, 2);
    keep(&trial, 3, 11);
    wait_for_sends(&trial, 3);
    CU_ASSERT(is_drained(&trial));
    nanosleep(&(struct timespec){0, 450000000L}, NULL);
    double quiet = now_ms();
    keep(&trial, 11, 12);
    CU_ASSERT(is_drained(&trial));
    stop(&trial);
    took(&trial, 12);
    const double *at = trial.output.at;
    CU_ASSERT(at[0] - began < 200);
    CU_ASSERT_EQUAL(trial.output.counts[1], 2);
    CU_ASSERT(at[1] - at[0] >= 390);
    CU_ASSERT_EQUAL(trial.output.counts[trial.output.sends - 1], 1);
    CU_ASSERT(at[trial.output.sends - 1] - quiet < 200);
    end(&trial);
}

/* What waits already fills one batch after another without any wait. */
static void test_age_of_many(void)
{
    struct trial trial;
    begin(&trial, false, 2000);
    keep(&trial, 0, 40);
    start(&trial);
    double began = now_ms();
    CU_ASSERT(is_drained(&trial));
    CU_ASSERT(now_ms() - began < 1500);
    stop(&trial);
    took(&trial, 40);
    end(&trial);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"an answer for each", test_mixed},
        {"batches by age", test_age},
        {"full batches do not wait", test_age_of_many},
        CU_TEST_INFO_NULL,
    };
    return test_main("sender_batch", tests);
}
