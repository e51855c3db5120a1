/* The six calls, with the contracts of their documents: who breaks one ends. */
#include "tests/winsim/etw/trace.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define FILTER_TYPE_EVENT_ID 0x80000200u
#define MODE_SYSTEM_LOGGER 0x02000000u
#define MODE_PAGED 0x01000000u
#define MODE_BUFFERING 0x400u

/* EnableProperty: all that the page of ENABLE_TRACE_PARAMETERS names (learn.microsoft.com). */
#define ENABLE_PROPERTIES 0x1ffu

#define CALL EXTERN_C ULONG WINAPI

static const GUID system_trace = {0x9e814aad, 0x3204, 0x11d2, {0x9a, 0x82, 0x00, 0x60, 0x08, 0xa8, 0x69, 0x39}};

static ULONG leave(const char *call, const wchar_t *name, ULONG code)
{
    winsim_call("%s %ls = %lu", call, name == NULL ? L"-" : name, code);
    winsim_unlock();
    SetLastError(WINSIM_JUNK_ERROR);
    return code;
}

/* What all calls with properties keep. */
static void check_properties(const char *call, const EVENT_TRACE_PROPERTIES *p, const wchar_t *name)
{
    size_t name_bytes = 2 * (wcslen(name) + 1);
    if (name[0] == 0 || name_bytes > 2 * MAX_NAME)
        winsim_abort("%s: a name of %llu characters", call, (unsigned long long)wcslen(name));
    if (p->Wnode.BufferSize < sizeof(*p) || p->LoggerNameOffset < sizeof(*p) ||
        p->LoggerNameOffset + name_bytes > p->Wnode.BufferSize)
        winsim_abort("%s: Wnode.BufferSize %lu has no room for the name at %lu", call, p->Wnode.BufferSize,
                     p->LoggerNameOffset);
    if (p->LogFileNameOffset != 0 && (p->LogFileNameOffset < sizeof(*p) || p->LogFileNameOffset >= p->Wnode.BufferSize))
        winsim_abort("%s: LogFileNameOffset %lu is outside", call, p->LogFileNameOffset);
    if (p->NumberOfBuffers + p->FreeBuffers + p->EventsLost + p->BuffersWritten + p->LogBuffersLost +
                p->RealTimeBuffersLost !=
            0 ||
        p->LoggerThreadId != NULL || p->Wnode.HistoricalContext != 0)
        winsim_abort("%s: output fields are not zero: properties of an earlier call are used again", call);
}

static void check_start(const EVENT_TRACE_PROPERTIES *p, const wchar_t *name)
{
    check_properties("StartTraceW", p, name);
    if ((p->Wnode.Flags & WNODE_FLAG_TRACED_GUID) == 0)
        winsim_abort("StartTraceW: WNODE_FLAG_TRACED_GUID is missing");
    if (p->Wnode.ClientContext > 2)
        winsim_abort("StartTraceW: clock %lu: neither QPC (1) nor system time (2)", p->Wnode.ClientContext);
    if (memcmp(&p->Wnode.Guid, &system_trace, sizeof(GUID)) == 0)
        winsim_abort("StartTraceW: SystemTraceControlGuid with a name of one's own");
    if ((p->LogFileMode & MODE_SYSTEM_LOGGER) != 0 && (p->LogFileMode & MODE_PAGED) != 0)
        winsim_abort("StartTraceW: a system logger with paged memory");
    if ((p->LogFileMode & EVENT_TRACE_REAL_TIME_MODE) == 0 || (p->LogFileMode & MODE_BUFFERING) != 0 ||
        p->LogFileNameOffset != 0)
        winsim_abort("StartTraceW: only real-time sessions without a file are served");
    if (p->EnableFlags != 0 && (p->LogFileMode & MODE_SYSTEM_LOGGER) == 0)
        winsim_abort("StartTraceW: EnableFlags without EVENT_TRACE_SYSTEM_LOGGER_MODE");
    if (p->BufferSize < 4 || p->BufferSize > 16384 || p->MaximumBuffers < p->MinimumBuffers || p->MinimumBuffers < 2)
        winsim_abort("StartTraceW: buffers: %lu KB, %lu to %lu", p->BufferSize, p->MinimumBuffers, p->MaximumBuffers);
    if (session_is_windows(name))
        winsim_abort("StartTraceW: %ls is Windows' own", name);
}

