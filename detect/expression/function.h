/*
 * function: the table of operators and functions, and what an entry is made of. Only detect/expression/expr*.c and the
 * files that define entries (function_*.c, and those of the front ends) include this.
 *
 * An entry is found by name, checks its arguments at load and is called for each event. Nothing here allocates but from
 * the arenas given.
 */
#ifndef DETECT_RULE_FUNCTION_H
#define DETECT_RULE_FUNCTION_H

#include "detect/base/arena.h"
#include "detect/expression/expr.h"
#include "detect/expression/value.h"

/* A value bound to a variable while an expression over the elements of an array is evaluated. */
struct function_binding {
    unsigned variable;
    struct value value;
    const struct function_binding *outer;
};

/* What an evaluation runs with. */
struct function_run {
    const struct expr_row *row;
    struct arena *scratch;
    const struct function_binding *bindings;
};

/* One call at run time. */
struct function_call {
    const struct expr *expr;  /* the node, for its args when FUNCTION_LAZY */
    const void *prepared;     /* what prepare made */
    const struct value *args; /* count values, none of them VALUE_ERROR; NULL when FUNCTION_LAZY */
    size_t count;
    enum value_type type; /* of the result */
    const struct function_run *run;
};

/* One call at load. */
struct function_bind {
    struct arena *arena; /* the rule's */
    const struct function *function;
    struct expr **args; /* may be replaced, and their number lowered, by prepare */
    size_t count;
    struct expr_place place;
    struct expr_fault *fault;
    enum value_type type; /* of the result; the entry's own until prepare changes it */
    const void *prepared; /* for function_call.prepared, in the arena */
};

enum function_flag {
    FUNCTION_OPERATOR = 1, /* written between its operands */
    FUNCTION_OURS = 2,     /* no KQL query can write it */
    FUNCTION_LAZY = 4,     /* evaluates its arguments itself */
    FUNCTION_NULLS = 8, /* takes nulls; without it a null argument (but of type string, or of class a t j) gives null */
    FUNCTION_CHANGES = 16, /* never folded: its answer changes though its arguments are constant */
    FUNCTION_CHAIN = 32,   /* a chain of it is one call with many arguments: and, or */
    FUNCTION_KEEPS = 64,   /* what stands in its result stands in its argument keeps, letter case apart */
    FUNCTION_OLD = 128,    /* another spelling, left out of the documentation */
};

/* What a search for what must stand in an event runs with. */
struct function_need {
    struct arena *arena;
    const void *scope; /* expr_required's own */
};

struct function {
    const char *name;
    const char *arguments; /* as expr_entry.arguments */
    const char *summary;   /* one line, no full stop */
    /*
     * Classes of the arguments, a letter each: a any, as it is; t any, as its text; s string; S string or dynamic, as
     * text; l int or long; n number; d datetime; i timespan; b bool or dynamic, as bool; B those
     * or a number, as bool; j dynamic. "!" after a letter:
     * it must be constant. "*" at the end: the last one may come again.
     */
    const char *classes;
    unsigned min, max; /* arguments */
    enum value_type type;
    unsigned flags;
    unsigned keeps; /* number of the argument, with FUNCTION_KEEPS */
    /* Checks more, sets type, compiles lists and patterns; NULL: nothing to do. 0, -EINVAL with the fault set
     * (function_refuse), -ENOMEM. */
    int (*prepare)(struct function_bind *bind);
    struct value (*call)(const struct function_call *call);
    /* For a bool: what must stand in a column for it to be true, as expr_required. NULL: not known. */
    bool (*required)(struct expr_needs *out, const struct expr *expr, struct arena *arena);
    /* The same for it to be true or false, following the arguments to their columns (function_need_text); NULL: not
     * known. Asked where required is NULL, or it is to be false. */
    bool (*need)(struct expr_needs *out, const struct expr *expr, bool is_true, const struct function_need *context);
};

/* The entry of that name, or NULL. */
const struct function *function_find(struct text name);

/* Entry number i in the table's order, or NULL after the last one. */
const struct function *function_at(size_t i);

/* The name nearest to one that is not there, or NULL when none is near; as written when only the case differs. */
const char *function_nearest(struct text name);

/* Fills the bind's fault and returns -EINVAL. */
__attribute__((format(printf, 4, 5))) int function_refuse(struct function_bind *bind, const char *code,
                                                          struct expr_place place, const char *format, ...);

/* Evaluates an argument. */
struct value function_argument(const struct function_call *call, size_t i);
struct value function_evaluate(const struct expr *expr, const struct function_run *run);

/* The truth of a bool. */
enum truth function_truth(struct value value);

/* What a constant argument is: only where the class said "!". */
struct value function_constant(const struct function_bind *bind, size_t i);

/* A text as a value; an absent one (no scratch left) is VALUE_ERROR. */
struct value function_text(struct text text);

/* The conversion of a dynamic, a string or a number: what toint() ... totimespan(), tobool() give. Null where there is
 * none. */
struct value function_convert(struct value value, enum value_type to, struct arena *scratch);

/* a == b as KQL has it, whatever their types; TRUTH_NULL if both are null, TRUTH_FALSE if one is, TRUTH_ERROR without
 * scratch. is_cased false: strings as =~ has them. */
enum truth function_equal(struct value a, struct value b, bool is_cased, struct arena *scratch);

/* May values of these types be compared with == ? */
bool function_may_equal(enum value_type a, enum value_type b);

/* A number as real; a datetime's and timespan's ticks. */
double function_real(struct value value);

/* An item of an array as a value of its own type (a null: of type dynamic). */
struct value function_from_dynamic(const struct dynamic *item);

/* An array of count items, or none left of scratch: VALUE_ERROR. */
struct value function_array_of(const struct dynamic *items, size_t count, struct arena *scratch);

/* Byte index of the first needle in text[from..], or text.len when there is none. needle is not empty. */
size_t function_find_text(struct text text, struct text needle, size_t from);

/* How often search stands in text, overlapping occurrences counted; an empty one never. */
int64_t function_count_text(struct text text, struct text search);

/* For a function's need: text must stand in the value of expr (an argument); in which columns? False: not known. */
bool function_need_text(struct expr_needs *out, const struct function_need *context, const struct expr *expr,
                        struct text text);

/* to or more. False: too many. */
bool function_need_add(struct expr_needs *to, const struct function_need *context, const struct expr_needs *more);

/* Is a set the better choice? */
bool function_need_is_better(const struct expr_needs *a, const struct expr_needs *b);

/* The tables, ended by an entry without a name. */
extern const struct function function_logic[];
extern const struct function function_compare[];
extern const struct function function_search[];
extern const struct function function_list[];
extern const struct function function_math[];
extern const struct function function_cast[];
extern const struct function function_kql[];
extern const struct function function_string[];
extern const struct function function_characters[];
extern const struct function function_regular[];
extern const struct function function_array[];
extern const struct function function_set[];
extern const struct function function_bag[];
extern const struct function function_powershell[];
extern const struct function function_parse[];
extern const struct function function_encode[];
extern const struct function function_time[];
extern const struct function function_format[];
extern const struct function function_sigma[];

#endif
