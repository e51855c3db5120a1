/*
 * wtf8: UTF-8 in which a lone surrogate has its three bytes too, to and from UTF-16. Written apart from detect/text, so
 * that a fault there can't hide behind the same fault here.
 */
#ifndef TESTS_WINSIM_WTF8_H
#define TESTS_WINSIM_WTF8_H

#include <stddef.h>
#include <stdint.h>

/* Decodes the character at bytes[0..size-1], size > 0; *used: its bytes. A byte that starts none gives U+FFFD. */
uint32_t wtf8_decode(const char *bytes, size_t size, size_t *used);

/* Writes 1 or 2 units of code; returns how many. */
size_t wtf8_put_utf16(uint16_t *out, uint32_t code);

/* out must have room for size units. Returns the units written; no NUL is added. */
size_t wtf8_to_utf16(uint16_t *out, const char *bytes, size_t size);

/* The text of units up to its NUL, which the caller frees. */
char *wtf8_from_utf16(const uint16_t *units);

/* The units of text with a NUL, which the caller frees. */
uint16_t *wtf8_new_utf16(const char *text);

#endif
