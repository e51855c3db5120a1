/* Filters, and what the other operators mean for a rule over single events. */
#include "detect/kql/kql_bind.h"

static bool is(struct text text, const char *word)
{
    return text_equal(text, text_from(word));
}

void kql_operator_refuse(struct kql_binder *binder, struct kql_leg *leg)
{
    leg->is_refused = true;
    leg->row = kql_row_new(binder, KQL_ROW_UNKNOWN, leg->row);
}

static void aggregate(struct kql_binder *binder, struct kql_leg *leg, const struct kql_value *value,
                      const struct kql_node *node)
{
    if (value->is_monotone)
        kql_faults_add(binder->faults, node->place, "K302",
                       "a threshold over many events (summarize, then where) needs state across events; not supported");
    else
        kql_faults_add(
            binder->faults, node->place, "K303",
            "a comparison with what is usual (rare, fewer than, ratio) needs events of the past; not supported");
    leg->is_refused = true;
}

void kql_operator_filter(struct kql_binder *binder, struct kql_leg *leg, struct kql_value value,
                         const struct kql_node *node)
{
    if (value.what == KQL_IS_AGGREGATE) {
        aggregate(binder, leg, &value, node);
        return;
    }
    if (value.what != KQL_IS_VALUE) {
        leg->is_refused |= leg->not_here == NULL;
        return;
    }
    if (expr_type(value.expr) == VALUE_DYNAMIC)
        value = kql_value_call(binder, "tobool", &value, 1, node->place);
    if (value.what != KQL_IS_VALUE || expr_type(value.expr) != VALUE_BOOL) {
        if (value.what == KQL_IS_VALUE)
            kql_faults_add(binder->faults, node->place, "K205", "a condition must be true or false; this is of type %s",
                           value_type_name(expr_type(value.expr)));
        leg->is_refused = true;
        return;
    }
    struct kql_filter *filter = kql_alloc(binder, 1, sizeof *filter);
    if (filter == NULL)
        return;
    *filter = (struct kql_filter){.value = value, .before = leg->filters};
    leg->filters = filter;
    leg->filter_count++;
    leg->nodes += value.nodes;
    leg->selection = kql_selection_both(binder, leg->selection, value.selection);
    if (leg->nodes > KQL_MAX_NODES) {
        kql_faults_add(binder->faults, node->place, "K105",
                       "more than %d operators and functions in the conditions of a "
                       "table",
                       KQL_MAX_NODES);
        leg->is_refused = true;
    }
    if (leg->was_limited)
        kql_faults_add(binder->warnings, node->place, "W405",
                       "take, top and sample before a filter are left out: every event is looked at");
}

/* Is any table elsewhere, or anything but our tables, within? */
static bool has_foreign(struct kql_binder *binder, struct kql_name *scope, const struct kql_node *node)
{
    struct kql_legs legs = {.count = 0};
    struct kql_faults *faults = binder->faults, *warnings = binder->warnings, unheard;
    if (node == NULL || kql_faults_begin(&unheard, binder->arena, 1) != 0)
        return false;
    binder->faults = &unheard;
    binder->warnings = &unheard;
    kql_leg_add(binder, &legs, scope, node);
    binder->faults = faults;
    binder->warnings = warnings;
    for (size_t i = 0; i < legs.count; i++)
        if (legs.list[i]->table == NULL && !legs.list[i]->is_constant && !legs.list[i]->is_refused)
            return true;
    return false;
}

static void join(struct kql_binder *binder, struct kql_leg *leg, struct kql_name *scope, const struct kql_node *node)
{
    const struct kql_node *right = node->last;
    if (right != NULL && right->kind != KQL_ASSIGN && has_foreign(binder, scope, right))
        kql_faults_add(binder->faults, node->place, "K203",
                       "\"%.*s\" with a table whose events are not on this host; not supported", KQL_NAME(node->text));
    else
        kql_faults_add(binder->faults, node->place, "K301", "\"%.*s\" needs state across events; not supported",
                       KQL_NAME(node->text));
    kql_operator_refuse(binder, leg);
}

/* Operators that only order, name or show: nothing for one event. */
static bool is_harmless(struct text name)
{
    static const char *const names[] = {"sort", "order", "as", "render", "consume", "serialize", "project-reorder"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is(name, names[i]))
            return true;
    return false;
}

static bool is_limit(struct text name)
{
    return is(name, "top") || is(name, "take") || is(name, "limit") || is(name, "sample") ||
           is(name, "sample-distinct");
}

static void refused(struct kql_binder *binder, struct kql_leg *leg, const struct kql_node *node)
{
    struct text name = node->text;
    if (is(name, "make-series") || is(name, "top-nested") || is(name, "top-hitters"))
        kql_faults_add(binder->faults, node->place, "K303", "\"%.*s\" needs events of the past; not supported",
                       KQL_NAME(name));
    else if (is(name, "mv-apply") || is(name, "mvapply"))
        kql_faults_add(binder->faults, node->place, "K305", "\"%.*s\" runs a query on each element; not supported",
                       KQL_NAME(name));
    else if (is(name, "invoke"))
        kql_faults_add(
            binder->faults, node->place, "K203",
            "\"invoke\" hands the whole table to a function; not supported; call it for a value or write it out");
    else
        kql_faults_add(binder->faults, node->place, "K104", "operator \"%.*s\" is not supported", KQL_NAME(name));
    kql_operator_refuse(binder, leg);
    if (is(name, "make-series"))
        leg->row = kql_row_new(binder, KQL_ROW_UNKNOWN, NULL);
}

static void apply(struct kql_binder *binder, struct kql_leg *leg, struct kql_name *scope, const struct kql_node *node)
{
    if (node->kind == KQL_BAD) {
        kql_operator_refuse(binder, leg);
    } else if (is(node->text, "where") || is(node->text, "filter")) {
        kql_operator_filter(binder, leg, kql_bind(binder, scope, leg->row, node->first), node);
    } else if (is(node->text, "join") || is(node->text, "lookup")) {
        join(binder, leg, scope, node);
    } else if (is_limit(node->text)) {
        leg->was_limited = true;
    } else if (is(node->text, "summarize") || is(node->text, "count")) {
        kql_faults_add(binder->warnings, node->place, "W403",
                       "\"%.*s\" shapes the result alone: an alert is made for each event, not for each group",
                       KQL_NAME(node->text));
        kql_summarize_apply(binder, leg, scope, node);
    } else if (!is_harmless(node->text) && !kql_shape_apply(binder, leg, scope, node) &&
               !kql_expand_apply(binder, leg, scope, node)) {
        refused(binder, leg, node);
    }
}

void kql_operator_apply(struct kql_binder *binder, struct kql_legs *legs, struct kql_name *scope,
                        const struct kql_node *node)
{
    struct kql_leg *before = binder->leg;
    for (size_t i = 0; i < legs->count && !binder->has_no_memory; i++) {
        struct kql_leg *leg = legs->list[i];
        if (leg->table == NULL || leg->not_here != NULL)
            continue;
        if (++binder->steps > KQL_MAX_STEPS) {
            kql_faults_add(binder->faults, node->place, "K105", "the query is too large once its lets are put in");
            leg->is_refused = true;
            break;
        }
        const void *owner = binder->faults->owner;
        binder->leg = leg;
        binder->faults->owner = leg;
        apply(binder, leg, scope, node);
        binder->faults->owner = owner;
    }
    binder->leg = before;
}
