/* EvtCreateRenderContext, EvtRender, EvtCreateBookmark, EvtUpdateBookmark. */
#include "tests/winsim/bookmark.h"
#include "tests/winsim/handles_win.h"
#include "tests/winsim/scenario_win.h"
#include "tests/winsim/values_win.h"
#include "tests/winsim/wtf8.h"

#include <stdlib.h>
#include <string.h>

/* Used again by each rendering. */
static struct {
    struct pack pack;
    uint16_t *units;
    size_t room;
} scratch;

static struct xpath *value_path(LPCWSTR units)
{
    char why[XPATH_WHY_SIZE];
    if (units == NULL)
        winsim_abort("EvtCreateRenderContext: a path is NULL");
    char *text = wtf8_from_utf16(units);
    struct xpath *path = xpath_new_value_path(text, why);
    if (path == NULL)
        winsim_abort("EvtCreateRenderContext: %s", why);
    free(text);
    return path;
}

EVT_HANDLE WINAPI EvtCreateRenderContext(DWORD count, LPCWSTR *paths, DWORD flags)
{
    winsim_enter();
    if (flags > EvtRenderContextUser)
        winsim_abort("%s: flags 0x%lx are not valid", __func__, flags);
    if ((flags == EvtRenderContextValues) != (count > 0 && paths != NULL) || (count > 0) != (paths != NULL))
        winsim_abort("%s: paths and EvtRenderContextValues go together", __func__);
    struct context *c = winsim_alloc(sizeof(*c));
    c->flags = flags;
    c->paths = winsim_alloc(count * sizeof(struct xpath *));
    for (DWORD i = 0; i < count; i++)
        c->paths[c->count++] = value_path(paths[i]);
    EVT_HANDLE handle = handles_add(HANDLE_CONTEXT, c, context_free, NULL, __func__);
    return winsim_leave_handle(0, handle);
}

/* "Too small" against the truth, as the scenario says, when the buffer would do. */
static bool play_growth(struct event *e, DWORD flags, DWORD code, DWORD size, DWORD *used)
{
    unsigned kind = flags == EvtRenderEventXml ? 1 : 0;
    if (code != 0 || e->grown[kind] >= scenario_now()->render_grow)
        return false;
    e->grown[kind]++;
    *used = size + 64;
    return true;
}

static DWORD render_text(const uint16_t *units, size_t count, DWORD size, void *buffer, DWORD *used)
{
    return deliver_bytes(units, count * sizeof(*units), size, buffer, used, sizeof(*units), "EvtRender");
}

static uint16_t *scratch_units(size_t count)
{
    if (scratch.room < count) {
        scratch.units = winsim_grow(scratch.units, count * sizeof(*scratch.units));
        scratch.room = count;
    }
    return scratch.units;
}

static DWORD render_event(const struct context *c, struct event *e, DWORD flags, DWORD size, void *buffer, DWORD *used,
                          DWORD *count)
{
    DWORD code = scenario_code("EvtRender", e->channel->name);
    if (code == 0)
        code = scenario_code(flags == EvtRenderEventXml ? "EvtRenderXml" : "EvtRenderValues", e->channel->name);
    if (code != 0 && scenario_now()->service_code == 0)
        return code; /* an event in hand can be read also while the service is down */
    if (flags == EvtRenderEventXml) {
        (void)event_tree_of(e); /* ends the process if it is not well-formed */
        uint16_t *units = scratch_units(e->size + 1);
        size_t length = event_tree_render(units, e->text, e->size);
        uint64_t broken = 0;
        if (scenario_number(scenario_now(), SCENARIO_BROKEN_XML, e->channel->name, &broken) && broken == e->record)
            length /= 2;
        units[length] = 0;
        code = render_text(units, length + 1, size, buffer, used);
        *count = 0;
    } else {
        *count = (DWORD)values_pack(&scratch.pack, e, c);
        code = pack_deliver(&scratch.pack, size, buffer, used, "EvtRender");
    }
    return play_growth(e, flags, code, size, used) ? ERROR_INSUFFICIENT_BUFFER : code;
}

static DWORD render_bookmark(const struct bookmark *b, DWORD size, void *buffer, DWORD *used)
{
    for (size_t i = 0; i < b->count; i++) {
        const struct scenario_failure *f =
            scenario_failure(scenario_now(), "EvtRenderBookmark", b->places[i].channel, 0);
        if (f != NULL)
            return f->code;
    }
    char *text = bookmark_text(b);
    uint16_t *units = wtf8_new_utf16(text);
    DWORD code = render_text(units, wcslen(units) + 1, size, buffer, used);
    free(units);
    free(text);
    return code;
}

BOOL WINAPI EvtRender(EVT_HANDLE context, EVT_HANDLE fragment, DWORD flags, DWORD size, PVOID buffer, PDWORD used,
                      PDWORD count)
{
    const struct context *c = NULL;
    DWORD code, properties = 0;
    winsim_enter();
    if (used == NULL || count == NULL)
        winsim_abort("%s: BufferUsed or PropertyCount is NULL", __func__);
    if (flags > EvtRenderBookmark)
        winsim_abort("%s: flags 0x%lx are not valid", __func__, flags);
    if (flags == EvtRenderEventValues)
        c = handles_get(context, HANDLE_CONTEXT, NULL, __func__);
    else if (context != NULL)
        winsim_abort("%s: Context must be NULL for XML and bookmarks", __func__);
    if (flags == EvtRenderBookmark)
        code = render_bookmark(handles_get(fragment, HANDLE_BOOKMARK, NULL, __func__), size, buffer, used);
    else
        code = render_event(c, handles_get(fragment, HANDLE_EVENT, NULL, __func__), flags, size, buffer, used,
                            &properties);
    *count = code == 0 ? properties : WINSIM_POISON_NUMBER;
    return winsim_leave(code);
}

static void free_bookmark(void *bookmark)
{
    bookmark_free(bookmark);
}

EVT_HANDLE WINAPI EvtCreateBookmark(LPCWSTR xml)
{
    winsim_enter();
    struct bookmark *b = NULL;
    EVT_HANDLE handle = NULL;
    if (xml == NULL) {
        b = winsim_alloc(sizeof(*b));
    } else {
        char *text = wtf8_from_utf16(xml);
        b = bookmark_parse(text);
        free(text);
    }
    if (b != NULL)
        handle = handles_add(HANDLE_BOOKMARK, b, free_bookmark, NULL, __func__);
    return winsim_leave_handle(b == NULL ? ERROR_EVT_MALFORMED_XML_TEXT : 0, handle);
}

BOOL WINAPI EvtUpdateBookmark(EVT_HANDLE bookmark, EVT_HANDLE event)
{
    winsim_enter();
    struct bookmark *b = handles_get(bookmark, HANDLE_BOOKMARK, NULL, __func__);
    const struct event *e = handles_get(event, HANDLE_EVENT, NULL, __func__);
    if (e->channel->is_file)
        winsim_abort("%s: bookmarks are not for log files", __func__);
    const struct scenario_failure *f = scenario_failure(scenario_now(), __func__, e->channel->name, 0);
    if (f == NULL)
        bookmark_set(b, e->channel->name, e->record);
    return winsim_leave(f == NULL ? 0 : f->code);
}
