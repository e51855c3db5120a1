/* An expression as text. */
#include "detect/base/builder.h"
#include "detect/expression/expr_node.h"

#include <string.h>

/* Most bytes of a value that a line shows. */
#define SHOWN 200

static void put(struct builder *to, const struct expr *expr);

static bool is_named(const struct expr *expr, const char *name)
{
    return expr->kind == EXPR_CALL && strcmp(expr->function->name, name) == 0;
}

/* Arguments from number from on, with commas. */
static void put_arguments(struct builder *to, const struct expr *expr, size_t from, const char *between)
{
    for (size_t i = from; i < expr->given_count && !to->is_failed; i++) {
        if (i > from)
            builder_string(to, between);
        put(to, expr->args[i]);
    }
}

static bool is_operator(const struct expr *expr)
{
    return expr->kind == EXPR_CALL && (expr->function->flags & FUNCTION_OPERATOR) != 0;
}

/* An operand: an operator within an operator has brackets. */
static void put_operand(struct builder *to, const struct expr *expr)
{
    bool has_brackets = is_operator(expr) && !is_named(expr, "[]") && !is_named(expr, ".");
    if (has_brackets)
        builder_byte(to, '(');
    put(to, expr);
    if (has_brackets)
        builder_byte(to, ')');
}

static void put_operator(struct builder *to, const struct expr *expr)
{
    const char *name = expr->function->name;
    bool is_list = strcmp(name, "has_any") == 0 || strcmp(name, "has_all") == 0 || strstr(name, "in~") != NULL ||
                   strcmp(name, "in") == 0 || strcmp(name, "!in") == 0;
    if (expr->given_count == 1) { /* the sign */
        builder_string(to, name);
        put_operand(to, expr->args[0]);
        return;
    }
    put_operand(to, expr->args[0]);
    if (strcmp(name, "[]") == 0) {
        builder_byte(to, '[');
        put(to, expr->args[1]);
        builder_byte(to, ']');
    } else if (strcmp(name, ".") == 0) {
        builder_byte(to, '.');
        builder_text(to, expr->args[1]->constant.text);
    } else if (is_list || strstr(name, "between") != NULL) {
        builder_format(to, " %s (", name);
        put_arguments(to, expr, 1, is_list ? ", " : " .. ");
        builder_byte(to, ')');
    } else {
        for (size_t i = 1; i < expr->given_count; i++) {
            builder_format(to, " %s ", name);
            put_operand(to, expr->args[i]);
        }
    }
}

static void put_constant(struct builder *to, const struct value *value)
{
    bool is_plain = !value->is_null && value->type <= VALUE_STRING && value->type != VALUE_INT;
    if (is_plain) {
        builder_text(to, value_json(*value, to->arena));
        return;
    }
    builder_format(to, "%s(", value_type_name(value->type));
    builder_text(to, value->is_null                 ? text_from("null")
                     : value->type == VALUE_DYNAMIC ? value_json(*value, to->arena)
                                                    : value_text(*value, to->arena));
    builder_byte(to, ')');
}

static void put(struct builder *to, const struct expr *expr)
{
    if (to->is_failed)
        return;
    if (expr->kind == EXPR_CONSTANT) {
        put_constant(to, &expr->constant);
    } else if (expr->kind != EXPR_CALL) {
        builder_text(to, expr->name);
    } else if (is_operator(expr)) {
        put_operator(to, expr);
    } else {
        builder_format(to, "%s(", expr->function->name);
        put_arguments(to, expr, 0, ", ");
        builder_byte(to, ')');
    }
}

/* A part's truth before its line. */
static void put_truth(struct builder *to, const struct expr *expr, const struct expr_row *row)
{
    static const char *const words[] = {
        [TRUTH_FALSE] = "false  ", [TRUTH_TRUE] = "true   ", [TRUTH_NULL] = "null   ", [TRUTH_ERROR] = "error  "};
    if (row != NULL)
        builder_string(to, words[function_truth(expr_value(expr, row, to->arena))]);
}

/* The columns' values after a line, each column once. */
struct shown {
    struct builder *to;
    const struct expr_row *row;
    unsigned columns[16];
    size_t count;
};

static void put_values(struct shown *shown, const struct expr *expr)
{
    for (size_t i = 0; expr->kind == EXPR_CALL && i < expr->count; i++)
        put_values(shown, expr->args[i]);
    if (expr->kind != EXPR_COLUMN)
        return;
    for (size_t i = 0; i < shown->count; i++)
        if (shown->columns[i] == expr->number)
            return;
    if (shown->count == sizeof(shown->columns) / sizeof(shown->columns[0]))
        return;
    shown->columns[shown->count++] = expr->number;
    struct builder *to = shown->to;
    builder_string(to, shown->count == 1 ? "    # " : ", ");
    builder_text(to, expr->name);
    builder_string(to, " = ");
    struct text json = value_json(expr_value(expr, shown->row, to->arena), to->arena);
    builder_text(to, (struct text){json.bytes, json.len > SHOWN ? SHOWN : json.len});
    if (json.len > SHOWN)
        builder_string(to, "...");
}

static void put_lines(struct builder *to, const struct expr *expr, const struct expr_row *row, unsigned depth)
{
    bool is_chain = is_named(expr, "and") || is_named(expr, "or");
    bool is_not = is_named(expr, "not") && (is_named(expr->args[0], "and") || is_named(expr->args[0], "or"));
    if (to->is_failed)
        return;
    put_truth(to, expr, row);
    for (unsigned i = 0; i < depth; i++)
        builder_string(to, "    ");
    if (is_chain || is_not) {
        builder_format(to, "%s\n", expr->function->name);
        for (size_t i = 0; i < expr->count; i++)
            put_lines(to, expr->args[i], row, depth + 1);
        return;
    }
    put(to, expr);
    struct shown shown = {.to = to, .row = row};
    if (row != NULL)
        put_values(&shown, expr);
    builder_byte(to, '\n');
}

struct text expr_explain(const struct expr *expr, const struct expr_row *row, struct arena *arena)
{
    struct builder to = builder_in(arena);
    put_lines(&to, expr, row, 0);
    return builder_end(&to);
}
