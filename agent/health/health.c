#include "agent/health/health.h"

#include "detect/base/text.h"
#include "detect/event/event.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct ask {
    void (*fill)(void *context, struct health_source *to);
    void *context;
};

struct health {
    pthread_mutex_t lock; /* guards all below */
    struct health_figures now;
    struct ask asks[HEALTH_MAX_SOURCES];
    uint64_t due_ms[HEALTH_MAX_THREADS]; /* by health_clock_ms() */
    uint64_t begin_ms;
    unsigned test_changes;
};

uint64_t health_clock_ms(void)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* can't fail with this clock */
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

int health_new(struct health **out)
{
    struct health *h = calloc(1, sizeof(*h));
    if (h == NULL)
        return -ENOMEM;
    if (pthread_mutex_init(&h->lock, NULL) != 0) {
        free(h);
        return -ENOMEM;
    }
    h->now.started = event_time_now();
    h->begin_ms = health_clock_ms();
    *out = h;
    return 0;
}

void health_free(struct health *h)
{
    if (h == NULL)
        return;
    (void)pthread_mutex_destroy(&h->lock); /* fails only while it is held */
    free(h);
}

void health_read(struct health *h, struct health_figures *figures)
{
    pthread_mutex_lock(&h->lock);
    uint64_t now_ms = health_clock_ms();
    *figures = h->now;
    figures->uptime_ms = now_ms - h->begin_ms;
    for (size_t i = 0; i < h->now.source_count; i++)
        if (h->asks[i].fill != NULL)
            h->asks[i].fill(h->asks[i].context, &figures->sources[i]);
    for (size_t i = 0; i < h->now.thread_count; i++)
        figures->threads[i].overdue_ms = now_ms > h->due_ms[i] ? now_ms - h->due_ms[i] : 0;
    pthread_mutex_unlock(&h->lock);
}

static void put(char *to, size_t size, const char *text)
{
    (void)text_copy(to, size, text_from(text)); /* cut where it is longer */
}

/* Names may be longer than what is kept of them. */
static bool is_name(const char *kept, const char *name)
{
    return strncmp(kept, name, HEALTH_NAME_SIZE - 4) == 0;
}

/* Under the lock: the source's place, made when there is none; NULL: too many. */
static struct health_source *source(struct health *h, const char *name)
{
    size_t i = 0;
    while (i < h->now.source_count && !is_name(h->now.sources[i].name, name))
        i++;
    if (i == HEALTH_MAX_SOURCES)
        return NULL;
    if (i == h->now.source_count) {
        h->now.sources[i] = (struct health_source){.since = event_time_now()};
        put(h->now.sources[i].name, HEALTH_NAME_SIZE, name);
        h->asks[i] = (struct ask){NULL, NULL};
        h->now.source_count++;
    }
    return &h->now.sources[i];
}

static bool is_among(const char *kept, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_name(kept, names[i]))
            return true;
    return false;
}

void health_sources_set(struct health *h, const char *const *names, size_t count)
{
    pthread_mutex_lock(&h->lock);
    size_t kept = 0;
    for (size_t i = 0; i < h->now.source_count; i++) {
        if (!is_among(h->now.sources[i].name, names, count))
            continue;
        h->now.sources[kept] = h->now.sources[i];
        h->asks[kept++] = h->asks[i];
    }
    h->now.source_count = kept;
    for (size_t i = 0; i < count; i++)
        (void)source(h, names[i]); /* the config has fewer than there is room for */
    pthread_mutex_unlock(&h->lock);
}

void health_source_ask(struct health *h, const char *name, void (*fill)(void *context, struct health_source *to),
                       void *context)
{
    pthread_mutex_lock(&h->lock);
    struct health_source *s = source(h, name);
    if (s != NULL)
        h->asks[s - h->now.sources] = (struct ask){fill, context};
    pthread_mutex_unlock(&h->lock);
}