CALL StartTraceW(TRACEHANDLE *handle, LPCWSTR name, EVENT_TRACE_PROPERTIES *p)
{
    struct session_file file;
    winsim_lock();
    if (handle == NULL || name == NULL || p == NULL)
        winsim_abort("StartTraceW: NULL");
    *handle = 0; /* what a failure leaves */
    check_start(p, name);
    ULONG code = scenario_fail("StartTraceW", name);
    if (code == 0 && (session_read(&file, name) || session_guid_taken(&p->Wnode.Guid, name)))
        code = ERROR_ALREADY_EXISTS;
    if (code != 0)
        return leave("StartTraceW", name, code);
    struct own_session *s = session_add(name);
    s->mode = p->LogFileMode;
    s->flags = p->EnableFlags;
    session_write(name, &(struct session_file){p->Wnode.Guid, GetCurrentProcessId()});
    trace_begin(name);
    p->NumberOfBuffers = p->MinimumBuffers;
    p->LoggerThreadId = (HANDLE)(ULONG_PTR)1;
    p->Wnode.HistoricalContext = s->handle;
    wcscpy_s((wchar_t *)((char *)p + p->LoggerNameOffset), wcslen(name) + 1, name);
    *handle = s->handle;
    return leave("StartTraceW", name, 0);
}

static void fill(EVENT_TRACE_PROPERTIES *p, const wchar_t *name, const struct session_file *file)
{
    const struct own_session *own = session_find(name);
    ULONG lost[3];
    scenario_lost(name, lost);
    p->Wnode.Guid = file->guid;
    p->Wnode.HistoricalContext = own == NULL ? SESSION_HANDLE : own->handle;
    p->NumberOfBuffers = 64;
    p->EventsLost = lost[0];
    p->LogBuffersLost = lost[1];
    p->RealTimeBuffersLost = lost[2];
    p->LogFileMode = own == NULL ? 0 : own->mode;
    p->EnableFlags = own == NULL ? 0 : own->flags;
    p->LoggerThreadId = (HANDLE)(ULONG_PTR)1;
}

/* "switched-off SESSION": somebody did that, once; what enables it again holds. */
static void switch_off(struct own_session *s)
{
    if (s == NULL || s->was_switched_off || !scenario_is_switched_off(s->name))
        return;
    s->was_switched_off = true;
    s->provider = (GUID){0};
    s->flags = 0;
}

/* One instance of the provider, enabled for the session of this process that has it; other classes are not served. */
CALL EnumerateTraceGuidsEx(TRACE_QUERY_INFO_CLASS class, PVOID in, ULONG in_size, PVOID out, ULONG out_size,
                           PULONG used)
{
    struct answer {
        TRACE_GUID_INFO head;
        TRACE_PROVIDER_INSTANCE_INFO instance;
        TRACE_ENABLE_INFO entry;
    } answer;
    winsim_lock();
    if (class != TraceGuidQueryInfo || in == NULL || in_size != sizeof(GUID) || out == NULL || used == NULL)
        winsim_abort("EnumerateTraceGuidsEx: class %d, or not one GUID: not served", (int)class);
    memset(&answer, 0, sizeof(answer));
    answer.head.InstanceCount = 1;
    answer.instance.Pid = 4;
    for (unsigned i = 0; i < MAX_SESSIONS; i++) {
        struct own_session *s = session_at(i);
        switch_off(s);
        if (s != NULL && memcmp(&s->provider, in, sizeof(GUID)) == 0) {
            answer.instance.EnableCount = 1;
            answer.entry.IsEnabled = 1;
            answer.entry.Level = TRACE_LEVEL_VERBOSE;
            answer.entry.LoggerId = (USHORT)s->handle;
        }
    }
    ULONG size = answer.instance.EnableCount == 0 ? (ULONG)offsetof(struct answer, entry) : (ULONG)sizeof(answer);
    *used = size;
    ULONG code = out_size < size ? ERROR_INSUFFICIENT_BUFFER : 0;
    if (code == 0)
        memcpy(out, &answer, size);
    winsim_unlock();
    SetLastError(WINSIM_JUNK_ERROR);
    return code;
}

static ULONG stop(const wchar_t *name, const struct session_file *file)
{
    const struct own_session *own = session_find(name);

    if (own == NULL && file->pid == 0)
        winsim_abort("ControlTraceW: STOP of a session that is somebody else's: %ls", name);
    ULONG code = scenario_stop_code(name);
    session_remove(name);
    return code;
}

