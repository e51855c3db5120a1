/* Operators, lists and between; and what a comparison with the time of arrival means for one event: a filter for "the
 * last hour" is true when the event comes, a window that has ended would need events of the past. */
#include "detect/kql/kql_bind.h"

static bool is(struct text text, const char *word)
{
    return text_equal(text, text_from(word));
}

/* Is it a time that counts from the moment of the query? */
static bool is_moment(const struct kql_value *value)
{
    return value->what == KQL_IS_VALUE && (value->is_now || value->is_placeholder);
}

/* `time op moment`. False: not such a comparison. */
static bool compare_time(struct kql_binder *binder, struct text op, const struct kql_value *time,
                         const struct kql_value *moment, struct expr_place place, struct kql_value *out)
{
    if (time->what != KQL_IS_VALUE || !time->is_event_time || !is_moment(moment))
        return false;
    bool is_after = is(op, ">") || is(op, ">="), is_before = is(op, "<") || is(op, "<=");
    if (!is_after && !is_before)
        return false;
    if (is_before && moment->is_now && moment->is_offset_known && moment->offset < 0) {
        kql_faults_add(binder->faults, place, "K303",
                       "a window that ends in the past compares with older events; not supported");
        *out = kql_value_failed();
        return true;
    }
    *out = kql_value_constant(binder, value_bool(true), place);
    return true;
}

static struct text flipped(struct text op)
{
    if (is(op, "<"))
        return text_from(">");
    if (is(op, ">"))
        return text_from("<");
    if (is(op, "<="))
        return text_from(">=");
    return is(op, ">=") ? text_from("<=") : op;
}

static bool is_number(const struct kql_value *value)
{
    enum value_type type = value->what == KQL_IS_VALUE ? expr_type(value->expr) : VALUE_STRING;
    return type == VALUE_INT || type == VALUE_LONG || type == VALUE_REAL;
}

/* A number beside a text in quotes is compared as a number: `EventID == '4688'`. */
static void agree(struct kql_binder *binder, struct kql_value *a, struct kql_value *b, struct expr_place place)
{
    if (!is_number(a) || b->what != KQL_IS_VALUE || expr_type(b->expr) != VALUE_STRING)
        return;
    if (b->is_loose) {
        *b = kql_value_call(binder, "tolong", b, 1, place);
        return;
    }
    int64_t number;
    struct text text = kql_value_text(b);
    if (text.bytes == NULL || !value_read_long(&number, text))
        return;
    kql_faults_add(binder->warnings, place, "W406", "a number is compared with a text; \"%.*s\" is taken as a number",
                   KQL_NAME(text));
    *b = kql_value_constant(binder, value_long(number), place);
}

/* ticks of now() + or - a timespan. */
static void shift_now(struct text op, const struct kql_value *args, struct kql_value *out)
{
    if (!args[0].is_now || args[1].what != KQL_IS_VALUE || expr_type(args[1].expr) != VALUE_TIMESPAN)
        return;
    const struct value *span = expr_constant_value(args[1].expr);
    out->is_now = true;
    out->is_offset_known = args[0].is_offset_known && span != NULL && !span->is_null;
    if (out->is_offset_known)
        out->offset = is(op, "+") ? args[0].offset + span->number : args[0].offset - span->number;
}

static bool is_comparison(struct text op)
{
    return is(op, "==") || is(op, "!=") || is(op, "<>") || is(op, "<") || is(op, ">") || is(op, "<=") || is(op, ">=");
}

static struct kql_value apply(struct kql_binder *binder, struct text op, struct kql_value args[2],
                              struct expr_place place)
{
    struct kql_value out;
    if (compare_time(binder, op, &args[0], &args[1], place, &out) ||
        compare_time(binder, flipped(op), &args[1], &args[0], place, &out))
        return out;
    if (is_comparison(op)) {
        agree(binder, &args[0], &args[1], place);
        agree(binder, &args[1], &args[0], place);
    }
    out = kql_value_text_call(binder, op, args, 2, place);
    if (out.what != KQL_IS_VALUE)
        return out;
    if (is(op, "+") || is(op, "-"))
        shift_now(op, args, &out);
    if (is(op, "==") || is(op, "=~")) {
        out.selection = kql_selection_of(binder, args, 2);
        struct kql_value turned[2] = {args[1], args[0]};
        if (out.selection == NULL)
            out.selection = kql_selection_of(binder, turned, 2);
    }
    return out;
}

