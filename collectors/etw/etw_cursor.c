#include "collectors/etw/etw_cursor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Bytes of a SID before its sub-authorities, of a TOKEN_USER by pointer size, and of "no user". */
#define SID_HEAD 8u
#define NO_USER 4u

struct etw_cursor etw_cursor_from(const void *data, size_t size)
{
    return (struct etw_cursor){data, size, false};
}

/* The next size bytes, or NULL. */
static const unsigned char *take(struct etw_cursor *c, size_t size)
{
    if (c->is_bad || size > c->left) {
        c->is_bad = true;
        return NULL;
    }
    const unsigned char *at = c->at;
    c->at += size;
    c->left -= size;
    return at;
}

static uint64_t number(const unsigned char *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; bytes != NULL && i > 0; i--)
        value = value << 8 | bytes[i - 1];
    return value;
}

uint32_t etw_cursor_u32(struct etw_cursor *c)
{
    return (uint32_t)number(take(c, 4), 4);
}

uint64_t etw_cursor_u64(struct etw_cursor *c)
{
    return number(take(c, 8), 8);
}

uint64_t etw_cursor_pointer(struct etw_cursor *c, unsigned size)
{
    return number(take(c, size), size);
}

void etw_cursor_skip(struct etw_cursor *c, size_t size)
{
    (void)take(c, size); /* a failure stays in c */
}

struct text etw_cursor_bytes(struct etw_cursor *c)
{
    const unsigned char *end = c->is_bad || c->left == 0 ? NULL : memchr(c->at, 0, c->left);
    if (end == NULL) {
        c->is_bad = true;
        return (struct text){NULL, 0};
    }
    size_t size = (size_t)(end - c->at);
    return (struct text){(const char *)take(c, size + 1), size};
}

struct etw_units etw_cursor_units(struct etw_cursor *c)
{
    size_t count = 0;
    while (!c->is_bad && 2 * count + 2 <= c->left && (c->at[2 * count] != 0 || c->at[2 * count + 1] != 0))
        count++;
    const unsigned char *bytes = take(c, 2 * count + 2);
    return (struct etw_units){bytes, bytes == NULL ? 0 : count};
}

struct etw_sid etw_cursor_sid(struct etw_cursor *c)
{
    struct etw_cursor head = *c;
    const unsigned char *bytes = take(&head, SID_HEAD);
    if (bytes == NULL || bytes[0] != 1 || bytes[1] > ETW_SID_MAX_PARTS) {
        c->is_bad = true;
        return (struct etw_sid){NULL, 0};
    }
    size_t size = SID_HEAD + 4u * bytes[1];
    bytes = take(c, size);
    return (struct etw_sid){bytes, bytes == NULL ? 0 : size};
}

struct etw_sid etw_cursor_token_user(struct etw_cursor *c, unsigned pointer_size)
{
    struct etw_cursor ahead = *c;
    if (etw_cursor_u32(&ahead) == 0 && !ahead.is_bad) {
        etw_cursor_skip(c, NO_USER);
        return (struct etw_sid){NULL, 0};
    }
    etw_cursor_skip(c, 2u * (size_t)pointer_size);
    return etw_cursor_sid(c);
}

struct text etw_sid_text(char to[ETW_SID_TEXT_SIZE], struct etw_sid sid)
{
    to[0] = '\0';
    if (sid.bytes == NULL)
        return (struct text){to, 0};
    uint64_t authority = 0; /* big-endian, unlike all else */
    for (size_t i = 2; i < SID_HEAD; i++)
        authority = authority << 8 | sid.bytes[i];
    size_t used = (size_t)snprintf(to, ETW_SID_TEXT_SIZE, authority > UINT32_MAX ? "S-1-0x%012" PRIX64 : "S-1-%" PRIu64,
                                   authority);
    for (size_t i = 0; i < sid.bytes[1] && used < ETW_SID_TEXT_SIZE; i++)
        used +=
            (size_t)snprintf(to + used, ETW_SID_TEXT_SIZE - used, "-%" PRIu64, number(sid.bytes + SID_HEAD + 4 * i, 4));
    return (struct text){to, used};
}

struct text etw_guid_text(char to[ETW_GUID_TEXT_SIZE], const unsigned char *b)
{
    int used = snprintf(to, ETW_GUID_TEXT_SIZE,
                        "{%08" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%02x%02x-%02x%02x%02x%02x%02x%02x}", number(b, 4),
                        number(b + 4, 2), number(b + 6, 2), b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
    return (struct text){to, (size_t)used};
}

void etw_units_copy(uint16_t *to, struct etw_units units)
{
    for (size_t i = 0; i < units.count; i++)
        to[i] = (uint16_t)(units.bytes[2 * i] | units.bytes[2 * i + 1] << 8);
}
