#include "detect/search/term.h"

#include "detect/base/builder.h"
#include "detect/base/unicode.h"
#include "detect/search/scan.h"
#include "detect/search/words.h"
#include <errno.h>

struct term {
    struct text text;        /* as it was given */
    const uint32_t *points;  /* folded unless cased, count of them; NULL when is_ascii */
    size_t count;            /* code points; bytes when is_ascii */
    const struct scan *scan; /* finds it, the case apart; NULL where scan can't */
    bool is_ascii, is_cased;
    bool edge_left, edge_right; /* asked for */
};

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

/* The code point that ends just before at, which is above 0. */
static uint32_t point_before(struct text text, size_t at, size_t *begin)
{
    for (size_t back = at < 4 ? at : 4; back > 1; back--) {
        size_t end = at - back;
        uint32_t c = text_decode(text, &end);
        if (end == at) {
            *begin = at - back;
            return c;
        }
    }
    *begin = at - 1;
    size_t end = at - 1;
    return text_decode(text, &end);
}

static int set_points(struct term *term, struct arena *arena)
{
    uint32_t *points = arena_alloc(arena, term->count * sizeof(*points));
    if (points == NULL)
        return -ENOMEM;
    for (size_t at = 0, i = 0; at < term->text.len; i++) {
        uint32_t c = text_decode(term->text, &at);
        points[i] = term->is_cased ? c : fold(c);
    }
    term->points = points;
    return 0;
}

/* Is it the same bytes wherever it stands, the case of A-Z apart? */
static bool has_one_spelling(const struct term *term)
{
    return term->is_ascii || words_part(term->text, "", true).len == term->text.len;
}

int term_new(const struct term **out, struct arena *arena, struct text text, unsigned flags)
{
    struct term *term = arena_zeroed(arena, 1, sizeof(*term));
    if (term == NULL)
        return -ENOMEM;
    term->is_cased = (flags & TERM_CASED) != 0;
    term->is_ascii = text_is_ascii(text);
    term->count = term->is_ascii ? text.len : text_code_points(text);
    if (term->count > TERM_MAX_POINTS)
        return -EINVAL;
    term->text = text.bytes == NULL ? (struct text){"", 0} : arena_text(arena, text);
    if (term->text.bytes == NULL || (!term->is_ascii && set_points(term, arena) < 0))
        return -ENOMEM;
    struct scan scan;
    if (has_one_spelling(term) && scan_set_bytes(&scan, term->text)) {
        struct scan *kept = arena_alloc(arena, sizeof(*kept));
        if (kept == NULL)
            return -ENOMEM;
        *kept = scan;
        term->scan = kept;
    }
    if (text.len > 0) {
        size_t at = 0, begin;
        term->edge_left = (flags & TERM_EDGE_LEFT) != 0 && is_word(text_decode(text, &at));
        term->edge_right = (flags & TERM_EDGE_RIGHT) != 0 && is_word(point_before(text, text.len, &begin));
    }
    *out = term;
    return 0;
}

/* Does it stand at i? *end: after it. */
static bool stands_at(const struct term *term, struct text text, size_t i, size_t *end)
{
    if (term->is_ascii) {
        if (text.len - i < term->count)
            return false;
        for (size_t k = 0; k < term->count; k++) {
            unsigned char a = (unsigned char)text.bytes[i + k], b = (unsigned char)term->text.bytes[k];
            if (a != b && (term->is_cased || fold_ascii(a) != fold_ascii(b)))
                return false;
        }
        *end = i + term->count;
        return true;
    }
    for (size_t k = 0; k < term->count; k++) {
        if (i == text.len)
            return false;
        uint32_t c = text_decode(text, &i);
        if ((term->is_cased ? c : fold(c)) != term->points[k])
            return false;
    }
    *end = i;
    return true;
}

/* Is there an edge on both sides of text[from..end-1], where one is asked for? */
static bool has_edges(const struct term *term, struct text text, size_t from, size_t end)
{
    size_t begin;
    if (term->edge_left && from > 0 && is_word(point_before(text, from, &begin)))
        return false;
    return !term->edge_right || end >= text.len || !is_word(text_decode(text, &end));
}

/* The search goes on after an occurrence without edges: "addadd add" has "add". */
static bool scan_in(const struct term *term, struct text text)
{
    for (size_t i = 0, end;; i++) {
        i = scan_find(term->scan, text, i);
        if (i == text.len)
            return false;
        if ((!term->is_cased || stands_at(term, text, i, &end)) && has_edges(term, text, i, i + term->text.len))
            return true;
    }
}

bool term_in(const struct term *term, struct text text)
{
    if (term->count == 0)
        return true;
    if (!term->is_ascii && text_is_ascii(text)) /* no letter folds into ASCII: most texts are done with here */
        return false;
    if (term->scan != NULL)
        return scan_in(term, text);
    for (size_t i = 0, end; i < text.len;) {
        if (stands_at(term, text, i, &end) && has_edges(term, text, i, end))
            return true;
        (void)text_decode(text, &i); /* only the step counts */
    }
    return false;
}

bool term_starts(const struct term *term, struct text text)
{
    size_t end;
    return stands_at(term, text, 0, &end);
}

bool term_ends(const struct term *term, struct text text)
{
    size_t end = 0, from = text.len;
    if (term->is_ascii)
        return text.len >= term->count && stands_at(term, text, text.len - term->count, &end);
    for (size_t k = term->count; k > 0; k--) {
        if (from == 0)
            return false;
        uint32_t c = point_before(text, from, &from);
        if ((term->is_cased ? c : fold(c)) != term->points[k - 1])
            return false;
    }
    return true;
}

bool term_equals(const struct term *term, struct text text)
{
    size_t end;
    return stands_at(term, text, 0, &end) && end == text.len;
}

struct text term_fold(struct text text, struct arena *arena)
{
    struct builder to = builder_in(arena);
    for (size_t at = 0; at < text.len && !to.is_failed;) {
        size_t from = at;
        uint32_t c = text_decode(text, &at);
        if (c == TEXT_REPLACEMENT)
            builder_text(&to, (struct text){text.bytes + from, at - from});
        else
            builder_point(&to, fold(c));
    }
    return builder_end(&to);
}

bool term_same(struct text a, struct text b)
{
    size_t i = 0, k = 0;
    while (i < a.len && k < b.len) {
        unsigned char x = (unsigned char)a.bytes[i], y = (unsigned char)b.bytes[k];
        if (x < 0x80 && y < 0x80) {
            if (fold_ascii(x) != fold_ascii(y))
                return false;
            i++;
            k++;
        } else if (fold(text_decode(a, &i)) != fold(text_decode(b, &k))) {
            return false;
        }
    }
    return i == a.len && k == b.len;
}
