/* Operators that make new rows of older ones: extend, project and their like. */
#include "detect/kql/kql_bind.h"
#include <stdio.h>

static bool is(struct text text, const char *word)
{
    return text_equal(text, text_from(word));
}

/* (a, b) = value: a is value[0], b is value[1]. */
static void several(struct kql_binder *binder, struct kql_row *row, const struct kql_node *node, struct kql_name *scope,
                    const struct kql_row *from)
{
    int64_t position = 0;
    for (const struct kql_node *name = node->first; name != node->last; name = name->next, position++) {
        struct kql_node *parts = kql_alloc(binder, 3, sizeof *parts);
        char *digits = kql_alloc(binder, TEXT_NUMBER_SIZE, 1);
        if (parts == NULL || digits == NULL)
            return;
        parts[1] = *node->last;
        parts[1].next = &parts[2];
        parts[2] = (struct kql_node){.kind = KQL_LONG, .place = node->last->place};
        parts[2].text = text_from_number(digits, (uint64_t)position);
        parts[0] = (struct kql_node){
            .kind = KQL_INDEX, .place = node->last->place, .first = &parts[1], .last = &parts[2], .count = 2};
        kql_row_add(binder, row, name->text, &parts[0], scope, from);
    }
}

/* Adds the columns that node's children define, bound in `from`. */
static void columns(struct kql_binder *binder, struct kql_row *row, const struct kql_node *node, struct kql_name *scope,
                    const struct kql_row *from)
{
    unsigned number = 0;
    for (const struct kql_node *child = node->first; child != NULL; child = child->next) {
        if (child->kind == KQL_ASSIGN && child->count > 1)
            several(binder, row, child, scope, from);
        else if (child->kind == KQL_ASSIGN)
            kql_row_add(binder, row, child->text, child->first, scope, from);
        else if (child->kind != KQL_STAR)
            kql_row_add(binder, row, kql_summarize_name(binder, child, &number), child, scope, from);
    }
}

static bool has_star(const struct kql_node *node)
{
    for (const struct kql_node *child = node->first; child != NULL; child = child->next)
        if (child->kind == KQL_STAR)
            return true;
    return false;
}

static void patterns(struct kql_binder *binder, struct kql_row *row, const struct kql_node *node, bool is_value)
{
    struct text *list = kql_alloc(binder, node->count + 1, sizeof *list);
    size_t count = 0;
    for (const struct kql_node *child = node->first; child != NULL && list != NULL; child = child->next) {
        const struct kql_node *name = is_value && child->kind == KQL_ASSIGN ? child->first : child;
        if (name != NULL)
            list[count++] = name->text;
    }
    row->patterns = list;
    row->pattern_count = count;
}

/* project-rename new = old */
static void renamed(struct kql_binder *binder, struct kql_leg *leg, struct kql_name *scope, const struct kql_node *node)
{
    struct kql_row *hidden = kql_row_new(binder, KQL_ROW_HIDE, leg->row);
    patterns(binder, hidden, node, true);
    struct kql_row *row = kql_row_new(binder, KQL_ROW_EXTEND, hidden);
    columns(binder, row, node, scope, leg->row);
    leg->row = row;
}

bool kql_shape_apply(struct kql_binder *binder, struct kql_leg *leg, struct kql_name *scope,
                     const struct kql_node *node)
{
    struct kql_row *row;
    if (is(node->text, "extend")) {
        row = kql_row_new(binder, KQL_ROW_EXTEND, leg->row);
        columns(binder, row, node, scope, leg->row);
    } else if (is(node->text, "project") || is(node->text, "distinct")) {
        if (has_star(node))
            return true;
        row = kql_row_new(binder, KQL_ROW_ONLY, leg->row);
        columns(binder, row, node, scope, leg->row);
    } else if (is(node->text, "project-away")) {
        row = kql_row_new(binder, KQL_ROW_HIDE, leg->row);
        patterns(binder, row, node, false);
    } else if (is(node->text, "project-keep")) {
        row = kql_row_new(binder, KQL_ROW_ONLY, leg->row);
        patterns(binder, row, node, false);
    } else if (is(node->text, "project-rename")) {
        renamed(binder, leg, scope, node);
        return true;
    } else {
        return false;
    }
    leg->row = row;
    return true;
}
