#include "detect/rule/rule_set.h"

#include "detect/powershell/powershell_blocks.h"
#include "detect/rule/trace.h"
#include "detect/search/scan.h"

#include <errno.h>
#include <stdlib.h>

#define BUCKETS 1024u
#define NONE UINT32_MAX

struct rule_set {
    struct columns *columns;
    struct rule **rules;
    uint32_t *next; /* of the same bucket of ids */
    size_t count, room;
    uint32_t buckets[BUCKETS];
    struct rule_set_options options;
    /* Made by rule_set_seal(); legs that are left out do not stand here. */
    const struct leg **legs;
    struct leg_of {
        uint32_t rule, leg;
    } * leg_of;
    size_t leg_count;
    uint32_t *first_leg; /* of rule r: legs first_leg[r] to first_leg[r + 1] - 1 */
    struct routes *routes;
    struct candidates *candidates;
    struct traces *traces;
    uint64_t lines_kinds; /* bit 1 << kind: rule_set_asks_lines_only() */
    bool reads_blocks;    /* a leg reads PowerShell's script blocks */
    struct scan part;     /* for what only their events have */
};

struct rule_scratch {
    const struct rule_set *set;
    struct arena *arena;
    struct route_cache *routes;
    uint32_t generation;
    uint32_t *seen; /* of each leg: the generation in which it became a candidate */
    uint32_t *legs; /* the candidates, in the order in which they were found */
    size_t leg_count;
    struct rule_match *matches;
    uint32_t *match_of; /* of each rule: its place in matches, valid if that names the rule */
    uint64_t evaluated;
};

int rule_set_new(struct rule_set **out)
{
    struct rule_set *set = calloc(1, sizeof(*set));
    if (set == NULL)
        return -ENOMEM;
    memset(set->buckets, 0xFF, sizeof(set->buckets));
    int rc = columns_new(&set->columns);
    if (rc < 0) {
        free(set);
        return rc;
    }
    *out = set;
    return 0;
}

void rule_set_free(struct rule_set *set)
{
    if (set == NULL)
        return;
    traces_free(set->traces);
    candidates_free(set->candidates);
    routes_free(set->routes);
    for (size_t i = 0; i < set->count; i++)
        rule_free(set->rules[i]);
    free(set->rules);
    free(set->next);
    free(set->legs);
    free(set->leg_of);
    free(set->first_leg);
    columns_free(set->columns);
    free(set);
}

struct columns *rule_set_columns(const struct rule_set *set)
{
    return set->columns;
}

/* FNV-1a of the id in lower case. */
static uint32_t bucket_of(const char *id)
{
    uint32_t hash = 2166136261u;
    for (; *id != '\0'; id++)
        hash = (hash ^ (unsigned char)(*id >= 'A' && *id <= 'Z' ? *id + 32 : *id)) * 16777619u;
    return hash % BUCKETS;
}

const struct rule *rule_set_find(const struct rule_set *set, const char *id, size_t *i)
{
    for (uint32_t r = set->buckets[bucket_of(id)]; r != NONE; r = set->next[r]) {
        if (!text_equal_nocase(text_from(set->rules[r]->id), text_from(id)))
            continue;
        if (i != NULL)
            *i = r;
        return set->rules[r];
    }
    return NULL;
}

int rule_set_add(struct rule_set *set, struct rule *rule, const struct rule **other)
{
    const struct rule *same = rule_set_find(set, rule->id, NULL);
    if (same != NULL) {
        *other = same;
        return -EEXIST;
    }
    if (set->count == set->room) {
        size_t room = set->room == 0 ? 64 : set->room * 2;
        struct rule **rules = realloc(set->rules, room * sizeof(struct rule *));
        if (rules != NULL)
            set->rules = rules;
        uint32_t *next = realloc(set->next, room * sizeof(*next));
        if (next != NULL)
            set->next = next;
        if (rules == NULL || next == NULL)
            return -ENOMEM;
        set->room = room;
    }
    uint32_t bucket = bucket_of(rule->id);
    set->rules[set->count] = rule;
    set->next[set->count] = set->buckets[bucket];
    set->buckets[bucket] = (uint32_t)set->count++;
    return 0;
}

