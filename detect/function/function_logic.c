/* Truth and nulls: and, or, not, iff, case, coalesce, isnull, isempty. */
#include "detect/expression/expr_node.h"

#include <errno.h>

/* Three-valued, with the error: "decided" ends it whatever the others are. */
static struct value chain(const struct function_call *call, enum truth decided)
{
    enum truth result = decided == TRUTH_FALSE ? TRUTH_TRUE : TRUTH_FALSE;
    for (size_t i = 0; i < call->count; i++) {
        enum truth truth = function_truth(function_argument(call, i));
        if (truth == decided)
            return value_bool(decided == TRUTH_TRUE);
        if (truth == TRUTH_ERROR || (truth == TRUTH_NULL && result != TRUTH_ERROR))
            result = truth;
    }
    return result == TRUTH_ERROR  ? value_error()
           : result == TRUTH_NULL ? value_null(VALUE_BOOL)
                                  : value_bool(result == TRUTH_TRUE);
}

static struct value call_and(const struct function_call *call)
{
    return chain(call, TRUTH_FALSE);
}

static struct value call_or(const struct function_call *call)
{
    return chain(call, TRUTH_TRUE);
}

/* A constant part that decides the chain is all of it; one that can't is left out. */
static int prepare_chain(struct function_bind *bind)
{
    bool neutral = bind->function->name[0] == 'a'; /* "and": true changes nothing */
    size_t kept = 0;
    for (size_t i = 0; i < bind->count; i++) {
        const struct value *constant = expr_constant_value(bind->args[i]);
        if (constant != NULL && !constant->is_null && constant->boolean != neutral) {
            bind->args[0] = bind->args[i];
            bind->count = 1;
            return 0;
        }
        if (constant == NULL || constant->is_null)
            bind->args[kept++] = bind->args[i];
    }
    bind->count = kept > 0 ? kept : 1; /* all neutral: the first stands for them */
    return 0;
}

static struct value call_not(const struct function_call *call)
{
    return value_bool(!call->args[0].boolean);
}

/* The type that the values have or can become, those from number from on (case: every other one, and the last): numbers
 * the widest, dynamic where one is. False: there is none. */
static bool common_type(const struct function_bind *bind, size_t from, size_t step, enum value_type *out)
{
    enum value_type type = bind->args[from]->type;
    for (size_t i = from; i < bind->count; i++) {
        enum value_type other = bind->args[i]->type;
        if (other == type || ((i - from) % step != 0 && i + 1 < bind->count))
            continue;
        bool are_numbers = type >= VALUE_INT && type <= VALUE_REAL && other >= VALUE_INT && other <= VALUE_REAL;
        if (are_numbers)
            type = other > type ? other : type;
        else if (type == VALUE_DYNAMIC || other == VALUE_DYNAMIC)
            type = VALUE_DYNAMIC;
        else
            return false;
    }
    *out = type;
    return true;
}

static int prepare_common(struct function_bind *bind, size_t from, size_t step)
{
    if (common_type(bind, from, step, &bind->type))
        return 0;
    return function_refuse(bind, "K211", bind->place, "the values that %s() chooses from must be of one type",
                           bind->function->name);
}

/* The chosen argument, as the common type. */
static struct value chosen(const struct function_call *call, size_t i)
{
    struct value value = function_argument(call, i);
    return value.type == call->type || value.type == VALUE_ERROR
               ? value
               : function_convert(value, call->type, call->run->scratch);
}

static struct value call_iff(const struct function_call *call)
{
    enum truth truth = function_truth(function_argument(call, 0));
    return truth == TRUTH_ERROR ? value_error() : chosen(call, truth == TRUTH_TRUE ? 1 : 2);
}

static int prepare_iff(struct function_bind *bind)
{
    return prepare_common(bind, 1, 1);
}

