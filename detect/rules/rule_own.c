#include "detect/rules/rule_own.h"

#include "detect/rule/coverage.h"

#include <errno.h>

#define KEYS_SIZE 80 /* all keys of a map, in a message */

struct own {
    struct rule *rule;
    struct columns *columns;
    const struct kql_options *options;
    struct notes *notes;
    size_t leg_count; /* of the rule's own query */
    bool is_short_of_memory;
};

/* What map's keys are called in messages: "leg, kind, query". known: ends with NULL. */
static void join(char to[KEYS_SIZE], const char *const *known)
{
    size_t used = 0;
    for (size_t k = 0; known[k] != NULL; k++) {
        used += text_copy(to + used, KEYS_SIZE - used, text_from(k == 0 ? "" : ", "));
        used += text_copy(to + used, KEYS_SIZE - used, text_from(known[k]));
    }
}

/* Is map one, with no key but those of known? name: its own key. */
static bool check_map(struct own *own, const struct node *map, const char *name, const char *const *known)
{
    char keys[KEYS_SIZE];
    join(keys, known);
    if (map->type != NODE_MAP) {
        notes_error(own->notes, map->place, "K012", "\"%s\" is a map of %s", name, keys);
        return false;
    }
    for (size_t i = 0; i < map->count; i++) {
        size_t k = 0;
        while (known[k] != NULL && !text_equal(map->keys[i].text, text_from(known[k])))
            k++;
        if (known[k] == NULL)
            notes_error(own->notes, map->keys[i].place, "K012", "\"%s\" has no key \"%.*s\", but %s", name,
                        (int)(map->keys[i].text.len > 60 ? 60 : map->keys[i].text.len), map->keys[i].text.bytes, keys);
    }
    return true;
}

/* The text under key; NULL: there is none. */
static const char *text_at(struct own *own, const struct node *map, const char *key)
{
    const struct node *node = node_get(map, key);
    if (node == NULL)
        return NULL;
    if (node->type != NODE_SCALAR) {
        notes_error(own->notes, node->place, "K012", "\"%s\" is one text here, no map or list", key);
        return NULL;
    }
    const char *kept = arena_text(own->rule->arena, node->text).bytes;
    own->is_short_of_memory |= kept == NULL;
    return kept;
}

static void read_origin(struct own *own, const struct node *map)
{
    static const char *const known[] = {"version", "commit", "sha256", NULL};
    const struct node *upstream = node_get(map, "upstream");
    const char *ruleset = text_at(own, map, "ruleset");
    if (ruleset != NULL)
        own->rule->ruleset = ruleset;
    if (upstream == NULL || !check_map(own, upstream, "upstream", known))
        return;
    own->rule->upstream_version = text_at(own, upstream, "version");
    own->rule->upstream_commit = text_at(own, upstream, "commit");
    own->rule->upstream_sha256 = text_at(own, upstream, "sha256");
}

/* The legs of a query of ours, after those of the rule. */
static int add_legs(struct own *own, const struct node *query, uint64_t kinds, unsigned number)
{
    struct rule *rule = own->rule;
    struct kql_options options = *own->options;
    size_t before = rule->legs.count;
    options.at = query->block;
    int rc = kql_compile(&rule->legs, rule->arena, own->columns, query->text, &options, own->notes);
    for (size_t i = before; rc == 0 && i < rule->legs.count; i++) {
        struct leg *leg = &rule->legs.items[i];
        struct leg_source *sources = arena_zeroed(rule->arena, leg->source_count + 1, sizeof(*sources));
        if (sources == NULL)
            return -ENOMEM;
        uint64_t taken = 0;
        for (size_t s = 0; s < leg->source_count; s++) {
            sources[s] = leg->sources[s];
            sources[s].kinds &= kinds;
            taken |= sources[s].kinds;
        }
        if (taken == 0)
            notes_error(own->notes, leg->place, "K012", "events of the mend's \"kind\" never stand in this table");
        leg->sources = sources;
        leg->number = number;
        leg->is_faithful = false;
    }
    return rc == -ENOMEM ? rc : 0;
}

