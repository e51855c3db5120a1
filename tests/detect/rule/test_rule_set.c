/* Sets of random rules on random events: the answer is the same with candidates and without, and raw bytes show what a
 * match needs. */
#include "detect/rule/rule_set.h"
#include "tests/test.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define RULES 60
#define EVENTS 400
#define ROUNDS 12

static uint64_t state;

static unsigned below(unsigned limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % limit;
}

/* Letters of one to four bytes with a case and without, signs, and bytes that are no UTF-8. */
static const char *const letters[] = {"a",
                                      "B",
                                      "b",
                                      "-",
                                      "^",
                                      "\\",
                                      "\xD0\x96",
                                      "\xD0\xB6",
                                      "\xC3\x9F",
                                      "\xE2\x80\x93",
                                      "\xF0\x9F\x90\x95",
                                      "\xF0\x90\x90\x80",
                                      "\xF0\x90\x90\xA8",
                                      "\xE1\xBA\x9E",
                                      "\n",
                                      "\xD0",
                                      "k",
                                      "\xE2\x84\xAA",
                                      "S",
                                      "\xC5\xBF"};

/* The letters that pieces of XML and our own limits leave alone come first. */
static struct text random_text(char to[128], unsigned most)
{
    size_t len = 0;
    for (unsigned i = below(most + 1); i > 0; i--) {
        const char *letter = letters[below(sizeof letters / sizeof letters[0])];
        memcpy(to + len, letter, strlen(letter));
        len += strlen(letter);
    }
    return (struct text){to, len};
}

static struct expr *random_column(struct arena *arena, struct columns *columns)
{
    static const struct expr_place place = {1, 1};
    static const enum event_field fields[] = {EVENT_COMMAND_LINE, EVENT_IMAGE, EVENT_INTEGRITY};
    unsigned which = below(6);
    unsigned column = which < 3    ? column_of_field(columns, fields[which])
                      : which == 3 ? column_of_data(columns, text_from("First"))
                      : which == 4 ? column_of_position(columns, 1)
                                   : column_of_system(columns, COLUMN_ALL_DATA);
    return column_expr(arena, columns, column, text_from("c"), place);
}

static struct expr *call(struct arena *arena, const char *name, struct expr **args, size_t count)
{
    static const struct expr_place place = {1, 1};
    struct expr_fault fault;
    struct expr *out = NULL;
    int rc = expr_call(&out, arena, text_from(name), args, count, place, &fault);
    assert(rc == 0);
    (void)rc;
    return out;
}

static struct expr *random_leaf(struct arena *arena, struct columns *columns)
{
    static const char *const operators[] = {
        "contains",  "startswith", "endswith", "=~",     "has",        "contains_cs", "!startswith", "!contains",
        "hasprefix", "==",         "!=",       "has_cs", "sigma:like", "hassuffix",   "endswith_cs"};
    char bytes[128];
    struct expr *args[2] = {random_column(arena, columns), NULL};
    struct text text = random_text(bytes, below(4) == 0 ? 9 : 3);
    args[1] = expr_constant(arena, (struct value){.type = VALUE_STRING, .text = text}, (struct expr_place){1, 1});
    return call(arena, operators[below(sizeof operators / sizeof operators[0])], args, 2);
}

static struct expr *random_condition(struct arena *arena, struct columns *columns, unsigned depth)
{
    struct expr *parts[40];
    unsigned kind = depth == 0 ? 9 : below(10);
    if (kind >= 7)
        return random_leaf(arena, columns);
    unsigned count = kind == 0 ? 1 : kind == 1 ? 10 + below(30) : 1 + below(3);
    for (unsigned i = 0; i < count; i++)
        parts[i] = random_condition(arena, columns, kind == 1 ? 0 : depth - 1);
    return call(arena, kind == 0 ? "not" : kind < 4 ? "or" : "and", parts, count);
}

/* A rule of one leg on some kinds, ids and channels. */
static struct rule *random_rule(struct columns *columns, unsigned number)
{
    static const uint32_t ids[] = {1, 4688, 4104};
    struct arena *arena;
    int rc = arena_new(&arena, (size_t)16 << 20);
    assert(rc == 0);
    struct rule *rule = arena_zeroed(arena, 1, sizeof *rule);
    struct leg_source *sources = arena_zeroed(arena, 2, sizeof *sources);
    char *id = arena_zeroed(arena, 1, 16);
    (void)snprintf(id, 16, "rule-%u", number);
    rule->arena = arena;
    rule->id = rule->name = id;
    rule->source = "test";
    for (unsigned i = 0; i < 2; i++) {
        sources[i].kinds = 1 + below(31);
        if (below(3) == 0)
            sources[i].channel = text_from(below(2) == 0 ? "Security" : "other");
        if (below(3) == 0)
            sources[i].provider = text_from("Provider");
        if (below(3) == 0) {
            sources[i].event_ids = ids + below(2);
            sources[i].event_id_count = 1 + below(2);
        }
    }
    struct leg leg = {.table = text_from("t"), .sources = sources, .source_count = 1 + below(2), .is_faithful = true};
    leg.condition = random_condition(arena, columns, 3);
    rc = legs_add(&rule->legs, arena, columns, &leg);
    assert(rc == 0);
    return rule;
}

