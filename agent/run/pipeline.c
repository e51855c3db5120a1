#include "agent/run/pipeline.h"

#include "agent/alerts/alert_maker.h"
#include "agent/log/messages.h"
#include "agent/run/selftest.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The collector goes its rounds at least every 10 s (collector.h); one round may take a while on a slow disk, ms. */
#define ROUND_DUE_MS 120000u

/* An alert that the next checkpoint keeps. */
struct pending {
    char id[ALERT_ID_SIZE];
    char alert[ALERT_ID_SIZE]; /* the alert that it is, or adds to */
    char *document;
    size_t size;
};

/* How long a bookmark waits for the parts of script blocks that came before it, ms; then it is kept without them. */
#define HELD_MS 600000u

/* Sources whose bookmark can wait; those of more are kept at once. */
#define MAX_HELD 8

/* A bookmark that is not kept yet: a script block of which parts were read before it is not complete, and they would be
 * lost with the process. Reading them again is harmless. */
struct held {
    char *source, *text; /* source NULL: this place is free */
    bool has_record;
    uint64_t record;
};

struct pipeline {
    struct pipeline_settings set;
    struct alert_maker *maker;
    struct pending *pending;
    size_t count, room;
    struct health_kept seen;   /* since the last checkpoint */
    const struct rule *failed; /* the one that was said to have failed last */
    int store_trouble;         /* what the store last failed with: said once, not at each try */
    bool is_filling;           /* the outbox was said to be nearly full */
    struct held held[MAX_HELD];
    uint64_t held_ms;                 /* since when one is */
    struct alert_maker_blocks blocks; /* as health was last given them */
};

static int pending_grow(struct pipeline *p)
{
    if (p->count < p->room)
        return 0;
    size_t room = p->room == 0 ? 16 : 2 * p->room;
    struct pending *grown = realloc(p->pending, room * sizeof(*grown));
    if (grown == NULL)
        return -ENOMEM;
    p->pending = grown;
    p->room = room;
    return 0;
}

static void note_test(struct pipeline *p, const char *id, const struct event *event)
{
    char *command_line = text_dup(event->field[EVENT_COMMAND_LINE]);
    if (command_line != NULL) /* else the test does not pass, no more */
        health_test_matched(p->set.health, id, command_line, event->time);
    free(command_line);
}

/* Keeps what alert_maker made, for the next checkpoint. */
static int take_alert(void *context, struct alert *alert, const char *id)
{
    struct pipeline *p = context;
    struct witness_verdict verdict = {.action = NULL};
    int rc = pending_grow(p);
    if (rc < 0)
        return rc;
    struct pending *next = &p->pending[p->count];
    memcpy(next->id, id, sizeof(next->id));
    alert->is_test = selftest_is_ours(p->set.selftest_path, alert->event->field[EVENT_COMMAND_LINE]);
    if (p->set.witness != NULL && event_kind_is_process(alert->event->kind))
        rc = witness_see(p->set.witness, p, alert, next->id, &verdict);
    memcpy(next->alert, verdict.action != NULL ? verdict.alert : next->id, sizeof(next->alert));
    alert->follows = verdict.action != NULL ? next->alert : NULL;
    alert->action = verdict.action;
    if (rc == 0)
        rc = alert_maker_document(p->maker, &next->document, &next->size, alert, id);
    if (rc < 0)
        return rc;
    p->count++;
    p->seen.matches++;
    if (alert->is_test)
        note_test(p, next->id, alert->event);
    if (verdict.action != NULL) {
        log_write(p->set.log, LOG_INFO, MESSAGE_WITNESS, "%s: record=%llu event=%s alert=%s", verdict.action,
                  (unsigned long long)alert->event->record_id, next->id, verdict.alert);
        return 0;
    }
    /* The command line stays out of the log: event contents stand in alerts alone. */
    log_write(p->set.log, LOG_INFO, MESSAGE_MATCH, "match: rule=\"%s\" branch=%u record=%llu alert=%s",
              alert->rule->name, alert->leg->number, (unsigned long long)alert->event->record_id, next->id);
    return 0;
}

