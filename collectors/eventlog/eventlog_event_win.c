#include "collectors/eventlog/eventlog_event.h"

#include "collectors/eventlog/eventlog_render.h"

#include <windows.h>
#include <winevt.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for a value that is no string: a SID has up to 15 sub-authorities, 10 digits each. */
#define SHORT_SIZE 200u

#define DATA(name) L"Event/EventData/Data[@Name=\"" name L"\"]"

/* The values that decide come first: where not all can be had, these must do. */
enum {
    VALUE_PROVIDER,
    VALUE_EVENT_ID,
    VALUE_TIME,
    VALUE_RECORD,
    VALUE_CHANNEL,
    VALUE_COMPUTER,
    VALUE_COMMAND_LINE,
    VALUE_PARENT_COMMAND_LINE,
    VALUE_PROCESS_ID, /* 4688: of the creator; Sysmon: of the new process */
    VALUE_NEW_PROCESS_ID,
    VALUE_PARENT_PROCESS_ID,
    VALUE_NEW_PROCESS_NAME,
    VALUE_PARENT_PROCESS_NAME,
    VALUE_SUBJECT_SID,
    VALUE_SUBJECT_NAME,
    VALUE_SUBJECT_DOMAIN,
    VALUE_SUBJECT_LOGON_ID,
    VALUE_TARGET_SID,
    VALUE_TARGET_NAME,
    VALUE_TARGET_DOMAIN,
    VALUE_IMAGE,
    VALUE_PROCESS_GUID,
    VALUE_USER,
    VALUE_LOGON_ID,
    VALUE_PARENT_IMAGE,
    VALUE_PARENT_USER,
    VALUE_PARENT_GUID,
    VALUE_COUNT,
    VALUE_COUNT_DECIDING = VALUE_PROCESS_ID
};

static const wchar_t *const paths[VALUE_COUNT] = {
    [VALUE_PROVIDER] = L"Event/System/Provider/@Name",
    [VALUE_EVENT_ID] = L"Event/System/EventID",
    [VALUE_TIME] = L"Event/System/TimeCreated/@SystemTime",
    [VALUE_RECORD] = L"Event/System/EventRecordID",
    [VALUE_CHANNEL] = L"Event/System/Channel",
    [VALUE_COMPUTER] = L"Event/System/Computer",
    [VALUE_COMMAND_LINE] = DATA("CommandLine"),
    [VALUE_PARENT_COMMAND_LINE] = DATA("ParentCommandLine"),
    [VALUE_PROCESS_ID] = DATA("ProcessId"),
    [VALUE_NEW_PROCESS_ID] = DATA("NewProcessId"),
    [VALUE_PARENT_PROCESS_ID] = DATA("ParentProcessId"),
    [VALUE_NEW_PROCESS_NAME] = DATA("NewProcessName"),
    [VALUE_PARENT_PROCESS_NAME] = DATA("ParentProcessName"),
    [VALUE_SUBJECT_SID] = DATA("SubjectUserSid"),
    [VALUE_SUBJECT_NAME] = DATA("SubjectUserName"),
    [VALUE_SUBJECT_DOMAIN] = DATA("SubjectDomainName"),
    [VALUE_SUBJECT_LOGON_ID] = DATA("SubjectLogonId"),
    [VALUE_TARGET_SID] = DATA("TargetUserSid"),
    [VALUE_TARGET_NAME] = DATA("TargetUserName"),
    [VALUE_TARGET_DOMAIN] = DATA("TargetDomainName"),
    [VALUE_IMAGE] = DATA("Image"),
    [VALUE_PROCESS_GUID] = DATA("ProcessGuid"),
    [VALUE_USER] = DATA("User"),
    [VALUE_LOGON_ID] = DATA("LogonId"),
    [VALUE_PARENT_IMAGE] = DATA("ParentImage"),
    [VALUE_PARENT_USER] = DATA("ParentUser"),
    [VALUE_PARENT_GUID] = DATA("ParentProcessGuid"),
};

struct value_field {
    int value;
    enum event_field field;
};

static const struct value_field common_fields[] = {
    {VALUE_PROVIDER, EVENT_PROVIDER},
    {VALUE_CHANNEL, EVENT_CHANNEL},
    {VALUE_COMPUTER, EVENT_COMPUTER},
    {VALUE_COMMAND_LINE, EVENT_COMMAND_LINE},
    {VALUE_COUNT, 0},
};

static const struct value_field security_fields[] = {
    {VALUE_NEW_PROCESS_NAME, EVENT_IMAGE},
    {VALUE_SUBJECT_SID, EVENT_SUBJECT_SID},
    {VALUE_SUBJECT_NAME, EVENT_SUBJECT_NAME},
    {VALUE_SUBJECT_DOMAIN, EVENT_SUBJECT_DOMAIN},
    {VALUE_TARGET_SID, EVENT_TARGET_SID},
    {VALUE_TARGET_NAME, EVENT_TARGET_NAME},
    {VALUE_TARGET_DOMAIN, EVENT_TARGET_DOMAIN},
    {VALUE_SUBJECT_LOGON_ID, EVENT_LOGON_ID},
    {VALUE_PARENT_PROCESS_NAME, EVENT_PARENT_IMAGE},
    {VALUE_COUNT, 0},
};

