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

uint32_t unicode_fold(uint32_t c)
{
    size_t low = 0, high = unicode_fold_range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c > unicode_fold_ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == unicode_fold_range_count)
        return c;
    const struct unicode_fold_range *range = &unicode_fold_ranges[low];
    if (c < range->first || (c - range->first) % range->step != 0)
        return c;
    return (uint32_t)((int32_t)c + range->delta);
}