/* Said of each rule once in a while: it is not "no", and may come with each event. */
static void rule_failed(void *context, const struct rule *rule, const struct event *event)
{
    struct pipeline *p = context;
    if (p->failed == rule)
        return;
    p->failed = rule;
    log_write(p->set.log, LOG_ERROR, MESSAGE_RULE_FAILED,
              "rule \"%s\" (%s): its answer could not be had, as a limit was reached: record=%llu", rule->name,
              rule->id, (unsigned long long)event->record_id);
}

int pipeline_new(struct pipeline **out, const struct pipeline_settings *settings)
{
    struct pipeline *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return -ENOMEM;
    p->set = *settings;
    struct alert_maker_settings set = {.rules = settings->rules,
                                       .agent = settings->agent,
                                       .context = p,
                                       .take = take_alert,
                                       .clock_ms = health_clock_ms,
                                       .failed = rule_failed};
    int rc = alert_maker_new(&p->maker, &set);
    if (rc < 0)
        free(p);
    else
        *out = p;
    return rc;
}

static void pending_clear(struct pipeline *p)
{
    for (size_t i = 0; i < p->count; i++)
        free(p->pending[i].document);
    p->count = 0;
}

static void release(struct held *held)
{
    free(held->source);
    free(held->text);
    *held = (struct held){.source = NULL};
}

void pipeline_free(struct pipeline *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < MAX_HELD; i++)
        release(&p->held[i]);
    pending_clear(p);
    if (p->set.witness != NULL)
        witness_forget(p->set.witness, p);
    health_gone(p->set.health, p->set.thread);
    alert_maker_free(p->maker);
    free(p->pending);
    free(p);
}

static bool wants(void *context, const struct event *event)
{
    const struct pipeline *p = context;
    return alert_maker_wants(p->maker, event);
}

static int take_event(void *context, const struct event *event)
{
    struct pipeline *p = context;
    p->seen.events++;
    p->seen.empty_command_lines += event_kind_is_process(event->kind) && event->field[EVENT_COMMAND_LINE].len == 0;
    if (event->time > p->seen.last_event)
        p->seen.last_event = event->time;
    int rc = alert_maker_event(p->maker, event);
    if (rc == 0)
        return 0;
    log_write(p->set.log, LOG_ERROR, MESSAGE_EVENT_FAILED,
              "an alert could not be made (%s); its event will be read again: record=%llu", strerror(-rc),
              (unsigned long long)event->record_id);
    return -ENOMEM;
}

static void report_store(struct pipeline *p, int rc, const struct fault *fault)
{
    char text[512];
    if (rc == p->store_trouble)
        return;
    p->store_trouble = rc;
    health_store(p->set.health, rc);
    if (rc == 0)
        log_write(p->set.log, LOG_INFO, MESSAGE_STORE_WORKS, "the outbox takes alerts again; reading goes on");
    else if (rc == -ENOSPC)
        log_write(p->set.log, LOG_WARNING, MESSAGE_STORE_FULL,
                  "the outbox is full: reading waits until outputs have taken alerts (%s)",
                  fault_text(fault, text, sizeof(text)));
    else
        log_write(p->set.log, LOG_ERROR, MESSAGE_STORE_FAILED, "the outbox can't be written: reading waits: %s",
                  fault_text(fault, text, sizeof(text)));
}

/* The processes that what waits is about. */
static size_t subjects_of(struct pipeline *p, struct store_subject *subjects)
{
    size_t count = 0;
    for (size_t i = 0; i < p->count && p->set.witness != NULL; i++)
        if (witness_subject(p->set.witness, p->pending[i].alert, &subjects[count]))
            count++;
    return count;
}

/* Said at 90 %, and again only after it was below 80 %. */
static void look_at_room(struct pipeline *p)
{
    struct store_counts counts;
    if (store_counts(p->set.store, &counts, NULL) < 0)
        return;
    if (counts.percent >= 90 && !p->is_filling)
        log_write(
            p->set.log, LOG_WARNING, MESSAGE_STORE_FILLING,
            "the outbox is %u %% full: alerts=%llu; when it is full, reading waits, or an output that took nothing "
            "for 10 minutes gives way to those that do",
            counts.percent, (unsigned long long)counts.waiting);
    p->is_filling = counts.percent >= 90 || (p->is_filling && counts.percent >= 80);
}

