#include "collectors/eventlog/eventlog_channel.h"

#include "collectors/eventlog/eventlog_bookmark.h"
#include "collectors/eventlog/eventlog_event.h"

#include <windows.h>
#include <winevt.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many good batches, and a larger one is tried again after error 1734. */
#define BATCHES_TO_GROW 64u

/* A single record that no call brings is asked for this often before it is passed over. */
#define TOO_LARGE_TRIES 3u

/* So many passed over in a row are no records: the call itself is broken. */
#define TOO_LARGE_MOST 5u

/* Longest search of one call, ms: in a log of gigabytes Windows may look for minutes. The next goes on there. */
#define SEARCH_MS 2000u

/* Reading that has gone on for this long was good: the next failure waits the least again. */
#define GOOD_AFTER_MS 60000u

static uint64_t lookback_begin(uint64_t lookback_s)
{
    uint64_t now = event_time_now();
    return lookback_s > now / 10000000u ? 0 : now - lookback_s * 10000000u;
}

static int forward_event(void *context, const struct event *event)
{
    const struct channel *ch = context;
    return ch->set->sink.event(ch->set->sink.context, event);
}

/* Of the XML reader: no loss yet, for the values may do. */
static void keep_xml_fault(void *context, const struct collector_report *report)
{
    struct channel *ch = context;
    ch->is_xml_bad = true;
    if (report->fault != NULL)
        ch->xml_fault = *report->fault;
}

int channel_init(struct channel *ch, const struct eventlog_channel *from, const struct eventlog_settings *set,
                 struct eventlog_render *render, struct fault *fault)
{
    ch->set = set;
    ch->render = render;
    ch->batch = EVENTLOG_BATCH;
    ch->is_unfiltered = from->query.len == 0 || text_equal(from->query, text_from("*"));
    ch->figures.written_per_s = ch->figures.hours_to_wrap = -1;
    ch->name = text_dup(from->name);
    int rc = ch->name == NULL ? -ENOMEM : text_to_utf16(&ch->name_utf16, NULL, from->name);
    if (rc == 0 && from->query.len > 0)
        rc = text_to_utf16(&ch->query_utf16, NULL, from->query);
    ch->xml_sink = (struct collector_sink){.context = ch, .event = forward_event, .report = keep_xml_fault};
    if (rc == 0)
        rc = event_xml_new(&ch->xml, &ch->xml_sink, from->name, from->name, NULL);
    if (rc == 0)
        rc = channel_load_mark(ch, from->bookmark);
    if (rc < 0)
        return rc;
    if (ch->bookmark == NULL && !ch->was_read && set->lookback_s != EVENTLOG_LOOKBACK_ALL)
        ch->lookback_from = lookback_begin(set->lookback_s);
    ch->scratch = EvtCreateBookmark(NULL);
    if (ch->scratch == NULL) {
        fault_set(fault, "EvtCreateBookmark", (long)GetLastError(), from->name, NULL);
        return -EIO;
    }
    /* Manual reset: the loop resets it before it drains, so that no signal is lost between the two. */
    ch->signal = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (ch->signal == NULL) {
        fault_set(fault, "CreateEventW", (long)GetLastError(), from->name, NULL);
        return -EIO;
    }
    return 0;
}

void channel_clear(struct channel *ch)
{
    channel_close(ch);
    if (ch->bookmark != NULL)
        EvtClose(ch->bookmark);
    if (ch->scratch != NULL)
        EvtClose(ch->scratch);
    if (ch->signal != NULL)
        CloseHandle(ch->signal); /* only after the subscription that signals it */
    eventlog_origins_free(ch->origins);
    event_xml_free(ch->xml);
    free(ch->query_utf16);
    free(ch->name_utf16);
    free(ch->name);
}

/* The record id in a bookmark; 0: it can't be told. */
static uint64_t record_of_bookmark(struct channel *ch, EVT_HANDLE bookmark)
{
    struct text xml;
    uint64_t record = 0;
    if (eventlog_render_bookmark(ch->render, bookmark, &xml, NULL) == 0 &&
        eventlog_bookmark_record(&record, xml, text_from(ch->name)) < 0)
        record = 0;
    return record;
}

/* The id that event has in the log that it is read from; its own may be another log's. 0: it can't be told. */
static uint64_t record_of(struct channel *ch, EVT_HANDLE event)
{
    return EvtUpdateBookmark(ch->scratch, event) ? record_of_bookmark(ch, ch->scratch) : 0;
}

