#include "agent/health/metrics.h"

#include "agent/system/version.h"
#include "detect/event/event.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Between 1601 and 1970: 100 ns. */
#define UNIX_EPOCH 116444736000000000u

struct page {
    char *bytes;
    size_t size, room;
    bool has_failed;
};

/* Room for one line more. */
static bool grow(struct page *p)
{
    size_t room = 2 * p->room + 4096;
    char *larger = realloc(p->bytes, room);
    if (larger == NULL)
        return false;
    p->bytes = larger;
    p->room = room;
    return true;
}

__attribute__((format(printf, 2, 3))) static void add(struct page *p, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof(line))
        p->has_failed = true; /* names and labels are shorter than that */
    if (!p->has_failed && p->size + (size_t)size + 1 > p->room)
        p->has_failed = !grow(p);
    if (p->has_failed)
        return;
    memcpy(p->bytes + p->size, line, (size_t)size + 1);
    p->size += (size_t)size;
}

static void head(struct page *p, const char *name, const char *type, const char *help)
{
    add(p, "# HELP tripline_%s %s\n# TYPE tripline_%s %s\n", name, help, name, type);
}

/* A label's value: \, " and line breaks are escaped, as the format wants it. */
static const char *label(char to[2 * HEALTH_NAME_SIZE], const char *value)
{
    size_t used = 0;
    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == '"' || *value == '\n')
            to[used++] = '\\';
        to[used++] = *value == '\n' ? 'n' : *value;
    }
    to[used] = '\0';
    return to;
}

static double unix_time(uint64_t time)
{
    return time < UNIX_EPOCH ? 0 : (double)(time - UNIX_EPOCH) / 1e7;
}

static void single(struct page *p, const char *name, const char *type, const char *help, double value)
{
    head(p, name, type, help);
    add(p, "tripline_%s %.15g\n", name, value);
}

/* One number of each source; offset: of a uint64_t in struct health_source. */
static void of_sources(struct page *p, const struct health_figures *f, const char *name, const char *type,
                       const char *help, size_t offset)
{
    char room[2 * HEALTH_NAME_SIZE];
    head(p, name, type, help);
    for (size_t i = 0; i < f->source_count; i++) {
        uint64_t value;
        memcpy(&value, (const char *)&f->sources[i] + offset, sizeof(value));
        add(p, "tripline_%s{source=\"%s\"} %" PRIu64 "\n", name, label(room, f->sources[i].name), value);
    }
}

static void of_outputs(struct page *p, const struct health_figures *f, const char *name, const char *type,
                       const char *help, size_t offset)
{
    char room[2 * HEALTH_NAME_SIZE];
    head(p, name, type, help);
    for (size_t i = 0; i < f->output_count; i++) {
        uint64_t value;
        memcpy(&value, (const char *)&f->outputs[i] + offset, sizeof(value));
        add(p, "tripline_%s{output=\"%s\"} %" PRIu64 "\n", name, label(room, f->outputs[i].name), value);
    }
}

#define SOURCE(field) offsetof(struct health_source, field)
#define OUTPUT(field) offsetof(struct health_output, field)

static void add_sources(struct page *p, const struct health_figures *f)
{
    char room[2 * HEALTH_NAME_SIZE];
    head(p, "source_reading", "gauge", "1 when the source is being read.");
    for (size_t i = 0; i < f->source_count; i++)
        add(p, "tripline_source_reading{source=\"%s\",state=\"%s\"} %d\n", label(room, f->sources[i].name),
            status_state(f->sources[i].state), f->sources[i].state == HEALTH_READING ? 1 : 0);
    of_sources(p, f, "events_total", "counter", "Events of the source that were looked at.", SOURCE(events));
    of_sources(p, f, "matches_total", "counter", "Events that a rule matched.", SOURCE(matches));
    of_sources(p, f, "empty_command_lines_total", "counter", "Events without a command line.",
               SOURCE(empty_command_lines));
    of_sources(p, f, "bad_events_total", "counter", "Events that could not be read.", SOURCE(bad_events));
    of_sources(p, f, "gaps_total", "counter", "Gaps: records were gone before they were read.", SOURCE(gaps));
    of_sources(p, f, "lost_records_total", "counter", "Records that were gone before they were read.", SOURCE(lost));
    head(p, "backlog_records", "gauge", "Records in the log that are still to be read.");
    for (size_t i = 0; i < f->source_count; i++)
        if (f->sources[i].has_backlog)
            add(p, "tripline_backlog_records{source=\"%s\"} %" PRIu64 "\n", label(room, f->sources[i].name),
                f->sources[i].backlog);
    head(p, "last_event_timestamp_seconds", "gauge", "When the newest event that was read happened.");
    for (size_t i = 0; i < f->source_count; i++)
        if (f->sources[i].last_event != 0)
            add(p, "tripline_last_event_timestamp_seconds{source=\"%s\"} %.3f\n", label(room, f->sources[i].name),
                unix_time(f->sources[i].last_event));
}

