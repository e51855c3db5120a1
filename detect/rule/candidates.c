#include "detect/rule/candidates.h"

#include "detect/search/term.h"
#include "detect/search/words.h"

#include <errno.h>
#include <stdlib.h>

/* What JSON writes otherwise, as the text of all data together is JSON to KQL. */
#define JSON_SIGNS "\"\\"

/* "If word stands in column, leg may be true." */
struct item {
    unsigned column;
    bool is_wide; /* not ASCII alone: it stands in texts alone that are not either, and there is folded */
    struct text word;
    uint32_t leg;
};

struct items {
    struct item *list;
    size_t count, room;
};

/* The words of one column and the legs of each; ASCII ones first. */
struct column_words {
    unsigned column;
    uint64_t *routes; /* of the legs */
    struct words *narrow, *wide;
    uint32_t narrow_count, count;
    uint32_t *first; /* of word w: legs[first[w]] to legs[first[w + 1] - 1] */
    uint32_t *legs;
};

struct candidates {
    const struct columns *columns;
    const struct routes *routes;
    struct arena *arena; /* the needs */
    const struct expr_needs **needs;
    size_t leg_count;
    struct column_words *by_column;
    size_t column_count;
    uint32_t *always;       /* the legs that are always on, those of a route together */
    uint32_t *first_always; /* of route r: always[first_always[r]] to always[first_always[r + 1] - 1] */
    size_t size;
};

/* Memory for what the legs need at most, bytes. */
#define MAX_NEEDS ((size_t)256 << 20)

/* The longest part of text without a line's end: values stand on lines of their own where all are one text. */
static struct text longest_line(struct text text)
{
    struct text best = {NULL, 0};
    for (struct text rest = text; rest.len > 0;) {
        struct text line = {rest.bytes, text_find(rest, '\n')};
        size_t used = line.len + (line.len < rest.len);
        if (line.len > best.len)
            best = line;
        rest = (struct text){rest.bytes + used, rest.len - used};
    }
    return best;
}

/* Is it a single character that stands in most texts? Looking for it would cost more than the legs that need it. */
static bool is_everywhere(struct text word)
{
    char c = word.bytes[0];
    return word.len == 1 && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr(" \\.:-_\"/,=", c) != NULL);
}

/* The part of a literal that is looked for in the values of its column; absent: it can't be. */
static struct text part_for_values(const struct columns *columns, const struct expr_literal *literal)
{
    const struct column *column = column_at(columns, literal->column);
    struct text part = literal->text;
    if (column->kind == COLUMN_SYSTEM && column->system == COLUMN_EVENT_DATA)
        return words_part(literal->text, JSON_SIGNS, false);
    if (column->kind == COLUMN_SYSTEM)
        part = column->system == COLUMN_ALL_DATA ? longest_line(literal->text) : (struct text){NULL, 0};
    return part.bytes == NULL || is_everywhere(part) ? (struct text){NULL, 0} : part;
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

/* Adds a leg's words; false in *is_known: one of them can't be looked for, so the leg is always on. */
static int add_needs(struct candidates *c, struct items *items, bool *is_known, const struct expr_needs *needs,
                     uint32_t leg)
{
    size_t before = items->count;
    *is_known = true;
    for (size_t i = 0; i < needs->count && *is_known; i++) {
        struct text part = part_for_values(c->columns, &needs->literals[i]);
        *is_known = part.bytes != NULL;
        struct item item = {needs->literals[i].column, *is_known && !text_is_ascii(part), part, leg};
        int rc = *is_known ? add_item(items, item) : 0;
        if (rc < 0)
            return rc;
    }
    if (!*is_known)
        items->count = before;
    return 0;
}

static int by_column_and_word(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->column != y->column)
        return x->column < y->column ? -1 : 1;
    if (x->is_wide != y->is_wide)
        return x->is_wide ? 1 : -1;
    size_t shorter = x->word.len < y->word.len ? x->word.len : y->word.len;
    int order = memcmp(x->word.bytes, y->word.bytes, shorter);
    if (order != 0)
        return order;
    if (x->word.len != y->word.len)
        return x->word.len < y->word.len ? -1 : 1;
    return x->leg < y->leg ? -1 : x->leg > y->leg;
}

