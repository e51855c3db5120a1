#include "detect/scan_many.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a piece. */
#define PIECE 4u

/* Shortest word that is looked for by its pieces: every fifth place is then looked at. */
#define MIN_LENGTH 8u

/* Fewer words than this are faster looked for one by one. */
#define MIN_WORDS 4u

/* Of a piece's hash, 16 bits: all of it picks a bit, the upper part a list of pieces. */
#define BITS (1u << 16)
#define LISTS (1u << 12)

/* A piece of a word; pieces whose hash picks the same list are linked. */
struct piece {
    uint32_t bytes; /* folded */
    uint16_t word;
    uint16_t offset; /* in the word */
    uint32_t next;   /* index + 1 in pieces; 0: none */
};

struct scan_many {
    size_t alone_count; /* words looked for one by one; they come first */
    size_t count;
    size_t stride; /* 0: no word is looked for by its pieces */
    struct piece *pieces;
    size_t piece_count;
    uint8_t bits[BITS / 8];
    uint32_t lists[LISTS]; /* index + 1 of the first piece; 0: none */
    struct scan words[];
};

/* Folds letters to lower case, and some other bytes to what they are not: words and texts alike, so nothing is missed.
 */
static uint32_t fold(uint32_t bytes)
{
    return bytes | 0x20202020u;
}

static uint32_t hash(uint32_t folded)
{
    return (folded * 0x9E3779B1u) >> 16;
}

static uint32_t load(const unsigned char *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

/* Four units as four bytes; 0, which is in no word, if one of them is not ASCII. */
static uint32_t load_utf16(const uint16_t *units)
{
    uint64_t value;
    memcpy(&value, units, sizeof(value));
    if ((value & 0xFF80FF80FF80FF80u) != 0)
        return 0;
    value |= value >> 8;
    return (uint32_t)((value & 0xFFFF) | (value >> 16 & 0xFFFF0000u));
}

static void piece_add(struct scan_many *s, size_t word, size_t offset)
{
    uint32_t bytes = fold(load(s->words[word].word + offset)), key = hash(bytes);
    struct piece *p = &s->pieces[s->piece_count++];
    *p = (struct piece){bytes, (uint16_t)word, (uint16_t)offset, s->lists[key * LISTS / BITS]};
    s->lists[key * LISTS / BITS] = (uint32_t)s->piece_count;
    s->bits[key / 8] |= (uint8_t)(1u << key % 8);
}

/* Copies the words, short ones first. */
static void words_set(struct scan_many *s, const struct scan *words, size_t count)
{
    size_t shortest = SCAN_MAX_WORD;
    for (int is_long = 0; is_long < 2; is_long++)
        for (size_t i = 0; i < count; i++) {
            if ((words[i].length >= MIN_LENGTH && count >= MIN_WORDS) != (is_long == 1))
                continue;
            s->words[s->count++] = words[i];
            s->alone_count += is_long == 0;
            if (is_long == 1 && words[i].length < shortest)
                shortest = words[i].length;
        }
    s->stride = s->alone_count < count ? shortest - PIECE + 1 : 0;
}

int scan_many_new(struct scan_many **out, const struct scan *words, size_t count)
{
    struct scan_many *s = calloc(1, sizeof(*s) + count * sizeof(s->words[0]));
    if (s == NULL)
        return -ENOMEM;
    words_set(s, words, count);
    s->pieces = calloc((s->count - s->alone_count) * s->stride + 1, sizeof(*s->pieces));
    if (s->pieces == NULL) {
        free(s);
        return -ENOMEM;
    }
    for (size_t i = s->alone_count; i < s->count; i++)
        for (size_t offset = 0; offset < s->stride; offset++)
            piece_add(s, i, offset);
    *out = s;
    return 0;
}

void scan_many_free(struct scan_many *s)
{
    if (s == NULL)
        return;
    free(s->pieces);
    free(s);
}

/* 0 or 1. */
static unsigned has_bit(const struct scan_many *s, uint32_t bytes)
{
    uint32_t key = hash(fold(bytes));
    return (unsigned)s->bits[key / 8] >> key % 8 & 1u;
}

/* A text, in one of the two encodings. */
struct place {
    const unsigned char *bytes; /* NULL: UTF-16 */
    const uint16_t *units;
    size_t from, size;
};

/* The first occurrence of a word that covers, with a piece in the first stride, the place at; size: none. */
static size_t find_at(const struct scan_many *s, const struct place *text, uint32_t bytes, size_t at)
{
    size_t first = text->size;
    uint32_t folded = fold(bytes);
    for (uint32_t i = s->lists[hash(folded) * LISTS / BITS]; i > 0; i = s->pieces[i - 1].next) {
        const struct piece *p = &s->pieces[i - 1];
        const struct scan *word = &s->words[p->word];
        if (p->bytes != folded || at - text->from < p->offset)
            continue;
        size_t begin = at - p->offset;
        if (begin >= first || text->size - begin < word->length)
            continue;
        if (text->bytes != NULL ? scan_stands_at(word, text->bytes + begin)
                                : scan_stands_at_utf16(word, text->units + begin))
            first = begin;
    }
    return first;
}

/* By pieces, in bytes from..size-1. */
static size_t find_pieces(const struct scan_many *s, const struct place *text)
{
    const unsigned char *bytes = text->bytes;
    size_t stride = s->stride;
    for (size_t at = text->from; at + PIECE <= text->size; at += stride) {
        while (at + 3 * stride + PIECE <= text->size &&
               !(has_bit(s, load(bytes + at)) | has_bit(s, load(bytes + at + stride)) |
                 has_bit(s, load(bytes + at + 2 * stride)) | has_bit(s, load(bytes + at + 3 * stride))))
            at += 4 * stride;
        if (at + PIECE > text->size)
            break;
        uint32_t value = load(bytes + at);
        if (!has_bit(s, value))
            continue;
        size_t found = find_at(s, text, value, at);
        if (found < text->size)
            return found;
    }
    return text->size;
}

size_t scan_many_find(const struct scan_many *s, struct text bytes, size_t from)
{
    struct place text = {(const unsigned char *)bytes.bytes, NULL, from, bytes.len};
    size_t first = s->stride == 0 || bytes.len == 0 ? bytes.len : find_pieces(s, &text);
    for (size_t i = 0; i < s->alone_count; i++) {
        /* A shorter text: only what begins before the first one found matters. */
        size_t reach = first + s->words[i].length - 1 < bytes.len ? first + s->words[i].length - 1 : bytes.len;
        size_t found = scan_find(&s->words[i], (struct text){bytes.bytes, reach}, from);
        first = found < reach && found < first ? found : first;
    }
    return first;
}

bool scan_many_in_utf16(const struct scan_many *s, const uint16_t *units, size_t count)
{
    struct place text = {NULL, units, 0, count};
    for (size_t at = 0; s->stride > 0 && at + PIECE <= count; at += s->stride) {
        uint32_t value = load_utf16(units + at);
        if (has_bit(s, value) && find_at(s, &text, value, at) < count)
            return true;
    }
    for (size_t i = 0; i < s->alone_count; i++)
        if (scan_find_utf16(&s->words[i], units, count, 0) < count)
            return true;
    return false;
}
