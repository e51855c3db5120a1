/* An expression as text. */
#include "detect/base/builder.h"
#include "detect/rule/expr_node.h"

static void put(struct builder *to, const struct expr *expr);

static void put_call(struct builder *to, const struct expr *expr)
{
    bool is_operator = (expr->function->flags & FUNCTION_OPERATOR) != 0;
    builder_format(to, "%s(", is_operator ? "" : expr->function->name);
    for (size_t i = 0; i < expr->given_count; i++) {
        if (i > 0)
            builder_format(to, is_operator ? " %s " : ", ", expr->function->name);
        put(to, expr->args[i]);
    }
    builder_byte(to, ')');
}

static void put(struct builder *to, const struct expr *expr)
{
    if (expr->kind == EXPR_CALL)
        put_call(to, expr);
    else if (expr->kind == EXPR_CONSTANT)
        builder_text(to, value_json(expr->constant, to->arena));
    else
        builder_text(to, expr->name);
}

struct text expr_explain(const struct expr *expr, const struct expr_row *row, struct arena *arena)
{
    struct builder to = builder_in(arena);
    (void)row;
    put(&to, expr);
    return builder_end(&to);
}
