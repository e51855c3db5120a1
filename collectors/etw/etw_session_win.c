#include "collectors/etw/etw_session.h"

#include "collectors/etw/etw_enabled.h"

#include <windows.h>

#include <evntcons.h>
#include <evntrace.h>

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not in mingw-w64's evntprov.h: an event-id filter (learn.microsoft.com: EVENT_FILTER_DESCRIPTOR,
 * EVENT_FILTER_EVENT_ID). */
#define FILTER_TYPE_EVENT_ID 0x80000200u

struct id_filter {
    BOOLEAN is_in;
    UCHAR reserved;
    USHORT count;
    USHORT ids[1];
};

_Static_assert(offsetof(struct id_filter, ids) == 4 && sizeof(struct id_filter) == 6, "Size = 4 + 2 * count");
_Static_assert(sizeof(EVENT_TRACE_PROPERTIES) == 120 && offsetof(EVENT_TRACE_PROPERTIES, EventsLost) == 88, "x64");
_Static_assert(sizeof(EVENT_TRACE_LOGFILEW) == 448 && offsetof(EVENT_TRACE_LOGFILEW, Context) == 440, "x64");

/* How long a session of ours may take to end, ms, and how often that is checked. */
#define STOP_WAIT_MS 3000u
#define STOP_POLL_MS 20u

/* Room for both names: a short buffer makes Windows 11 24H2 answer 234 (github.com/osquery/osquery issue 8619). */
#define NAME_UNITS 1024u

struct properties {
    EVENT_TRACE_PROPERTIES head;
    wchar_t names[2][NAME_UNITS];
};

/* Names and ids of our own sessions, never of others: whoever has both is one that we left behind. */
static const struct {
    const char *source;
    const wchar_t *name;
    GUID id;
} sessions[] = {
    [ETW_KERNEL] = {"ETW kernel",
                    L"Tripline-Process",
                    {0x5b2d7d41, 0x8a3c, 0x4f19, {0x9e, 0x0c, 0x6d, 0x51, 0x33, 0x7a, 0xe2, 0x04}}},
    [ETW_SYSMON] = {"ETW Sysmon",
                    L"Tripline-Sysmon",
                    {0xc4f0a1e6, 0x27d5, 0x4b68, {0x8b, 0x93, 0x1f, 0xd0, 0x5e, 0x44, 0x90, 0x7b}}},
    [ETW_SECURITY] = {"ETW EventLog-Security", L"EventLog-Security", {0}},
};

static const GUID sysmon = {0x5770385f, 0xc22a, 0x43e0, {0xbf, 0x4c, 0x06, 0xf5, 0x69, 0x8f, 0xfb, 0xd9}};

const char *etw_source_name(enum etw_kind kind)
{
    return sessions[kind].source;
}

/* Made anew before every call: Windows writes into it. */
static void clear(struct properties *p, enum etw_kind kind)
{
    memset(p, 0, sizeof(*p));
    p->head.Wnode.BufferSize = sizeof(*p);
    p->head.Wnode.Guid = sessions[kind].id;
    p->head.Wnode.Flags = WNODE_FLAG_TRACED_GUID;
    p->head.LoggerNameOffset = offsetof(struct properties, names[0]);
}

static ULONG control(enum etw_kind kind, struct properties *p, ULONG code)
{
    clear(p, kind);
    p->head.LogFileNameOffset = offsetof(struct properties, names[1]);
    return ControlTraceW(0, sessions[kind].name, &p->head, code);
}

static ULONG start(struct etw_session *s)
{
    struct properties p;
    TRACEHANDLE handle = 0;
    clear(&p, s->set->kind);
    p.head.Wnode.ClientContext = 1; /* QPC: exact, and converted to system time for us */
    p.head.BufferSize = ETW_BUFFER_KB;
    p.head.MinimumBuffers = s->set->min_buffers;
    p.head.MaximumBuffers = s->set->max_buffers;
    p.head.FlushTimer = 1;
    p.head.LogFileMode = EVENT_TRACE_REAL_TIME_MODE;
    if (s->set->kind == ETW_KERNEL) {
        p.head.LogFileMode |= EVENT_TRACE_SYSTEM_LOGGER_MODE;
        p.head.EnableFlags = EVENT_TRACE_FLAG_PROCESS;
    }
    ULONG code = StartTraceW(&handle, sessions[s->set->kind].name, &p.head);
    if (code == ERROR_SUCCESS)
        s->session = handle;
    return code;
}