/* The place of source's bookmark, or a free one; NULL: all are taken. */
static struct held *held_of(struct pipeline *p, struct text source)
{
    struct held *place = NULL;
    for (size_t i = 0; i < MAX_HELD; i++) {
        if (p->held[i].source != NULL && text_equal(text_from(p->held[i].source), source))
            return &p->held[i];
        if (p->held[i].source == NULL)
            place = &p->held[i];
    }
    return place;
}

/* Must source's bookmark wait for script blocks? Then it is held. */
static bool hold(struct pipeline *p, struct text source, const struct collector_bookmark *bookmark)
{
    struct held *held = held_of(p, source);
    bool is_waiting = alert_maker_waiting(p->maker) > 0;
    uint64_t now_ms = health_clock_ms();
    if (held != NULL)
        release(held); /* a later one takes its place */
    if (!is_waiting)
        p->held_ms = 0;
    else if (p->held_ms == 0)
        p->held_ms = now_ms;
    if (!is_waiting || held == NULL || now_ms - p->held_ms >= HELD_MS)
        return false;
    char *name = text_dup(source), *text = text_dup(bookmark->text);
    if (name == NULL || text == NULL) {
        free(name);
        free(text);
        return false;
    }
    *held = (struct held){name, text, bookmark->has_record, bookmark->record};
    return true;
}

/* Says what became of script blocks since it was last said. */
static void report_blocks(struct pipeline *p)
{
    struct alert_maker_blocks now = alert_maker_blocks(p->maker);
    health_blocks(p->set.health, now.joined - p->blocks.joined, now.incomplete - p->blocks.incomplete,
                  now.encrypted - p->blocks.encrypted);
    if (now.encrypted > 0 && p->blocks.encrypted == 0)
        log_write(p->set.log, LOG_WARNING, MESSAGE_BLOCKS_ENCRYPTED,
                  "Protected Event Logging encrypts script blocks here: no rule sees into them");
    p->blocks = now;
}

static int keep_now(struct pipeline *p, struct text source, const struct collector_bookmark *bookmark)
{
    struct fault fault = {0};
    struct store_alert *alerts = p->count == 0 ? NULL : calloc(p->count, sizeof(*alerts));
    struct store_subject *subjects = p->count == 0 ? NULL : calloc(p->count, sizeof(*subjects));
    char *name = text_dup(source), *mark = text_dup(bookmark == NULL ? text_from(NULL) : bookmark->text);
    int rc = -ENOMEM;
    if (((alerts != NULL && subjects != NULL) || p->count == 0) && name != NULL && mark != NULL) {
        for (size_t i = 0; i < p->count; i++)
            alerts[i] = (struct store_alert){p->pending[i].id, p->pending[i].document, p->pending[i].size};
        rc = store_keep_told(p->set.store, alerts, p->count, subjects, subjects_of(p, subjects),
                             bookmark == NULL ? NULL : name, mark, NULL, &fault);
    }
    report_store(p, rc, &fault);
    for (size_t i = 0; i < p->count && rc == 0 && p->set.witness != NULL; i++)
        witness_kept(p->set.witness, p->pending[i].alert);
    health_alive(p->set.health, p->set.thread, ROUND_DUE_MS);
    if (rc == 0 && p->count > 0)
        look_at_room(p);
    if (rc == 0) {
        for (size_t i = 0; i < p->count; i++)
            health_test_kept(p->set.health, p->pending[i].id, name);
        pending_clear(p);
        p->seen.has_record = bookmark != NULL && bookmark->has_record;
        p->seen.record = p->seen.has_record ? bookmark->record : 0;
        health_source_kept(p->set.health, name, &p->seen);
        p->seen = (struct health_kept){0};
    }
    free(mark);
    free(name);
    free(subjects);
    free(alerts);
    return rc;
}

static int keep(void *context, struct text source, const struct collector_bookmark *bookmark)
{
    struct pipeline *p = context;
    report_blocks(p);
    return keep_now(p, source, bookmark != NULL && hold(p, source, bookmark) ? NULL : bookmark);
}

/* No script block waits any more: the bookmarks that did are kept, and with the first of them the alerts that came of
 * it. What fails is tried again. */
