#include "collectors/eventlog/eventlog_event.h"

#include "collectors/eventlog/eventlog_render.h"
#include "detect/event/kinds.h"

#include <windows.h>
#include <winevt.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for a value that is no string: a SID has up to 15 sub-authorities, 10 digits each. */
#define SHORT_SIZE 200u

/* Longest path to a value, with its NUL, and the most values of a kind. */
#define MAX_PATH_UNITS 128u
#define MAX_VALUES 64u

enum { VALUE_PROVIDER, VALUE_EVENT_ID, VALUE_TIME, VALUE_RECORD, VALUE_CHANNEL, VALUE_COMPUTER, VALUE_COUNT };

static const wchar_t *const system_paths[VALUE_COUNT] = {
    [VALUE_PROVIDER] = L"Event/System/Provider/@Name",
    [VALUE_EVENT_ID] = L"Event/System/EventID",
    [VALUE_TIME] = L"Event/System/TimeCreated/@SystemTime",
    [VALUE_RECORD] = L"Event/System/EventRecordID",
    [VALUE_CHANNEL] = L"Event/System/Channel",
    [VALUE_COMPUTER] = L"Event/System/Computer",
};

/* Values of an event, rendered: EVT_VARIANTs, and what they point to after them. */
struct values {
    void *buffer;
    DWORD used, count;
};

/* The values at paths, in *out, which the caller frees. Returns 0, -ENOMEM, or -EIO with fault. */
static int render_once(struct values *out, const wchar_t *const *paths, DWORD count, EVT_HANDLE event,
                       struct fault *fault)
{
    const wchar_t *asked[MAX_VALUES]; /* the call takes them without const */
    DWORD size = 64u * 1024u, used = 0, got = 0;
    void *buffer = NULL;
    int rc = -EIO;
    memcpy(asked, paths, count * sizeof(*paths));
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
        if (EvtRender(context, event, EvtRenderEventValues, size, buffer, &used, &got)) {
            if (got >= count && used >= count * sizeof(EVT_VARIANT))
                rc = 0;
            else
                fault_set(fault, "EvtRender", (long)got, text_from(NULL), "fewer values than asked for");
            break;
        }
        DWORD code = GetLastError();
        fault_set(fault, "EvtRender", (long)code, text_from(NULL), NULL);
        if (code != ERROR_INSUFFICIENT_BUFFER)
            break;
        size = used > size ? used : 2 * size;
    }
    EvtClose(context);
    if (rc == 0)
        *out = (struct values){buffer, used, count};
    else
        free(buffer);
    return rc;
}