void health_source_state(struct health *h, const char *name, enum health_state state, const char *trouble)
{
    pthread_mutex_lock(&h->lock);
    struct health_source *s = source(h, name);
    if (s != NULL) {
        if (s->state != state)
            s->since = event_time_now();
        s->state = state;
        put(s->trouble, sizeof(s->trouble), trouble == NULL ? "" : trouble);
    }
    pthread_mutex_unlock(&h->lock);
}

void health_source_begin(struct health *h, const char *name, uint64_t record)
{
    pthread_mutex_lock(&h->lock);
    struct health_source *s = source(h, name);
    if (s != NULL) {
        struct health_coverage *c = &s->coverage;
        s->has_record = true;
        s->record = record;
        if (!c->has_begin) {
            c->has_begin = true;
            c->begin = record;
        }
    }
    pthread_mutex_unlock(&h->lock);
}

static void cover(struct health_source *s, const struct health_kept *kept)
{
    struct health_coverage *c = &s->coverage;
    c->events += kept->events;
    c->matches += kept->matches;
    c->empty_command_lines += kept->empty_command_lines;
    if (!kept->has_record)
        return;
    if (s->has_record && kept->record < s->record) { /* the log was cleared: ids begin anew */
        c->has_restarted = true;
        c->has_begin = false;
    }
    c->has_end = true;
    c->end = kept->record;
    s->has_record = true;
    s->record = kept->record;
}

void health_source_kept(struct health *h, const char *name, const struct health_kept *kept)
{
    pthread_mutex_lock(&h->lock);
    struct health_source *s = source(h, name);
    if (s != NULL) {
        s->events += kept->events;
        s->matches += kept->matches;
        s->empty_command_lines += kept->empty_command_lines;
        s->last_kept = event_time_now();
        if (kept->last_event > s->last_event)
            s->last_event = kept->last_event;
        cover(s, kept);
    }
    pthread_mutex_unlock(&h->lock);
}

void health_source_gap(struct health *h, const char *name, uint64_t first, uint64_t last)
{
    pthread_mutex_lock(&h->lock);
    struct health_source *s = source(h, name);
    if (s != NULL) {
        struct health_coverage *c = &s->coverage;
        s->gaps++;
        s->lost += last >= first ? last - first + 1 : 0;
        if (c->lost_count < HEALTH_MAX_RANGES)
            c->lost[c->lost_count++] = (struct health_range){first, last};
        else if (c->lost[HEALTH_MAX_RANGES - 1].last < last)
            c->lost[HEALTH_MAX_RANGES - 1].last = last;
    }
    pthread_mutex_unlock(&h->lock);
}

void health_source_lost(struct health *h, const char *name, uint64_t count)
{
    pthread_mutex_lock(&h->lock);
    struct health_source *s = source(h, name);
    if (s != NULL) {
        s->gaps++;
        s->lost += count;
    }
    pthread_mutex_unlock(&h->lock);
}

void health_source_restart(struct health *h, const char *name)
{
    pthread_mutex_lock(&h->lock);
    struct health_source *s = source(h, name);
    if (s != NULL) {
        s->restarts++;
        s->coverage.has_restarted = true;
        s->coverage.has_begin = false;
        s->has_record = false;
    }
    pthread_mutex_unlock(&h->lock);
}

void health_source_bad_event(struct health *h, const char *name)
{
    pthread_mutex_lock(&h->lock);
    struct health_source *s = source(h, name);
    if (s != NULL) {
        s->bad_events++;
        s->coverage.bad_events++;
    }
    pthread_mutex_unlock(&h->lock);
}

/* What has come since figures were read stays for the next receipt. */
static void take_coverage(struct health_source *s, const struct health_source *taken)
{
    struct health_coverage *c = &s->coverage;
    const struct health_coverage *t = &taken->coverage;
    bool is_same_run = c->has_restarted == t->has_restarted;
    c->events -= t->events;
    c->matches -= t->matches;
    c->empty_command_lines -= t->empty_command_lines;
    c->bad_events -= t->bad_events;
    size_t rest = c->lost_count - t->lost_count; /* ranges are only added */
    memmove(c->lost, c->lost + t->lost_count, rest * sizeof(c->lost[0]));
    c->lost_count = rest;
    if (is_same_run) {
        c->has_restarted = false;
        c->has_begin = t->has_end || c->has_begin;
        c->begin = t->has_end ? t->end : c->begin;
        c->has_end = c->has_end && c->end != t->end;
    }
}

