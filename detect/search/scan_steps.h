/*
 * scan_steps: the fast part of scan_find, for one kind of vector instructions each.
 *
 * Looks at the places from..last, at each of which the word would fit, and returns the first where it stands, or
 * last + 1. Fewer places than a vector has (16 or 32; UTF-16: 8 or 16) are not looked at: returns from.
 */
#ifndef DETECT_SEARCH_SCAN_STEPS_H
#define DETECT_SEARCH_SCAN_STEPS_H

#include "detect/search/scan.h"

size_t scan_steps_sse2(const struct scan *scan, const unsigned char *bytes, size_t from, size_t last);
size_t scan_steps_avx2(const struct scan *scan, const unsigned char *bytes, size_t from, size_t last);
size_t scan_steps_utf16_sse2(const struct scan *scan, const uint16_t *units, size_t from, size_t last);
size_t scan_steps_utf16_avx2(const struct scan *scan, const uint16_t *units, size_t from, size_t last);

#endif
