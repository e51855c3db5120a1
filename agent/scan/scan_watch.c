#include "agent/scan/scan_watch.h"

#include "agent/system/interrupt.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How often a scan is asked whether it is over: short scans shall not wait for their watcher. */
#define TICK_MS 20u

/* Width of the line: it fits the narrowest of usual terminals. */
#define WIDTH 78

struct scan_watch {
    struct scan_progress *progress;
    FILE *to;
    pthread_t thread;
    atomic_bool is_over;
};

static double now(void)
{
    struct timespec time;
    return clock_gettime(CLOCK_MONOTONIC, &time) == 0 ? (double)time.tv_sec + (double)time.tv_nsec / 1e9 : 0;
}

const char *scan_watch_line(char *to, size_t size, const struct scan_progress *p, double seconds)
{
    double done = (double)atomic_load(&p->bytes), all = (double)atomic_load(&p->all_bytes);
    double rate = seconds > 0 ? done / seconds : 0;
    unsigned long long files = atomic_load(&p->files), all_files = atomic_load(&p->all_files),
                       alerts = atomic_load(&p->alerts);
    char left[48] = "", of[32] = "";
    if (all > 0 && all >= done)
        (void)snprintf(of, sizeof(of), " of %.1f", all / 1e6);
    if (of[0] != '\0' && rate > 0)
        (void)snprintf(left, sizeof(left), ", %.0f s left", (all - done) / rate);
    (void)snprintf(to, size, "%llu of %llu files, %.1f%s MB, %.0f MB/s%s, %llu alert%s", files, all_files, done / 1e6,
                   of, rate / 1e6, left, alerts, alerts == 1 ? "" : "s");
    return to;
}

/* The cursor goes back to the line's beginning, so that a message takes its place. */
static void show(const struct scan_watch *w, const char *line)
{
    fprintf(w->to, "%-*.*s\r", WIDTH, WIDTH, line);
    (void)fflush(w->to); /* a line that is not seen is no loss */
}

static void give_up_later(const struct scan_watch *w)
{
    double begin = now();
    while (!atomic_load(&w->is_over)) {
        (void)interrupt_wait(TICK_MS); /* on Windows it does not wait any more: what follows does */
        const struct timespec tick = {0, TICK_MS * 1000000L};
        (void)nanosleep(&tick, NULL); /* shorter does no harm */
        if ((now() - begin) * 1000 < SCAN_WATCH_PATIENCE_MS)
            continue;
        fputs("tripline scan: ended, though a file or pipe gives nothing\n", stderr);
        _Exit(SCAN_WATCH_ENDED);
    }
}

static void *watch(void *context)
{
    struct scan_watch *w = context;
    char line[160];
    double begin = now(), shown = begin;
    while (!atomic_load(&w->is_over)) {
        if (interrupt_wait(TICK_MS) == INTERRUPT_END) {
            atomic_store(&w->progress->is_ended, true);
            give_up_later(w);
            break;
        }
        if (w->to == NULL || now() - shown < 1)
            continue;
        shown = now();
        show(w, scan_watch_line(line, sizeof(line), w->progress, shown - begin));
    }
    if (w->to != NULL && shown > begin)
        show(w, "");
    return NULL;
}

int scan_watch_new(struct scan_watch **out, struct scan_progress *progress, FILE *to)
{
    int rc = interrupt_prepare();
    struct scan_watch *w = rc < 0 ? NULL : calloc(1, sizeof(*w));
    if (w == NULL)
        return rc < 0 ? rc : -ENOMEM;
    w->progress = progress;
    w->to = to;
    rc = -pthread_create(&w->thread, NULL, watch, w);
    if (rc < 0) {
        free(w);
        return rc;
    }
    *out = w;
    return 0;
}

void scan_watch_free(struct scan_watch *w)
{
    if (w == NULL)
        return;
    atomic_store(&w->is_over, true);
    pthread_join(w->thread, NULL);
    free(w);
}
