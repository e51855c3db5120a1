#include "detect/rule/candidates.h"

#include "detect/event/kinds.h"
#include "detect/search/scan_many.h"
#include "detect/search/words.h"

#include <errno.h>
#include <stdlib.h>

/* What XML writes otherwise. */
#define XML_SIGNS "<>&\"'"

/* What JSON writes otherwise, as the text of all data together is JSON to KQL. */
#define JSON_SIGNS "\"\\"

/* "If word stands in column, leg may be true." */
struct item {
    unsigned column;
    struct text word;
    uint32_t leg;
};

struct items {
    struct item *list;
    size_t count, room;
};

/* The words of one column and the legs of each. */
struct column_words {
    unsigned column;
    uint64_t kinds; /* of the legs */
    struct words *words;
    uint32_t *first; /* of word w: legs[first[w]] to legs[first[w + 1] - 1] */
    uint32_t *legs;
};

struct candidates {
    const struct columns *columns;
    struct arena *arena; /* the needs */
    const struct expr_needs **needs;
    size_t leg_count;
    struct column_words *by_column;
    size_t column_count;
    uint32_t *always[EVENT_KIND_COUNT];
    size_t always_count[EVENT_KIND_COUNT];
    struct words *raw;     /* what is looked for in whole files; NULL: nothing, or few has it */
    struct scan_many *few; /* the same where there are few words: faster then; NULL: raw has it, or nothing */
    bool is_raw_open;      /* some leg may be true of any bytes */
    size_t size;
};

/* Memory for what the legs need at most, bytes. */
#define MAX_NEEDS ((size_t)256 << 20)

static uint64_t kinds_of(const struct leg *leg)
{
    uint64_t kinds = 0;
    for (size_t i = 0; i < leg->source_count; i++)
        kinds |= leg->sources[i].kinds;
    return kinds;
}

/* The part of a literal that is looked for in the values of its column; absent: it can't be. */
static struct text part_for_values(const struct columns *columns, const struct expr_literal *literal)
{
    const struct column *column = column_at(columns, literal->column);
    if (column->kind != COLUMN_SYSTEM || column->system == COLUMN_ALL_DATA)
        return words_part(literal->text, "", true);
    if (column->system == COLUMN_EVENT_DATA)
        return words_part(literal->text, JSON_SIGNS, false);
    return (struct text){NULL, 0};
}

bool candidates_is_raw(const struct expr_literal *literal)
{
    return words_part(literal->text, XML_SIGNS, false).bytes != NULL;
}

/* The part that stands in the XML of an event as it stands in the column; absent: there is none, or the column's text
 * is made by us and written otherwise in the log. */
static struct text part_for_bytes(const struct columns *columns, const struct expr_literal *literal)
{
    const struct column *column = column_at(columns, literal->column);
    if (column->kind == COLUMN_FIELD && event_field_is_made(column->field))
        return (struct text){NULL, 0};
    return words_part(literal->text,
                      column->kind == COLUMN_SYSTEM && column->system == COLUMN_EVENT_DATA ? XML_SIGNS "\\" : XML_SIGNS,
                      false);
}

static int add_item(struct items *items, struct item item)
{
    if (items->count == items->room) {
        size_t room = items->room == 0 ? 256 : items->room * 2;
        struct item *bigger = realloc(items->list, room * sizeof(*bigger));
        if (bigger == NULL)
            return -ENOMEM;
        items->list = bigger;
        items->room = room;
    }
    items->list[items->count++] = item;
    return 0;
}

/* Adds a leg's words for values; false in *is_known: one of them can't be looked for, so the leg is always on. */
static int add_needs(struct candidates *c, struct items *items, bool *is_known, const struct expr_needs *needs,
                     uint32_t leg)
{
    size_t before = items->count;
    *is_known = true;
    for (size_t i = 0; i < needs->count && *is_known; i++) {
        struct text part = part_for_values(c->columns, &needs->literals[i]);
        *is_known = part.bytes != NULL;
        int rc = *is_known ? add_item(items, (struct item){needs->literals[i].column, part, leg}) : 0;
        if (rc < 0)
            return rc;
    }
    if (!*is_known)
        items->count = before;
    return 0;
}

/* Of a leg nothing of which can be looked for in files: its events name their provider or channel. */
static int add_marks(struct candidates *c, struct items *raw, const struct leg *leg)
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
                c->is_raw_open = true;
            int rc = part.bytes == NULL ? 0 : add_item(raw, (struct item){.word = part});
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

