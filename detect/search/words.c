#include "detect/search/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How the words are known, by their length. */
enum form { FORM_LONG, FORM_SHORT, FORM_THREE, FORM_TWO, FORM_ONE, FORM_COUNT };

#define LONG_LENGTH 7 /* four keys at neighbouring places */
#define LONG_STRIDE 4

/* One way to know a word: the key of four bytes of it, and where in the word they stand. */
struct entry {
    uint32_t key;
    uint32_t word;
    uint32_t next; /* of the same slot; NONE ends */
    uint32_t at;
};

#define NONE UINT32_MAX

/* The entries of one form. bits is hashed finer than slots, so that few places get as far as the slots. */
struct table {
    uint64_t *bits;
    uint32_t *slots;
    struct entry *entries;
    size_t count;
    unsigned bit_shift, slot_shift; /* how far a hash is moved to the right */
};

struct words {
    size_t count;
    struct text *words; /* folded */
    char *letters;      /* their bytes */
    struct table tables[FORM_COUNT];
    size_t size;
};

/* What stands often in Windows events; a key of such bytes would be met all the time. */
static const char *const common[] = {
    ".exe", "exe\"", "exe ", "\\win", "wind", "indo",  "ndow",  "dows",  "ows\\", "ws\\s", "s\\sy", "\\sys",
    "syst", "yste",  "stem", "tem3",  "em32", "m32\\", "c:\\w", "c:\\p", ":\\wi", ":\\pr", "prog",  "rogr",
    "ogra", "gram",  "ram ", "am f",  "m fi", " fil",  "file",  "iles",  "micr",  "icro",  "cros",  "roso",
    "osof", "soft",  "serv", "ervi",  "rvic", "vice",  "data",  "http",  "ttps",  "name",  "user",  "sers",
    "host", "<dat",  "data", "ata>",  "ata ", "/dat",  " nam",  "ame=",  "powe",  "ower",  "wers",  "ersh",
    "rshe", "shel",  "hell", "ell.",  "ll.e", "l.ex",  "comm",  "omma",  "mman",  "mand",  "cmd.",  "md.e",
    "d.ex", "proc",  "roce", "oces",  "cess", "----",  "    ",  "0000",
};

