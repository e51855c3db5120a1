/*
 * text: borrowed UTF-8 with a length, and the way between it and UTF-16.
 *
 * Text from outside may hold NUL, invalid UTF-8 and WTF-8 (a lone UTF-16 surrogate kept as the three bytes
 * that UTF-8's rule would give it; simonsapin.github.io/wtf-8). Nothing here assumes otherwise.
 */
#ifndef DETECT_BASE_TEXT_H
#define DETECT_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A slice that somebody else owns. bytes == NULL means absent, which is not the same as empty; len is then 0. */
struct text {
    const char *bytes;
    size_t len; /* bytes */
};

/* What a reader of text takes for anything that is not valid: U+FFFD. */
#define TEXT_REPLACEMENT 0xFFFDu

/* The NUL-terminated string as a text; NULL gives an absent one. */
static inline struct text text_from(const char *string)
{
    return (struct text){string, string == NULL ? 0 : strlen(string)};
}

/* Same bytes? An absent text equals an empty one. */
bool text_equal(struct text a, struct text b);

/* Same bytes but for the case of A-Z? */
bool text_equal_nocase(struct text a, struct text b);

/* Are all its bytes ASCII? */
bool text_is_ascii(struct text text);

/* Index of the first byte c, or text.len if there is none. */
size_t text_find(struct text text, char c);

/* The part after the last byte c; the whole text if there is none. */
struct text text_after_last(struct text text, char c);

/*
 * Copies text into to[size], always NUL-terminated, cut before the first byte of a character that does not fit.
 * size: 1 or more. Returns the bytes copied, without the NUL.
 */
size_t text_copy(char *to, size_t size, struct text text);

/* A NUL-terminated copy, which the caller frees; NULL when memory is short. An absent text gives an empty string. */
char *text_dup(struct text text);

/*
 * The code point at byte *at, which then moves after it. *at must be below text.len.
 * An invalid byte and a surrogate (WTF-8) give TEXT_REPLACEMENT; an invalid byte moves *at by one.
 */
uint32_t text_decode(struct text text, size_t *at);

/* Number of code points; each invalid byte counts as one. */
size_t text_code_points(struct text text);

/* Writes code_point (0 to 0x10FFFF, surrogates allowed) as 1 to 4 bytes to to[4]; returns how many. */
size_t text_encode(char to[4], uint32_t code_point);

/* Without the white space of XML (blank, tab, CR, LF) at both ends. */
struct text text_trimmed(struct text text);

/* Reads decimal digits. False: text is empty, has something else, or the number is above 2^64-1; *number stays. */
bool text_to_number(uint64_t *number, struct text text);

/* Room for any number as text_from_number() writes it. */
#define TEXT_NUMBER_SIZE 21

/* Writes number as decimal digits and a NUL to to. Returns the text written. */
struct text text_from_number(char to[TEXT_NUMBER_SIZE], uint64_t number);

/* Most bytes that text_from_utf16 makes of count units: 3 a unit, and a NUL. */
#define TEXT_UTF16_MAX_BYTES(count) (3u * (size_t)(count) + 1u)

/*
 * Writes units[0..count-1] as UTF-8 (WTF-8 for lone surrogates) and a NUL into to, which has room for
 * TEXT_UTF16_MAX_BYTES(count). Returns the text written. units may be NULL if count is 0. Allocates nothing.
 */
struct text text_from_utf16(char *to, const uint16_t *units, size_t count);

/*
 * A NUL-terminated UTF-16 copy, which the caller frees. WTF-8 becomes the lone surrogate again; an invalid byte U+FFFD.
 * *units gets the number of units without the NUL; it may be NULL.
 * Returns 0, or -ENOMEM with *out left as it was.
 */
int text_to_utf16(uint16_t **out, size_t *units, struct text text);

#endif
