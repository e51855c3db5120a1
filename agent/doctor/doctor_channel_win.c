/* What the Event Log service says of a channel. Source: learn.microsoft.com/windows/win32/api/winevt. */
#include "agent/doctor/doctor_win.h"

#include "detect/base/winapi.h"

#include <stdlib.h>
#include <string.h>

#include <windows.h>
#include <winevt.h>

/* A channel property of up to 8 bytes; false: not to be had. */
static bool property(EVT_HANDLE config, EVT_CHANNEL_CONFIG_PROPERTY_ID id, EVT_VARIANT *value)
{
    /* All that are asked for here are numbers: nothing lies after the variant itself. */
    DWORD used = 0;
    return EvtGetChannelConfigProperty(config, id, 0, sizeof(*value), value, &used) != FALSE;
}

static enum doctor_answer answer(const EVT_VARIANT *value)
{
    if (value->Type != EvtVarTypeBoolean)
        return DOCTOR_UNREADABLE;
    return value->BooleanVal ? DOCTOR_ON : DOCTOR_OFF;
}

static void ask_config(struct doctor_channel *c, const wchar_t *name)
{
    EVT_VARIANT value;
    EVT_HANDLE config = EvtOpenChannelConfig(NULL, name, 0);
    if (config == NULL) {
        DWORD code = GetLastError();
        if (code == ERROR_EVT_CHANNEL_NOT_FOUND)
            c->is_there = DOCTOR_OFF;
        return;
    }
    c->is_there = DOCTOR_ON;
    if (property(config, EvtChannelConfigEnabled, &value))
        c->is_enabled = answer(&value);
    if (property(config, EvtChannelLoggingConfigRetention, &value))
        c->keeps_old = answer(&value);
    if (c->keeps_old == DOCTOR_ON && property(config, EvtChannelLoggingConfigAutoBackup, &value) &&
        answer(&value) == DOCTOR_ON)
        c->keeps_old = DOCTOR_OFF; /* a full log is moved aside, and a new one begun */
    if (property(config, EvtChannelLoggingConfigMaxSize, &value) && value.Type == EvtVarTypeUInt64)
        c->max_bytes = value.UInt64Val;
    EvtClose(config);
}

static void ask_log(struct doctor_channel *c, const wchar_t *name)
{
    EVT_VARIANT value;
    DWORD used = 0;
    EVT_HANDLE log = EvtOpenLog(NULL, name, EvtOpenChannelPath);
    if (log == NULL) {
        if (GetLastError() == ERROR_ACCESS_DENIED)
            c->may_read = DOCTOR_OFF;
        return;
    }
    /* Its numbers go on after a clear: only in a file that is full have records been overwritten. */
    bool is_late = EvtGetLogInfo(log, EvtLogOldestRecordNumber, sizeof(value), &value, &used) &&
                   value.Type == EvtVarTypeUInt64 && value.UInt64Val > 1;
    bool is_full = EvtGetLogInfo(log, EvtLogFileSize, sizeof(value), &value, &used) && value.Type == EvtVarTypeUInt64 &&
                   value.UInt64Val >= c->max_bytes / 10 * 9;
    c->has_wrapped = is_late && is_full;
    EvtClose(log);
}

/* Longest that a search for one event may take, ms: in a log of gigabytes the newest of a rare kind lies far back. */
#define SEARCH_MS 10000u

/* The event's time and one of its data, called by path; they lie in the block that is returned, to be freed. */
static EVT_VARIANT *read_event(EVT_HANDLE event, const wchar_t *path)
{
    const wchar_t *paths[] = {L"Event/System/TimeCreated/@SystemTime", path};
    DWORD used = 0, count = 0;
    EVT_HANDLE context = EvtCreateRenderContext(2, (LPCWSTR *)paths, EvtRenderContextValues);
    EVT_VARIANT *values = NULL;
    if (context != NULL && !EvtRender(context, event, EvtRenderEventValues, 0, NULL, &used, &count) &&
        GetLastError() == ERROR_INSUFFICIENT_BUFFER)
        values = malloc(used);
    if (values != NULL &&
        !(EvtRender(context, event, EvtRenderEventValues, used, values, &used, &count) && count == 2)) {
        free(values);
        values = NULL;
    }
    if (context != NULL)
        EvtClose(context);
    return values;
}

