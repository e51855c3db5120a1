/* The directives that act while events are read. */
#include "tests/winsim/selftest_win.h"

#include <stdlib.h>
#include <string.h>

static EVT_HANDLE subscribe(const wchar_t *channel, HANDLE *signal)
{
    *signal = CreateEventW(NULL, FALSE, FALSE, NULL);
    return selftest_subscribe(channel, NULL, *signal, EvtSubscribeStartAtOldestRecord);
}

static void finish(EVT_HANDLE set, HANDLE signal)
{
    EvtClose(set);
    CloseHandle(signal);
}

/* Reads at most size; returns the count, or minus the code. */
static int next(EVT_HANDLE set, DWORD size)
{
    EVT_HANDLE events[SELFTEST_MAX];
    DWORD count;
    if (!EvtNext(set, size, events, INFINITE, 0, &count))
        return -(int)GetLastError();
    for (DWORD i = 0; i < count; i++)
        EvtClose(events[i]);
    return (int)count;
}

static void test_batch_too_large(void)
{
    HANDLE signal;
    selftest_events("Bound", 1, 20);
    selftest_scenario("fail EvtNext Bound code=1734 after=1 times=2 min-batch=4 advance\n");
    EVT_HANDLE set = subscribe(L"Bound", &signal);
    CU_ASSERT(next(set, 4) == 4);
    CU_ASSERT(next(set, 4) == -RPC_S_INVALID_BOUND); /* 5 to 8 are lost to this handle */
    CU_ASSERT(next(set, 3) == 3);
    CU_ASSERT(next(set, 4) == -RPC_S_INVALID_BOUND); /* 12 to 15 */
    CU_ASSERT_STRING_EQUAL(selftest_ids(set), "16 17 18 19 20");
    finish(set, signal);
    selftest_scenario(NULL);
}

static void test_dead_handle(void)
{
    HANDLE signal;
    selftest_events("Dead", 1, 3);
    selftest_scenario("fail EvtNext Dead code=15011 after=1\n");
    EVT_HANDLE set = subscribe(L"Dead", &signal);
    CU_ASSERT(next(set, 1) == 1);
    CU_ASSERT(next(set, 1) == -ERROR_EVT_QUERY_RESULT_STALE);
    selftest_scenario(NULL);
    CU_ASSERT(next(set, 1) == -ERROR_EVT_QUERY_RESULT_STALE); /* dead is dead */
    finish(set, signal);
    set = subscribe(L"Dead", &signal);
    CU_ASSERT_STRING_EQUAL(selftest_ids(set), "1 2 3");
    finish(set, signal);
}

static void test_wrapped_and_cleared(void)
{
    HANDLE signal;
    selftest_events("Wrap", 1, 5);
    EVT_HANDLE set = subscribe(L"Wrap", &signal);
    CU_ASSERT(next(set, 2) == 2);
    selftest_scenario("oldest Wrap 3\n");
    CU_ASSERT(next(set, 1) == 1); /* 3 is still there, and nothing was missed */
    selftest_scenario("oldest Wrap 5\n");
    CU_ASSERT(next(set, 1) == -ERROR_EVT_QUERY_RESULT_STALE);
    finish(set, signal);
    set = subscribe(L"Wrap", &signal);
    CU_ASSERT_STRING_EQUAL(selftest_ids(set), "5");
    selftest_scenario("cleared-lines Wrap 5\n");
    CU_ASSERT(next(set, 1) == -ERROR_EVT_QUERY_RESULT_STALE); /* though it had read all */
    finish(set, signal);
    selftest_events("Wrap", 6, 1);
    set = subscribe(L"Wrap", &signal);
    CU_ASSERT_STRING_EQUAL(selftest_ids(set), "6");
    finish(set, signal);
    selftest_scenario(NULL);
}

static void test_service_down(void)
{
    HANDLE signal;
    selftest_events("Down", 1, 2);
    EVT_HANDLE set = subscribe(L"Down", &signal), events[1];
    DWORD count;
    CU_ASSERT(EvtNext(set, 1, events, INFINITE, 0, &count));
    selftest_scenario("service down 1717\n");
    CU_ASSERT(next(set, 1) == -RPC_S_UNKNOWN_IF);
    CU_ASSERT(EvtQuery(NULL, L"Down", NULL, EvtQueryChannelPath) == NULL && GetLastError() == RPC_S_UNKNOWN_IF);
    CU_ASSERT(EvtOpenLog(NULL, L"Down", EvtOpenChannelPath) == NULL && GetLastError() == RPC_S_UNKNOWN_IF);
    wchar_t *text = selftest_text(events[0], EvtRenderEventXml); /* what is in hand stays readable */
    CU_ASSERT_PTR_NOT_NULL(wcsstr(text, L"run 1"));
    free(text);
    selftest_scenario("service up\n");
    CU_ASSERT(next(set, 1) == -RPC_S_UNKNOWN_IF);
    finish(set, signal);
    set = subscribe(L"Down", &signal);
    CU_ASSERT_STRING_EQUAL(selftest_ids(set), "1 2");
    finish(set, signal);
    selftest_scenario("service down\n");
    CU_ASSERT(EvtQuery(NULL, L"Down", NULL, EvtQueryChannelPath) == NULL);
    CU_ASSERT(GetLastError() == RPC_S_SERVER_UNAVAILABLE);
    selftest_scenario(NULL);
}

