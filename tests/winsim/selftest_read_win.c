/* EvtSubscribe, EvtNext, bookmarks, channels. */
#include "tests/winsim/selftest_win.h"

#include <stdlib.h>
#include <string.h>

static HANDLE new_signal(void)
{
    return CreateEventW(NULL, FALSE, FALSE, NULL);
}

static bool is_set(HANDLE signal, DWORD wait_ms)
{
    return WaitForSingleObject(signal, wait_ms) == WAIT_OBJECT_0;
}

static void finish(EVT_HANDLE set, HANDLE signal)
{
    CU_ASSERT(EvtClose(set));
    CloseHandle(signal);
}

static void test_old_records(void)
{
    HANDLE signal = new_signal();
    EVT_HANDLE events[3] = {0};
    DWORD count = 0;
    selftest_events("Old", 100, 5);
    EVT_HANDLE set = selftest_subscribe(L"Old", NULL, signal, EvtSubscribeStartAtOldestRecord);
    CU_ASSERT(!is_set(signal, 100)); /* not for what is there already */
    CU_ASSERT(EvtNext(set, 3, events, INFINITE, 0, &count));
    CU_ASSERT(GetLastError() == WINSIM_JUNK_ERROR);
    CU_ASSERT(count == 3);
    for (DWORD i = 0; i < count; i++)
        EvtClose(events[i]);
    CU_ASSERT(EvtNext(set, 3, events, INFINITE, 0, &count));
    CU_ASSERT(count == 2);
    CU_ASSERT((uintptr_t)events[2] == WINSIM_POISON_POINTER);
    CU_ASSERT(!EvtNext(set, 3, events, INFINITE, 0, &count));
    CU_ASSERT(GetLastError() == ERROR_NO_MORE_ITEMS);
    CU_ASSERT(count == WINSIM_POISON_NUMBER && (uintptr_t)events[0] == WINSIM_POISON_POINTER);
    CU_ASSERT(!EvtNext(set, 3, events, INFINITE, 0, &count));
    CU_ASSERT(GetLastError() == ERROR_INVALID_OPERATION);
    finish(set, signal); /* closes the two events too */
}

static void test_new_records(void)
{
    HANDLE signal = new_signal();
    selftest_events("New", 1, 1);
    EVT_HANDLE set = selftest_subscribe(L"New", NULL, signal, EvtSubscribeToFutureEvents);
    CU_ASSERT_STRING_EQUAL(selftest_ids(set), "(4317)");
    selftest_events("New", 2, 2);
    CU_ASSERT(is_set(signal, 2000));
    CU_ASSERT_STRING_EQUAL(selftest_ids(set), "2 3");
    selftest_append("New.xml", "<Event xmlns='x'><System><EventRecordID>9</EventRecordID>");
    CU_ASSERT(!is_set(signal, 150)); /* not complete */
    selftest_append("New.xml", "<Channel>New</Channel></System></Event>\r\n\r\n");
    CU_ASSERT(is_set(signal, 2000));
    CU_ASSERT_STRING_EQUAL(selftest_ids(set), "9");
    finish(set, signal);
}

/* What comes while EvtNext says that nothing is there is signalled before it returns. */
static void test_lost_wake_up(void)
{
    HANDLE signal = new_signal();
    selftest_scenario("poll-ms 3000\n");
    selftest_events("Wake", 1, 1);
    EVT_HANDLE set = selftest_subscribe(L"Wake", NULL, signal, EvtSubscribeStartAtOldestRecord);
    selftest_events("Wake", 2, 1);
    CU_ASSERT(!is_set(signal, 100));
    CU_ASSERT_STRING_EQUAL(selftest_ids(set), "1");
    CU_ASSERT(is_set(signal, 0));
    CU_ASSERT_STRING_EQUAL(selftest_ids(set), "2");
    finish(set, signal);
    selftest_scenario(NULL);
    Sleep(3000); /* until the watcher looks again */
}

static EVT_HANDLE bookmark_at(const wchar_t *channel, DWORD index)
{
    HANDLE signal = new_signal();
    EVT_HANDLE events[SELFTEST_MAX], mark = EvtCreateBookmark(NULL);
    DWORD code;
    EVT_HANDLE set = selftest_subscribe(channel, NULL, signal, EvtSubscribeStartAtOldestRecord);
    CU_ASSERT_FATAL(selftest_next(set, events, &code) > index);
    CU_ASSERT(EvtUpdateBookmark(mark, events[index]));
    finish(set, signal);
    return mark;
}

