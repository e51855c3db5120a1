#include "tests/winsim/etw/selftest_etw.h"

#include <string.h>

static const GUID system_trace = {0x9e814aad, 0x3204, 0x11d2, {0x9a, 0x82, 0x00, 0x60, 0x08, 0xa8, 0x69, 0x39}};

/* A record that says it is 4 bytes long, which is less than its head. */
static const unsigned char short_record[44] = {4};

static ULONG WINAPI on_buffer(EVENT_TRACE_LOGFILEW *buffer)
{
    return buffer != NULL;
}

/* One character more than the stand-in serves. */
static wchar_t *long_name(void)
{
    static wchar_t name[129];
    for (int i = 0; i < 128; i++)
        name[i] = L'n';
    return name;
}

/* One wrong use, after all is as it should be. */
#define WRONG(name, ...)                                                                                               \
    static void name(void)                                                                                             \
    {                                                                                                                  \
        __VA_ARGS__;                                                                                                   \
    }
#define WRONG_START(name, change) WRONG(start_##name, etw_fresh(); change; etw_again())
#define WRONG_CONTROL(name, change, ...)                                                                               \
    WRONG(control_##name, etw_start(); etw_fresh(); change; ControlTraceW(__VA_ARGS__))
#define WRONG_ENABLE(name, change) WRONG(enable_##name, etw_start(); change; etw_enable(1))
#define WRONG_OPEN(name, change) WRONG(open_##name, etw_fresh_file(); change; OpenTraceW(&given.file))

WRONG(start_null, StartTraceW(NULL, NAME, &given.props.head))
WRONG(start_no_name, StartTraceW(&given.session, L"", &given.props.head))
WRONG(start_long, etw_fresh(); StartTraceW(&given.session, long_name(), &given.props.head))
WRONG_START(small, given.props.head.Wnode.BufferSize = sizeof(given.props.head) + 8)
WRONG_START(name_offset, given.props.head.LoggerNameOffset = 0)
WRONG_START(file_offset, given.props.head.LogFileNameOffset = 64)
WRONG_START(flag, given.props.head.Wnode.Flags = 0)
WRONG_START(clock, given.props.head.Wnode.ClientContext = 3)
WRONG_START(system, given.props.head.Wnode.Guid = system_trace)
WRONG_START(paged, given.props.head.LogFileMode |= 0x03000000u)
WRONG_START(buffering, given.props.head.LogFileMode |= 0x400u)
WRONG_START(file, given.props.head.LogFileNameOffset = sizeof(given.props.head) + 64)
WRONG_START(not_live, given.props.head.LogFileMode = 0)
WRONG_START(flags, given.props.head.EnableFlags = 1)
WRONG_START(buffers, given.props.head.BufferSize = 32768)
WRONG_START(few, given.props.head.MinimumBuffers = 1)
WRONG_START(crossed, given.props.head.MaximumBuffers = 2)
WRONG(start_used, etw_start(); etw_stop(); etw_again())
WRONG(start_windows, etw_fresh(); StartTraceW(&given.session, L"EventLog-Security", &given.props.head))
WRONG(start_kernel, etw_fresh(); StartTraceW(&given.session, KERNEL_LOGGER_NAMEW, &given.props.head))
WRONG_CONTROL(null, (void)0, 0, NAME, NULL, 0)
WRONG_CONTROL(code, (void)0, 0, NAME, &given.props.head, 4)
WRONG_CONTROL(nameless, (void)0, 0, NULL, &given.props.head, 0)
WRONG_CONTROL(trace, etw_open(), given.trace, NULL, &given.props.head, 0)
WRONG(control_stopped, etw_start(); etw_stop(); etw_fresh(); ControlTraceW(given.session, NULL, &given.props.head, 1))
WRONG_CONTROL(small, given.props.head.Wnode.BufferSize = sizeof(given.props.head), 0, NAME, &given.props.head, 1)
WRONG_CONTROL(used, etw_query(), 0, NAME, &given.props.head, 1)
WRONG_CONTROL(update, (void)0, 0, NAME, &given.props.head, 2)
WRONG_CONTROL(windows, (void)0, 0, L"EventLog-Security", &given.props.head, 1)
WRONG(control_foreign, etw_put(OWN_FILE, FOREIGN, sizeof(FOREIGN) - 1); etw_stop())
WRONG(enable_trace, given.session = etw_open(); etw_enable(1))
WRONG(enable_stopped, etw_start(); etw_stop(); etw_enable(1))
WRONG(enable_nobody, etw_start(); EnableTraceEx2(given.session, NULL, 1, 0, 0, 0, 0, NULL))
WRONG(enable_code, etw_start(); etw_enable(3))
WRONG(enable_all, etw_start(); EnableTraceEx2(given.session, &etw_provider, 1, 0, 0, 1, 0, NULL))
WRONG(enable_capture, etw_start(); etw_enable(2))
WRONG(enable_kernel, etw_fresh(); given.props.head.LogFileMode |= EVENT_TRACE_SYSTEM_LOGGER_MODE; etw_again();
      etw_enable(1))
WRONG_ENABLE(version, given.parameters.Version = 1)
WRONG_ENABLE(flags, given.parameters.ControlFlags = 1)
WRONG_ENABLE(property, given.parameters.EnableProperty = 0x8000)
WRONG_ENABLE(nine, given.parameters.FilterDescCount = 9)
WRONG_ENABLE(no_filters, given.parameters.EnableFilterDesc = NULL)
WRONG_ENABLE(twice, given.parameters.FilterDescCount = 2)
WRONG_ENABLE(type, given.filters[0].Type = 0x80000004u)
WRONG_ENABLE(size, given.filters[0].Size = 8)
WRONG_ENABLE(head, given.filters[0].Size = 2)
WRONG_ENABLE(reserved, given.filter.reserved = 1)
WRONG_ENABLE(many, given.filter.count = 65; given.filters[0].Size = 134)
WRONG_ENABLE(in, given.filter.is_in = 2)
WRONG_OPEN(no_name, given.file.LoggerName = NULL)
WRONG_OPEN(both, given.file.LogFileName = given.file.LoggerName)
WRONG_OPEN(file, given.file.LogFileName = given.file.LoggerName; given.file.LoggerName = NULL)
WRONG_OPEN(not_live, given.file.ProcessTraceMode = PROCESS_TRACE_MODE_EVENT_RECORD)
WRONG_OPEN(old, given.file.ProcessTraceMode = PROCESS_TRACE_MODE_REAL_TIME)
WRONG_OPEN(callback, given.file.EventRecordCallback = NULL)
WRONG_OPEN(raw, given.file.ProcessTraceMode |= PROCESS_TRACE_MODE_RAW_TIMESTAMP)
WRONG_OPEN(buffers, given.file.BufferCallback = on_buffer)
WRONG_OPEN(used, OpenTraceW(&given.file))
WRONG_OPEN(long, given.file.LoggerName = long_name())
WRONG(process_none, etw_open(); ProcessTrace(NULL, 1, NULL, NULL))
WRONG(process_two, etw_open(); ProcessTrace((TRACEHANDLE[]){given.trace, given.trace}, 2, NULL, NULL))
WRONG(process_time, FILETIME time = {0}; etw_open(); ProcessTrace(&given.trace, 1, &time, NULL))
WRONG(process_end, FILETIME time = {0}; etw_open(); ProcessTrace(&given.trace, 1, NULL, &time))
WRONG(process_session, etw_start(); ProcessTrace(&given.session, 1, NULL, NULL))
WRONG(process_closed, etw_open(); CloseTrace(given.trace); etw_process())
WRONG(process_twice, etw_start(); etw_open(); etw_begin(); etw_wait_for(1); etw_process())
WRONG(process_size, etw_start(); etw_enable(1); etw_put(PROVIDER_FILE, short_record, sizeof(short_record)); etw_open();
      etw_process())
WRONG(close_none, CloseTrace(0))
WRONG(close_invalid, CloseTrace(INVALID_PROCESSTRACE_HANDLE))
WRONG(close_session, etw_start(); CloseTrace(given.session))
WRONG(close_twice, etw_open(); CloseTrace(given.trace); CloseTrace(given.trace))
WRONG(close_pending, etw_start(); etw_open(); etw_begin(); etw_wait_for(1); CloseTrace(given.trace);
      CloseTrace(given.trace))
WRONG(directive, etw_scenario("fial StartTraceW Self 5\n"); etw_start())

#define CASE(name, text)                                                                                               \
    {                                                                                                                  \
#name, name, text                                                                                              \
    }

static const struct {
    const char *name;
    void (*run)(void);
    const char *want;
} cases[] = {
    CASE(start_null, "StartTraceW: NULL"),
    CASE(start_no_name, "StartTraceW: a name of 0 characters"),
    CASE(start_long, "StartTraceW: a name of 128 characters"),
    CASE(start_small, "StartTraceW: Wnode.BufferSize 128 has no room for the name at 120"),
    CASE(start_name_offset, "has no room for the name at 0"),
    CASE(start_file_offset, "StartTraceW: LogFileNameOffset 64 is outside"),
    CASE(start_flag, "StartTraceW: WNODE_FLAG_TRACED_GUID is missing"),
    CASE(start_clock, "StartTraceW: clock 3: neither QPC (1) nor system time (2)"),
    CASE(start_system, "StartTraceW: SystemTraceControlGuid with a name of one's own"),
    CASE(start_paged, "StartTraceW: a system logger with paged memory"),
    CASE(start_buffering, "StartTraceW: only real-time sessions without a file are served"),
    CASE(start_file, "StartTraceW: only real-time sessions without a file are served"),
    CASE(start_not_live, "StartTraceW: only real-time sessions without a file are served"),
    CASE(start_flags, "StartTraceW: EnableFlags without EVENT_TRACE_SYSTEM_LOGGER_MODE"),
    CASE(start_buffers, "StartTraceW: buffers: 32768 KB, 4 to 8"),
    CASE(start_few, "StartTraceW: buffers: 64 KB, 1 to 8"),
    CASE(start_crossed, "StartTraceW: buffers: 64 KB, 4 to 2"),
    CASE(start_used, "StartTraceW: output fields are not zero: properties of an earlier call are used again"),
    CASE(start_windows, "StartTraceW: EventLog-Security is Windows' own"),
    CASE(start_kernel, "StartTraceW: NT Kernel Logger is Windows' own"),
    CASE(control_null, "ControlTraceW: no properties, or code 0"),
    CASE(control_code, "ControlTraceW: no properties, or code 4"),
    CASE(control_nameless, "ControlTraceW: neither a name nor a session's handle"),
    CASE(control_trace, "ControlTraceW: neither a name nor a session's handle"),
    CASE(control_stopped, "ControlTraceW: neither a name nor a session's handle"),
    CASE(control_small, "ControlTraceW STOP: Wnode.BufferSize 120 has no room"),
    CASE(control_used, "ControlTraceW STOP: output fields are not zero"),
    CASE(control_update, "ControlTraceW: UPDATE is not served"),
    CASE(control_windows, "ControlTraceW STOP: EventLog-Security is Windows' own"),
    CASE(control_foreign, "ControlTraceW: STOP of a session that is somebody else's: Self"),
    CASE(enable_trace, "EnableTraceEx2: no session's handle (0x77"),
    CASE(enable_stopped, "EnableTraceEx2: no session's handle (0x1001)"),
    CASE(enable_nobody, "no provider, or code 1"),
    CASE(enable_code, "no provider, or code 3"),
    CASE(enable_all, "EnableTraceEx2: MatchAllKeyword is ignored where MatchAnyKeyword is 0"),
    CASE(enable_capture, "EnableTraceEx2: CAPTURE_STATE of a provider that is not enabled"),
    CASE(enable_kernel, "EnableTraceEx2: a system logger takes EnableFlags"),
    CASE(enable_version, "EnableTraceEx2: parameters: version 1, ControlFlags 0, 1 filters"),
    CASE(enable_flags, "EnableTraceEx2: parameters: version 2, ControlFlags 1, 1 filters"),
    CASE(enable_property, "EnableTraceEx2: EnableProperty 0x8000"),
    CASE(enable_nine, "EnableTraceEx2: parameters: version 2, ControlFlags 0, 9 filters"),
    CASE(enable_no_filters, "EnableTraceEx2: no filters, but their number"),
    CASE(enable_twice, "EnableTraceEx2: filter type 0x80000200 twice"),
    CASE(enable_type, "EnableTraceEx2: filter type 0x80000004 is not served"),
    CASE(enable_size, "EnableTraceEx2: filter of 8 bytes with 1 ids"),
    CASE(enable_head, "EnableTraceEx2: filter of 2 bytes has no head"),
    CASE(enable_reserved, "EnableTraceEx2: filter of 6 bytes with 1 ids"),
    CASE(enable_many, "EnableTraceEx2: filter of 134 bytes with 65 ids"),
    CASE(enable_in, "EnableTraceEx2: filter of 6 bytes with 1 ids"),
    CASE(open_no_name, "OpenTraceW: both names, or none"),
    CASE(open_both, "OpenTraceW: both names, or none"),
    CASE(open_file, "OpenTraceW: files are not served"),
    CASE(open_not_live, "OpenTraceW: mode 0x10000000, or no callback"),
    CASE(open_old, "OpenTraceW: mode 0x100, or no callback"),
    CASE(open_callback, "OpenTraceW: mode 0x10000100, or no callback"),
    CASE(open_raw, "OpenTraceW: mode 0x10001100, or a BufferCallback: not served"),
    CASE(open_buffers, "OpenTraceW: mode 0x10000100, or a BufferCallback: not served"),
    CASE(open_used, "OpenTraceW: output fields are not zero"),
    CASE(open_long, "OpenTraceW: a name of 128 characters"),
    CASE(process_none, "ProcessTrace: one real-time trace, without times, is served"),
    CASE(process_two, "ProcessTrace: one real-time trace, without times, is served"),
    CASE(process_time, "ProcessTrace: one real-time trace, without times, is served"),
    CASE(process_end, "ProcessTrace: one real-time trace, without times, is served"),
    CASE(process_session, "is none of an open trace, or is processed already"),
    CASE(process_closed, "is none of an open trace, or is processed already"),
    CASE(process_twice, "is none of an open trace, or is processed already"),
    CASE(process_size, "holds a record of 4 bytes"),
    CASE(close_none, "CloseTrace: handle 0 is none of an open trace"),
    CASE(close_invalid, "CloseTrace: handle 0xffffffffffffffff is none of an open trace"),
    CASE(close_session, "CloseTrace: handle 0x1001 is none of an open trace"),
    CASE(close_twice, "is none of an open trace"),
    CASE(close_pending, "is none of an open trace"),
    CASE(directive, "unknown directive: fial StartTraceW Self 5"),
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

void etw_wrong_run(const char *name)
{
    etw_fresh_filters();
    for (size_t i = 0; i < CASES; i++)
        if (strcmp(cases[i].name, name) == 0)
            cases[i].run();
}

void etw_test_wrong(void)
{
    for (size_t i = 0; i < CASES; i++) {
        DWORD code = etw_child("--wrong", cases[i].name);
        const char *text = etw_last_line(FOLDER "abort.txt");
        bool is_right = code == WINSIM_EXIT_CODE && strstr(text, cases[i].want) != NULL;
        CU_ASSERT(is_right);
        if (!is_right)
            printf("\n%s: exit code %lu, %s\n", cases[i].name, code, text);
        etw_scenario(NULL);
        DeleteFileA(FOLDER "abort.txt");
        DeleteFileA(OWN_FILE); /* what the child left; some do not */
        DeleteFileA(PROVIDER_FILE);
    }
}
