/* What must stand in an event's columns for an expression to be true. */
#include "detect/rule/expr_node.h"

bool expr_required(struct expr_needs *out, const struct expr *expr, struct arena *arena)
{
    if (expr->kind != EXPR_CALL || expr->function->required == NULL)
        return false;
    return expr->function->required(out, expr, arena);
}