enum found { FOUND, NONE, UNKNOWN, DENIED };

/*
 * The first event that query gives, from the oldest or the newest on: values as read_event() gives them, or NULL. NONE
 * only where Windows has looked through all of the log; a search that took too long says nothing.
 */
static enum found look(EVT_VARIANT **values, const wchar_t *name, const wchar_t *query, DWORD direction,
                       const wchar_t *path)
{
    EVT_HANDLE event = NULL;
    DWORD count = 0;
    *values = NULL;
    EVT_HANDLE result = EvtQuery(NULL, name, query, EvtQueryChannelPath | direction);
    if (result == NULL)
        return GetLastError() == ERROR_ACCESS_DENIED ? DENIED : UNKNOWN;
    enum found found = FOUND;
    if (!EvtNext(result, 1, &event, SEARCH_MS, 0, &count)) {
        found = GetLastError() == ERROR_NO_MORE_ITEMS ? NONE : UNKNOWN;
    } else {
        *values = read_event(event, path);
        EvtClose(event); /* before the result: that would close it too */
    }
    EvtClose(result);
    return found;
}

static uint64_t time_of(const EVT_VARIANT *values)
{
    return values != NULL && values[0].Type == EvtVarTypeFileTime ? values[0].FileTimeVal : 0;
}

static const wchar_t *text_of(const EVT_VARIANT *values)
{
    bool has_text = values != NULL && values[1].Type == EvtVarTypeString && values[1].StringVal != NULL;
    return has_text ? values[1].StringVal : L"";
}

uint64_t doctor_newest(char *to, size_t size, const wchar_t *channel, const wchar_t *query, const wchar_t *name)
{
    EVT_VARIANT *values = NULL;
    wchar_t path[80];
    (void)swprintf(path, 80, L"Event/EventData/Data[@Name=\"%ls\"]", name); /* names of ours: they fit */
    (void)look(&values, channel, query, EvtQueryReverseDirection, path);    /* none: no values */
    winapi_copy(to, size, text_of(values));
    uint64_t time = time_of(values);
    free(values);
    return time;
}

/* An empty log says nothing about what it will hold. */
static void ask_events(struct doctor_channel *c, const wchar_t *name, const wchar_t *query)
{
    static const wchar_t path[] = L"Event/EventData/Data[@Name=\"CommandLine\"]";
    EVT_VARIANT *values = NULL;
    enum found found = look(&values, name, NULL, EvtQueryForwardDirection, path);
    c->oldest_time = time_of(values);
    free(values);
    if (found == DENIED)
        c->may_read = DOCTOR_OFF;
    else if (found != UNKNOWN)
        c->may_read = DOCTOR_ON;
    if (found != FOUND || query == NULL)
        return;
    found = look(&values, name, query, EvtQueryReverseDirection, path);
    if (found == FOUND || found == NONE)
        c->has_process_event = found == FOUND ? DOCTOR_ON : DOCTOR_OFF;
    if (values != NULL) {
        c->newest_time = time_of(values);
        c->has_command_line = text_of(values)[0] != L'\0' ? DOCTOR_ON : DOCTOR_OFF;
    }
    free(values);
}

/* What tells a process creation in channel, and nothing else; NULL: not known. */
static const wchar_t *process_query(const char *channel)
{
    if (text_equal_nocase(text_from(channel), text_from("Security")))
        return L"*[System[(EventID=4688)]]";
    if (text_equal_nocase(text_from(channel), text_from("Microsoft-Windows-Sysmon/Operational")))
        return L"*[System[(EventID=1)]]";
    return NULL;
}

void doctor_ask_channel(struct doctor_channel *c, const char *name)
{
    wchar_t *wide = NULL; /* stays so where memory is short */
    (void)winapi_wide(&wide, name);
    *c = (struct doctor_channel){.is_there = DOCTOR_UNREADABLE};
    (void)text_copy(c->name, sizeof(c->name), text_from(name)); /* cut where longer */
    if (wide != NULL) {
        ask_config(c, wide);
        ask_log(c, wide);
    }
    if (wide != NULL && c->is_there != DOCTOR_OFF && c->may_read != DOCTOR_OFF)
        ask_events(c, wide, process_query(name));
    free(wide);
}
