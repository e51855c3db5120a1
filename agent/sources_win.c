#include "agent/sources.h"

#include "collectors/etw.h"
#include "collectors/eventlog.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* ETW_KERNEL, ETW_SYSMON, ETW_SECURITY */
#define MAX_ETW 3

/* One ETW session, its thread and that thread's pipeline. */
struct etw_source {
    struct pipeline *pipeline;
    struct etw *etw;
    pthread_t thread;
    bool is_running;
};

struct sources {
    struct pipeline *pipeline; /* of the Event Log's thread */
    struct eventlog *eventlog;
    pthread_t thread;
    bool is_running;
    struct etw_source etw[MAX_ETW];
};

static void *eventlog_thread(void *context)
{
    eventlog_run(context);
    return NULL;
}

static void *etw_thread(void *context)
{
    etw_run(context);
    return NULL;
}
static uint64_t lookback(const struct config *config)
{
    return config->lookback_s == UINT64_MAX ? EVENTLOG_LOOKBACK_ALL : config->lookback_s;
}

/* The channels of config with their bookmarks, which marks[] owns. */
static int read_bookmarks(struct eventlog_channel *channels, char **marks, const struct config *config,
                          struct store *store, struct fault *fault)
{
    for (size_t i = 0; i < config->channel_count; i++) {
        const struct config_channel *c = &config->channels[i];
        int rc = store_bookmark(store, c->name, &marks[i], fault);
        if (rc < 0)
            return rc;
        const char *query = c->query != NULL ? c->query : config_default_query(c->name);
        channels[i] = (struct eventlog_channel){text_from(c->name), text_from(query), text_from(marks[i])};
    }
    return 0;
}

static int open_eventlog(struct sources *s, const struct config *config, const struct pipeline_settings *settings,
                         struct fault *fault)
{
    struct eventlog_channel channels[CONFIG_MAX_CHANNELS] = {0};
    char *marks[CONFIG_MAX_CHANNELS] = {0};
    int rc = pipeline_new(&s->pipeline, settings);
    if (rc == 0)
        rc = read_bookmarks(channels, marks, config, settings->store, fault);
    if (rc == 0) {
        struct eventlog_settings set = {.channels = channels,
                                        .channel_count = config->channel_count,
                                        .lookback_s = lookback(config),
                                        .retry_ms = config->retry_ms,
                                        .matcher = settings->matcher,
                                        .sink = pipeline_sink(s->pipeline)};
        rc = eventlog_new(&s->eventlog, &set, fault);
    }
    for (size_t i = 0; i < CONFIG_MAX_CHANNELS; i++)
        free(marks[i]);
    return rc;
}

static int start_thread(bool *is_running, pthread_t *thread, void *(*run)(void *), void *context, struct fault *fault)
{
    *is_running = pthread_create(thread, NULL, run, context) == 0;
    if (*is_running)
        return 0;
    fault_set(fault, "pthread_create", EAGAIN, text_from("sources"), NULL);
    return -EAGAIN;
}

static int start_etw(struct etw_source *s, enum etw_kind kind, const struct config *config,
                     const struct pipeline_settings *settings, struct fault *fault)
{
    int rc = pipeline_new(&s->pipeline, settings);
    if (rc == 0) {
        struct etw_settings set = {.kind = kind,
                                   .min_buffers = config->etw.min_buffers,
                                   .max_buffers = config->etw.max_buffers,
                                   .flush_ms = config->etw.flush_ms,
                                   .matcher = settings->matcher,
                                   .sink = pipeline_sink(s->pipeline)};
        rc = etw_new(&s->etw, &set, fault);
    }
    return rc < 0 ? rc : start_thread(&s->is_running, &s->thread, etw_thread, s->etw, fault);
}

/* ETW first: what it sees begins now, and the Event Log remembers. */
static int start_all(struct sources *s, const struct config *config, const struct pipeline_settings *settings,
                     struct fault *fault)
{
    const bool wanted[MAX_ETW] = {
        [ETW_KERNEL] = true, [ETW_SYSMON] = config->etw.sysmon, [ETW_SECURITY] = config->etw.security};
    int rc = 0;
    for (int kind = 0; kind < MAX_ETW && rc == 0; kind++)
        if (config->etw.enabled && wanted[kind])
            rc = start_etw(&s->etw[kind], (enum etw_kind)kind, config, settings, fault);
    if (rc == 0)
        rc = open_eventlog(s, config, settings, fault);
    return rc < 0 ? rc : start_thread(&s->is_running, &s->thread, eventlog_thread, s->eventlog, fault);
}

int sources_start(struct sources **out, const struct config *config, const struct pipeline_settings *settings,
                  struct fault *fault)
{
    struct sources *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return -ENOMEM;
    int rc = start_all(s, config, settings, fault);
    if (rc < 0) {
        sources_stop(s);
        return rc;
    }
    *out = s;
    return 0;
}

/* All are told before any is waited for. */
void sources_stop(struct sources *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < MAX_ETW; i++)
        if (s->etw[i].is_running)
            etw_stop(s->etw[i].etw);
    if (s->is_running) {
        eventlog_stop(s->eventlog);
        (void)pthread_join(s->thread, NULL); /* fails only for a thread that is not ours */
    }
    eventlog_free(s->eventlog);
    pipeline_free(s->pipeline);
    for (size_t i = 0; i < MAX_ETW; i++) {
        if (s->etw[i].is_running)
            (void)pthread_join(s->etw[i].thread, NULL); /* as above */
        etw_free(s->etw[i].etw);
        pipeline_free(s->etw[i].pipeline);
    }
    free(s);
}