static const struct value_field sysmon_fields[] = {
    {VALUE_IMAGE, EVENT_IMAGE},
    {VALUE_PROCESS_GUID, EVENT_PROCESS_GUID},
    {VALUE_USER, EVENT_USER},
    {VALUE_LOGON_ID, EVENT_LOGON_ID},
    {VALUE_PARENT_IMAGE, EVENT_PARENT_IMAGE},
    {VALUE_PARENT_COMMAND_LINE, EVENT_PARENT_COMMAND_LINE},
    {VALUE_PARENT_USER, EVENT_PARENT_USER},
    {VALUE_PARENT_GUID, EVENT_PARENT_GUID},
    {VALUE_COUNT, 0},
};

/* The first count values of event, in *out, which the caller frees: EVT_VARIANTs and what they point to. */
static int render(void **out, DWORD *used, DWORD count, EVT_HANDLE event, struct fault *fault)
{
    wchar_t *asked[VALUE_COUNT]; /* the call takes them without const */
    DWORD size = 64u * 1024u, got = 0;
    void *buffer = NULL;
    int rc = -EIO;
    memcpy(asked, paths, sizeof(asked));
    EVT_HANDLE context = EvtCreateRenderContext(count, (LPCWSTR *)asked, EvtRenderContextValues);
    if (context == NULL) {
        fault_set(fault, "EvtCreateRenderContext", (long)GetLastError(), text_from(NULL), NULL);
        return -EIO;
    }
    for (int tries = 0; tries < 8 && size <= EVENTLOG_MAX_RENDERING; tries++) {
        free(buffer);
        buffer = malloc(size);
        if (buffer == NULL) {
            rc = -ENOMEM;
            break;
        }
        if (EvtRender(context, event, EvtRenderEventValues, size, buffer, used, &got)) {
            if (got >= count && *used >= count * sizeof(EVT_VARIANT))
                rc = 0;
            else
                fault_set(fault, "EvtRender", (long)got, text_from(NULL), "fewer values than asked for");
            break;
        }
        DWORD code = GetLastError();
        fault_set(fault, "EvtRender", (long)code, text_from(NULL), NULL);
        if (code != ERROR_INSUFFICIENT_BUFFER)
            break;
        size = *used > size ? *used : 2 * size;
    }
    EvtClose(context);
    if (rc == 0)
        *out = buffer;
    else
        free(buffer);
    return rc;
}

/* Does value point to size bytes inside the buffer? */
static bool is_inside(const void *at, size_t size, const char *buffer, DWORD used)
{
    const char *begin = at;
    return begin >= buffer && begin <= buffer + used && size <= (size_t)(buffer + used - begin);
}

static size_t string_units(const EVT_VARIANT *value, const char *buffer, DWORD used)
{
    if (!is_inside(value->StringVal, sizeof(wchar_t), buffer, used))
        return 0;
    size_t most = (size_t)(buffer + used - (const char *)value->StringVal) / sizeof(wchar_t), count = 0;
    while (count < most && value->StringVal[count] != 0)
        count++;
    return count;
}

static void sid_format(char to[SHORT_SIZE], const unsigned char *sid, const char *buffer, DWORD used)
{
    to[0] = '\0';
    if (!is_inside(sid, 8, buffer, used) || sid[1] > 15 || !is_inside(sid, 8 + 4u * sid[1], buffer, used))
        return;
    uint64_t authority = 0;
    for (int i = 2; i < 8; i++)
        authority = authority << 8 | sid[i];
    int at = snprintf(to, SHORT_SIZE, "S-%u-%llu", sid[0], (unsigned long long)authority);
    for (unsigned i = 0; i < sid[1]; i++) {
        uint32_t part;
        memcpy(&part, sid + 8 + 4 * i, sizeof(part));
        at += snprintf(to + at, SHORT_SIZE - (size_t)at, "-%lu", (unsigned long)part);
    }
}

static void guid_format(char to[SHORT_SIZE], const GUID *guid, const char *buffer, DWORD used)
{
    to[0] = '\0';
    if (!is_inside(guid, sizeof(*guid), buffer, used))
        return;
    const unsigned char *d = guid->Data4;
    snprintf(to, SHORT_SIZE, "{%08lx-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x}", guid->Data1, guid->Data2,
             guid->Data3, d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]);
}

