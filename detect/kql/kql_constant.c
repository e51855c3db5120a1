/* Lists that a query makes of constants: datatable, and externaldata that was frozen beside the rule. Where, extend,
 * project, distinct and their like are followed row by row. */
#include "detect/kql/kql_bind.h"

/* The rows of a table of constants. */
struct rows {
    struct kql_row **list;
    size_t count, room;
    struct text first_column; /* what `in` compares with */
};

static bool is(struct text text, const char *word)
{
    return text_equal(text, text_from(word));
}

/* What a list is made of, that is no constant. */
struct sources {
    bool has_external, has_foreign;
};

static void add_row(struct kql_binder *binder, struct rows *rows, struct kql_row *row)
{
    if (rows->count == rows->room) {
        size_t room = rows->room == 0 ? 64 : rows->room * 2;
        struct kql_row **more = kql_alloc(binder, room, sizeof(struct kql_row *));
        if (more == NULL)
            return;
        if (rows->count > 0)
            memcpy(more, rows->list, rows->count * sizeof(struct kql_row *));
        rows->list = more;
        rows->room = room;
    }
    rows->list[rows->count++] = row;
}

static bool too_many(struct kql_binder *binder, const struct kql_node *node, size_t count)
{
    if (count <= KQL_MAX_ITEMS)
        return false;
    kql_faults_add(binder->faults, node->place, "K105", "a list of more than %d values", KQL_MAX_ITEMS);
    return true;
}

static bool datatable(struct kql_binder *binder, struct kql_name *scope, const struct kql_node *node, struct rows *rows)
{
    const struct kql_node *schema = node->first;
    if (schema == NULL || schema->first == NULL || too_many(binder, node, node->count / schema->count))
        return false;
    rows->first_column = schema->first->text;
    const struct kql_node *value = schema->next;
    while (value != NULL) {
        struct kql_row *row = kql_row_new(binder, KQL_ROW_ONLY, NULL);
        for (const struct kql_node *column = schema->first; column != NULL && value != NULL; column = column->next) {
            kql_row_add_value(binder, row, column->text, kql_bind(binder, scope, NULL, value));
            value = value->next;
        }
        add_row(binder, rows, row);
    }
    return true;
}

/* One value of a line of CSV (RFC 4180); moves *at past it and its comma. *is_last: the line ends with it. */
static struct text csv_value(struct kql_binder *binder, struct text bytes, size_t *at, bool *is_last)
{
    char *value = NULL;
    size_t len = 0, begin = *at;
    bool is_quoted = *at < bytes.len && bytes.bytes[*at] == '"';
    if (is_quoted) {
        size_t end = *at + 1;
        while (end < bytes.len && (bytes.bytes[end] != '"' || (end + 1 < bytes.len && bytes.bytes[end + 1] == '"')))
            end += bytes.bytes[end] == '"' ? 2 : 1;
        value = kql_alloc(binder, end - *at + 1, 1);
        for (size_t i = *at + 1; i < end && value != NULL; i++) {
            value[len++] = bytes.bytes[i];
            if (bytes.bytes[i] == '"')
                i++;
        }
        *at = end < bytes.len ? end + 1 : bytes.len;
    }
    while (*at < bytes.len && bytes.bytes[*at] != ',' && bytes.bytes[*at] != '\n')
        ++*at;
    struct text plain = {bytes.bytes + begin, *at - begin};
    if (plain.len > 0 && plain.bytes[plain.len - 1] == '\r')
        plain.len--;
    *is_last = *at >= bytes.len || bytes.bytes[*at] == '\n';
    *at += *at < bytes.len;
    return is_quoted && value != NULL ? (struct text){value, len} : plain;
}