static void skip(struct channel *ch, uint64_t record, const struct fault *fault)
{
    struct collector_report r = {
        .kind = COLLECTOR_BAD_EVENT, .source = text_from(ch->name), .offset = record, .fault = fault};
    ch->figures.skipped++;
    ch->set->sink.report(ch->set->sink.context, &r);
}

/* A log was cleared; 104 names which, 1102 stands in the log itself. Source: the templates of
 * Microsoft-Windows-Eventlog. */
static void take_clearing(struct channel *ch, EVT_HANDLE event, const struct eventlog_values *values)
{
    static const char begin[] = "<Channel>";
    struct text xml, log = {NULL, 0};
    char words[256];
    uint64_t record = record_of(ch, event); /* first: the XML lies in the renderer's buffer */
    if (values->event_id == 104 && eventlog_render_xml(ch->render, event, &xml, NULL) == 0) {
        const char *data = strstr(xml.bytes, "<LogFileCleared"); /* NUL-terminated; ends early at a NUL from outside */
        const char *name = data == NULL ? NULL : strstr(data, begin);
        if (name != NULL) {
            log.bytes = name + sizeof(begin) - 1;
            log.len = strcspn(log.bytes, "<");
        }
    }
    snprintf(words, sizeof(words), "%.*s", (int)log.len, log.len > 0 ? log.bytes : "");
    struct collector_report r = {.kind = COLLECTOR_CLEARED,
                                 .source = text_from(ch->name),
                                 .offset = record,
                                 .detail = text_from(log.len > 0 ? words : NULL)};
    ch->figures.clears++;
    ch->set->sink.report(ch->set->sink.context, &r);
}

/* Continuity of the log that a forwarded event was written to first. Returns 0 or -ENOMEM. */
static int take_origin(struct channel *ch, const struct eventlog_values *v)
{
    struct eventlog_origin_name name = {v->computer.units, v->channel.units, v->computer.count, v->channel.count};
    struct eventlog_range range = {0, 0};
    uint64_t unsaid = 0;
    char from[TEXT_UTF16_MAX_BYTES(256)], log[TEXT_UTF16_MAX_BYTES(256)], words[1024];
    if (v->computer.units == NULL || v->channel.units == NULL || v->record == 0)
        return 0;
    if (ch->origins == NULL && eventlog_origins_new(&ch->origins) < 0)
        return -ENOMEM;
    enum eventlog_origin_step step = eventlog_origins_take(ch->origins, &name, v->record, &range);
    ch->figures.origins = eventlog_origins_count(ch->origins);
    if (step == EVENTLOG_ORIGIN_EVEN ||
        (step == EVENTLOG_ORIGIN_RESTART && !eventlog_origins_may_report(ch->origins, GetTickCount64(), &unsaid)))
        return 0;
    (void)text_from_utf16(from, v->computer.units, v->computer.count < 256 ? v->computer.count : 256);
    (void)text_from_utf16(log, v->channel.units, v->channel.count < 256 ? v->channel.count : 256);
    snprintf(words, sizeof(words), "computer=%s channel=%s", from, log);
    if (step == EVENTLOG_ORIGIN_GAP) {
        channel_report_gap(ch, range, words);
        return 0;
    }
    struct collector_report r = {.kind = COLLECTOR_RESTARTED,
                                 .source = text_from(ch->name),
                                 .offset = unsaid,
                                 .first = range.first,
                                 .last = range.last,
                                 .detail = text_from(words)};
    ch->set->sink.report(ch->set->sink.context, &r);
    return 0;
}

/* Is the event from another log than the one it is read from? */
static bool is_forwarded(const struct channel *ch, const struct eventlog_values *v)
{
    char name[TEXT_UTF16_MAX_BYTES(256)];
    if (v->channel.units == NULL || v->channel.count > 256)
        return true;
    return !text_equal_nocase(text_from_utf16(name, v->channel.units, v->channel.count), text_from(ch->name));
}

enum verdict { VERDICT_NO, VERDICT_UNSURE, VERDICT_MATCH };

static bool text_matches(const struct channel *ch, struct eventlog_text text)
{
    return text.units != NULL && rule_set_utf16_may_match(ch->set->rules, text.units, text.count);
}

