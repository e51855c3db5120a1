/* Scalar expressions: literals, names, and the way to the rest. */
#include "detect/kql/kql_bind.h"

struct kql_name *kql_bind_find(struct kql_name *scope, struct text name)
{
    for (; scope != NULL; scope = scope->outer)
        if (scope->node != NULL && text_equal(scope->name, name))
            return scope;
    return NULL;
}

struct kql_value kql_bind_let(struct kql_binder *binder, struct kql_name *name)
{
    if (!name->is_bound) {
        name->is_bound = true; /* first, against a name that needs itself */
        name->value = kql_value_failed();
        name->value = kql_bind(binder, name->scope, name->row, name->node);
    }
    return name->value;
}

static struct kql_value bad_literal(struct kql_binder *binder, const struct kql_node *node, const char *type)
{
    kql_faults_add(binder->faults, node->place, "K102", "\"%.*s\" is no value of type %s", KQL_NAME(node->text), type);
    return kql_value_failed();
}

static struct kql_value number(struct kql_binder *binder, const struct kql_node *node)
{
    struct value value = value_long(0);
    if (node->kind == KQL_LONG)
        return value_read_long(&value.number, node->text) ? kql_value_constant(binder, value, node->place)
                                                          : bad_literal(binder, node, "long");
    if (node->kind == KQL_REAL) {
        value = value_real(0);
        return value_read_real(&value.real, node->text) ? kql_value_constant(binder, value, node->place)
                                                        : bad_literal(binder, node, "real");
    }
    value = value_timespan(0);
    return value_read_timespan(&value.number, node->text) ? kql_value_constant(binder, value, node->place)
                                                          : bad_literal(binder, node, "timespan");
}

static bool to_dynamic(struct kql_binder *binder, const struct kql_node *node, struct dynamic *out);

static bool to_array(struct kql_binder *binder, const struct kql_node *node, struct dynamic *out)
{
    if (node->count > KQL_MAX_ITEMS) {
        kql_faults_add(binder->faults, node->place, "K105", "a list of more than %d values", KQL_MAX_ITEMS);
        return false;
    }
    struct dynamic *items = kql_alloc(binder, node->count + 1, sizeof *items);
    size_t count = 0;
    for (const struct kql_node *child = node->first; child != NULL && items != NULL; child = child->next)
        if (!to_dynamic(binder, child, &items[count++]))
            return false;
    *out = (struct dynamic){.kind = DYNAMIC_ARRAY, .count = count, .items = items};
    return items != NULL;
}

static bool to_bag(struct kql_binder *binder, const struct kql_node *node, struct dynamic *out)
{
    struct dynamic_member *members = kql_alloc(binder, node->count + 1, sizeof *members);
    size_t count = 0;
    for (const struct kql_node *child = node->first; child != NULL && members != NULL; child = child->next) {
        members[count].name = child->text;
        if (child->first == NULL || !to_dynamic(binder, child->first, &members[count++].value))
            return false;
    }
    *out = (struct dynamic){.kind = DYNAMIC_BAG, .count = count, .members = members};
    return members != NULL;
}

/* What stands within dynamic(...). */
static bool to_dynamic(struct kql_binder *binder, const struct kql_node *node, struct dynamic *out)
{
    if (node->kind == KQL_ARRAY)
        return to_array(binder, node, out);
    if (node->kind == KQL_BAG)
        return to_bag(binder, node, out);
    if (node->kind == KQL_NULL) {
        *out = (struct dynamic){.kind = DYNAMIC_NULL};
        return true;
    }
    struct kql_value value = kql_bind(binder, NULL, NULL, node);
    const struct value *fixed = value.what == KQL_IS_VALUE ? expr_constant_value(value.expr) : NULL;
    if (fixed == NULL) {
        if (value.what == KQL_IS_VALUE)
            kql_faults_add(binder->faults, node->place, "K102", "dynamic(...) takes constants alone");
        return false;
    }
    *out = value_to_dynamic(*fixed);
    return true;
}

