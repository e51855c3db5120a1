#include "transport/sender.h"

#include "transport/backoff.h"
#include "transport/condition.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* How long one look into the store waits for an alert, ms; a new alert and sender_stop() end it at once. */
#define IDLE_MS 60000u

/* Pause after a look that gave nothing: a store that is about to be closed no longer waits, ms. */
#define NOTHING_MS 100u

struct sender {
    struct sender_settings settings;
    const char *name; /* the output's */
    pthread_t thread;
    pthread_mutex_t mutex;    /* guards stopping and ended */
    struct condition changed; /* one of them was set */
    bool stopping, ended;

    /* The thread's own. */
    struct backoff backoff;
    size_t batch; /* alerts to try next; halved by SPLIT, doubled by each success up to the output's most */
    size_t again; /* a try failed: the next one is with as many, so that it is the same batch; 0: none */
};

static bool is_stopping(struct sender *sender)
{
    pthread_mutex_lock(&sender->mutex);
    bool stopping = sender->stopping;
    pthread_mutex_unlock(&sender->mutex);
    return stopping;
}

static void alive(struct sender *sender, unsigned wait_ms)
{
    if (sender->settings.alive != NULL)
        sender->settings.alive(sender->settings.context, sender->name, wait_ms);
}

/* Waits ms, or until sender_stop(). */
static void pause_for(struct sender *sender, unsigned ms)
{
    alive(sender, ms);
    pthread_mutex_lock(&sender->mutex);
    struct timespec deadline = condition_deadline(&sender->changed, ms);
    while (!sender->stopping && condition_wait(&sender->changed, &sender->mutex, &deadline))
        ;
    pthread_mutex_unlock(&sender->mutex);
}

static void report(struct sender *sender, const struct sender_report *what)
{
    struct sender_report full = *what;
    full.output = sender->name;
    sender->settings.report(sender->settings.context, &full);
}

/* The store failed: says so and waits. */
static void store_failed(struct sender *sender, const struct fault *fault)
{
    unsigned wait_ms = backoff_failure_ms(&sender->backoff, 0);
    report(sender, &(struct sender_report){.event = SENDER_STORE, .wait_ms = wait_ms, .fault = fault});
    pause_for(sender, wait_ms);
}

/* The alerts leave the outbox. The collector has them, so nothing but that is tried until it is done. */
static void delivered(struct sender *sender, const struct store_item *items, size_t count,
                      const struct output_result *result)
{
    struct fault fault = {.call = NULL};
    size_t most = output_max_batch_alerts(sender->settings.output);
    while (store_delivered(sender->settings.store, sender->name, items, count, &fault) < 0) {
        store_failed(sender, &fault);
        if (is_stopping(sender))
            return;
    }
    backoff_success(&sender->backoff);
    sender->batch = sender->batch > most / 2 ? most : 2 * sender->batch;
    report(sender, &(struct sender_report){
                       .event = SENDER_DELIVERED, .count = count, .items = items, .status = result->status});
}

/* The alert goes to the dead-letter table. */
static void refused(struct sender *sender, const struct store_item *item, const struct output_result *result)
{
    struct fault fault = {.call = NULL};
    char reason[OUTPUT_MAX_ANSWER + 32];
    snprintf(reason, sizeof(reason), "HTTP %ld%s%s", result->status, result->answer[0] == '\0' ? "" : ": ",
             result->answer);
    while (store_refused(sender->settings.store, sender->name, item, reason, &fault) < 0) {
        store_failed(sender, &fault);
        if (is_stopping(sender))
            return;
    }
    backoff_success(&sender->backoff); /* the way there is good */
    report(sender,
           &(struct sender_report){
               .event = SENDER_REFUSED, .count = 1, .id = item->id, .status = result->status, .fault = &result->fault});
}

static void retry(struct sender *sender, size_t count, const struct output_result *result)
{
    if (is_stopping(sender))
        return; /* broken off by sender_stop(), which is no failure */
    unsigned wait_ms = backoff_failure_ms(&sender->backoff, result->retry_after_ms);
    sender->again = count;
    report(sender, &(struct sender_report){.event = SENDER_RETRY,
                                           .count = count,
                                           .status = result->status,
                                           .wait_ms = wait_ms,
                                           .fault = &result->fault});
    pause_for(sender, wait_ms);
}

