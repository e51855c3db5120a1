#include "detect/base/suggest.h"

#include <stdint.h>
#include <string.h>

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Optimal string alignment distance, three rows at a time. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][SUGGEST_MAX_WORD + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    size_t a_size = strlen(a), b_size = strlen(b);
    if (a_size > SUGGEST_MAX_WORD || b_size > SUGGEST_MAX_WORD)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_size; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t changed = last[j - 1] + (fold(a[i - 1]) != fold(b[j - 1]) ? 1 : 0);
            row[j] = least(changed, last[j] + 1, row[j - 1] + 1);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]) &&
                before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[b_size];
}

const char *suggest_nearest(const char *word, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t fewest = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        size_t steps = distance(word, names[i]);
        if (steps <= strlen(names[i]) / 3 && steps < fewest) {
            fewest = steps;
            nearest = names[i];
        }
    }
    return nearest;
}
