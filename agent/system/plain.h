/*
 * plain: text that others wrote, made harmless for a terminal and a line of a log: the one way for all of it.
 */
#ifndef AGENT_PLAIN_H
#define AGENT_PLAIN_H

#include "detect/base/text.h"
#include <stdbool.h>
#include <stdio.h>

/*
 * Characters without a shape of their own that change how others look, or what a terminal does: control characters
 * (U+0000 to U+001F, U+007F to U+009F), soft hyphen, combining grapheme joiner, Arabic letter mark, Hangul fillers,
 * Khmer and Mongolian inherent ones, zero-width and bidirectional controls, line and paragraph separators, fillers,
 * variation selectors, tags. Sources: unicode.org/Public/UNIDATA/PropList.txt (Bidi_Control) and
 * DerivedCoreProperties.txt (Default_Ignorable_Code_Point).
 */
bool plain_is_invisible(uint32_t point);

/* Copies text to to[0..room-1] (4 or more), NUL-terminated: control characters below U+0080 as \\x1B, other invisible
 * ones as {U+202E}, bytes that are not UTF-8 as U+FFFD; where it does not fit it ends in "...". Returns the bytes
 * before the NUL. */
size_t plain_copy(char *to, size_t room, struct text text);

/* The same to a stream, whole. NULL: nothing. */
void plain_print(FILE *to, const char *text);

/* printf() whose result is written so, but for its tabs and line breaks: those of a text from outside are to be taken
 * out before, by plain_copy(), where a forged line would matter. */
void plain_printf(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
