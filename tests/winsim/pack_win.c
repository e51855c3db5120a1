#include "tests/winsim/pack_win.h"

#include "tests/winsim/wtf8.h"

#include <stdlib.h>
#include <string.h>

/* So many unused bytes of a buffer are poisoned; a caller with a huge buffer must not be slowed down. */
#define MOST_POISONED (64u * 1024u)

static size_t add(struct pack *p, const void *bytes, size_t size)
{
    size_t at = (p->size + 7) & ~(size_t)7;
    if (at + size > p->room) {
        p->room = (at + size) * 2;
        p->bytes = winsim_grow(p->bytes, p->room);
    }
    memset(p->bytes + p->size, WINSIM_POISON_BYTE, at - p->size);
    if (bytes != NULL)
        memcpy(p->bytes + at, bytes, size);
    p->size = at + size;
    return at;
}

static EVT_VARIANT *variant(struct pack *p, size_t i)
{
    return (EVT_VARIANT *)(void *)p->bytes + i;
}

static void add_pointer(struct pack *p, size_t at, size_t target)
{
    uint64_t value = target;
    winsim_reserve((void **)&p->pointers, p->pointer_count, &p->pointer_room, sizeof(*p->pointers));
    p->pointers[p->pointer_count++] = at;
    memcpy(p->bytes + at, &value, sizeof(value));
}

void pack_begin(struct pack *p, size_t count)
{
    p->size = p->pointer_count = 0;
    add(p, NULL, count * sizeof(EVT_VARIANT));
    for (size_t i = 0; i < count; i++)
        *variant(p, i) =
            (EVT_VARIANT){.UInt64Val = WINSIM_POISON_POINTER, .Count = WINSIM_POISON_NUMBER, .Type = EvtVarTypeNull};
}

void pack_free(struct pack *p)
{
    free(p->bytes);
    free(p->pointers);
}

void pack_number(struct pack *p, size_t i, EVT_VARIANT_TYPE type, uint64_t value)
{
    EVT_VARIANT *v = variant(p, i);
    v->Type = (DWORD)type;
    switch (type) {
    case EvtVarTypeByte:
        v->ByteVal = (UINT8)value;
        break;
    case EvtVarTypeUInt16:
        v->UInt16Val = (UINT16)value;
        break;
    case EvtVarTypeBoolean:
        v->BooleanVal = value != 0;
        break;
    case EvtVarTypeUInt32:
    case EvtVarTypeHexInt32:
        v->UInt32Val = (UINT32)value;
        break;
    default:
        v->UInt64Val = value;
        break;
    }
}

void pack_bytes(struct pack *p, size_t i, EVT_VARIANT_TYPE type, const void *bytes, size_t size)
{
    size_t at = add(p, bytes, size);
    variant(p, i)->Type = (DWORD)type;
    add_pointer(p, i * sizeof(EVT_VARIANT), at);
}

static size_t add_string(struct pack *p, const char *text)
{
    size_t size = strlen(text), at = add(p, NULL, (size + 1) * sizeof(wchar_t));
    wchar_t *units = (wchar_t *)(void *)(p->bytes + at);
    size_t count = wtf8_to_utf16(units, text, size);
    units[count] = 0;
    p->size = at + (count + 1) * sizeof(wchar_t);
    return at;
}

void pack_string(struct pack *p, size_t i, const char *text)
{
    size_t at = add_string(p, text);
    variant(p, i)->Type = EvtVarTypeString;
    add_pointer(p, i * sizeof(EVT_VARIANT), at);
}

void pack_strings(struct pack *p, size_t i, const char *const *texts, size_t count)
{
    size_t at = add(p, NULL, count * sizeof(uint64_t));
    for (size_t k = 0; k < count; k++)
        add_pointer(p, at + k * sizeof(uint64_t), add_string(p, texts[k]));
    variant(p, i)->Type = EvtVarTypeString | EVT_VARIANT_TYPE_ARRAY;
    variant(p, i)->Count = (DWORD)count;
    add_pointer(p, i * sizeof(EVT_VARIANT), at);
}

void pack_numbers(struct pack *p, size_t i, const uint32_t *numbers, size_t count)
{
    pack_bytes(p, i, EvtVarTypeUInt32, numbers, count * sizeof(*numbers));
    variant(p, i)->Type = EvtVarTypeUInt32 | EVT_VARIANT_TYPE_ARRAY;
    variant(p, i)->Count = (DWORD)count;
}

/* Is all of it memory that can be written? What lies in the same pages as the buffer's end is not noticed. */
static bool is_writable(void *buffer, size_t size)
{
    char *at = buffer, *end = at + size;
    MEMORY_BASIC_INFORMATION region;
    while (at < end) {
        if (VirtualQuery(at, &region, sizeof(region)) == 0 || region.State != MEM_COMMIT ||
            !(region.Protect & (PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)) ||
            (region.Protect & PAGE_GUARD))
            return false;
        at = (char *)region.BaseAddress + region.RegionSize;
    }
    return true;
}

DWORD deliver_bytes(const void *bytes, size_t count, DWORD size, void *buffer, DWORD *used, size_t alignment,
                    const char *call)
{
    if (used == NULL)
        winsim_abort("%s: BufferUsed is NULL", call);
    if (buffer == NULL && size != 0)
        winsim_abort("%s: the buffer is NULL but %lu bytes long", call, size);
    if ((uintptr_t)buffer % alignment != 0)
        winsim_abort("%s: the buffer is not aligned to %zu bytes", call, alignment);
    if (!is_writable(buffer, size))
        winsim_abort("%s: the buffer is not %lu bytes long", call, size);
    *used = (DWORD)count;
    size_t kept = count <= size ? count : 0;
    if (size > kept) {
        size_t rest = size - kept;
        memset((char *)buffer + kept, WINSIM_POISON_BYTE, rest < MOST_POISONED ? rest : MOST_POISONED);
        ((char *)buffer)[size - 1] = (char)WINSIM_POISON_BYTE;
    }
    if (kept == 0)
        return ERROR_INSUFFICIENT_BUFFER;
    memcpy(buffer, bytes, count);
    return 0;
}

DWORD pack_deliver(struct pack *p, DWORD size, void *buffer, DWORD *used, const char *call)
{
    DWORD code = deliver_bytes(p->bytes, p->size, size, buffer, used, sizeof(uint64_t), call);
    for (size_t i = 0; i < p->pointer_count && code == 0; i++) {
        char *at = (char *)buffer + p->pointers[i];
        uint64_t target;
        memcpy(&target, at, sizeof(target));
        target += (uintptr_t)buffer;
        memcpy(at, &target, sizeof(target));
    }
    return code;
}
