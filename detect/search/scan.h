/*
 * scan: where does an ASCII word stand in raw text, in any letter case and without regard to word edges? Built for
 * gigabytes in which it hardly ever stands. Two bytes of the word are looked for at once, 16 or 32 places in one step;
 * where both fit, the whole word is compared.
 */
#ifndef DETECT_SEARCH_SCAN_H
#define DETECT_SEARCH_SCAN_H

#include "detect/base/lanes.h"
#include "detect/base/text.h"

/* Longest word, bytes. */
#define SCAN_MAX_WORD 64

struct scan {
    unsigned char word[SCAN_MAX_WORD];    /* folded to lower case */
    unsigned char letters[SCAN_MAX_WORD]; /* 0x20 where it is a letter, which has two cases, else 0 */
    size_t length;
    size_t probe[2]; /* the places of its two rarest letters: the bytes there are looked at first */
    enum lanes lanes;
};

/* Prepares for word, with the vector instructions of this processor (tests choose others in scan->lanes). False: it is
 * empty, too long, not ASCII or holds a NUL. */
bool scan_set(struct scan *scan, struct text word);

/* The same, and bytes beyond ASCII are compared as they are. Not for scan_find_utf16(). */
bool scan_set_bytes(struct scan *scan, struct text word);

/* Index of the first occurrence at or after from, or bytes.len if there is none. Never reads outside bytes. */
size_t scan_find(const struct scan *scan, struct text bytes, size_t from);

/* The same in UTF-16. */
size_t scan_find_utf16(const struct scan *scan, const uint16_t *units, size_t count, size_t from);

/* Does the word stand at bytes, units? scan->length of them can be read. */
bool scan_stands_at(const struct scan *scan, const unsigned char *bytes);
bool scan_stands_at_utf16(const struct scan *scan, const uint16_t *units);

#endif
