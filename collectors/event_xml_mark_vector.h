/* event_xml_mark_vector: what event_xml_mark_sse2.c and _avx2.c hold, each for its own vectors. */
#ifndef COLLECTORS_EVENT_XML_MARK_VECTOR_H
#define COLLECTORS_EVENT_XML_MARK_VECTOR_H

#include "collectors/event_xml_mark.h"
#include "detect/vector.h"

/*
 * Bit 7 of a byte is set where it may be a mark's second or third: '!', '#' and '?', which are rare, and the 'E' of
 * "Ev..." whose fifth byte behind is no letter (bit 6). Reads 5 bytes more than a vector has.
 */
static inline vector candidates(const char *bytes)
{
    vector here = vector_load(bytes), behind = vector_load(bytes + 5);
    vector rare = vector_or(vector_equal(vector_or(here, vector_of('!' ^ '#')), vector_of('#')),
                            vector_equal(here, vector_of('?')));
    vector name = vector_and(vector_equal(here, vector_of('E')), vector_equal(vector_load(bytes + 1), vector_of('v')));
    return vector_or(rare, vector_and_not(name, vector_sum(behind, behind)));
}

/* Of these the ones that a mark's first or second byte stands before: '<', '&' or '/'. */
static inline vector confirmed(vector found, const char *bytes)
{
    vector before = vector_load(bytes - 1);
    return vector_and(found,
                      vector_or(vector_or(vector_equal(before, vector_of('<')), vector_equal(before, vector_of('&'))),
                                vector_equal(before, vector_of('/'))));
}

size_t VECTOR_NAME(event_xml_mark_steps)(struct text text, size_t at)
{
    for (; text.len - at >= EVENT_XML_MARK_STEP; at += 2 * VECTOR_SIZE) {
        const char *bytes = text.bytes + at;
        vector low = candidates(bytes), high = candidates(bytes + VECTOR_SIZE);
        if (vector_mask(vector_or(low, high)) == 0)
            continue;
        uint64_t mask = vector_mask(confirmed(low, bytes)) | (uint64_t)vector_mask(confirmed(high, bytes + VECTOR_SIZE))
                                                                 << VECTOR_SIZE;
        if (mask != 0)
            return at + (size_t)__builtin_ctzll(mask);
    }
    return at;
}

#endif