static void add_outputs(struct page *p, const struct health_figures *f)
{
    char room[2 * HEALTH_NAME_SIZE];
    head(p, "delivered_total", "counter", "What the output took; kind: alert or heartbeat.");
    for (size_t i = 0; i < f->output_count; i++) {
        label(room, f->outputs[i].name);
        add(p, "tripline_delivered_total{output=\"%s\",kind=\"alert\"} %" PRIu64 "\n", room, f->outputs[i].delivered);
        add(p, "tripline_delivered_total{output=\"%s\",kind=\"heartbeat\"} %" PRIu64 "\n", room,
            f->outputs[i].heartbeats);
    }
    of_outputs(p, f, "refused_total", "counter", "Alerts and heartbeats that the output refused for good.",
               OUTPUT(refused));
    of_outputs(p, f, "overflowed_total", "counter",
               "Alerts and heartbeats that waited for the output until the outbox was full: dead letters.",
               OUTPUT(overflowed));
    of_outputs(p, f, "delivery_failures_total", "counter", "Tries to deliver that failed.", OUTPUT(failures));
    of_outputs(p, f, "waiting_alerts", "gauge", "Alerts and heartbeats that wait for the output.", OUTPUT(waiting));
    head(p, "output_failing", "gauge", "Tries that failed in a row; 0: the last one was good.");
    for (size_t i = 0; i < f->output_count; i++)
        add(p, "tripline_output_failing{output=\"%s\"} %u\n", label(room, f->outputs[i].name), f->outputs[i].failing);
    head(p, "last_delivery_timestamp_seconds", "gauge", "When the output last took something.");
    for (size_t i = 0; i < f->output_count; i++)
        if (f->outputs[i].last_success != 0)
            add(p, "tripline_last_delivery_timestamp_seconds{output=\"%s\"} %.3f\n", label(room, f->outputs[i].name),
                unix_time(f->outputs[i].last_success));
}

char *metrics_text(const struct status_about *about, const struct status_now *now)
{
    struct page p = {NULL, 0, 0, false};
    const struct health_figures *f = now->figures;
    bool is_stuck = false;
    for (size_t i = 0; i < f->thread_count; i++)
        is_stuck |= f->threads[i].overdue_ms > 0;
    head(&p, "info", "gauge", "Always 1; what runs.");
    add(&p, "tripline_info{version=\"%s\",config=\"%.16s\",agent=\"%s\"} 1\n", version_number, about->config_sha256,
        about->agent_id);
    single(&p, "running", "gauge", "1 while the agent runs, 0 once it was stopped.",
           strcmp(about->state, "running") == 0 ? 1 : 0);
    single(&p, "written_timestamp_seconds", "gauge", "When this file was written.", unix_time(event_time_now()));
    single(&p, "start_timestamp_seconds", "gauge", "When the agent started.", unix_time(f->started));
    single(&p, "config_refused", "gauge", "1 when the config file was changed to one with mistakes.",
           about->is_config_refused ? 1 : 0);
    single(&p, "stuck", "gauge", "1 when a thread gives no sign of life.", is_stuck ? 1 : 0);
    single(&p, "doctor_bad", "gauge", "What tripline doctor finds bad.",
           (double)json_integer_value(json_object_get(now->doctor, "bad")));
    single(&p, "cpu_seconds_total", "counter", "CPU time used.", (double)now->process.cpu_ms / 1000);
    single(&p, "private_bytes", "gauge", "Memory of its own.", (double)now->process.private_bytes);
    single(&p, "pace_seconds", "gauge", "What each round of reading is slowed by.", (double)f->pace_ms / 1000);
    single(&p, "outbox_alerts", "gauge", "Alerts and heartbeats in the outbox.", (double)now->store.waiting);
    single(&p, "outbox_bytes", "gauge", "Bytes of them.", (double)now->store.bytes);
    single(&p, "outbox_max_alerts", "gauge", "How many there may be.", (double)about->max_alerts);
    single(&p, "dead_letters", "gauge", "Alerts and heartbeats that an output did not take.", (double)now->store.dead);
    single(&p, "dead_letters_dropped_total", "counter", "Dead letters that gave way to later ones.",
           (double)now->store.dropped);
    single(&p, "log_errors_total", "counter", "Lines of level error in its log.", (double)f->log_errors);
    single(&p, "script_blocks_joined_total", "counter", "Script blocks put together of all their parts.",
           (double)f->blocks_joined);
    single(&p, "script_blocks_incomplete_total", "counter", "Script blocks matched without some of their parts.",
           (double)f->blocks_incomplete);
    single(&p, "script_blocks_encrypted_total", "counter", "Script blocks that Protected Event Logging encrypted.",
           (double)f->blocks_encrypted);
    add_sources(&p, f);
    add_outputs(&p, f);
    if (!p.has_failed)
        return p.bytes;
    free(p.bytes);
    return NULL;
}
