/*
 * words: which of thousands of words stand in a text, in any case of A-Z and without regard to word edges? One pass
 * for all of them.
 *
 * A word of seven bytes or more is known by the four bytes at four neighbouring places, so that only every fourth place
 * of the text is looked at; a shorter one by its four rarest bytes (or by all of the one to three that it has), at
 * every place. A table of bits says no for nearly all; what is left is compared.
 */
#ifndef DETECT_SEARCH_WORDS_H
#define DETECT_SEARCH_WORDS_H

#include "detect/base/text.h"
#include <stddef.h>
#include <stdint.h>

/* Longest word, bytes. A longer one is looked for by what its first WORDS_MAX bytes are. */
#define WORDS_MAX 255

struct words; /* never changes once made: any number of threads may use it */

/*
 * Makes one for words[0..count-1], of at least one byte, which are copied; the same word may stand there several times.
 * Returns 0, -EINVAL (an empty word) or -ENOMEM.
 */
int words_new(struct words **out, const struct text *words, size_t count);

/* Frees w; NULL is allowed. */
void words_free(struct words *w);

/* Bytes that it takes. */
size_t words_size(const struct words *w);

/* Calls hit for each place where a word stands: with the word's number in words_new's list. */
void words_each(const struct words *w, struct text text, void (*hit)(void *context, uint32_t word), void *context);

/* Index of the first byte of a word that stands at or after from, or text.len. It is the first place that was found,
 * not always the foremost: words that begin up to WORDS_MAX bytes before it may stand there too. Never reads outside
 * text. */
size_t words_find(const struct words *w, struct text text, size_t from);

/* Does any word stand in units? Of the words those that are ASCII. Allocates nothing. */
bool words_in_utf16(const struct words *w, const uint16_t *units, size_t count);

/* Shortest part that words_part() gives, bytes: what is shorter stands in most of a file's blocks. */
#define WORDS_PART_MIN 3

/*
 * The part of text that is best looked for: the longest run of printable ASCII without the signs in without, at least
 * WORDS_PART_MIN bytes; with has_signs also of signs beyond ASCII that have no letter case (emoji, dashes, Han).
 * Absent: there is none.
 */
struct text words_part(struct text text, const char *without, bool has_signs);

#endif
