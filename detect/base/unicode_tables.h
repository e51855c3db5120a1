/* unicode_tables: generated data, read by unicode.c alone. The tables ascend and their ranges do not overlap. */
#ifndef DETECT_BASE_UNICODE_TABLES_H
#define DETECT_BASE_UNICODE_TABLES_H

#include <stddef.h>
#include <stdint.h>

struct unicode_range {
    uint32_t first, last;
};

/* Every step-th code point from first to last folds to itself plus delta. */
struct unicode_fold_range {
    uint32_t first, last;
    int32_t delta;
    uint32_t step;
};

extern const struct unicode_range unicode_word_ranges[];
extern const size_t unicode_word_range_count;
extern const struct unicode_fold_range unicode_fold_ranges[];
extern const size_t unicode_fold_range_count;
extern const struct unicode_fold_range unicode_upper_ranges[];
extern const size_t unicode_upper_range_count;
extern const struct unicode_fold_range unicode_lower_ranges[];
extern const size_t unicode_lower_range_count;

#endif
