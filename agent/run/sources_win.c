#include "agent/run/sources.h"

#include "agent/log/messages.h"
#include "agent/run/cmdlet_source.h"
#include "agent/run/live_channels.h"
#include "collectors/etw/etw.h"
#include "collectors/eventlog/eventlog.h"
#include "collectors/eventlog/eventlog_bookmark.h"
#include "collectors/eventlog/eventlog_figures.h"
#include "collectors/files/cmdlet_file.h"
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
    struct health *health;
    struct eventlog *eventlog;
    pthread_t thread;
    bool is_running;
    struct live_channels *channels;
    size_t asked_count;
    struct asked {
        struct eventlog *eventlog;
        size_t channel;
    } asked[CONFIG_MAX_CHANNELS];
    struct etw_source etw[MAX_ETW];
    struct cmdlet_source *cmdlets; /* NULL: there are none to follow */
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

/* The channels that are read, with their bookmarks, which marks[] owns. */
static int read_bookmarks(struct eventlog_channel *channels, char **marks, const struct live_channels *live,
                          const struct pipeline_settings *settings, struct fault *fault)
{
    for (size_t i = 0; i < live_channels_count(live); i++) {
        const char *name = live_channels_name(live, i);
        uint64_t record;
        int rc = store_bookmark(settings->store, name, &marks[i], fault);
        if (rc < 0)
            return rc;
        if (eventlog_bookmark_record(&record, text_from(marks[i]), text_from(name)) == 0)
            health_source_begin(settings->health, name, record);
        channels[i] =
            (struct eventlog_channel){text_from(name), text_from(live_channels_query(live, i)), text_from(marks[i])};
    }
    return 0;
}

/* The reader counts for itself. */
static void fill(void *context, struct health_source *to)
{
    static const enum health_state states[] = {[EVENTLOG_STARTING] = HEALTH_STARTING,
                                               [EVENTLOG_READING] = HEALTH_READING,
                                               [EVENTLOG_ABSENT] = HEALTH_ABSENT,
                                               [EVENTLOG_DENIED] = HEALTH_DENIED,
                                               [EVENTLOG_BROKEN] = HEALTH_BROKEN};
    const struct asked *asked = context;
    struct eventlog_figures f;
    if (eventlog_figures(asked->eventlog, asked->channel, &f) < 0)
        return;
    to->state = states[f.state];
    to->events = f.records;
    to->empty_command_lines = f.no_command;
    to->process_events = f.commands;
    to->bad_events = f.skipped;
    to->gaps = f.gaps;
    to->lost = f.lost;
    to->last_event = f.last_time;
    to->has_backlog = true;
    to->backlog = f.backlog;
    to->has_wrap = f.hours_to_wrap >= 0;
    to->wrap_hours = f.hours_to_wrap;
    to->records_per_s = f.records_per_s;
    to->is_disabled = f.is_disabled;
}

static void ask_all(struct sources *s)
{
    s->asked_count = live_channels_count(s->channels);
    for (size_t i = 0; i < s->asked_count; i++) {
        s->asked[i] = (struct asked){s->eventlog, i};
        health_source_ask(s->health, live_channels_name(s->channels, i), fill, &s->asked[i]);
    }
}

/* Before the reader goes. */
static void ask_none(struct sources *s)
{
    for (size_t i = 0; i < s->asked_count; i++)
        health_source_ask(s->health, eventlog_channel_name(s->eventlog, i), NULL, NULL);
}

static int open_eventlog(struct sources *s, const struct config *config, const struct pipeline_settings *settings,
                         struct fault *fault)
{
    struct eventlog_channel channels[CONFIG_MAX_CHANNELS] = {0};
    char *marks[CONFIG_MAX_CHANNELS] = {0};
    struct pipeline_settings own = *settings;
    own.thread = "eventlog";
    int rc = pipeline_new(&s->pipeline, &own);
    if (rc == 0)
        rc = read_bookmarks(channels, marks, s->channels, settings, fault);
    if (rc == 0) {
        struct eventlog_settings set = {.channels = channels,
                                        .channel_count = live_channels_count(s->channels),
                                        .lookback_s = lookback(config),
                                        .retry_ms = config->retry_ms,
                                        .rules = settings->rules,
                                        .sink = pipeline_sink(s->pipeline)};
        rc = eventlog_new(&s->eventlog, &set, fault);
    }
    if (rc == 0)
        ask_all(s);
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
    struct pipeline_settings own = *settings;
    own.thread = etw_source_name(kind);
    int rc = pipeline_new(&s->pipeline, &own);
    if (rc == 0) {
        struct etw_settings set = {.kind = kind,
                                   .min_buffers = config->etw.min_buffers,
                                   .max_buffers = config->etw.max_buffers,
                                   .flush_ms = config->etw.flush_ms,
                                   .rules = settings->rules,
                                   .sink = pipeline_sink(s->pipeline)};
        rc = etw_new(&s->etw, &set, fault);
    }
    return rc < 0 ? rc : start_thread(&s->is_running, &s->thread, etw_thread, s->etw, fault);
}

static void name_all(struct health *health, const struct live_channels *live, const bool *is_etw, bool has_cmdlets)
{
    const char *names[CONFIG_MAX_CHANNELS + MAX_ETW + 1];
    size_t count = 0;
    for (size_t i = 0; i < live_channels_count(live); i++)
        names[count++] = live_channels_name(live, i);
    for (int kind = 0; kind < MAX_ETW; kind++)
        if (is_etw[kind])
            names[count++] = etw_source_name((enum etw_kind)kind);
    if (has_cmdlets)
        names[count++] = CMDLET_FILE_CHANNEL;
    health_sources_set(health, names, count);
}

/* ETW first: what it sees begins now, and the Event Log remembers. */
static int start_all(struct sources *s, const struct config *config, const struct pipeline_settings *settings,
                     struct fault *fault)
{
    const struct config_etw *etw = &config->etw;
    const bool wanted[MAX_ETW] = {[ETW_KERNEL] = etw->enabled,
                                  [ETW_SYSMON] = etw->enabled && etw->sysmon,
                                  [ETW_SECURITY] = etw->enabled && etw->security};
    int rc = live_channels_new(&s->channels, config, settings->rules);
    if (rc < 0)
        return rc;
    if (live_channels_left_out(s->channels) > 0)
        log_write(settings->log, LOG_ERROR, MESSAGE_CHANNELS_LEFT_OUT,
                  "the rules want more channels than can be read (%d): %u are left out", CONFIG_MAX_CHANNELS,
                  (unsigned)live_channels_left_out(s->channels));
    s->health = settings->health;
    name_all(s->health, s->channels, wanted, cmdlet_source_is_wanted(config, settings));
    for (int kind = 0; kind < MAX_ETW && rc == 0; kind++)
        if (wanted[kind])
            rc = start_etw(&s->etw[kind], (enum etw_kind)kind, config, settings, fault);
    if (rc == 0)
        rc = cmdlet_source_start(&s->cmdlets, config, settings, fault);
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

/* All are told to stop before any is waited for. */
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
    cmdlet_source_stop(s->cmdlets);
    ask_none(s);
    live_channels_free(s->channels);
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
