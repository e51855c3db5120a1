/* scan_vector: what scan_sse2.c and scan_avx2.c hold, each for its own vectors. */
#ifndef DETECT_SEARCH_SCAN_VECTOR_H
#define DETECT_SEARCH_SCAN_VECTOR_H

#include "detect/base/vector.h"
#include "detect/search/scan_steps.h"

#include <stdbool.h>

#define UNITS (VECTOR_SIZE / 2) /* of UTF-16 in a vector */

/* One of the word's two probes: a byte that is looked for at a distance from the word's beginning. */
struct probe {
    vector letter, byte;
};

static inline struct probe probe_of(const struct scan *scan, size_t which)
{
    size_t at = scan->probe[which];
    return (struct probe){vector_of(scan->letters[at]), vector_of(scan->word[at])};
}

static inline struct probe probe_of_units(const struct scan *scan, size_t which)
{
    size_t at = scan->probe[which];
    return (struct probe){vector_of_units(scan->letters[at]), vector_of_units(scan->word[at])};
}

/* The places from bytes on where both probes fit. */
static inline vector fits(const unsigned char *bytes, const struct scan *scan, const struct probe p[2])
{
    vector first = vector_or(vector_load(bytes + scan->probe[0]), p[0].letter);
    vector second = vector_or(vector_load(bytes + scan->probe[1]), p[1].letter);
    return vector_and(vector_equal(first, p[0].byte), vector_equal(second, p[1].byte));
}

static inline vector fits_units(const uint16_t *units, const struct scan *scan, const struct probe p[2])
{
    vector first = vector_or(vector_load(units + scan->probe[0]), p[0].letter);
    vector second = vector_or(vector_load(units + scan->probe[1]), p[1].letter);
    return vector_and(vector_equal_units(first, p[0].byte), vector_equal_units(second, p[1].byte));
}

/* Skips places where the probes don't fit, two vectors at a time. A function of its own keeps the loop in registers. */
static __attribute__((noinline)) size_t skip(const struct scan *scan, const unsigned char *bytes, size_t i, size_t last)
{
    const struct probe p[2] = {probe_of(scan, 0), probe_of(scan, 1)};
    while (i + 2 * VECTOR_SIZE - 1 <= last &&
           vector_mask(vector_or(fits(bytes + i, scan, p), fits(bytes + i + VECTOR_SIZE, scan, p))) == 0)
        i += 2 * VECTOR_SIZE;
    return i;
}

static __attribute__((noinline)) size_t skip_units(const struct scan *scan, const uint16_t *units, size_t i,
                                                   size_t last)
{
    const struct probe p[2] = {probe_of_units(scan, 0), probe_of_units(scan, 1)};
    while (i + 2 * UNITS - 1 <= last &&
           vector_mask(vector_or(fits_units(units + i, scan, p), fits_units(units + i + UNITS, scan, p))) == 0)
        i += 2 * UNITS;
    return i;
}

/* Does the word stand at bytes? SCAN_MAX_WORD of them can be read. */
static inline bool stands_whole(const struct scan *scan, const unsigned char *bytes)
{
    for (size_t at = 0; at < scan->length; at += VECTOR_SIZE) {
        vector folded = vector_or(vector_load(bytes + at), vector_load(scan->letters + at));
        uint64_t differs = (uint32_t)~vector_mask(vector_equal(folded, vector_load(scan->word + at)));
        size_t left = scan->length - at;
        if ((left < VECTOR_SIZE ? differs << (64 - left) : differs << (64 - VECTOR_SIZE)) != 0)
            return false;
    }
    return true;
}

/* More candidates than this in one vector are compared letter by letter, all of them at once: so a text full of
 * candidates costs little more than another. */
#define FEW 2

/* Which of a vector's places from bytes on the word stands at, whole. is_inside: SCAN_MAX_WORD bytes can be read at
 * each of them. */
static inline uint32_t stands(const struct scan *scan, const unsigned char *bytes, const struct probe p[2],
                              bool is_inside)
{
    vector all = fits(bytes, scan, p);
    uint32_t mask = vector_mask(all), found = 0;
    if (__builtin_popcount(mask) <= FEW) {
        for (; mask != 0; mask &= mask - 1) {
            const unsigned char *place = bytes + __builtin_ctz(mask);
            if (is_inside ? stands_whole(scan, place) : scan_stands_at(scan, place))
                found |= mask & -mask;
        }
        return found;
    }
    for (size_t at = 0; at < scan->length && vector_mask(all) != 0; at++)
        all = vector_and(all, vector_equal(vector_or(vector_load(bytes + at), vector_of(scan->letters[at])),
                                           vector_of(scan->word[at])));
    return vector_mask(all);
}

/* The same in UTF-16; two bits stand for a unit, of which the lower one counts. */
static uint32_t stands_units(const struct scan *scan, const uint16_t *units)
{
    const struct probe p[2] = {probe_of_units(scan, 0), probe_of_units(scan, 1)};
    vector all = fits_units(units, scan, p);
    uint32_t mask = vector_mask(all) & 0x55555555u, found = 0;
    if (__builtin_popcount(mask) <= FEW) {
        for (; mask != 0; mask &= mask - 1)
            if (scan_stands_at_utf16(scan, units + __builtin_ctz(mask) / 2))
                found |= mask & -mask;
        return found;
    }
    for (size_t at = 0; at < scan->length && vector_mask(all) != 0; at++)
        all = vector_and(all, vector_equal_units(vector_or(vector_load(units + at), vector_of_units(scan->letters[at])),
                                                 vector_of_units(scan->word[at])));
    return vector_mask(all);
}

size_t VECTOR_NAME(scan_steps)(const struct scan *scan, const unsigned char *bytes, size_t from, size_t last)
{
    const struct probe p[2] = {probe_of(scan, 0), probe_of(scan, 1)};
    if (last < from + VECTOR_SIZE - 1)
        return from;
    for (size_t i = from; i <= last; i += VECTOR_SIZE) {
        i = skip(scan, bytes, i, last);
        if (i > last)
            break;
        if (last - i < VECTOR_SIZE - 1)
            i = last - (VECTOR_SIZE - 1); /* some places are looked at twice */
        bool is_inside = last - i >= 2 * VECTOR_SIZE + SCAN_MAX_WORD;
        uint32_t mask = stands(scan, bytes + i, p, is_inside);
        if (mask == 0 && is_inside) { /* skip() stops for either of two vectors */
            i += VECTOR_SIZE;
            mask = stands(scan, bytes + i, p, true);
        }
        if (mask != 0)
            return i + (size_t)__builtin_ctz(mask);
    }
    return last + 1;
}

size_t VECTOR_NAME(scan_steps_utf16)(const struct scan *scan, const uint16_t *units, size_t from, size_t last)
{
    if (last < from + UNITS - 1)
        return from;
    for (size_t i = from; i <= last; i += UNITS) {
        i = skip_units(scan, units, i, last);
        if (i > last)
            break;
        if (last - i < UNITS - 1)
            i = last - (UNITS - 1);
        uint32_t mask = stands_units(scan, units + i);
        if (mask != 0)
            return i + (size_t)__builtin_ctz(mask) / 2;
    }
    return last + 1;
}

#endif
