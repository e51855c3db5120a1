/* summarize: for one event the group's keys are its own, and a figure over the group can't be known. In the result,
 * each figure is what it would be for a group of this one event. */
#include "detect/kql/kql_bind.h"
#include <stdio.h>

static bool is(struct text text, const char *word)
{
    return text_equal(text, text_from(word));
}

/* What an aggregate is over one event, and the name that Kusto gives its column ("count_", "min_X"). */
enum over_one { OVER_COUNT, OVER_ARGUMENT, OVER_LIST, OVER_CONDITION, OVER_LAST_ARGUMENT, OVER_NULL };

static const struct {
    const char *function, *prefix;
    enum over_one over_one;
} aggregates[] = {{"count", "count_", OVER_COUNT},
                  {"countif", "countif_", OVER_CONDITION},
                  {"dcount", "dcount_", OVER_COUNT},
                  {"dcountif", "dcountif_", OVER_COUNT},
                  {"count_distinct", "count_distinct_", OVER_COUNT},
                  {"min", "min_", OVER_ARGUMENT},
                  {"max", "max_", OVER_ARGUMENT},
                  {"minif", "minif_", OVER_ARGUMENT},
                  {"maxif", "maxif_", OVER_ARGUMENT},
                  {"sum", "sum_", OVER_ARGUMENT},
                  {"avg", "avg_", OVER_ARGUMENT},
                  {"sumif", "sumif_", OVER_ARGUMENT},
                  {"any", "any_", OVER_ARGUMENT},
                  {"take_any", "", OVER_ARGUMENT},
                  {"anyif", "any_", OVER_ARGUMENT},
                  {"take_anyif", "", OVER_ARGUMENT},
                  {"arg_max", "", OVER_ARGUMENT},
                  {"arg_min", "", OVER_ARGUMENT},
                  {"argmax", "max_", OVER_ARGUMENT},
                  {"argmin", "min_", OVER_ARGUMENT},
                  {"make_set", "set_", OVER_LIST},
                  {"makeset", "set_", OVER_LIST},
                  {"make_list", "list_", OVER_LIST},
                  {"makelist", "list_", OVER_LIST},
                  {"make_set_if", "set_", OVER_LIST},
                  {"make_list_if", "list_", OVER_LIST},
                  {"make_bag", "bag_", OVER_ARGUMENT},
                  {"percentile", "percentile_", OVER_ARGUMENT},
                  {"percentiles", "percentiles_", OVER_ARGUMENT},
                  {"stdev", "stdev_", OVER_NULL},
                  {"variance", "variance_", OVER_NULL},
                  {"hll", "hll_", OVER_NULL},
                  {"make_list_with_nulls", "list_", OVER_LIST},
                  {"binary_all_or", "binary_all_or_", OVER_ARGUMENT}};

static size_t find(struct text function)
{
    size_t i = 0;
    while (i < sizeof aggregates / sizeof aggregates[0] && !is(function, aggregates[i].function))
        i++;
    return i;
}

bool kql_summarize_call(struct kql_binder *binder, const struct kql_node *node, const struct kql_value *args,
                        size_t count, struct kql_value *out)
{
    size_t i = find(node->text);
    if (i == sizeof aggregates / sizeof aggregates[0])
        return false;
    if (aggregates[i].over_one == OVER_COUNT || (count == 0 && aggregates[i].over_one != OVER_NULL))
        *out = kql_value_constant(binder, value_long(1), node->place);
    else if (aggregates[i].over_one == OVER_CONDITION)
        *out = kql_value_call(binder, "tolong", args, 1, node->place);
    else if (aggregates[i].over_one == OVER_LIST)
        *out = kql_value_call(binder, "pack_array", args, 1, node->place);
    else if (aggregates[i].over_one == OVER_NULL)
        *out = kql_value_constant(binder, value_null(VALUE_REAL), node->place);
    else
        *out = args[0];
    return true;
}

static struct text joined(struct kql_binder *binder, struct text before, const char *between, struct text after)
{
    size_t middle = strlen(between), len = before.len + middle + after.len;
    char *text = kql_alloc(binder, len + 1, 1);
    if (text == NULL)
        return (struct text){"", 0};
    for (size_t i = 0; i < len; i++)
        text[i] = i < before.len            ? before.bytes[i]
                  : i < before.len + middle ? between[i - before.len]
                                            : after.bytes[i - before.len - middle];
    return (struct text){text, len};
}

/* Functions whose column takes the name of what they convert. */
static bool keeps_name(struct text function)
{
    static const char *const names[] = {"tostring",   "toint",      "tolong", "todouble", "toreal",
                                        "todatetime", "totimespan", "tobool", "bin",      "floor",
                                        "todynamic",  "parse_json", "toguid", "todecimal"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is(function, names[i]))
            return true;
    return false;
}

