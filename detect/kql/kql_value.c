#include "detect/kql/kql_bind.h"
#include <errno.h>

struct kql_value kql_value_failed(void)
{
    return (struct kql_value){.what = KQL_IS_FAILED};
}

void *kql_alloc(struct kql_binder *binder, size_t count, size_t size)
{
    void *memory = arena_zeroed(binder->arena, count, size);
    binder->has_no_memory |= memory == NULL;
    return memory;
}

static struct kql_value of_expr(struct kql_binder *binder, struct expr *expr)
{
    if (expr == NULL) {
        binder->has_no_memory = true;
        return kql_value_failed();
    }
    return (struct kql_value){.what = KQL_IS_VALUE, .expr = expr};
}

struct kql_value kql_value_constant(struct kql_binder *binder, struct value value, struct expr_place place)
{
    return of_expr(binder, expr_constant(binder->arena, value, place));
}

struct kql_value kql_value_column(struct kql_binder *binder, unsigned column, struct text name, struct expr_place place)
{
    if (column == COLUMN_NONE)
        return of_expr(binder, NULL);
    return of_expr(binder, column_expr(binder->arena, binder->columns, column, name, place));
}

struct kql_value kql_value_data(struct kql_binder *binder, struct text name, struct expr_place place)
{
    return kql_value_column(binder, column_of_data(binder->columns, name), name, place);
}

struct kql_value kql_value_not_here(struct kql_binder *binder, struct expr_place place, const char *why)
{
    if (binder->leg != NULL && binder->leg->not_here == NULL) {
        binder->leg->not_here = why;
        binder->leg->not_here_place = place;
    }
    return kql_value_failed();
}

struct text kql_value_text(const struct kql_value *value)
{
    const struct value *fixed = value->what == KQL_IS_VALUE ? expr_constant_value(value->expr) : NULL;
    if (fixed == NULL || fixed->is_null || fixed->type != VALUE_STRING)
        return (struct text){NULL, 0};
    return fixed->text;
}

void kql_value_no_function(struct kql_binder *binder, struct text name, struct expr_place place, const char *message)
{
    if (kql_function_is_known(name))
        kql_faults_add(binder->faults, place, "K106", "function \"%.*s\" is not supported", KQL_NAME(name));
    else if (message != NULL)
        kql_faults_add(binder->faults, place, "K120", "%s", message);
    else
        kql_faults_add(binder->faults, place, "K120", "there is no function \"%.*s\"", KQL_NAME(name));
}

static bool is_plain(enum kql_what what)
{
    return what == KQL_IS_VALUE || what == KQL_IS_BAG;
}

/* What an aggregate or something unknown makes of a call; KQL_IS_VALUE: nothing, the call is an ordinary one. */
static enum kql_what worst(struct kql_binder *binder, const struct kql_value *args, size_t count,
                           struct expr_place place)
{
    enum kql_what what = KQL_IS_VALUE;
    for (size_t i = 0; i < count; i++) {
        if (args[i].what == KQL_IS_AGGREGATE)
            what = KQL_IS_AGGREGATE;
        if (args[i].what == KQL_IS_FAILED && what == KQL_IS_VALUE)
            what = KQL_IS_FAILED;
        if (args[i].what != KQL_IS_AGGREGATE && args[i].what != KQL_IS_FAILED && !is_plain(args[i].what)) {
            (void)kql_value_not_here(binder, place,
                                     "EventData's XML text is only read through parse, parse_xml and the pivot idiom");
            what = KQL_IS_FAILED;
        }
    }
    return what;
}

/* Is a comparison of an aggregate such that more events can only make it true? */
static bool grows(struct text name, const struct kql_value *args, size_t count)
{
    if (count == 2 && (text_equal(name, text_from(">")) || text_equal(name, text_from(">="))))
        return args[0].what == KQL_IS_AGGREGATE && args[1].what != KQL_IS_AGGREGATE;
    if (count == 2 && (text_equal(name, text_from("<")) || text_equal(name, text_from("<="))))
        return args[1].what == KQL_IS_AGGREGATE && args[0].what != KQL_IS_AGGREGATE;
    bool is_whole = text_equal(name, text_from("and")) || text_equal(name, text_from("or"));
    if (!is_whole) /* a list that holds something goes on holding it */
        return name.len >= 3 && memcmp(name.bytes, "has", 3) == 0;
    for (size_t i = 0; i < count; i++)
        if (args[i].what == KQL_IS_AGGREGATE && !args[i].is_monotone)
            return false;
    return true;
}

struct kql_value kql_value_text_call(struct kql_binder *binder, struct text name, const struct kql_value *args,
                                     size_t count, struct expr_place place)
{
    enum kql_what what = worst(binder, args, count, place);
    if (what != KQL_IS_VALUE)
        return (struct kql_value){.what = what, .is_monotone = grows(name, args, count)};
    struct expr **list = kql_alloc(binder, count + 1, sizeof(struct expr *));
    if (list == NULL)
        return kql_value_failed();
    struct kql_value out = {.what = KQL_IS_VALUE, .nodes = 1};
    for (size_t i = 0; i < count; i++) {
        list[i] = args[i].expr;
        if (expr_constant_value(args[i].expr) == NULL)
            out.nodes += args[i].nodes < KQL_MAX_NODES ? args[i].nodes : KQL_MAX_NODES;
        out.is_placeholder |= args[i].is_placeholder;
        out.is_variable |= args[i].is_variable;
    }
    if (out.nodes > KQL_MAX_NODES) {
        kql_faults_add(binder->faults, place, "K105", "more than %d operators and functions in one condition",
                       KQL_MAX_NODES);
        return kql_value_failed();
    }
    struct expr_fault fault;
    int status = expr_call(&out.expr, binder->arena, name, list, count, place, &fault);
    if (status == 0)
        return out;
    if (status == -ENOMEM)
        binder->has_no_memory = true;
    else if (strcmp(fault.code, "K120") == 0)
        kql_value_no_function(binder, name, fault.place, fault.message);
    else
        kql_faults_add(binder->faults, fault.place, fault.code, "%s", fault.message);
    return kql_value_failed();
}

struct kql_value kql_value_call(struct kql_binder *binder, const char *name, const struct kql_value *args, size_t count,
                                struct expr_place place)
{
    return kql_value_text_call(binder, text_from(name), args, count, place);
}
