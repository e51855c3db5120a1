#include "detect/base/unicode.h"

#include "detect/base/unicode_tables.h"

bool unicode_is_word(uint32_t c)
{
    size_t low = 0, high = unicode_word_range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c > unicode_word_ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < unicode_word_range_count && c >= unicode_word_ranges[low].first;
}

/* c, or what the table maps it to. */
static uint32_t mapped(const struct unicode_fold_range *ranges, size_t count, uint32_t c)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == count)
        return c;
    const struct unicode_fold_range *range = &ranges[low];
    if (c < range->first || (c - range->first) % range->step != 0)
        return c;
    return (uint32_t)((int32_t)c + range->delta);
}

uint32_t unicode_fold(uint32_t c)
{
    return mapped(unicode_fold_ranges, unicode_fold_range_count, c);
}

uint32_t unicode_upper(uint32_t c)
{
    return mapped(unicode_upper_ranges, unicode_upper_range_count, c);
}

uint32_t unicode_lower(uint32_t c)
{
    return mapped(unicode_lower_ranges, unicode_lower_range_count, c);
}
