#include "detect/search/scan_many.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a piece. Shorter ones stand too often in texts that have the words' everyday parts ("Comm", "User"). */
#define PIECE 6u

/* Shortest word that is looked for by its pieces: every third place is then looked at. */
#define MIN_LENGTH 8u

/* A word that is the only one is faster looked for by itself. */
#define MIN_WORDS 2u

/* Values that a piece's hash has. Most pieces of a text are none of a word's by it alone, and the table of it stays in
 * the first cache. */
#define HASH_BITS 15

/* A piece of a word. */
struct piece {
    uint64_t bytes; /* folded */
    uint16_t word;
    uint16_t offset; /* in the word */
    uint32_t next;   /* index + 1 in pieces of another one with its hash; 0: none */
};

struct scan_many {
    size_t alone_count; /* words looked for one by one; they come first */
    size_t count;
    size_t stride; /* 0: no word is looked for by its pieces */
    struct piece *pieces;
    size_t piece_count;
    uint8_t is_piece[1u << HASH_BITS]; /* 1: a piece has this hash; else 0 */
    uint32_t first[1u << HASH_BITS];   /* index + 1 of the first one; 0: none */
    struct scan words[];
};

/* The first PIECE bytes, letters folded to upper case, and some other bytes to what they are not: words and texts
 * alike, so nothing is missed. */
static uint64_t fold(uint64_t bytes)
{
    return bytes & 0xDFDFDFDFDFDFu;
}

static uint32_t hash(uint64_t folded)
{
    return (uint32_t)((folded * 0x9E3779B97F4A7C15u) >> (64 - HASH_BITS));
}

static uint64_t load(const unsigned char *bytes)
{
    uint64_t value = 0;
    memcpy(&value, bytes, PIECE);
    return value;
}

/* The same and two bytes more, faster, where eight bytes can be read. */
static uint64_t load_inside(const unsigned char *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

/* Units as bytes; 0, which is in no word, if one of them is not ASCII. */
static uint64_t load_utf16(const uint16_t *units)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < PIECE; i++) {
        if (units[i] >= 0x80)
            return 0;
        value |= (uint64_t)units[i] << 8 * i;
    }
    return value;
}

static void piece_add(struct scan_many *s, size_t word, size_t offset)
{
    uint64_t bytes = fold(load(s->words[word].word + offset));
    uint32_t key = hash(bytes);
    struct piece *p = &s->pieces[s->piece_count++];
    *p = (struct piece){bytes, (uint16_t)word, (uint16_t)offset, s->first[key]};
    s->first[key] = (uint32_t)s->piece_count;
    s->is_piece[key] = 1;
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
static unsigned may_be_piece(const struct scan_many *s, uint64_t bytes)
{
    return s->is_piece[hash(fold(bytes))];
}

/* A text, in one of the two encodings. */
struct place {
    const unsigned char *bytes; /* NULL: UTF-16 */
    const uint16_t *units;
    size_t from, size;
};

/* The first occurrence of a word that covers, with a piece in the first stride, the place at; size: none. */
static size_t find_at(const struct scan_many *s, const struct place *text, uint64_t bytes, size_t at)
{
    size_t first = text->size;
    uint64_t folded = fold(bytes);
    for (uint32_t i = s->first[hash(folded)]; i > 0; i = s->pieces[i - 1].next) {
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
    size_t stride = s->stride, ahead = 3 * stride + sizeof(uint64_t), at = text->from;
    for (; at + ahead <= text->size; at += 4 * stride) { /* as nearly everywhere */
        const unsigned char *four = bytes + at;
        unsigned first = may_be_piece(s, load_inside(four)), second = may_be_piece(s, load_inside(four + stride)),
                 third = may_be_piece(s, load_inside(four + 2 * stride)),
                 fourth = may_be_piece(s, load_inside(four + 3 * stride));
        if ((first | second | third | fourth) == 0)
            continue;
        for (unsigned which = first | second << 1 | third << 2 | fourth << 3; which != 0; which &= which - 1) {
            size_t place = at + (size_t)__builtin_ctz(which) * stride;
            size_t found = find_at(s, text, load_inside(bytes + place), place);
            if (found < text->size)
                return found;
        }
    }
    for (; at + PIECE <= text->size; at += stride) {
        uint64_t value = load(bytes + at);
        size_t found = may_be_piece(s, value) != 0 ? find_at(s, text, value, at) : text->size;
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
        uint64_t value = load_utf16(units + at);
        if (may_be_piece(s, value) != 0 && find_at(s, &text, value, at) < count)
            return true;
    }
    for (size_t i = 0; i < s->alone_count; i++)
        if (scan_find_utf16(&s->words[i], units, count, 0) < count)
            return true;
    return false;
}
