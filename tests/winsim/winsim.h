/*
 * winsim: a stand-in for wevtapi.dll under Wine. It serves events from files and ends the process when the caller
 * breaks a documented rule of the API. README.md says what is served. This header holds what all of its parts share.
 *
 * All state is behind one lock (winsim_lock in report_win.c): each exported function takes it first.
 */
#ifndef TESTS_WINSIM_WINSIM_H
#define TESTS_WINSIM_WINSIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit code of a process that broke a rule. */
#define WINSIM_EXIT_CODE 86

/* Last error after success: Windows leaves it undefined, so that nobody may rely on it. Bit 29: not Microsoft's. */
#define WINSIM_JUNK_ERROR 0x20000BADu

/* What unused bytes of the caller's buffers and untouched results are set to. */
#define WINSIM_POISON_BYTE 0xA5
#define WINSIM_POISON_NUMBER 0xA5A5A5A5u
#define WINSIM_POISON_POINTER 0xA5A5A5A5A5A5A5A5u

/* Most expressions in one XPath (learn.microsoft.com: Consuming Events). One more: ERROR_EVT_INVALID_QUERY. */
#define WINSIM_MAX_EXPRESSIONS 20

/* Longest line of a channel's file, bytes. A record is at most 64 KB of binary XML (MS-EVEN6 section 3.1.4.10). */
#define WINSIM_MAX_LINE (4u * 1024u * 1024u)

/* Writes the message to stderr and abort.txt and ends the process with WINSIM_EXIT_CODE. */
_Noreturn void winsim_abort(const char *format, ...) __attribute__((format(gnu_printf, 1, 2)));

/* malloc, realloc and strdup that end the process when memory is out. */
void *winsim_alloc(size_t size);
void *winsim_grow(void *old, size_t size);
char *winsim_copy(const char *text, size_t size);

/* Makes room for one more element of an array that has count of *room. */
void winsim_reserve(void **array, size_t count, size_t *room, size_t element_size);

#endif