static bool number_of(uint64_t *out, const EVT_VARIANT *value)
{
    switch (value->Type) {
    case EvtVarTypeByte:
        *out = value->ByteVal;
        return true;
    case EvtVarTypeUInt16:
        *out = value->UInt16Val;
        return true;
    case EvtVarTypeUInt32:
    case EvtVarTypeHexInt32:
        *out = value->UInt32Val;
        return true;
    case EvtVarTypeSizeT:
        *out = value->SizeTVal;
        return true;
    case EvtVarTypeUInt64:
    case EvtVarTypeHexInt64:
        *out = value->UInt64Val;
        return true;
    case EvtVarTypeFileTime:
        *out = value->FileTimeVal;
        return true;
    default:
        return false;
    }
}

/* value as its XML would have it, in to; the room that it takes is what room_of says. */
static struct text text_of(char *to, const EVT_VARIANT *value, const char *buffer, DWORD used)
{
    uint64_t number;
    if (value->Type == EvtVarTypeString)
        return text_from_utf16(to, value->StringVal, string_units(value, buffer, used));
    if (value->Type == EvtVarTypeSid)
        sid_format(to, value->SidVal, buffer, used);
    else if (value->Type == EvtVarTypeGuid)
        guid_format(to, value->GuidVal, buffer, used);
    else if (number_of(&number, value))
        snprintf(to, SHORT_SIZE, "0x%llx", (unsigned long long)number);
    else
        return (struct text){NULL, 0};
    return text_from(to);
}

static size_t room_of(const EVT_VARIANT *value, const char *buffer, DWORD used)
{
    return value->Type == EvtVarTypeString ? TEXT_UTF16_MAX_BYTES(string_units(value, buffer, used)) : SHORT_SIZE;
}

static void take_fields(struct process_event *event, const struct text *texts, const struct value_field *fields)
{
    for (; fields->value != VALUE_COUNT; fields++)
        event->field[fields->field] = texts[fields->value];
}

static int make_event(struct process_event *event, const struct text *texts, const EVT_VARIANT *values,
                      struct text read_from)
{
    uint64_t id = 0;
    (void)number_of(&id, &values[VALUE_EVENT_ID]); /* stays 0 if it is no number */
    bool is_sysmon = id == 1 && text_equal(texts[VALUE_PROVIDER], text_from("Microsoft-Windows-Sysmon"));
    bool is_4688 = id == 4688 && text_equal(texts[VALUE_PROVIDER], text_from("Microsoft-Windows-Security-Auditing"));
    if ((!is_sysmon && !is_4688) || texts[VALUE_COMMAND_LINE].len + texts[VALUE_PARENT_COMMAND_LINE].len == 0)
        return -ENODATA;
    enum event_kind kind = EVENT_SYSMON_1;
    if (is_4688)
        kind = text_equal_nocase(read_from, text_from("Security")) ? EVENT_SECURITY_4688 : EVENT_FORWARDED_4688;
    *event = (struct process_event){.kind = kind, .event_id = (uint32_t)id, .is_from_values = true};
    take_fields(event, texts, common_fields);
    take_fields(event, texts, is_sysmon ? sysmon_fields : security_fields);
    event->has_pid = event_pid_parse(&event->pid, texts[is_sysmon ? VALUE_PROCESS_ID : VALUE_NEW_PROCESS_ID]);
    event->has_parent_pid =
        event_pid_parse(&event->parent_pid, texts[is_sysmon ? VALUE_PARENT_PROCESS_ID : VALUE_PROCESS_ID]);
    event->has_record_id = number_of(&event->record_id, &values[VALUE_RECORD]);
    (void)number_of(&event->time, &values[VALUE_TIME]); /* stays 0 if it is none */
    return 0;
}

int eventlog_event_from_values(struct process_event *event, void **memory, void *handle, struct text read_from,
                               struct fault *fault)
{
    EVT_VARIANT values[VALUE_COUNT] = {0}; /* of Type Null, 0, where only some can be had */
    struct text texts[VALUE_COUNT];
    void *buffer = NULL;
    DWORD used = 0, count = VALUE_COUNT;
    int rc = render(&buffer, &used, count, handle, fault);
    if (rc == -EIO) {
        count = VALUE_COUNT_DECIDING;
        rc = render(&buffer, &used, count, handle, fault);
    }
    if (rc < 0)
        return rc;
    size_t room = 0, at = 0;
    memcpy(values, buffer, count * sizeof(values[0]));
    for (size_t i = 0; i < VALUE_COUNT; i++)
        room += room_of(&values[i], buffer, used);
    char *bytes = malloc(room);
    for (size_t i = 0; i < VALUE_COUNT && bytes != NULL; i++) {
        texts[i] = text_of(bytes + at, &values[i], buffer, used);
        at += room_of(&values[i], buffer, used);
    }
    rc = bytes == NULL ? -ENOMEM : make_event(event, texts, values, read_from);
    free(buffer);
    if (rc == 0)
        *memory = bytes;
    else
        free(bytes);
    return rc;
}