/* The ids after mark, or "(code)" of EvtSubscribe. */
static const char *ids_after(const wchar_t *channel, EVT_HANDLE mark, DWORD flags)
{
    static char refused[32];
    HANDLE signal = new_signal();
    EVT_HANDLE set =
        EvtSubscribe(NULL, signal, channel, NULL, mark, NULL, NULL, EvtSubscribeStartAfterBookmark | flags);
    snprintf(refused, sizeof(refused), "(%lu)", GetLastError());
    const char *ids = set == NULL ? refused : selftest_ids(set);
    if (set != NULL)
        EvtClose(set);
    CloseHandle(signal);
    return ids;
}

static void test_bookmark(void)
{
    selftest_events("Mark", 2003, 3);
    EVT_HANDLE mark = bookmark_at(L"Mark", 1);
    wchar_t *text = selftest_text(mark, EvtRenderBookmark);
    CU_ASSERT(wcscmp(text, L"<BookmarkList>\r\n  <Bookmark Channel='Mark' RecordId='2004' IsCurrent='true'/>\r\n"
                           L"</BookmarkList>") == 0);
    CU_ASSERT_STRING_EQUAL(ids_after(L"Mark", mark, EvtSubscribeStrict), "2005");
    EvtClose(mark);
    mark = EvtCreateBookmark(text);
    CU_ASSERT_STRING_EQUAL(ids_after(L"Mark", mark, 0), "2005");
    EvtClose(mark);
    free(text);
    mark = EvtCreateBookmark(L"<BookmarkList><Bookmark Channel=\"mark\" RecordId=\"2003\" IsCurrent=\"True\"/>"
                             L"<Bookmark Channel=\"Other\" RecordId=\"7\"/></BookmarkList>");
    CU_ASSERT_STRING_EQUAL(ids_after(L"Mark", mark, 0), "2004 2005");
    EvtClose(mark);
    mark = EvtCreateBookmark(NULL);
    text = selftest_text(mark, EvtRenderBookmark);
    CU_ASSERT(wcscmp(text, L"<BookmarkList>\r\n</BookmarkList>") == 0);
    free(text);
    EvtClose(mark);
}

static void test_bookmark_gone(void)
{
    selftest_events("Gone", 10, 5);
    EVT_HANDLE mark = bookmark_at(L"Gone", 0);
    selftest_scenario("oldest Gone 13\n");
    CU_ASSERT_STRING_EQUAL(ids_after(L"Gone", mark, EvtSubscribeStrict), "(1168)");
    CU_ASSERT_STRING_EQUAL(ids_after(L"Gone", mark, 0), "13 14");
    EvtClose(mark);
    selftest_scenario("strict-missing Gone\n");
    mark = bookmark_at(L"Gone", 0);
    CU_ASSERT_STRING_EQUAL(ids_after(L"Gone", mark, EvtSubscribeStrict), "(1168)");
    CU_ASSERT_STRING_EQUAL(ids_after(L"Gone", mark, 0), "14");
    selftest_scenario(NULL);
    EvtClose(mark);
    mark = EvtCreateBookmark(L"<BookmarkList><Bookmark Channel='Other' RecordId='1'/></BookmarkList>");
    CU_ASSERT_STRING_EQUAL(ids_after(L"Gone", mark, EvtSubscribeStrict), "(1168)");
    CU_ASSERT_STRING_EQUAL(ids_after(L"Gone", mark, 0), "13 14");
    EvtClose(mark);
}

static void test_bookmark_bad(void)
{
    static const wchar_t *const bad[] = {L"",
                                         L"x",
                                         L"<BookmarkList>",
                                         L"<BookmarkList/>",
                                         L"<List><Bookmark/></List>",
                                         L"<BookmarkList><Bookmark Channel='A'/></BookmarkList>",
                                         L"<BookmarkList><Bookmark Channel='A' RecordId='x'/></BookmarkList>"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CU_ASSERT(EvtCreateBookmark(bad[i]) == NULL);
        CU_ASSERT(GetLastError() == ERROR_EVT_MALFORMED_XML_TEXT);
    }
}

