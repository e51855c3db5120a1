/* EvtNext, EvtCancel, EvtClose. */
#include "tests/winsim/handles_win.h"
#include "tests/winsim/result_win.h"
#include "tests/winsim/scenario_win.h"
#include "tests/winsim/watcher_win.h"

/* MAX_RPC_RECORD_COUNT, MS-EVEN6 section 3.1.4.10. */
#define MOST_EVENTS 1024u

/* After these the handle goes on; after all others it is dead. */
static bool is_passing(DWORD code)
{
    return code == ERROR_NO_MORE_ITEMS || code == ERROR_INVALID_OPERATION || code == ERROR_TIMEOUT ||
           code == RPC_S_INVALID_BOUND;
}

/* A slow call: the lock is given up meanwhile, so that another thread can cancel, or wrongly close, the handle. */
static void play_delay(struct result *r, DWORD left_ms)
{
    r->inside++;
    while (left_ms > 0 && !r->is_cancelled) {
        DWORD slice_ms = left_ms < 5 ? left_ms : 5;
        winsim_unlock();
        Sleep(slice_ms);
        winsim_lock();
        left_ms -= slice_ms;
    }
    r->inside--;
}

/* The search for the first event takes search-ms in all; a call ends with its timeout and keeps what it has done. */
static DWORD play_search(struct result *r, DWORD timeout_ms)
{
    DWORD all_ms = scenario_now()->search_ms;
    DWORD left_ms = all_ms > r->searched_ms ? all_ms - r->searched_ms : 0;
    DWORD slice_ms = left_ms < timeout_ms ? left_ms : timeout_ms;
    play_delay(r, slice_ms);
    r->searched_ms += slice_ms;
    return slice_ms < left_ms ? ERROR_TIMEOUT : 0;
}

static void count_empty(struct result *r)
{
    LARGE_INTEGER now, frequency;
    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&frequency);
    bool is_soon = now.QuadPart - r->last_empty.QuadPart < frequency.QuadPart / 1000;
    r->empty = is_soon ? r->empty + 1 : 0;
    r->last_empty = now;
    if (r->empty > RESULT_MAX_EMPTY)
        winsim_abort("EvtNext: busy loop: %u calls in a row found nothing in %s; wait for the signal", r->empty,
                     r->sources[0].name);
}

/* Nothing is there. What comes at this very moment is signalled before the caller knows that nothing was there. */
static DWORD nothing_left(struct result *r)
{
    DWORD code = r->is_drained && !r->is_query ? ERROR_INVALID_OPERATION : ERROR_NO_MORE_ITEMS;
    r->is_drained = true;
    count_empty(r);
    if (!r->is_query)
        watcher_look(r);
    return code;
}

static DWORD play_failure(struct result *r, DWORD size)
{
    const struct scenario_failure *f = NULL;
    for (size_t i = 0; i < r->count && f == NULL; i++)
        f = scenario_failure(scenario_now(), "EvtNext", r->sources[i].name, size);
    if (f == NULL)
        return 0;
    for (DWORD i = 0; f->is_advancing && i < size; i++) {
        struct event *e = result_next(r);
        if (e == NULL)
            break;
        event_free(e);
    }
    return f->code;
}

static DWORD next(struct result *r, EVT_HANDLE set, DWORD size, EVT_HANDLE *events, DWORD *returned)
{
    if (r->is_cancelled)
        r->fault = ERROR_CANCELLED;
    if (r->fault == 0 && scenario_now()->service_code != 0)
        r->fault = scenario_now()->service_code;
    if (r->fault == 0 && result_is_stale(r))
        r->fault = ERROR_EVT_QUERY_RESULT_STALE;
    if (r->fault != 0)
        return r->fault;
    for (size_t i = 0; i < r->count && r->is_query; i++)
        if (r->sources[i].channel != NULL)
            channel_refresh(r->sources[i].channel);
    DWORD count = 0, code = play_failure(r, size);
    if (code != 0)
        return code;
    while (count < size) {
        struct event *e = result_next(r);
        if (e == NULL)
            break;
        events[count++] = handles_add(HANDLE_EVENT, e, event_free, set, "EvtNext");
    }
    if (count == 0)
        return nothing_left(r);
    r->empty = r->tries = 0;
    r->is_drained = false;
    *returned = count;
    return 0;
}

static void count_failure(struct result *r, DWORD code)
{
    if (!is_passing(code))
        r->fault = code;
    if (code != ERROR_NO_MORE_ITEMS && code != ERROR_INVALID_OPERATION && code != ERROR_TIMEOUT)
        r->tries++;
    if (r->tries > RESULT_MAX_TRIES)
        winsim_abort("EvtNext: error %lu was returned %u times for %s: close the handle and begin anew", code, r->tries,
                     r->sources[0].name);
    if (code != ERROR_NO_MORE_ITEMS && code != ERROR_INVALID_OPERATION)
        winsim_call("EvtNext %s = %lu", r->sources[0].name, code);
}

BOOL WINAPI EvtNext(EVT_HANDLE set, DWORD size, EVT_HANDLE *events, DWORD timeout, DWORD flags, PDWORD returned)
{
    enum handle_kind kind;
    DWORD count = 0;
    winsim_enter();
    struct result *r = handles_get(set, HANDLE_SUBSCRIPTION | HANDLE_QUERY, &kind, __func__);
    if (flags != 0)
        winsim_abort("%s: Flags must be 0", __func__);
    if (size == 0 || size > MOST_EVENTS)
        winsim_abort("%s: EventsSize is %lu; 1 to %u are allowed", __func__, size, MOST_EVENTS);
    if (events == NULL || returned == NULL)
        winsim_abort("%s: Events or Returned is NULL", __func__);
    if (kind == HANDLE_QUERY && r->thread != GetCurrentThreadId())
        winsim_abort("%s: a query may be used only on the thread that made it", __func__);
    watcher_check_signal(r, __func__);
    play_delay(r, scenario_now()->next_delay_ms);
    DWORD code = play_search(r, timeout); /* beyond it neither kind blocks: what is there is given at once */
    if (code == 0)
        code = next(r, set, size, events, &count);
    for (DWORD i = count; i < size; i++)
        events[i] = (EVT_HANDLE)(uintptr_t)WINSIM_POISON_POINTER;
    *returned = code == 0 ? count : WINSIM_POISON_NUMBER;
    if (code != 0)
        count_failure(r, code);
    return winsim_leave(code);
}

BOOL WINAPI EvtCancel(EVT_HANDLE object)
{
    winsim_enter();
    if (object != NULL) {
        struct result *r = handles_get(object, HANDLE_SUBSCRIPTION | HANDLE_QUERY, NULL, __func__);
        r->is_cancelled = true;
        winsim_call("%s %s = 0", __func__, r->sources[0].name);
    }
    return winsim_leave(0);
}

BOOL WINAPI EvtClose(EVT_HANDLE object)
{
    enum handle_kind kind;
    winsim_enter();
    const struct result *r = handles_get(object, ~0u, &kind, __func__);
    if (kind == HANDLE_SUBSCRIPTION || kind == HANDLE_QUERY) {
        if (r->inside > 0)
            winsim_abort("%s: another thread is inside EvtNext on this handle; call EvtCancel and let it return",
                         __func__);
        watcher_check_signal(r, __func__);
        winsim_call("%s %s = 0", __func__, r->sources[0].name);
    }
    handles_close(object, __func__);
    return winsim_leave(0);
}
