#include "collectors/eventlog/eventlog_channel.h"

#include "collectors/eventlog/eventlog_bookmark.h"

#include <windows.h>
#include <winevt.h>

#include <errno.h>
#include <stdlib.h>

/* Wait before a channel whose reading failed is opened again: doubles from the first to the last. */
#define BROKEN_FIRST_MS 1000u
#define BROKEN_LAST_MS 60000u

void channel_report(struct channel *ch, enum collector_report_kind kind, const struct fault *fault, const char *words)
{
    struct collector_report r = {
        .kind = kind, .source = text_from(ch->name), .fault = fault, .detail = text_from(words)};
    ch->set->sink.report(ch->set->sink.context, &r);
}

void channel_report_gap(struct channel *ch, struct eventlog_range range, const char *words)
{
    struct collector_report r = {.kind = COLLECTOR_GAP,
                                 .source = text_from(ch->name),
                                 .first = range.first,
                                 .last = range.last,
                                 .detail = text_from(words)};
    ch->figures.lost += range.last - range.first + 1;
    ch->figures.gaps++;
    ch->set->sink.report(ch->set->sink.context, &r);
}

void channel_close(struct channel *ch)
{
    if (ch->subscription != NULL)
        EvtClose(ch->subscription);
    ch->subscription = NULL;
    ch->is_pending = false;
}

static unsigned wait_of(const struct channel *ch, long code)
{
    if (code == ERROR_EVT_CHANNEL_NOT_FOUND || code == ERROR_ACCESS_DENIED)
        return ch->set->retry_ms;
    /* The log was cleared or has wrapped: each moment may cost more of it. The next time in a row waits. */
    if ((code == ERROR_EVT_QUERY_RESULT_STALE || code == ERROR_EVT_QUERY_RESULT_INVALID_POSITION) && ch->failures == 0)
        return 0;
    return ch->failures < 6 ? BROKEN_FIRST_MS << ch->failures : BROKEN_LAST_MS;
}

/* Trouble is reported when it begins and when it changes, not at each try. */
void channel_fail(struct channel *ch, const struct fault *fault, uint64_t now_ms)
{
    enum collector_report_kind kind = COLLECTOR_BROKEN;
    enum eventlog_state state = EVENTLOG_BROKEN;
    if (fault->code == ERROR_EVT_CHANNEL_NOT_FOUND) {
        kind = COLLECTOR_ABSENT;
        state = EVENTLOG_ABSENT;
    } else if (fault->code == ERROR_ACCESS_DENIED) {
        kind = COLLECTOR_DENIED;
        state = EVENTLOG_DENIED;
    }
    ch->figures.reopened += ch->subscription != NULL ? 1 : 0;
    channel_close(ch);
    unsigned wait_ms = wait_of(ch, fault->code);
    ch->retry_at_ms = now_ms + (wait_ms > BROKEN_LAST_MS && kind == COLLECTOR_BROKEN ? BROKEN_LAST_MS : wait_ms);
    ch->failures++;
    ch->figures.state = state;
    ch->figures.last_code = fault->code;
    if (fault->code != ch->last_report)
        channel_report(ch, kind, fault, NULL);
    ch->last_report = fault->code;
    ch->is_open_said = false;
}

int channel_load_mark(struct channel *ch, struct text kept)
{
    struct eventlog_bookmark mark;
    struct fault fault = {0};
    uint16_t *xml = NULL;
    if (kept.bytes == NULL)
        return 0;
    if (eventlog_bookmark_parse(&mark, kept, text_from(ch->name)) < 0) {
        fault_set(&fault, "reading the bookmark", ERROR_INVALID_DATA, text_from(ch->name),
                  "damaged, or of another log");
    } else {
        int rc = text_to_utf16(&xml, NULL, mark.bookmark);
        if (rc < 0)
            return rc;
        ch->bookmark = EvtCreateBookmark(xml);
        if (ch->bookmark == NULL)
            fault_set(&fault, "EvtCreateBookmark", (long)GetLastError(), text_from(ch->name), NULL);
        free(xml);
    }
    if (ch->bookmark != NULL) {
        ch->record = mark.record;
        ch->read = mark.read;
        return 0;
    }
    ch->was_read = true;
    channel_report(ch, COLLECTOR_RESUMED, &fault, "reading from the oldest record");
    return 0;
}

static bool subscribe(struct channel *ch, DWORD flags, struct fault *fault)
{
    EVT_HANDLE bookmark = (flags & EvtSubscribeOriginMask) == EvtSubscribeStartAfterBookmark ? ch->bookmark : NULL;
    ch->subscription = EvtSubscribe(NULL, ch->signal, ch->name_utf16, ch->query_utf16, bookmark, NULL, NULL, flags);
    if (ch->subscription == NULL)
        fault_set(fault, "EvtSubscribe", (long)GetLastError(), text_from(ch->name), NULL);
    return ch->subscription != NULL;
}