CALL ControlTraceW(TRACEHANDLE handle, LPCWSTR name, EVENT_TRACE_PROPERTIES *p, ULONG code)
{
    static const char *const calls[] = {"ControlTraceW QUERY", "ControlTraceW STOP", "ControlTraceW UPDATE",
                                        "ControlTraceW FLUSH"};
    struct session_file file;
    ULONG result = 0;
    winsim_lock();
    if (p == NULL || code > 3)
        winsim_abort("ControlTraceW: no properties, or code %lu", code);
    if (name == NULL && session_by_handle(handle) == NULL)
        winsim_abort("ControlTraceW: neither a name nor a session's handle");
    if (name == NULL)
        name = session_by_handle(handle)->name;
    check_properties(calls[code], p, name);
    if (code == EVENT_TRACE_CONTROL_UPDATE)
        winsim_abort("ControlTraceW: UPDATE is not served");
    if (session_is_windows(name) && code != EVENT_TRACE_CONTROL_QUERY)
        winsim_abort("%s: %ls is Windows' own", calls[code], name);
    if (session_is_windows(name)) {
        result = ERROR_ACCESS_DENIED;
    } else if (!session_read(&file, name)) {
        result = ERROR_WMI_INSTANCE_NOT_FOUND;
        if (session_find(name) != NULL)
            session_remove(name);
    } else {
        switch_off(session_find(name));
        fill(p, name, &file);
        if (code == EVENT_TRACE_CONTROL_STOP)
            result = stop(name, &file);
    }
    if (code == EVENT_TRACE_CONTROL_STOP)
        return leave(calls[code], name, result);
    winsim_unlock(); /* QUERY and FLUSH are too many to be written down */
    SetLastError(WINSIM_JUNK_ERROR);
    return result;
}

static void check_filters(const ENABLE_TRACE_PARAMETERS *p)
{
    if (p->FilterDescCount != 0 && p->EnableFilterDesc == NULL)
        winsim_abort("EnableTraceEx2: no filters, but their number");
    if ((p->EnableProperty & ~ENABLE_PROPERTIES) != 0)
        winsim_abort("EnableTraceEx2: EnableProperty %#lx", p->EnableProperty);
    if (p->Version != ENABLE_TRACE_PARAMETERS_VERSION_2 || p->ControlFlags != 0 || p->FilterDescCount > 8)
        winsim_abort("EnableTraceEx2: parameters: version %lu, ControlFlags %lu, %lu filters", p->Version,
                     p->ControlFlags, p->FilterDescCount);
    for (ULONG i = 0; i < p->FilterDescCount; i++) {
        const EVENT_FILTER_DESCRIPTOR *d = &p->EnableFilterDesc[i];
        const unsigned char *blob = (const unsigned char *)(ULONG_PTR)d->Ptr;
        for (ULONG j = 0; j < i; j++)
            if (p->EnableFilterDesc[j].Type == d->Type)
                winsim_abort("EnableTraceEx2: filter type %#lx twice", d->Type);
        if (d->Type != FILTER_TYPE_EVENT_ID)
            winsim_abort("EnableTraceEx2: filter type %#lx is not served", d->Type);
        USHORT count;
        if (blob == NULL || d->Size < 4)
            winsim_abort("EnableTraceEx2: filter of %lu bytes has no head", d->Size);
        memcpy(&count, blob + 2, sizeof(count));
        if (count > 64 || blob[0] > 1 || blob[1] != 0 || d->Size != 4u + 2u * count)
            winsim_abort("EnableTraceEx2: filter of %lu bytes with %u ids", d->Size, count);
    }
}

CALL EnableTraceEx2(TRACEHANDLE handle, LPCGUID provider, ULONG code, UCHAR level, ULONGLONG any, ULONGLONG all,
                    ULONG timeout, ENABLE_TRACE_PARAMETERS *parameters)
{
    (void)level;
    (void)timeout;
    winsim_lock();
    struct own_session *s = session_by_handle(handle);
    if (s == NULL || provider == NULL || code > 2)
        winsim_abort("EnableTraceEx2: no session's handle (%#llx), no provider, or code %lu", handle, code);
    if ((s->mode & MODE_SYSTEM_LOGGER) != 0)
        winsim_abort("EnableTraceEx2: a system logger takes EnableFlags");
    if (any == 0 && all != 0)
        winsim_abort("EnableTraceEx2: MatchAllKeyword is ignored where MatchAnyKeyword is 0");
    if (code == EVENT_CONTROL_CODE_CAPTURE_STATE && memcmp(&s->provider, provider, sizeof(GUID)) != 0)
        winsim_abort("EnableTraceEx2: CAPTURE_STATE of a provider that is not enabled");
    if (parameters != NULL)
        check_filters(parameters);
    struct session_file file;
    ULONG result =
        session_read(&file, s->name) ? scenario_fail("EnableTraceEx2", s->name) : ERROR_WMI_INSTANCE_NOT_FOUND;
    if (result == 0)
        s->provider = code == 0 ? (GUID){0} : *provider;
    if (result == 0 && code == EVENT_CONTROL_CODE_ENABLE_PROVIDER)
        trace_begin(s->name);
    return leave(code == 0 ? "EnableTraceEx2 DISABLE" : "EnableTraceEx2 ENABLE", s->name, result);
}