static void keep_held(struct pipeline *p)
{
    for (size_t i = 0; i < MAX_HELD && alert_maker_waiting(p->maker) == 0; i++) {
        struct held *held = &p->held[i];
        if (held->source == NULL)
            continue;
        const struct collector_bookmark bookmark = {text_from(held->text), held->has_record, held->record};
        if (keep_now(p, text_from(held->source), &bookmark) < 0)
            return;
        release(held);
    }
}

/* What r says of its source's health; trouble: its fault in words. */
static void note(struct pipeline *p, const struct collector_report *r, const char *trouble)
{
    char name[HEALTH_NAME_SIZE];
    (void)text_copy(name, sizeof(name), r->source); /* cut, as health keeps it */
    switch (r->kind) {
    case COLLECTOR_OPENED:
        health_source_state(p->set.health, name, HEALTH_READING, NULL);
        break;
    case COLLECTOR_ABSENT:
        health_source_state(p->set.health, name, HEALTH_ABSENT, trouble);
        break;
    case COLLECTOR_DENIED:
        health_source_state(p->set.health, name, HEALTH_DENIED, trouble);
        break;
    case COLLECTOR_BROKEN:
    case COLLECTOR_STOPPED:
    case COLLECTOR_NO_SLOT:
    case COLLECTOR_FOREIGN:
        health_source_state(p->set.health, name, HEALTH_BROKEN, trouble);
        break;
    case COLLECTOR_BAD_EVENT:
        health_source_bad_event(p->set.health, name);
        break;
    case COLLECTOR_GAP:
        health_source_gap(p->set.health, name, r->first, r->last);
        break;
    case COLLECTOR_LOST:
        health_source_lost(p->set.health, name, r->first);
        break;
    case COLLECTOR_RESUMED:
        health_source_restart(p->set.health, name);
        break;
    default: /* a kind that changes nothing here */
        break;
    }
}

/* A source that is not read is no witness that could be missed; one that is disabled is. */
static void note_witness(struct pipeline *p, const struct collector_report *r)
{
    switch (r->kind) {
    case COLLECTOR_OPENED:
        witness_source(p->set.witness, r->source, true);
        break;
    case COLLECTOR_ABSENT:
    case COLLECTOR_DENIED:
    case COLLECTOR_BROKEN:
    case COLLECTOR_STOPPED:
    case COLLECTOR_NO_SLOT:
    case COLLECTOR_FOREIGN:
        witness_source(p->set.witness, r->source, false);
        break;
    default: /* it goes on as it was */
        break;
    }
}

/* The numbers of a report as " name=value", or "". */
static void report_numbers(char *to, size_t size, const struct collector_report *r)
{
    unsigned long long first = r->first, last = r->last, record = r->offset;
    to[0] = '\0';
    if (r->kind == COLLECTOR_GAP)
        snprintf(to, size, " records=%llu-%llu count=%llu", first, last, last - first + 1);
    else if (r->kind == COLLECTOR_SHRUNK)
        snprintf(to, size, " from=%llu to=%llu", first, last);
    else if (r->kind == COLLECTOR_RESTARTED && record > 0)
        snprintf(to, size, " before=%llu now=%llu unsaid=%llu", first, last, record);
    else if (r->kind == COLLECTOR_RESTARTED)
        snprintf(to, size, " before=%llu now=%llu", first, last);
    else if (r->kind == COLLECTOR_WRAPPING)
        snprintf(to, size, " hours=%llu", last);
    else if (r->offset != 0)
        snprintf(to, size, " record=%llu", record);
}