struct text kql_summarize_name(struct kql_binder *binder, const struct kql_node *node, unsigned *number)
{
    if (node->kind == KQL_NAME)
        return node->text;
    if ((node->kind == KQL_MEMBER || node->kind == KQL_INDEX) && node->first != NULL) {
        struct text object = kql_summarize_name(binder, node->first, number);
        const struct kql_node *index = node->first->next;
        struct text part = node->kind == KQL_MEMBER ? node->text : index != NULL ? index->text : text_from("");
        return joined(binder, object, "_", part);
    }
    size_t i = node->kind == KQL_CALL ? find(node->text) : sizeof aggregates / sizeof aggregates[0];
    bool has_argument = node->first != NULL && (node->first->kind == KQL_NAME || node->first->kind == KQL_CALL);
    if (i < sizeof aggregates / sizeof aggregates[0])
        return joined(binder, text_from(""), aggregates[i].prefix,
                      has_argument ? kql_summarize_name(binder, node->first, number) : text_from(""));
    if (node->kind == KQL_CALL && keeps_name(node->text) && node->first != NULL)
        return kql_summarize_name(binder, node->first, number);
    char digits[TEXT_NUMBER_SIZE];
    return joined(binder, text_from("Column"), "", text_from_number(digits, ++*number));
}

static void add_aggregate(struct kql_binder *binder, struct kql_row *row, struct text name, const struct kql_node *node,
                          struct kql_name *scope, const struct kql_row *from)
{
    kql_row_add(binder, row, name, node, scope, from);
    for (struct kql_column *column = row->columns; column != NULL; column = column->next)
        if (column->node == node && text_equal(column->name, name))
            column->is_aggregate = true;
}

/* summarize make_set(X): a filter on set_X asks what the events of the group hold, and one of them is this one. */
static void mark_set(struct kql_row *row, const struct kql_node *node)
{
    const struct kql_node *call = node->kind == KQL_CALL && is(node->text, "tostring") ? node->first : node;
    size_t i = call != NULL && call->kind == KQL_CALL ? find(call->text) : sizeof aggregates / sizeof aggregates[0];
    if (i == sizeof aggregates / sizeof aggregates[0] || aggregates[i].over_one != OVER_LIST)
        return;
    for (struct kql_column *column = row->columns; column != NULL; column = column->next)
        column->is_of_one |= column->node == node;
}

/* arg_max(x, a, b), take_any(a, b): a column for each argument but the first. */
static void further(struct kql_binder *binder, struct kql_row *row, const struct kql_node *call, struct kql_name *scope,
                    const struct kql_row *from, unsigned *number)
{
    bool is_many =
        is(call->text, "arg_max") || is(call->text, "arg_min") || is(call->text, "take_any") || is(call->text, "any");
    if (call->kind != KQL_CALL || !is_many || call->first == NULL)
        return;
    if (call->first->kind == KQL_STAR)
        row->is_rest_aggregate = true;
    for (const struct kql_node *it = call->first->next; it != NULL; it = it->next) {
        if (it->kind == KQL_STAR)
            row->is_rest_aggregate = true;
        else
            add_aggregate(binder, row, kql_summarize_name(binder, it, number), it, scope, from);
    }
}

void kql_summarize_apply(struct kql_binder *binder, struct kql_leg *leg, struct kql_name *scope,
                         const struct kql_node *node)
{
    struct kql_row *row = kql_row_new(binder, KQL_ROW_ONLY, leg->row);
    unsigned number = 0;
    for (const struct kql_node *child = node->first; child != NULL; child = child->next) {
        const struct kql_node *value = child->kind == KQL_ASSIGN ? child->first : child;
        if (child->kind == KQL_ASSIGN && child->text.len > 5 && memcmp(child->text.bytes, "hint.", 5) == 0)
            continue;
        if (child->kind == KQL_BY) {
            for (const struct kql_node *key = child->first; key != NULL; key = key->next)
                if (key->kind == KQL_ASSIGN)
                    kql_row_add(binder, row, key->text, key->first, scope, leg->row);
                else if (key->kind != KQL_STAR)
                    kql_row_add(binder, row, kql_summarize_name(binder, key, &number), key, scope, leg->row);
            continue;
        }
        struct text name = child->kind == KQL_ASSIGN ? child->text : kql_summarize_name(binder, child, &number);
        if (value != NULL && child->count <= 1 && value->kind != KQL_STAR)
            add_aggregate(binder, row, name, value, scope, leg->row);
        if (child->kind != KQL_ASSIGN)
            mark_set(row, child);
        if (value != NULL)
            further(binder, row, value, scope, leg->row, &number);
    }
    if (is(node->text, "count")) {
        struct kql_value figure = {.what = KQL_IS_AGGREGATE};
        kql_row_add_value(binder, row, text_from("Count"), figure);
    }
    leg->row = row;
}