static bool csv(struct kql_binder *binder, const struct kql_node *node, struct text bytes, bool skips_first,
                struct rows *rows)
{
    const struct kql_node *schema = node->first; /* with a column at least: external() has looked */
    rows->first_column = schema->first->text;
    size_t at = bytes.len >= 3 && memcmp(bytes.bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (at < bytes.len && !binder->has_no_memory) {
        struct kql_row *row = kql_row_new(binder, KQL_ROW_ONLY, NULL);
        size_t begin = at;
        bool is_last = false;
        for (const struct kql_node *column = schema->first; column != NULL; column = column->next) {
            struct text text = is_last ? text_from("") : csv_value(binder, bytes, &at, &is_last);
            struct kql_value value = kql_value_constant(binder, value_string(text), node->place);
            kql_row_add_value(binder, row, column->text, value);
        }
        while (!is_last) /* more values than the schema has columns */
            (void)csv_value(binder, bytes, &at, &is_last);
        if (skips_first)
            skips_first = false;
        else if (at - begin > 1 || bytes.bytes[begin] != '\n')
            add_row(binder, rows, row);
        if (too_many(binder, node, rows->count))
            return false;
    }
    return true;
}

static bool skips_first_record(const struct kql_node *node)
{
    for (const struct kql_node *it = node->first; it != NULL; it = it->next)
        if (it->kind == KQL_ASSIGN && is(it->text, "ignoreFirstRecord") && it->first != NULL &&
            it->first->kind == KQL_BOOL)
            return it->first->text.bytes[0] == 't' || it->first->text.bytes[0] == 'T';
    return false;
}

static bool external(struct kql_binder *binder, const struct kql_node *node, struct rows *rows, struct sources *sources)
{
    sources->has_external = true;
    const struct kql_node *address = node->first != NULL ? node->first->next : NULL;
    if (address == NULL || address->kind != KQL_STRING || node->first->first == NULL || binder->frozen == NULL)
        return false;
    struct text bytes = binder->frozen(binder->frozen_context, address->text);
    if (bytes.bytes == NULL)
        return false;
    return csv(binder, node, bytes, skips_first_record(node), rows);
}

static bool table(struct kql_binder *binder, struct kql_name *scope, const struct kql_node *node, struct rows *rows,
                  struct sources *sources);

/* where, row by row. False: a row's answer is not constant. */
static bool filter(struct kql_binder *binder, struct kql_name *scope, const struct kql_node *node, struct rows *rows)
{
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++) {
        struct kql_value value = kql_bind(binder, scope, rows->list[i], node->first);
        const struct value *fixed = value.what == KQL_IS_VALUE ? expr_constant_value(value.expr) : NULL;
        if (fixed == NULL)
            return false;
        if (fixed->type == VALUE_BOOL && !fixed->is_null && fixed->boolean)
            rows->list[kept++] = rows->list[i];
    }
    rows->count = kept;
    return true;
}

static struct text first_name(struct kql_binder *binder, const struct kql_node *node)
{
    unsigned number = 0;
    const struct kql_node *child = node->first;
    if (child != NULL && child->kind == KQL_BY)
        child = child->first;
    if (child == NULL)
        return (struct text){"", 0};
    return child->kind == KQL_ASSIGN ? child->text : kql_summarize_name(binder, child, &number);
}

/* One operator on the rows. False: it can't be followed. */
static bool apply(struct kql_binder *binder, struct kql_name *scope, const struct kql_node *node, struct rows *rows,
                  struct sources *sources)
{
    struct text name = node->text;
    if (node->kind != KQL_OPERATOR)
        return false;
    if (is(name, "where") || is(name, "filter"))
        return filter(binder, scope, node, rows);
    if (is(name, "sort") || is(name, "order") || is(name, "serialize") || is(name, "project-reorder"))
        return true;
    if (is(name, "union")) {
        for (const struct kql_node *it = node->first; it != NULL; it = it->next)
            if (it->kind != KQL_ASSIGN && !table(binder, scope, it, rows, sources))
                return false;
        return true;
    }
    bool is_set = is(name, "summarize") && node->count == 1 && node->first->kind != KQL_BY;
    const struct kql_node *set = is_set && node->first->kind == KQL_ASSIGN ? node->first->first : node->first;
    if (is_set) { /* summarize make_set(X): the list itself */
        bool is_made = set != NULL && set->kind == KQL_CALL && set->first != NULL && set->first->kind == KQL_NAME &&
                       (is(set->text, "make_set") || is(set->text, "makeset") || is(set->text, "make_list") ||
                        is(set->text, "makelist"));
        rows->first_column = is_made ? set->first->text : rows->first_column;
        return is_made;
    }
    bool is_by = is(name, "summarize") && node->count == 1 && node->first->kind == KQL_BY;
    bool is_shape = is(name, "extend") || is(name, "project") || is(name, "distinct") || is(name, "project-away") ||
                    is(name, "project-rename") || is(name, "project-keep");
    for (size_t i = 0; (is_shape || is_by) && i < rows->count; i++) {
        struct kql_leg leg = {.row = rows->list[i]};
        if (is_by)
            kql_summarize_apply(binder, &leg, scope, node);
        else
            (void)kql_shape_apply(binder, &leg, scope, node);
        rows->list[i] = leg.row;
    }
    if (is(name, "project") || is(name, "distinct") || is_by || is(name, "project-keep"))
        rows->first_column = first_name(binder, node);
    return is_shape || is_by;
}

