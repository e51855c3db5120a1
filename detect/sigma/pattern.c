#include "detect/sigma/pattern.h"

#include "detect/base/unicode.h"

#include <errno.h>

static const uint32_t dash_of[] = {'-', '/', 0x2013, 0x2014, 0x2015};
#define DASHES (sizeof dash_of / sizeof dash_of[0])

static int reserve(uint32_t **out, struct arena *arena, size_t count)
{
    *out = arena_zeroed(arena, count + 1, sizeof **out);
    return *out == NULL ? -ENOMEM : 0;
}

int pattern_plain(struct pattern *out, struct arena *arena, struct text text)
{
    struct pattern value = {0};
    int rc = reserve(&value.element, arena, text.len);
    for (size_t at = 0; rc == 0 && at < text.len;)
        value.element[value.count++] = text_decode(text, &at);
    if (rc == 0)
        *out = value;
    return rc;
}

int pattern_parse(struct pattern *out, struct arena *arena, struct text text)
{
    struct pattern value;
    int rc = pattern_plain(&value, arena, text);
    if (rc != 0)
        return rc;
    size_t to = 0;
    for (size_t i = 0; i < value.count; i++) {
        uint32_t c = value.element[i];
        uint32_t next = i + 1 < value.count ? value.element[i + 1] : 0;
        if (c == '\\' && (next == '\\' || next == '*' || next == '?'))
            c = value.element[++i];
        else if (c == '*')
            c = LIKE_ANY;
        else if (c == '?')
            c = LIKE_ONE;
        if (c != LIKE_ANY || to == 0 || value.element[to - 1] != LIKE_ANY)
            value.element[to++] = c;
    }
    value.count = to;
    *out = value;
    return 0;
}

int pattern_surround(struct pattern *value, struct arena *arena, bool before, bool after)
{
    before = before && (value->count == 0 || value->element[0] != LIKE_ANY);
    uint32_t *element;
    int rc = reserve(&element, arena, value->count + 2);
    if (rc != 0)
        return rc;
    size_t count = 0;
    if (before)
        element[count++] = LIKE_ANY;
    memcpy(element + count, value->element, value->count * sizeof *element);
    count += value->count;
    if (after && (count == 0 || element[count - 1] != LIKE_ANY))
        element[count++] = LIKE_ANY;
    value->element = element;
    value->count = count;
    return 0;
}

/* A character of a word: what Sigma's reference takes for \w. */
static bool is_word(uint32_t element)
{
    return element == '_' || (element < LIKE_ANY && unicode_is_word(element));
}

void pattern_windash(struct pattern *value)
{
    for (size_t i = 0; i + 1 < value->count; i++)
        if (like_is_dash(value->element[i]) && is_word(value->element[i + 1]) &&
            (i == 0 || !is_word(value->element[i - 1])))
            value->element[i] = LIKE_DASH;
}

size_t pattern_dashes(const struct pattern *value)
{
    size_t dashes = 0;
    for (size_t i = 0; i < value->count; i++)
        dashes += value->element[i] == LIKE_DASH;
    return dashes;
}

int pattern_dash_variant(struct pattern *out, struct arena *arena, const struct pattern *value, size_t which)
{
    struct pattern variant = *value;
    int rc = reserve(&variant.element, arena, value->count);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < value->count; i++) {
        variant.element[i] = value->element[i];
        if (value->element[i] == LIKE_DASH) {
            variant.element[i] = dash_of[which % DASHES];
            which /= DASHES;
        }
    }
    *out = variant;
    return 0;
}

bool pattern_has_wildcard(const struct pattern *value)
{
    for (size_t i = 0; i < value->count; i++)
        if (value->element[i] == LIKE_ANY || value->element[i] == LIKE_ONE)
            return true;
    return false;
}

static size_t put_unit(uint32_t *to, uint32_t unit, bool is_big)
{
    to[0] = is_big ? unit >> 8 : unit & 0xFF;
    to[1] = is_big ? unit & 0xFF : unit >> 8;
    return 2;
}

