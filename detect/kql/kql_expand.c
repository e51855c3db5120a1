/* mv-expand, evaluate and parse: how a query takes apart what one column holds. The idioms by which queries read
 * Sysmon's EventData are known as a whole: each comes down to "the event's own data of that name". */
#include "detect/kql/kql_bind.h"
#include <stdio.h>

static bool is(struct text text, const char *word)
{
    return text_equal(text, text_from(word));
}

/* name, name = value, and both with `to typeof(type)`; *type is left alone where none is named. */
static const struct kql_node *expanded(const struct kql_node *node, struct text *name, struct text *type)
{
    if (node->kind == KQL_TYPE && node->first != NULL) {
        *type = node->last->text;
        node = node->first;
    }
    *name = node->text;
    if (node->kind == KQL_ASSIGN)
        return node->first;
    if (node->kind == KQL_CALL && node->first != NULL)
        *name = node->first->text;
    return node;
}

static void expand_value(struct kql_binder *binder, struct kql_leg *leg, const struct kql_node *node,
                         struct kql_value array, struct text name, struct text type)
{
    struct kql_expansion *expansion = kql_alloc(binder, 1, sizeof *expansion);
    if (expansion == NULL)
        return;
    *expansion = (struct kql_expansion){.array = array,
                                        .variable = binder->variables++,
                                        .filters = leg->filters,
                                        .place = node->place,
                                        .outer = leg->expansion};
    struct expr *variable = expr_variable(binder->arena, expansion->variable, name, node->place);
    binder->has_no_memory |= variable == NULL;
    struct kql_value value = {.what = KQL_IS_VALUE, .expr = variable, .is_variable = true};
    if (type.bytes != NULL && !is(type, "dynamic")) {
        char function[16];
        (void)snprintf(function, sizeof function, "to%.*s", KQL_NAME(type)); /* a type's name is short, else unknown */
        value = kql_value_call(binder, function, &value, 1, node->place);
    }
    leg->expansion = expansion;
    kql_row_add_value(binder, leg->row, name, value);
}

static void expand(struct kql_binder *binder, struct kql_leg *leg, struct kql_name *scope, const struct kql_node *node)
{
    const struct kql_row *below = leg->row;
    unsigned arrays = 0;
    leg->row = kql_row_new(binder, KQL_ROW_EXTEND, below);
    for (const struct kql_node *child = node->first; child != NULL; child = child->next) {
        struct text name = {NULL, 0}, type = {NULL, 0};
        if (child->kind == KQL_ASSIGN && (is(child->text, "bagexpansion") || is(child->text, "kind")))
            continue;
        const struct kql_node *of = expanded(child, &name, &type);
        struct kql_value value = kql_bind(binder, scope, below, of);
        if (value.what == KQL_IS_XML_LIST) {
            value.what = KQL_IS_XML_ITEM;
            kql_row_add_value(binder, leg->row, name, value);
        } else if (value.what == KQL_IS_VALUE && expr_type(value.expr) == VALUE_DYNAMIC && arrays++ == 0) {
            expand_value(binder, leg, node, value, name, type);
        } else if (value.what == KQL_IS_AGGREGATE) {
            kql_row_add_value(binder, leg->row, name, value);
        } else {
            if (value.what != KQL_IS_FAILED)
                kql_faults_add(binder->faults, node->place, "K305",
                               arrays > 1 ? "mv-expand of several columns at once is not supported"
                                          : "mv-expand of a column that is no array is not supported");
            leg->is_refused |= leg->not_here == NULL;
            kql_row_add_value(binder, leg->row, name, kql_value_failed());
        }
    }
}

