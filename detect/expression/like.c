#include "detect/expression/like.h"

#include "detect/base/unicode.h"

#include <errno.h>

bool like_is_dash(uint32_t code_point)
{
    return code_point == '-' || code_point == '/' || (code_point >= 0x2013 && code_point <= 0x2015);
}

/* What an escaped character stands for; 0: nothing, the backslash is a plain one. */
static uint32_t escaped(uint32_t code_point)
{
    if (code_point == '-')
        return LIKE_DASH;
    return code_point == '*' || code_point == '?' || code_point == '\\' ? code_point : 0;
}

int like_compile(struct like *out, struct arena *arena, struct text pattern, bool is_cased)
{
    uint32_t *element = arena_zeroed(arena, pattern.len + 1, sizeof *element);
    if (element == NULL)
        return -ENOMEM;
    size_t count = 0;
    for (size_t at = 0; at < pattern.len;) {
        uint32_t code_point = text_decode(pattern, &at);
        if (code_point == '*') {
            if (count == 0 || element[count - 1] != LIKE_ANY)
                element[count++] = LIKE_ANY;
            continue;
        }
        if (code_point == '?') {
            element[count++] = LIKE_ONE;
            continue;
        }
        if (code_point == '\\' && at < pattern.len) {
            size_t next = at;
            uint32_t special = escaped(text_decode(pattern, &next));
            if (special != 0) {
                element[count++] = special;
                at = next;
                continue;
            }
        }
        element[count++] = is_cased ? code_point : unicode_fold(code_point);
    }
    *out = (struct like){element, count, is_cased};
    return 0;
}

static bool fits(uint32_t element, uint32_t code_point)
{
    return element == code_point || element == LIKE_ONE || (element == LIKE_DASH && like_is_dash(code_point));
}

bool like_matches(const struct like *like, struct text text)
{
    if (text.bytes == NULL)
        return false;
    size_t at = 0, part = 0;
    size_t star = SIZE_MAX, resume = 0; /* the last LIKE_ANY passed, and where the text after it begins */
    while (at < text.len) {
        if (part < like->count && like->element[part] == LIKE_ANY) {
            star = part++;
            resume = at;
            continue;
        }
        size_t next = at;
        uint32_t code_point = text_decode(text, &next);
        if (!like->is_cased)
            code_point = unicode_fold(code_point);
        if (part < like->count && fits(like->element[part], code_point)) {
            part++;
            at = next;
            continue;
        }
        if (star == SIZE_MAX)
            return false;
        if (star + 1 == like->count)
            return true;
        part = star + 1;
        (void)text_decode(text, &resume); /* it moves on by one character */
        at = resume;
    }
    while (part < like->count && like->element[part] == LIKE_ANY)
        part++;
    return part == like->count;
}

int like_literal(struct text *out, struct arena *arena, const struct like *like)
{
    size_t best = 0, best_length = 0, best_bytes = 0;
    for (size_t i = 0; i < like->count;) {
        size_t length = 0, bytes = 0;
        char encoded[4];
        while (i + length < like->count && like->element[i + length] < LIKE_ANY)
            bytes += text_encode(encoded, like->element[i + length++]);
        if (bytes > best_bytes) {
            best = i;
            best_length = length;
            best_bytes = bytes;
        }
        i += length + 1;
    }
    char *text = arena_alloc(arena, best_bytes + 4);
    if (text == NULL)
        return -ENOMEM;
    size_t length = 0;
    for (size_t i = 0; i < best_length; i++)
        length += text_encode(text + length, like->element[best + i]);
    *out = (struct text){text, length};
    return 0;
}
