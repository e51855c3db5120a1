#include "transport/outputs/sender.h"

#include "detect/base/condition.h"
#include "transport/outputs/backoff.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long one look into the store waits for an alert, ms; a new alert and sender_stop() end it at once. */
#define IDLE_MS 60000u

/* Pause after a look that gave nothing: a store that is about to be closed no longer waits, ms. */
#define NOTHING_MS 100u

/* How often the sender checks whether alerts are too old, ms. */
#define EXPIRE_MS 60000u

struct sender {
    struct sender_settings settings;
    char *name; /* the output's */
    pthread_t thread;
    pthread_mutex_t mutex;    /* guards output, stopping, cancelled and ended */
    struct condition changed; /* one of the last three was set */
    struct output *output;    /* only the thread changes it */
    bool stopping, cancelled, ended;

    /* The thread's own. */
    struct backoff backoff;
    size_t batch; /* alerts to try next; halved by SPLIT, doubled by each success up to the output's most */
    struct timespec last_sent; /* when the last request ended; 0: none yet */
    size_t again;              /* a try failed: the next one is with as many, so that it is the same batch; 0: none */
    unsigned may_refuse;       /* alerts that may still be given up before the collector takes one */
    struct timespec expire_at; /* the next look for alerts that are too old */
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
    if (sender->settings.pause != NULL) {
        sender->settings.pause(sender->settings.context, ms);
        return;
    }
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
    size_t most = output_max_batch_alerts(sender->output);
    while (store_delivered(sender->settings.store, sender->name, items, count, &fault) < 0) {
        store_failed(sender, &fault);
        if (is_stopping(sender))
            return;
    }
    backoff_success(&sender->backoff);
    sender->may_refuse = SENDER_MAX_REFUSED;
    sender->batch = sender->batch > most / 2 ? most : 2 * sender->batch;
    report(sender, &(struct sender_report){
                       .event = SENDER_DELIVERED, .count = count, .items = items, .status = result->status});
}

/* The alert goes to the dead-letter table. */
static void bury(struct sender *sender, const struct store_item *item, const struct output_result *result)
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
    sender->may_refuse -= sender->may_refuse > 0;
    report(sender, &(struct sender_report){.event = SENDER_REFUSED,
                                           .count = 1,
                                           .id = item->id,
                                           .status = result->status,
                                           .fault = &result->fault,
                                           .answer = result->answer});
}

/* Takes over a new output, if there is one to be had. */
static void renew(struct sender *sender, enum sender_renew why)
{
    if (sender->settings.renew == NULL)
        return;
    struct output *fresh = sender->settings.renew(sender->settings.context, why);
    if (fresh == NULL)
        return;
    pthread_mutex_lock(&sender->mutex);
    struct output *old = sender->output;
    sender->output = fresh;
    if (sender->cancelled)
        output_cancel(fresh);
    pthread_mutex_unlock(&sender->mutex);
    output_close(old);
    report(sender, &(struct sender_report){.event = SENDER_RENEWED});
}

/* What an operator must mend: by the clock and not by the backoff, which a collector that answers has no use for. */
static void forbidden(struct sender *sender, enum sender_event event, size_t count, const struct output_result *result)
{
    unsigned wait_ms = SENDER_FORBIDDEN_MS;
    if (result->retry_after_ms > wait_ms)
        wait_ms = result->retry_after_ms;
    wait_ms += backoff_random(&sender->backoff, wait_ms / 10); /* not in step */
    sender->again = count;
    report(sender, &(struct sender_report){.event = event,
                                           .count = count,
                                           .status = result->status,
                                           .wait_ms = wait_ms,
                                           .fault = &result->fault,
                                           .answer = result->answer});
    pause_for(sender, wait_ms);
    if (!is_stopping(sender))
        renew(sender, SENDER_RENEW_FORBIDDEN);
}

