/* EvtSubscribe, EvtQuery, EvtSeek, EvtGetQueryInfo, EvtGetExtendedStatus. */
#include "tests/winsim/handles_win.h"
#include "tests/winsim/pack_win.h"
#include "tests/winsim/result_win.h"
#include "tests/winsim/scenario_win.h"
#include "tests/winsim/watcher_win.h"
#include "tests/winsim/wtf8.h"

#include <stdlib.h>
#include <string.h>

static char *to_text(LPCWSTR units)
{
    return units == NULL ? NULL : wtf8_from_utf16(units);
}

/* The query, or the code that says what is wrong with it. */
static DWORD parse_query(struct query **out, const char *channel, const char *text, bool tolerate, const char *call)
{
    char why[XPATH_WHY_SIZE] = "";
    enum query_fault fault = query_new(out, channel, text, why);
    if (fault == QUERY_GOOD)
        return 0;
    if (fault == QUERY_NO_CHANNEL)
        winsim_abort("%s: %s", call, why);
    if (tolerate)
        winsim_abort("%s: a tolerated query error is not served (%s)", call, why);
    winsim_set_status(why);
    return fault == QUERY_MALFORMED ? ERROR_EVT_MALFORMED_XML_TEXT : ERROR_EVT_INVALID_QUERY;
}

static void check_subscribe(HANDLE signal, LPCWSTR channel, LPCWSTR query, EVT_HANDLE bookmark,
                            EVT_SUBSCRIBE_CALLBACK callback, DWORD flags)
{
    static const char call[] = "EvtSubscribe";
    DWORD origin = flags & EvtSubscribeOriginMask, known = 0;
    known = EvtSubscribeOriginMask | EvtSubscribeTolerateQueryErrors | EvtSubscribeStrict;
    if ((signal == NULL) == (callback == NULL))
        winsim_abort("%s: exactly one of SignalEvent and Callback must be given", call);
    if (callback != NULL)
        winsim_abort("%s: callbacks are not served", call);
    if (flags & ~known)
        winsim_abort("%s: unknown flags 0x%lx", call, flags & ~known);
    if (origin == 0)
        winsim_abort("%s: the flags name no origin", call);
    if ((origin == EvtSubscribeStartAfterBookmark) != (bookmark != NULL))
        winsim_abort("%s: Bookmark and EvtSubscribeStartAfterBookmark go together", call);
    char *text = to_text(query);
    if (channel == NULL && !query_is_structured(text))
        winsim_abort("%s: a query that is no structured XML needs a channel", call);
    free(text);
}

static void own_signal(struct result *r, HANDLE signal)
{
    HANDLE self = GetCurrentProcess();
    if (!DuplicateHandle(self, signal, self, &r->signal, 0, FALSE, DUPLICATE_SAME_ACCESS))
        winsim_abort("EvtSubscribe: SignalEvent %p is no open handle", signal);
    r->caller_signal = signal;
    if (scenario_now()->is_first_signalled && !SetEvent(r->signal))
        winsim_abort("EvtSubscribe: SignalEvent %p can't be set", signal);
}

static DWORD start(struct result *r, const struct bookmark *bookmark, DWORD flags)
{
    if (bookmark != NULL)
        return result_start_after(r, bookmark, (flags & EvtSubscribeStrict) != 0);
    if ((flags & EvtSubscribeOriginMask) != EvtSubscribeToFutureEvents)
        return 0;
    r->is_drained = true;
    for (size_t i = 0; i < r->count; i++)
        if (r->sources[i].channel != NULL)
            r->sources[i].next = r->sources[i].channel->count;
    return 0;
}

static DWORD subscribe(struct result **out, const char *channel, const char *text, const struct bookmark *bookmark,
                       DWORD flags)
{
    static const char call[] = "EvtSubscribe";
    bool tolerate = (flags & EvtSubscribeTolerateQueryErrors) != 0;
    struct query *query;
    if (bookmark != NULL && bookmark->count == 0)
        winsim_abort("%s: the bookmark was never updated", call);
    DWORD code = parse_query(&query, channel, text, tolerate, call);
    if (code == 0)
        code = result_new(out, query, query_is_structured(text), tolerate, call);
    if (code == 0)
        code = start(*out, bookmark, flags);
    return code;
}