static void test_render(void)
{
    static wchar_t buffer[4096];
    HANDLE signal;
    EVT_HANDLE event;
    DWORD used = 0, count;
    selftest_events("Grow", 1, 1);
    selftest_scenario("render-grow 1\nfail EvtRender Grow code=15005 after=2\n");
    EVT_HANDLE set = subscribe(L"Grow", &signal);
    CU_ASSERT_FATAL(EvtNext(set, 1, &event, INFINITE, 0, &count));
    CU_ASSERT(!EvtRender(NULL, event, EvtRenderEventXml, 4096, buffer, &used, &count));
    CU_ASSERT(GetLastError() == ERROR_INSUFFICIENT_BUFFER && used == 4096 + 64);
    CU_ASSERT(EvtRender(NULL, event, EvtRenderEventXml, sizeof(buffer), buffer, &used, &count));
    CU_ASSERT(!EvtRender(NULL, event, EvtRenderEventXml, sizeof(buffer), buffer, &used, &count));
    CU_ASSERT(GetLastError() == ERROR_EVT_INVALID_EVENT_DATA);
    CU_ASSERT(EvtRender(NULL, event, EvtRenderEventXml, sizeof(buffer), buffer, &used, &count));
    finish(set, signal);
    selftest_scenario(NULL);
}

static void test_first_signal(void)
{
    HANDLE signal;
    selftest_events("Signal", 1, 1);
    selftest_scenario("first-signal set\n");
    EVT_HANDLE set = subscribe(L"Signal", &signal);
    CU_ASSERT(WaitForSingleObject(signal, 0) == WAIT_OBJECT_0);
    finish(set, signal);
    selftest_scenario(NULL);
}

static void test_pointer_type(void)
{
    static const struct {
        const char *directive;
        DWORD type;
    } cases[] = {{"pointer-type uint64\n", EvtVarTypeUInt64}, {"pointer-type hexint64\n", EvtVarTypeHexInt64}};
    LPCWSTR path = L"Event/EventData/Data[@Name='NewProcessId']";
    EVT_HANDLE context = EvtCreateRenderContext(1, &path, EvtRenderContextValues), event;
    DWORD count;
    selftest_event("Pointer", 1, "<Data Name='NewProcessId'>0x10</Data>");
    for (size_t i = 0; i < 2; i++) {
        selftest_scenario(cases[i].directive);
        EVT_HANDLE set = EvtQuery(NULL, L"Pointer", NULL, EvtQueryChannelPath);
        CU_ASSERT_FATAL(EvtNext(set, 1, &event, 0, 0, &count));
        EVT_VARIANT *v = selftest_values(event, context, &count);
        CU_ASSERT(v->Type == cases[i].type && v->UInt64Val == 16);
        free(v);
        EvtClose(set);
    }
    selftest_scenario(NULL);
    EvtClose(context);
}

/* Each function that can be made to fail, does; the channel must match. */
static void test_failures(void)
{
    static _Alignas(8) unsigned char buffer[512];
    DWORD used;
    selftest_events("Fail", 1, 1);
    selftest_events("Well", 1, 1);
    EVT_HANDLE log = EvtOpenLog(NULL, L"Fail", EvtOpenChannelPath), event;
    EVT_HANDLE config = EvtOpenChannelConfig(NULL, L"Fail", 0), mark = EvtCreateBookmark(NULL);
    EVT_HANDLE set = EvtQuery(NULL, L"Fail", NULL, EvtQueryChannelPath);
    CU_ASSERT_FATAL(EvtNext(set, 1, &event, 0, 0, &used));
    selftest_scenario(
        "fail EvtOpenLog Fail code=11 times=all\nfail EvtOpenChannelConfig Fail code=12 times=all\n"
        "fail EvtGetLogInfo Fail code=13\nfail EvtGetChannelConfigProperty Fail code=14\n"
        "fail EvtUpdateBookmark * code=15\nfail EvtSeek Fail code=16\nfail EvtQuery Fail code=17 times=1\n");
    CU_ASSERT(EvtOpenLog(NULL, L"Fail", EvtOpenChannelPath) == NULL && GetLastError() == 11);
    CU_ASSERT(EvtOpenChannelConfig(NULL, L"Fail", 0) == NULL && GetLastError() == 12);
    CU_ASSERT(!EvtGetLogInfo(log, EvtLogFull, 512, (EVT_VARIANT *)(void *)buffer, &used) && GetLastError() == 13);
    CU_ASSERT(!EvtGetChannelConfigProperty(config, EvtChannelConfigType, 0, 512, (EVT_VARIANT *)(void *)buffer, &used));
    CU_ASSERT(GetLastError() == 14);
    CU_ASSERT(!EvtUpdateBookmark(mark, event) && GetLastError() == 15);
    CU_ASSERT(EvtUpdateBookmark(mark, event));
    CU_ASSERT(!EvtSeek(set, 0, NULL, 0, EvtSeekRelativeToFirst) && GetLastError() == 16);
    CU_ASSERT(EvtQuery(NULL, L"Fail", NULL, EvtQueryChannelPath) == NULL && GetLastError() == 17);
    EvtClose(log);
    log = EvtOpenLog(NULL, L"Well", EvtOpenChannelPath);
    CU_ASSERT_PTR_NOT_NULL(log);
    EvtClose(log);
    EvtClose(config);
    EvtClose(mark);
    EvtClose(set);
    selftest_scenario(NULL);
}

const CU_TestInfo selftest_scenario_tests[] = {{"batch too large", test_batch_too_large},
                                               {"dead handle", test_dead_handle},
                                               {"wrapped and cleared", test_wrapped_and_cleared},
                                               {"service down", test_service_down},
                                               {"render", test_render},
                                               {"first signal", test_first_signal},
                                               {"pointer type", test_pointer_type},
                                               {"failures", test_failures},
                                               CU_TEST_INFO_NULL};
