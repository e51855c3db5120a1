/* What the Event Log service says of a channel. Source: learn.microsoft.com/windows/win32/api/winevt. */
#include "agent/doctor/doctor_win.h"

#include "detect/base/winapi.h"
#include "detect/event/kinds.h"

#include <stdlib.h>
#include <string.h>

#include <windows.h>
#include <winevt.h>

/* A channel property of up to 8 bytes; false: not to be had. */
static bool property(EVT_HANDLE config, EVT_CHANNEL_CONFIG_PROPERTY_ID id, EVT_VARIANT *value)
{
    /* All that are asked for here are numbers: nothing lies behind the variant itself. */
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
    if (EvtGetLogInfo(log, EvtLogOldestRecordNumber, sizeof(value), &value, &used) && value.Type == EvtVarTypeUInt64)
        c->has_wrapped = value.UInt64Val > 1;
    EvtClose(log);
}

/* Two values of event: its time and its command line, each where it has one. */
static void read_event(EVT_HANDLE event, uint64_t *time, enum doctor_answer *has_command_line)
{
    static const wchar_t *const paths[] = {L"Event/System/TimeCreated/@SystemTime",
                                           L"Event/EventData/Data[@Name=\"CommandLine\"]"};
    DWORD used = 0, count = 0;
    EVT_HANDLE context = EvtCreateRenderContext(2, (LPCWSTR *)paths, EvtRenderContextValues);
    EVT_VARIANT *values = NULL;
    if (context != NULL && !EvtRender(context, event, EvtRenderEventValues, 0, NULL, &used, &count) &&
        GetLastError() == ERROR_INSUFFICIENT_BUFFER)
        values = malloc(used);
    if (values != NULL && EvtRender(context, event, EvtRenderEventValues, used, values, &used, &count) && count == 2) {
        if (values[0].Type == EvtVarTypeFileTime)
            *time = values[0].FileTimeVal;
        bool has_text =
            values[1].Type == EvtVarTypeString && values[1].StringVal != NULL && values[1].StringVal[0] != 0;
        *has_command_line = has_text ? DOCTOR_ON : DOCTOR_OFF;
    }
    free(values);
    if (context != NULL)
        EvtClose(context);
}

/*
 * Looks at the first event that query gives, from the oldest or the newest on: its time and whether it has a command
 * line. Returns whether there is one; sets may_read by the way.
 */
static bool look(struct doctor_channel *c, const wchar_t *name, const wchar_t *query, DWORD direction, uint64_t *time,
                 enum doctor_answer *has_command_line)
{
    EVT_HANDLE event = NULL;
    DWORD count = 0;
    EVT_HANDLE result = EvtQuery(NULL, name, query, EvtQueryChannelPath | direction);
    if (result == NULL) {
        if (GetLastError() == ERROR_ACCESS_DENIED)
            c->may_read = DOCTOR_OFF;
        return false;
    }
    c->may_read = DOCTOR_ON;
    bool is_found = EvtNext(result, 1, &event, 1000, 0, &count) && count == 1;
    if (is_found) {
        read_event(event, time, has_command_line);
        EvtClose(event); /* before the result: that would close it too */
    }
    EvtClose(result);
    return is_found;
}

void doctor_ask_channel(struct doctor_channel *c, const char *name)
{
    char query[KINDS_QUERY_SIZE];
    wchar_t *wide = NULL, *wide_query = NULL; /* stay so where memory is short */
    (void)winapi_wide(&wide, name);
    if (kinds_query(query, text_from(name)))
        (void)winapi_wide(&wide_query, query);
    uint64_t newest = 0;
    enum doctor_answer unused = DOCTOR_UNREADABLE;
    *c = (struct doctor_channel){.is_there = DOCTOR_UNREADABLE};
    (void)text_copy(c->name, sizeof(c->name), text_from(name)); /* cut where longer */
    if (wide != NULL) {
        ask_config(c, wide);
        ask_log(c, wide);
    }
    bool may_look = wide != NULL && c->is_there != DOCTOR_OFF && c->may_read != DOCTOR_OFF;
    /* An empty log says nothing about what it will hold. */
    if (may_look && look(c, wide, NULL, EvtQueryForwardDirection, &c->oldest_time, &unused) && wide_query != NULL)
        c->has_process_event =
            look(c, wide, wide_query, EvtQueryReverseDirection, &newest, &c->has_command_line) ? DOCTOR_ON : DOCTOR_OFF;
    free(wide_query);
    free(wide);
}
