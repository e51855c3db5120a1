#include "collectors/eventlog_channel.h"

#include <windows.h>
#include <winevt.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Wait before a channel that is not there or may not be read is tried again. */
#define ABSENT_RETRY_MS 60000u

/* Wait before a channel whose reading failed is opened again: doubles from the first to the last. */
#define BROKEN_FIRST_MS 1000u
#define BROKEN_LAST_MS 60000u

static void report(struct channel *ch, enum collector_report_kind kind, const struct fault *fault)
{
    struct collector_report r = {.kind = kind, .source = text_from(ch->name), .fault = fault};
    ch->set->sink.report(ch->set->sink.context, &r);
}

/* Trouble is reported when it begins and when it changes, not at each try. */
static void report_trouble(struct channel *ch, const struct fault *fault, uint64_t now_ms)
{
    enum collector_report_kind kind = COLLECTOR_BROKEN;
    unsigned wait = BROKEN_LAST_MS;
    if (fault->code == ERROR_EVT_CHANNEL_NOT_FOUND)
        kind = COLLECTOR_ABSENT;
    else if (fault->code == ERROR_ACCESS_DENIED)
        kind = COLLECTOR_DENIED;
    if (kind != COLLECTOR_BROKEN)
        wait = ABSENT_RETRY_MS;
    else if (ch->failures < 6)
        wait = BROKEN_FIRST_MS << ch->failures;
    ch->failures++;
    ch->retry_at_ms = now_ms + (wait > BROKEN_LAST_MS ? BROKEN_LAST_MS : wait);
    if (fault->code != ch->last_report)
        report(ch, kind, fault);
    ch->last_report = fault->code;
}

static void channel_close(struct channel *ch)
{
    if (ch->subscription != NULL)
        EvtClose(ch->subscription);
    ch->subscription = NULL;
    ch->is_pending = false;
}

/* The bookmark kept from before; one that Windows can't read is dropped and reported. */
static int load_bookmark(struct channel *ch, struct text kept)
{
    uint16_t *xml = NULL;
    if (kept.len == 0)
        return 0;
    int rc = text_to_utf16(&xml, NULL, kept);
    if (rc < 0)
        return rc;
    ch->bookmark = EvtCreateBookmark(xml);
    if (ch->bookmark == NULL) {
        struct fault fault = {0};
        fault_set(&fault, "EvtCreateBookmark", (long)GetLastError(), text_from(ch->name),
                  "starting as without a bookmark, as far back as lookback says");
        report(ch, COLLECTOR_RESUMED, &fault);
    }
    free(xml);
    return 0;
}

static uint64_t lookback_begin(uint64_t lookback_s)
{
    uint64_t now = event_time_now();
    return lookback_s > now / 10000000u ? 0 : now - lookback_s * 10000000u;
}

int channel_init(struct channel *ch, const struct eventlog_channel *from, const struct eventlog_settings *set,
                 struct eventlog_render *render, struct fault *fault)
{
    ch->set = set;
    ch->render = render;
    ch->batch = EVENTLOG_BATCH;
    ch->name = text_dup(from->name);
    int rc = ch->name == NULL ? -ENOMEM : text_to_utf16(&ch->name_utf16, NULL, from->name);
    if (rc == 0 && from->query.len > 0)
        rc = text_to_utf16(&ch->query_utf16, NULL, from->query);
    if (rc == 0)
        rc = event_xml_new(&ch->xml, &set->sink, from->name, from->name, NULL);
    if (rc == 0)
        rc = load_bookmark(ch, from->bookmark);
    if (rc < 0)
        return rc;
    if (ch->bookmark == NULL && set->lookback_s != EVENTLOG_LOOKBACK_ALL)
        ch->not_before = lookback_begin(set->lookback_s);
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
    if (ch->signal != NULL)
        CloseHandle(ch->signal); /* only after the subscription that signals it */
    event_xml_free(ch->xml);
    free(ch->query_utf16);
    free(ch->name_utf16);
    free(ch->name);
}

static bool subscribe(struct channel *ch, DWORD flags, struct fault *fault)
{
    EVT_HANDLE bookmark = (flags & EvtSubscribeOriginMask) == EvtSubscribeStartAfterBookmark ? ch->bookmark : NULL;
    ch->subscription = EvtSubscribe(NULL, ch->signal, ch->name_utf16, ch->query_utf16, bookmark, NULL, NULL, flags);
    if (ch->subscription == NULL)
        fault_set(fault, "EvtSubscribe", (long)GetLastError(), text_from(ch->name), NULL);
    return ch->subscription != NULL;
}

/*
 * Behind the bookmark, strictly: if its record is gone, the call fails with ERROR_NOT_FOUND, where without Strict
 * Windows would go on at the nearest record unseen. Then the same without Strict, then the oldest record; never "from
 * now on". Source: learn.microsoft.com/windows/win32/api/winevt/ne-winevt-evt_subscribe_flags.
 */
static bool subscribe_after_bookmark(struct channel *ch, struct fault *fault)
{
    if (subscribe(ch, EvtSubscribeStartAfterBookmark | EvtSubscribeStrict, fault))
        return true;
    if (fault->code != ERROR_NOT_FOUND)
        return false;
    struct fault gone = *fault;
    bool good = subscribe(ch, EvtSubscribeStartAfterBookmark, fault);
    if (good)
        fault_set(&gone, gone.call, gone.code, text_from(ch->name), "its record is gone; reading from the nearest one");
    else if (fault->code == ERROR_NOT_FOUND && (good = subscribe(ch, EvtSubscribeStartAtOldestRecord, fault)))
        fault_set(&gone, gone.call, gone.code, text_from(ch->name), "its record is gone; reading from the oldest one");
    if (good)
        report(ch, COLLECTOR_RESUMED, &gone);
    return good;
}

