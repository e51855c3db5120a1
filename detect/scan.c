#include "detect/scan.h"

#include <emmintrin.h>

/* Letters from common to rare in English text and in event XML; what is not listed (digits, punctuation) is common too.
 */
static const char common_to_rare[] = "etaoinsrlcdmhupgbfwkvyxzjq";

static unsigned char fold(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

static unsigned rarity(unsigned char c)
{
    for (unsigned i = 0; common_to_rare[i] != '\0'; i++)
        if ((unsigned char)common_to_rare[i] == c)
            return i + 1;
    return 0;
}

bool scan_set(struct scan *scan, struct text word)
{
    if (word.len == 0 || word.len > SCAN_MAX_WORD)
        return false;
    *scan = (struct scan){.length = word.len};
    for (size_t i = 0; i < word.len; i++) {
        if ((unsigned char)word.bytes[i] >= 0x80)
            return false;
        scan->word[i] = fold((unsigned char)word.bytes[i]);
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

static bool stands_at(const struct scan *scan, const unsigned char *at)
{
    for (size_t i = 0; i < scan->length; i++)
        if (fold(at[i]) != scan->word[i])
            return false;
    return true;
}

/* Bytes equal to the folded letter c in either case: for letters OR with 0x20 folds; others are compared as they are.
 */
static __m128i equal(__m128i bytes, unsigned char c)
{
    __m128i fold_bit = _mm_set1_epi8(c >= 'a' && c <= 'z' ? 0x20 : 0);
    return _mm_cmpeq_epi8(_mm_or_si128(bytes, fold_bit), _mm_set1_epi8((char)c));
}

size_t scan_find(const struct scan *scan, struct text bytes, size_t from)
{
    const unsigned char *base = (const unsigned char *)bytes.bytes;
    if (bytes.len < scan->length)
        return bytes.len;
    size_t last = bytes.len - scan->length; /* the last place where it can begin */
    size_t i = from;
    /* 16 beginnings at a time: those whose two probe bytes fit are looked at whole. */
    for (; i <= last && last - i >= 15; i += 16) {
        __m128i first = _mm_loadu_si128((const __m128i *)(const void *)(base + i + scan->probe[0]));
        __m128i second = _mm_loadu_si128((const __m128i *)(const void *)(base + i + scan->probe[1]));
        unsigned mask = (unsigned)_mm_movemask_epi8(
            _mm_and_si128(equal(first, scan->word[scan->probe[0]]), equal(second, scan->word[scan->probe[1]])));
        for (; mask != 0; mask &= mask - 1) {
            size_t candidate = i + (size_t)__builtin_ctz(mask);
            if (stands_at(scan, base + candidate))
                return candidate;
        }
    }
    for (; i <= last; i++)
        if (stands_at(scan, base + i))
            return i;
    return bytes.len;
}
