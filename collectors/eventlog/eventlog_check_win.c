#include "collectors/eventlog/eventlog_channel.h"

#include "collectors/eventlog/eventlog_bookmark.h"

#include <windows.h>
#include <winevt.h>

#include <stdlib.h>

/* Backlog, rates and the forecast are this old at most, or as old as retry_ms where that is less. A look takes four
 * calls, each to the Event Log service. */
#define LOOK_MOST_MS 10000u

/* What was in the log this long before nothing was left to read had been looked at: the log was asked more than once in
 * between, with or without a signal. */
#define DRAINED_AFTER_MS 6000u

/* Less than this until unread records are overwritten, and the operator is warned. */
#define WRAP_SOON_HOURS 4.0

/* Rate of reading: follows changes within about this time. */
#define RATE_MEMORY_MS 60000.0

static void measure_rate(struct channel *ch, uint64_t now_ms)
{
    struct eventlog_figures *f = &ch->figures;
    if (ch->rate_ms != 0 && now_ms > ch->rate_ms) {
        double elapsed_ms = (double)(now_ms - ch->rate_ms);
        double rate = (double)(f->records - ch->rate_records) * 1000.0 / elapsed_ms;
        f->records_per_s += elapsed_ms / (elapsed_ms + RATE_MEMORY_MS) * (rate - f->records_per_s);
    }
    ch->rate_ms = now_ms;
    ch->rate_records = f->records;
}

/* Puts the bookmark on a record that no query gave: one that was looked at, and left out. */
static void put_mark(struct channel *ch, uint64_t record)
{
    char *text = NULL;
    uint16_t *xml = NULL;
    EVT_HANDLE made = NULL;
    if (eventlog_bookmark_make(&text, text_from(ch->name), record) == 0 &&
        text_to_utf16(&xml, NULL, text_from(text)) == 0)
        made = EvtCreateBookmark(xml);
    free(xml);
    free(text);
    if (made == NULL)
        return; /* the old one is as good, it only costs a longer search at the next opening */
    if (ch->bookmark != NULL)
        EvtClose(ch->bookmark);
    ch->bookmark = made;
    ch->record = record;
}

/*
 * What a query leaves out gives no bookmark; that it was looked at is known by nothing being left. So the bookmark is
 * put there: otherwise each start would search a log in which little or nothing matches from its beginning again.
 */
static void follow_drained(struct channel *ch, uint64_t newest, uint64_t now_ms)
{
    if (ch->sample_ms != 0 && ch->drained_at_ms >= ch->sample_ms + DRAINED_AFTER_MS) {
        if (ch->sample_newest > ch->read && !ch->is_restart) {
            put_mark(ch, ch->sample_newest);
            ch->read = ch->sample_newest;
            ch->has_new_mark = true;
        }
        ch->sample_ms = 0;
    }
    if (ch->sample_ms == 0) {
        ch->sample_ms = now_ms;
        ch->sample_newest = newest;
    }
}

static void forecast(struct channel *ch)
{
    struct eventlog_figures *f = &ch->figures;
    f->written_per_s = ch->lag.has_rate ? ch->lag.records_per_s : -1;
    f->hours_to_wrap = eventlog_backlog_hours_to_wrap(&ch->lag, ch->read);
    bool is_soon = f->backlog > 0 && f->hours_to_wrap >= 0 && f->hours_to_wrap < WRAP_SOON_HOURS;
    if (is_soon && !ch->is_wrap_said) {
        struct collector_report r = {.kind = COLLECTOR_WRAPPING,
                                     .source = text_from(ch->name),
                                     .first = f->backlog,
                                     .last = (uint64_t)f->hours_to_wrap};
        ch->set->sink.report(ch->set->sink.context, &r);
    }
    if (is_soon || f->backlog == 0)
        ch->is_wrap_said = is_soon;
}

static void look_at_log(struct channel *ch, bool is_waiting, uint64_t now_ms)
{
    struct eventlog_log_info log;
    struct fault fault;
    measure_rate(ch, now_ms);
    if (eventlog_info_log(&log, ch->name_utf16, &fault) < 0)
        return; /* reading will say what is wrong */
    log.max_bytes = ch->has_settings ? ch->settings.max_bytes : 0;
    channel_settle_restart(ch);
    channel_account_late(ch, &log);
    eventlog_backlog_observe(&ch->lag, &log, now_ms);
    follow_drained(ch, eventlog_log_newest(&log), now_ms);
    bool is_behind = is_waiting || ch->is_pending;
    ch->figures.backlog = is_behind ? eventlog_backlog_records(&ch->lag, ch->read) : 0;
    forecast(ch);
}

static void look_at_settings(struct channel *ch)
{
    struct eventlog_channel_info now;
    struct fault fault;
    if (eventlog_info_channel(&now, ch->name_utf16, &fault) < 0)
        return;
    bool was_enabled = !ch->has_settings || ch->settings.is_enabled;
    if (was_enabled != now.is_enabled)
        channel_report(ch, now.is_enabled ? COLLECTOR_ENABLED : COLLECTOR_DISABLED, NULL, NULL);
    if (ch->has_settings && now.max_bytes < ch->settings.max_bytes) {
        struct collector_report r = {.kind = COLLECTOR_SHRUNK,
                                     .source = text_from(ch->name),
                                     .first = ch->settings.max_bytes,
                                     .last = now.max_bytes};
        ch->set->sink.report(ch->set->sink.context, &r);
    }
    ch->figures.is_disabled = !now.is_enabled;
    ch->settings = now;
    ch->has_settings = true;
}

void channel_watch(struct channel *ch, bool is_waiting, uint64_t now_ms)
{
    struct eventlog_range range;
    ch->figures.is_waiting = is_waiting;
    while (eventlog_gap_next(&ch->gap, &range, now_ms))
        channel_report_gap(ch, range, NULL);
    if (ch->figures.state == EVENTLOG_ABSENT || ch->figures.state == EVENTLOG_DENIED)
        return;
    if (now_ms >= ch->settings_at_ms) {
        ch->settings_at_ms = now_ms + ch->set->retry_ms;
        look_at_settings(ch);
    }
    /* Only of what was subscribed to: an Analytic or Debug channel has no such numbers to ask for. */
    if (ch->subscription != NULL && now_ms >= ch->look_at_ms) {
        ch->look_at_ms = now_ms + (ch->set->retry_ms < LOOK_MOST_MS ? ch->set->retry_ms : LOOK_MOST_MS);
        look_at_log(ch, is_waiting, now_ms);
    }
}