void rule_set_replace(struct rule_set *set, struct rule *rule)
{
    size_t i = 0;
    (void)rule_set_find(set, rule->id, &i); /* it is there */
    rule_free(set->rules[i]);
    set->rules[i] = rule;
}

static size_t count_legs(const struct rule_set *set)
{
    size_t count = 0;
    for (size_t r = 0; r < set->count; r++)
        count += set->rules[r]->legs.count;
    return count;
}

/* Does what must stand in an event for leg to be true stand in its command lines? */
static bool asks_lines_only(const struct rule_set *set, size_t leg)
{
    const struct expr_needs *needs = candidates_needs(set->candidates, leg);
    for (size_t i = 0; needs != NULL && i < needs->count; i++) {
        const struct column *column = column_at(set->columns, needs->literals[i].column);
        bool is_line = column->kind == COLUMN_FIELD
                           ? column->field == EVENT_COMMAND_LINE || column->field == EVENT_PARENT_COMMAND_LINE
                           : column->kind == COLUMN_DATA && (text_equal(column->name, text_from("CommandLine")) ||
                                                             text_equal(column->name, text_from("ParentCommandLine")));
        if (!is_line)
            return false;
    }
    return needs != NULL && traces_of(set->traces, leg);
}

static void find_lines_kinds(struct rule_set *set)
{
    uint64_t others = 0;
    for (size_t i = 0; i < set->leg_count; i++)
        for (size_t s = 0; s < set->legs[i]->source_count; s++)
            if (!asks_lines_only(set, i))
                others |= set->legs[i]->sources[s].kinds;
    set->lines_kinds = set->options.is_plain ? 0 : ~others;
}

/* Does leg read PowerShell's script blocks, in whichever log? */
static bool reads_blocks(const struct leg *leg)
{
    struct event event = {.kind = EVENT_OTHER, .event_id = POWERSHELL_BLOCKS_EVENT};
    static const char *const providers[] = {"Microsoft-Windows-PowerShell", "PowerShellCore"};
    for (size_t i = 0; i < 2 * leg->source_count; i++) {
        struct leg_source source = leg->sources[i / 2];
        source.channel = (struct text){NULL, 0};
        event.field[EVENT_PROVIDER] = text_from(providers[i % 2]);
        if (leg_source_takes(&source, &event))
            return true;
    }
    return false;
}

int rule_set_seal(struct rule_set *set, const struct rule_set_options *options)
{
    size_t count = count_legs(set);
    set->options = *options;
    set->legs = calloc(count + 1, sizeof(const struct leg *));
    set->leg_of = calloc(count + 1, sizeof(*set->leg_of));
    set->first_leg = calloc(set->count + 1, sizeof(*set->first_leg));
    if (set->legs == NULL || set->leg_of == NULL || set->first_leg == NULL)
        return -ENOMEM;
    for (size_t r = 0; r < set->count; r++) {
        const struct legs *legs = &set->rules[r]->legs;
        set->first_leg[r] = (uint32_t)set->leg_count;
        for (size_t i = 0; i < legs->count; i++) {
            if (options->is_as_written && !legs->items[i].is_faithful)
                continue;
            set->legs[set->leg_count] = &legs->items[i];
            set->reads_blocks |= reads_blocks(&legs->items[i]);
            set->leg_of[set->leg_count++] = (struct leg_of){(uint32_t)r, (uint32_t)i};
        }
    }
    set->first_leg[set->count] = (uint32_t)set->leg_count;
    (void)scan_set(&set->part, text_from(POWERSHELL_BLOCKS_NAME)); /* ASCII, and short */
    int rc = routes_new(&set->routes, set->legs, set->leg_count);
    if (rc == 0)
        rc = candidates_new(&set->candidates, set->columns, set->legs, set->leg_count, set->routes);
    if (rc == 0)
        rc = traces_new(&set->traces, set->columns, set->legs, set->leg_count, set->candidates);
    if (rc == 0)
        find_lines_kinds(set);
    return rc;
}