EVT_HANDLE WINAPI EvtSubscribe(EVT_HANDLE session, HANDLE signal, LPCWSTR channel, LPCWSTR query, EVT_HANDLE bookmark,
                               PVOID context, EVT_SUBSCRIBE_CALLBACK callback, DWORD flags)
{
    winsim_enter();
    scenario_refresh();
    (void)context; /* for the callback */
    if (session != NULL)
        winsim_abort("%s: remote sessions are not served", __func__);
    check_subscribe(signal, channel, query, bookmark, callback, flags);
    const struct bookmark *place = bookmark == NULL ? NULL : handles_get(bookmark, HANDLE_BOOKMARK, NULL, __func__);
    struct result *r = NULL;
    EVT_HANDLE handle = NULL;
    char *name = to_text(channel), *text = to_text(query);
    DWORD code = subscribe(&r, name, text, place, flags);
    if (code == 0) {
        own_signal(r, signal);
        handle = handles_add(HANDLE_SUBSCRIPTION, r, result_free, NULL, __func__);
        watcher_start();
    } else if (r != NULL) {
        result_free(r);
    }
    winsim_call("%s %s flags=0x%lx = %lu", __func__, name == NULL ? "(structured)" : name, flags, code);
    free(name);
    free(text);
    return winsim_leave_handle(code, handle);
}

static DWORD query_file(struct result **out, const char *path, const char *text)
{
    struct query *query;
    if (query_is_structured(text))
        winsim_abort("EvtQuery: structured queries on files are not served");
    if (path == NULL || path[0] == 0 || path[1] != ':' || path[2] != '\\')
        winsim_abort("EvtQuery: a full path of a file is needed, not %s", path == NULL ? "NULL" : path);
    DWORD code = parse_query(&query, path, text, false, "EvtQuery");
    if (code != 0)
        return code;
    struct channel *file = channel_get_file(path);
    if (file == NULL) {
        query_free(query);
        return ERROR_FILE_NOT_FOUND;
    }
    *out = result_new_file(query, file);
    return 0;
}

static DWORD query_channels(struct result **out, const char *path, const char *text, bool tolerate)
{
    struct query *query;
    DWORD code = parse_query(&query, path, text, tolerate, "EvtQuery");
    return code != 0 ? code : result_new(out, query, query_is_structured(text), tolerate, "EvtQuery");
}

EVT_HANDLE WINAPI EvtQuery(EVT_HANDLE session, LPCWSTR path, LPCWSTR query, DWORD flags)
{
    DWORD direction = flags & (EvtQueryForwardDirection | EvtQueryReverseDirection);
    DWORD kind = flags & (EvtQueryChannelPath | EvtQueryFilePath);
    winsim_enter();
    scenario_refresh();
    if (session != NULL)
        winsim_abort("%s: remote sessions are not served", __func__);
    if (kind != EvtQueryChannelPath && kind != EvtQueryFilePath)
        winsim_abort("%s: exactly one of EvtQueryChannelPath and EvtQueryFilePath must be given", __func__);
    if (direction == (EvtQueryForwardDirection | EvtQueryReverseDirection) ||
        (flags & ~(kind | direction | EvtQueryTolerateQueryErrors)))
        winsim_abort("%s: flags 0x%lx are not valid", __func__, flags);
    struct result *r = NULL;
    EVT_HANDLE handle = NULL;
    char *name = to_text(path), *text = to_text(query);
    DWORD code = kind == EvtQueryFilePath ? query_file(&r, name, text)
                                          : query_channels(&r, name, text, (flags & EvtQueryTolerateQueryErrors) != 0);
    if (code == 0) {
        r->is_query = true;
        r->is_reverse = direction == EvtQueryReverseDirection;
        for (size_t i = 0; i < r->count && r->is_reverse; i++)
            if (r->sources[i].channel != NULL)
                r->sources[i].next = r->sources[i].channel->count;
        handle = handles_add(HANDLE_QUERY, r, result_free, NULL, __func__);
    }
    winsim_call("%s %s flags=0x%lx = %lu", __func__, name == NULL ? "(structured)" : name, flags, code);
    free(name);
    free(text);
    return winsim_leave_handle(code, handle);
}

/*
 * Moves a query over one channel to target, which counts all records, selected or not (what Windows counts is not
 * documented for a query that leaves some out).
 */
static DWORD seek(struct result *r, int64_t target, bool is_strict)
{
    struct source *s = &r->sources[0];
    int64_t first = (int64_t)s->channel->first, last = (int64_t)s->channel->count - 1;
    if (is_strict && (target < first || target > last))
        return ERROR_NOT_FOUND;
    if (target > last)
        target = last;
    if (target < first)
        target = first;
    s->next = (size_t)target + (r->is_reverse ? 1 : 0);
    return 0;
}

