#include "detect/kql/kql_bind.h"

struct kql_row *kql_row_new(struct kql_binder *binder, enum kql_row_kind kind, const struct kql_row *below)
{
    struct kql_row *row = kql_alloc(binder, 1, sizeof *row);
    if (row == NULL) {
        binder->spare = (struct kql_row){.kind = KQL_ROW_UNKNOWN, .self = &binder->spare};
        return &binder->spare;
    }
    row->kind = kind;
    row->self = row;
    row->below = below;
    return row;
}

static struct kql_column *add(struct kql_binder *binder, struct kql_row *row, struct text name)
{
    struct kql_column *column = kql_alloc(binder, 1, sizeof *column);
    if (column == NULL)
        return NULL;
    column->name = name;
    struct kql_column **last = &row->columns;
    while (*last != NULL)
        last = &(*last)->next;
    *last = column;
    return column;
}

void kql_row_add(struct kql_binder *binder, struct kql_row *row, struct text name, const struct kql_node *node,
                 struct kql_name *scope, const struct kql_row *from)
{
    struct kql_column *column = add(binder, row, name);
    if (column == NULL)
        return;
    column->node = node;
    column->scope = scope;
    column->row = from;
}

void kql_row_add_value(struct kql_binder *binder, struct kql_row *row, struct text name, struct kql_value value)
{
    struct kql_column *column = add(binder, row, name);
    if (column == NULL)
        return;
    column->value = value;
    column->is_bound = true;
}