/* Is a rule about such events? */
static bool is_wanted(const struct channel *ch, const struct eventlog_values *v)
{
    char origin[TEXT_UTF16_MAX_BYTES(256)];
    if (v->event_id > UINT32_MAX)
        return false;
    struct event event = {.kind = kinds_kind(v->entry, text_from(ch->name)), .event_id = (uint32_t)v->event_id};
    event.field[EVENT_PROVIDER] = text_from(v->provider);
    event.field[EVENT_CHANNEL] = text_from(ch->name);
    if (v->channel.units != NULL && v->channel.count <= 256)
        event.field[EVENT_CHANNEL] = text_from_utf16(origin, v->channel.units, v->channel.count);
    return rule_set_wants(ch->set->rules, &event);
}

/* Can a rule match a process creation? Where command lines are all that the rules ask for, nearly all end in them. */
static enum verdict judge_process(const struct channel *ch, const struct eventlog_values *v)
{
    if (v->is_unsure)
        return VERDICT_UNSURE;
    if (!rule_set_asks_lines_only(ch->set->rules, kinds_kind(v->entry, text_from(ch->name))))
        return is_wanted(ch, v) ? VERDICT_UNSURE : VERDICT_NO;
    /* A forwarded event may come without a template, so that its data have no names here; its XML has them. */
    if (v->command_line.units == NULL && v->parent_command_line.units == NULL)
        return ch->is_unfiltered ? VERDICT_UNSURE : VERDICT_NO;
    return text_matches(ch, v->command_line) || text_matches(ch, v->parent_command_line) ? VERDICT_MATCH : VERDICT_NO;
}

/* Can a rule match event? */
static enum verdict judge(struct channel *ch, const struct eventlog_values *v)
{
    ch->figures.last_time = v->time != 0 ? v->time : ch->figures.last_time;
    if (v->time != 0 && v->time < ch->not_before)
        return VERDICT_NO;
    if (v->entry == NULL || !event_kind_is_process(v->entry->kind))
        return is_wanted(ch, v) ? VERDICT_UNSURE : VERDICT_NO;
    ch->figures.commands++;
    ch->figures.no_command += v->command_line.count == 0 ? 1 : 0;
    return judge_process(ch, v);
}

/* An event whose XML can't be read, for the reason in xml_fault: its values may do. Returns as hand_over. */
static int hand_over_values(struct channel *ch, EVT_HANDLE event, uint64_t record, const struct fault *xml_fault)
{
    struct event made;
    struct eventlog_event_memory memory;
    int rc = eventlog_event_from_values(&made, &memory, event, text_from(ch->name), NULL);
    if (rc == -ENOMEM)
        return rc;
    if (rc < 0) {
        skip(ch, record, xml_fault);
        return 0;
    }
    struct text line = made.field[EVENT_COMMAND_LINE], parent = made.field[EVENT_PARENT_COMMAND_LINE];
    bool may_match = made.time == 0 || made.time >= ch->not_before;
    bool is_asked = !rule_set_asks_lines_only(ch->set->rules, made.kind) && rule_set_wants(ch->set->rules, &made);
    if (may_match && (is_asked || rule_set_bytes_may_match(ch->set->rules, line) ||
                      rule_set_bytes_may_match(ch->set->rules, parent))) {
        struct collector_report r = {
            .kind = COLLECTOR_VALUES_ONLY, .source = text_from(ch->name), .offset = record, .fault = xml_fault};
        ch->set->sink.report(ch->set->sink.context, &r);
        rc = ch->set->sink.event(ch->set->sink.context, &made);
        ch->has_new_match = true;
        ch->figures.matches += rc == 0 ? 1 : 0;
        ch->figures.values_only += rc == 0 ? 1 : 0;
    }
    eventlog_event_free(&memory);
    return rc;
}

/* Feeds the XML of one record. *is_taken: a process creation was handed to the sink. */
static int feed(struct channel *ch, struct text xml, uint64_t record, bool *is_taken)
{
    struct event_xml_counts before = event_xml_counts(ch->xml);
    ch->is_xml_bad = false;
    ch->xml_fault = (struct fault){.call = "reading its XML"};
    (void)text_copy(ch->xml_fault.object, sizeof(ch->xml_fault.object), text_from(ch->name)); /* cut where longer */
    event_xml_place(ch->xml, record);
    int rc = event_xml_feed(ch->xml, xml.bytes, xml.len);
    if (rc == 0)
        rc = event_xml_end(ch->xml);
    *is_taken = event_xml_counts(ch->xml).taken > before.taken;
    return rc;
}

/* Hands event to the sink: its XML, or if that can't be read its values. Returns 0 also for an event of which neither
 * can be read: it is reported. */