static int64_t seek_target(const struct source *s, int64_t position, const struct bookmark *bookmark, DWORD origin)
{
    static const char call[] = "EvtSeek";
    const struct bookmark_place *place;
    switch (origin) {
    case EvtSeekRelativeToFirst:
        if (position < 0)
            winsim_abort("%s: from the first record the position must not be negative", call);
        return (int64_t)s->channel->first + position;
    case EvtSeekRelativeToLast:
        if (position > 0)
            winsim_abort("%s: from the last record the position must not be positive", call);
        return (int64_t)s->channel->count - 1 + position;
    case EvtSeekRelativeToCurrent:
        return (int64_t)s->next + position;
    case EvtSeekRelativeToBookmark:
        place = bookmark_find(bookmark, s->name);
        return place == NULL ? INT64_MIN / 2 : (int64_t)channel_find(s->channel, place->record) + position;
    default:
        winsim_abort("%s: flags without an origin", call);
    }
}

BOOL WINAPI EvtSeek(EVT_HANDLE set, LONGLONG position, EVT_HANDLE bookmark, DWORD timeout, DWORD flags)
{
    DWORD origin = flags & EvtSeekOriginMask;
    winsim_enter();
    struct result *r = handles_get(set, HANDLE_QUERY, NULL, __func__);
    if (timeout != 0)
        winsim_abort("%s: Timeout must be 0", __func__);
    if (flags & ~(DWORD)(EvtSeekOriginMask | EvtSeekStrict))
        winsim_abort("%s: unknown flags 0x%lx", __func__, flags);
    if ((origin == EvtSeekRelativeToBookmark) != (bookmark != NULL))
        winsim_abort("%s: Bookmark and EvtSeekRelativeToBookmark go together", __func__);
    const struct bookmark *place = bookmark == NULL ? NULL : handles_get(bookmark, HANDLE_BOOKMARK, NULL, __func__);
    if (r->count != 1 || r->sources[0].channel == NULL)
        winsim_abort("%s: seeking in several channels is not served", __func__);
    if (origin == EvtSeekRelativeToCurrent && r->is_reverse)
        winsim_abort("%s: seeking from the current record of a reverse query is not served", __func__);
    DWORD code = scenario_code(__func__, r->sources[0].name);
    if (code == 0)
        code = seek(r, seek_target(&r->sources[0], position, place, origin), (flags & EvtSeekStrict) != 0);
    return winsim_leave(code);
}

BOOL WINAPI EvtGetQueryInfo(EVT_HANDLE set, EVT_QUERY_PROPERTY_ID property, DWORD size, PEVT_VARIANT buffer,
                            PDWORD used)
{
    struct pack p = {0};
    winsim_enter();
    const struct result *r = handles_get(set, HANDLE_SUBSCRIPTION | HANDLE_QUERY, NULL, __func__);
    if (property != EvtQueryNames && property != EvtQueryStatuses)
        winsim_abort("%s: property %d is not known", __func__, (int)property);
    const char **names = winsim_alloc(r->count * sizeof(*names));
    uint32_t *statuses = winsim_alloc(r->count * sizeof(*statuses));
    for (size_t i = 0; i < r->count; i++) {
        names[i] = r->sources[i].name;
        statuses[i] = r->sources[i].status;
    }
    pack_begin(&p, 1);
    if (property == EvtQueryNames)
        pack_strings(&p, 0, names, r->count);
    else
        pack_numbers(&p, 0, statuses, r->count);
    DWORD code = pack_deliver(&p, size, buffer, used, __func__);
    free(names);
    free(statuses);
    pack_free(&p);
    return winsim_leave(code);
}

/* Sizes in characters; what the last failed call of this thread left. Nothing left: an empty text. */
DWORD WINAPI EvtGetExtendedStatus(DWORD size, LPWSTR buffer, PDWORD used)
{
    winsim_lock();
    if (used == NULL || (buffer == NULL && size != 0))
        winsim_abort("%s: a pointer is NULL", __func__);
    uint16_t *units = wtf8_new_utf16(winsim_status());
    size_t count = wcslen(units) + 1;
    DWORD code = count <= size ? ERROR_SUCCESS : ERROR_INSUFFICIENT_BUFFER;
    *used = (DWORD)count;
    if (code == ERROR_SUCCESS)
        memcpy(buffer, units, count * sizeof(*units));
    free(units);
    winsim_unlock();
    SetLastError(WINSIM_JUNK_ERROR);
    return code;
}