/* Takes the oldest alerts from the store and tries to send them, once. */
static void one_batch(struct sender *sender)
{
    struct store_item *items = NULL;
    struct output_result result;
    struct fault fault = {.call = NULL};
    size_t count = 0;
    size_t wanted = sender->again > 0 ? sender->again : sender->batch;
    alive(sender, IDLE_MS);
    int rc = store_next(sender->settings.store, sender->name, wanted, output_max_batch_bytes(sender->settings.output),
                        IDLE_MS, &items, &count, &fault);
    if (rc < 0) {
        store_failed(sender, &fault);
        return;
    }
    if (count == 0) {
        pause_for(sender, NOTHING_MS);
        return;
    }
    alive(sender, 0);
    output_send(sender->settings.output, items, count, &result);
    sender->again = 0;
    switch (result.outcome) {
    case OUTPUT_DELIVERED:
        delivered(sender, items, count, &result);
        break;
    case OUTPUT_RETRY:
        retry(sender, count, &result);
        break;
    case OUTPUT_SPLIT:
        sender->batch = count > 1 ? count / 2 : 1;
        break;
    case OUTPUT_REFUSED:
        refused(sender, &items[0], &result);
        break;
    }
    store_items_free(items, count);
}

/* Runs on the sender's thread. */
static void *run(void *context)
{
    struct sender *sender = context;
    while (!is_stopping(sender))
        one_batch(sender);
    pthread_mutex_lock(&sender->mutex);
    sender->ended = true;
    condition_signal(&sender->changed);
    pthread_mutex_unlock(&sender->mutex);
    return NULL;
}

/* Differs between hosts and starts: the time to the nanosecond, and where memory happens to lie. */
static uint64_t seed_of(const struct sender *sender)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_REALTIME, &now); /* without it the address alone is the seed */
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec + (uint64_t)(uintptr_t)sender;
}

static int init_lock(struct sender *sender)
{
    int rc = condition_init(&sender->changed);
    if (rc < 0)
        return rc;
    rc = -pthread_mutex_init(&sender->mutex, NULL);
    if (rc < 0)
        condition_destroy(&sender->changed);
    return rc;
}

static void free_all(struct sender *sender)
{
    (void)pthread_mutex_destroy(&sender->mutex); /* fails only while it is held */
    condition_destroy(&sender->changed);
    free(sender);
}

int sender_start(struct sender **out, const struct sender_settings *settings)
{
    struct sender *sender = calloc(1, sizeof(*sender));
    if (sender == NULL)
        return -ENOMEM;
    sender->settings = *settings;
    sender->name = output_name(settings->output);
    sender->batch = output_max_batch_alerts(settings->output);
    backoff_reset(&sender->backoff, seed_of(sender));
    int rc = init_lock(sender);
    if (rc < 0) {
        free(sender);
        return rc;
    }
    rc = -pthread_create(&sender->thread, NULL, run, sender);
    if (rc < 0) {
        free_all(sender);
        return rc;
    }
    *out = sender;
    return 0;
}

void sender_stop(struct sender *sender, unsigned grace_ms)
{
    if (sender == NULL)
        return;
    pthread_mutex_lock(&sender->mutex);
    sender->stopping = true;
    condition_signal(&sender->changed);
    pthread_mutex_unlock(&sender->mutex);
    store_wake_output(sender->settings.store, sender->name);

    pthread_mutex_lock(&sender->mutex);
    struct timespec deadline = condition_deadline(&sender->changed, grace_ms);
    while (!sender->ended && condition_wait(&sender->changed, &sender->mutex, &deadline))
        ;
    bool ended = sender->ended;
    pthread_mutex_unlock(&sender->mutex);
    if (!ended)
        output_cancel(sender->settings.output);
    (void)pthread_join(sender->thread, NULL); /* fails only for what is no thread */
    free_all(sender);
}