static int hand_over(struct channel *ch, EVT_HANDLE event, enum verdict verdict)
{
    struct text xml;
    struct fault fault = {0};
    bool is_taken = false;
    uint64_t record = record_of(ch, event); /* first: the XML lies in the renderer's buffer */
    int rc = eventlog_render_xml(ch->render, event, &xml, &fault);
    if (rc == -ENOMEM)
        return rc;
    if (rc < 0) {
        fault_set(&fault, fault.call, fault.code, text_from(ch->name), fault.detail);
        return hand_over_values(ch, event, record, &fault);
    }
    if (verdict != VERDICT_MATCH && !rule_set_bytes_may_match(ch->set->rules, xml))
        return 0;
    rc = feed(ch, xml, record, &is_taken);
    if (rc < 0)
        return rc;
    if (!is_taken)
        return ch->is_xml_bad || verdict == VERDICT_MATCH ? hand_over_values(ch, event, record, &ch->xml_fault) : 0;
    ch->has_new_match = true;
    ch->figures.matches++;
    return 0;
}

/* Takes one event. Returns 0, or a negative errno value: it was not taken and must be read again. */
static int take(struct channel *ch, EVT_HANDLE event)
{
    struct eventlog_values values;
    int rc = eventlog_render_values(ch->render, event, ch->is_unfiltered, &values, NULL);
    if (rc == -ENOMEM)
        return rc;
    if (rc < 0)
        return hand_over(ch, event, VERDICT_UNSURE); /* its XML decides, or says why it can't be read */
    enum verdict verdict = judge(ch, &values);
    if (ch->is_unfiltered && is_forwarded(ch, &values)) {
        rc = take_origin(ch, &values);
        if (rc < 0)
            return rc;
    }
    if (values.is_clearing && values.time >= ch->not_before)
        take_clearing(ch, event, &values);
    return verdict == VERDICT_NO ? 0 : hand_over(ch, event, verdict);
}

/* Are records missing among these, which were all that came? */
static void take_records(struct channel *ch, EVT_HANDLE *events, DWORD count, uint64_t now_ms)
{
    struct eventlog_range range;
    if (!ch->is_unfiltered || ch->record == 0)
        return;
    if (!eventlog_gap_take_batch(&ch->gap, ch->record, count)) {
        for (DWORD i = 0; i < count; i++) {
            uint64_t record = record_of(ch, events[i]);
            if (record != 0)
                eventlog_gap_take(&ch->gap, record, now_ms);
        }
    }
    while (eventlog_gap_next(&ch->gap, &range, now_ms))
        channel_report_gap(ch, range, NULL);
}

/* Moves the bookmark after event. */
static int move_mark(struct channel *ch, EVT_HANDLE event, struct fault *fault)
{
    EVT_HANDLE mark = ch->bookmark == NULL ? EvtCreateBookmark(NULL) : ch->bookmark;
    if (mark == NULL || !EvtUpdateBookmark(mark, event)) {
        fault_set(fault, "EvtUpdateBookmark", (long)GetLastError(), text_from(ch->name), NULL);
        if (mark != NULL && mark != ch->bookmark)
            EvtClose(mark); /* never updated, it is no place to go back to */
        return -EIO;
    }
    ch->bookmark = mark;
    ch->has_new_mark = true;
    ch->record = record_of_bookmark(ch, ch->bookmark);
    channel_settle_restart(ch);
    if (ch->record > ch->read)
        ch->read = ch->record;
    return 0;
}

/* Takes events[0..count-1], closes all of them, and moves the bookmark after the last one taken. */
static int take_all(struct channel *ch, EVT_HANDLE *events, DWORD count, uint64_t now_ms, struct fault *fault)
{
    int rc = 0;
    DWORD taken = 0;
    if (ch->is_unaccounted && ch->first_since == 0)
        ch->first_since = record_of(ch, events[0]);
    while (taken < count && (rc = take(ch, events[taken])) == 0)
        taken++;
    if (rc < 0)
        fault_set(fault, "taking an event", -rc, text_from(ch->name), "it will be read again");
    if (taken > 0 && move_mark(ch, events[taken - 1], fault) < 0)
        rc = -EIO;
    else
        take_records(ch, events, taken, now_ms);
    for (DWORD i = 0; i < count; i++)
        EvtClose(events[i]);
    ch->figures.records += taken;
    ch->figures.last_record = ch->record;
    return rc;
}

/* Windows has answered: the channel is being read. */
static void progress(struct channel *ch, bool has_events, uint64_t now_ms)
{
    if (has_events || now_ms - ch->opened_at_ms >= GOOD_AFTER_MS)
        ch->failures = 0;
    ch->figures.state = EVENTLOG_READING;
    ch->figures.last_code = ch->last_report = 0;
    if (!ch->is_open_said)
        channel_report(ch, COLLECTOR_OPENED, NULL, NULL);
    ch->is_open_said = true;
}

