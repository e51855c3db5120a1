/*
 * pack_win: EVT_VARIANTs and what they point to, in one block as the API gives them: the variants first, the data
 * after, every pointer into the same buffer. Under winsim_lock.
 */
#ifndef TESTS_WINSIM_PACK_WIN_H
#define TESTS_WINSIM_PACK_WIN_H

#include "tests/winsim/report_win.h"

#include <winevt.h>

struct pack {
    unsigned char *bytes;
    size_t size, room;
    size_t *pointers; /* offsets of what must become an address */
    size_t pointer_count, pointer_room;
};

/* Begins a block of count variants, all Null. The memory of p is used again. */
void pack_begin(struct pack *p, size_t count);

/* Frees the memory of p, not p itself. */
void pack_free(struct pack *p);

/* Sets variant i. Boolean, Byte, UInt16, ... by type. */
void pack_number(struct pack *p, size_t i, EVT_VARIANT_TYPE type, uint64_t value);

/* Sets variant i to a copy of size bytes. */
void pack_bytes(struct pack *p, size_t i, EVT_VARIANT_TYPE type, const void *bytes, size_t size);

/* text: WTF-8. */
void pack_string(struct pack *p, size_t i, const char *text);

/* Sets variant i to an array of count texts or numbers. */
void pack_strings(struct pack *p, size_t i, const char *const *texts, size_t count);
void pack_numbers(struct pack *p, size_t i, const uint32_t *numbers, size_t count);

/*
 * The buffer protocol: copies the block to buffer and poisons the rest, or returns ERROR_INSUFFICIENT_BUFFER. *used is
 * set both times. NULL with size 0 is allowed; a buffer not aligned for EVT_VARIANT ends the process.
 */
DWORD pack_deliver(struct pack *p, DWORD size, void *buffer, DWORD *used, const char *call);

/* As pack_deliver for any bytes; alignment: of buffer. */
DWORD deliver_bytes(const void *bytes, size_t count, DWORD size, void *buffer, DWORD *used, size_t alignment,
                    const char *call);

#endif