static void check_open(const EVENT_TRACE_LOGFILEW *file)
{
    static const TRACE_LOGFILE_HEADER zero;
    static const DWORD modes = PROCESS_TRACE_MODE_REAL_TIME | PROCESS_TRACE_MODE_EVENT_RECORD;
    if (file == NULL || (file->LoggerName == NULL) == (file->LogFileName == NULL))
        winsim_abort("OpenTraceW: both names, or none");
    if (file->LogFileName != NULL)
        winsim_abort("OpenTraceW: files are not served");
    if (wcslen(file->LoggerName) >= MAX_NAME)
        winsim_abort("OpenTraceW: a name of %llu characters", (unsigned long long)wcslen(file->LoggerName));
    if ((file->ProcessTraceMode & modes) != modes || file->EventRecordCallback == NULL)
        winsim_abort("OpenTraceW: mode %#lx, or no callback", file->ProcessTraceMode);
    if ((file->ProcessTraceMode & ~modes) != 0 || file->BufferCallback != NULL)
        winsim_abort("OpenTraceW: mode %#lx, or a BufferCallback: not served", file->ProcessTraceMode);
    if (file->CurrentTime != 0 || file->BuffersRead + file->BufferSize + file->Filled + file->EventsLost != 0 ||
        memcmp(&file->LogfileHeader, &zero, sizeof(zero)) != 0)
        winsim_abort("OpenTraceW: output fields are not zero");
}

EXTERN_C TRACEHANDLE WINAPI OpenTraceW(EVENT_TRACE_LOGFILEW *file)
{
    wchar_t path[MAX_PATH];
    winsim_lock();
    check_open(file);
    ULONG code = scenario_fail("OpenTraceW", file->LoggerName);
    winsim_path(path, L"etw\\EventLog-Security.bin");
    if (code == 0 && session_is_windows(file->LoggerName) && GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES)
        code = ERROR_ACCESS_DENIED; /* not LocalSystem */
    struct trace *t = NULL;
    if (code == 0) {
        t = trace_add(file->LoggerName);
        t->callback = file->EventRecordCallback;
        t->context = file->Context;
        file->LogfileHeader.PointerSize = sizeof(void *);
        if (session_is_windows(file->LoggerName))
            trace_begin(file->LoggerName);
    }
    winsim_call("OpenTraceW %ls = %lu", file->LoggerName, code);
    winsim_unlock();
    SetLastError(code == 0 ? WINSIM_JUNK_ERROR : code);
    return t == NULL ? INVALID_PROCESSTRACE_HANDLE : t->handle;
}

CALL ProcessTrace(TRACEHANDLE *array, ULONG count, FILETIME *start, FILETIME *end)
{
    winsim_lock();
    if (array == NULL || count != 1 || start != NULL || end != NULL)
        winsim_abort("ProcessTrace: one real-time trace, without times, is served");
    struct trace *t = trace_find(array[0]);
    if (t == NULL || t->is_processing)
        winsim_abort("ProcessTrace: handle %#llx is none of an open trace, or is processed already", array[0]);
    struct session_file file;
    ULONG code = scenario_fail("ProcessTrace", t->name);
    if (code == 0 && !session_is_windows(t->name) && !session_read(&file, t->name))
        code = ERROR_WMI_INSTANCE_NOT_FOUND;
    t->is_processing = true;
    winsim_unlock();
    if (code == 0)
        code = trace_process(t);
    winsim_lock();
    t->is_processing = false;
    if (t->is_closed)
        t->handle = 0;
    winsim_unlock();
    return code;
}

CALL CloseTrace(TRACEHANDLE handle)
{
    winsim_lock();
    struct trace *t = trace_find(handle);
    if (t == NULL || t->is_closed)
        winsim_abort("CloseTrace: handle %#llx is none of an open trace", handle);
    t->is_closed = true;
    ULONG code = t->is_processing ? ERROR_CTX_CLOSE_PENDING : 0;
    if (code == 0)
        t->handle = 0;
    return leave("CloseTrace", t->name, code);
}