/* Is it the place that is refused, and not the channel or the service that is away? */
static bool is_place_refused(long code)
{
    return code == ERROR_NOT_FOUND || code == ERROR_EVT_QUERY_RESULT_STALE ||
           code == ERROR_EVT_QUERY_RESULT_INVALID_POSITION || code == ERROR_INVALID_PARAMETER ||
           code == ERROR_INVALID_DATA;
}

/*
 * After the bookmark, strictly: if its record is gone, the call fails with ERROR_NOT_FOUND, where without Strict
 * Windows would go on at the nearest record unseen. Then the same without Strict, then the oldest record; never "from
 * now on". A log whose newest record is older than the bookmark has begun anew: there "nearest" would be its end, and
 * what it holds would be left out. Source: learn.microsoft.com/windows/win32/api/winevt/ne-winevt-evt_subscribe_flags.
 */
static bool subscribe_after_bookmark(struct channel *ch, struct fault *fault)
{
    struct eventlog_log_info log;
    const char *words = "reading from the record nearest to it";
    if (subscribe(ch, EvtSubscribeStartAfterBookmark | EvtSubscribeStrict, fault))
        return true;
    if (!is_place_refused(fault->code))
        return false;
    struct fault gone = *fault;
    bool begins_anew = eventlog_info_log(&log, ch->name_utf16, fault) == 0 && eventlog_log_newest(&log) < ch->record;
    if (begins_anew || !subscribe(ch, EvtSubscribeStartAfterBookmark, fault)) {
        if (!begins_anew && !is_place_refused(fault->code))
            return false;
        words = begins_anew && log.count > 0 ? "the log has begun anew; reading from its oldest record"
                                             : "reading from the oldest record";
        if (!subscribe(ch, EvtSubscribeStartAtOldestRecord, fault))
            return false;
        ch->is_restart = begins_anew;
    }
    channel_report(ch, COLLECTOR_RESUMED, &gone, words);
    return true;
}

/* Were records overwritten or cleared between the place reached and what the log holds now? */
static void account(struct channel *ch)
{
    struct eventlog_log_info log;
    struct fault fault;
    bool has_log = eventlog_info_log(&log, ch->name_utf16, &fault) == 0;
    ch->gap = (struct eventlog_gap){0};
    ch->is_unaccounted = false;
    if (ch->bookmark == NULL || ch->is_restart)
        return;                           /* nothing reached yet; or a look at what the log will hold decides */
    if (!has_log && !ch->is_unfiltered) { /* else the ids that come will tell */
        ch->is_unaccounted = true;
        ch->unaccounted_read = ch->read;
        ch->first_since = 0;
    }
    if (has_log && log.count > 0 && log.oldest > ch->read + 1) {
        channel_report_gap(ch, (struct eventlog_range){ch->read + 1, log.oldest - 1}, NULL);
        ch->read = log.oldest - 1;
        ch->has_new_mark = true;
    }
    eventlog_gap_start(&ch->gap, ch->read);
}

void channel_account_late(struct channel *ch, const struct eventlog_log_info *log)
{
    if (!ch->is_unaccounted || log->count == 0)
        return;
    uint64_t there = ch->first_since != 0 && ch->first_since < log->oldest ? ch->first_since : log->oldest;
    if (there > ch->unaccounted_read + 1)
        channel_report_gap(ch, (struct eventlog_range){ch->unaccounted_read + 1, there - 1}, NULL);
    ch->is_unaccounted = false;
}

void channel_settle_restart(struct channel *ch)
{
    struct eventlog_log_info log;
    struct fault fault;
    if (!ch->is_restart || eventlog_info_log(&log, ch->name_utf16, &fault) < 0 || log.count == 0)
        return;
    if (log.oldest > ch->read + 1) /* it was only cleared: ids go on */
        channel_report_gap(ch, (struct eventlog_range){ch->read + 1, log.oldest - 1}, NULL);
    ch->read = log.oldest - 1;
    ch->is_restart = false;
    eventlog_gap_start(&ch->gap, ch->read);
}

void channel_try_open(struct channel *ch, uint64_t now_ms)
{
    struct fault fault = {0};
    bool good;
    ResetEvent(ch->signal);
    ch->is_restart = false;
    ch->sample_ms = 0;
    if (ch->bookmark == NULL)
        ch->not_before = ch->lookback_from; /* again: what is in the log may be older than this */
    if (ch->bookmark != NULL)
        good = subscribe_after_bookmark(ch, &fault);
    else if (ch->set->lookback_s == 0 && !ch->was_read && ch->failures == 0)
        good = subscribe(ch, EvtSubscribeToFutureEvents, &fault);
    else /* after a failed first try too: what came in between is not lost, and not_before leaves out what is older */
        good = subscribe(ch, EvtSubscribeStartAtOldestRecord, &fault);
    if (!good) {
        channel_fail(ch, &fault, now_ms);
        return;
    }
    ch->is_pending = true; /* the signal is not set for records that are there already */
    ch->was_read = true;
    ch->opened_at_ms = ch->look_at_ms = now_ms;
    account(ch);
}
