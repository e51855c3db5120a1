/* Tables: which legs a query has. Lets, lambdas and sub-queries are put in where they are used. */
#include "detect/kql/kql_bind.h"

static bool is(struct text text, const char *word)
{
    return text_equal(text, text_from(word));
}

static const struct kql_node *let_of(const struct kql_node *query, struct text name)
{
    for (const struct kql_node *it = query->first; it != NULL; it = it->next)
        if (it->kind == KQL_LET && text_equal(it->text, name))
            return it->first;
    return NULL;
}

/* Does the body of a lambda give a table? */
static bool is_table_body(struct kql_name *scope, const struct kql_node *query)
{
    const struct kql_node *last = query != NULL && query->kind == KQL_QUERY ? query->last : NULL;
    for (unsigned i = 0; last != NULL && last->kind == KQL_NAME && i < KQL_MAX_DEPTH; i++) {
        const struct kql_node *let = let_of(query, last->text);
        if (let == NULL)
            break;
        last = let;
    }
    return last != NULL && last->kind != KQL_LET && kql_leg_is_table(scope, last);
}

bool kql_leg_is_table(struct kql_name *scope, const struct kql_node *node)
{
    const struct kql_name *let;
    switch (node->kind) {
    case KQL_PIPE:
    case KQL_UNION:
    case KQL_DATATABLE:
    case KQL_EXTERNAL:
    case KQL_SOURCE:
        return true;
    case KQL_NAME:
        let = kql_bind_find(scope, node->text);
        if (let == NULL)
            return kql_table_find(node->text) != NULL || kql_table_is_elsewhere(node->text);
        if (let->node->kind == KQL_LAMBDA)
            return is_table_body(let->scope, let->node->last);
        return kql_leg_is_table(let->scope, let->node);
    case KQL_CALL:
        if (is(node->text, "materialize") || is(node->text, "view") || is(node->text, "table") ||
            is(node->text, "_GetWatchlist"))
            return true;
        let = kql_bind_find(scope, node->text);
        if (let != NULL && let->node->kind == KQL_LAMBDA)
            return is_table_body(let->scope, let->node->last);
        return kql_table_find(node->text) != NULL || kql_table_is_elsewhere(node->text);
    default:
        return false;
    }
}

static struct kql_leg *add(struct kql_binder *binder, struct kql_legs *legs, const struct kql_node *node,
                           struct text name)
{
    struct kql_leg *leg = kql_alloc(binder, 1, sizeof *leg);
    if (leg == NULL)
        return NULL;
    leg->name = name;
    leg->place = node->place;
    leg->row = kql_row_new(binder, KQL_ROW_UNKNOWN, NULL);
    if (legs->count == KQL_MAX_LEGS) {
        if (!legs->is_too_many)
            kql_faults_add(binder->faults, node->place, "K105", "more than %d tables are united", KQL_MAX_LEGS);
        legs->is_too_many = true;
        return leg;
    }
    legs->list[legs->count++] = leg;
    return leg;
}

static void table(struct kql_binder *binder, struct kql_legs *legs, const struct kql_node *node, struct text name)
{
    const struct kql_table *found = kql_table_find(name);
    struct kql_leg *leg = add(binder, legs, node, name);
    if (leg == NULL)
        return;
    if (found != NULL) {
        leg->table = found;
        leg->row = kql_row_new(binder, KQL_ROW_TABLE, NULL);
        leg->row->table = found;
        return;
    }
    struct text meant = kql_table_is_elsewhere(name) ? (struct text){NULL, 0} : kql_table_nearest(name);
    if (meant.bytes == NULL)
        return;
    kql_faults_add(binder->faults, node->place, "K202", "there is no table \"%.*s\"; did you mean \"%.*s\"?",
                   KQL_NAME(name), KQL_NAME(meant));
    leg->is_refused = true;
}