/* Adds a leg's words for files. */
static int add_raw(struct candidates *c, struct items *raw, const struct leg *leg, const struct expr_needs *needs)
{
    size_t before = raw->count;
    bool is_known = needs != NULL;
    for (size_t i = 0; is_known && i < needs->count; i++) {
        struct text part = part_for_bytes(c->columns, &needs->literals[i]);
        is_known = part.bytes != NULL;
        int rc = is_known ? add_item(raw, (struct item){.word = part}) : 0;
        if (rc < 0)
            return rc;
    }
    if (is_known)
        return 0;
    raw->count = before;
    return add_marks(c, raw, leg);
}

static int add_always(struct candidates *c, uint32_t leg, uint64_t kinds)
{
    for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        if ((kinds & UINT64_C(1) << kind) == 0)
            continue;
        size_t count = c->always_count[kind];
        if ((count & (count - 1)) == 0) { /* 0 or a power of two: room ends here */
            uint32_t *bigger = realloc(c->always[kind], (count == 0 ? 1 : count * 2) * sizeof(*bigger));
            if (bigger == NULL)
                return -ENOMEM;
            c->always[kind] = bigger;
        }
        c->always[kind][c->always_count[kind]++] = leg;
    }
    return 0;
}

static int by_column_and_word(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->column != y->column)
        return x->column < y->column ? -1 : 1;
    size_t shorter = x->word.len < y->word.len ? x->word.len : y->word.len;
    int order = memcmp(x->word.bytes, y->word.bytes, shorter);
    if (order != 0)
        return order;
    if (x->word.len != y->word.len)
        return x->word.len < y->word.len ? -1 : 1;
    return x->leg < y->leg ? -1 : x->leg > y->leg;
}

/* Makes the words of the column of items[0..count-1], which are in order. */
static int make_column(struct candidates *c, struct column_words *to, const struct item *items, size_t count,
                       const struct leg *const *legs)
{
    struct text *words = calloc(count + 1, sizeof(*words));
    to->column = items[0].column;
    to->first = calloc(count + 1, sizeof(*to->first));
    to->legs = calloc(count, sizeof(*to->legs));
    if (words == NULL || to->first == NULL || to->legs == NULL) {
        free(words);
        return -ENOMEM;
    }
    size_t different = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !text_equal(items[i].word, items[i - 1].word)) {
            to->first[different] = (uint32_t)i;
            words[different++] = items[i].word;
        }
        to->legs[i] = items[i].leg;
        to->kinds |= kinds_of(legs[items[i].leg]);
    }
    to->first[different] = (uint32_t)count;
    int rc = words_new(&to->words, words, different);
    free(words);
    c->size += 2 * count * sizeof(uint32_t) + (rc == 0 ? words_size(to->words) : 0);
    return rc;
}