static void retry(struct sender *sender, size_t count, const struct output_result *result)
{
    if (is_stopping(sender))
        return; /* broken off by sender_stop(), which is no failure */
    if (result->status == 401 || result->status == 403 || result->is_for_operator) {
        forbidden(sender, SENDER_FORBIDDEN, count, result);
        return;
    }
    unsigned wait_ms = backoff_failure_ms(&sender->backoff, result->retry_after_ms);
    sender->again = count;
    report(sender, &(struct sender_report){.event = SENDER_RETRY,
                                           .count = count,
                                           .status = result->status,
                                           .wait_ms = wait_ms,
                                           .fault = &result->fault,
                                           .answer = result->answer});
    pause_for(sender, wait_ms);
}

/* Does the collector take the newest alert that waits, or is everything refused? A heartbeat comes each minute, so that
 * nobody who has alerts refused at will can keep the newest one for himself. */
static bool takes_another(struct sender *sender, const struct store_item *than)
{
    struct store_item *newest = NULL;
    struct output_result result;
    size_t count = 0;
    if (store_newest(sender->settings.store, sender->name, &newest, &count, NULL) < 0)
        return false;
    bool is_other = count == 1 && strcmp(newest->id, than->id) != 0;
    result.outcome = OUTPUT_RETRY;
    if (is_other)
        output_send(sender->output, newest, 1, &result);
    if (result.outcome == OUTPUT_DELIVERED) {
        delivered(sender, newest, 1, &result);
        sender->may_refuse = SENDER_MAX_REFUSED_PROVED;
    }
    store_items_free(newest, count);
    return result.outcome == OUTPUT_DELIVERED;
}

/* An alert that stands alone is refused. One is given up, and a few; but where nothing else is taken either, a gateway
 * or a setting is at fault, and giving up would destroy all that waits. */
static void refused(struct sender *sender, const struct store_item *item, const struct output_result *result)
{
    if (sender->may_refuse > 0 || takes_another(sender, item)) {
        bury(sender, item, result);
        return;
    }
    sender->batch = 1;
    if (!is_stopping(sender))
        forbidden(sender, SENDER_DOUBTED, 1, result);
}

/* What the collector said of the one alert at place. */
static struct output_result result_of(const struct output_result *result, size_t place)
{
    struct output_result one = *result;
    one.status = result->items[place].status;
    memcpy(one.answer, result->items[place].answer, sizeof(one.answer));
    return one;
}

/* The collector answered for each alert by itself. Those that it did not take are the oldest then, and come again. */
static void mixed(struct sender *sender, const struct store_item *items, size_t count, struct output_result *result)
{
    size_t left = 0;
    bool is_any_taken = false;
    for (size_t i = 0; i < count; i++)
        is_any_taken |= result->items[i].outcome == OUTPUT_DELIVERED;
    for (size_t begin = 0, end; begin < count && !is_stopping(sender); begin = end) {
        const struct output_item *item = &result->items[begin];
        for (end = begin + 1; end < count && result->items[end].outcome == item->outcome; end++)
            ;
        if (item->outcome == OUTPUT_DELIVERED)
            delivered(sender, items + begin, end - begin, result);
        else if (item->outcome == OUTPUT_RETRY)
            left += end - begin;
        for (size_t i = begin; item->outcome == OUTPUT_REFUSED && i < end; i++) {
            struct output_result one = result_of(result, i);
            bool is_doubtful = !is_any_taken && sender->may_refuse == 0;
            if (is_doubtful) {
                refused(sender, &items[i], &one); /* sends another one: what result says of the rest is gone, ... */
                return;                           /* ... and the rest comes again */
            }
            bury(sender, &items[i], &one);
        }
    }
    if (left > 0)
        retry(sender, left, result);
}

/* Alerts that come soon after a request wait for more of them; the first after quiet goes at once. */
static bool is_worth_waiting(const struct sender *sender, const struct store_item *items, size_t count, size_t wanted)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += items[i].size;
    /* Full, by number or because another one of their size does not fit. */
    return count < wanted && bytes + bytes / count <= output_max_batch_bytes(sender->output);
}