/* datetime(...), long(...), dynamic(...): node->text names the type. */
static struct kql_value typed(struct kql_binder *binder, const struct kql_node *node)
{
    const struct kql_node *inner = node->first;
    enum value_type type = VALUE_STRING;
    if (inner == NULL || inner->kind == KQL_BAD)
        return kql_value_failed();
    if (text_equal(node->text, text_from("dynamic"))) {
        struct dynamic *dynamic = kql_alloc(binder, 1, sizeof *dynamic);
        if (dynamic == NULL || !to_dynamic(binder, inner, dynamic))
            return kql_value_failed();
        return kql_value_constant(binder, value_dynamic(dynamic), node->place);
    }
    if (!value_type_from_name(&type, node->text)) {
        kql_faults_add(binder->faults, node->place, "K104", "type \"%.*s\" is not supported", KQL_NAME(node->text));
        return kql_value_failed();
    }
    struct value value = {.type = type};
    bool is_read = false;
    if (text_equal(inner->text, text_from("null"))) {
        value = value_null(type);
        is_read = true;
    } else if (type == VALUE_BOOL) {
        is_read = value_read_bool(&value.boolean, inner->text);
    } else if (type == VALUE_REAL) {
        is_read = value_read_real(&value.real, inner->text);
    } else if (type == VALUE_DATETIME) {
        is_read = value_read_datetime(&value.number, inner->text);
    } else if (type == VALUE_TIMESPAN) {
        is_read = value_read_timespan(&value.number, inner->text);
    } else {
        is_read = value_read_long(&value.number, inner->text);
    }
    if (!is_read)
        return bad_literal(binder, inner, value_type_name(type));
    return kql_value_constant(binder, value, node->place);
}

static struct kql_value name(struct kql_binder *binder, struct kql_name *scope, const struct kql_row *row,
                             const struct kql_node *node)
{
    struct kql_value value;
    struct kql_name *let = kql_bind_find(scope, node->text);
    if (row != NULL && (let == NULL || kql_row_lists(row, node->text)) &&
        kql_row_find(binder, row, node->text, node->place, &value))
        return value;
    if (let != NULL && let->node->kind == KQL_CALL && text_equal(let->node->text, text_from("toscalar"))) {
        kql_faults_add(binder->faults, node->place, "K301",
                       "\"%.*s\" is a figure over other events (toscalar); not supported", KQL_NAME(node->text));
        return kql_value_failed();
    }
    if (let != NULL && (let->node->kind == KQL_LAMBDA || kql_leg_is_table(let->scope, let->node))) {
        kql_faults_add(binder->faults, node->place, "K202", "\"%.*s\" is %s, not a value", KQL_NAME(node->text),
                       let->node->kind == KQL_LAMBDA ? "a function; call it" : "a table");
        return kql_value_failed();
    }
    if (let != NULL)
        return kql_bind_let(binder, let);
    if (row != NULL)
        kql_row_missing(binder, row, node->text, node->place);
    else
        kql_faults_add(binder->faults, node->place, "K202", "there is no \"%.*s\" here: no let has that name",
                       KQL_NAME(node->text));
    return kql_value_failed();
}

static struct kql_value unary(struct kql_binder *binder, struct kql_name *scope, const struct kql_row *row,
                              const struct kql_node *node)
{
    struct kql_value value = kql_bind(binder, scope, row, node->first);
    if (text_equal(node->text, text_from("+")))
        return value;
    return kql_value_call(binder, "-", &value, 1, node->place);
}

static struct kql_value by_kind(struct kql_binder *binder, struct kql_name *scope, const struct kql_row *row,
                                const struct kql_node *node)
{
    struct kql_value value;
    switch (node->kind) {
    case KQL_NAME:
        return name(binder, scope, row, node);
    case KQL_STRING:
        value = kql_value_constant(binder, value_string(node->text), node->place);
        value.is_placeholder = node->text.len >= 4 && memcmp(node->text.bytes, "{{", 2) == 0;
        return value;
    case KQL_LONG:
    case KQL_REAL:
    case KQL_TIMESPAN:
        return number(binder, node);
    case KQL_BOOL:
        return kql_value_constant(binder, value_bool(node->text.bytes[0] == 't' || node->text.bytes[0] == 'T'),
                                  node->place);
    case KQL_TYPED:
        return typed(binder, node);
    case KQL_CALL:
        return kql_bind_call(binder, scope, row, node);
    case KQL_UNARY:
        return unary(binder, scope, row, node);
    case KQL_BINARY:
        return kql_bind_binary(binder, scope, row, node);
    case KQL_LIST:
        return kql_bind_list(binder, scope, row, node);
    case KQL_BETWEEN:
        return kql_bind_between(binder, scope, row, node);
    case KQL_MEMBER:
    case KQL_INDEX:
        return kql_bind_member(binder, scope, row, node);
    case KQL_BAD:
        return kql_value_failed();
    default:
        kql_faults_add(binder->faults, node->place, "K205", "a table stands where a value should");
        return kql_value_failed();
    }
}

struct kql_value kql_bind(struct kql_binder *binder, struct kql_name *scope, const struct kql_row *row,
                          const struct kql_node *node)
{
    if (node == NULL || binder->has_no_memory)
        return kql_value_failed();
    if (++binder->steps > KQL_MAX_STEPS || binder->depth > KQL_MAX_BINDS) {
        kql_faults_add(binder->faults, node->place, "K105", "the query is too large once its lets are put in");
        return kql_value_failed();
    }
    binder->depth++;
    struct kql_value value = by_kind(binder, scope, row, node);
    binder->depth--;
    return value;
}
