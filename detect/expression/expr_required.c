/* What must stand in an event's columns for an expression to be true, or false. */
#include "detect/base/builder.h"
#include "detect/expression/expr_node.h"
#include "detect/expression/rarity.h"
#include "detect/search/term.h"
#include <string.h>

/* Most literals of a set: with more of them the set says little. */
#define MAX_LITERALS 4096

/* Is the set better than the other: do fewer events have one of it? */
static bool is_better(const struct expr_needs *a, const struct expr_needs *b)
{
    unsigned long cost[2] = {0, 0};
    size_t len[2] = {0, 0};
    const struct expr_needs *sets[2] = {a, b};
    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; i < sets[s]->count; i++) {
            cost[s] += rarity_cost(sets[s]->literals[i].text);
            len[s] += sets[s]->literals[i].text.len;
        }
    return cost[0] != cost[1] ? cost[0] < cost[1] : len[0] * b->count > len[1] * a->count;
}

static bool put_union(struct expr_needs *to, const struct expr_needs *more, struct arena *arena)
{
    size_t count = to->count + more->count;
    struct expr_literal *literals = count > MAX_LITERALS ? NULL : arena_zeroed(arena, count, sizeof(*literals));
    if (literals == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        literals[i] = i < to->count ? to->literals[i] : more->literals[i - to->count];
    *to = (struct expr_needs){literals, count};
    return true;
}

/* The longest part of text without one of the bytes in special and control characters. */
static struct text longest_without(struct text text, const char *special)
{
    struct text best = {text.bytes, 0};
    for (size_t from = 0, at = 0; at <= text.len; at++) {
        unsigned char c = at < text.len ? (unsigned char)text.bytes[at] : 0;
        if (c >= 0x20 && strchr(special, c) == NULL)
            continue;
        if (at - from > best.len)
            best = (struct text){text.bytes + from, at - from};
        from = at + 1;
    }
    return best;
}

/* A dynamic column's text is JSON: what is written otherwise there is left out. */
static bool in_column(struct expr_needs *out, const struct expr *column, struct text folded, struct arena *arena)
{
    if (column->type == VALUE_DYNAMIC)
        folded = longest_without(folded, "\"\\");
    else if (column->type != VALUE_STRING)
        return false;
    struct expr_literal *literal = arena_alloc(arena, sizeof(*literal));
    if (literal == NULL || folded.len == 0)
        return false;
    *literal = (struct expr_literal){column->number, folded};
    *out = (struct expr_needs){literal, 1};
    return true;
}

/* An array that a variable goes through, of expr_any. */
struct scope {
    unsigned variable;
    const struct expr *array;
    const struct scope *outer;
};

static bool need(struct expr_needs *out, const struct expr *expr, bool is_true, const struct scope *scope,
                 struct arena *arena);

static bool is_named(const struct expr *expr, const char *name)
{
    return strcmp(expr->function->name, name) == 0;
}

static bool in_value(struct expr_needs *out, const struct expr *expr, struct text folded, const struct scope *scope,
                     struct arena *arena);

/* One of several values is the result: it stands in one of those that can hold it. */
static bool in_choice(struct expr_needs *out, const struct expr *expr, struct text folded, size_t from, size_t step,
                      const struct scope *scope, struct arena *arena)
{
    struct expr_needs all = {NULL, 0}, one;
    for (size_t i = from; i < expr->count; i++) {
        const struct expr *arg = expr->args[i];
        if ((i - from) % step != 0 && i + 1 < expr->count)
            continue;
        if (arg->kind == EXPR_CONSTANT) {
            struct text text = term_fold(value_text(arg->constant, arena), arena);
            bool is_in = text.bytes == NULL;
            for (size_t at = 0; !is_in && at + folded.len <= text.len; at++)
                is_in = memcmp(text.bytes + at, folded.bytes, folded.len) == 0;
            if (is_in)
                return false;
        } else if (!in_value(&one, arg, folded, scope, arena) || !put_union(&all, &one, arena)) {
            return false;
        }
    }
    if (all.count == 0)
        return false;
    *out = all;
    return true;
}

static bool is_list(const struct expr *expr)
{
    return expr->kind == EXPR_CALL && (is_named(expr, "split") || is_named(expr, "parse_path"));
}

/* Through a function whose result holds nothing but what its argument does. As text, an array or bag that it makes has
 * JSON's own signs too; an item of a list of texts has not. */
static bool in_kept(struct expr_needs *out, const struct expr *expr, struct text folded, const struct scope *scope,
                    struct arena *arena)
{
    const struct expr *arg = expr->args[expr->function->keeps];
    bool is_index = is_named(expr, "[]") || is_named(expr, ".");
    if (is_index && is_list(arg))
        arg = arg->args[arg->function->keeps];
    else if (expr->type == VALUE_DYNAMIC && !is_index)
        folded = longest_without(folded, "\"\\,:[]{}");
    return folded.len > 0 && in_value(out, arg, folded, scope, arena);
}

/* The literal stands in the value of expr: in which columns must it stand then? */
static bool in_value(struct expr_needs *out, const struct expr *expr, struct text folded, const struct scope *scope,
                     struct arena *arena)
{
    if (expr->kind == EXPR_COLUMN)
        return in_column(out, expr, folded, arena);
    if (expr->kind == EXPR_VARIABLE) {
        while (scope != NULL && scope->variable != expr->number)
            scope = scope->outer;
        if (scope == NULL)
            return false;
        const struct expr *array = is_list(scope->array) ? scope->array->args[0] : scope->array;
        return in_value(out, array, folded, scope->outer, arena);
    }
    if (expr->kind != EXPR_CALL)
        return false;
    if ((expr->function->flags & FUNCTION_KEEPS) != 0)
        return in_kept(out, expr, folded, scope, arena);
    if (is_named(expr, "iff") || is_named(expr, "iif"))
        return in_choice(out, expr, folded, 1, 1, scope, arena);
    if (is_named(expr, "case"))
        return in_choice(out, expr, folded, 1, 2, scope, arena);
    if (is_named(expr, "coalesce"))
        return in_choice(out, expr, folded, 0, 1, scope, arena);
    return false;
}

bool function_need_text(struct expr_needs *out, const struct function_need *context, const struct expr *expr,
                        struct text text)
{
    struct text folded = term_fold(text, context->arena);
    for (size_t at = 0; at < folded.len;)
        if (text_decode(folded, &at) == TEXT_REPLACEMENT)
            return false; /* stands for bytes that are no UTF-8 */
    return folded.len > 0 && in_value(out, expr, folded, context->scope, context->arena);
}

bool function_need_add(struct expr_needs *to, const struct function_need *context, const struct expr_needs *more)
{
    return put_union(to, more, context->arena);
}

bool function_need_is_better(const struct expr_needs *a, const struct expr_needs *b)
{
    return is_better(a, b);
}

/* All parts must be as said: the best of them. */
static bool of_all(struct expr_needs *out, const struct expr *expr, bool is_true, const struct scope *scope,
                   struct arena *arena)
{
    struct expr_needs result = {NULL, 0}, one;
    for (size_t i = 0; i < expr->count; i++)
        if (need(&one, expr->args[i], is_true, scope, arena) && (result.count == 0 || is_better(&one, &result)))
            result = one;
    if (result.count == 0)
        return false;
    *out = result;
    return true;
}

/* One part must be: what is needed for any. */
static bool of_any(struct expr_needs *out, const struct expr *expr, bool is_true, const struct scope *scope,
                   struct arena *arena)
{
    struct expr_needs *parts = arena_zeroed(arena, expr->count, sizeof(*parts));
    size_t count = 0, at = 0;
    for (size_t i = 0; i < expr->count; i++) {
        if (parts == NULL || !need(&parts[i], expr->args[i], is_true, scope, arena))
            return false;
        count += parts[i].count;
    }
    struct expr_literal *literals = count > MAX_LITERALS ? NULL : arena_zeroed(arena, count, sizeof(*literals));
    if (literals == NULL || count == 0)
        return false;
    for (size_t i = 0; i < expr->count; i++)
        for (size_t k = 0; k < parts[i].count; k++)
            literals[at++] = parts[i].literals[k];
    *out = (struct expr_needs){literals, count};
    return true;
}

static bool need(struct expr_needs *out, const struct expr *expr, bool is_true, const struct scope *scope,
                 struct arena *arena)
{
    if (expr->kind != EXPR_CALL)
        return false;
    if (is_named(expr, "and") || is_named(expr, "or"))
        return is_named(expr, "and") == is_true ? of_all(out, expr, is_true, scope, arena)
                                                : of_any(out, expr, is_true, scope, arena);
    if (is_named(expr, "not") && expr->args[0]->type == VALUE_BOOL)
        return need(out, expr->args[0], !is_true, scope, arena);
    if (is_named(expr, "any element") && expr->count == 2 && is_true) {
        struct scope inner = {*(const unsigned *)expr->prepared, expr->args[0], scope};
        return need(out, expr->args[1], true, &inner, arena);
    }
    struct function_need context = {arena, scope};
    if (is_true && expr->function->required != NULL)
        return expr->function->required(out, expr, arena);
    return expr->function->need != NULL && expr->function->need(out, expr, is_true, &context);
}

bool expr_required(struct expr_needs *out, const struct expr *expr, struct arena *arena)
{
    return need(out, expr, true, NULL, arena);
}