static struct value call_case(const struct function_call *call)
{
    for (size_t i = 0; i + 1 < call->count; i += 2) {
        enum truth truth = function_truth(function_argument(call, i));
        if (truth == TRUTH_ERROR)
            return value_error();
        if (truth == TRUTH_TRUE)
            return chosen(call, i + 1);
    }
    return chosen(call, call->count - 1);
}

static int prepare_case(struct function_bind *bind)
{
    if (bind->count % 2 == 0)
        return function_refuse(bind, "K121", bind->place,
                               "case() takes pairs of a condition and a value, and then the value for else");
    for (size_t i = 0; i + 1 < bind->count; i += 2) {
        struct expr *condition = bind->args[i];
        if (condition->type == VALUE_DYNAMIC) {
            int rc = expr_call(&bind->args[i], bind->arena, text_from("tobool"), &condition, 1, condition->place,
                               bind->fault);
            if (rc < 0)
                return rc;
        } else if (condition->type != VALUE_BOOL) {
            return function_refuse(bind, "K211", condition->place,
                                   "case() wants a bool as argument %u, not a value of type %s", (unsigned)i + 1,
                                   value_type_name(condition->type));
        }
    }
    return prepare_common(bind, 1, 2);
}

/* Null, or an empty text: coalesce() and isempty() take both for missing. */
static bool is_missing(struct value value)
{
    if (value.is_null)
        return true;
    if (value.type == VALUE_STRING)
        return value.text.len == 0;
    return value.type == VALUE_DYNAMIC && value.dynamic->kind == DYNAMIC_STRING && value.dynamic->text.len == 0;
}

static struct value call_coalesce(const struct function_call *call)
{
    struct value value = value_null(call->type);
    for (size_t i = 0; i < call->count; i++) {
        value = chosen(call, i);
        if (value.type == VALUE_ERROR || !is_missing(value))
            return value;
    }
    return value;
}

static int prepare_coalesce(struct function_bind *bind)
{
    return prepare_common(bind, 0, 1);
}

static struct value call_isnull(const struct function_call *call)
{
    return value_bool(call->args[0].is_null);
}

static struct value call_isnotnull(const struct function_call *call)
{
    return value_bool(!call->args[0].is_null);
}

static struct value call_isempty(const struct function_call *call)
{
    return value_bool(is_missing(call->args[0]));
}

static struct value call_isnotempty(const struct function_call *call)
{
    return value_bool(!is_missing(call->args[0]));
}

/* Is the body true for an element? */
static struct value any_element(const struct function_call *call, const unsigned *variable, struct value element,
                                enum truth *result)
{
    struct function_binding binding = {*variable, element, call->run->bindings};
    struct function_run run = *call->run;
    struct arena_mark mark = arena_mark(run.scratch);
    run.bindings = &binding;
    enum truth truth = function_truth(function_evaluate(call->expr->args[1], &run));
    arena_rewind(run.scratch, mark);
    if (truth == TRUTH_ERROR)
        *result = TRUTH_ERROR;
    return value_bool(truth == TRUTH_TRUE);
}

static struct value call_any(const struct function_call *call)
{
    struct value array = function_argument(call, 0);
    enum truth result = TRUTH_FALSE;
    if (array.type == VALUE_ERROR)
        return array;
    bool is_list = !array.is_null && (array.dynamic->kind == DYNAMIC_ARRAY || array.dynamic->kind == DYNAMIC_BAG);
    size_t count = is_list ? array.dynamic->count : 1;
    if (call->count == 1)
        return value_bool(count > 0);
    for (size_t i = 0; i < count; i++) {
        struct value element = array;
        struct dynamic bag = {.kind = DYNAMIC_BAG, .count = 1};
        if (is_list && array.dynamic->kind == DYNAMIC_ARRAY) {
            element = value_dynamic(&array.dynamic->items[i]);
        } else if (is_list) {
            bag.members = &array.dynamic->members[i];
            element = value_dynamic(&bag);
        }
        if (any_element(call, call->prepared, element, &result).boolean)
            return value_bool(true);
    }
    return result == TRUTH_ERROR ? value_error() : value_bool(false);
}