int pattern_encode(struct pattern *value, struct arena *arena, enum pattern_encoding encoding)
{
    bool is_big = encoding == PATTERN_UTF16BE;
    struct pattern bytes = {.is_bytes = true};
    int rc = reserve(&bytes.element, arena, 2 + 4 * value->count);
    if (rc != 0)
        return rc;
    if (encoding == PATTERN_UTF16_BOM)
        bytes.count += put_unit(bytes.element, 0xFEFF, false);
    for (size_t i = 0; i < value->count; i++) {
        uint32_t c = value->element[i];
        if (c > 0xFFFF) {
            bytes.count += put_unit(bytes.element + bytes.count, 0xD800 + ((c - 0x10000) >> 10), is_big);
            c = 0xDC00 + ((c - 0x10000) & 0x3FF);
        }
        bytes.count += put_unit(bytes.element + bytes.count, c, is_big);
    }
    *value = bytes;
    return 0;
}

/* The text as UTF-8, or the bytes themselves, after skip bytes of nothing in particular. */
static int to_bytes(unsigned char **out, size_t *length, struct arena *arena, const struct pattern *value,
                    unsigned skip)
{
    unsigned char *bytes = arena_zeroed(arena, 1, 4 * value->count + skip + 4);
    if (bytes == NULL)
        return -ENOMEM;
    *length = skip;
    for (size_t i = 0; i < value->count; i++) {
        char encoded[4];
        if (value->is_bytes) {
            bytes[(*length)++] = (unsigned char)value->element[i];
            continue;
        }
        size_t size = text_encode(encoded, value->element[i]);
        memcpy(bytes + *length, encoded, size);
        *length += size;
    }
    *out = bytes;
    return 0;
}

int pattern_base64(struct pattern *out, struct arena *arena, const struct pattern *value, unsigned skip, bool is_inside)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char *bytes;
    size_t length;
    struct pattern coded = {0};
    int rc = to_bytes(&bytes, &length, arena, value, skip);
    if (rc == 0)
        rc = reserve(&coded.element, arena, (length + 2) / 3 * 4);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < length; i += 3) { /* bytes has zeros after length */
        uint32_t three = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6)
            coded.element[coded.count++] = (unsigned char)digits[three >> shift & 63];
    }
    size_t missing = (3 - length % 3) % 3;
    for (size_t i = 0; i < missing; i++)
        coded.element[coded.count - 1 - i] = '=';
    if (is_inside) {
        static const size_t first[] = {0, 2, 3}; /* digits that hold bits of the bytes before */
        size_t last = missing == 0 ? 0 : missing + 1;
        size_t begin = first[skip];
        coded.count = coded.count > begin + last ? coded.count - begin - last : 0;
        memmove(coded.element, coded.element + begin, coded.count * sizeof *coded.element);
    }
    *out = coded;
    return 0;
}

/* Writes an element as a pattern has it, or plain; returns the bytes written. */
static size_t put_element(char *to, uint32_t element, bool is_pattern)
{
    if (element == LIKE_ANY || element == LIKE_ONE) {
        *to = element == LIKE_ANY ? '*' : '?';
        return 1;
    }
    if (element == LIKE_DASH) {
        to[0] = '\\';
        to[1] = '-';
        return 2;
    }
    size_t length = 0;
    if (is_pattern && (element == '*' || element == '?' || element == '\\'))
        to[length++] = '\\';
    return length + text_encode(to + length, element);
}

static enum pattern_shape shape_of(const struct pattern *value)
{
    size_t count = value->count;
    bool before = count > 0 && value->element[0] == LIKE_ANY;
    bool after = count > 1 && value->element[count - 1] == LIKE_ANY;
    for (size_t i = before; i + after < count; i++)
        if (value->element[i] >= LIKE_ANY)
            return PATTERN_LIKE;
    if (before && count == 1)
        return PATTERN_PRESENT;
    if (before)
        return after ? PATTERN_CONTAINS : PATTERN_ENDS;
    return after ? PATTERN_STARTS : PATTERN_EQUALS;
}

int pattern_shape(enum pattern_shape *shape, struct text *text, struct arena *arena, const struct pattern *value)
{
    enum pattern_shape is = shape_of(value);
    char *bytes = arena_alloc(arena, 5 * value->count + 1);
    if (bytes == NULL)
        return -ENOMEM;
    size_t length = 0;
    for (size_t i = 0; i < value->count; i++)
        if (is == PATTERN_LIKE || value->element[i] < LIKE_ANY)
            length += put_element(bytes + length, value->element[i], is == PATTERN_LIKE);
    *shape = is;
    *text = (struct text){bytes, length};
    return 0;
}
