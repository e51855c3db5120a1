/*
 * expr: a typed expression over the columns of one event, with the meaning that Microsoft's Kusto engine gives it.
 * Front ends (detect/kql, detect/sigma) build it bottom up with expr_call; rules are evaluated by expr_truth.
 *
 * An expression never changes once made; any number of threads may evaluate it, each with its own scratch arena. It and
 * all that it needs (compiled regular expressions, lists) live in the arena it was made in.
 */
#ifndef DETECT_RULE_EXPR_H
#define DETECT_RULE_EXPR_H

#include "detect/base/arena.h"
#include "detect/base/text.h"
#include "detect/expression/value.h"
#include <stdbool.h>
#include <stddef.h>

/* Limits, refused by expr_call with K124. */
#define EXPR_MAX_DEPTH 64      /* calls within calls; a chain of "and" or "or" counts as one */
#define EXPR_MAX_ARGS 10000    /* elements of a list: what Kusto allows has_any (kusto/query/has-any-operator) */
#define EXPR_MAX_HAS_ALL 256   /* elements of has_all (kusto/query/has-all-operator) */
#define EXPR_MAX_LITERAL 65536 /* code points of a literal that is searched for */

/* What the scratch arena of an evaluation should be made with: what does not fit is TRUTH_ERROR, VALUE_ERROR. */
#define EXPR_SCRATCH_BYTES ((size_t)4 << 20)

struct expr;

/* Where it stands in the rule's file, 1-based; 0 where it stands nowhere. Columns count characters. */
struct expr_place {
    unsigned line, column;
};

/* Why an expression can't be made. code: "K120" unknown function, "K121" number of arguments, "K122" an argument that
 * must be a constant or is out of range, "K123" a regular expression, "K124" a limit, "K210" types of an operator,
 * "K211" type of a function's argument. message: what is wrong and what would be right. */
struct expr_fault {
    struct expr_place place;
    char code[8];
    char message[256];
};

enum truth {
    TRUTH_FALSE,
    TRUTH_TRUE,
    TRUTH_NULL,  /* neither: `where` drops the row */
    TRUTH_ERROR, /* not known, as a limit was reached (regular expression, scratch): to be reported, never "no" */
};

/* One event as the expression sees it. */
struct expr_row {
    /* The value of a column, of the type the column was made with (a string where the event lacks it: ""). It may use
     * scratch for what it makes. */
    struct value (*column)(const struct expr_row *row, unsigned column, struct arena *scratch);
    int64_t now; /* what now() answers: a datetime, detect/expression/value.h */
};

/* A constant, borrowed parts copied. NULL: the arena's limit. */
struct expr *expr_constant(struct arena *arena, struct value value, struct expr_place place);

/* A column: its number for expr_row.column, its type, its name for messages (copied). NULL: the arena's limit. */
struct expr *expr_column(struct arena *arena, unsigned column, enum value_type type, struct text name,
                         struct expr_place place);

/*
 * A variable that stands for an element of an array within the body of expr_any, of type dynamic. number tells nested
 * ones apart. NULL: the arena's limit.
 */
struct expr *expr_variable(struct arena *arena, unsigned number, struct text name, struct expr_place place);

/*
 * True if body (a bool) is true for some element of array (dynamic), which the body knows as that variable; else false.
 * As mv-expand has it: a null array is one element, null; a bag is one element for each member, a bag of that member.
 * body NULL: has it an element? Returns as expr_call.
 */
int expr_any(struct expr **out, struct arena *arena, struct expr *array, unsigned variable, struct expr *body,
             struct expr_place place, struct expr_fault *fault);

/*
 * The operator or function of that name over args[0..count-1].
 *
 * Operators are written as in KQL: "==" "!=" "<>" "<" ">" "<=" ">=" "=~" "!~" "has" "!has_cs" "in" "!in~" "has_any"
 * "has_all" "between" "!between" "matches regex" "and" "or" "+" "-" (one argument: the sign) "*" "/" "%" "[]" ".".
 * Lists: the left side and then each element, constants or not; a constant dynamic array stands for its elements.
 * between: value, low, high. ".": the bag and the member's name as a constant string. "not" is a function.
 * "and" and "or" take any number from 1. Names that begin with "sigma:" are those of the table in docs/rules.md that no
 * KQL query can write.
 * Checks number and types of the arguments, folds what is constant, compiles regular expressions and lists.
 *
 * Returns 0 and sets *out; -EINVAL: refused, *fault says why and where; -ENOMEM: the arena's limit.
 */
int expr_call(struct expr **out, struct arena *arena, struct text name, struct expr *const *args, size_t count,
              struct expr_place place, struct expr_fault *fault);

enum value_type expr_type(const struct expr *expr);
struct expr_place expr_where(const struct expr *expr);

/* The value it always has (a constant, or folded), or NULL. */
const struct value *expr_constant_value(const struct expr *expr);

/* The column's number if it is nothing but a column, else -1. */
long expr_is_column(const struct expr *expr);

/* Calls visit for each column in it, once for each time that it stands there. */
void expr_each_column(const struct expr *expr, void (*visit)(void *context, unsigned column), void *context);

/* The value for one row; VALUE_ERROR where a limit was reached. It borrows from expr, the row and scratch. */
struct value expr_value(const struct expr *expr, const struct expr_row *row, struct arena *scratch);

/* The same of an expression of type bool. Takes back what it used of scratch. */
enum truth expr_truth(const struct expr *expr, const struct expr_row *row, struct arena *scratch);

/* A literal that must stand in a column. */
struct expr_literal {
    unsigned column;
    struct text text; /* not empty; lower case by unicode_fold */
};

/* At least one of them must stand, in any letter case and without regard to word edges, in the text of its column (as
 * tostring gives it) for the expression to be true. */
struct expr_needs {
    const struct expr_literal *literals;
    size_t count;
};

/*
 * The best such set: the one whose literals are the rarest in Windows events. False: there is none (the expression must
 * be evaluated for every event); *out is then left as it was. The set lives in arena; no memory counts as none.
 */
bool expr_required(struct expr_needs *out, const struct expr *expr, struct arena *arena);

/*
 * The expression as text, as KQL would write it; each part of an "and" or "or" on a line of its own, indented. With a
 * row each line begins with the part's truth and ends with " # " and the values of its columns; what is made for that
 * comes from arena too. An absent text: the arena's limit.
 */
struct text expr_explain(const struct expr *expr, const struct expr_row *row, struct arena *arena);

/* One entry of the table of operators and functions, for docs and "rules" output. */
struct expr_entry {
    const char *name;
    const char *arguments; /* "(text: string, start: long [, length: long])", or "string has string" */
    const char *summary;   /* one line */
    bool is_operator;
    bool is_kql; /* false: a KQL query can't write it */
};

/* Entry number i in the table's order, or false after the last one. */
bool expr_entry_at(struct expr_entry *out, size_t i);

#endif
