#include "agent/doctor/doctor_watch.h"

#include "agent/doctor/doctor.h"
#include "agent/log/messages.h"
#include "detect/base/condition.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Where the config says nothing that can be read, and to see whether it says something again, ms. */
#define ROUND_MS 86400000u

/* Before the first one, so that it does not hold up the start, ms. */
#define FIRST_MS 2000u

struct doctor_watch {
    struct doctor_watch_settings set; /* config_path is its own copy */
    pthread_t thread;
    pthread_mutex_t lock; /* guards the next */
    struct condition changed;
    bool is_stopping, is_wanted;
    atomic_bool is_cancelled; /* a round is to end soon */

    /* The thread's own. */
    struct doctor_report last; /* of the round before; empty at first */
};

/* Waits; false: the thread is to end. */
static bool wait_for_round(struct doctor_watch *w, unsigned ms)
{
    pthread_mutex_lock(&w->lock);
    struct timespec deadline = condition_deadline(&w->changed, ms);
    while (!w->is_stopping && !w->is_wanted && condition_wait(&w->changed, &w->lock, &deadline))
        ;
    w->is_wanted = false;
    bool is_stopping = w->is_stopping;
    pthread_mutex_unlock(&w->lock);
    return !is_stopping;
}

static const struct doctor_line *find(const struct doctor_report *report, const char *id)
{
    for (size_t i = 0; i < report->count; i++)
        if (strcmp(report->lines[i].id, id) == 0)
            return &report->lines[i];
    return NULL;
}

/* What is bad or a warning and was not before, and what is good again. */
static void say_changes(struct doctor_watch *w, const struct doctor_report *now)
{
    for (size_t i = 0; i < now->count; i++) {
        const struct doctor_line *line = &now->lines[i], *before = find(&w->last, line->id);
        bool was_good = before == NULL || before->level == DOCTOR_GOOD;
        if (line->level == DOCTOR_BLIND || (before != NULL && before->level == line->level))
            continue;
        if (line->level != DOCTOR_GOOD)
            log_write(w->set.log, LOG_WARNING, MESSAGE_DOCTOR_FOUND, "doctor: %s: %s%s%s%s%s",
                      doctor_level_name(line->level), line->what, line->why[0] == '\0' ? "" : "; ", line->why,
                      line->mend[0] == '\0' ? "" : "; mend: ", line->mend);
        else if (!was_good)
            log_write(w->set.log, LOG_INFO, MESSAGE_DOCTOR_GOOD, "doctor: good again: %s", line->what);
    }
}

/* Returns how long to wait for the next one, ms. */
static unsigned round_once(struct doctor_watch *w)
{
    unsigned wait_ms = ROUND_MS;
    struct config *config = NULL;
    struct config_errors errors = {NULL, 0};
    struct doctor_answers *answers = calloc(1, sizeof(*answers));
    struct doctor_report *report = calloc(1, sizeof(*report));
    int rc = config_load(&config, w->set.config_path, &errors);
    config_errors_free(&errors); /* whoever loads it for good reports them */
    if (rc == 0 && config->doctor_s > 0)
        wait_ms = (unsigned)(config->doctor_s * 1000u); /* at most 30 days */
    if (rc == 0 && config->doctor_s > 0 && answers != NULL && report != NULL) {
        doctor_ask(answers, config, w->set.config_path, true, &w->is_cancelled);
        doctor_judge(report, answers);
        if (atomic_load(&w->is_cancelled))
            memset(report, 0, sizeof(*report)); /* half a round says nothing */
        say_changes(w, report);
        w->last = *report;
        json_t *document = doctor_json(report, answers->now);
        if (document != NULL)
            w->set.done(w->set.context, document);
    }
    free(report);
    if (answers != NULL)
        doctor_answers_clear(answers);
    free(answers);
    config_free(config);
    return wait_ms;
}

static void *run(void *context)
{
    struct doctor_watch *w = context;
    for (unsigned wait_ms = FIRST_MS; wait_for_round(w, wait_ms);)
        wait_ms = round_once(w);
    return NULL;
}

int doctor_watch_start(struct doctor_watch **out, const struct doctor_watch_settings *settings)
{
    struct doctor_watch *w = calloc(1, sizeof(*w));
    char *path = text_dup(text_from(settings->config_path));
    int rc = w == NULL || path == NULL ? -ENOMEM : condition_init(&w->changed);
    if (rc < 0) {
        free(path);
        free(w);
        return rc;
    }
    w->set = *settings;
    atomic_init(&w->is_cancelled, false);
    w->set.config_path = path;
    rc = -pthread_mutex_init(&w->lock, NULL);
    if (rc == 0) {
        rc = -pthread_create(&w->thread, NULL, run, w);
        if (rc < 0)
            (void)pthread_mutex_destroy(&w->lock); /* nobody holds it */
    }
    if (rc < 0) {
        condition_destroy(&w->changed);
        free(path);
        free(w);
        return rc;
    }
    *out = w;
    return 0;
}

static void signal_it(struct doctor_watch *w, bool is_stopping)
{
    pthread_mutex_lock(&w->lock);
    w->is_stopping |= is_stopping;
    if (is_stopping)
        atomic_store(&w->is_cancelled, true);
    w->is_wanted = true;
    condition_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

void doctor_watch_wake(struct doctor_watch *w)
{
    signal_it(w, false);
}

void doctor_watch_stop(struct doctor_watch *w)
{
    if (w == NULL)
        return;
    signal_it(w, true);
    (void)pthread_join(w->thread, NULL);   /* fails only for a thread that is not ours */
    (void)pthread_mutex_destroy(&w->lock); /* fails only while it is held */
    condition_destroy(&w->changed);
    free((char *)w->set.config_path);
    free(w);
}