struct sample {
    struct event event;
    struct event_datum data[3];
    char texts[6][128];
};

static void random_event(struct sample *s)
{
    static const char *const channels[] = {"Security", "SECURITY", "Other", ""};
    memset(s, 0, sizeof *s);
    s->event.kind = (enum event_kind)below(EVENT_KIND_COUNT);
    s->event.event_id = below(2) == 0 ? 1 : below(2) == 0 ? 4688 : 4104;
    s->event.field[EVENT_CHANNEL] = text_from(channels[below(4)]);
    s->event.field[EVENT_PROVIDER] = text_from(below(2) == 0 ? "Provider" : "provider2");
    if (below(4) > 0)
        s->event.field[EVENT_COMMAND_LINE] = random_text(s->texts[0], 20);
    if (below(4) > 0)
        s->event.field[EVENT_IMAGE] = random_text(s->texts[1], 4);
    if (below(4) > 0)
        s->event.field[EVENT_INTEGRITY] = random_text(s->texts[2], 2);
    s->event.data = s->data;
    s->event.data_count = below(4);
    for (unsigned i = 0; i < 3; i++) {
        s->data[i].value = random_text(s->texts[3 + i], 12);
        if (below(2) == 0)
            s->data[i].name = text_from(below(2) == 0 ? "First" : "Second");
    }
}

/* What a file would hold of the event; *is_whole: nothing stands there that XML writes otherwise. */
static struct text raw_of(const struct sample *s, char to[2048], bool *is_whole)
{
    const struct text parts[] = {s->event.field[EVENT_PROVIDER], s->event.field[EVENT_CHANNEL],
                                 s->event.field[EVENT_COMMAND_LINE], s->event.field[EVENT_IMAGE]};
    size_t len = 0;
    *is_whole = s->event.kind == EVENT_OTHER; /* of the others the kind's own provider is a trace */
    for (size_t i = 0; i < 4 + s->event.data_count; i++) {
        struct text part = i < 4 ? parts[i] : s->data[i - 4].value;
        if (part.len > 0)
            memcpy(to + len, part.bytes, part.len);
        len += part.len;
        to[len++] = '\n';
    }
    return (struct text){to, len};
}

static struct rule_set *make_set(bool is_plain, uint64_t seed)
{
    struct rule_set *set;
    const struct rule *other;
    int rc = rule_set_new(&set);
    assert(rc == 0);
    state = seed;
    for (unsigned i = 0; i < RULES; i++) {
        rc = rule_set_add(set, random_rule(rule_set_columns(set), i), &other);
        assert(rc == 0);
    }
    const struct rule_set_options options = {.is_plain = is_plain};
    rc = rule_set_seal(set, &options);
    assert(rc == 0);
    (void)rc;
    return set;
}

static bool is_same(const struct rule_match *a, size_t a_count, const struct rule_match *b, size_t b_count)
{
    bool is = a_count == b_count;
    for (size_t i = 0; is && i < a_count; i++)
        is = a[i].number == b[i].number && a[i].legs == b[i].legs && a[i].failed == b[i].failed;
    return is;
}

static void test_same_answers(void)
{
    size_t matches = 0;
    uint64_t evaluated[2] = {0, 0};
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        struct rule_set *sets[2] = {make_set(false, round * 0x9E3779B97F4A7C15u),
                                    make_set(true, round * 0x9E3779B97F4A7C15u)};
        struct rule_scratch *scratch[2] = {NULL, NULL};
        for (int i = 0; i < 2; i++)
            CU_ASSERT_EQUAL_FATAL(rule_scratch_new(&scratch[i], sets[i]), 0);
        for (unsigned e = 0; e < EVENTS; e++) {
            struct sample sample;
            const struct rule_match *found[2];
            size_t count[2];
            char raw[2048];
            bool is_whole;
            random_event(&sample);
            for (int i = 0; i < 2; i++)
                count[i] = rule_set_match(sets[i], &sample.event, 0, scratch[i], &found[i]);
            CU_ASSERT(is_same(found[0], count[0], found[1], count[1]));
            CU_ASSERT(count[1] == 0 || rule_set_wants(sets[0], &sample.event));
            struct text bytes = raw_of(&sample, raw, &is_whole);
            CU_ASSERT(count[1] == 0 || !is_whole || rule_set_bytes_find(sets[0], bytes, 0) < bytes.len);
            matches += count[1];
        }
        for (int i = 0; i < 2; i++) {
            evaluated[i] += rule_scratch_evaluated(scratch[i]);
            rule_scratch_free(scratch[i]);
            rule_set_free(sets[i]);
        }
    }
    printf("%u matches; legs evaluated: %llu with candidates, %llu without ", (unsigned)matches,
           (unsigned long long)evaluated[0], (unsigned long long)evaluated[1]);
    CU_ASSERT(matches > 0 && evaluated[0] < evaluated[1]);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"the same answers with candidates", test_same_answers}, CU_TEST_INFO_NULL};
    return test_main("rule_set", tests);
}
