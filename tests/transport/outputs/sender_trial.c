#include "tests/transport/outputs/sender_trial.h"

#include "detect/base/condition.h"
#include "tests/test.h"
#include "tests/transport/outbox/vfs.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATH "test_sender.db"

double trial_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int trial_number_of(const char *id)
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

unsigned output_max_batch_age_ms(const struct output *output)
{
    return output->max_age_ms;
}

static enum output_outcome decide(const struct output *output, const struct store_item *items, size_t count)
{
    if (output->is_away)
        return OUTPUT_RETRY;
    if (output->sends < output->script_count)
        return output->script[output->sends];
    for (size_t i = 0; i < count; i++)
        if (output->refuses_all || trial_number_of(items[i].id) == output->refused_id ||
            trial_number_of(items[i].id) < output->refused_below)
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
        output->firsts[output->sends] = trial_number_of(items[0].id);
        output->at[output->sends] = trial_now_ms();
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
    if (result->outcome != OUTPUT_DELIVERED && output->status != 0)
        result->status = output->status;
    if (result->outcome != OUTPUT_DELIVERED)
        fault_set(&result->fault, "POST", 1, text_from(NULL), "no");
    for (size_t i = 0; result->outcome == OUTPUT_DELIVERED && i < count && output->taken_count < MAX_ALERTS; i++)
        output->taken[output->taken_count++] = trial_number_of(items[i].id);
    pthread_mutex_unlock(&output->mutex);
}

void output_cancel(struct output *output)
{
    pthread_mutex_lock(&output->mutex);
    output->cancelled = true;
    condition_signal(&output->changed);
    pthread_mutex_unlock(&output->mutex);
}

void output_close(struct output *output)
{
    if (output != NULL)
        output->closed = true;
}

/* Runs on the sender's thread. */
static void note(void *context, const struct sender_report *report)
{
    struct log *log = context;
    pthread_mutex_lock(&log->mutex);
    log->counts[report->event] +=
        report->event == SENDER_DELIVERED || report->event == SENDER_EXPIRED ? report->count : 1;
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

void trial_remove_files(void)
{
    (void)remove(PATH); /* they may not be there */
    (void)remove(PATH "-wal");
    (void)remove(PATH ".bookmarks");
}

void trial_begin_output(struct output *output)
{
    CU_ASSERT_EQUAL_FATAL(pthread_mutex_init(&output->mutex, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(condition_init(&output->changed), 0);
    output->refused_id = -1;
    output->max_batch = 8;
}

int64_t trial_time_s;

static int64_t trial_now_s(void)
{
    return trial_time_s;
}

void trial_begin(struct trial *trial, const enum output_outcome *script, size_t script_count)
{
    static const char *const outputs[] = {"a"};
    struct store_settings settings = {.path = PATH,
                                      .outputs = outputs,
                                      .output_count = 1,
                                      .max_alerts = 1000,
                                      .max_bytes = 1000000,
                                      .max_age_s = 100,
                                      .now_s = trial_now_s};
    memset(trial, 0, sizeof(*trial));
    trial_remove_files();
    CU_ASSERT_EQUAL_FATAL(store_open(&trial->store, &settings, NULL), 0);
    trial_begin_output(&trial->output);
    CU_ASSERT_EQUAL_FATAL(pthread_mutex_init(&trial->log.mutex, NULL), 0);
    trial->output.script = script;
    trial->output.script_count = script_count;
}

void trial_keep(struct trial *trial, int from, int to)
{
    for (int i = from; i < to; i++) {
        char id[ALERT_ID_SIZE];
        snprintf(id, sizeof(id), "%064d", i);
        CU_ASSERT_EQUAL(store_keep(trial->store, &(struct store_alert){id, "{}", 2}, 1, NULL, NULL, NULL, NULL), 0);
    }
}

static void note_trial(void *context, const struct sender_report *report)
{
    note(&((struct trial *)context)->log, report);
}

static struct output *renew(void *context, enum sender_renew why)
{
    struct trial *trial = context;
    trial->changed += why == SENDER_RENEW_CHANGED;
    trial->forbidden += why == SENDER_RENEW_FORBIDDEN;
    if (!trial->renews || why != trial->renew_when)
        return NULL;
    trial->renews = false;
    return &trial->fresh;
}

static void pause_not_at_all(void *context, unsigned ms)
{
    ((struct trial *)context)->paused_ms += ms;
}

void trial_start(struct trial *trial)
{
    struct sender_settings settings = {.store = trial->store,
                                       .output = &trial->output,
                                       .context = trial,
                                       .report = note_trial,
                                       .renew = renew,
                                       .pause = trial->is_timeless ? pause_not_at_all : NULL,
                                       .start_spread_ms = trial->spread_ms};
    CU_ASSERT_EQUAL_FATAL(sender_start(&trial->sender, &settings), 0);
}

/* Waits until nothing waits any more; false after 60 s. */
bool trial_is_drained(struct trial *trial)
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

void trial_wait_for_sends(struct trial *trial, size_t sends)
{
    struct timespec deadline = condition_deadline(&trial->output.changed, 60000);
    pthread_mutex_lock(&trial->output.mutex);
    while (trial->output.sends < sends && condition_wait(&trial->output.changed, &trial->output.mutex, &deadline))
        ;
    CU_ASSERT(trial->output.sends >= sends);
    pthread_mutex_unlock(&trial->output.mutex);
}

void trial_stop(struct trial *trial)
{
    sender_stop(trial->sender, 5000);
    trial->sender = NULL;
}

void trial_end(struct trial *trial)
{
    store_close(trial->store);
    condition_destroy(&trial->output.changed);
    pthread_mutex_destroy(&trial->output.mutex);
    pthread_mutex_destroy(&trial->log.mutex);
}

/* All of from..to-1 but leave_out, each once, in order. */
void trial_took(const struct trial *trial, int from, int to, int leave_out)
{
    size_t at = 0;
    for (int i = from; i < to; i++)
        if (i != leave_out && at < trial->output.taken_count)
            CU_ASSERT_EQUAL(trial->output.taken[at++], i);
    CU_ASSERT_EQUAL(at, trial->output.taken_count);
    CU_ASSERT_EQUAL(at, (size_t)(to - from - (leave_out >= from)));
}