/* bag_unpack(X) where X is an element of EventData. */
static void unpack(struct kql_binder *binder, struct kql_leg *leg, struct kql_name *scope, const struct kql_node *call)
{
    struct kql_value value = kql_bind(binder, scope, leg->row, call->first);
    if (value.what == KQL_IS_XML_ITEM && !value.is_offset_known) {
        leg->row = kql_row_new(binder, KQL_ROW_EXTEND, leg->row);
        value.what = KQL_IS_XML_NAME;
        kql_row_add_value(binder, leg->row, text_from("@Name"), value);
        value.what = KQL_IS_XML_TEXT;
        kql_row_add_value(binder, leg->row, text_from("#text"), value);
        return;
    }
    if (value.what == KQL_IS_BAG) { /* WindowsEvent: each member becomes a column */
        struct kql_row *row = kql_row_new(binder, KQL_ROW_PIVOT, NULL);
        static const char *const kept[] = {"TimeGenerated", "EventID", "Computer", "Channel", "Provider", "Type"};
        for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
            struct kql_value column;
            if (kql_row_find(binder, leg->row, text_from(kept[i]), call->place, &column))
                kql_row_add_value(binder, row, text_from(kept[i]), column);
        }
        leg->row = row;
        return;
    }
    if (value.what != KQL_IS_FAILED)
        kql_faults_add(binder->faults, call->place, "K104",
                       "bag_unpack makes columns that are only known at run time; name the member: Bag.Name");
    kql_operator_refuse(binder, leg);
}

/* pivot(Key, any(Value), columns ...) after the steps above: a column for each name in the event's data. */
static void pivot(struct kql_binder *binder, struct kql_leg *leg, struct kql_name *scope, const struct kql_node *call)
{
    const struct kql_node *aggregate = call->first != NULL ? call->first->next : NULL;
    struct kql_value key = kql_bind(binder, scope, leg->row, call->first), value = kql_value_failed();
    bool is_any = aggregate != NULL && aggregate->kind == KQL_CALL && aggregate->first != NULL &&
                  (is(aggregate->text, "any") || is(aggregate->text, "take_any") || is(aggregate->text, "max") ||
                   is(aggregate->text, "min") || is(aggregate->text, "anyif"));
    if (is_any)
        value = kql_bind(binder, scope, leg->row, aggregate->first);
    if (aggregate == NULL || key.what != KQL_IS_XML_NAME || value.what != KQL_IS_XML_TEXT) {
        if (leg->not_here == NULL && !leg->is_refused)
            kql_faults_add(binder->faults, call->place, "K104",
                           "pivot is only supported where it makes columns of Sysmon's EventData");
        kql_operator_refuse(binder, leg);
        return;
    }
    struct kql_row *row = kql_row_new(binder, KQL_ROW_PIVOT, NULL);
    for (const struct kql_node *it = aggregate->next; it != NULL; it = it->next)
        if (it->kind == KQL_NAME)
            kql_row_add(binder, row, it->text, it, scope, leg->row);
    leg->row = row;
}

static void evaluate(struct kql_binder *binder, struct kql_leg *leg, struct kql_name *scope,
                     const struct kql_node *node)
{
    const struct kql_node *call = node->last;
    if (call != NULL && call->kind == KQL_CALL && is(call->text, "bag_unpack") && call->first != NULL) {
        unpack(binder, leg, scope, call);
    } else if (call != NULL && call->kind == KQL_CALL && is(call->text, "pivot")) {
        pivot(binder, leg, scope, call);
    } else {
        struct text name = call != NULL ? call->text : text_from("");
        kql_faults_add(binder->faults, call != NULL ? call->place : node->place, "K104",
                       "plugin \"%.*s\" is not supported", KQL_NAME(name));
        kql_operator_refuse(binder, leg);
    }
}

bool kql_expand_apply(struct kql_binder *binder, struct kql_leg *leg, struct kql_name *scope,
                      const struct kql_node *node)
{
    if (is(node->text, "mv-expand") || is(node->text, "mvexpand"))
        expand(binder, leg, scope, node);
    else if (is(node->text, "evaluate"))
        evaluate(binder, leg, scope, node);
    else if (is(node->text, "parse") || is(node->text, "parse-where"))
        kql_pattern_apply(binder, leg, scope, node);
    else
        return false;
    return true;
}