/* Is the session of our name one that we left behind? Only then is it stopped, and waited for. */
static bool stop_orphan(enum etw_kind kind)
{
    struct properties p;
    if (control(kind, &p, EVENT_TRACE_CONTROL_QUERY) != ERROR_SUCCESS ||
        memcmp(&p.head.Wnode.Guid, &sessions[kind].id, sizeof(GUID)) != 0)
        return false;
    (void)control(kind, &p, EVENT_TRACE_CONTROL_STOP); /* whether it has ended is asked below */
    for (unsigned waited = 0; waited < STOP_WAIT_MS; waited += STOP_POLL_MS) {
        if (control(kind, &p, EVENT_TRACE_CONTROL_QUERY) == ERROR_WMI_INSTANCE_NOT_FOUND)
            return true;
        Sleep(STOP_POLL_MS);
    }
    return true; /* starting it anew says what is wrong */
}

static int fail(const struct etw_session *s, enum collector_report_kind *kind, struct fault *fault, const char *call,
                ULONG code)
{
    static const char no_slot[] = "no session is free: Windows has 8 for the kernel's events, two of them its own, and "
                                  "64 in all; \"logman query -ets\" lists them";
    static const char foreign[] = "somebody else has a session of this name or id; it is left alone";
    char text[256] = "";
    const char *detail = "";
    *kind = COLLECTOR_BROKEN;
    if (code == ERROR_ACCESS_DENIED) {
        *kind = COLLECTOR_DENIED;
        etw_rights_missing(text, s->set->kind);
        detail = text;
    } else if (code == ERROR_NO_SYSTEM_RESOURCES) {
        *kind = COLLECTOR_NO_SLOT;
        detail = no_slot;
    } else if (code == ERROR_ALREADY_EXISTS) {
        *kind = COLLECTOR_FOREIGN;
        detail = foreign;
    } else if (code == ERROR_WMI_INSTANCE_NOT_FOUND) {
        *kind = COLLECTOR_ABSENT;
        detail = "there is no such session";
    }
    fault_set(fault, call, (long)code, text_from(etw_source_name(s->set->kind)), detail);
    return -EIO;
}

/* Sysmon's event 1 into our session. */
static ULONG enable(const struct etw_session *s)
{
    struct id_filter filter = {.is_in = TRUE, .count = 1, .ids = {1}};
    EVENT_FILTER_DESCRIPTOR descriptor = {
        .Ptr = (ULONGLONG)(uintptr_t)&filter, .Size = sizeof(filter), .Type = FILTER_TYPE_EVENT_ID};
    ENABLE_TRACE_PARAMETERS parameters = {
        .Version = ENABLE_TRACE_PARAMETERS_VERSION_2, .EnableFilterDesc = &descriptor, .FilterDescCount = 1};
    return EnableTraceEx2(s->session, &sysmon, EVENT_CONTROL_CODE_ENABLE_PROVIDER, TRACE_LEVEL_VERBOSE, 0, 0, 0,
                          &parameters);
}

static int start_session(struct etw_session *s, enum collector_report_kind *kind, struct fault *fault)
{
    ULONG code = start(s);
    if (code == ERROR_ALREADY_EXISTS && stop_orphan(s->set->kind))
        code = start(s);
    if (code != ERROR_SUCCESS)
        return fail(s, kind, fault, "StartTraceW", code);
    if (s->set->kind != ETW_SYSMON)
        return 0;
    code = enable(s);
    return code == ERROR_SUCCESS ? 0 : fail(s, kind, fault, "EnableTraceEx2", code);
}

int etw_session_open(struct etw_session *s, void (*record)(struct _EVENT_RECORD *), void *context,
                     enum collector_report_kind *kind, struct fault *fault)
{
    s->lost = (struct etw_lost){0, 0, 0};
    s->tells_flags = false;
    int rc = s->set->kind == ETW_SECURITY ? 0 : start_session(s, kind, fault);
    if (rc == 0) {
        EVENT_TRACE_LOGFILEW file = {0};
        file.LoggerName = (wchar_t *)(uintptr_t)sessions[s->set->kind].name; /* OpenTraceW only reads it */
        file.ProcessTraceMode = PROCESS_TRACE_MODE_REAL_TIME | PROCESS_TRACE_MODE_EVENT_RECORD;
        file.EventRecordCallback = record;
        file.Context = context;
        s->trace = OpenTraceW(&file);
        if (s->trace == INVALID_PROCESSTRACE_HANDLE)
            rc = fail(s, kind, fault, "OpenTraceW", GetLastError());
        else
            s->is_open = true;
    }
    if (rc < 0)
        etw_session_close(s);
    return rc;
}

long etw_session_process(struct etw_session *s)
{
    TRACEHANDLE trace = s->trace;
    return (long)ProcessTrace(&trace, 1, NULL, NULL);
}

