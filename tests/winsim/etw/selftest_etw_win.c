/*
 * winsim_etw_selftest.exe: does the ETW stand-in keep its word? It runs in a prefix of its own (test_selftest.sh).
 * Without arguments: the tests. --wrong NAME: one wrong use, which must end the process. --behind: reads a byte past
 * a payload, which must end it too. --leave: starts a session, opens a trace, and ends without stopping either.
 */
#include "tests/winsim/etw/selftest_etw.h"

#include <string.h>

static const GUID event_trace = {0x68fdd900, 0x4a3e, 0x11d1, {0x84, 0xf4, 0x00, 0x00, 0xf8, 0x04, 0x64, 0xe3}};

static bool is_guid(const GUID *a, const GUID *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static void test_start_and_stop(void)
{
    CU_ASSERT(etw_query() == ERROR_WMI_INSTANCE_NOT_FOUND);
    CU_ASSERT(etw_stop() == ERROR_WMI_INSTANCE_NOT_FOUND);
    CU_ASSERT(etw_start() == ERROR_SUCCESS);
    CU_ASSERT(GetLastError() == WINSIM_JUNK_ERROR);
    TRACEHANDLE first = given.session;
    CU_ASSERT(first != 0 && given.props.head.Wnode.HistoricalContext == first);
    CU_ASSERT(given.props.head.NumberOfBuffers == 4 && wcscmp(given.props.names[0], NAME) == 0);
    CU_ASSERT(etw_query() == ERROR_SUCCESS);
    CU_ASSERT(is_guid(&given.props.head.Wnode.Guid, &etw_session_id));
    CU_ASSERT(given.props.head.Wnode.HistoricalContext == first);
    etw_fresh();
    CU_ASSERT(ControlTraceW(first, NULL, &given.props.head, EVENT_TRACE_CONTROL_QUERY) == ERROR_SUCCESS);
    CU_ASSERT(etw_control(NAME, EVENT_TRACE_CONTROL_FLUSH) == ERROR_SUCCESS);
    CU_ASSERT(etw_start() == ERROR_ALREADY_EXISTS && given.session == 0); /* the same name */
    etw_fresh();
    CU_ASSERT(StartTraceW(&given.session, L"Other", &given.props.head) == ERROR_ALREADY_EXISTS); /* the same GUID */
    CU_ASSERT(given.session == 0);
    CU_ASSERT(etw_stop() == ERROR_SUCCESS);
    CU_ASSERT(etw_query() == ERROR_WMI_INSTANCE_NOT_FOUND);
    CU_ASSERT(etw_start() == ERROR_SUCCESS && given.session != first);
    CU_ASSERT(etw_stop() == ERROR_SUCCESS);
    const char *line = etw_last_line(FOLDER "calls.txt");
    CU_ASSERT_PTR_NOT_NULL(strstr(line, " ControlTraceW STOP Self = 0"));
}

/* Somebody else's session of our name: seen, not touched. That it can't be stopped: control_foreign. */
static void test_foreign(void)
{
    static const GUID id = {0x0badf00d, 0, 0, {0, 0, 0, 0, 0, 0, 0, 1}};
    etw_put(OWN_FILE, FOREIGN, strlen(FOREIGN));
    CU_ASSERT(etw_start() == ERROR_ALREADY_EXISTS && given.session == 0);
    CU_ASSERT(etw_query() == ERROR_SUCCESS && is_guid(&given.props.head.Wnode.Guid, &id));
    DeleteFileA(OWN_FILE);
    CU_ASSERT(etw_query() == ERROR_WMI_INSTANCE_NOT_FOUND);
}

/* What a process that ended left behind is found by its GUID, stopped, and started anew. */
static void test_orphan(void)
{
    CU_ASSERT(etw_child("--leave", "") == 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(etw_last_line(FOLDER "leaks-etw.txt"), " sessions=1 traces=1"));
    CU_ASSERT(etw_start() == ERROR_ALREADY_EXISTS);
    CU_ASSERT(etw_query() == ERROR_SUCCESS && is_guid(&given.props.head.Wnode.Guid, &etw_session_id));
    CU_ASSERT(etw_stop() == ERROR_SUCCESS);
    CU_ASSERT(etw_start() == ERROR_SUCCESS);
    CU_ASSERT(etw_stop() == ERROR_SUCCESS);
}

/* No slot once, access denied always, and each call that can fail. */
static void test_failures(void)
{
    etw_scenario("# comments do no harm\nfail StartTraceW Self 1450 1\n");
    CU_ASSERT(etw_start() == ERROR_NO_SYSTEM_RESOURCES && given.session == 0);
    CU_ASSERT(etw_start() == ERROR_SUCCESS);
    CU_ASSERT(etw_stop() == ERROR_SUCCESS);
    etw_scenario("fail StartTraceW Other 1450\nfail StartTraceW Self 5\n");
    CU_ASSERT(etw_start() == ERROR_ACCESS_DENIED && given.session == 0);
    CU_ASSERT(etw_start() == ERROR_ACCESS_DENIED);
    etw_scenario("fail EnableTraceEx2 Self 1450\nfail OpenTraceW Self 5\n");
    CU_ASSERT(etw_start() == ERROR_SUCCESS);
    CU_ASSERT(etw_enable(EVENT_CONTROL_CODE_ENABLE_PROVIDER) == ERROR_NO_SYSTEM_RESOURCES);
    CU_ASSERT(etw_open() == INVALID_PROCESSTRACE_HANDLE && GetLastError() == ERROR_ACCESS_DENIED);
    etw_scenario("fail ProcessTrace Self 6\n");
    CU_ASSERT(etw_open() != INVALID_PROCESSTRACE_HANDLE);
    CU_ASSERT(etw_process() == ERROR_INVALID_HANDLE);
    CU_ASSERT(CloseTrace(given.trace) == ERROR_SUCCESS);
    etw_scenario("stop-code Self 234\n"); /* it stops all the same */
    CU_ASSERT(etw_stop() == ERROR_MORE_DATA);
    CU_ASSERT(etw_query() == ERROR_WMI_INSTANCE_NOT_FOUND);
    etw_scenario("stop-code Self 2402\n");
    CU_ASSERT(etw_start() == ERROR_SUCCESS);
    CU_ASSERT(etw_stop() == ERROR_ACTIVE_CONNECTIONS);
    CU_ASSERT(etw_stop() == ERROR_WMI_INSTANCE_NOT_FOUND);
    etw_scenario(NULL);
}

static void test_lost(void)
{
    CU_ASSERT(etw_start() == ERROR_SUCCESS);
    CU_ASSERT(etw_query() == ERROR_SUCCESS);
    const EVENT_TRACE_PROPERTIES *p = &given.props.head;
    CU_ASSERT(p->EventsLost == 0 && p->LogBuffersLost == 0 && p->RealTimeBuffersLost == 0);
    etw_scenario("lost Other 7 8 9\nlost Self 1 2 3\n");
    CU_ASSERT(etw_query() == ERROR_SUCCESS);
    CU_ASSERT(p->EventsLost == 1 && p->LogBuffersLost == 2 && p->RealTimeBuffersLost == 3);
    etw_scenario(NULL);
    CU_ASSERT(etw_stop() == ERROR_SUCCESS);
}

/* Windows' own sessions; EventLog-Security can be read along only where its file is. */
static void test_windows(void)
{
    static wchar_t guard[] = L"EventLog-Security";
    CU_ASSERT(etw_control(guard, EVENT_TRACE_CONTROL_QUERY) == ERROR_ACCESS_DENIED);
    CU_ASSERT(etw_control(KERNEL_LOGGER_NAMEW, EVENT_TRACE_CONTROL_QUERY) == ERROR_ACCESS_DENIED);
    etw_fresh_file();
    given.file.LoggerName = guard;
    CU_ASSERT(OpenTraceW(&given.file) == INVALID_PROCESSTRACE_HANDLE && GetLastError() == ERROR_ACCESS_DENIED);
    etw_put_record(GUARD_FILE, 1, "old.");
    given.trace = OpenTraceW(&given.file);
    CU_ASSERT(given.trace != INVALID_PROCESSTRACE_HANDLE);
    HANDLE thread = etw_begin();
    etw_put_record(GUARD_FILE, 2, "new.");
    CU_ASSERT(etw_wait_for(2));
    CU_ASSERT(memcmp(seen.data[1], "new.", 4) == 0);
    DeleteFileA(GUARD_FILE);
    CU_ASSERT(etw_join(thread) == ERROR_SUCCESS);
    CU_ASSERT(CloseTrace(given.trace) == ERROR_SUCCESS);
}

/* Windows' header comes first; a record is whole, and nobody's once the callback is back. */
static void test_records(void)
{
    etw_put_record(PROVIDER_FILE, 1, "old.");
    CU_ASSERT(etw_start() == ERROR_SUCCESS);
    CU_ASSERT(etw_enable(EVENT_CONTROL_CODE_ENABLE_PROVIDER) == ERROR_SUCCESS);
    CU_ASSERT(etw_open() != INVALID_PROCESSTRACE_HANDLE && GetLastError() == WINSIM_JUNK_ERROR);
    etw_put_record(PROVIDER_FILE, 2, "new.");
    CU_ASSERT(etw_enable(EVENT_CONTROL_CODE_CAPTURE_STATE) == ERROR_SUCCESS);
    HANDLE thread = etw_begin();
    CU_ASSERT_FATAL(etw_wait_for(2));
    for (int i = 0; i < 200 && *(volatile const ULONG *)&seen.last->EventHeader.ProcessId != WINSIM_POISON_NUMBER; i++)
        Sleep(50); /* until the callback is back */
    CU_ASSERT(is_guid(&seen.records[0].EventHeader.ProviderId, &event_trace));
    CU_ASSERT(seen.records[0].EventHeader.EventDescriptor.Opcode == 0);
    const EVENT_HEADER *h = &seen.records[1].EventHeader;
    CU_ASSERT(is_guid(&h->ProviderId, &etw_provider) && h->EventDescriptor.Id == 2 && h->EventDescriptor.Version == 3);
    CU_ASSERT(h->Flags == EVENT_HEADER_FLAG_64_BIT_HEADER && h->ProcessId == 7 && h->ThreadId == 9);
    CU_ASSERT(h->TimeStamp.QuadPart == 1 && seen.records[1].UserContext == &seen);
    CU_ASSERT(seen.records[1].UserDataLength == 4 && memcmp(seen.data[1], "new.", 4) == 0);
    CU_ASSERT(seen.last_data[0] == WINSIM_POISON_BYTE && seen.last->EventHeader.ProcessId == WINSIM_POISON_NUMBER);
    CU_ASSERT(etw_enable(EVENT_CONTROL_CODE_DISABLE_PROVIDER) == ERROR_SUCCESS);
    CU_ASSERT(etw_stop() == ERROR_SUCCESS);
    CU_ASSERT(etw_join(thread) == ERROR_SUCCESS);
    CU_ASSERT(CloseTrace(given.trace) == ERROR_SUCCESS && GetLastError() == WINSIM_JUNK_ERROR);
}

/* A system logger tells first what runs already. */
static void test_kernel(void)
{
    etw_put_record(FOLDER "etw\\rundown.bin", 3, "runs");
    etw_put_record(FOLDER "etw\\kernel.bin", 1, "old.");
    etw_fresh();
    given.props.head.LogFileMode |= EVENT_TRACE_SYSTEM_LOGGER_MODE;
    given.props.head.EnableFlags = EVENT_TRACE_FLAG_PROCESS;
    CU_ASSERT(etw_again() == ERROR_SUCCESS);
    etw_put_record(FOLDER "etw\\kernel.bin", 1, "new.");
    (void)etw_open();
    HANDLE thread = etw_begin();
    CU_ASSERT(etw_wait_for(3));
    CU_ASSERT(memcmp(seen.data[1], "runs", 4) == 0 && memcmp(seen.data[2], "new.", 4) == 0);
    CU_ASSERT(etw_stop() == ERROR_SUCCESS);
    CU_ASSERT(etw_join(thread) == ERROR_SUCCESS && seen.count == 3);
    CU_ASSERT(CloseTrace(given.trace) == ERROR_SUCCESS);
}

/* ProcessTrace ends by itself: no session, one that somebody stops, one that Windows gives up. */
static void test_end(void)
{
    (void)etw_open();
    CU_ASSERT(etw_process() == ERROR_WMI_INSTANCE_NOT_FOUND);
    CU_ASSERT(CloseTrace(given.trace) == ERROR_SUCCESS);
    CU_ASSERT(etw_start() == ERROR_SUCCESS);
    (void)etw_open();
    HANDLE thread = etw_begin();
    CU_ASSERT(etw_wait_for(1));
    CU_ASSERT(WaitForSingleObject(thread, 100) == WAIT_TIMEOUT);
    DeleteFileA(OWN_FILE);
    CU_ASSERT(etw_join(thread) == ERROR_SUCCESS);
    CU_ASSERT(CloseTrace(given.trace) == ERROR_SUCCESS);
    CU_ASSERT(etw_enable(EVENT_CONTROL_CODE_DISABLE_PROVIDER) == ERROR_WMI_INSTANCE_NOT_FOUND);
    CU_ASSERT(etw_stop() == ERROR_WMI_INSTANCE_NOT_FOUND);
    CU_ASSERT(etw_start() == ERROR_SUCCESS);
    (void)etw_open();
    etw_scenario("end Self 1223\n");
    CU_ASSERT(etw_process() == ERROR_CANCELLED);
    CU_ASSERT(etw_query() == ERROR_SUCCESS); /* once a process, and the session lives on */
    CU_ASSERT(CloseTrace(given.trace) == ERROR_SUCCESS);
    etw_scenario(NULL);
    CU_ASSERT(etw_stop() == ERROR_SUCCESS);
}

/* CloseTrace while records come: pending; also in the callback. */
static void test_close(void)
{
    CU_ASSERT(etw_start() == ERROR_SUCCESS);
    (void)etw_open();
    HANDLE thread = etw_begin();
    CU_ASSERT(etw_wait_for(1));
    CU_ASSERT(CloseTrace(given.trace) == ERROR_CTX_CLOSE_PENDING);
    CU_ASSERT(etw_join(thread) == ERROR_SUCCESS);
    (void)etw_open();
    seen.closes = true;
    CU_ASSERT(etw_join(etw_begin()) == ERROR_SUCCESS);
    CU_ASSERT(seen.close_code == ERROR_CTX_CLOSE_PENDING);
    CU_ASSERT(etw_stop() == ERROR_SUCCESS);
}

static void test_behind(void)
{
    CU_ASSERT(etw_child("--behind", "") == (DWORD)EXCEPTION_ACCESS_VIOLATION);
    DeleteFileA(OWN_FILE);
}

static int leave(void)
{
    return etw_start() == ERROR_SUCCESS && etw_open() != INVALID_PROCESSTRACE_HANDLE ? 0 : 1;
}

static int behind(void)
{
    seen.reads_behind = true;
    (void)leave();
    return (int)etw_process();
}

int main(int count, char **words)
{
    static const CU_TestInfo tests[] = {{"start and stop", test_start_and_stop},
                                        {"somebody else's session", test_foreign},
                                        {"orphan", test_orphan},
                                        {"failures", test_failures},
                                        {"losses", test_lost},
                                        {"Windows' own sessions", test_windows},
                                        {"records", test_records},
                                        {"system logger", test_kernel},
                                        {"ProcessTrace ends", test_end},
                                        {"CloseTrace", test_close},
                                        {"a byte behind the payload", test_behind},
                                        {"wrong uses", etw_test_wrong},
                                        CU_TEST_INFO_NULL};
    etw_fresh_filters();
    if (count == 3 && strcmp(words[1], "--wrong") == 0)
        etw_wrong_run(words[2]);
    else if (count == 2 && strcmp(words[1], "--behind") == 0)
        return behind();
    else if (count == 2 && strcmp(words[1], "--leave") == 0)
        return leave();
    else
        return test_main("winsim_etw", tests);
    return 0;
}