int expr_any(struct expr **out, struct arena *arena, struct expr *array, unsigned variable, struct expr *body,
             struct expr_place place, struct expr_fault *fault)
{
    struct expr *args[] = {array, body}, *expr;
    unsigned *number = arena_alloc(arena, sizeof(*number));
    if (number == NULL)
        return -ENOMEM;
    *number = variable;
    int rc = expr_call(&expr, arena, text_from("any element"), args, body == NULL ? 1 : 2, place, fault);
    if (rc < 0)
        return rc;
    expr->prepared = number;
    *out = expr;
    return 0;
}

#define MANY EXPR_MAX_ARGS
#define BOOL VALUE_BOOL

const struct function function_logic[] = {
    {"and", "bool and bool", "both are true; false if one is false, else null if one is null", "b*", 1, MANY, BOOL,
     FUNCTION_OPERATOR | FUNCTION_LAZY | FUNCTION_CHAIN, 0, prepare_chain, call_and, NULL, NULL},
    {"or", "bool or bool", "one is true; true if one is true, else null if one is null", "b*", 1, MANY, BOOL,
     FUNCTION_OPERATOR | FUNCTION_LAZY | FUNCTION_CHAIN, 0, prepare_chain, call_or, NULL, NULL},
    {"not", "(condition: bool)", "the opposite; null stays null", "B", 1, 1, BOOL, 0, 0, NULL, call_not, NULL, NULL},
    {"iff", "(condition: bool, then, else)", "then if the condition is true, else (null too) else", "baa", 3, 3, BOOL,
     FUNCTION_LAZY, 0, prepare_iff, call_iff, NULL, NULL},
    {"iif", "(condition: bool, then, else)", "the same as iff", "baa", 3, 3, BOOL, FUNCTION_LAZY, 0, prepare_iff,
     call_iff, NULL, NULL},
    {"case", "(condition: bool, then, ..., else)", "the value after the first condition that is true", "a*", 3, MANY,
     BOOL, FUNCTION_LAZY, 0, prepare_case, call_case, NULL, NULL},
    {"coalesce", "(value, ...)", "the first that is neither null nor empty", "a*", 1, 64, BOOL, FUNCTION_LAZY, 0,
     prepare_coalesce, call_coalesce, NULL, NULL},
    {"isnull", "(value)", "is it null? A string never is", "a", 1, 1, BOOL, FUNCTION_NULLS, 0, NULL, call_isnull, NULL,
     NULL},
    {"isnotnull", "(value)", "is it not null?", "a", 1, 1, BOOL, FUNCTION_NULLS, 0, NULL, call_isnotnull, NULL, NULL},
    {"notnull", "(value)", "isnotnull", "a", 1, 1, BOOL, FUNCTION_NULLS | FUNCTION_OLD, 0, NULL, call_isnotnull, NULL,
     NULL},
    {"isempty", "(value)", "is it null or an empty string?", "a", 1, 1, BOOL, FUNCTION_NULLS, 0, NULL, call_isempty,
     NULL, NULL},
    {"isnotempty", "(value)", "is it neither null nor an empty string?", "a", 1, 1, BOOL, FUNCTION_NULLS, 0, NULL,
     call_isnotempty, NULL, NULL},
    {"notempty", "(value)", "isnotempty", "a", 1, 1, BOOL, FUNCTION_NULLS | FUNCTION_OLD, 0, NULL, call_isnotempty,
     NULL, NULL},
    {"any element", "(array: dynamic, condition: bool)", "is the condition true for an element?", "jb", 1, 2, BOOL,
     FUNCTION_LAZY | FUNCTION_OURS | FUNCTION_CHANGES, 0, NULL, call_any, NULL, NULL},
    {0},
};
