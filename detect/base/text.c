#include "detect/base/text.h"

#include <emmintrin.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool text_equal(struct text a, struct text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.bytes, b.bytes, a.len) == 0);
}

static unsigned char fold_ascii(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool text_equal_nocase(struct text a, struct text b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (fold_ascii(a.bytes[i]) != fold_ascii(b.bytes[i]))
            return false;
    return true;
}

bool text_is_ascii(struct text text)
{
    size_t i = 0;
    for (; i + 16 <= text.len; i += 16)
        if (_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)(text.bytes + i))) != 0)
            return false;
    for (; i < text.len; i++)
        if ((unsigned char)text.bytes[i] >= 0x80)
            return false;
    return true;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct text text_trimmed(struct text text)
{
    while (text.len > 0 && is_space(text.bytes[0]))
        text = (struct text){text.bytes + 1, text.len - 1};
    while (text.len > 0 && is_space(text.bytes[text.len - 1]))
        text.len--;
    return text;
}

bool text_to_number(uint64_t *number, struct text text)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(text.bytes[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (text.len > 0)
        *number = value;
    return text.len > 0;
}

size_t text_find(struct text text, char c)
{
    const char *hit = text.len == 0 ? NULL : memchr(text.bytes, c, text.len);
    return hit == NULL ? text.len : (size_t)(hit - text.bytes);
}

struct text text_after_last(struct text text, char c)
{
    for (size_t i = text.len; i > 0; i--)
        if (text.bytes[i - 1] == c)
            return (struct text){text.bytes + i, text.len - i};
    return text;
}

size_t text_copy(char *to, size_t size, struct text text)
{
    size_t len = text.len;
    if (len >= size) {
        len = size - 1;
        while (len > 0 && ((unsigned char)text.bytes[len] & 0xC0u) == 0x80)
            len--;
    }
    if (len > 0)
        memcpy(to, text.bytes, len);
    to[len] = '\0';
    return len;
}

char *text_dup(struct text text)
{
    char *copy = malloc(text.len + 1);
    if (copy != NULL)
        (void)text_copy(copy, text.len + 1, text); /* it fits */
    return copy;
}

/*
 * Length of the well-formed sequence at bytes[0..left-1] and its code point, by the table of Unicode 15 section 3.9
 * (Table 3-7); surrogates (WTF-8) are taken as well. 0: not well-formed.
 */
static size_t decode(const unsigned char *bytes, size_t left, uint32_t *code_point)
{
    unsigned char lead = bytes[0];
    if (lead < 0x80) {
        *code_point = lead;
        return 1;
    }
    size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                    : (lead & 0xF0u) == 0xE0       ? 3
                    : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                   : 0;
    if (length == 0 || length > left)
        return 0;
    uint32_t value = lead & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0u) != 0x80)
            return 0;
        value = value << 6 | (bytes[i] & 0x3Fu);
    }
    if ((length == 3 && value < 0x800) || (length == 4 && (value < 0x10000 || value > 0x10FFFF)))
        return 0;
    *code_point = value;
    return length;
}

static bool is_surrogate(uint32_t code_point)
{
    return code_point >= 0xD800 && code_point <= 0xDFFF;
}

uint32_t text_decode(struct text text, size_t *at)
{
    uint32_t code_point;
    size_t length = decode((const unsigned char *)text.bytes + *at, text.len - *at, &code_point);
    *at += length == 0 ? 1 : length;
    return length == 0 || is_surrogate(code_point) ? TEXT_REPLACEMENT : code_point;
}

size_t text_code_points(struct text text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.len; count++)
        (void)text_decode(text, &at); /* only the step counts */
    return count;
}

size_t text_encode(char to[4], uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xC0u | c >> 6);
        to[1] = (char)(0x80u | (c & 0x3Fu));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xE0u | c >> 12);
        to[1] = (char)(0x80u | (c >> 6 & 0x3Fu));
        to[2] = (char)(0x80u | (c & 0x3Fu));
        return 3;
    }
    to[0] = (char)(0xF0u | c >> 18);
    to[1] = (char)(0x80u | (c >> 12 & 0x3Fu));
    to[2] = (char)(0x80u | (c >> 6 & 0x3Fu));
    to[3] = (char)(0x80u | (c & 0x3Fu));
    return 4;
}

struct text text_from_number(char to[TEXT_NUMBER_SIZE], uint64_t number)
{
    size_t at = TEXT_NUMBER_SIZE - 1;
    to[at] = '\0';
    do {
        to[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return (struct text){to + at, TEXT_NUMBER_SIZE - 1 - at};
}

/* Writes as many of the units as are ASCII, in steps of 8, to to; returns how many. */
static size_t narrow(char *to, const uint16_t *units, size_t count)
{
    size_t i = 0;
    for (; count - i >= 8; i += 8) {
        __m128i eight = _mm_loadu_si128((const __m128i *)(const void *)(units + i));
        __m128i high = _mm_and_si128(eight, _mm_set1_epi16((short)0xFF80));
        if (_mm_movemask_epi8(_mm_cmpeq_epi16(high, _mm_setzero_si128())) != 0xFFFF)
            break;
        _mm_storel_epi64((__m128i *)(void *)(to + i), _mm_packus_epi16(eight, eight));
    }
    return i;
}

struct text text_from_utf16(char *to, const uint16_t *units, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        size_t ascii = narrow(to + len, units + i, count - i);
        len += ascii;
        i += ascii;
        if (i == count)
            break;
        uint32_t c = units[i];
        if (c >= 0xD800 && c <= 0xDBFF && i + 1 < count && units[i + 1] >= 0xDC00 && units[i + 1] <= 0xDFFF)
            c = 0x10000 + ((c - 0xD800) << 10) + (units[++i] - 0xDC00u);
        len += text_encode(to + len, c);
    }
    to[len] = '\0';
    return (struct text){to, len};
}

int text_to_utf16(uint16_t **out, size_t *units, struct text text)
{
    uint16_t *to = malloc((text.len + 1) * sizeof(*to)); /* a byte makes at most one unit */
    if (to == NULL)
        return -ENOMEM;
    size_t count = 0;
    for (size_t at = 0; at < text.len;) {
        uint32_t c;
        size_t length = decode((const unsigned char *)text.bytes + at, text.len - at, &c);
        at += length == 0 ? 1 : length;
        if (length == 0)
            c = TEXT_REPLACEMENT;
        if (c >= 0x10000) {
            to[count++] = (uint16_t)(0xD800 + ((c - 0x10000) >> 10));
            to[count++] = (uint16_t)(0xDC00 + ((c - 0x10000) & 0x3FF));
        } else {
            to[count++] = (uint16_t)c;
        }
    }
    to[count] = 0;
    *out = to;
    if (units != NULL)
        *units = count;
    return 0;
}
