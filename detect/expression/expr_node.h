/* expr_node: the node itself, for detect/expression/expr*.c and detect/function. */
#ifndef DETECT_RULE_EXPR_NODE_H
#define DETECT_RULE_EXPR_NODE_H

#include "detect/expression/expr.h"
#include "detect/expression/function.h"

enum expr_kind {
    EXPR_CONSTANT,
    EXPR_COLUMN,
    EXPR_VARIABLE,
    EXPR_CALL,
};

struct expr {
    enum expr_kind kind;
    enum value_type type;
    struct expr_place place;
    unsigned depth;        /* calls within calls, 0 for what is none */
    unsigned number;       /* the column, the variable */
    struct text name;      /* of the column or variable; a constant's: absent */
    struct value constant; /* EXPR_CONSTANT */
    const struct function *function;
    const void *prepared;
    struct expr **args;
    size_t count;       /* of them that a call evaluates; those after them are in prepared */
    size_t given_count; /* all of them, for expr_explain */
};

#endif