/* The same; a call that fails is made once more, as nothing but these values is left of the event. */
static int render(struct values *out, const wchar_t *const *paths, DWORD count, EVT_HANDLE event, struct fault *fault)
{
    int rc = render_once(out, paths, count, event, fault);
    return rc == -EIO ? render_once(out, paths, count, event, fault) : rc;
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

/* Does its XML have it in hexadecimal? A pointer's, too. */
static bool is_hex(const EVT_VARIANT *value)
{
    return value->Type == EvtVarTypeHexInt32 || value->Type == EvtVarTypeHexInt64 || value->Type == EvtVarTypeSizeT;
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
        snprintf(to, SHORT_SIZE, is_hex(value) ? "0x%llx" : "%llu", (unsigned long long)number);
    else
        return (struct text){NULL, 0};
    return text_from(to);
}

static size_t room_of(const EVT_VARIANT *value, const char *buffer, DWORD used)
{
    return value->Type == EvtVarTypeString ? TEXT_UTF16_MAX_BYTES(string_units(value, buffer, used)) : SHORT_SIZE;
}

/* The texts of all values, in memory that the caller frees. Returns 0 or -ENOMEM. */
static int texts_of(struct text *texts, char **memory, const struct values *v)
{
    size_t room = 1, at = 0; /* none would be NULL */
    const EVT_VARIANT *values = v->buffer;
    for (DWORD i = 0; i < v->count; i++)
        room += room_of(&values[i], v->buffer, v->used);
    char *bytes = malloc(room);
    if (bytes == NULL)
        return -ENOMEM;
    for (DWORD i = 0; i < v->count; i++) {
        texts[i] = text_of(bytes + at, &values[i], v->buffer, v->used);
        at += room_of(&values[i], v->buffer, v->used);
    }
    *memory = bytes;
    return 0;
}

/* Is the field one of those that decide? Where not all can be had, these must do. */
static bool is_deciding(enum event_field field)
{
    return field == EVENT_COMMAND_LINE || field == EVENT_PARENT_COMMAND_LINE;
}

/* The values of entry's names; only_deciding: of some of them. Their names go to data. */
static int render_data(struct values *out, struct event_datum *data, const struct kinds_entry *entry,
                       bool only_deciding, EVT_HANDLE event, struct fault *fault)
{
    static const wchar_t before[] = L"Event/EventData/Data[@Name=\"", after[] = L"\"]";
    wchar_t paths[MAX_VALUES][MAX_PATH_UNITS];
    const wchar_t *asked[MAX_VALUES];
    DWORD count = 0;
    for (size_t i = 0; i < entry->name_count && count < MAX_VALUES; i++) {
        struct text name = entry->names[i].name;
        if ((only_deciding && !is_deciding(entry->names[i].field)) ||
            wcslen(before) + name.len + wcslen(after) >= MAX_PATH_UNITS)
            continue;
        wchar_t *to = paths[count];
        wcscpy(to, before);
        to += wcslen(before);
        for (size_t k = 0; k < name.len; k++) /* ASCII */
            *to++ = (wchar_t)name.bytes[k];
        wcscpy(to, after);
        data[count].name = name;
        asked[count] = paths[count];
        count++;
    }
    return count == 0 ? -ENODATA : render(out, asked, count, event, fault);
}

/* Fills event's data and fields by entry. Their room is *data, their texts *memory; the caller frees both. */
static int take_data(struct event *event, struct event_datum **data, char **memory, const struct kinds_entry *entry,
                     EVT_HANDLE handle, struct fault *fault)
{
    struct values v;
    struct text texts[MAX_VALUES];
    struct event_datum *room = calloc(MAX_VALUES, sizeof(*room));
    if (room == NULL)
        return -ENOMEM;
    *data = room;
    int rc = render_data(&v, room, entry, false, handle, fault);
    if (rc == -EIO)
        rc = render_data(&v, room, entry, true, handle, fault);
    if (rc < 0)
        return rc;
    rc = texts_of(texts, memory, &v);
    size_t count = 0;
    for (size_t i = 0; rc == 0 && i < v.count; i++)
        if (texts[i].bytes != NULL)
            room[count++] = (struct event_datum){room[i].name, texts[i]};
    free(v.buffer);
    event->data = room;
    event->data_count = count;
    kinds_fill(event, entry);
    return rc;
}

/* What its System part says; *entry: its kind's. */
static void take_system(struct event *event, const struct kinds_entry **entry, const struct text *texts,
                        const EVT_VARIANT *values, struct text read_from)
{
    uint64_t id = 0;
    (void)number_of(&id, &values[VALUE_EVENT_ID]); /* stays 0 if it is no number */
    *entry = id > UINT32_MAX ? NULL : kinds_find(texts[VALUE_PROVIDER], (uint32_t)id);
    *event = (struct event){.kind = kinds_kind(*entry, read_from), .event_id = (uint32_t)id, .is_from_values = true};
    event->field[EVENT_PROVIDER] = texts[VALUE_PROVIDER];
    event->field[EVENT_CHANNEL] = texts[VALUE_CHANNEL];
    event->field[EVENT_COMPUTER] = texts[VALUE_COMPUTER];
    event->has_record_id = number_of(&event->record_id, &values[VALUE_RECORD]);
    (void)number_of(&event->time, &values[VALUE_TIME]); /* stays 0 if it is none */
}

int eventlog_event_from_values(struct event *event, struct eventlog_event_memory *memory, void *handle,
                               struct text read_from, struct fault *fault)
{
    struct text texts[VALUE_COUNT];
    struct values v;
    const struct kinds_entry *entry = NULL;
    *memory = (struct eventlog_event_memory){NULL, NULL, NULL};
    int rc = render(&v, system_paths, VALUE_COUNT, handle, fault);
    if (rc < 0)
        return rc;
    rc = texts_of(texts, &memory->system, &v);
    if (rc == 0)
        take_system(event, &entry, texts, v.buffer, read_from);
    free(v.buffer);
    if (rc == 0)
        rc = entry == NULL || entry->name_count == 0
                 ? -ENODATA
                 : take_data(event, &memory->data, &memory->texts, entry, handle, fault);
    if (rc == 0 && event_kind_is_process(event->kind) &&
        event->field[EVENT_COMMAND_LINE].len + event->field[EVENT_PARENT_COMMAND_LINE].len == 0)
        rc = -ENODATA;
    if (rc < 0)
        eventlog_event_free(memory);
    return rc;
}

void eventlog_event_free(struct eventlog_event_memory *memory)
{
    free(memory->texts);
    free(memory->data);
    free(memory->system);
    *memory = (struct eventlog_event_memory){NULL, NULL, NULL};
}
