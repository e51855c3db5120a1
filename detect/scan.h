/*
 * scan: where does an ASCII word stand in raw bytes, in any letter case and without regard to word edges? Built for
 * gigabytes in which it hardly ever stands.
 */
#ifndef DETECT_SCAN_H
#define DETECT_SCAN_H

#include "detect/text.h"

/* Longest word, bytes. */
#define SCAN_MAX_WORD 64

struct scan {
    unsigned char word[SCAN_MAX_WORD]; /* folded to lower case */
    size_t length;
    size_t probe[2]; /* the places of its two rarest letters: the bytes there are looked at first */
};

/* Prepares for word. False: it is empty, too long or not ASCII. */
bool scan_set(struct scan *scan, struct text word);

/* Index of the first occurrence at or behind from, or bytes.len if there is none. Never reads outside bytes. */
size_t scan_find(const struct scan *scan, struct text bytes, size_t from);

#endif
