/*
 * scan_many: does any of many ASCII words stand in raw text, in any letter case and without regard to word edges? One
 * pass for all of them.
 *
 * A word of n bytes that stands somewhere covers, whole, one of the six-byte pieces that begin at every (n - 5)th
 * place. So only those places are looked at: is the piece there one of any word's? A table says no for nearly
 * all; the rest are compared. Words too short for that are looked for one by one.
 */
#ifndef DETECT_SEARCH_SCAN_MANY_H
#define DETECT_SEARCH_SCAN_MANY_H

#include "detect/search/scan.h"

struct scan_many; /* never changes once made: any number of threads may use it */

/* Makes one for count scans, which are copied. Returns 0 or -ENOMEM. */
int scan_many_new(struct scan_many **out, const struct scan *words, size_t count);

/* Frees s; NULL is allowed. */
void scan_many_free(struct scan_many *s);

/* Index of the first occurrence of any word at or after from, or bytes.len. Never reads outside bytes. */
size_t scan_many_find(const struct scan_many *s, struct text bytes, size_t from);

/* Does any word stand in units? */
bool scan_many_in_utf16(const struct scan_many *s, const uint16_t *units, size_t count);

#endif
