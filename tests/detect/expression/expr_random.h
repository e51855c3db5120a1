/*
 * An expression out of any bytes, evaluated over a row of them. What must hold whatever they are: it ends, within its
 * limits; and what expr_required says must stand in the row does so when the expression is true.
 */
#ifndef TESTS_DETECT_RULE_EXPR_RANDOM_H
#define TESTS_DETECT_RULE_EXPR_RANDOM_H

#include "detect/expression/expr.h"
#include "detect/search/term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPR_RANDOM_COLUMNS 4 /* two of strings, a long, a dynamic */
#define EXPR_RANDOM_STACK 24

struct expr_random {
    struct expr_row row; /* first */
    const unsigned char *bytes;
    size_t size;
    struct arena *arena;
    struct value columns[EXPR_RANDOM_COLUMNS];
};

static inline struct value expr_random_column(const struct expr_row *row, unsigned column, struct arena *scratch)
{
    (void)scratch;
    return ((const struct expr_random *)(const void *)row)->columns[column];
}

static inline unsigned expr_random_byte(struct expr_random *r)
{
    if (r->size == 0)
        return 0;
    r->size--;
    return *r->bytes++;
}

/* Up to 15 bytes; often of few letters, so that things are found. */
static inline struct text expr_random_text(struct expr_random *r)
{
    static const char few[] = "abAB -\\.\"1/,{[:";
    unsigned head = expr_random_byte(r), len = head & 15;
    char *to = arena_alloc(r->arena, len + 1);
    for (unsigned i = 0; to != NULL && i < len; i++) {
        unsigned byte = expr_random_byte(r);
        to[i] = (head & 16) != 0 ? (char)byte : few[byte % (sizeof(few) - 1)];
    }
    return to == NULL ? (struct text){"", 0} : (struct text){to, len};
}

static inline struct value expr_random_dynamic(struct expr_random *r)
{
    static const char *const jsons[] = {
        "[\"a\",\"B-a\",1,null]", "{\"a\":\"b\\\"a\",\"b\":[true]}", "\"a b\"", "null", "5", "[]"};
    struct value value;
    if (value_from_json(&value, r->arena, text_from(jsons[expr_random_byte(r) % 6])) < 0)
        abort();
    return value;
}

static inline struct expr *expr_random_leaf(struct expr_random *r, unsigned kind)
{
    static const enum value_type types[] = {VALUE_STRING, VALUE_STRING, VALUE_LONG, VALUE_DYNAMIC};
    struct expr_place place = {1, 1};
    if (kind < 10)
        return expr_column(r->arena, kind % 4, types[kind % 4], text_from("c"), place);
    switch (kind) {
    case 10:
        return expr_constant(r->arena, value_long((int)expr_random_byte(r) - 3), place);
    case 11:
        return expr_constant(r->arena, value_bool((expr_random_byte(r) & 1) != 0), place);
    case 12:
        return expr_constant(r->arena, expr_random_dynamic(r), place);
    case 13:
        return expr_constant(r->arena, value_timespan((int64_t)expr_random_byte(r) << 33), place);
    case 14:
        return expr_constant(r->arena, value_datetime((int64_t)expr_random_byte(r) << 51), place);
    default:
        return expr_constant(r->arena, value_string(expr_random_text(r)), place);
    }
}

/* The last arguments on the stack become a call of some function; a refusal leaves them. */
static inline void expr_random_call(struct expr_random *r, struct expr **stack, size_t *depth, unsigned count)
{
    static const char *names[512];
    static size_t entries;
    struct expr_entry entry;
    struct expr_fault fault;
    struct expr *out;
    for (; entries == 0 || (entries < 512 && names[entries - 1] != NULL); entries++)
        names[entries] = expr_entry_at(&entry, entries) ? entry.name : NULL;
    const char *name = names[(expr_random_byte(r) * 256u + expr_random_byte(r)) % (entries - 1)];
    if (strcmp(name, "any element") == 0)
        return;
    int rc =
        expr_call(&out, r->arena, text_from(name), stack + *depth - count, count, (struct expr_place){1, 1}, &fault);
    if (rc < 0)
        return;
    *depth -= count;
    stack[(*depth)++] = out;
}

static inline bool expr_random_holds(const struct expr_random *r, const struct expr_needs *needs)
{
    for (size_t i = 0; i < needs->count; i++) {
        struct text text = value_text(r->columns[needs->literals[i].column], r->arena);
        const struct term *term;
        if (text.bytes == NULL || term_new(&term, r->arena, needs->literals[i].text, 0) < 0 || term_in(term, text))
            return true; /* no memory says nothing */
    }
    return false;
}

static inline void expr_random_check(struct expr_random *r, const struct expr *expr, struct arena *scratch)
{
    struct expr_needs needs;
    size_t before = arena_used(scratch);
    if (expr_type(expr) != VALUE_BOOL) {
        (void)expr_value(expr, &r->row, scratch); /* only that it ends */
        arena_reset(scratch);
        return;
    }
    enum truth truth = expr_truth(expr, &r->row, scratch);
    if (arena_used(scratch) != before)
        abort();
    if (truth == TRUTH_TRUE && expr_required(&needs, expr, r->arena) && !expr_random_holds(r, &needs)) {
        struct text text = expr_explain(expr, &r->row, r->arena);
        fprintf(stderr, "true without what it needs: %.*s\n", (int)text.len, text.bytes);
        for (size_t i = 0; i < needs.count; i++)
            fprintf(stderr, "needs column %u: %.*s\n", needs.literals[i].column, (int)needs.literals[i].text.len,
                    needs.literals[i].text.bytes);
        abort();
    }
}

/* Returns how many of the expressions made were of type bool. */
static inline unsigned expr_random_run(const unsigned char *bytes, size_t size)
{
    struct expr_random r = {
        .row = {.column = expr_random_column, .now = VALUE_DATETIME_1970}, .bytes = bytes, .size = size};
    struct expr *stack[EXPR_RANDOM_STACK];
    struct arena *scratch;
    unsigned bools = 0;
    size_t depth = 0;
    if (arena_new(&r.arena, (size_t)32 << 20) < 0 || arena_new(&scratch, (size_t)1 << 20) < 0)
        abort();
    r.columns[0] = value_string(expr_random_text(&r));
    r.columns[1] = value_string(expr_random_text(&r));
    r.columns[2] = value_long((int)expr_random_byte(&r) - 3);
    r.columns[3] = expr_random_dynamic(&r);
    while (r.size > 0) {
        unsigned byte = expr_random_byte(&r);
        if (byte >= 128 && depth > 0)
            expr_random_call(&r, stack, &depth, 1 + byte % (depth < 3 ? (unsigned)depth : 3));
        else if (depth < EXPR_RANDOM_STACK)
            stack[depth++] = expr_random_leaf(&r, byte % 20);
        if (depth > 0 && stack[depth - 1] == NULL)
            break;
        if (depth > 0) {
            expr_random_check(&r, stack[depth - 1], scratch);
            bools += expr_type(stack[depth - 1]) == VALUE_BOOL;
        }
    }
    arena_free(scratch);
    arena_free(r.arena);
    return bools;
}

#endif
