#include "detect/search/has.h"

#include "detect/base/unicode.h"
#include "detect/search/scan.h"
#include <errno.h>
#include <stdlib.h>

/* One term, folded. */
struct term {
    uint32_t *points; /* folded code points, count of them */
    size_t count;
    bool is_ascii;
    bool can_scan; /* is scan set for it? */
    struct scan scan;
    bool edge_left, edge_right; /* is a word edge asked for before and after it? */
};

struct has_all {
    size_t count;
    struct term terms[];
};

/* A text in units of one byte (UTF-8) or two (UTF-16). Every function below takes the width as its last argument and is
 * inlined into one version for each, so that both encodings are matched by the same lines. */
struct units {
    const void *base;
    size_t count;
};

#define FOR_BOTH_WIDTHS static inline __attribute__((always_inline))

FOR_BOTH_WIDTHS uint32_t unit_at(struct units text, size_t i, unsigned width)
{
    return width == 1 ? ((const uint8_t *)text.base)[i] : ((const uint16_t *)text.base)[i];
}

static uint32_t fold_ascii(uint32_t c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static uint32_t fold(uint32_t c)
{
    return c < 0x80 ? fold_ascii(c) : unicode_fold(c);
}

static bool is_word(uint32_t c)
{
    if (c >= 0x80)
        return unicode_is_word(c);
    c = fold_ascii(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_high(uint32_t unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(uint32_t unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

static uint32_t join(uint32_t high, uint32_t low)
{
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

/* The code point at *at, which moves after it; anything invalid is TEXT_REPLACEMENT. */
FOR_BOTH_WIDTHS uint32_t point_at(struct units text, size_t *at, unsigned width)
{
    uint32_t c = unit_at(text, *at, width);
    if (c < 0x80) {
        *at += 1;
        return c;
    }
    if (width == 1)
        return text_decode((struct text){text.base, text.count}, at);
    *at += 1;
    if (is_high(c) && *at < text.count && is_low(unit_at(text, *at, width))) {
        c = join(c, unit_at(text, *at, width));
        *at += 1;
    }
    return is_high(c) || is_low(c) ? TEXT_REPLACEMENT : c;
}

/* The code point that ends just before at, which is above 0. */
FOR_BOTH_WIDTHS uint32_t point_before(struct units text, size_t at, unsigned width)
{
    uint32_t c = unit_at(text, at - 1, width);
    if (c < 0x80)
        return c;
    if (width == 2) {
        if (is_low(c) && at > 1 && is_high(unit_at(text, at - 2, width)))
            return join(unit_at(text, at - 2, width), c);
        return is_high(c) || is_low(c) ? TEXT_REPLACEMENT : c;
    }
    for (size_t back = at < 4 ? at : 4; back > 1; back--) {
        size_t end = at - back;
        c = text_decode((struct text){text.base, text.count}, &end);
        if (end == at)
            return c;
    }
    return TEXT_REPLACEMENT;
}

/* Does term stand at i, in any letter case? *end: after it. */
FOR_BOTH_WIDTHS bool stands_at(const struct term *term, struct units text, size_t i, size_t *end, unsigned width)
{
    if (term->is_ascii) {
        if (text.count - i < term->count)
            return false;
        for (size_t k = 0; k < term->count; k++)
            if (fold_ascii(unit_at(text, i + k, width)) != term->points[k])
                return false;
        *end = i + term->count;
        return true;
    }
    for (size_t k = 0; k < term->count; k++)
        if (i == text.count || fold(point_at(text, &i, width)) != term->points[k])
            return false;
    *end = i;
    return true;
}

/* Is there a word edge on both sides of text[from..end-1], where term asks for one? */
FOR_BOTH_WIDTHS bool has_edges(const struct term *term, struct units text, size_t from, size_t end, unsigned width)
{
    if (term->edge_left && from > 0 && is_word(point_before(text, from, width)))
        return false;
    if (term->edge_right && end < text.count && is_word(point_at(text, &end, width)))
        return false;
    return true;
}

FOR_BOTH_WIDTHS bool scan_term_in(const struct term *term, struct units text, unsigned width)
{
    for (size_t i = 0;; i++) {
        i = width == 1 ? scan_find(&term->scan, (struct text){text.base, text.count}, i)
                       : scan_find_utf16(&term->scan, text.base, text.count, i);
        if (i == text.count)
            return false;
        if (has_edges(term, text, i, i + term->count, width))
            return true;
    }
}

/* The search goes on after an occurrence without edges: "addadd add" has "add". */
FOR_BOTH_WIDTHS bool term_in(const struct term *term, struct units text, unsigned width)
{
    if (term->count == 0)
        return true;
    if (term->can_scan)
        return scan_term_in(term, text, width);
    uint32_t first = term->points[0];
    for (size_t i = 0; i < text.count;) {
        size_t next = i, end;
        if (term->is_ascii) {
            next = i + 1;
            if (fold_ascii(unit_at(text, i, width)) != first) {
                i = next;
                continue;
            }
        } else {
            (void)point_at(text, &next, width); /* only the step counts */
        }
        if (stands_at(term, text, i, &end, width) && has_edges(term, text, i, end, width))
            return true;
        i = next;
    }
    return false;
}

static int term_set(struct term *term, struct text text)
{
    size_t count = text_code_points(text);
    if (count > HAS_MAX_TERM_LENGTH)
        return -EINVAL;
    term->count = count;
    if (count == 0)
        return 0;
    term->points = malloc(count * sizeof(*term->points));
    if (term->points == NULL)
        return -ENOMEM;
    uint32_t first = 0, last = 0;
    term->is_ascii = true;
    for (size_t at = 0, i = 0; at < text.len; i++) {
        last = text_decode(text, &at);
        if (i == 0)
            first = last;
        term->is_ascii = term->is_ascii && last < 0x80;
        term->points[i] = fold(last);
    }
    term->can_scan = scan_set(&term->scan, text);
    term->edge_left = is_word(first);
    term->edge_right = is_word(last);
    return 0;
}

/* The longest term is the rarest as a rule: looked for first, it ends most texts. */
static int longest_first(const void *a, const void *b)
{
    size_t count_a = ((const struct term *)a)->count, count_b = ((const struct term *)b)->count;
    return (count_a < count_b) - (count_a > count_b);
}

int has_all_new(struct has_all **out, const struct text *terms, size_t count)
{
    if (count < 1 || count > HAS_MAX_TERMS)
        return -EINVAL;
    struct has_all *h = calloc(1, sizeof(*h) + count * sizeof(h->terms[0]));
    if (h == NULL)
        return -ENOMEM;
    h->count = count;
    for (size_t i = 0; i < count; i++) {
        int rc = term_set(&h->terms[i], terms[i]);
        if (rc < 0) {
            has_all_free(h);
            return rc;
        }
    }
    qsort(h->terms, count, sizeof(h->terms[0]), longest_first);
    *out = h;
    return 0;
}

void has_all_free(struct has_all *h)
{
    if (h == NULL)
        return;
    for (size_t i = 0; i < h->count; i++)
        free(h->terms[i].points);
    free(h);
}

bool has_all_match(const struct has_all *h, struct text text)
{
    for (size_t i = 0; i < h->count; i++)
        if (!term_in(&h->terms[i], (struct units){text.bytes, text.len}, 1))
            return false;
    return true;
}

bool has_all_match_utf16(const struct has_all *h, const uint16_t *units, size_t count)
{
    for (size_t i = 0; i < h->count; i++)
        if (!term_in(&h->terms[i], (struct units){units, count}, 2))
            return false;
    return true;
}