bool kql_row_matches(struct text pattern, struct text name)
{
    size_t p = 0, n = 0, star = SIZE_MAX, resume = 0;
    while (n < name.len) {
        if (p < pattern.len && pattern.bytes[p] == '*') {
            star = p++;
            resume = n;
        } else if (p < pattern.len && pattern.bytes[p] == name.bytes[n]) {
            p++;
            n++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            n = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.bytes[p] == '*')
        p++;
    return p == pattern.len;
}

static bool is_in(const struct kql_row *row, struct text name)
{
    for (size_t i = 0; i < row->pattern_count; i++)
        if (kql_row_matches(row->patterns[i], name))
            return true;
    return false;
}

/* The last one of that name counts: it was put there after the others. */
static struct kql_column *own(const struct kql_row *row, struct text name)
{
    struct kql_column *found = NULL;
    for (struct kql_column *column = row->columns; column != NULL; column = column->next)
        if (text_equal(column->name, name))
            found = column;
    return found;
}

/* is_open: does it count that any name may be a column? */
static bool has(const struct kql_row *row, struct text name, bool is_open)
{
    for (; row != NULL; row = row->below) {
        if (own(row, name) != NULL)
            return true;
        switch (row->kind) {
        case KQL_ROW_TABLE:
            return kql_table_column(row->table, name) != NULL;
        case KQL_ROW_ONLY:
            if (!row->is_rest_aggregate && !is_in(row, name))
                return false;
            break;
        case KQL_ROW_HIDE:
            if (is_in(row, name))
                return false;
            break;
        case KQL_ROW_UNION:
            for (size_t i = 0; i < row->other_count; i++)
                if (row->others[i] != row->below && has(row->others[i], name, is_open))
                    return true;
            break;
        case KQL_ROW_PIVOT:
        case KQL_ROW_UNKNOWN:
            if (is_open)
                return true;
            break;
        case KQL_ROW_EXTEND:
            break;
        }
    }
    return false;
}

bool kql_row_has(const struct kql_row *row, struct text name)
{
    return has(row, name, true);
}

bool kql_row_lists(const struct kql_row *row, struct text name)
{
    return has(row, name, false);
}

/* An expression that stands in our own table of columns. */
static struct kql_value derived(struct kql_binder *binder, const struct kql_row *row, const char *text)
{
    struct kql_node *node;
    if (kql_parser_expression(&node, binder->arena, text_from(text), binder->faults) != 0)
        return kql_value_failed();
    binder->derived++;
    struct kql_value value = kql_bind(binder, NULL, row, node);
    binder->derived--;
    value.nodes = 1; /* the query's author wrote one name */
    return value;
}

static struct kql_value table_value(struct kql_binder *binder, const struct kql_row *row,
                                    const struct kql_table_column *column, struct expr_place place)
{
    struct kql_value value = {.what = KQL_IS_XML};
    switch (column->origin) {
    case KQL_FROM_NOWHERE:
        if (!binder->is_output && binder->derived == 0)
            kql_faults_add(binder->warnings, place, "W408", "nothing here knows \"%.*s\": it is always empty",
                           KQL_NAME(column->name));
        return kql_value_constant(binder, value_null(column->type), place);
    case KQL_FROM_FIELD:
        value = kql_value_column(binder, column_of_field(binder->columns, (enum event_field)column->number),
                                 column->name, place);
        if (column->number == EVENT_CHANNEL)
            value.selects = KQL_SELECTS_CHANNEL;
        else if (column->number == EVENT_PROVIDER)
            value.selects = KQL_SELECTS_PROVIDER;
        return value;
    case KQL_FROM_SYSTEM:
        value = kql_value_column(binder, column_of_system(binder->columns, (enum column_system)column->number),
                                 column->name, place);
        value.selects = column->number == COLUMN_EVENT_ID ? KQL_SELECTS_ID : KQL_SELECTS_NOTHING;
        value.is_event_time = column->number == COLUMN_TIME;
        return value;
    case KQL_FROM_DATA:
        value = kql_value_data(binder, column->name, place);
        return column->type == VALUE_INT ? kql_value_call(binder, "toint", &value, 1, place) : value;
    case KQL_FROM_TEXT:
        return kql_value_constant(binder, value_string(text_from(column->text)), place);
    case KQL_FROM_KQL:
        return derived(binder, row,
                       column->at_4688 != NULL && binder->leg != NULL && binder->leg->is_4688 ? column->at_4688
                                                                                              : column->text);
    case KQL_FROM_BAG:
        value = kql_value_column(binder, column_of_system(binder->columns, COLUMN_EVENT_DATA), column->name, place);
        if (value.what == KQL_IS_VALUE)
            value.what = KQL_IS_BAG;
        return value;
    case KQL_FROM_XML:
        break;
    }
    return value;
}

/* "$image" and its like, within our own expressions. */
static bool field_value(struct kql_binder *binder, struct text name, struct expr_place place, struct kql_value *out)
{
    static const struct {
        const char *name;
        enum column_system system;
    } systems[] = {
        {"$pid", COLUMN_PROCESS_ID}, {"$parent_pid", COLUMN_PARENT_PROCESS_ID}, {"$record_id", COLUMN_RECORD_ID}};
    enum event_field field;
    if (name.len == 0 || name.bytes[0] != '$')
        return false;
    for (size_t i = 0; i < sizeof systems / sizeof systems[0]; i++)
        if (text_equal(name, text_from(systems[i].name))) {
            *out = kql_value_column(binder, column_of_system(binder->columns, systems[i].system), name, place);
            return true;
        }
    if (!kql_table_field(&field, name))
        return false;
    *out = kql_value_column(binder, column_of_field(binder->columns, field), name, place);
    return true;
}

static bool find_in_table(struct kql_binder *binder, const struct kql_row *row, struct text name,
                          struct expr_place place, struct kql_value *out)
{
    const struct kql_table_column *column = kql_table_column(row->table, name);
    if (column == NULL)
        return binder->derived > 0 && field_value(binder, name, place, out);
    *out = table_value(binder, row, column, place);
    if (out->what != KQL_IS_FAILED) /* bound once for each leg, but for the place in what it says of itself */
        kql_row_add_value(binder, row->self, column->name, *out);
    return true;
}

static void bind_column(struct kql_binder *binder, struct kql_column *column)
{
    if (column->is_bound || column->is_busy)
        return;
    if (column->is_of_one && !binder->is_output)
        kql_faults_add(
            binder->warnings, column->node->place, "W407",
            "\"%.*s\" is taken as the set of this one event: what only several events together hold is not seen",
            KQL_NAME(column->name));
    if (column->is_aggregate && !column->is_of_one && !binder->is_output) {
        column->value = (struct kql_value){.what = KQL_IS_AGGREGATE};
        return; /* in the result it is something else */
    }
    bool was_aggregate = binder->is_aggregate;
    column->is_busy = true; /* a column that needs itself can't be written; this is for safety alone */
    binder->is_aggregate = column->is_aggregate;
    column->value = kql_bind(binder, column->scope, column->row, column->node);
    binder->is_aggregate = was_aggregate;
    column->is_busy = false;
    column->is_bound = true;
}

/* The column as another leg of the union has it: here it is empty, of that type. */
static bool find_elsewhere(struct kql_binder *binder, const struct kql_row *row, struct text name,
                           struct expr_place place, struct kql_value *out)
{
    for (size_t i = 0; i < row->other_count; i++) {
        if (!kql_row_has(row->others[i], name))
            continue;
        struct kql_value there = kql_value_failed();
        struct kql_leg *leg = binder->leg;
        struct kql_faults *faults = binder->faults, unheard;
        if (kql_faults_begin(&unheard, binder->arena, 1) == 0) {
            binder->leg = NULL;
            binder->faults = &unheard;
            (void)kql_row_find(binder, row->others[i], name, place, &there);
            binder->leg = leg;
            binder->faults = faults;
        }
        enum value_type type = there.what == KQL_IS_VALUE ? expr_type(there.expr) : VALUE_STRING;
        *out = there.what == KQL_IS_AGGREGATE ? there : kql_value_constant(binder, value_null(type), place);
        return true;
    }
    return false;
}

bool kql_row_find(struct kql_binder *binder, const struct kql_row *row, struct text name, struct expr_place place,
                  struct kql_value *out)
{
    for (; row != NULL; row = row->below) {
        struct kql_column *column = own(row, name);
        if (column != NULL) {
            bind_column(binder, column);
            *out = column->value;
            return true;
        }
        switch (row->kind) {
        case KQL_ROW_TABLE:
            return find_in_table(binder, row, name, place, out);
        case KQL_ROW_ONLY:
            if (row->is_rest_aggregate && kql_row_has(row->below, name)) {
                if (binder->is_output)
                    break;
                *out = (struct kql_value){.what = KQL_IS_AGGREGATE};
                return true;
            }
            if (!is_in(row, name))
                return false;
            break;
        case KQL_ROW_HIDE:
            if (is_in(row, name))
                return false;
            break;
        case KQL_ROW_UNION:
            if (!kql_row_has(row->below, name))
                return find_elsewhere(binder, row, name, place, out);
            break;
        case KQL_ROW_PIVOT:
            *out = kql_value_data(binder, name, place);
            return true;
        case KQL_ROW_UNKNOWN:
            if (row->below != NULL && kql_row_has(row->below, name))
                break;
            *out = kql_value_failed();
            return true;
        case KQL_ROW_EXTEND:
            break;
        }
    }
    return false;
}

void kql_row_names(const struct kql_row *row, void (*visit)(void *context, struct text name), void *context)
{
    for (; row != NULL; row = row->below) {
        for (const struct kql_column *column = row->columns; column != NULL; column = column->next)
            visit(context, column->name);
        if (row->kind == KQL_ROW_TABLE) {
            for (size_t i = 0; i < row->table->count; i++)
                visit(context, row->table->columns[i].name);
            return;
        }
        if (row->kind == KQL_ROW_ONLY && row->pattern_count == 0)
            return;
    }
}

struct nearest {
    struct text *names;
    size_t count, room;
};

static void gather(void *context, struct text name)
{
    struct nearest *nearest = context;
    if (nearest->count < nearest->room)
        nearest->names[nearest->count++] = name;
}

void kql_row_missing(struct kql_binder *binder, const struct kql_row *row, struct text name, struct expr_place place)
{
    struct nearest nearest = {.room = 1024};
    nearest.names = kql_alloc(binder, nearest.room, sizeof *nearest.names);
    if (nearest.names == NULL)
        return;
    kql_row_names(row, gather, &nearest);
    struct text meant = kql_nearest(name, nearest.names, nearest.count, sizeof *nearest.names);
    struct text table = binder->leg != NULL ? binder->leg->name : text_from("this table");
    if (meant.bytes != NULL)
        kql_faults_add(binder->faults, place, "K201",
                       "there is no column \"%.*s\" in %.*s here (case counts); did you mean \"%.*s\"?", KQL_NAME(name),
                       KQL_NAME(table), KQL_NAME(meant));
    else
        kql_faults_add(binder->faults, place, "K201", "there is no column \"%.*s\" in %.*s here", KQL_NAME(name),
                       KQL_NAME(table));
}
