/*
 * eventlog_cost: what the Event Log reader costs without the rest of the service, against tests/winsim. Reads the
 * channel Security from its oldest record to the first event that a rule matches, and prints, with a tab between: CPU
 * seconds of the process, its stand-in Event Log included; allocations from the channel's opening to that event, which
 * itself takes some. The same number for 1,000 and for 10,000 events before it means: none for an event without a hit.
 *
 * Linked with --wrap for malloc, calloc and realloc.
 */
#include "collectors/eventlog/eventlog.h"
#include "detect/rule/rule.h"

#include <windows.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static unsigned long allocations, at_open;
static struct eventlog *eventlog;

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    allocations++;
    return __real_realloc(old, size);
}

static int on_event(void *context, const struct event *event)
{
    (void)context;
    (void)event;
    eventlog_stop(eventlog);
    return 0;
}

static int on_checkpoint(void *context, struct text source, const struct collector_bookmark *bookmark)
{
    (void)context;
    (void)source;
    (void)bookmark;
    return 0;
}

static void on_report(void *context, const struct collector_report *report)
{
    (void)context;
    if (report->kind == COLLECTOR_OPENED)
        at_open = allocations;
    else
        fprintf(stderr, "eventlog_cost: report %d\n", (int)report->kind);
}

static double cpu_seconds(void)
{
    FILETIME created, ended, kernel, user;
    if (!GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user))
        return 0;
    ULARGE_INTEGER k = {.LowPart = kernel.dwLowDateTime, .HighPart = kernel.dwHighDateTime};
    ULARGE_INTEGER u = {.LowPart = user.dwLowDateTime, .HighPart = user.dwHighDateTime};
    return (double)(k.QuadPart + u.QuadPart) / 1e7;
}

int main(void)
{
    size_t rule_count;
    struct rule_set *rules = NULL;
    struct fault fault = {0};
    const struct eventlog_channel channel = {text_from("Security"), {NULL, 0}, {NULL, 0}};
    struct eventlog_settings settings = {.channels = &channel,
                                         .channel_count = 1,
                                         .lookback_s = EVENTLOG_LOOKBACK_ALL,
                                         .sink = {NULL, on_event, on_checkpoint, on_report}};
    if (rule_builtin_set(&rules, NULL) < 0)
        return 1;
    settings.rules = rules;
    if (eventlog_new(&eventlog, &settings, &fault) < 0)
        return 1;
    eventlog_run(eventlog);
    printf("%.3f\t%lu\n", cpu_seconds(), allocations - at_open);
    eventlog_free(eventlog);
    rule_set_free(rules);
    return 0;
}
