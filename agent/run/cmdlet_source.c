#include "agent/run/cmdlet_source.h"

#include "agent/system/exchange.h"
#include "collectors/files/cmdlet_file.h"
#include "collectors/files/follow.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* How often the directory is looked at, ms. */
#define POLL_MS 2000u

#define TICKS_PER_SECOND 10000000ull

struct cmdlet_source {
    struct pipeline *pipeline;
    struct follow *follow;
    pthread_t thread;
    bool is_running;
};

static void *run(void *context)
{
    follow_run(context);
    return NULL;
}

/* Does a rule in force read such rows? */
static bool is_read(const struct pipeline_settings *settings)
{
    struct event event = {.kind = EVENT_OTHER};
    event.field[EVENT_PROVIDER] = event.field[EVENT_CHANNEL] = text_from(CMDLET_FILE_CHANNEL);
    return rule_set_wants(settings->rules, &event);
}

/* Since when rows count where no place is remembered yet. */
static uint64_t not_before(const struct config *config)
{
    uint64_t now = event_time_now(), back = config->lookback_s;
    return back >= now / TICKS_PER_SECOND ? 0 : now - back * TICKS_PER_SECOND;
}

static int start(struct cmdlet_source *s, const char *directory, const struct config *config,
                 const struct pipeline_settings *settings, struct fault *fault)
{
    char *bookmark = NULL;
    struct pipeline_settings own = *settings;
    own.thread = "cmdlet files";
    int rc = pipeline_new(&s->pipeline, &own);
    if (rc == 0)
        rc = store_bookmark(settings->store, CMDLET_FILE_CHANNEL, &bookmark, fault);
    if (rc == 0) {
        const struct follow_settings set = {.source = text_from(CMDLET_FILE_CHANNEL),
                                            .directory = directory,
                                            .bookmark = text_from(bookmark),
                                            .not_before = not_before(config),
                                            .poll_ms = POLL_MS,
                                            .sink = pipeline_sink(s->pipeline)};
        rc = follow_new(&s->follow, &set);
    }
    free(bookmark);
    if (rc < 0)
        return rc;
    s->is_running = pthread_create(&s->thread, NULL, run, s->follow) == 0;
    if (s->is_running)
        return 0;
    fault_set(fault, "pthread_create", EAGAIN, text_from(CMDLET_FILE_CHANNEL), NULL);
    return -EAGAIN;
}

bool cmdlet_source_is_wanted(const struct config *config, const struct pipeline_settings *settings)
{
    char *directory = NULL;
    bool is = config->exchange_logs && is_read(settings) &&
              exchange_cmdlet_files(&directory, config->exchange_directory) == 0;
    free(directory);
    return is;
}

int cmdlet_source_start(struct cmdlet_source **out, const struct config *config,
                        const struct pipeline_settings *settings, struct fault *fault)
{
    char *directory = NULL;
    *out = NULL;
    if (!config->exchange_logs || !is_read(settings))
        return 0;
    int rc = exchange_cmdlet_files(&directory, config->exchange_directory);
    if (rc == -ENOENT)
        return 0;
    struct cmdlet_source *s = rc < 0 ? NULL : calloc(1, sizeof(*s));
    if (rc == 0)
        rc = s == NULL ? -ENOMEM : start(s, directory, config, settings, fault);
    free(directory);
    if (rc < 0) {
        cmdlet_source_stop(s);
        return rc;
    }
    *out = s;
    return 0;
}

void cmdlet_source_stop(struct cmdlet_source *s)
{
    if (s == NULL)
        return;
    if (s->is_running) {
        follow_stop(s->follow);
        (void)pthread_join(s->thread, NULL); /* fails only for a thread that is not ours */
    }
    follow_free(s->follow);
    pipeline_free(s->pipeline);
    free(s);
}
