/* Each wrong use, in a process of its own that it must end, and what abort.txt then says. */
#include "tests/winsim/selftest_win.h"

#include <stdlib.h>
#include <string.h>

#define CHANNEL L"Abort"

static HANDLE signal_event;

static EVT_HANDLE subscription(void)
{
    signal_event = CreateEventW(NULL, FALSE, FALSE, NULL);
    return EvtSubscribe(NULL, signal_event, CHANNEL, NULL, NULL, NULL, NULL, EvtSubscribeStartAtOldestRecord);
}

static EVT_HANDLE query(void)
{
    return EvtQuery(NULL, CHANNEL, NULL, EvtQueryChannelPath);
}

static EVT_HANDLE first_event(EVT_HANDLE set)
{
    EVT_HANDLE event = NULL;
    DWORD count;
    return EvtNext(set, 1, &event, 0, 0, &count) ? event : NULL;
}

static void subscribe_with(HANDLE signal, LPCWSTR channel, EVT_HANDLE bookmark, DWORD flags)
{
    EvtSubscribe(NULL, signal, channel, NULL, bookmark, NULL, NULL, flags);
}

static void next_with(EVT_HANDLE set, DWORD size, DWORD flags)
{
    static EVT_HANDLE events[1025];
    DWORD count;
    EvtNext(set, size, events, 0, flags, &count);
}

static void render_with(EVT_HANDLE context, EVT_HANDLE object, DWORD flags, void *buffer, DWORD size)
{
    DWORD used, count;
    EvtRender(context, object, flags, size, buffer, &used, &count);
}

static EVT_HANDLE context(LPCWSTR path)
{
    return EvtCreateRenderContext(1, &path, EvtRenderContextValues);
}

static void close_twice(void)
{
    EVT_HANDLE mark = EvtCreateBookmark(NULL);
    EvtClose(mark);
    EvtClose(mark);
}

static void close_null(void)
{
    EvtClose(NULL);
}

static void close_kernel_handle(void)
{
    EvtClose(CreateEventW(NULL, FALSE, FALSE, NULL));
}

static void close_event_after_parent(void)
{
    EVT_HANDLE set = query(), event = first_event(set);
    EvtClose(set);
    EvtClose(event);
}

static void close_stale(void)
{
    EVT_HANDLE first = EvtCreateBookmark(NULL);
    EvtClose(first);
    for (int i = 0; i < 3; i++)
        EvtClose(EvtCreateBookmark(NULL)); /* uses the slot again */
    EvtClose(first);
}

static void use_poisoned_event(void)
{
    EVT_HANDLE events[1];
    DWORD count;
    EVT_HANDLE set = query();
    while (EvtNext(set, 1, events, 0, 0, &count))
        EvtClose(events[0]);
    EvtClose(events[0]); /* after a failure */
}

static void render_closed(void)
{
    EVT_HANDLE event = first_event(query());
    EvtClose(event);
    render_with(NULL, event, EvtRenderEventXml, NULL, 0);
}

static void render_bookmark_as_event(void)
{
    render_with(NULL, EvtCreateBookmark(NULL), EvtRenderEventXml, NULL, 0);
}

static void render_event_as_bookmark(void)
{
    render_with(NULL, first_event(query()), EvtRenderBookmark, NULL, 0);
}

static void render_xml_with_context(void)
{
    render_with(context(L"Event/System/EventID"), first_event(query()), EvtRenderEventXml, NULL, 0);
}

static void render_values_without_context(void)
{
    render_with(NULL, first_event(query()), EvtRenderEventValues, NULL, 0);
}

static void render_unknown_flags(void)
{
    render_with(NULL, first_event(query()), 3, NULL, 0);
}

static void render_odd_buffer(void)
{
    static _Alignas(8) char buffer[8192];
    render_with(context(L"Event/System/EventID"), first_event(query()), EvtRenderEventValues, buffer + 4, 8000);
}

static void render_null_buffer(void)
{
    render_with(NULL, first_event(query()), EvtRenderEventXml, NULL, 10);
}