static void report(void *context, const struct collector_report *r)
{
    static const struct {
        enum message id;
        enum log_level level;
        const char *says;
    } lines[] = {
        [COLLECTOR_OPENED] = {MESSAGE_SOURCE_OPENED, LOG_INFO, "reading"},
        [COLLECTOR_ABSENT] = {MESSAGE_SOURCE_ABSENT, LOG_WARNING, "not there; will be tried again"},
        [COLLECTOR_DENIED] = {MESSAGE_SOURCE_DENIED, LOG_ERROR, "no right to read; will be tried again"},
        [COLLECTOR_BROKEN] = {MESSAGE_SOURCE_BROKEN, LOG_WARNING, "reading failed; will be opened again"},
        [COLLECTOR_BAD_EVENT] = {MESSAGE_BAD_EVENT, LOG_WARNING, "one event can't be read and is left out"},
        [COLLECTOR_VALUES_ONLY] = {MESSAGE_VALUES_ONLY, LOG_WARNING,
                                   "one event's XML can't be read; what its values say is taken"},
        [COLLECTOR_GAP] = {MESSAGE_GAP, LOG_ERROR, "events are gone before they were read"},
        [COLLECTOR_RESUMED] = {MESSAGE_RESUMED, LOG_WARNING, "the bookmark can't be used"},
        [COLLECTOR_BAD_MARK] = {MESSAGE_BAD_MARK, LOG_WARNING, "the place reached can't be kept"},
        [COLLECTOR_SMALLER] = {MESSAGE_SMALLER_BATCH, LOG_INFO, "a batch was too large; smaller ones are read"},
        [COLLECTOR_CLEARED] = {MESSAGE_LOG_CLEARED, LOG_ERROR, "a log was cleared"},
        [COLLECTOR_DISABLED] = {MESSAGE_CHANNEL_DISABLED, LOG_ERROR, "disabled: nothing is written into it"},
        [COLLECTOR_ENABLED] = {MESSAGE_CHANNEL_ENABLED, LOG_INFO, "enabled again"},
        [COLLECTOR_SHRUNK] = {MESSAGE_LOG_SHRUNK, LOG_WARNING, "the log was made smaller, bytes"},
        [COLLECTOR_RESTARTED] = {MESSAGE_IDS_RESTARTED, LOG_WARNING, "record ids went down"},
        [COLLECTOR_WRAPPING] = {MESSAGE_LOG_WRAPPING, LOG_WARNING, "will soon overwrite what was not read"},
        [COLLECTOR_LOST] = {MESSAGE_ETW_LOST, LOG_ERROR, "events were lost; the Event Log may have them"},
        [COLLECTOR_STOPPED] = {MESSAGE_ETW_STOPPED, LOG_ERROR,
                               "somebody stopped the agent's session; it is started again"},
        [COLLECTOR_SWITCHED_OFF] = {MESSAGE_ETW_SWITCHED_OFF, LOG_ERROR,
                                    "somebody switched off what the agent's session had enabled; it is enabled again"},
        [COLLECTOR_NO_SLOT] = {MESSAGE_ETW_NO_SLOT, LOG_ERROR, "no session is free; will be tried again"},
        [COLLECTOR_FOREIGN] = {MESSAGE_ETW_FOREIGN, LOG_ERROR, "the session's name is taken; will be tried again"},
    };
    struct pipeline *p = context;
    char text[512] = "", numbers[120];
    if (p->set.witness != NULL)
        note_witness(p, r);
    if (r->fault != NULL && r->fault->call == NULL) /* nothing failed: the detail says it all */
        (void)text_copy(text, sizeof(text), text_from(r->fault->detail));
    else if (r->fault != NULL)
        fault_text(r->fault, text, sizeof(text));
    note(p, r, text);
    report_numbers(numbers, sizeof(numbers), r);
    log_write(p->set.log, lines[r->kind].level, lines[r->kind].id, "%.*s: %s%s%s%.*s%s%s", (int)r->source.len,
              r->source.bytes, lines[r->kind].says, numbers, r->detail.len > 0 ? ": " : "", (int)r->detail.len,
              r->detail.len > 0 ? r->detail.bytes : "", text[0] != '\0' ? ": " : "", text);
}

static int alive(void *context, bool may_hold)
{
    struct pipeline *p = context;
    unsigned ms = may_hold ? health_pace(p->set.health) : 0;
    if (alert_maker_idle(p->maker) == 0) /* else it still waits, and is tried again */
        keep_held(p);
    health_alive(p->set.health, p->set.thread, ROUND_DUE_MS);
    if (ms > 0)
        (void)nanosleep(&(struct timespec){ms / 1000u, (long)(ms % 1000u) * 1000000L}, NULL); /* shorter is no harm */
    return 0;
}

struct collector_sink pipeline_sink(struct pipeline *p)
{
    return (struct collector_sink){
        .context = p, .wants = wants, .event = take_event, .checkpoint = keep, .report = report, .alive = alive};
}