void health_receipt(struct health *h, const struct health_figures *figures)
{
    pthread_mutex_lock(&h->lock);
    for (size_t i = 0; i < figures->source_count; i++) {
        size_t j = 0;
        while (j < h->now.source_count && strcmp(h->now.sources[j].name, figures->sources[i].name) != 0)
            j++;
        if (j < h->now.source_count)
            take_coverage(&h->now.sources[j], &figures->sources[i]);
    }
    pthread_mutex_unlock(&h->lock);
}

static struct health_output *output(struct health *h, const char *name)
{
    for (size_t i = 0; i < h->now.output_count; i++)
        if (is_name(h->now.outputs[i].name, name))
            return &h->now.outputs[i];
    return NULL;
}

void health_outputs_set(struct health *h, const char *const *names, size_t count)
{
    pthread_mutex_lock(&h->lock);
    size_t kept = 0;
    for (size_t i = 0; i < h->now.output_count; i++)
        if (is_among(h->now.outputs[i].name, names, count))
            h->now.outputs[kept++] = h->now.outputs[i];
    h->now.output_count = kept;
    for (size_t i = 0; i < count && h->now.output_count < HEALTH_MAX_OUTPUTS; i++) {
        if (output(h, names[i]) != NULL)
            continue;
        struct health_output *o = &h->now.outputs[h->now.output_count++];
        *o = (struct health_output){.waiting = 0};
        put(o->name, sizeof(o->name), names[i]);
    }
    pthread_mutex_unlock(&h->lock);
}

void health_output_delivered(struct health *h, const char *name, size_t alerts, size_t heartbeats, long status)
{
    pthread_mutex_lock(&h->lock);
    struct health_output *o = output(h, name);
    if (o != NULL) {
        o->delivered += alerts;
        o->heartbeats += heartbeats;
        o->failing = 0;
        o->last_status = status;
        o->last_success = event_time_now();
        o->trouble[0] = '\0';
    }
    pthread_mutex_unlock(&h->lock);
}

void health_output_failed(struct health *h, const char *name, long status, const char *trouble)
{
    pthread_mutex_lock(&h->lock);
    struct health_output *o = output(h, name);
    if (o != NULL) {
        o->failures++;
        o->failing++;
        o->last_status = status;
        o->last_failure = event_time_now();
        put(o->trouble, sizeof(o->trouble), trouble);
    }
    pthread_mutex_unlock(&h->lock);
}

void health_output_refused(struct health *h, const char *name, long status)
{
    pthread_mutex_lock(&h->lock);
    struct health_output *o = output(h, name);
    if (o != NULL) {
        o->refused++;
        o->failing = 0; /* the way there is good */
        o->last_status = status;
        o->last_failure = event_time_now();
        o->trouble[0] = '\0';
    }
    pthread_mutex_unlock(&h->lock);
}

void health_output_overflowed(struct health *h, const char *name, uint64_t count)
{
    pthread_mutex_lock(&h->lock);
    struct health_output *o = output(h, name);
    if (o != NULL)
        o->overflowed += count;
    pthread_mutex_unlock(&h->lock);
}

void health_store(struct health *h, int rc)
{
    pthread_mutex_lock(&h->lock);
    h->now.is_store_full = rc == -ENOSPC;
    h->now.is_store_failing = rc < 0 && rc != -ENOSPC;
    pthread_mutex_unlock(&h->lock);
}

void health_blocks(struct health *h, uint64_t joined, uint64_t incomplete, uint64_t encrypted)
{
    pthread_mutex_lock(&h->lock);
    h->now.blocks_joined += joined;
    h->now.blocks_incomplete += incomplete;
    h->now.blocks_encrypted += encrypted;
    pthread_mutex_unlock(&h->lock);
}

