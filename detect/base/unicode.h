/*
 * unicode: the facts about characters that KQL needs. The tables in unicode_tables.c are made by
 * detect/base/make_unicode_tables.py from the Unicode Character Database; its version stands in unicode_version.
 */
#ifndef DETECT_BASE_UNICODE_H
#define DETECT_BASE_UNICODE_H

#include <stdbool.h>
#include <stdint.h>

/* "15.0.0" */
extern const char unicode_version[];

/* Is it a letter (general category L*) or a decimal digit (Nd)? */
bool unicode_is_word(uint32_t code_point);

/*
 * Simple (one to one) case folding, but never between ASCII and the rest: U+0130, U+0131, U+017F and U+212A stay what
 * they are (docs/rule-semantics.md, "Case").
 */
uint32_t unicode_fold(uint32_t code_point);

/* Simple (one to one) upper and lower case, never between ASCII and the rest either. */
uint32_t unicode_upper(uint32_t code_point);
uint32_t unicode_lower(uint32_t code_point);

#endif
