#include "collectors/eventlog/eventlog_render.h"

#include <windows.h>
#include <winevt.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes offered to EvtRender at first: a usual event's XML takes 8 KB. */
#define FIRST_SIZE 32768u

/* The values asked for, in this order; those of the origin last. */
enum {
    VALUE_PROVIDER,
    VALUE_EVENT_ID,
    VALUE_TIME,
    VALUE_COMMAND_LINE,
    VALUE_PARENT_COMMAND_LINE,
    VALUE_COMPUTER,
    VALUE_CHANNEL,
    VALUE_RECORD,
    VALUE_COUNT,
    VALUE_COUNT_WITHOUT_ORIGIN = VALUE_COMPUTER
};

static const wchar_t *const value_paths[VALUE_COUNT] = {
    [VALUE_PROVIDER] = L"Event/System/Provider/@Name",
    [VALUE_EVENT_ID] = L"Event/System/EventID",
    [VALUE_TIME] = L"Event/System/TimeCreated/@SystemTime",
    [VALUE_COMMAND_LINE] = L"Event/EventData/Data[@Name=\"CommandLine\"]",
    [VALUE_PARENT_COMMAND_LINE] = L"Event/EventData/Data[@Name=\"ParentCommandLine\"]",
    [VALUE_COMPUTER] = L"Event/System/Computer",
    [VALUE_CHANNEL] = L"Event/System/Channel",
    [VALUE_RECORD] = L"Event/System/EventRecordID",
};

struct eventlog_render {
    EVT_HANDLE contexts[2]; /* for value_paths, without and with the origin */
    void *buffer;           /* what EvtRender fills; malloc's alignment suits EVT_VARIANT */
    DWORD size;
    char *utf8;
    size_t utf8_size;
};

int eventlog_render_new(struct eventlog_render **out, struct fault *fault)
{
    static const DWORD counts[2] = {VALUE_COUNT_WITHOUT_ORIGIN, VALUE_COUNT};
    struct eventlog_render *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return -ENOMEM;
    wchar_t *paths[VALUE_COUNT]; /* the call takes them without const */
    memcpy(paths, value_paths, sizeof(paths));
    for (size_t i = 0; i < 2; i++) {
        r->contexts[i] = EvtCreateRenderContext(counts[i], (LPCWSTR *)paths, EvtRenderContextValues);
        if (r->contexts[i] == NULL) {
            fault_set(fault, "EvtCreateRenderContext", (long)GetLastError(), text_from(NULL), NULL);
            eventlog_render_free(r);
            return -EIO;
        }
    }
    *out = r;
    return 0;
}

void eventlog_render_free(struct eventlog_render *r)
{
    if (r == NULL)
        return;
    for (size_t i = 2; i > 0; i--)
        if (r->contexts[i - 1] != NULL)
            EvtClose(r->contexts[i - 1]);
    free(r->buffer);
    free(r->utf8);
    free(r);
}

/* Makes the buffer at least size bytes; its old contents are gone. */
static int grow(struct eventlog_render *r, DWORD size, struct fault *fault)
{
    if (size > EVENTLOG_MAX_RENDERING) {
        fault_set(fault, "EvtRender", (long)size, text_from("event"), "larger than 4 MiB");
        return -EMSGSIZE;
    }
    if (size <= r->size)
        return 0;
    DWORD room = r->size == 0 ? FIRST_SIZE : r->size;
    while (room < size)
        room *= 2;
    void *grown = malloc(room);
    if (grown == NULL)
        return -ENOMEM;
    free(r->buffer);
    r->buffer = grown;
    r->size = room;
    return 0;
}

/*
 * Renders object into r->buffer. *used: bytes written, *count: properties. An event can change its size between two
 * calls, so that "too small" may come more than once. Each event is offered FIRST_SIZE first, however large the buffer
 * has become: the buffer's size does not grow with the number of events.
 */
static int render(struct eventlog_render *r, EVT_HANDLE context, EVT_HANDLE object, DWORD flags, DWORD *used,
                  DWORD *count, struct fault *fault)
{
    DWORD size = FIRST_SIZE;
    for (int tries = 0; tries < 8; tries++) {
        int rc = grow(r, size, fault);
        if (rc < 0)
            return rc;
        *used = *count = 0;
        if (EvtRender(context, object, flags, size, r->buffer, used, count))
            return 0;
        DWORD code = GetLastError();
        if (code != ERROR_INSUFFICIENT_BUFFER) {
            fault_set(fault, "EvtRender", (long)code, text_from(NULL), NULL);
            return -EIO;
        }
        size = *used > size ? *used : 2 * size;
    }
    fault_set(fault, "EvtRender", ERROR_INSUFFICIENT_BUFFER, text_from(NULL), "the size asked for keeps growing");
    return -EIO;
}

