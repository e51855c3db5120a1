#include "agent/scan/scan_run.h"

#include "agent/scan/scan_file.h"
#include "agent/scan/scan_order.h"
#include "detect/rules/rule_builtin.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* The pieces that are left, and what came of the others. */
struct work {
    struct scan_shared shared;
    struct scan_piece *pieces;
    size_t count;
    pthread_mutex_t lock; /* guards all below */
    struct scan_order *order;
    struct scan_totals totals;
    int error; /* ends the scan */
};

void scan_totals_add(struct scan_totals *to, const struct scan_totals *from)
{
    to->files += from->files;
    to->failed += from->failed;
    to->bytes += from->bytes;
    to->events += from->events;
    to->process += from->process;
    to->bad += from->bad;
    to->suspects += from->suspects;
    to->recovered += from->recovered;
    to->remnants += from->remnants;
    to->alerts += from->alerts;
    to->joined += from->joined;
    to->incomplete += from->incomplete;
    to->encrypted += from->encrypted;
}

/* The pieces that were not begun will not be: what was found in those after them is written. The lock is held. */
static void leave_rest(struct work *w)
{
    for (size_t place; (place = scan_order_next(w->order)) < w->count;) {
        scan_output_done(w->shared.output, place);
        scan_order_done(w->order, place);
    }
}

/* The report names the files that were not read to their end. */
static int report_rest(struct work *w)
{
    const struct scan_settings *settings = w->shared.settings;
    int rc = 0;
    for (size_t i = 0; rc == 0 && settings->report != NULL && i < settings->count; i++)
        if (w->shared.states[i].left > 0)
            rc = scan_report_file(settings->report, i, settings->paths[i], &w->shared.states[i].totals,
                                  "the scan was ended before it was read");
    return rc;
}

/* Runs on each of the scan's threads. */
static void *worker(void *context)
{
    struct work *w = context;
    size_t place;
    pthread_mutex_lock(&w->lock);
    while (w->error == 0 && (place = scan_order_next(w->order)) < w->count) {
        struct scan_totals totals = {0};
        pthread_mutex_unlock(&w->lock);
        int rc = scan_file(&w->shared, &w->pieces[place], place, &totals);
        scan_output_done(w->shared.output, place);
        if (rc == 0)
            rc = scan_output_error(w->shared.output);
        else if (rc != -EINTR)
            scan_output_fail(w->shared.output, rc); /* the other threads end too, also one that waits for its turn */
        pthread_mutex_lock(&w->lock);
        scan_order_done(w->order, place);
        scan_totals_add(&w->totals, &totals);
        if (rc < 0 && w->error == 0)
            w->error = rc;
    }
    if (w->error == -EINTR)
        leave_rest(w);
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* With as many of the threads as can be had; this one is the first. */
static void work_all(struct work *w)
{
    pthread_t threads[SCAN_MAX_JOBS];
    size_t wanted = w->shared.settings->jobs, count = 0;
    if (wanted > w->count)
        wanted = w->count;
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

/* Cuts the files into pieces, as many as there are threads at most. sizes: room for those of the pieces. */
static int cut(struct work *w, uint64_t *sizes)
{
    const struct scan_settings *settings = w->shared.settings;
    uint64_t all = 0;
    for (size_t file = 0; file < settings->count; file++) {
        uint64_t starts[SCAN_MAX_JOBS], size;
        size_t count;
        bool is_evtx;
        int rc =
            scan_file_split(starts, &count, &size, &is_evtx, settings->paths[file],
                            settings->members != NULL && settings->members[file].archive != NULL ? 1 : settings->jobs);
        if (rc == 0 && is_evtx && count > 1)
            rc = evtx_given_new(&w->shared.states[file].given);
        if (rc < 0)
            return rc;
        w->shared.states[file].left = w->shared.states[file].unjoined = count;
        all += settings->progress == NULL ? 0 : scan_file_size(settings, file);
        for (size_t i = 0; i < count; i++, w->count++) {
            bool is_last = i + 1 == count;
            w->pieces[w->count] = (struct scan_piece){file, starts[i], is_last ? UINT64_MAX : starts[i + 1], count > 1};
            sizes[w->count] = (is_last ? size : starts[i + 1]) - starts[i];
        }
    }
    if (settings->progress != NULL) {
        atomic_store(&settings->progress->all_files, settings->count);
        atomic_store(&settings->progress->all_bytes, all);
    }
    return 0;
}

static int plan(struct work *w)
{
    size_t files = w->shared.settings->count, most = files * w->shared.settings->jobs;
    uint64_t *sizes = calloc(most, sizeof(*sizes));
    w->shared.states = calloc(files, sizeof(*w->shared.states));
    w->pieces = calloc(most, sizeof(*w->pieces));
    int rc = sizes == NULL || w->shared.states == NULL || w->pieces == NULL ? -ENOMEM : cut(w, sizes);
    if (rc == 0)
        rc = scan_order_new(&w->order, sizes, w->count);
    free(sizes);
    return rc;
}

static int locks_new(struct work *w)
{
    int rc = -pthread_mutex_init(&w->lock, NULL);
    if (rc < 0)
        return rc;
    rc = -pthread_mutex_init(&w->shared.lock, NULL);
    if (rc < 0)
        pthread_mutex_destroy(&w->lock);
    return rc;
}

static void state_clear(struct scan_state *state)
{
    evtx_given_free(state->given);
    powershell_blocks_free(state->blocks); /* left where the scan ended early */
}

static int put_head(const struct scan_settings *settings)
{
    char head[SCAN_FORMAT_HEAD_SIZE];
    scan_format_head(head, settings->format);
    return fputs(head, settings->alerts) >= 0 ? 0 : errno == 0 ? -EIO : -errno;
}

int scan_run(struct scan_totals *totals, const struct scan_settings *settings)
{
    struct work w = {.shared = {.settings = settings}};
    struct rule_set *builtin = NULL;
    double begin = now();

    *totals = (struct scan_totals){0};
    int rc = locks_new(&w);
    if (rc < 0)
        return rc;
    if (settings->set == NULL)
        rc = rule_builtin_set(&builtin, NULL);
    if (rc == 0)
        rc = plan(&w);
    if (rc == 0)
        rc = scan_output_new(&w.shared.output, settings->alerts, w.count);
    if (rc == 0)
        rc = put_head(settings);
    if (rc == 0) {
        w.shared.rules = settings->set == NULL ? builtin : settings->set;
        work_all(&w);
        *totals = w.totals;
        rc = w.error;
        if (rc == -EINTR && report_rest(&w) < 0)
            rc = -ENOMEM;
    }
    totals->seconds = now() - begin;
    scan_output_free(w.shared.output);
    rule_set_free(builtin);
    scan_order_free(w.order);
    free(w.pieces);
    for (size_t i = 0; w.shared.states != NULL && i < settings->count; i++)
        state_clear(&w.shared.states[i]);
    free(w.shared.states);
    pthread_mutex_destroy(&w.shared.lock);
    pthread_mutex_destroy(&w.lock);
    return rc;
}