/* Foreign events: the log counts for itself. */
static void test_forwarded(void)
{
    for (unsigned i = 0; i < 3; i++) {
        char line[512];
        snprintf(line, sizeof(line),
                 "<Event><System><EventID>4688</EventID><EventRecordID>%u</EventRecordID><Channel>Security</Channel>"
                 "</System></Event>\n",
                 90 - 10 * i);
        selftest_append("ForwardedEvents.xml", line);
    }
    selftest_scenario("first-record ForwardedEvents 500\n");
    EVT_HANDLE mark = bookmark_at(L"ForwardedEvents", 1);
    wchar_t *text = selftest_text(mark, EvtRenderBookmark);
    CU_ASSERT_PTR_NOT_NULL(wcsstr(text, L"Channel='ForwardedEvents' RecordId='501'"));
    CU_ASSERT_STRING_EQUAL(ids_after(L"ForwardedEvents", mark, EvtSubscribeStrict), "70");
    selftest_scenario(NULL);
    free(text);
    EvtClose(mark);
}

static DWORD subscribe_code(const wchar_t *channel, const wchar_t *query, DWORD flags)
{
    HANDLE signal = new_signal();
    EVT_HANDLE set = EvtSubscribe(NULL, signal, channel, query, NULL, NULL, NULL, flags);
    DWORD code = set == NULL ? GetLastError() : 0;
    if (set != NULL)
        EvtClose(set);
    CloseHandle(signal);
    return code;
}

static void test_channel_errors(void)
{
    const DWORD oldest = EvtSubscribeStartAtOldestRecord;
    CU_ASSERT(subscribe_code(L"Nowhere", NULL, oldest) == ERROR_EVT_CHANNEL_NOT_FOUND);
    CU_ASSERT(subscribe_code(L"a<b", NULL, oldest) == ERROR_EVT_INVALID_CHANNEL_PATH);
    selftest_events("Nowhere", 1, 1);
    CU_ASSERT(subscribe_code(L"Nowhere", NULL, oldest) == 0);
    CU_ASSERT(subscribe_code(L"nowhere", NULL, oldest) == 0);
    selftest_scenario("# a comment\n\ndenied Nowhere\n");
    CU_ASSERT(subscribe_code(L"Nowhere", NULL, oldest) == ERROR_ACCESS_DENIED);
    selftest_scenario("missing \"Nowhere\"\n");
    CU_ASSERT(subscribe_code(L"Nowhere", NULL, oldest) == ERROR_EVT_CHANNEL_NOT_FOUND);
    selftest_scenario("direct Nowhere\n");
    CU_ASSERT(subscribe_code(L"Nowhere", NULL, oldest) == ERROR_EVT_SUBSCRIPTION_TO_DIRECT_CHANNEL);
    selftest_scenario(NULL);
    selftest_append("A%4B.xml", "<Event><System/></Event>\n");
    CU_ASSERT(subscribe_code(L"A/B", NULL, oldest) == 0);
}

static DWORD WINAPI cancel_soon(void *set)
{
    Sleep(100);
    return EvtCancel(set) ? 0 : 1;
}

static void test_cancel(void)
{
    HANDLE signal = new_signal();
    EVT_HANDLE events[SELFTEST_MAX];
    DWORD code;
    selftest_events("Cancel", 1, 1);
    selftest_scenario("next-delay-ms 5000\n");
    EVT_HANDLE set = selftest_subscribe(L"Cancel", NULL, signal, EvtSubscribeStartAtOldestRecord);
    HANDLE thread = CreateThread(NULL, 0, cancel_soon, set, 0, NULL);
    CU_ASSERT(selftest_next(set, events, &code) == 0);
    CU_ASSERT(code == ERROR_CANCELLED);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    selftest_scenario(NULL);
    finish(set, signal);
    CU_ASSERT(EvtCancel(NULL)); /* of the local session: nothing to cancel */
}

const CU_TestInfo selftest_read_tests[] = {{"old records", test_old_records},
                                           {"new records", test_new_records},
                                           {"lost wake-up", test_lost_wake_up},
                                           {"bookmark", test_bookmark},
                                           {"bookmark gone", test_bookmark_gone},
                                           {"bookmark bad", test_bookmark_bad},
                                           {"forwarded events", test_forwarded},
                                           {"channel errors", test_channel_errors},
                                           {"cancel", test_cancel},
                                           CU_TEST_INFO_NULL};