static unsigned char fold(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* Four bytes in any letter case: other signs fall together too, which the comparison after it sets right. */
static uint32_t key_at(const char *bytes)
{
    uint32_t key;
    memcpy(&key, bytes, sizeof(key));
    return key | 0x20202020u;
}

/* The same of one to three bytes. */
static uint32_t short_key_at(const char *bytes, size_t count)
{
    uint32_t key = (unsigned char)bytes[0];
    if (count > 1)
        key |= (uint32_t)(unsigned char)bytes[1] << 8;
    if (count > 2)
        key |= (uint32_t)(unsigned char)bytes[2] << 16;
    return key | 0x202020u;
}

static uint32_t hash(uint32_t key)
{
    return key * 2654435761u;
}

static enum form form_of(size_t length)
{
    static const enum form forms[] = {FORM_ONE, FORM_ONE, FORM_TWO, FORM_THREE};
    return length >= LONG_LENGTH ? FORM_LONG : length > 3 ? FORM_SHORT : forms[length];
}

/* How often the four bytes are met, by guess: letters more often than other signs, the common ones by far. */
static unsigned weight(const char *bytes)
{
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        if (memcmp(bytes, common[i], 4) == 0)
            sum += 100;
    for (size_t i = 0; i < 4; i++)
        sum += strchr("etaoinsrlcdm\\ ./", bytes[i]) != NULL ? 3 : strchr("hpufgwyb01", bytes[i]) != NULL ? 2 : 1;
    return sum;
}

/* The place in word at which keys neighbouring keys are rarest. */
static size_t best_place(struct text word, size_t keys)
{
    size_t best = 0;
    unsigned least = UINT32_MAX;
    for (size_t at = 0; at + keys + 3 <= word.len; at++) {
        unsigned sum = 0;
        for (size_t i = 0; i < keys; i++)
            sum += weight(word.bytes + at + i);
        if (sum < least) {
            least = sum;
            best = at;
        }
    }
    return best;
}

static void add_entry(struct table *table, uint32_t key, uint32_t word, size_t at)
{
    uint32_t h = hash(key);
    uint32_t bit = h >> table->bit_shift;
    uint32_t *slot = &table->slots[h >> table->slot_shift];
    table->bits[bit / 64] |= UINT64_C(1) << bit % 64;
    table->entries[table->count] = (struct entry){key, word, *slot, (uint32_t)at};
    *slot = (uint32_t)table->count++;
}

static void add_word(struct words *w, uint32_t number)
{
    struct text word = w->words[number];
    enum form form = form_of(word.len);
    struct table *table = &w->tables[form];
    if (form > FORM_SHORT) {
        add_entry(table, short_key_at(word.bytes, word.len), number, 0);
        return;
    }
    size_t keys = form == FORM_LONG ? LONG_STRIDE : 1;
    size_t at = best_place(word, keys);
    for (size_t i = 0; i < keys; i++)
        add_entry(table, key_at(word.bytes + at + i), number, at + i);
}

/* Room for count entries: sixteen bits and about a slot for each. */
static int make_table(struct words *w, struct table *table, size_t count)
{
    unsigned slot_bits = 4;
    while ((size_t)1 << slot_bits < count && slot_bits < 20)
        slot_bits++;
    unsigned bit_bits = slot_bits + 4;
    if (count == 0)
        return 0;
    table->bits = calloc((size_t)1 << (bit_bits - 6), sizeof(uint64_t));
    table->slots = malloc(((size_t)1 << slot_bits) * sizeof(uint32_t));
    table->entries = calloc(count, sizeof(struct entry));
    if (table->bits == NULL || table->slots == NULL || table->entries == NULL)
        return -ENOMEM;
    memset(table->slots, 0xFF, ((size_t)1 << slot_bits) * sizeof(uint32_t));
    table->bit_shift = 32 - bit_bits;
    table->slot_shift = 32 - slot_bits;
    w->size += ((size_t)1 << bit_bits) / 8 + ((size_t)1 << slot_bits) * sizeof(uint32_t) + count * sizeof(struct entry);
    return 0;
}

/* Copies the words, folded. */
static int copy_words(struct words *w, const struct text *words, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += words[i].len > WORDS_MAX ? WORDS_MAX : words[i].len;
    w->words = calloc(count + 1, sizeof(*w->words));
    w->letters = malloc(size + 1);
    if (w->words == NULL || w->letters == NULL)
        return -ENOMEM;
    char *to = w->letters;
    for (size_t i = 0; i < count; i++) {
        size_t length = words[i].len > WORDS_MAX ? WORDS_MAX : words[i].len;
        if (length == 0)
            return -EINVAL;
        for (size_t b = 0; b < length; b++)
            to[b] = (char)fold(words[i].bytes[b]);
        w->words[i] = (struct text){to, length};
        to += length;
    }
    w->count = count;
    w->size += size + count * sizeof(*w->words);
    return 0;
}

int words_new(struct words **out, const struct text *words, size_t count)
{
    struct words *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return -ENOMEM;
    size_t entries[FORM_COUNT] = {0};
    int rc = copy_words(w, words, count);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        enum form form = form_of(w->words[i].len);
        entries[form] += form == FORM_LONG ? LONG_STRIDE : 1;
    }
    for (size_t i = 0; rc == 0 && i < FORM_COUNT; i++)
        rc = make_table(w, &w->tables[i], entries[i]);
    if (rc < 0) {
        words_free(w);
        return rc;
    }
    for (size_t i = 0; i < count; i++)
        add_word(w, (uint32_t)i);
    *out = w;
    return 0;
}

void words_free(struct words *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < FORM_COUNT; i++) {
        free(w->tables[i].bits);
        free(w->tables[i].slots);
        free(w->tables[i].entries);
    }
    free(w->words);
    free(w->letters);
    free(w);
}

size_t words_size(const struct words *w)
{
    return sizeof(*w) + w->size;
}

/* Does word stand at begin of text? */
static bool stands_at(struct text word, struct text text, size_t begin)
{
    if (text.len - begin < word.len)
        return false;
    for (size_t i = 0; i < word.len; i++)
        if (fold(text.bytes[begin + i]) != (unsigned char)word.bytes[i])
            return false;
    return true;
}

/* What a search does with a word that stands at begin; true: it has seen enough. */
struct search {
    const struct words *w;
    struct text text;
    size_t from;
    size_t found;                              /* words_find: where; text.len: nowhere yet */
    void (*hit)(void *context, uint32_t word); /* NULL: the first one ends the search */
    void *context;
};

static bool look(struct search *s, const struct table *table, uint32_t key, size_t at)
{
    for (uint32_t i = table->slots[hash(key) >> table->slot_shift]; i != NONE; i = table->entries[i].next) {
        const struct entry *entry = &table->entries[i];
        if (entry->key != key || at < entry->at || at - entry->at < s->from ||
            !stands_at(s->w->words[entry->word], s->text, at - entry->at))
            continue;
        if (s->hit == NULL) {
            s->found = at - entry->at;
            return true;
        }
        s->hit(s->context, entry->word);
    }
    return false;
}