size_t rule_set_count(const struct rule_set *set)
{
    return set->count;
}

const struct rule *rule_set_at(const struct rule_set *set, size_t i)
{
    return set->rules[i];
}

struct rule_set_leg rule_set_leg(const struct rule_set *set, size_t rule, size_t leg)
{
    for (uint32_t i = set->first_leg[rule]; i < set->first_leg[rule + 1]; i++)
        if (set->leg_of[i].leg == leg)
            return (struct rule_set_leg){true, candidates_needs(set->candidates, i), traces_of(set->traces, i)};
    return (struct rule_set_leg){false, NULL, false};
}

size_t rule_set_size(const struct rule_set *set)
{
    return candidates_size(set->candidates) + traces_size(set->traces);
}

int rule_scratch_new(struct rule_scratch **out, const struct rule_set *set)
{
    struct rule_scratch *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return -ENOMEM;
    s->set = set;
    s->seen = calloc(set->leg_count + 1, sizeof(*s->seen));
    s->legs = calloc(set->leg_count + 1, sizeof(*s->legs));
    s->matches = calloc(set->count + 1, sizeof(*s->matches));
    s->match_of = calloc(set->count + 1, sizeof(*s->match_of));
    if (s->seen == NULL || s->legs == NULL || s->matches == NULL || s->match_of == NULL ||
        arena_new(&s->arena, EXPR_SCRATCH_BYTES) < 0 || route_cache_new(&s->routes, set->routes) < 0) {
        rule_scratch_free(s);
        return -ENOMEM;
    }
    *out = s;
    return 0;
}

void rule_scratch_free(struct rule_scratch *s)
{
    if (s == NULL)
        return;
    arena_free(s->arena);
    route_cache_free(s->routes);
    free(s->seen);
    free(s->legs);
    free(s->matches);
    free(s->match_of);
    free(s);
}

uint64_t rule_scratch_evaluated(const struct rule_scratch *scratch)
{
    return scratch->evaluated;
}

static void add_candidate(void *context, uint32_t leg)
{
    struct rule_scratch *s = context;
    if (s->seen[leg] == s->generation)
        return;
    s->seen[leg] = s->generation;
    s->legs[s->leg_count++] = leg;
}

static void collect(const struct rule_set *set, const struct event *event, struct rule_scratch *s)
{
    const uint64_t *taken = routes_take(set->routes, s->routes, event);
    s->leg_count = 0;
    if (++s->generation == 0) { /* after 2^32 events */
        memset(s->seen, 0, set->leg_count * sizeof(*s->seen));
        s->generation = 1;
    }
    if (!set->options.is_plain) {
        candidates_each(set->candidates, event, taken, s->arena, add_candidate, s);
        arena_reset(s->arena);
        return;
    }
    for (uint32_t i = 0; i < set->leg_count; i++)
        if (routes_has(taken, routes_of(set->routes, i)))
            add_candidate(s, i);
}

/* The match of rule in the list, which is made if it is not there yet. */
static struct rule_match *match_of(struct rule_scratch *s, uint32_t rule, size_t *count)
{
    uint32_t at = s->match_of[rule];
    if (at < *count && s->matches[at].number == rule)
        return &s->matches[at];
    s->match_of[rule] = (uint32_t)*count;
    s->matches[*count] = (struct rule_match){.rule = s->set->rules[rule], .number = rule};
    return &s->matches[(*count)++];
}

