#include "tests/winsim/handles_win.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bits 63..48 of a handle: not canonical, so that using one as a pointer faults. */
#define TAG 0x0E57u

#define SLOT_BITS 24
#define MAX_SLOTS (1u << SLOT_BITS)
#define GENERATION_MASK 0xFFFFFFu
#define NO_SLOT UINT32_MAX

struct slot {
    enum handle_kind kind;
    bool is_open, was_closed_with_parent;
    uint32_t generation;
    void *object;
    handle_release *release;
    const char *call;
    uint32_t parent, first_child, previous, next; /* next: also of the free ones */
};

/* Free slots are used again in the order in which they became free, so that a stale handle is known as long as can be.
 */
static struct {
    struct slot *slots;
    size_t count, room;
    uint32_t first_free, last_free;
} table = {.first_free = NO_SLOT, .last_free = NO_SLOT};

static const struct {
    enum handle_kind kind;
    const char *name;
} kind_names[] = {{HANDLE_EVENT, "event"},          {HANDLE_SUBSCRIPTION, "subscription"}, {HANDLE_QUERY, "query"},
                  {HANDLE_BOOKMARK, "bookmark"},    {HANDLE_CONTEXT, "render context"},    {HANDLE_LOG, "log"},
                  {HANDLE_CONFIG, "channel config"}};

#define KIND_COUNT (sizeof(kind_names) / sizeof(kind_names[0]))

static const char *kind_name(unsigned kind)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if ((unsigned)kind_names[i].kind & kind)
            return kind_names[i].name;
    return "unknown";
}

static EVT_HANDLE to_handle(uint32_t slot)
{
    uint64_t value = (uint64_t)TAG << 48 | (uint64_t)table.slots[slot].generation << SLOT_BITS | slot;
    return (EVT_HANDLE)(uintptr_t)value;
}

/* A slot for a new handle. */
static uint32_t take_slot(void)
{
    uint32_t slot = table.first_free;
    /* The last one is left, so that a handle closed a moment ago is still known by its kind. */
    if (slot != NO_SLOT && table.slots[slot].next != NO_SLOT) {
        table.first_free = table.slots[slot].next;
        return slot;
    }
    if (table.count == MAX_SLOTS)
        winsim_abort("winsim: %u handles are open", MAX_SLOTS);
    winsim_reserve((void **)&table.slots, table.count, &table.room, sizeof(*table.slots));
    table.slots[table.count].generation = 0;
    return (uint32_t)table.count++;
}

static void free_slot(uint32_t slot)
{
    table.slots[slot].next = NO_SLOT;
    if (table.first_free == NO_SLOT)
        table.first_free = slot;
    else
        table.slots[table.last_free].next = slot;
    table.last_free = slot;
}

static uint32_t find(EVT_HANDLE handle, const char *call)
{
    uint64_t value = (uintptr_t)handle;
    uint32_t slot = (uint32_t)(value & (MAX_SLOTS - 1)), generation = (uint32_t)(value >> SLOT_BITS) & GENERATION_MASK;
    if (handle == NULL)
        winsim_abort("%s: the handle is NULL", call);
    if (value >> 48 != TAG || slot >= table.count)
        winsim_abort("%s: %p is no EVT_HANDLE (a kernel handle, or no handle at all)", call, handle);
    const struct slot *s = &table.slots[slot];
    if (s->generation != generation)
        winsim_abort("%s: handle %p was closed", call, handle);
    if (!s->is_open)
        winsim_abort("%s: this %s, made by %s, was closed%s", call, kind_name(s->kind), s->call,
                     s->was_closed_with_parent ? " together with the handle it was made from" : "");
    return slot;
}

EVT_HANDLE handles_add(enum handle_kind kind, void *object, handle_release *release, EVT_HANDLE parent,
                       const char *call)
{
    uint32_t above = parent == NULL ? NO_SLOT : find(parent, call);
    uint32_t slot = take_slot();
    struct slot *s = &table.slots[slot];
    *s = (struct slot){.kind = kind,
                       .is_open = true,
                       .generation = (s->generation + 1) & GENERATION_MASK,
                       .object = object,
                       .release = release,
                       .call = call,
                       .parent = above,
                       .first_child = NO_SLOT,
                       .previous = NO_SLOT,
                       .next = NO_SLOT};
    if (above != NO_SLOT) {
        s->next = table.slots[above].first_child;
        if (s->next != NO_SLOT)
            table.slots[s->next].previous = slot;
        table.slots[above].first_child = slot;
    }
    return to_handle(slot);
}

void *handles_get(EVT_HANDLE handle, unsigned kinds, enum handle_kind *is_kind, const char *call)
{
    const struct slot *s = &table.slots[find(handle, call)];
    if (!((unsigned)s->kind & kinds))
        winsim_abort("%s: expected: %s; given: %s, made by %s", call, kind_name(kinds), kind_name(s->kind), s->call);
    if (is_kind != NULL)
        *is_kind = s->kind;
    return s->object;
}

static void close_slot(uint32_t slot, bool is_with_parent)
{
    struct slot *s = &table.slots[slot];
    while (s->first_child != NO_SLOT)
        close_slot(s->first_child, true);
    if (s->previous != NO_SLOT)
        table.slots[s->previous].next = s->next;
    else if (s->parent != NO_SLOT)
        table.slots[s->parent].first_child = s->next;
    if (s->next != NO_SLOT)
        table.slots[s->next].previous = s->previous;
    s->is_open = false;
    s->was_closed_with_parent = is_with_parent;
    s->release(s->object);
    free_slot(slot);
}

void handles_close(EVT_HANDLE handle, const char *call)
{
    close_slot(find(handle, call), false);
}

void handles_each(enum handle_kind kind, void (*visit)(void *object))
{
    for (size_t i = 0; i < table.count; i++)
        if (table.slots[i].is_open && table.slots[i].kind == kind)
            visit(table.slots[i].object);
}

/* How many handles of this kind made by that call are open, from slot first on; 0 if an earlier slot is one too. */
static unsigned count_alike(size_t first)
{
    const struct slot *s = &table.slots[first];
    unsigned count = 0;
    for (size_t i = 0; i < table.count; i++) {
        const struct slot *other = &table.slots[i];
        if (!other->is_open || other->kind != s->kind || strcmp(other->call, s->call) != 0)
            continue;
        if (i < first)
            return 0;
        count++;
    }
    return count;
}

void handles_report(void)
{
    char line[512];
    wchar_t program[MAX_PATH] = L"";
    unsigned open = 0;
    for (size_t i = 0; i < table.count; i++)
        open += table.slots[i].is_open ? 1 : 0;
    DWORD size = GetModuleFileNameW(NULL, program, MAX_PATH);
    while (size > 0 && program[size - 1] != L'\\')
        size--;
    snprintf(line, sizeof(line), "pid=%lu program=%ls handles=%u\n", GetCurrentProcessId(), program + size, open);
    winsim_append(L"leaks.txt", line);
    for (size_t i = 0, reported = 0; i < table.count && reported < open; i++) {
        unsigned alike = table.slots[i].is_open ? count_alike(i) : 0;
        if (alike == 0)
            continue;
        reported += alike;
        snprintf(line, sizeof(line), "  %u %s made by %s\n", alike, kind_name(table.slots[i].kind),
                 table.slots[i].call);
        winsim_append(L"leaks.txt", line);
    }
}
