#include "detect/rule/trace.h"

#include "detect/base/unicode.h"
#include "detect/event/kinds.h"
#include "detect/search/scan_many.h"
#include "detect/search/words.h"

#include <errno.h>
#include <stdlib.h>

/* What XML writes otherwise. */
#define XML_SIGNS "<>&\"'"

struct list {
    struct text *words;
    size_t count, room;
};

struct folding {
    uint32_t from, to;
};

/* Unicode 15 has 1,500 of them, and few come with each version. */
#define MAX_FOLDINGS 4096

struct traces {
    struct words *words;   /* NULL: nothing, or few has them */
    struct scan_many *few; /* the same where there are few: faster then */
    struct arena *arena;   /* words that are made here */
    struct folding *foldings;
    size_t folding_count;
    bool *is_traced; /* of each leg */
    bool is_open;    /* some leg may be true of any bytes */
    bool has_wide;   /* words that are not ASCII alone */
    size_t size;
};

/* Memory for words that are made, bytes. */
#define MAX_MADE ((size_t)16 << 20)

static int add_word(struct list *list, struct text word)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 256 : list->room * 2;
        struct text *bigger = realloc(list->words, room * sizeof(*bigger));
        if (bigger == NULL)
            return -ENOMEM;
        list->words = bigger;
        list->room = room;
    }
    list->words[list->count++] = word;
    return 0;
}

/* The letters beyond ASCII that fold into others; made when they are first needed. */
static int find_foldings(struct traces *t)
{
    /* Blocks that have letter case lie below the first; above them Deseret to Adlam (CaseFolding.txt). */
    static const uint32_t ranges[][2] = {{0x80, 0x2E7F}, {0xA640, 0xABFF}, {0xF900, 0xFFFF}, {0x10400, 0x1E943}};
    t->foldings = arena_alloc(t->arena, MAX_FOLDINGS * sizeof(*t->foldings));
    if (t->foldings == NULL)
        return -ENOMEM;
    for (size_t r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++)
        for (uint32_t c = ranges[r][0]; c <= ranges[r][1]; c++) {
            uint32_t folded = unicode_fold(c);
            if (folded == c)
                continue;
            if (t->folding_count == MAX_FOLDINGS)
                return -E2BIG;
            t->foldings[t->folding_count++] = (struct folding){c, folded};
        }
    return 0;
}

static int add_letter(struct traces *t, struct list *list, uint32_t c)
{
    char bytes[4];
    struct text word = arena_text(t->arena, (struct text){bytes, text_encode(bytes, c)});
    return word.bytes == NULL ? -ENOMEM : add_word(list, word);
}

/* Each spelling of a letter that is not ASCII. */
static int add_spellings(struct traces *t, struct list *list, uint32_t folded)
{
    int rc = t->foldings == NULL ? find_foldings(t) : 0;
    if (rc == 0)
        rc = add_letter(t, list, folded);
    for (size_t i = 0; rc == 0 && i < t->folding_count; i++)
        if (t->foldings[i].to == folded)
            rc = add_letter(t, list, t->foldings[i].from);
    return rc;
}

/* Adds what stands in the XML of an event if the literal stands in its column; *is_known false: nothing does, or the
 * column's text is made by us and written otherwise in the log. */
static int add_literal(struct traces *t, struct list *list, bool *is_known, const struct columns *columns,
                       const struct expr_literal *literal)
{
    const struct column *column = column_at(columns, literal->column);
    bool is_json = column->kind == COLUMN_SYSTEM && column->system == COLUMN_EVENT_DATA;
    const char *without = is_json ? XML_SIGNS "\\" : XML_SIGNS;
    *is_known = column->kind != COLUMN_FIELD || !event_field_is_made(column->field);
    if (!*is_known)
        return 0;
    struct text part = words_part(literal->text, without, false);
    if (part.bytes == NULL)
        part = words_part(literal->text, without, true);
    if (part.bytes != NULL)
        return add_word(list, part);
    for (size_t at = 0; at < literal->text.len;) {
        uint32_t c = text_decode(literal->text, &at);
        if (c >= 0x80)
            return add_spellings(t, list, c);
    }
    *is_known = false;
    return 0;
}

