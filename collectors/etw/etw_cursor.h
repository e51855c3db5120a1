/*
 * etw_cursor: reads the payload of an ETW event: packed, little-endian, nothing aligned, every length checked.
 *
 * The first read that would go beyond the end sets is_bad; it and all later ones give zero or nothing. So a reader
 * reads all fields and asks once.
 */
#ifndef COLLECTORS_ETW_ETW_CURSOR_H
#define COLLECTORS_ETW_ETW_CURSOR_H

#include "detect/base/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct etw_cursor {
    const unsigned char *at;
    size_t left;
    bool is_bad; /* cut short, or not what it should be */
};

/* UTF-16LE text in the payload, maybe at an odd address. */
struct etw_units {
    const unsigned char *bytes;
    size_t count; /* units of 2 bytes, without the NUL */
};

/* A SID in its binary form; bytes NULL: none. */
struct etw_sid {
    const unsigned char *bytes;
    size_t size;
};

/* Most sub-authorities of a SID: SID_MAX_SUB_AUTHORITIES (learn.microsoft.com/windows/win32/api/winnt/ns-winnt-sid). */
#define ETW_SID_MAX_PARTS 15

/* Room for any SID as text and a NUL: "S-1-", an authority of 48 bits, 15 times "-4294967295". */
#define ETW_SID_TEXT_SIZE 200

struct etw_cursor etw_cursor_from(const void *data, size_t size);

uint32_t etw_cursor_u32(struct etw_cursor *c);
uint64_t etw_cursor_u64(struct etw_cursor *c);

/* A pointer of size (4 or 8) bytes. */
uint64_t etw_cursor_pointer(struct etw_cursor *c, unsigned size);

void etw_cursor_skip(struct etw_cursor *c, size_t size);

/* The bytes until a NUL, which is taken too; without one: is_bad. */
struct text etw_cursor_bytes(struct etw_cursor *c);

/* The UTF-16 units until a NUL, which is taken too; without one: is_bad. */
struct etw_units etw_cursor_units(struct etw_cursor *c);

/* A SID as it is (manifest events): revision 1, at most ETW_SID_MAX_PARTS parts. */
struct etw_sid etw_cursor_sid(struct etw_cursor *c);

/*
 * A user as the kernel's class Process gives it: 4 zero bytes for none; else a TOKEN_USER (8 bytes where pointers have
 * 4, else 16) and then the SID (github.com/microsoft/perfview, TraceEvent.cs, SkipSID).
 */
struct etw_sid etw_cursor_token_user(struct etw_cursor *c, unsigned pointer_size);

/* Writes "S-1-5-18", or nothing for none. Returns the text written, in to. */
struct text etw_sid_text(char to[ETW_SID_TEXT_SIZE], struct etw_sid sid);

/* "{5770385F-...}": room, and writing the 16 bytes of a GUID. Returns the text written. */
#define ETW_GUID_TEXT_SIZE 40
struct text etw_guid_text(char to[ETW_GUID_TEXT_SIZE], const unsigned char *bytes);

/* Copies the units to aligned memory: to has room for units.count. */
void etw_units_copy(uint16_t *to, struct etw_units units);

#endif