void health_logged(struct health *h, bool is_error)
{
    pthread_mutex_lock(&h->lock);
    if (is_error)
        h->now.log_errors++;
    else
        h->now.log_warnings++;
    pthread_mutex_unlock(&h->lock);
}

void health_alive(struct health *h, const char *name, unsigned due_ms)
{
    pthread_mutex_lock(&h->lock);
    size_t i = 0;
    while (i < h->now.thread_count && !is_name(h->now.threads[i].name, name))
        i++;
    if (i < HEALTH_MAX_THREADS) {
        if (i == h->now.thread_count) {
            put(h->now.threads[i].name, HEALTH_NAME_SIZE, name);
            h->now.thread_count++;
        }
        h->due_ms[i] = health_clock_ms() + due_ms;
    }
    pthread_mutex_unlock(&h->lock);
}

void health_gone(struct health *h, const char *name)
{
    pthread_mutex_lock(&h->lock);
    for (size_t i = 0; i < h->now.thread_count; i++) {
        if (!is_name(h->now.threads[i].name, name))
            continue;
        h->now.thread_count--;
        h->now.threads[i] = h->now.threads[h->now.thread_count];
        h->due_ms[i] = h->due_ms[h->now.thread_count];
        break;
    }
    pthread_mutex_unlock(&h->lock);
}

void health_pace_set(struct health *h, unsigned ms)
{
    pthread_mutex_lock(&h->lock);
    h->now.pace_ms = ms;
    pthread_mutex_unlock(&h->lock);
}

unsigned health_pace(struct health *h)
{
    pthread_mutex_lock(&h->lock);
    unsigned ms = h->now.pace_ms;
    pthread_mutex_unlock(&h->lock);
    return ms;
}

/* Under the lock; NULL: no test. */
static struct health_test *test(struct health *h, const char *alert)
{
    for (size_t i = 0; i < h->now.test_count; i++)
        if (strcmp(h->now.tests[i].alert, alert) == 0)
            return &h->now.tests[i];
    return NULL;
}

void health_test_matched(struct health *h, const char *alert, const char *command_line, uint64_t event_time)
{
    pthread_mutex_lock(&h->lock);
    if (test(h, alert) == NULL) { /* else it is read again */
        if (h->now.test_count == HEALTH_MAX_TESTS) {
            h->now.test_count--;
            memmove(&h->now.tests[0], &h->now.tests[1], h->now.test_count * sizeof(h->now.tests[0]));
        }
        struct health_test *t = &h->now.tests[h->now.test_count++];
        *t = (struct health_test){.event = event_time, .matched = event_time_now()};
        put(t->alert, sizeof(t->alert), alert);
        put(t->command_line, sizeof(t->command_line), command_line);
        for (; t->output_count < h->now.output_count; t->output_count++)
            put(t->outputs[t->output_count].name, HEALTH_NAME_SIZE, h->now.outputs[t->output_count].name);
        h->test_changes++;
    }
    pthread_mutex_unlock(&h->lock);
}

void health_test_kept(struct health *h, const char *alert, const char *source_name)
{
    pthread_mutex_lock(&h->lock);
    struct health_test *t = test(h, alert);
    if (t != NULL && t->kept == 0) {
        t->kept = event_time_now();
        put(t->source, sizeof(t->source), source_name);
        h->test_changes++;
    }
    pthread_mutex_unlock(&h->lock);
}

void health_test_result(struct health *h, const char *alert, const char *name, enum health_test_state state,
                        long status)
{
    pthread_mutex_lock(&h->lock);
    struct health_test *t = test(h, alert);
    for (size_t i = 0; t != NULL && i < t->output_count; i++) {
        if (!is_name(t->outputs[i].name, name))
            continue;
        t->outputs[i].state = state;
        t->outputs[i].at = event_time_now();
        t->outputs[i].status = status;
        h->test_changes++;
    }
    pthread_mutex_unlock(&h->lock);
}

unsigned health_test_changes(struct health *h)
{
    pthread_mutex_lock(&h->lock);
    unsigned changes = h->test_changes;
    pthread_mutex_unlock(&h->lock);
    return changes;
}