bool etw_session_lost(struct etw_session *s, struct etw_lost *since)
{
    struct properties p;
    if (s->session == 0 || control(s->set->kind, &p, EVENT_TRACE_CONTROL_QUERY) != ERROR_SUCCESS)
        return false;
    s->tells_flags = s->tells_flags || (p.head.EnableFlags & EVENT_TRACE_FLAG_PROCESS) != 0;
    struct etw_lost now = {p.head.EventsLost, p.head.LogBuffersLost, p.head.RealTimeBuffersLost};
    since->events = now.events - s->lost.events;
    since->log_buffers = now.log_buffers - s->lost.log_buffers;
    since->real_time_buffers = now.real_time_buffers - s->lost.real_time_buffers;
    s->lost = now;
    return since->events + since->log_buffers + since->real_time_buffers > 0;
}

/* Room for what Windows tells of one provider: 16 bytes an instance and 32 for each session that it is enabled for. */
#define INFO_SIZE 65536u

typedef ULONG(WINAPI *enumerate_function)(TRACE_QUERY_INFO_CLASS, PVOID, ULONG, PVOID, ULONG, PULONG);

/* EnumerateTraceGuidsEx is sechost.dll's (learn.microsoft.com: "Sechost.dll on Windows 8.1 and Windows Server 2012
 * R2"), which any advapi32.dll has loaded; not every advapi32.dll passes it on. NULL: it is not there. */
static enumerate_function enumerate(void)
{
    HMODULE sechost = GetModuleHandleW(L"sechost.dll");
    FARPROC found = sechost == NULL ? NULL : GetProcAddress(sechost, "EnumerateTraceGuidsEx");
    enumerate_function function = NULL;
    memcpy(&function, &found, sizeof(function));
    return function;
}

/* Sysmon, by the provider's own registration. */
static int check_sysmon(const struct etw_session *s, struct fault *fault)
{
    GUID provider = sysmon;
    enumerate_function enumerate_guids = enumerate();
    ULONG used = 0;
    unsigned char *info = malloc(INFO_SIZE);
    if (info == NULL || enumerate_guids == NULL) {
        free(info);
        return 0;
    }
    ULONG code = enumerate_guids(TraceGuidQueryInfo, &provider, sizeof(provider), info, INFO_SIZE, &used);
    /* The low half of a session's handle is its number (learn.microsoft.com: TRACE_ENABLE_INFO, LoggerId). */
    enum etw_enabled is = code != ERROR_SUCCESS
                              ? ETW_ENABLED_UNKNOWN
                              : etw_enabled_judge(info, used, (uint16_t)s->session, TRACE_LEVEL_VERBOSE);
    free(info);
    if (is != ETW_SWITCHED_OFF)
        return 0;
    fault_set(fault, "EnumerateTraceGuidsEx", 0, text_from(etw_source_name(s->set->kind)),
              "the provider is no longer enabled for the session");
    return enable(s) == ERROR_SUCCESS ? 1 : 2;
}

/* The kernel's events, by the session's own flags. A Windows that has never told them can't be judged by them. */
static int check_kernel(const struct etw_session *s, struct fault *fault)
{
    struct properties p;
    if (!s->tells_flags || control(s->set->kind, &p, EVENT_TRACE_CONTROL_QUERY) != ERROR_SUCCESS ||
        (p.head.EnableFlags & EVENT_TRACE_FLAG_PROCESS) != 0)
        return 0;
    fault_set(fault, "ControlTraceW", 0, text_from(etw_source_name(s->set->kind)),
              "the session's flags have no process events any more");
    return 2;
}

int etw_session_check(struct etw_session *s, struct fault *fault)
{
    if (s->session == 0 || s->set->kind == ETW_SECURITY)
        return 0;
    return s->set->kind == ETW_SYSMON ? check_sysmon(s, fault) : check_kernel(s, fault);
}

void etw_session_flush(struct etw_session *s)
{
    struct properties p;
    if (s->session != 0)
        (void)control(s->set->kind, &p, EVENT_TRACE_CONTROL_FLUSH); /* its own timer flushes each second, too */
}

void etw_session_close(struct etw_session *s)
{
    struct properties p;
    if (s->session != 0 && s->set->kind == ETW_SYSMON) /* else Sysmon would write on, to nobody */
        (void)EnableTraceEx2(s->session, &sysmon, EVENT_CONTROL_CODE_DISABLE_PROVIDER, 0, 0, 0, 0, NULL);
    if (s->session != 0)
        (void)control(s->set->kind, &p, EVENT_TRACE_CONTROL_STOP); /* 4201: somebody else did; 234, 2402: it stops */
    if (s->is_open)
        (void)CloseTrace(s->trace); /* 7007: what is buffered still comes */
    s->session = 0;
    s->is_open = false;
}
