#include "detect/expression/expr.h"

#include "detect/expression/expr_node.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct expr *new_node(struct arena *arena, enum expr_kind kind, enum value_type type, struct expr_place place)
{
    struct expr *expr = arena_zeroed(arena, 1, sizeof(*expr));
    if (expr == NULL)
        return NULL;
    expr->kind = kind;
    expr->type = type;
    expr->place = place;
    return expr;
}

struct expr *expr_constant(struct arena *arena, struct value value, struct expr_place place)
{
    struct expr *expr = new_node(arena, EXPR_CONSTANT, value.type, place);
    if (expr == NULL)
        return NULL;
    expr->constant = value_copy(value, arena);
    return expr->constant.type == VALUE_ERROR ? NULL : expr;
}

static struct expr *named(struct arena *arena, enum expr_kind kind, unsigned number, enum value_type type,
                          struct text name, struct expr_place place)
{
    struct expr *expr = new_node(arena, kind, type, place);
    if (expr == NULL)
        return NULL;
    expr->number = number;
    expr->name = arena_text(arena, name.bytes == NULL ? text_from("") : name);
    return expr->name.bytes == NULL ? NULL : expr;
}

struct expr *expr_column(struct arena *arena, unsigned column, enum value_type type, struct text name,
                         struct expr_place place)
{
    return named(arena, EXPR_COLUMN, column, type, name, place);
}

struct expr *expr_variable(struct arena *arena, unsigned number, struct text name, struct expr_place place)
{
    return named(arena, EXPR_VARIABLE, number, VALUE_DYNAMIC, name, place);
}

/* The words for a class of arguments (detect/expression/function.h). */
static const char *class_words(char class)
{
    switch (class) {
    case 's':
        return "a string";
    case 'S':
        return "a string or dynamic";
    case 'l':
        return "an int or long";
    case 'n':
        return "a number";
    case 'd':
        return "a datetime";
    case 'i':
        return "a timespan";
    case 'b':
    case 'B':
        return "a bool";
    case 'j':
        return "a dynamic";
    default:
        return "a value";
    }
}

/* The function that turns an argument of that type into the class's own, "" when it is of that already, or NULL. */
static const char *conversion(char class, enum value_type type)
{
    switch (class) {
    case 'a':
        return "";
    case 't':
        return type == VALUE_STRING ? "" : "tostring";
    case 's':
        return type == VALUE_STRING ? "" : NULL;
    case 'S':
        return type == VALUE_STRING ? "" : type == VALUE_DYNAMIC ? "tostring" : NULL;
    case 'l':
        return type == VALUE_INT || type == VALUE_LONG ? "" : NULL;
    case 'n':
        return type == VALUE_INT || type == VALUE_LONG || type == VALUE_REAL ? "" : NULL;
    case 'd':
        return type == VALUE_DATETIME ? "" : NULL;
    case 'i':
        return type == VALUE_TIMESPAN ? "" : NULL;
    case 'b':
        return type == VALUE_BOOL ? "" : type == VALUE_DYNAMIC ? "tobool" : NULL;
    case 'B':
        return type == VALUE_BOOL ? "" : type == VALUE_DYNAMIC || type <= VALUE_REAL ? "tobool" : NULL;
    default:
        return type == VALUE_DYNAMIC ? "" : NULL;
    }
}

/* Argument i: is it of its class? Replaced by its conversion where there is one. */
static int check_argument(struct function_bind *bind, size_t i, char class, bool is_constant)
{
    struct expr *arg = bind->args[i];
    const char *by = conversion(class, arg->type);
    bool is_operator = (bind->function->flags & FUNCTION_OPERATOR) != 0;
    if (by == NULL && is_operator)
        return function_refuse(bind, "K210", bind->place, "\"%s\" wants %s on its %s side, not a value of type %s",
                               bind->function->name, class_words(class), i == 0 ? "left" : "right",
                               value_type_name(arg->type));
    if (by == NULL)
        return function_refuse(bind, "K211", arg->place, "%s() wants %s as argument %u, not a value of type %s",
                               bind->function->name, class_words(class), (unsigned)i + 1, value_type_name(arg->type));
    if (is_constant && arg->kind != EXPR_CONSTANT)
        return function_refuse(bind, "K122", arg->place, "argument %u of %s must be a constant", (unsigned)i + 1,
                               bind->function->name);
    if (by[0] == '\0')
        return 0;
    return expr_call(&bind->args[i], bind->arena, text_from(by), &arg, 1, arg->place, bind->fault);
}

static int check_arguments(struct function_bind *bind)
{
    const char *class = bind->function->classes;
    for (size_t i = 0; i < bind->count; i++) {
        int rc = check_argument(bind, i, class[0], class[1] == '!');
        if (rc < 0)
            return rc;
        size_t step = class[1] == '!' ? 2 : 1;
        if (class[step] != '*' && class[step] != '\0')
            class += step;
    }
    return 0;
}