/* Of a leg nothing of which can be looked for: its events name their provider or channel. */
static int add_marks(struct traces *t, struct list *list, const struct leg *leg)
{
    for (size_t s = 0; s < leg->source_count; s++) {
        const struct leg_source *source = &leg->sources[s];
        struct text mark = source->provider.bytes != NULL ? source->provider : source->channel;
        for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++) {
            if ((source->kinds & UINT64_C(1) << kind) == 0)
                continue;
            struct text part =
                words_part(mark.bytes != NULL ? mark : kinds_provider((enum event_kind)kind), XML_SIGNS, false);
            if (part.bytes == NULL && kind != EVENT_ETW_PROCESS) /* which stands in no file */
                t->is_open = true;
            int rc = part.bytes == NULL ? 0 : add_word(list, part);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

static int add_leg(struct traces *t, struct list *list, const struct columns *columns, const struct leg *leg,
                   const struct expr_needs *needs, bool *is_traced)
{
    size_t before = list->count;
    bool is_known = needs != NULL;
    for (size_t i = 0; is_known && i < needs->count; i++) {
        int rc = add_literal(t, list, &is_known, columns, &needs->literals[i]);
        if (rc < 0)
            return rc;
    }
    if (!is_known) {
        list->count = before;
        return add_marks(t, list, leg);
    }
    *is_traced = true;
    for (size_t i = before; i < list->count; i++)
        *is_traced = *is_traced && text_is_ascii(list->words[i]);
    return 0;
}

static int by_bytes(const void *a, const void *b)
{
    const struct text *x = a, *y = b;
    int order = memcmp(x->bytes, y->bytes, x->len < y->len ? x->len : y->len);
    return order != 0 ? order : x->len < y->len ? -1 : x->len > y->len;
}

/* Most words that are looked for by few. */
#define MAX_FEW 4

/* Makes t->few, if all words can be looked for that way. */
static int make_few(struct traces *t, const struct list *list, size_t count)
{
    struct scan scans[MAX_FEW];
    for (size_t i = 0; i < count; i++)
        if (!scan_set(&scans[i], list->words[i]))
            return 0;
    return scan_many_new(&t->few, scans, count);
}

/* The words, each once. */
static int make(struct traces *t, struct list *list)
{
    size_t count = 0;
    if (list->count == 0)
        return 0;
    qsort(list->words, list->count, sizeof(list->words[0]), by_bytes);
    for (size_t i = 0; i < list->count; i++)
        if (i == 0 || !text_equal(list->words[i], list->words[count - 1]))
            list->words[count++] = list->words[i];
    for (size_t i = 0; i < count; i++)
        t->has_wide = t->has_wide || !text_is_ascii(list->words[i]);
    int rc = count <= MAX_FEW ? make_few(t, list, count) : 0;
    if (rc < 0 || t->few != NULL)
        return rc;
    rc = words_new(&t->words, list->words, count);
    t->size += rc == 0 ? words_size(t->words) : 0;
    return rc;
}

int traces_new(struct traces **out, const struct columns *columns, const struct leg *const *legs, size_t count,
               const struct candidates *candidates)
{
    struct list list = {0};
    struct traces *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return -ENOMEM;
    t->is_traced = calloc(count + 1, sizeof(*t->is_traced));
    int rc = t->is_traced == NULL ? -ENOMEM : arena_new(&t->arena, MAX_MADE);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = add_leg(t, &list, columns, legs[i], candidates_needs(candidates, i), &t->is_traced[i]);
    if (rc == 0)
        rc = make(t, &list);
    free(list.words);
    if (rc < 0) {
        traces_free(t);
        return rc;
    }
    *out = t;
    return 0;
}

void traces_free(struct traces *t)
{
    if (t == NULL)
        return;
    words_free(t->words);
    scan_many_free(t->few);
    arena_free(t->arena);
    free(t->is_traced);
    free(t);
}

bool traces_of(const struct traces *t, size_t leg)
{
    return t->is_traced[leg];
}

size_t traces_find(const struct traces *t, struct text bytes, size_t from)
{
    if (t->is_open)
        return from;
    if (t->few != NULL)
        return scan_many_find(t->few, bytes, from);
    return t->words == NULL ? bytes.len : words_find(t->words, bytes, from);
}

static bool is_ascii(const uint16_t *units, size_t count)
{
    uint16_t all = 0;
    for (size_t i = 0; i < count; i++)
        all |= units[i];
    return all < 0x80;
}

bool traces_in_utf16(const struct traces *t, const uint16_t *units, size_t count)
{
    if (t->is_open || (t->few != NULL && scan_many_in_utf16(t->few, units, count)) ||
        (t->words != NULL && words_in_utf16(t->words, units, count)))
        return true;
    return t->has_wide && !is_ascii(units, count);
}

size_t traces_size(const struct traces *t)
{
    return t->size;
}