static bool pipe(struct kql_binder *binder, struct kql_name *scope, const struct kql_node *node, struct rows *rows,
                 struct sources *sources)
{
    struct rows own = {0};
    bool is_constant = table(binder, scope, node->first, &own, sources);
    for (const struct kql_node *it = node->first->next; it != NULL && is_constant; it = it->next)
        is_constant = apply(binder, scope, it, &own, sources);
    if (rows->count == 0)
        rows->first_column = own.first_column;
    for (size_t i = 0; i < own.count && is_constant; i++)
        add_row(binder, rows, own.list[i]);
    return is_constant;
}

static bool union_rows(struct kql_binder *binder, struct kql_name *scope, const struct kql_node *node,
                       struct rows *rows, struct sources *sources)
{
    bool is_constant = true;
    for (const struct kql_node *it = node->first; it != NULL; it = it->next)
        if (it->kind != KQL_ASSIGN)
            is_constant &= table(binder, scope, it, rows, sources);
    return is_constant;
}

static bool named(struct kql_binder *binder, struct kql_name *scope, const struct kql_node *node, struct rows *rows,
                  struct sources *sources)
{
    struct kql_name *let = kql_bind_find(scope, node->text);
    if (let == NULL) {
        sources->has_foreign |= kql_table_find(node->text) == NULL;
        return false;
    }
    if (let->node->kind != KQL_LAMBDA)
        return table(binder, let->scope, let->node, rows, sources);
    struct kql_name *inner = kql_bind_parameters(binder, let, node, scope, NULL);
    const struct kql_node *body = let->node->last;
    if (inner == NULL || body == NULL || body->kind != KQL_QUERY || body->last == NULL)
        return false;
    return table(binder, kql_bind_statements(binder, body, inner), body->last, rows, sources);
}

/* Adds the rows of a table. False: it is not made of constants alone; sources says of what. */
static bool table(struct kql_binder *binder, struct kql_name *scope, const struct kql_node *node, struct rows *rows,
                  struct sources *sources)
{
    if (node == NULL || ++binder->steps > KQL_MAX_STEPS || binder->depth > KQL_MAX_BINDS || binder->has_no_memory)
        return false;
    binder->depth++;
    bool is_constant = false;
    if (node->kind == KQL_DATATABLE)
        is_constant = datatable(binder, scope, node, rows);
    else if (node->kind == KQL_EXTERNAL)
        is_constant = external(binder, node, rows, sources);
    else if (node->kind == KQL_PIPE)
        is_constant = pipe(binder, scope, node, rows, sources);
    else if (node->kind == KQL_UNION)
        is_constant = union_rows(binder, scope, node, rows, sources);
    else if (node->kind == KQL_CALL && node->first != NULL && (is(node->text, "materialize") || is(node->text, "view")))
        is_constant = table(binder, scope, node->first, rows, sources);
    else if (node->kind == KQL_NAME || node->kind == KQL_CALL)
        is_constant = named(binder, scope, node, rows, sources);
    else
        sources->has_foreign |= node->kind == KQL_SOURCE;
    binder->depth--;
    return is_constant;
}

bool kql_constant_list(struct kql_binder *binder, struct kql_name *scope, const struct kql_node *node,
                       struct expr_place place, struct kql_value **out, size_t *count)
{
    struct rows rows = {0};
    struct sources sources = {0};
    size_t before = binder->faults->count;
    if (!table(binder, scope, node, &rows, &sources)) {
        if (sources.has_external)
            kql_faults_add(binder->faults, place, "K304",
                           "a list from externaldata; freeze it: put the file beside the rule as RULE.data/SHA256.csv, "
                           "and SHA256 and address into RULE.data/index");
        else if (sources.has_foreign)
            kql_faults_add(binder->faults, place, "K203",
                           "a list from a table whose events are not on this host; not supported");
        else if (binder->faults->count == before)
            kql_faults_add(binder->faults, place, "K301", "a list of other events (a sub-query); not supported");
        return false;
    }
    struct kql_value *list = kql_alloc(binder, rows.count + 1, sizeof *list);
    for (size_t i = 0; i < rows.count && list != NULL; i++) {
        list[i] = kql_value_failed();
        if (!kql_row_find(binder, rows.list[i], rows.first_column, place, &list[i]))
            kql_row_missing(binder, rows.list[i], rows.first_column, place);
        list[i].is_loose = false;
    }
    *out = list;
    *count = rows.count;
    return list != NULL;
}
