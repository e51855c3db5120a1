#include "tests/winsim/xpath_internal.h"

#include "tests/winsim/event_time.h"

#include <string.h>

struct match {
    const struct xpath *x;
    const struct event_tree *tree;
    uint64_t now;
};

/* What is asked of each value that a path reaches; true ends the search. */
typedef bool visit(void *context, const struct xpath_found *found);

static bool is_true(const struct match *m, uint16_t expression, uint32_t node, uint64_t position);

static bool has_predicates(const struct match *m, const struct xpath_step *step, uint32_t node, uint64_t position)
{
    for (uint16_t e = step->predicates; e != XPATH_END; e = m->x->expressions[e].next)
        if (!is_true(m, e, node, position))
            return false;
    return true;
}

static bool visit_attributes(const struct match *m, const struct xpath_step *step, uint32_t node, visit *on_value,
                             void *context)
{
    const struct tree_node *n = &m->tree->nodes[node];
    for (uint32_t i = 0; i < n->attribute_count; i++) {
        const struct tree_attribute *a = &m->tree->attributes[n->attributes + i];
        struct xpath_found found = {node, m->tree->text + a->name, m->tree->text + a->value};
        if ((strcmp(step->name, "*") == 0 || strcmp(step->name, found.attribute) == 0) && on_value(context, &found))
            return true;
    }
    return false;
}

/* Walks the steps from index on among the children of node. */
static bool visit_path(const struct match *m, uint16_t index, uint32_t node, visit *on_value, void *context)
{
    const struct xpath_step *step = &m->x->steps[index];
    uint64_t position = 0;
    if (step->is_attribute)
        return visit_attributes(m, step, node, on_value, context);
    for (uint32_t child = m->tree->nodes[node].first_child; child != TREE_NONE; child = m->tree->nodes[child].next) {
        if (strcmp(step->name, "*") != 0 && strcmp(step->name, event_tree_name(m->tree, child)) != 0)
            continue;
        if (!has_predicates(m, step, child, ++position))
            continue;
        struct xpath_found found = {child, NULL, event_tree_text(m->tree, child)};
        if (step->next == XPATH_END ? on_value(context, &found) : visit_path(m, step->next, child, on_value, context))
            return true;
    }
    return false;
}

static bool compare_numbers(enum xpath_operator op, bool is_less, bool is_equal)
{
    switch (op) {
    case XPATH_EQUAL:
        return is_equal;
    case XPATH_NOT_EQUAL:
        return !is_equal;
    case XPATH_LESS:
        return is_less;
    case XPATH_AT_MOST:
        return is_less || is_equal;
    case XPATH_MORE:
        return !is_less && !is_equal;
    case XPATH_AT_LEAST:
        return !is_less;
    default:
        return true;
    }
}

/* Two times are compared as such: 7 and 9 decimals are both in use. Numbers if the literal is one; else texts. */
static bool compare(const struct xpath_expression *e, const char *value)
{
    uint64_t number, time, literal_time;
    if (e->op == XPATH_EXISTS)
        return true;
    if (e->is_number)
        return xpath_number(&number, value) && compare_numbers(e->op, number < e->number, number == e->number);
    if (event_time_parse(&time, value) && event_time_parse(&literal_time, e->literal))
        return compare_numbers(e->op, time < literal_time, time == literal_time);
    int order = strcmp(value, e->literal);
    return compare_numbers(e->op, order < 0, order == 0);
}

static bool visit_compare(void *context, const struct xpath_found *found)
{
    return compare(context, found->value);
}

static bool visit_first(void *context, const struct xpath_found *found)
{
    *(struct xpath_found *)context = *found;
    return true;
}

static bool test_band(const struct match *m, const struct xpath_expression *e, uint32_t node)
{
    struct xpath_found found;
    uint64_t value;
    if (!visit_path(m, e->path, node, visit_first, &found) || !xpath_number(&value, found.value))
        return false;
    value &= e->mask;
    if (e->op == XPATH_EXISTS)
        return value != 0;
    return e->is_number && compare_numbers(e->op, value < e->number, value == e->number);
}

/* In ms; positive if the first time is the older one. */
static bool test_timediff(const struct match *m, const struct xpath_expression *e, uint32_t node)
{
    struct xpath_found found;
    uint64_t first, second = m->now;
    if (!visit_path(m, e->path, node, visit_first, &found) || !event_time_parse(&first, found.value))
        return false;
    if (e->second_path != XPATH_END &&
        (!visit_path(m, e->second_path, node, visit_first, &found) || !event_time_parse(&second, found.value)))
        return false;
    int64_t ms = (int64_t)(second - first) / 10000;
    return e->is_number && compare_numbers(e->op, ms < (int64_t)e->number, ms == (int64_t)e->number);
}

static bool is_true(const struct match *m, uint16_t expression, uint32_t node, uint64_t position)
{
    const struct xpath_expression *e = &m->x->expressions[expression];
    if (e->kind == XPATH_OR)
        return is_true(m, e->left, node, position) || is_true(m, e->right, node, position);
    if (e->kind == XPATH_AND)
        return is_true(m, e->left, node, position) && is_true(m, e->right, node, position);
    switch (e->operand) {
    case XPATH_POSITION:
        return e->is_number && compare_numbers(e->op, position < e->number, position == e->number);
    case XPATH_BAND:
        return test_band(m, e, node);
    case XPATH_TIMEDIFF:
        return test_timediff(m, e, node);
    default: {
        struct xpath_expression copy = *e;
        return visit_path(m, e->path, node, visit_compare, &copy);
    }
    }
}

bool xpath_matches(const struct xpath *x, const struct event_tree *tree, uint64_t now)
{
    struct match m = {x, tree, now};
    return has_predicates(&m, &x->steps[x->root], 0, 1);
}

bool xpath_find(struct xpath_found *out, const struct xpath *x, const struct event_tree *tree)
{
    struct match m = {x, tree, 0};
    const struct xpath_step *root = &x->steps[x->root];
    if (root->next == XPATH_END)
        return false;
    return has_predicates(&m, root, 0, 1) && visit_path(&m, root->next, 0, visit_first, out);
}
