#include "collectors/files/replay_evtx.h"

#include <errno.h>
#include <stdlib.h>
#include <windows.h>
#include <winevt.h>

/* Events taken at a time. A record has at most 64 KB or so, and a reply must stay below 2 MB: more than 30 may fail
 * with RPC_S_INVALID_BOUND, and the batch would then be lost (github.com/microsoft/EventLogExpert issue 419). */
#define BATCH 30

struct reader {
    EVT_HANDLE query;
    struct text path;
    struct event_xml *xml;
    const struct collector_sink *sink;
    struct replay_evtx_counts *counts;
    uint64_t number;     /* of the record, the first is 1 */
    uint16_t *rendered;  /* what EvtRender wrote */
    DWORD rendered_size; /* bytes */
    char *text;          /* the same as UTF-8 */
    size_t text_size;
};

static int errno_from(DWORD code)
{
    switch (code) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
        return -ENOENT;
    case ERROR_ACCESS_DENIED:
    case ERROR_SHARING_VIOLATION:
        return -EACCES;
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_OUTOFMEMORY:
        return -ENOMEM;
    case ERROR_INVALID_DATA:
    case ERROR_FILE_CORRUPT:
    case ERROR_HANDLE_EOF:
    case ERROR_EVT_INVALID_EVENT_DATA:
    case ERROR_EVENTLOG_FILE_CORRUPT:
        return -EBADMSG;
    default:
        return -EIO;
    }
}

/* Must be the first call after the failed one: any other may change GetLastError(). */
static int fail(struct fault *fault, const char *call, struct text path)
{
    DWORD code = GetLastError();
    fault_set(fault, call, (long)code, path, NULL);
    return errno_from(code);
}

/* Renders into r->rendered, which grows as needed; *used: bytes written, with the NUL. */
static int render(struct reader *r, EVT_HANDLE event, DWORD *used, struct fault *fault)
{
    for (;;) {
        DWORD needed = 0, properties = 0;
        if (EvtRender(NULL, event, EvtRenderEventXml, r->rendered_size, r->rendered, &needed, &properties)) {
            *used = needed;
            return 0;
        }
        DWORD code = GetLastError();
        if (code != ERROR_INSUFFICIENT_BUFFER || needed <= r->rendered_size) {
            fault_set(fault, "EvtRender", (long)code, r->path, NULL);
            return errno_from(code) == -ENOMEM ? -ENOMEM : -EBADMSG;
        }
        uint16_t *grown = realloc(r->rendered, needed);
        if (grown == NULL)
            return -ENOMEM;
        r->rendered = grown;
        r->rendered_size = needed;
    }
}

static int feed(struct reader *r, DWORD used)
{
    size_t units = used / sizeof(*r->rendered);
    while (units > 0 && r->rendered[units - 1] == 0)
        units--;
    if (TEXT_UTF16_MAX_BYTES(units) > r->text_size) {
        char *grown = realloc(r->text, TEXT_UTF16_MAX_BYTES(units));
        if (grown == NULL)
            return -ENOMEM;
        r->text = grown;
        r->text_size = TEXT_UTF16_MAX_BYTES(units);
    }
    struct text text = text_from_utf16(r->text, r->rendered, units);
    event_xml_place(r->xml, r->number);
    int rc = event_xml_feed(r->xml, text.bytes, text.len);
    if (rc == 0)
        rc = event_xml_end(r->xml);
    return rc < 0 ? rc : collector_alive(r->sink, true);
}

static int read_event(struct reader *r, EVT_HANDLE event)
{
    struct fault fault;
    DWORD used = 0;
    r->number++;
    int rc = render(r, event, &used, &fault);
    if (rc == 0)
        return feed(r, used);
    if (rc != -EBADMSG)
        return rc;
    struct collector_report report = {
        .kind = COLLECTOR_BAD_EVENT, .source = r->path, .offset = r->number, .fault = &fault};
    r->counts->bad++;
    r->sink->report(r->sink->context, &report);
    return 0;
}

static int read_events(struct reader *r, struct fault *fault)
{
    int rc = 0;
    while (rc == 0) {
        EVT_HANDLE events[BATCH];
        DWORD count = 0;
        if (!EvtNext(r->query, BATCH, events, INFINITE, 0, &count)) {
            DWORD code = GetLastError();
            if (code == ERROR_NO_MORE_ITEMS)
                return 0;
            fault_set(fault, "EvtNext", (long)code, r->path, NULL);
            return errno_from(code);
        }
        for (DWORD i = 0; i < count; i++) {
            if (rc == 0)
                rc = read_event(r, events[i]);
            (void)EvtClose(events[i]); /* it was open, or EvtNext would have failed */
        }
    }
    return rc;
}

/* The whole path: EvtQuery takes no relative one (learn.microsoft.com/windows/win32/api/winevt/nf-winevt-evtquery). */
static int full_path(wchar_t **out, struct text path, struct fault *fault)
{
    uint16_t *name = NULL;
    int rc = text_to_utf16(&name, NULL, path);
    if (rc < 0)
        return rc;
    DWORD size = GetFullPathNameW(name, 0, NULL, NULL);
    wchar_t *full = size == 0 ? NULL : malloc(size * sizeof(*full));
    DWORD length = full == NULL ? 0 : GetFullPathNameW(name, size, full, NULL);
    if (length > 0 && length < size)
        *out = full;
    else if (size > 0 && full == NULL)
        rc = -ENOMEM;
    else
        rc = fail(fault, "GetFullPathNameW", path);
    if (rc < 0)
        free(full);
    free(name);
    return rc;
}

static int file_size(const wchar_t *name, struct text path, uint64_t *bytes, struct fault *fault)
{
    WIN32_FILE_ATTRIBUTE_DATA data;
    if (!GetFileAttributesExW(name, GetFileExInfoStandard, &data))
        return fail(fault, "GetFileAttributesExW", path);
    *bytes = (uint64_t)data.nFileSizeHigh << 32 | data.nFileSizeLow;
    return 0;
}

int replay_evtx_file(struct text path, struct event_xml *xml, const struct collector_sink *sink,
                     struct replay_evtx_counts *counts, struct fault *fault)
{
    *counts = (struct replay_evtx_counts){0};
    struct reader r = {.path = path, .xml = xml, .sink = sink, .counts = counts};
    wchar_t *name = NULL;
    int rc = full_path(&name, path, fault);
    if (rc == 0)
        rc = file_size(name, path, &counts->bytes, fault);
    if (rc < 0)
        goto out;
    r.query = EvtQuery(NULL, name, NULL, EvtQueryFilePath | EvtQueryForwardDirection);
    if (r.query == NULL) {
        rc = fail(fault, "EvtQuery", path);
        goto out;
    }
    rc = read_events(&r, fault);
out:
    if (r.query != NULL)
        (void)EvtClose(r.query); /* it was open */
    free(r.text);
    free(r.rendered);
    free(name);
    return rc;
}
