/* event_xml_delimiter_vector: what event_xml_delimiter_sse2.c and _avx2.c hold, each for its own vectors. */
#ifndef COLLECTORS_EVENT_XML_EVENT_XML_DELIMITER_VECTOR_H
#define COLLECTORS_EVENT_XML_EVENT_XML_DELIMITER_VECTOR_H

#include "collectors/event_xml/event_xml_delimiter.h"
#include "detect/base/vector.h"

/* What a candidate is among, and the byte before it. */
static const struct vector_set candidate = {{'!', '?', '#', 'E'},
                                            {0x80, '!', ['#' & 15] = '#', ['E' & 15] = 'E', ['?' & 15] = '?'}};
static const struct vector_set before = {{'<', '&', '/', '/'},
                                         {0x80, ['&' & 15] = '&', ['<' & 15] = '<', ['/' & 15] = '/'}};

/*
 * Bit 7 of a byte is set where it may be a mark's second, or the third of "</Event": '!', '?', '#' or 'E' after '<',
 * '&' or '/', and after the 'E', where "Event" would end, no letter (bit 6 of an 'E' and of a letter is set). Reads a
 * byte before and 5 bytes more than a vector has.
 */
static inline vector candidates(const char *bytes)
{
    vector here = vector_load(bytes), after = vector_load(bytes + 5);
    vector pair = vector_and(vector_among(here, &candidate), vector_among(vector_load(bytes - 1), &before));
    vector letters = vector_and(here, after);
    return vector_and_not(pair, vector_sum(letters, letters));
}

bool VECTOR_NAME(event_xml_delimiter_steps)(struct text text, size_t *at)
{
    size_t i = *at + 1;
    for (; text.len - i >= EVENT_XML_DELIMITER_STEP; i += 2 * VECTOR_SIZE) {
        const char *bytes = text.bytes + i;
        vector low = candidates(bytes), high = candidates(bytes + VECTOR_SIZE);
        if (vector_mask(vector_or(low, high)) == 0)
            continue;
        uint64_t mask = vector_mask(low) | (uint64_t)vector_mask(high) << VECTOR_SIZE;
        for (; mask != 0; mask &= mask - 1) {
            size_t place = i + (size_t)__builtin_ctzll(mask) - 1;
            place -= place > *at && text.bytes[place] == '/';
            if (event_xml_is_mark(text.bytes + place)) {
                *at = place;
                return true;
            }
        }
    }
    /* A mark that begins in the last two bytes was not told: its third byte is not looked at yet. */
    *at = i > *at + 2 ? i - 2 : *at;
    return false;
}

#endif
