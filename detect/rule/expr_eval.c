/* Evaluation of one expression for one row. */
#include "detect/rule/expr_node.h"

#include <assert.h>

/* Arguments up to this number stand on the stack, more of them in the scratch arena. */
#define SMALL 4

static struct value variable(const struct expr *expr, const struct function_run *run)
{
    for (const struct function_binding *b = run->bindings; b != NULL; b = b->outer)
        if (b->variable == expr->number)
            return b->value;
    return value_null(expr->type); /* used outside its body: no element is there */
}

static struct value evaluate_call(const struct expr *expr, const struct function_run *run)
{
    const struct function *f = expr->function;
    struct value small[SMALL], *args = small;
    struct function_call call = {
        .expr = expr, .prepared = expr->prepared, .count = expr->count, .type = expr->type, .run = run};
    if ((f->flags & FUNCTION_LAZY) != 0)
        /* cppcheck-suppress returnDanglingLifetime; a value never points to its call */
        return f->call(&call);
    if (expr->count > SMALL)
        args = arena_alloc(run->scratch, expr->count * sizeof(*args));
    if (args == NULL)
        return value_error();
    bool is_null = false;
    for (size_t i = 0; i < expr->count; i++) {
        args[i] = function_evaluate(expr->args[i], run);
        if (args[i].type == VALUE_ERROR)
            return value_error();
        is_null = is_null || args[i].is_null;
    }
    if (is_null && (f->flags & FUNCTION_NULLS) == 0)
        return value_null(expr->type);
    call.args = args;
    /* cppcheck-suppress returnDanglingLifetime; a value never points to its call */
    return f->call(&call);
}

struct value function_evaluate(const struct expr *expr, const struct function_run *run)
{
    switch (expr->kind) {
    case EXPR_CONSTANT:
        return expr->constant;
    case EXPR_COLUMN: {
        struct value value = run->row->column(run->row, expr->number, run->scratch);
        assert(value.type == expr->type || value.type == VALUE_ERROR);
        return value;
    }
    case EXPR_VARIABLE:
        return variable(expr, run);
    default:
        return evaluate_call(expr, run);
    }
}

struct value function_argument(const struct function_call *call, size_t i)
{
    return function_evaluate(call->expr->args[i], call->run);
}

struct value expr_value(const struct expr *expr, const struct expr_row *row, struct arena *scratch)
{
    struct function_run run = {.row = row, .scratch = scratch};
    return function_evaluate(expr, &run);
}

enum truth expr_truth(const struct expr *expr, const struct expr_row *row, struct arena *scratch)
{
    struct arena_mark mark = arena_mark(scratch);
    enum truth truth = function_truth(expr_value(expr, row, scratch));
    arena_rewind(scratch, mark);
    return truth;
}