static int make_columns(struct candidates *c, struct items *items, const struct leg *const *legs)
{
    if (items->count == 0)
        return 0;
    qsort(items->list, items->count, sizeof(items->list[0]), by_column_and_word);
    c->by_column = calloc(columns_count(c->columns), sizeof(*c->by_column));
    if (c->by_column == NULL)
        return -ENOMEM;
    for (size_t begin = 0, end; begin < items->count; begin = end) {
        end = begin + 1;
        while (end < items->count && items->list[end].column == items->list[begin].column)
            end++;
        int rc = make_column(c, &c->by_column[c->column_count++], items->list + begin, end - begin, legs);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Most words that are looked for one by one. */
#define MAX_FEW 4

/* The words for files, where all can be looked for that way; else *few stays NULL. */
static int make_few(struct candidates *c, const struct text *words, size_t count)
{
    struct scan scans[MAX_FEW];
    for (size_t i = 0; i < count; i++)
        if (!scan_set(&scans[i], words[i]))
            return 0;
    return scan_many_new(&c->few, scans, count);
}

/* The words for files, each once. */
static int make_raw(struct candidates *c, struct items *raw)
{
    if (raw->count == 0)
        return 0;
    qsort(raw->list, raw->count, sizeof(raw->list[0]), by_column_and_word);
    struct text *words = calloc(raw->count, sizeof(*words));
    if (words == NULL)
        return -ENOMEM;
    size_t count = 0;
    for (size_t i = 0; i < raw->count; i++)
        if (i == 0 || !text_equal(raw->list[i].word, raw->list[i - 1].word))
            words[count++] = raw->list[i].word;
    int rc = count <= MAX_FEW ? make_few(c, words, count) : 0;
    if (rc == 0 && c->few == NULL)
        rc = words_new(&c->raw, words, count);
    free(words);
    c->size += rc == 0 && c->raw != NULL ? words_size(c->raw) : 0;
    return rc;
}

static int collect(struct candidates *c, struct items *items, struct items *raw, const struct leg *const *legs)
{
    for (size_t i = 0; i < c->leg_count; i++) {
        struct expr_needs needs;
        bool is_known = expr_required(&needs, legs[i]->condition, c->arena);
        int rc = is_known ? add_needs(c, items, &is_known, &needs, (uint32_t)i) : 0;
        if (rc == 0 && is_known) {
            struct expr_needs *kept = arena_zeroed(c->arena, 1, sizeof(*kept));
            if (kept == NULL)
                return -ENOMEM;
            *kept = needs;
            c->needs[i] = kept;
        }
        if (rc == 0 && !is_known)
            rc = add_always(c, (uint32_t)i, kinds_of(legs[i]));
        if (rc == 0)
            rc = add_raw(c, raw, legs[i], c->needs[i]);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int candidates_new(struct candidates **out, const struct columns *columns, const struct leg *const *legs, size_t count)
{
    struct items items = {0}, raw = {0};
    struct candidates *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return -ENOMEM;
    c->columns = columns;
    c->leg_count = count;
    c->needs = calloc(count + 1, sizeof(*c->needs));
    int rc = c->needs == NULL ? -ENOMEM : arena_new(&c->arena, MAX_NEEDS);
    if (rc == 0)
        rc = collect(c, &items, &raw, legs);
    if (rc == 0)
        rc = make_columns(c, &items, legs);
    if (rc == 0)
        rc = make_raw(c, &raw);
    free(items.list);
    free(raw.list);
    if (rc < 0) {
        candidates_free(c);
        return rc;
    }
    *out = c;
    return 0;
}

void candidates_free(struct candidates *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->column_count; i++) {
        words_free(c->by_column[i].words);
        free(c->by_column[i].first);
        free(c->by_column[i].legs);
    }
    for (size_t i = 0; i < EVENT_KIND_COUNT; i++)
        free(c->always[i]);
    words_free(c->raw);
    scan_many_free(c->few);
    free(c->by_column);
    free(c->needs);
    arena_free(c->arena);
    free(c);
}

const struct expr_needs *candidates_needs(const struct candidates *c, size_t leg)
{
    return c->needs[leg];
}

const uint32_t *candidates_always(const struct candidates *c, enum event_kind kind, size_t *count)
{
    *count = c->always_count[kind];
    return c->always[kind];
}

/* A search in one column's text, on its way to the caller. */
struct search {
    const struct column_words *column;
    void (*hit)(void *context, uint32_t leg);
    void *context;
};

static void found(void *context, uint32_t word)
{
    const struct search *s = context;
    for (uint32_t i = s->column->first[word]; i < s->column->first[word + 1]; i++)
        s->hit(s->context, s->column->legs[i]);
}

void candidates_each(const struct candidates *c, const struct event *event, void (*hit)(void *context, uint32_t leg),
                     void *context)
{
    for (size_t i = 0; i < c->column_count; i++) {
        const struct column_words *words = &c->by_column[i];
        struct search s = {words, hit, context};
        if ((words->kinds & UINT64_C(1) << event->kind) == 0)
            continue;
        if (column_at(c->columns, words->column)->kind != COLUMN_SYSTEM) {
            words_each(words->words, column_text(c->columns, words->column, event), found, &s);
            continue;
        }
        for (size_t d = 0; d < event->data_count; d++) {
            words_each(words->words, event->data[d].name, found, &s);
            words_each(words->words, event->data[d].value, found, &s);
        }
    }
}

size_t candidates_bytes_find(const struct candidates *c, struct text bytes, size_t from)
{
    if (c->is_raw_open)
        return from;
    if (c->few != NULL)
        return scan_many_find(c->few, bytes, from);
    return c->raw == NULL ? bytes.len : words_find(c->raw, bytes, from);
}

bool candidates_utf16_may_match(const struct candidates *c, const uint16_t *units, size_t count)
{
    if (c->is_raw_open)
        return true;
    return c->few != NULL ? scan_many_in_utf16(c->few, units, count)
                          : c->raw != NULL && words_in_utf16(c->raw, units, count);
}

size_t candidates_size(const struct candidates *c)
{
    return c->size;
}
