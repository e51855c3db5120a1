#include "agent/scan_run.h"

#include "agent/scan_file.h"
#include "detect/rule.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

/* The files that are left, and what came of the others. */
struct work {
    struct scan_shared shared;
    pthread_mutex_t lock; /* guards all below */
    size_t next;
    struct scan_totals totals;
    int error; /* ends the scan */
};

static void totals_add(struct scan_totals *to, const struct scan_totals *from)
{
    to->files += from->files;
    to->failed += from->failed;
    to->bytes += from->bytes;
    to->events += from->events;
    to->process += from->process;
    to->bad += from->bad;
    to->alerts += from->alerts;
}

/* Runs on each of the scan's threads. */
static void *worker(void *context)
{
    struct work *w = context;
    pthread_mutex_lock(&w->lock);
    while (w->error == 0 && w->next < w->shared.settings->count) {
        struct scan_totals totals = {0};
        size_t file = w->next++;
        pthread_mutex_unlock(&w->lock);
        int rc = scan_file(&w->shared, file, &totals);
        scan_output_done(w->shared.output, file);
        pthread_mutex_lock(&w->lock);
        totals_add(&w->totals, &totals);
        if (rc < 0 && w->error == 0)
            w->error = rc;
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* With as many of the threads as can be had; this one is the first. */
static void work_all(struct work *w)
{
    pthread_t threads[SCAN_MAX_JOBS];
    size_t wanted = w->shared.settings->jobs, count = 0;
    if (wanted > w->shared.settings->count)
        wanted = w->shared.settings->count;
    while (count + 1 < wanted && pthread_create(&threads[count], NULL, worker, w) == 0)
        count++;
    (void)worker(w); /* NULL */
    while (count > 0)
        pthread_join(threads[--count], NULL);
}

static double now(void)
{
    struct timespec time;
    return clock_gettime(CLOCK_MONOTONIC, &time) == 0 ? (double)time.tv_sec + (double)time.tv_nsec / 1e9 : 0;
}

int scan_run(struct scan_totals *totals, const struct scan_settings *settings)
{
    struct work w = {.shared = {.settings = settings}};
    struct matcher *matcher = NULL;
    size_t rule_count;
    const struct rule *const *rules = rules_all(&rule_count);
    double begin = now();

    *totals = (struct scan_totals){0};
    int rc = -pthread_mutex_init(&w.lock, NULL);
    if (rc < 0)
        return rc;
    rc = matcher_new(&matcher, rules, rule_count);
    if (rc == 0)
        rc = scan_output_new(&w.shared.output, settings->alerts, settings->count);
    if (rc == 0) {
        w.shared.matcher = matcher;
        work_all(&w);
        *totals = w.totals;
        rc = w.error;
    }
    totals->seconds = now() - begin;
    scan_output_free(w.shared.output);
    matcher_free(matcher);
    pthread_mutex_destroy(&w.lock);
    return rc;
}
