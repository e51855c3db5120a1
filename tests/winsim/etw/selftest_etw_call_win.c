#include "tests/winsim/etw/selftest_etw.h"

#include <stdlib.h>
#include <string.h>

/* How long what must come is waited for, ms; a child's whole life. */
#define WAIT_MS 10000u
#define CHILD_MS 30000u

struct etw_given given;
struct etw_seen seen;

const GUID etw_session_id = {0xa1a1a1a1, 0xb2b2, 0xc3c3, {1, 2, 3, 4, 5, 6, 7, 8}};
const GUID etw_provider = {0x11111111, 0x2222, 0x3333, {0x44, 0x44, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55}};

static void WINAPI on_record(EVENT_RECORD *r)
{
    LONG i = seen.count;
    if (seen.closes)
        seen.close_code = CloseTrace(given.trace);
    seen.closes = false;
    seen.last = r;
    seen.last_data = r->UserData;
    if (seen.reads_behind && ((volatile unsigned char *)r->UserData)[r->UserDataLength] == 0)
        seen.reads_behind = false;
    if (i < ETW_SEEN) {
        seen.records[i] = *r;
        memcpy(seen.data[i], r->UserData, r->UserDataLength < ETW_SEEN_DATA ? r->UserDataLength : ETW_SEEN_DATA);
    }
    InterlockedIncrement(&seen.count);
}

void etw_fresh(void)
{
    memset(&given.props, 0, sizeof(given.props));
    given.props.head.Wnode.BufferSize = sizeof(given.props);
    given.props.head.Wnode.Guid = etw_session_id;
    given.props.head.Wnode.Flags = WNODE_FLAG_TRACED_GUID;
    given.props.head.Wnode.ClientContext = 1;
    given.props.head.BufferSize = 64;
    given.props.head.MinimumBuffers = 4;
    given.props.head.MaximumBuffers = 8;
    given.props.head.LogFileMode = EVENT_TRACE_REAL_TIME_MODE;
    given.props.head.LoggerNameOffset = sizeof(given.props.head);
}

void etw_fresh_file(void)
{
    static wchar_t name[] = NAME;
    memset(&given.file, 0, sizeof(given.file));
    given.file.LoggerName = name;
    given.file.ProcessTraceMode = PROCESS_TRACE_MODE_REAL_TIME | PROCESS_TRACE_MODE_EVENT_RECORD;
    given.file.EventRecordCallback = on_record;
    given.file.Context = &seen;
}

void etw_fresh_filters(void)
{
    given.filter.is_in = TRUE;
    given.filter.reserved = 0;
    given.filter.count = 1;
    given.filter.ids[0] = 1;
    for (int i = 0; i < 9; i++)
        given.filters[i] = (EVENT_FILTER_DESCRIPTOR){(ULONGLONG)(uintptr_t)&given.filter, 6, 0x80000200u};
    given.parameters = (ENABLE_TRACE_PARAMETERS){
        .Version = ENABLE_TRACE_PARAMETERS_VERSION_2, .EnableFilterDesc = given.filters, .FilterDescCount = 1};
}

ULONG etw_again(void)
{
    return StartTraceW(&given.session, NAME, &given.props.head);
}

ULONG etw_start(void)
{
    etw_fresh();
    return etw_again();
}

ULONG etw_control(const wchar_t *name, ULONG code)
{
    etw_fresh();
    return ControlTraceW(0, name, &given.props.head, code);
}

ULONG etw_stop(void)
{
    return etw_control(NAME, EVENT_TRACE_CONTROL_STOP);
}

ULONG etw_query(void)
{
    return etw_control(NAME, EVENT_TRACE_CONTROL_QUERY);
}

ULONG etw_enable(ULONG code)
{
    return EnableTraceEx2(given.session, &etw_provider, code, TRACE_LEVEL_VERBOSE, 0, 0, 0, &given.parameters);
}

TRACEHANDLE etw_open(void)
{
    etw_fresh_file();
    return given.trace = OpenTraceW(&given.file);
}

ULONG etw_process(void)
{
    return ProcessTrace(&given.trace, 1, NULL, NULL);
}

void etw_put(const char *path, const void *bytes, size_t size)
{
    FILE *to = fopen(path, "ab");
    if (to == NULL || fwrite(bytes, 1, size, to) != size || fclose(to) != 0) {
        fprintf(stderr, "winsim_etw_selftest: %s: error %lu\n", path, GetLastError());
        exit(1);
    }
}

void etw_scenario(const char *text)
{
    static const char path[] = FOLDER "etw\\scenario.txt", written[] = FOLDER "etw\\scenario.new";
    if (text == NULL) {
        DeleteFileA(path); /* it may not be there */
        return;
    }
    etw_put(written, text, strlen(text));
    if (!MoveFileExA(written, path, MOVEFILE_REPLACE_EXISTING)) { /* whole at once */
        fprintf(stderr, "winsim_etw_selftest: %s: error %lu\n", path, GetLastError());
        exit(1);
    }
}

void etw_put_record(const char *path, USHORT id, const char *data)
{
    unsigned char r[48] = {sizeof(r), 0, 0, 0, 0x40};
    memcpy(r + 6, &id, 2);
    r[8] = 3;  /* Version */
    r[12] = 7; /* ProcessId */
    r[16] = 9; /* ThreadId */
    r[20] = 1; /* TimeStamp */
    memcpy(r + 28, &etw_provider, sizeof(etw_provider));
    memcpy(r + 44, data, 4);
    etw_put(path, r, sizeof(r));
}

const char *etw_last_line(const char *path)
{
    static char text[65536];
    FILE *from = fopen(path, "rb");
    size_t size = from == NULL ? 0 : fread(text, 1, sizeof(text) - 1, from);
    if (from != NULL)
        fclose(from);
    text[size == 0 ? 0 : size - 1] = 0;
    const char *last = strrchr(text, '\n');
    return last == NULL ? text : last + 1;
}

DWORD etw_child(const char *verb, const char *argument)
{
    char program[MAX_PATH], line[2 * MAX_PATH];
    STARTUPINFOA info = {.cb = sizeof(info)};
    PROCESS_INFORMATION made;
    DWORD code = 9999;
    GetModuleFileNameA(NULL, program, sizeof(program));
    snprintf(line, sizeof(line), "\"%s\" %s %s", program, verb, argument);
    if (!CreateProcessA(program, line, NULL, NULL, FALSE, 0, NULL, NULL, &info, &made))
        return code;
    if (WaitForSingleObject(made.hProcess, CHILD_MS) != WAIT_OBJECT_0) {
        TerminateProcess(made.hProcess, 9998);
        WaitForSingleObject(made.hProcess, INFINITE);
    }
    GetExitCodeProcess(made.hProcess, &code);
    CloseHandle(made.hThread);
    CloseHandle(made.hProcess);
    return code;
}

static DWORD WINAPI process_thread(void *unused)
{
    (void)unused;
    return etw_process();
}

HANDLE etw_begin(void)
{
    seen.count = 0;
    return CreateThread(NULL, 0, process_thread, NULL, 0, NULL);
}

bool etw_wait_for(LONG count)
{
    for (DWORD waited = 0; seen.count < count && waited < WAIT_MS; waited += 5)
        Sleep(5);
    return seen.count >= count;
}

DWORD etw_join(HANDLE thread)
{
    DWORD code = 9999;
    if (WaitForSingleObject(thread, WAIT_MS) == WAIT_OBJECT_0)
        GetExitCodeThread(thread, &code);
    CloseHandle(thread);
    return code;
}
