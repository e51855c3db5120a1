#include "detect/search/scan_steps.h"

#include <emmintrin.h>

/* Bytes compared at once where the word is long enough. */
#define PART 16u

/* Letters from common to rare in English text and in event XML; what is not listed (digits, punctuation) is common too.
 * Beyond ASCII the bytes that end a sign tell signs apart, those that begin it are the same for most. */
static const char common_to_rare[] = "etaoinsrlcdmhupgbfwkvyxzjq";

static bool is_letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static unsigned rarity(unsigned char c)
{
    for (unsigned i = 0; common_to_rare[i] != '\0'; i++)
        if ((unsigned char)common_to_rare[i] == c)
            return i + 1;
    return c < 0x80 ? 0 : (unsigned)sizeof(common_to_rare) + (c < 0xC0) + (c < 0xC0 && c != 0x9F);
}

bool scan_set(struct scan *scan, struct text word)
{
    return text_is_ascii(word) && scan_set_bytes(scan, word);
}

bool scan_set_bytes(struct scan *scan, struct text word)
{
    if (word.len == 0 || word.len > SCAN_MAX_WORD)
        return false;
    *scan = (struct scan){.length = word.len, .lanes = lanes_here()};
    for (size_t i = 0; i < word.len; i++) {
        unsigned char c = (unsigned char)word.bytes[i];
        if (c == 0)
            return false;
        scan->letters[i] = is_letter(c) ? 0x20 : 0;
        scan->word[i] = c | scan->letters[i];
    }
    for (size_t i = 1; i < word.len; i++)
        if (rarity(scan->word[i]) > rarity(scan->word[scan->probe[0]]))
            scan->probe[0] = i;
    scan->probe[1] = scan->probe[0] == 0 && word.len > 1 ? 1 : 0;
    for (size_t i = 0; i < word.len; i++)
        if (i != scan->probe[0] && rarity(scan->word[i]) > rarity(scan->word[scan->probe[1]]))
            scan->probe[1] = i;
    return true;
}

/* Are PART bytes, put in lower case where the word has letters, the word's from offset at on? */
static bool fits(const struct scan *scan, size_t at, __m128i bytes)
{
    __m128i letters = _mm_loadu_si128((const __m128i *)(const void *)(scan->letters + at));
    __m128i word = _mm_loadu_si128((const __m128i *)(const void *)(scan->word + at));
    return _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_or_si128(bytes, letters), word)) == 0xFFFF;
}

static __m128i load(const void *at)
{
    return _mm_loadu_si128((const __m128i *)at);
}

/* PART units as bytes: what is not ASCII becomes 0 or 0xFF, which no word has. */
static __m128i load_utf16(const uint16_t *units)
{
    return _mm_packus_epi16(load(units), load(units + PART / 2));
}

bool scan_stands_at(const struct scan *scan, const unsigned char *bytes)
{
    if (scan->length < PART) {
        for (size_t i = 0; i < scan->length; i++)
            if ((bytes[i] | scan->letters[i]) != scan->word[i])
                return false;
        return true;
    }
    size_t last = scan->length - PART;
    for (size_t i = 0; i < last; i += PART)
        if (!fits(scan, i, load(bytes + i)))
            return false;
    return fits(scan, last, load(bytes + last));
}

bool scan_stands_at_utf16(const struct scan *scan, const uint16_t *units)
{
    if (scan->length < PART) {
        for (size_t i = 0; i < scan->length; i++)
            if ((units[i] | scan->letters[i]) != scan->word[i])
                return false;
        return true;
    }
    size_t last = scan->length - PART;
    for (size_t i = 0; i < last; i += PART)
        if (!fits(scan, i, load_utf16(units + i)))
            return false;
    return fits(scan, last, load_utf16(units + last));
}

size_t scan_find(const struct scan *scan, struct text bytes, size_t from)
{
    const unsigned char *base = (const unsigned char *)bytes.bytes;
    if (bytes.len < scan->length)
        return bytes.len;
    size_t last = bytes.len - scan->length; /* the last place where it can begin */
    if (scan->lanes == LANES_AVX2)
        from = scan_steps_avx2(scan, base, from, last);
    if (scan->lanes >= LANES_SSE2)
        from = scan_steps_sse2(scan, base, from, last);
    for (; from <= last; from++)
        if (scan_stands_at(scan, base + from))
            return from;
    return bytes.len;
}

size_t scan_find_utf16(const struct scan *scan, const uint16_t *units, size_t count, size_t from)
{
    if (count < scan->length)
        return count;
    size_t last = count - scan->length;
    if (scan->lanes == LANES_AVX2)
        from = scan_steps_utf16_avx2(scan, units, from, last);
    if (scan->lanes >= LANES_SSE2)
        from = scan_steps_utf16_sse2(scan, units, from, last);
    for (; from <= last; from++)
        if (scan_stands_at_utf16(scan, units + from))
            return from;
    return count;
}