/* What is left of the time that alerts may wait after the last request, ms. */
static unsigned age_left_ms(const struct sender *sender)
{
    struct timespec now;
    unsigned age_ms = output_max_batch_age_ms(sender->output);
    if (sender->last_sent.tv_sec == 0 && sender->last_sent.tv_nsec == 0)
        return 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* fails only for an unknown clock */
    int64_t passed =
        (int64_t)(now.tv_sec - sender->last_sent.tv_sec) * 1000 + (now.tv_nsec - sender->last_sent.tv_nsec) / 1000000;
    return passed >= age_ms ? 0 : age_ms - (unsigned)passed;
}

static bool has_passed(const struct timespec *moment)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* fails only for an unknown clock */
    return now.tv_sec > moment->tv_sec || (now.tv_sec == moment->tv_sec && now.tv_nsec >= moment->tv_nsec);
}

/* Now and then: alerts that nobody has taken for too long go to the dead letters. */
static void expire(struct sender *sender)
{
    size_t count = 0;
    struct fault fault = {.call = NULL};
    if (!has_passed(&sender->expire_at))
        return;
    (void)clock_gettime(CLOCK_MONOTONIC, &sender->expire_at); /* as above */
    sender->expire_at.tv_sec += EXPIRE_MS / 1000u;
    if (store_expire(sender->settings.store, sender->name, &count, &fault) < 0)
        store_failed(sender, &fault);
    else if (count > 0)
        report(sender, &(struct sender_report){.event = SENDER_EXPIRED, .count = count});
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
    expire(sender);
    int rc = store_next(sender->settings.store, sender->name, wanted, output_max_batch_bytes(sender->output), IDLE_MS,
                        &items, &count, &fault);
    if (rc < 0) {
        store_failed(sender, &fault);
        return;
    }
    if (count == 0) {
        pause_for(sender, NOTHING_MS);
        return;
    }
    unsigned wait_ms = sender->again > 0 ? 0 : age_left_ms(sender);
    if (wait_ms > 0 && is_worth_waiting(sender, items, count, wanted)) {
        store_items_free(items, count);
        pause_for(sender, wait_ms);
        return;
    }
    alive(sender, 0);
    renew(sender, SENDER_RENEW_CHANGED);
    output_send(sender->output, items, count, &result);
    (void)clock_gettime(CLOCK_MONOTONIC, &sender->last_sent); /* fails only for an unknown clock */
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
    case OUTPUT_MIXED:
        mixed(sender, items, count, &result);
        break;
    }
    store_items_free(items, count);
}

/* Hosts that start together find their old alerts together. */
static void spread_start(struct sender *sender)
{
    struct store_item *items = NULL;
    size_t count = 0;
    if (sender->settings.start_spread_ms == 0 ||
        store_next(sender->settings.store, sender->name, 1, 1, 0, &items, &count, NULL) < 0)
        return;
    store_items_free(items, count);
    if (count > 0)
        pause_for(sender, backoff_random(&sender->backoff, sender->settings.start_spread_ms));
}

/* Runs on the sender's thread. */
static void *run(void *context)
{
    struct sender *sender = context;
    spread_start(sender);
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
    free(sender->name);
    free(sender);
}

int sender_start(struct sender **out, const struct sender_settings *settings)
{
    struct sender *sender = calloc(1, sizeof(*sender));
    if (sender == NULL)
        return -ENOMEM;
    sender->settings = *settings;
    sender->output = settings->output;
    sender->name = text_dup(text_from(output_name(settings->output)));
    sender->batch = output_max_batch_alerts(settings->output);
    sender->may_refuse = SENDER_MAX_REFUSED;
    backoff_reset(&sender->backoff, seed_of(sender));
    int rc = sender->name == NULL ? -ENOMEM : init_lock(sender);
    if (rc < 0) {
        free(sender->name);
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
    sender->cancelled = !sender->ended;
    if (sender->cancelled)
        output_cancel(sender->output);
    pthread_mutex_unlock(&sender->mutex);
    (void)pthread_join(sender->thread, NULL); /* fails only for what is no thread */
    output_close(sender->output);
    free_all(sender);
}