/* and, or: any number of parts. */
static struct kql_value chain(struct kql_binder *binder, struct kql_name *scope, const struct kql_row *row,
                              const struct kql_node *node)
{
    bool is_and = is(node->text, "and");
    struct kql_value *args = kql_alloc(binder, node->count, sizeof *args);
    if (args == NULL)
        return kql_value_failed();
    const struct kql_selection *selection = NULL;
    size_t count = 0;
    for (const struct kql_node *child = node->first; child != NULL; child = child->next) {
        struct kql_value value = kql_bind(binder, scope, row, child);
        selection = is_and       ? kql_selection_both(binder, selection, value.selection)
                    : count == 0 ? value.selection
                                 : kql_selection_either(binder, selection, value.selection);
        args[count++] = value;
    }
    struct kql_value out = kql_value_text_call(binder, node->text, args, count, node->place);
    out.selection = selection;
    return out;
}

struct kql_value kql_bind_binary(struct kql_binder *binder, struct kql_name *scope, const struct kql_row *row,
                                 const struct kql_node *node)
{
    if (is(node->text, "and") || is(node->text, "or"))
        return chain(binder, scope, row, node);
    struct kql_value args[2] = {kql_value_failed(), kql_value_failed()};
    args[0] = kql_bind(binder, scope, row, node->first);
    if (node->first != NULL)
        args[1] = kql_bind(binder, scope, row, node->first->next);
    return apply(binder, node->text, args, node->place);
}

struct items {
    struct kql_value *list;
    size_t count, room;
};

static bool add_item(struct kql_binder *binder, struct items *items, struct kql_value value)
{
    if (items->count == items->room) {
        size_t room = items->room == 0 ? 16 : items->room * 2;
        struct kql_value *more = kql_alloc(binder, room, sizeof *more);
        if (more == NULL)
            return false;
        if (items->count > 0)
            memcpy(more, items->list, items->count * sizeof *more);
        items->list = more;
        items->room = room;
    }
    items->list[items->count++] = value;
    return true;
}

/* Is the item a table and not a column? */
static bool is_list_table(struct kql_name *scope, const struct kql_row *row, const struct kql_node *node)
{
    if (node->kind == KQL_NAME && kql_bind_find(scope, node->text) == NULL && row != NULL &&
        kql_row_has(row, node->text))
        return false;
    return kql_leg_is_table(scope, node);
}

struct kql_value kql_bind_list(struct kql_binder *binder, struct kql_name *scope, const struct kql_row *row,
                               const struct kql_node *node)
{
    struct items items = {0};
    if (!add_item(binder, &items, kql_bind(binder, scope, row, node->first)))
        return kql_value_failed();
    for (const struct kql_node *child = node->first != NULL ? node->first->next : NULL; child != NULL;
         child = child->next) {
        if (!is_list_table(scope, row, child)) {
            struct kql_value value = kql_bind(binder, scope, row, child);
            agree(binder, &items.list[0], &value, node->place);
            if (!add_item(binder, &items, value))
                return kql_value_failed();
            continue;
        }
        struct kql_value *constants = NULL;
        size_t count = 0;
        bool is_had = kql_constant_list(binder, scope, child, child->place, &constants, &count);
        if (!is_had && !add_item(binder, &items, kql_value_failed()))
            return kql_value_failed();
        for (size_t i = 0; is_had && i < count; i++)
            if (!add_item(binder, &items, constants[i]))
                return kql_value_failed();
    }
    struct kql_value out = kql_value_text_call(binder, node->text, items.list, items.count, node->place);
    if (out.what == KQL_IS_VALUE && (is(node->text, "in") || is(node->text, "in~")) && items.count > 1)
        out.selection = kql_selection_of(binder, items.list, items.count);
    return out;
}

struct kql_value kql_bind_between(struct kql_binder *binder, struct kql_name *scope, const struct kql_row *row,
                                  const struct kql_node *node)
{
    struct kql_value args[3] = {kql_value_failed(), kql_value_failed(), kql_value_failed()};
    const struct kql_node *child = node->first;
    for (size_t i = 0; i < 3 && child != NULL; i++, child = child->next)
        args[i] = kql_bind(binder, scope, row, child);
    if (args[1].what == KQL_IS_VALUE && args[2].what == KQL_IS_VALUE && expr_type(args[2].expr) == VALUE_TIMESPAN &&
        expr_type(args[1].expr) == VALUE_DATETIME) { /* between (start .. 1d): from start for a day */
        struct kql_value ends[2] = {args[1], args[2]};
        args[2] = apply(binder, text_from("+"), ends, node->place);
    }
    if (args[0].what != KQL_IS_VALUE || !args[0].is_event_time || (!is_moment(&args[1]) && !is_moment(&args[2])))
        return kql_value_text_call(binder, node->text, args, 3, node->place);
    struct kql_value low[2] = {args[0], args[1]}, high[2] = {args[0], args[2]}, both[2];
    both[0] = apply(binder, text_from(">="), low, node->place);
    both[1] = apply(binder, text_from("<="), high, node->place);
    struct kql_value out = kql_value_call(binder, "and", both, 2, node->place);
    return is(node->text, "between") ? out : kql_value_call(binder, "not", &out, 1, node->place);
}