/* A string value; only Type says whether there is one. It must end inside the buffer. */
static struct eventlog_text string_value(const struct eventlog_render *r, const EVT_VARIANT *value, DWORD used)
{
    struct eventlog_text none = {NULL, 0};
    if (value->Type != EvtVarTypeString)
        return none;
    const char *begin = (const char *)value->StringVal, *end = (const char *)r->buffer + used;
    if (begin < (const char *)r->buffer || begin >= end)
        return none;
    size_t most = (size_t)(end - begin) / sizeof(wchar_t), count = 0;
    while (count < most && value->StringVal[count] != 0)
        count++;
    return (struct eventlog_text){value->StringVal, count};
}

static uint64_t unsigned_value(const EVT_VARIANT *value)
{
    switch (value->Type) {
    case EvtVarTypeByte:
        return value->ByteVal;
    case EvtVarTypeUInt16:
        return value->UInt16Val;
    case EvtVarTypeUInt32:
    case EvtVarTypeHexInt32:
        return value->UInt32Val;
    case EvtVarTypeUInt64:
    case EvtVarTypeHexInt64:
        return value->UInt64Val;
    case EvtVarTypeFileTime:
        return value->FileTimeVal;
    default:
        return 0;
    }
}

static void take_kind(struct eventlog_values *values, struct eventlog_text provider)
{
    char name[TEXT_UTF16_MAX_BYTES(EVENTLOG_MAX_PROVIDER)];
    size_t count = provider.count < EVENTLOG_MAX_PROVIDER ? provider.count : EVENTLOG_MAX_PROVIDER;
    (void)text_copy(values->provider, sizeof(values->provider), text_from_utf16(name, provider.units, count));
    if (values->event_id <= UINT32_MAX)
        values->entry = kinds_find(text_from(values->provider), (uint32_t)values->event_id);
    values->is_clearing = values->entry != NULL && (values->entry->id == 1102 || values->entry->id == 104);
}

static bool is_odd(const EVT_VARIANT *value)
{
    return value->Type != EvtVarTypeString && value->Type != EvtVarTypeNull;
}

int eventlog_render_values(struct eventlog_render *r, void *event, bool with_origin, struct eventlog_values *values,
                           struct fault *fault)
{
    DWORD used, count, want = with_origin ? VALUE_COUNT : VALUE_COUNT_WITHOUT_ORIGIN;
    int rc = render(r, r->contexts[with_origin ? 1 : 0], event, EvtRenderEventValues, &used, &count, fault);
    if (rc < 0)
        return rc;
    if (count < want || used < want * sizeof(EVT_VARIANT)) {
        fault_set(fault, "EvtRender", (long)count, text_from(NULL), "fewer values than asked for");
        return -EIO;
    }
    const EVT_VARIANT *v = r->buffer;
    *values = (struct eventlog_values){
        .is_unsure = is_odd(&v[VALUE_COMMAND_LINE]) || is_odd(&v[VALUE_PARENT_COMMAND_LINE]),
        .event_id = unsigned_value(&v[VALUE_EVENT_ID]),
        .time = unsigned_value(&v[VALUE_TIME]),
        .command_line = string_value(r, &v[VALUE_COMMAND_LINE], used),
        .parent_command_line = string_value(r, &v[VALUE_PARENT_COMMAND_LINE], used),
    };
    take_kind(values, string_value(r, &v[VALUE_PROVIDER], used));
    if (with_origin) {
        values->computer = string_value(r, &v[VALUE_COMPUTER], used);
        values->channel = string_value(r, &v[VALUE_CHANNEL], used);
        values->record = unsigned_value(&v[VALUE_RECORD]);
    }
    return 0;
}

/* The UTF-16 text in the buffer, used bytes with its NUL, as UTF-8. */
static int to_utf8(struct eventlog_render *r, DWORD used, struct text *out)
{
    const uint16_t *units = r->buffer;
    size_t count = used / sizeof(*units);
    if (count > 0 && units[count - 1] == 0)
        count--;
    if (r->utf8_size < TEXT_UTF16_MAX_BYTES(count)) {
        char *grown = malloc(TEXT_UTF16_MAX_BYTES(count));
        if (grown == NULL)
            return -ENOMEM;
        free(r->utf8);
        r->utf8 = grown;
        r->utf8_size = TEXT_UTF16_MAX_BYTES(count);
    }
    *out = text_from_utf16(r->utf8, units, count);
    return 0;
}

int eventlog_render_xml(struct eventlog_render *r, void *event, struct text *xml, struct fault *fault)
{
    DWORD used, count;
    int rc = render(r, NULL, event, EvtRenderEventXml, &used, &count, fault);
    return rc < 0 ? rc : to_utf8(r, used, xml);
}

int eventlog_render_bookmark(struct eventlog_render *r, void *bookmark, struct text *xml, struct fault *fault)
{
    DWORD used, count;
    int rc = render(r, NULL, bookmark, EvtRenderBookmark, &used, &count, fault);
    return rc < 0 ? rc : to_utf8(r, used, xml);
}