static int read_mend(struct own *own, const struct node *mend)
{
    static const char *const known[] = {"leg", "kind", "query", NULL};
    uint64_t number = 0, kinds = 0;
    if (!check_map(own, mend, "mends", known))
        return 0;
    const struct node *query = node_get(mend, "query"), *leg = node_get(mend, "leg"), *kind = node_get(mend, "kind");
    if (query == NULL || query->type != NODE_SCALAR || query->style != NODE_LITERAL) {
        notes_error(own->notes, mend->place, "K008", "a mend has a query, which is a literal block: \"query: |\"");
        return 0;
    }
    if (leg == NULL || leg->type != NODE_SCALAR || !text_to_number(&number, leg->text) || number == 0 ||
        number > own->leg_count)
        notes_error(own->notes, mend->place, "K012", "\"leg\" is the number of a leg of the rule's own query, 1 to %u",
                    (unsigned)own->leg_count);
    for (unsigned i = 0; kind != NULL && i < EVENT_KIND_COUNT; i++)
        if (text_equal_nocase(kind->text, text_from(coverage_kind_name((enum event_kind)i))))
            kinds = UINT64_C(1) << i;
    if (kinds == 0)
        notes_error(own->notes, mend->place, "K012", "\"kind\" is a kind of events: 4688, Sysmon 1, ETW, ...");
    return notes_ok(own->notes) ? add_legs(own, query, kinds, (unsigned)number) : 0;
}

static const struct expr *column_of(const struct leg *leg, struct text name)
{
    for (size_t i = 0; i < leg->row_count; i++)
        if (text_equal(leg->row[i].name, name))
            return leg->row[i].value;
    return NULL;
}

/* Gives each leg's row the columns of list. */
static int arrange(struct own *own, const struct node *list)
{
    struct arena *arena = own->rule->arena;
    for (size_t l = 0; l < own->rule->legs.count; l++) {
        struct leg *leg = &own->rule->legs.items[l];
        struct leg_column *row = arena_zeroed(arena, list->count + 1, sizeof(*row));
        if (row == NULL)
            return -ENOMEM;
        for (size_t i = 0; i < list->count; i++) {
            struct text name = list->items[i].text;
            const struct expr *value = column_of(leg, name);
            if (value == NULL)
                value = expr_constant(arena, value_string(text_from("")), list->items[i].place);
            row[i] = (struct leg_column){arena_text(arena, name), value, list->items[i].place};
            if (value == NULL || row[i].name.bytes == NULL)
                return -ENOMEM;
        }
        leg->row = row;
        leg->row_count = list->count;
    }
    return 0;
}

static int read_columns(struct own *own, const struct node *list)
{
    if (list->type != NODE_LIST) {
        notes_error(own->notes, list->place, "K012", "\"columns\" is a list of names");
        return 0;
    }
    for (size_t i = 0; i < list->count; i++) {
        bool is_there = false;
        for (size_t l = 0; l < own->rule->legs.count && list->items[i].type == NODE_SCALAR && !is_there; l++)
            is_there = column_of(&own->rule->legs.items[l], list->items[i].text) != NULL;
        if (!is_there)
            notes_error(own->notes, list->items[i].place, "K012", "no leg's result has such a column");
    }
    return notes_ok(own->notes) ? arrange(own, list) : 0;
}

int rule_own_read(struct rule *rule, struct columns *columns, const struct node *root,
                  const struct kql_options *options, struct notes *notes)
{
    static const char *const known[] = {"ruleset", "upstream", "columns", "mends", "attached-to", NULL};
    struct own own = {rule, columns, options, notes, rule->legs.count, false};
    const struct node *map = node_get(root, "tripline");
    if (map == NULL || !check_map(&own, map, "tripline", known))
        return 0;
    read_origin(&own, map);
    rule->attached_to = text_at(&own, map, "attached-to");
    const struct node *mends = node_get(map, "mends"), *list = node_get(map, "columns");
    int rc = 0;
    if (mends != NULL && mends->type != NODE_LIST)
        notes_error(notes, mends->place, "K012", "\"mends\" is a list of maps");
    for (size_t i = 0; mends != NULL && mends->type == NODE_LIST && i < mends->count && rc == 0; i++)
        rc = read_mend(&own, &mends->items[i]);
    if (rc == 0 && list != NULL)
        rc = read_columns(&own, list);
    return rc == 0 && own.is_short_of_memory ? -ENOMEM : rc;
}