static int make_words(struct candidates *c, struct column_words *to, const struct text *words)
{
    int rc = to->narrow_count == 0 ? 0 : words_new(&to->narrow, words, to->narrow_count);
    if (rc == 0 && to->narrow_count < to->count)
        rc = words_new(&to->wide, words + to->narrow_count, to->count - to->narrow_count);
    c->size += to->narrow == NULL ? 0 : words_size(to->narrow);
    c->size += to->wide == NULL ? 0 : words_size(to->wide);
    return rc;
}

/* Makes the words of the column of items[0..count-1], which are in order. */
static int make_column(struct candidates *c, struct column_words *to, const struct item *items, size_t count)
{
    struct text *words = calloc(count + 1, sizeof(*words));
    to->column = items[0].column;
    to->first = calloc(count + 1, sizeof(*to->first));
    to->legs = calloc(count, sizeof(*to->legs));
    to->routes = calloc(routes_words(c->routes), sizeof(*to->routes));
    if (words == NULL || to->first == NULL || to->legs == NULL || to->routes == NULL) {
        free(words);
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !text_equal(items[i].word, items[i - 1].word)) {
            to->first[to->count] = (uint32_t)i;
            words[to->count++] = items[i].word;
            to->narrow_count += !items[i].is_wide;
        }
        uint32_t route = routes_of(c->routes, items[i].leg);
        to->legs[i] = items[i].leg;
        to->routes[route / 64] |= UINT64_C(1) << route % 64;
    }
    to->first[to->count] = (uint32_t)count;
    c->size += 2 * count * sizeof(uint32_t);
    int rc = make_words(c, to, words);
    free(words);
    return rc;
}

static int make_columns(struct candidates *c, struct items *items)
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
        int rc = make_column(c, &c->by_column[c->column_count++], items->list + begin, end - begin);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* A copy of needs in the arena; NULL: no memory. */
static const struct expr_needs *keep(struct candidates *c, const struct expr_needs *needs)
{
    struct expr_needs *kept = arena_zeroed(c->arena, 1, sizeof(*kept));
    struct expr_literal *literals = arena_zeroed(c->arena, needs->count, sizeof(*literals));
    if (kept == NULL || literals == NULL)
        return NULL;
    for (size_t i = 0; i < needs->count; i++) {
        literals[i] = (struct expr_literal){needs->literals[i].column, arena_text(c->arena, needs->literals[i].text)};
        if (literals[i].text.bytes == NULL)
            return NULL;
    }
    *kept = (struct expr_needs){literals, needs->count};
    return kept;
}

/* Finds what each leg needs. */
static int collect(struct candidates *c, struct items *items, const struct leg *const *legs, struct arena *scratch)
{
    for (size_t i = 0; i < c->leg_count; i++) {
        struct expr_needs needs;
        bool is_known = expr_required(&needs, legs[i]->condition, scratch);
        if (is_known) {
            c->needs[i] = keep(c, &needs);
            int rc = c->needs[i] == NULL ? -ENOMEM : add_needs(c, items, &is_known, c->needs[i], (uint32_t)i);
            if (rc < 0)
                return rc;
        }
        if (!is_known)
            c->needs[i] = NULL;
        arena_reset(scratch);
    }
    return 0;
}

/* The legs of which nothing is known, by their routes. */
static int make_always(struct candidates *c)
{
    size_t routes = routes_count(c->routes), count = 0;
    c->always = calloc(c->leg_count + 1, sizeof(*c->always));
    c->first_always = calloc(routes + 1, sizeof(*c->first_always));
    if (c->always == NULL || c->first_always == NULL)
        return -ENOMEM;
    for (size_t route = 0; route < routes; route++) {
        c->first_always[route] = (uint32_t)count;
        for (uint32_t i = 0; i < c->leg_count; i++)
            if (c->needs[i] == NULL && routes_of(c->routes, i) == route)
                c->always[count++] = i;
    }
    c->first_always[routes] = (uint32_t)count;
    return 0;
}