void channel_try_open(struct channel *ch, uint64_t now_ms)
{
    struct fault fault = {0};
    bool good;
    ResetEvent(ch->signal);
    if (ch->bookmark != NULL)
        good = subscribe_after_bookmark(ch, &fault);
    else if (ch->set->lookback_s == 0 && ch->failures == 0)
        good = subscribe(ch, EvtSubscribeToFutureEvents, &fault);
    else /* after a failed first try too: what came in between is not lost, and not_before leaves out what is older */
        good = subscribe(ch, EvtSubscribeStartAtOldestRecord, &fault);
    if (!good) {
        report_trouble(ch, &fault, now_ms);
        return;
    }
    ch->is_pending = true; /* the signal is not set for records that are there already */
    ch->last_report = 0;
    report(ch, COLLECTOR_OPENED, NULL);
}

static bool text_may_match(const struct channel *ch, struct eventlog_text text)
{
    return text.units != NULL && matcher_text_matches_utf16(ch->set->matcher, text.units, text.count);
}

/* Can a rule match event? Decided on its values alone, in which nearly all events end. */
static bool may_match(struct channel *ch, EVT_HANDLE event)
{
    struct eventlog_values values;
    if (eventlog_render_values(ch->render, event, &values, NULL) < 0)
        return true; /* its XML decides, or says why it can't be read */
    if (!values.is_process || (values.time != 0 && values.time < ch->not_before))
        return false;
    /* A forwarded event may come without a template, so that its data have no names here; its XML has them. */
    if (values.command_line.units == NULL && values.parent_command_line.units == NULL)
        return strcmp(ch->name, "Security") != 0;
    return text_may_match(ch, values.command_line) || text_may_match(ch, values.parent_command_line);
}

/* Hands event to the sink if a rule can match it. Returns 0 also for an event that can't be read: it is reported. */
static int take(struct channel *ch, EVT_HANDLE event)
{
    struct text xml;
    struct fault fault = {0};
    if (!may_match(ch, event))
        return 0;
    int rc = eventlog_render_xml(ch->render, event, &xml, &fault);
    if (rc == -ENOMEM)
        return rc;
    if (rc < 0) {
        fault_set(&fault, fault.call, fault.code, text_from(ch->name), fault.detail);
        report(ch, COLLECTOR_BAD_EVENT, &fault);
        return 0;
    }
    if (!matcher_bytes_may_match(ch->set->matcher, xml))
        return 0;
    ch->has_new_match = true;
    rc = event_xml_feed(ch->xml, xml.bytes, xml.len);
    return rc < 0 ? rc : event_xml_end(ch->xml);
}

/* Takes events[0..count-1], closes all of them, and moves the bookmark behind the last one taken. */
static int take_all(struct channel *ch, EVT_HANDLE *events, DWORD count, struct fault *fault)
{
    int rc = 0;
    DWORD taken = 0;
    while (taken < count && (rc = take(ch, events[taken])) == 0)
        taken++;
    if (rc < 0)
        fault_set(fault, "taking an event", -rc, text_from(ch->name), "it will be read again");
    if (taken > 0) {
        if (ch->bookmark == NULL)
            ch->bookmark = EvtCreateBookmark(NULL);
        if (ch->bookmark == NULL || !EvtUpdateBookmark(ch->bookmark, events[taken - 1])) {
            fault_set(fault, "EvtUpdateBookmark", (long)GetLastError(), text_from(ch->name), NULL);
            rc = -EIO;
        }
        ch->has_new_bookmark = rc != -EIO;
    }
    for (DWORD i = 0; i < count; i++)
        EvtClose(events[i]);
    return rc;
}

enum channel_pull channel_pull(struct channel *ch, uint64_t now_ms)
{
    EVT_HANDLE events[EVENTLOG_BATCH];
    DWORD count = 0;
    struct fault fault = {0};
    if (EvtNext(ch->subscription, ch->batch, events, INFINITE, 0, &count)) { /* a subscription never blocks here */
        if (take_all(ch, events, count, &fault) == 0) {
            ch->failures = 0;
            return CHANNEL_MORE;
        }
    } else {
        fault_set(&fault, "EvtNext", (long)GetLastError(), text_from(ch->name), NULL);
    }
    if (fault.code == ERROR_NO_MORE_ITEMS || fault.code == ERROR_INVALID_OPERATION || fault.code == ERROR_TIMEOUT) {
        ch->failures = 0;
        return CHANNEL_DRAINED;
    }
    /* The batch was too large for one call; it is skipped unless the channel is opened anew at the bookmark. */
    if (fault.code == RPC_S_INVALID_BOUND && ch->batch > 1)
        ch->batch /= 2;
    channel_close(ch);
    report_trouble(ch, &fault, now_ms);
    return CHANNEL_CLOSED;
}

int channel_checkpoint(struct channel *ch)
{
    char *mark = NULL;
    struct fault fault = {0};
    if (!ch->has_new_bookmark)
        return 0;
    int rc = eventlog_render_bookmark(ch->render, ch->bookmark, &mark, &fault);
    if (rc < 0) {
        fault_set(&fault, fault.call, fault.code, text_from(ch->name), "the bookmark; tried again");
        report(ch, COLLECTOR_BROKEN, &fault);
        return rc;
    }
    rc = ch->set->sink.checkpoint(ch->set->sink.context, text_from(ch->name), text_from(mark));
    free(mark);
    if (rc == 0)
        ch->has_new_bookmark = ch->has_new_match = false;
    return rc;
}