static int by_number(const void *a, const void *b)
{
    const struct rule_match *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

size_t rule_set_match(const struct rule_set *set, const struct event *event, uint64_t now, struct rule_scratch *scratch,
                      const struct rule_match **out)
{
    struct column_row row;
    size_t count = 0;
    collect(set, event, scratch);
    column_row_of(&row, set->columns, event, now);
    for (size_t i = 0; i < scratch->leg_count; i++) {
        const struct leg *leg = set->legs[scratch->legs[i]];
        scratch->evaluated++;
        enum truth truth = expr_truth(leg->condition, &row.row, scratch->arena);
        if (truth != TRUTH_TRUE && truth != TRUTH_ERROR)
            continue;
        struct leg_of where = set->leg_of[scratch->legs[i]];
        struct rule_match *match = match_of(scratch, where.rule, &count);
        *(truth == TRUTH_TRUE ? &match->legs : &match->failed) |= UINT64_C(1) << where.leg;
    }
    arena_reset(scratch->arena);
    if (count > 1)
        qsort(scratch->matches, count, sizeof(scratch->matches[0]), by_number);
    *out = scratch->matches;
    return count;
}

bool rule_set_wants(const struct rule_set *set, const struct event *event)
{
    return routes_any(set->routes, event);
}

/* Is it the total of a block that is one event, as XML writes it: <Data Name='MessageTotal'>1</Data>? */
static bool is_single(struct text after)
{
    static const char single[] = ">1<";
    size_t skip = after.len > 0 && (after.bytes[0] == '\'' || after.bytes[0] == '"');
    return after.len - skip >= sizeof(single) - 1 && memcmp(after.bytes + skip, single, sizeof(single) - 1) == 0;
}

/* A part of a script block may hold none of the words that its whole has: the first such part; bytes.len: none. */
static size_t find_part(const struct rule_set *set, struct text bytes, size_t from)
{
    for (size_t at = from; (at = scan_find(&set->part, bytes, at)) < bytes.len; at++) {
        size_t end = at + set->part.length;
        if (!is_single((struct text){bytes.bytes + end, bytes.len - end}))
            return at;
    }
    return bytes.len;
}

size_t rule_set_bytes_find(const struct rule_set *set, struct text bytes, size_t from)
{
    if (set->options.is_plain)
        return from;
    bytes.len = traces_find(set->traces, bytes, from);
    return set->reads_blocks && bytes.len > from ? find_part(set, bytes, from) : bytes.len;
}

bool rule_set_bytes_may_match(const struct rule_set *set, struct text bytes)
{
    return rule_set_bytes_find(set, bytes, 0) < bytes.len;
}

bool rule_set_asks_lines_only(const struct rule_set *set, enum event_kind kind)
{
    return (set->lines_kinds & UINT64_C(1) << kind) != 0;
}

bool rule_set_utf16_may_match(const struct rule_set *set, const uint16_t *units, size_t count)
{
    return set->options.is_plain || traces_in_utf16(set->traces, units, count);
}

/* Which columns were seen, on the way to the caller. */
struct column_visit {
    bool *seen;
    void (*visit)(void *context, unsigned column);
    void *context;
};

static void visit_once(void *context, unsigned column)
{
    struct column_visit *v = context;
    if (v->seen[column])
        return;
    v->seen[column] = true;
    v->visit(v->context, column);
}

int rule_set_each_column(const struct rule_set *set, uint64_t kinds, void (*visit)(void *context, unsigned column),
                         void *context)
{
    bool *seen = calloc(columns_count(set->columns) + 1, sizeof(*seen));
    struct column_visit v = {seen, visit, context};
    if (seen == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < set->leg_count; i++) {
        uint64_t of_leg = 0;
        for (size_t s = 0; s < set->legs[i]->source_count; s++)
            of_leg |= set->legs[i]->sources[s].kinds;
        if ((of_leg & kinds) != 0)
            expr_each_column(set->legs[i]->condition, visit_once, &v);
    }
    free(seen);
    return 0;
}

void rule_set_each_source(const struct rule_set *set, void (*visit)(void *context, const struct leg_source *source),
                          void *context)
{
    for (size_t i = 0; i < set->leg_count; i++)
        for (size_t s = 0; s < set->legs[i]->source_count; s++)
            visit(context, &set->legs[i]->sources[s]);
}