static bool is_set(const struct table *table, uint32_t key)
{
    uint32_t bit = hash(key) >> table->bit_shift;
    return (table->bits[bit / 64] >> bit % 64 & 1) != 0;
}

/* Looks at every stride-th place from begin to end, whose keys can be read whole. */
static void run(struct search *s, const struct table *table, size_t begin, size_t end, size_t stride)
{
    for (size_t at = begin; at < end; at += stride) {
        uint32_t key = key_at(s->text.bytes + at);
        if (is_set(table, key) && look(s, table, key, at))
            return;
    }
}

/* The words of count bytes, one to three, which begin from begin to end. */
static void run_few(struct search *s, const struct table *table, size_t begin, size_t end, size_t count)
{
    for (size_t at = begin; at < end; at++) {
        uint32_t key = short_key_at(s->text.bytes + at, count);
        if (is_set(table, key) && look(s, table, key, at))
            return;
    }
}

/* Each table's pass over the part of the text that begins at begin. */
static void run_all(struct search *s, size_t begin, size_t end)
{
    size_t length = s->text.len;
    if (s->w->tables[FORM_LONG].count > 0 && length >= LONG_LENGTH)
        run(s, &s->w->tables[FORM_LONG], begin, end < length - 3 ? end : length - 3, LONG_STRIDE);
    if (s->w->tables[FORM_SHORT].count > 0 && length >= 4 && s->found == length)
        run(s, &s->w->tables[FORM_SHORT], begin, end < length - 3 ? end : length - 3, 1);
    for (size_t count = 3; count > 0; count--) {
        const struct table *table = &s->w->tables[form_of(count)];
        if (table->count > 0 && length >= count && s->found == length)
            run_few(s, table, begin, end < length - count + 1 ? end : length - count + 1, count);
    }
}

void words_each(const struct words *w, struct text text, void (*hit)(void *context, uint32_t word), void *context)
{
    struct search s = {.w = w, .text = text, .found = text.len, .hit = hit, .context = context};
    run_all(&s, 0, text.len);
}

/* A search goes forward in pieces of this many bytes, so that what the short words' pass finds is near what the long
 * words' pass found. */
#define PIECE ((size_t)4096)

size_t words_find(const struct words *w, struct text text, size_t from)
{
    struct search s = {.w = w, .text = text, .from = from, .found = text.len};
    for (size_t begin = from; begin < text.len && s.found == text.len; begin += PIECE)
        run_all(&s, begin, begin + PIECE);
    return s.found;
}

bool words_in_utf16(const struct words *w, const uint16_t *units, size_t count)
{
    char narrow[PIECE];
    for (size_t begin = 0; begin < count; begin += PIECE - WORDS_MAX) {
        size_t part = count - begin < PIECE ? count - begin : PIECE;
        for (size_t i = 0; i < part; i++)
            narrow[i] = (char)(units[begin + i] < 0x80 ? units[begin + i] : 0x80);
        struct search s = {.w = w, .text = {narrow, part}, .found = part};
        run_all(&s, 0, part);
        if (s.found < part)
            return true;
        if (count - begin <= PIECE)
            break;
    }
    return false;
}

/* Blocks without letters that have a case (unicode.org/Public/UNIDATA/CaseFolding.txt names none in them). */
static bool is_caseless(uint32_t c)
{
    static const uint32_t ranges[][2] = {{0x2010, 0x205E}, {0x2190, 0x245F}, {0x2500, 0x2BFF},   {0x2E80, 0xA4CF},
                                         {0xAC00, 0xD7A3}, {0xFE00, 0xFE0F}, {0x1F000, 0x1F0FF}, {0x1F200, 0x1FAFF}};
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
}

/* Is the character at *at good to look for? *at moves after it. */
static bool is_good(struct text text, size_t *at, const char *without, bool has_signs)
{
    char c = text.bytes[*at];
    if ((unsigned char)c >= 0x80)
        return is_caseless(text_decode(text, at)) && has_signs;
    ++*at;
    return c >= ' ' && c < 0x7F && strchr(without, c) == NULL;
}

struct text words_part(struct text text, const char *without, bool has_signs)
{
    struct text best = {NULL, 0};
    for (size_t at = 0; at < text.len;) {
        size_t begin = at, end = at;
        while (at < text.len && is_good(text, &at, without, has_signs))
            end = at;
        if (end - begin >= WORDS_PART_MIN && end - begin > best.len)
            best = (struct text){text.bytes + begin, end - begin};
    }
    return best;
}