static int check_count(struct function_bind *bind)
{
    const struct function *f = bind->function;
    if (bind->count >= f->min && bind->count <= f->max)
        return 0;
    if (bind->count > EXPR_MAX_ARGS)
        return function_refuse(bind, "K124", bind->place, "a list of %u elements: %s takes at most %u",
                               (unsigned)bind->count, f->name, f->max);
    if (f->min == f->max)
        return function_refuse(bind, "K121", bind->place, "%s takes %u argument%s, not %u: %s", f->name, f->min,
                               f->min == 1 ? "" : "s", (unsigned)bind->count, f->arguments);
    return function_refuse(bind, "K121", bind->place, "%s takes %u to %u arguments, not %u: %s", f->name, f->min,
                           f->max, (unsigned)bind->count, f->arguments);
}

/* The arguments, copied; those of a chain's links are the chain's own. */
static int copy_arguments(struct function_bind *bind, struct expr *const *args, size_t count)
{
    size_t total = 0;
    bool is_chain = (bind->function->flags & FUNCTION_CHAIN) != 0;
    for (size_t i = 0; i < count; i++)
        total += is_chain && args[i]->function == bind->function ? args[i]->count : 1;
    bind->args = arena_zeroed(bind->arena, total, sizeof(struct expr *));
    if (bind->args == NULL)
        return -ENOMEM;
    bind->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_chain || args[i]->function != bind->function) {
            bind->args[bind->count++] = args[i];
            continue;
        }
        for (size_t k = 0; k < args[i]->count; k++)
            bind->args[bind->count++] = args[i]->args[k];
    }
    return 0;
}

/* Replaces a call whose arguments are all constant by its value. */
static int fold(struct expr *expr, struct function_bind *bind)
{
    struct arena *scratch;
    if ((expr->function->flags & FUNCTION_CHANGES) != 0)
        return 0;
    for (size_t i = 0; i < expr->count; i++)
        if (expr->args[i]->kind != EXPR_CONSTANT)
            return 0;
    if (arena_new(&scratch, EXPR_SCRATCH_BYTES) < 0)
        return -ENOMEM;
    struct function_run run = {.scratch = scratch};
    struct value value = function_evaluate(expr, &run);
    int rc = 0;
    if (value.type == VALUE_ERROR) {
        rc = function_refuse(bind, "K124", bind->place,
                             "%s of these constants goes beyond the limits of one evaluation", expr->function->name);
    } else {
        value = value_copy(value, bind->arena);
        rc = value.type == VALUE_ERROR ? -ENOMEM : 0;
        expr->kind = EXPR_CONSTANT;
        expr->constant = value;
        expr->depth = 0;
        expr->function = NULL;
    }
    arena_free(scratch);
    return rc;
}

static int make_call(struct expr **out, struct function_bind *bind)
{
    unsigned depth = 0;
    size_t given_count = bind->count;
    int rc = check_arguments(bind);
    if (rc == 0 && bind->function->prepare != NULL)
        rc = bind->function->prepare(bind);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < bind->count; i++)
        if (bind->args[i]->depth > depth)
            depth = bind->args[i]->depth;
    if (depth >= EXPR_MAX_DEPTH)
        return function_refuse(bind, "K124", bind->place, "an expression is nested deeper than %d", EXPR_MAX_DEPTH);
    struct expr *expr = new_node(bind->arena, EXPR_CALL, bind->type, bind->place);
    if (expr == NULL)
        return -ENOMEM;
    expr->depth = depth + 1;
    expr->function = bind->function;
    expr->prepared = bind->prepared;
    expr->args = bind->args;
    expr->count = bind->count;
    expr->given_count = (bind->function->flags & FUNCTION_CHAIN) != 0 ? bind->count : given_count;
    rc = fold(expr, bind);
    if (rc == 0)
        *out = expr;
    return rc;
}

int expr_call(struct expr **out, struct arena *arena, struct text name, struct expr *const *args, size_t count,
              struct expr_place place, struct expr_fault *fault)
{
    struct function_bind bind = {.arena = arena, .place = place, .fault = fault, .function = function_find(name)};
    if (bind.function == NULL) {
        const char *near = function_nearest(name);
        return function_refuse(&bind, "K120", place, "there is no function or operator \"%.*s\"%s%s%s",
                               name.len > 80 ? 80 : (int)name.len, name.bytes, near == NULL ? "" : "; did you mean \"",
                               near == NULL ? "" : near, near == NULL ? "" : "\"?");
    }
    bind.type = bind.function->type;
    bind.count = count;
    int rc = check_count(&bind);
    if (rc == 0)
        rc = copy_arguments(&bind, args, count);
    return rc < 0 ? rc : make_call(out, &bind);
}

enum value_type expr_type(const struct expr *expr)
{
    return expr->type;
}

struct expr_place expr_where(const struct expr *expr)
{
    return expr->place;
}

const struct value *expr_constant_value(const struct expr *expr)
{
    return expr->kind == EXPR_CONSTANT ? &expr->constant : NULL;
}

long expr_is_column(const struct expr *expr)
{
    return expr->kind == EXPR_COLUMN ? (long)expr->number : -1;
}

void expr_each_column(const struct expr *expr, void (*visit)(void *context, unsigned column), void *context)
{
    if (expr->kind == EXPR_COLUMN)
        visit(context, expr->number);
    for (size_t i = 0; expr->kind == EXPR_CALL && i < expr->count; i++)
        expr_each_column(expr->args[i], visit, context);
}