static void render_short_buffer(void)
{
    void *page = VirtualAlloc(NULL, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    render_with(NULL, first_event(query()), EvtRenderEventXml, page, 0x100000);
}

static void render_null_used(void)
{
    DWORD count;
    EvtRender(NULL, first_event(query()), EvtRenderEventXml, 0, NULL, NULL, &count);
}

static void context_bad_path(void)
{
    context(L"Event/System/EventID or Event/System/Level");
}

static void context_relative_path(void)
{
    context(L"System/EventID");
}

static void context_mixed(void)
{
    LPCWSTR path = L"Event/System/EventID";
    EvtCreateRenderContext(1, &path, EvtRenderContextSystem);
}

static void context_no_paths(void)
{
    EvtCreateRenderContext(0, NULL, EvtRenderContextValues);
}

static DWORD WINAPI callback(EVT_SUBSCRIBE_NOTIFY_ACTION action, PVOID user, EVT_HANDLE event)
{
    (void)action;
    (void)user;
    (void)event;
    return 0;
}

static void subscribe_both(void)
{
    EvtSubscribe(NULL, CreateEventW(NULL, FALSE, FALSE, NULL), CHANNEL, NULL, NULL, NULL, callback, 1);
}

static void subscribe_neither(void)
{
    subscribe_with(NULL, CHANNEL, NULL, EvtSubscribeToFutureEvents);
}

static void subscribe_callback(void)
{
    EvtSubscribe(NULL, NULL, CHANNEL, NULL, NULL, NULL, callback, EvtSubscribeToFutureEvents);
}

static void subscribe_no_origin(void)
{
    subscribe_with(CreateEventW(NULL, FALSE, FALSE, NULL), CHANNEL, NULL, EvtSubscribeStrict);
}

static void subscribe_unknown_flags(void)
{
    subscribe_with(CreateEventW(NULL, FALSE, FALSE, NULL), CHANNEL, NULL, 0x2001);
}

static void subscribe_bookmark_unasked(void)
{
    subscribe_with(CreateEventW(NULL, FALSE, FALSE, NULL), CHANNEL, EvtCreateBookmark(NULL),
                   EvtSubscribeStartAtOldestRecord);
}

static void subscribe_no_bookmark(void)
{
    subscribe_with(CreateEventW(NULL, FALSE, FALSE, NULL), CHANNEL, NULL, EvtSubscribeStartAfterBookmark);
}

static void subscribe_empty_bookmark(void)
{
    subscribe_with(CreateEventW(NULL, FALSE, FALSE, NULL), CHANNEL, EvtCreateBookmark(NULL),
                   EvtSubscribeStartAfterBookmark);
}

static void subscribe_no_channel(void)
{
    subscribe_with(CreateEventW(NULL, FALSE, FALSE, NULL), NULL, NULL, EvtSubscribeToFutureEvents);
}

static void subscribe_bad_signal(void)
{
    subscribe_with((HANDLE)(uintptr_t)0x7FF0, CHANNEL, NULL, EvtSubscribeToFutureEvents);
}

static void signal_closed(void)
{
    subscription();
    CloseHandle(signal_event);
    Sleep(5000); /* the watcher ends the process */
}

static void signal_replaced(void)
{
    EVT_HANDLE set = subscription();
    CloseHandle(signal_event);
    CreateEventW(NULL, FALSE, FALSE, NULL); /* gets the same value */
    EvtClose(set);
}

static void next_flags(void)
{
    next_with(subscription(), 1, 1);
}

static void next_none(void)
{
    next_with(subscription(), 0, 0);
}

static void next_too_many(void)
{
    next_with(subscription(), 1025, 0);
}

static void next_null(void)
{
    EvtNext(subscription(), 1, NULL, 0, 0, NULL);
}

static void next_on_bookmark(void)
{
    next_with(EvtCreateBookmark(NULL), 1, 0);
}

static DWORD WINAPI next_thread(void *set)
{
    next_with(set, 1, 0);
    return 0;
}

static void next_other_thread(void)
{
    WaitForSingleObject(CreateThread(NULL, 0, next_thread, query(), 0, NULL), INFINITE);
}

static void next_dead_too_often(void)
{
    EVT_HANDLE set = subscription();
    selftest_scenario("fail EvtNext Abort code=15011\n");
    for (int i = 0; i < 20; i++)
        next_with(set, 1, 0);
}

static void next_too_large_too_often(void)
{
    EVT_HANDLE set = subscription();
    selftest_scenario("fail EvtNext Abort code=1734 times=all\n");
    for (int i = 0; i < 20; i++)
        next_with(set, 1, 0);
}

static void next_busy_loop(void)
{
    EVT_HANDLE set = subscription();
    for (int i = 0; i < 1000000; i++)
        next_with(set, 64, 0);
}

static void close_inside_next(void)
{
    selftest_scenario("next-delay-ms 3000\n");
    EVT_HANDLE set = subscription();
    CreateThread(NULL, 0, next_thread, set, 0, NULL);
    Sleep(300);
    EvtClose(set);
}

static void seek_subscription(void)
{
    EvtSeek(subscription(), 0, NULL, 0, EvtSeekRelativeToFirst);
}

static void seek_timeout(void)
{
    EvtSeek(query(), 0, NULL, 1, EvtSeekRelativeToFirst);
}

static void seek_no_bookmark(void)
{
    EvtSeek(query(), 0, NULL, 0, EvtSeekRelativeToBookmark);
}

static void seek_bookmark_unasked(void)
{
    EvtSeek(query(), 0, EvtCreateBookmark(NULL), 0, EvtSeekRelativeToFirst);
}

static void query_relative_file(void)
{
    EvtQuery(NULL, L"Security.evtx", NULL, EvtQueryFilePath);
}

static void query_no_kind(void)
{
    EvtQuery(NULL, CHANNEL, NULL, EvtQueryForwardDirection);
}

static void not_served(void)
{
    EvtOpenChannelEnum(NULL, 0);
}

static void bad_directive(void)
{
    selftest_scenario("# first\nbreak Security\n");
    query();
}

static void not_well_formed(void)
{
    selftest_append("Bad.xml", "<Event><a></b></Event>\n");
    render_with(NULL, first_event(EvtQuery(NULL, L"Bad", NULL, EvtQueryChannelPath)), EvtRenderEventXml, NULL, 0);
}

static void no_event_line(void)
{
    selftest_append("NoEvent.xml", "<Events>\n");
    EvtQuery(NULL, L"NoEvent", NULL, EvtQueryChannelPath);
}

static void log_size_missing(void)
{
    EvtGetLogInfo(EvtOpenLog(NULL, CHANNEL, EvtOpenChannelPath), EvtLogFull, 0, NULL, NULL);
}

#define CASE(function, text)                                                                                           \
    {                                                                                                                  \
#function, function, text                                                                                      \
    }

static const struct {
    const char *name;
    void (*run)(void);
    const char *want;
} cases[] = {
    CASE(close_twice, "EvtClose: this bookmark, made by EvtCreateBookmark, was closed"),
    CASE(close_null, "EvtClose: the handle is NULL"),
    CASE(close_kernel_handle, "is no EVT_HANDLE"),
    CASE(close_event_after_parent, "was closed together with the handle it was made from"),
    CASE(close_stale, "was closed"),
    CASE(use_poisoned_event, "is no EVT_HANDLE"),
    CASE(render_closed, "EvtRender: this event, made by EvtNext, was closed"),
    CASE(render_bookmark_as_event, "EvtRender: expected: event; given: bookmark, made by EvtCreateBookmark"),
    CASE(render_event_as_bookmark, "expected: bookmark; given: event, made by EvtNext"),
    CASE(render_xml_with_context, "Context must be NULL"),
    CASE(render_values_without_context, "the handle is NULL"),
    CASE(render_unknown_flags, "flags 0x3 are not valid"),
    CASE(render_odd_buffer, "not aligned to 8 bytes"),
    CASE(render_null_buffer, "the buffer is NULL but 10 bytes long"),
    CASE(render_short_buffer, "the buffer is not 1048576 bytes long"),
    CASE(render_null_used, "BufferUsed or PropertyCount is NULL"),
    CASE(context_bad_path, "one path expected"),
    CASE(context_relative_path, "must begin with * or Event"),
    CASE(context_mixed, "go together"),
    CASE(context_no_paths, "go together"),
    CASE(subscribe_both, "exactly one of SignalEvent and Callback"),
    CASE(subscribe_neither, "exactly one of SignalEvent and Callback"),
    CASE(subscribe_callback, "callbacks are not served"),
    CASE(subscribe_no_origin, "no origin"),
    CASE(subscribe_unknown_flags, "unknown flags 0x2000"),
    CASE(subscribe_bookmark_unasked, "go together"),
    CASE(subscribe_no_bookmark, "go together"),
    CASE(subscribe_empty_bookmark, "never updated"),
    CASE(subscribe_no_channel, "needs a channel"),
    CASE(subscribe_bad_signal, "is no open handle"),
    CASE(signal_closed, "was closed before the subscription"),
    CASE(signal_replaced, "was closed before the subscription"),
    CASE(next_flags, "Flags must be 0"),
    CASE(next_none, "EventsSize is 0"),
    CASE(next_too_many, "EventsSize is 1025"),
    CASE(next_null, "Events or Returned is NULL"),
    CASE(next_on_bookmark, "expected: subscription; given: bookmark"),
    CASE(next_other_thread, "only on the thread that made it"),
    CASE(next_dead_too_often, "error 15011 was returned 9 times"),
    CASE(next_too_large_too_often, "error 1734 was returned 9 times"),
    CASE(next_busy_loop, "busy loop"),
    CASE(close_inside_next, "another thread is inside EvtNext"),
    CASE(seek_subscription, "expected: query; given: subscription"),
    CASE(seek_timeout, "Timeout must be 0"),
    CASE(seek_no_bookmark, "go together"),
    CASE(seek_bookmark_unasked, "go together"),
    CASE(query_relative_file, "a full path"),
    CASE(query_no_kind, "exactly one of EvtQueryChannelPath"),
    CASE(not_served, "EvtOpenChannelEnum: not served"),
    CASE(bad_directive, "scenario.txt:2: unknown directive: break Security"),
    CASE(not_well_formed, "Bad.xml:1: not well-formed: mismatched tag"),
    CASE(no_event_line, "NoEvent.xml:1: the line does not begin with <Event"),
    CASE(log_size_missing, "EvtGetLogInfo: BufferUsed is NULL"),
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

void selftest_abort_run(const char *name)
{
    for (size_t i = 0; i < CASES; i++)
        if (strcmp(cases[i].name, name) == 0)
            cases[i].run();
}

/* The last line of text, which ends with one. */
static const char *last_line(char *text)
{
    size_t size = strlen(text);
    if (size > 0)
        text[size - 1] = 0;
    const char *last = strrchr(text, '\n');
    return last == NULL ? text : last + 1;
}

static void test_aborts(void)
{
    selftest_events("Abort", 1, 3);
    for (size_t i = 0; i < CASES; i++) {
        DWORD code = selftest_child("--abort", cases[i].name);
        char *text = selftest_read("abort.txt");
        bool is_right = code == WINSIM_EXIT_CODE && strstr(last_line(text), cases[i].want) != NULL;
        CU_ASSERT(is_right);
        if (!is_right)
            printf("\n%s: exit code %lu, %s\n", cases[i].name, code, last_line(text));
        free(text);
        selftest_scenario("# nothing goes wrong\n");
    }
    selftest_scenario(NULL);
}

static void test_leaks(void)
{
    CU_ASSERT(selftest_child("--leak", "") == 0);
    char *text = selftest_read("leaks.txt");
    const char *leak = strstr(text, " program=winsim_selftest.exe handles=4\n");
    CU_ASSERT_PTR_NOT_NULL_FATAL(leak);
    CU_ASSERT_PTR_NOT_NULL(strstr(leak, "  1 query made by EvtQuery\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(leak, "  1 event made by EvtNext\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(leak, "  2 bookmark made by EvtCreateBookmark\n"));
    free(text);
}

const CU_TestInfo selftest_abort_tests[] = {{"aborts", test_aborts}, {"leaks", test_leaks}, CU_TEST_INFO_NULL};