/* Device*: those of our tables whose names match, and what else there may be. */
static void tables_by_pattern(struct kql_binder *binder, struct kql_legs *legs, const struct kql_node *node)
{
    static const char *const names[] = {"SecurityEvent", "WindowsEvent", "Event", "DeviceProcessEvents"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (kql_row_matches(node->text, text_from(names[i])))
            table(binder, legs, node, text_from(names[i]));
    (void)add(binder, legs, node, node->text);
}

/* Parameters of ASIM's parsers: filters by another name. */
static void asim_parameters(struct kql_binder *binder, struct kql_leg *leg, struct kql_name *scope,
                            const struct kql_node *node)
{
    static const struct {
        const char *parameter, *column, *op;
    } filters[] = {{"commandline_has_any", "CommandLine", "has_any"},
                   {"commandline_has_all", "CommandLine", "has_all"},
                   {"targetprocess_has_any", "TargetProcessName", "has_any"},
                   {"actingprocess_has_any", "ActingProcessName", "has_any"},
                   {"parentprocess_has_any", "ParentProcessName", "has_any"},
                   {"targetusername_has", "TargetUsername", "has"},
                   {"actorusername_has", "ActorUsername", "has"},
                   {"dvchostname_has_any", "DvcHostname", "has_any"},
                   {"hashes_has_any", "Hash", "has_any"}};
    static const char *const ignored[] = {"starttime", "endtime", "disabled", "pack", "eventtype"};
    for (const struct kql_node *it = node->first; it != NULL; it = it->next) {
        size_t count = sizeof filters / sizeof filters[0], i = 0;
        bool is_ignored = false;
        for (size_t k = 0; k < sizeof ignored / sizeof ignored[0]; k++)
            is_ignored |= it->kind == KQL_ASSIGN && is(it->text, ignored[k]);
        while (i < count && !(it->kind == KQL_ASSIGN && is(it->text, filters[i].parameter)))
            i++;
        if (is_ignored)
            continue;
        if (i == count) {
            kql_faults_add(binder->faults, it->place, "K104",
                           "this parameter of \"%.*s\" is not supported; filter with "
                           "where",
                           KQL_NAME(node->text));
            leg->is_refused = true;
            continue;
        }
        struct kql_value args[2] = {kql_value_failed(), kql_bind(binder, scope, NULL, it->first)};
        binder->leg = leg;
        (void)kql_row_find(binder, leg->row, text_from(filters[i].column), it->place, &args[0]);
        kql_operator_filter(binder, leg, kql_value_call(binder, filters[i].op, args, 2, it->place), it);
        binder->leg = NULL;
    }
}

static void call(struct kql_binder *binder, struct kql_legs *legs, struct kql_name *scope, const struct kql_node *node)
{
    if ((is(node->text, "materialize") || is(node->text, "view")) && node->first != NULL) {
        kql_leg_add(binder, legs, scope, node->first);
        return;
    }
    if (is(node->text, "table") && node->first != NULL && node->first->kind == KQL_STRING) {
        table(binder, legs, node, node->first->text);
        return;
    }
    struct kql_name *lambda = kql_bind_find(scope, node->text);
    if (lambda != NULL && lambda->node->kind == KQL_LAMBDA) {
        struct kql_name *inner = kql_bind_parameters(binder, lambda, node, scope, NULL);
        const struct kql_node *body = lambda->node->last;
        if (inner == NULL || body == NULL || body->kind != KQL_QUERY || body->last == NULL) {
            struct kql_leg *leg = add(binder, legs, node, node->text);
            if (leg != NULL)
                leg->is_refused = true;
            return;
        }
        kql_leg_add(binder, legs, kql_bind_statements(binder, body, inner), body->last);
        return;
    }
    size_t before = legs->count;
    table(binder, legs, node, node->text);
    if (legs->count > before && legs->list[before]->table != NULL)
        asim_parameters(binder, legs->list[before], scope, node);
}

/* The rows of legs that were united: a column of one is there in the others, empty. */
static void unite(struct kql_binder *binder, struct kql_legs *legs)
{
    const struct kql_row **rows = kql_alloc(binder, legs->count, sizeof(const struct kql_row *));
    if (rows == NULL || legs->count < 2)
        return;
    for (size_t i = 0; i < legs->count; i++)
        rows[i] = legs->list[i]->row;
    for (size_t i = 0; i < legs->count; i++) {
        struct kql_row *row = kql_row_new(binder, KQL_ROW_UNION, legs->list[i]->row);
        row->others = rows;
        row->other_count = legs->count;
        legs->list[i]->row = row;
    }
}

/* The legs of a union, a source or an operator. */
static void union_legs(struct kql_binder *binder, struct kql_legs *legs, struct kql_name *scope,
                       const struct kql_node *node)
{
    const struct kql_node *source = NULL;
    for (const struct kql_node *it = node->first; it != NULL; it = it->next) {
        if (it->kind != KQL_ASSIGN)
            kql_leg_add(binder, legs, scope, it);
        else if (is(it->text, "withsource") || is(it->text, "with_source"))
            source = it->first;
    }
    for (size_t i = 0; source != NULL && i < legs->count; i++) {
        struct kql_leg *leg = legs->list[i];
        leg->row = kql_row_new(binder, KQL_ROW_EXTEND, leg->row);
        kql_row_add_value(binder, leg->row, source->text,
                          kql_value_constant(binder, value_string(leg->name), node->place));
    }
    unite(binder, legs);
}

static void append(struct kql_binder *binder, struct kql_legs *legs, const struct kql_legs *more,
                   const struct kql_node *node)
{
    for (size_t i = 0; i < more->count; i++) {
        if (legs->count < KQL_MAX_LEGS) {
            legs->list[legs->count++] = more->list[i];
            continue;
        }
        if (!legs->is_too_many)
            kql_faults_add(binder->faults, node->place, "K105", "more than %d tables are united", KQL_MAX_LEGS);
        legs->is_too_many = true;
    }
}

/* Does the condition, or a part of its and, ask for EventID == 4688? */
static bool asks_for_4688(const struct kql_node *node)
{
    if (node == NULL || node->kind != KQL_BINARY)
        return false;
    if (is(node->text, "and")) {
        for (const struct kql_node *child = node->first; child != NULL; child = child->next)
            if (asks_for_4688(child))
                return true;
        return false;
    }
    const struct kql_node *left = node->first, *right = left != NULL ? left->next : NULL;
    return is(node->text, "==") && right != NULL && left->kind == KQL_NAME && is(left->text, "EventID") &&
           (right->kind == KQL_LONG || right->kind == KQL_STRING) && is(right->text, "4688");
}

static void pipe(struct kql_binder *binder, struct kql_legs *legs, struct kql_name *scope, const struct kql_node *node)
{
    struct kql_legs own = {.count = 0};
    kql_leg_add(binder, &own, scope, node->first);
    for (const struct kql_node *it = node->first->next; it != NULL; it = it->next)
        for (size_t i = 0; (is(it->text, "where") || is(it->text, "filter")) && i < own.count; i++)
            own.list[i]->is_4688 |= asks_for_4688(it->first);
    for (const struct kql_node *it = node->first->next; it != NULL; it = it->next) {
        if (is(it->text, "union") && it->kind == KQL_OPERATOR)
            union_legs(binder, &own, scope, it);
        else
            kql_operator_apply(binder, &own, scope, it);
    }
    append(binder, legs, &own, node);
}

static void by_kind(struct kql_binder *binder, struct kql_legs *legs, struct kql_name *scope,
                    const struct kql_node *node)
{
    struct kql_name *let = node->kind == KQL_NAME ? kql_bind_find(scope, node->text) : NULL;
    struct kql_legs own = {.count = 0};
    struct kql_leg *leg;
    switch (node->kind) {
    case KQL_NAME:
        if (let != NULL && let->node->kind == KQL_LAMBDA)
            call(binder, legs, scope, node);
        else if (let != NULL)
            kql_leg_add(binder, legs, let->scope, let->node);
        else if (node->text.len > 0 && node->text.bytes[node->text.len - 1] == '*')
            tables_by_pattern(binder, legs, node);
        else
            table(binder, legs, node, node->text);
        return;
    case KQL_CALL:
        call(binder, legs, scope, node);
        return;
    case KQL_MEMBER: /* workspace("...").SecurityEvent */
        table(binder, legs, node, node->text);
        return;
    case KQL_PIPE:
        pipe(binder, legs, scope, node);
        return;
    case KQL_UNION:
        union_legs(binder, &own, scope, node);
        append(binder, legs, &own, node);
        return;
    case KQL_DATATABLE:
    case KQL_EXTERNAL:
    case KQL_SOURCE:
        leg = add(binder, legs, node, node->text);
        if (leg != NULL)
            leg->is_constant = node->kind != KQL_SOURCE;
        return;
    case KQL_BAD:
        leg = add(binder, legs, node, node->text);
        if (leg != NULL)
            leg->is_refused = true;
        return;
    default:
        kql_faults_add(binder->faults, node->place, "K205", "a value stands where a table should");
        leg = add(binder, legs, node, node->text);
        if (leg != NULL)
            leg->is_refused = true;
    }
}

void kql_leg_add(struct kql_binder *binder, struct kql_legs *legs, struct kql_name *scope, const struct kql_node *node)
{
    if (node == NULL || binder->has_no_memory)
        return;
    if (++binder->steps > KQL_MAX_STEPS || binder->depth > KQL_MAX_BINDS) {
        kql_faults_add(binder->faults, node->place, "K105", "the query is too large once its lets are put in");
        return;
    }
    struct kql_leg *leg = binder->leg;
    binder->depth++;
    binder->leg = NULL;
    by_kind(binder, legs, scope, node);
    binder->leg = leg;
    binder->depth--;
}