static void grow(struct channel *ch)
{
    ch->too_large = 0;
    if (ch->batch == EVENTLOG_BATCH || ++ch->good_batches < BATCHES_TO_GROW)
        return;
    ch->good_batches = 0;
    ch->batch = 2 * ch->batch < EVENTLOG_BATCH ? 2 * ch->batch : EVENTLOG_BATCH;
}

/*
 * The batch was larger than one call brings, and Windows has passed over it: reading goes on at the bookmark with half
 * of it. Not even a single record: after some tries it is left out.
 */
static enum channel_pull too_large(struct channel *ch, const struct fault *fault, uint64_t now_ms)
{
    char words[40];
    ch->good_batches = 0;
    if (ch->batch == 1 && ++ch->too_large >= TOO_LARGE_TRIES) {
        if (ch->too_large < TOO_LARGE_TRIES + TOO_LARGE_MOST) {
            skip(ch, ch->record + 1, fault);
            return CHANNEL_MORE; /* the position is after it */
        }
        channel_fail(ch, fault, now_ms);
        return CHANNEL_CLOSED;
    }
    if (ch->batch > 1) {
        ch->batch /= 2;
        snprintf(words, sizeof(words), "batch=%u", ch->batch);
        channel_report(ch, COLLECTOR_SMALLER, NULL, words);
    }
    channel_close(ch);
    ch->retry_at_ms = now_ms;
    ch->figures.reopened++;
    return CHANNEL_CLOSED;
}

enum channel_pull channel_pull(struct channel *ch, uint64_t now_ms)
{
    EVT_HANDLE events[EVENTLOG_BATCH];
    DWORD count = 0;
    struct fault fault = {0};
    if (EvtNext(ch->subscription, ch->batch, events, SEARCH_MS, 0, &count)) { /* waits for none to come */
        if (take_all(ch, events, count, now_ms, &fault) == 0) {
            progress(ch, true, now_ms);
            grow(ch);
            return CHANNEL_MORE;
        }
    } else {
        fault_set(&fault, "EvtNext", (long)GetLastError(), text_from(ch->name), NULL);
        if (fault.code == RPC_S_INVALID_BOUND)
            return too_large(ch, &fault, now_ms);
    }
    if (fault.code == ERROR_NO_MORE_ITEMS || fault.code == ERROR_INVALID_OPERATION || fault.code == ERROR_TIMEOUT) {
        progress(ch, false, now_ms);
        if (fault.code == ERROR_TIMEOUT)
            return CHANNEL_MORE; /* it has not come to the end: nothing is drained */
        ch->drained_at_ms = now_ms;
        ch->not_before = 0; /* what comes late from now on is new all the same */
        return CHANNEL_DRAINED;
    }
    channel_fail(ch, &fault, now_ms);
    return CHANNEL_CLOSED;
}

/* A bookmark that can't be rendered holds nothing up: what was found is kept without it, and read again after a start.
 */
static int checkpoint_without_mark(struct channel *ch, struct fault *fault)
{
    if (!ch->is_mark_said) {
        fault_set(fault, fault->call, fault->code, text_from(ch->name),
                  "the bookmark; alerts are kept without it until it can be rendered");
        channel_report(ch, COLLECTOR_BAD_MARK, fault, NULL);
    }
    ch->is_mark_said = true;
    int rc = ch->set->sink.checkpoint(ch->set->sink.context, text_from(ch->name), NULL);
    if (rc == 0)
        ch->has_new_match = false;
    return rc;
}

int channel_checkpoint(struct channel *ch)
{
    struct text bookmark;
    char *mark = NULL;
    struct fault fault = {0};
    if (!ch->has_new_mark || ch->bookmark == NULL)
        return 0;
    int rc = eventlog_render_bookmark(ch->render, ch->bookmark, &bookmark, &fault);
    if (rc < 0)
        return checkpoint_without_mark(ch, &fault);
    rc = eventlog_bookmark_format(&mark, bookmark, ch->read);
    if (rc == 0) {
        struct collector_bookmark reached = {text_from(mark), ch->record != 0, ch->record};
        rc = ch->set->sink.checkpoint(ch->set->sink.context, text_from(ch->name), &reached);
    }
    free(mark);
    if (rc == 0)
        ch->has_new_mark = ch->has_new_match = ch->is_mark_said = false;
    return rc;
}