int candidates_new(struct candidates **out, const struct columns *columns, const struct leg *const *legs, size_t count,
                   const struct routes *routes)
{
    struct items items = {0};
    struct arena *scratch = NULL;
    struct candidates *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return -ENOMEM;
    c->columns = columns;
    c->routes = routes;
    c->leg_count = count;
    c->needs = calloc(count + 1, sizeof(const struct expr_needs *));
    int rc = c->needs == NULL ? -ENOMEM : arena_new(&c->arena, MAX_NEEDS);
    if (rc == 0)
        rc = arena_new(&scratch, MAX_NEEDS);
    if (rc == 0)
        rc = collect(c, &items, legs, scratch);
    if (rc == 0)
        rc = make_columns(c, &items);
    if (rc == 0)
        rc = make_always(c);
    arena_free(scratch);
    free(items.list);
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
        words_free(c->by_column[i].narrow);
        words_free(c->by_column[i].wide);
        free(c->by_column[i].routes);
        free(c->by_column[i].first);
        free(c->by_column[i].legs);
    }
    free(c->always);
    free(c->first_always);
    free(c->by_column);
    free(c->needs);
    arena_free(c->arena);
    free(c);
}

const struct expr_needs *candidates_needs(const struct candidates *c, size_t leg)
{
    return c->needs[leg];
}

/* A search in one column's text, on its way to the caller. */
struct search {
    const struct candidates *candidates;
    const struct column_words *column;
    uint32_t base; /* number of the first word that is looked for */
    const uint64_t *taken;
    struct arena *scratch;
    void (*hit)(void *context, uint32_t leg);
    void *context;
};

static void found(void *context, uint32_t word)
{
    const struct search *s = context;
    word += s->base;
    for (uint32_t i = s->column->first[word]; i < s->column->first[word + 1]; i++) {
        uint32_t leg = s->column->legs[i];
        if (routes_has(s->taken, routes_of(s->candidates->routes, leg)))
            s->hit(s->context, leg);
    }
}

/* Letters that are not ASCII never fold into it, so ASCII words are looked for in the text as it is. */
static void look(struct search *s, struct text text)
{
    s->base = 0;
    if (s->column->narrow != NULL)
        words_each(s->column->narrow, text, found, s);
    if (s->column->wide == NULL || text_is_ascii(text))
        return;
    s->base = s->column->narrow_count;
    struct text folded = term_fold(text, s->scratch);
    if (folded.bytes != NULL) {
        words_each(s->column->wide, folded, found, s);
        return;
    }
    for (uint32_t word = 0; word < s->column->count - s->base; word++) /* no scratch left: they may all stand there */
        found(s, word);
}

static bool is_taken(const uint64_t *routes, const uint64_t *taken, size_t words)
{
    uint64_t common = 0;
    for (size_t i = 0; i < words; i++)
        common |= routes[i] & taken[i];
    return common != 0;
}

void candidates_each(const struct candidates *c, const struct event *event, const uint64_t *taken,
                     struct arena *scratch, void (*hit)(void *context, uint32_t leg), void *context)
{
    size_t words = routes_words(c->routes), routes = routes_count(c->routes);
    struct search s = {.candidates = c, .taken = taken, .scratch = scratch, .hit = hit, .context = context};
    for (size_t route = 0; route < routes; route++) {
        if (!routes_has(taken, route))
            continue;
        for (uint32_t i = c->first_always[route]; i < c->first_always[route + 1]; i++)
            hit(context, c->always[i]);
    }
    for (size_t i = 0; i < c->column_count; i++) {
        s.column = &c->by_column[i];
        if (!is_taken(s.column->routes, taken, words))
            continue;
        if (column_at(c->columns, s.column->column)->kind != COLUMN_SYSTEM) {
            look(&s, column_text(c->columns, s.column->column, event));
            continue;
        }
        for (size_t d = 0; d < event->data_count; d++) {
            look(&s, event->data[d].name);
            look(&s, event->data[d].value);
        }
    }
}

size_t candidates_size(const struct candidates *c)
{
    return c->size;
}
