/*
 * Expressions for tests, written as text: (name argument ...), constants, columns.
 *   "text" with \" \\ \n \t \xHH   5  1.5  true  false   null:long   json:"[1,2]"   datetime:"2020-01-01"
 * timespan:"1.02:03:04" s s2 (string)  i j (long)  n (int)  r (real)  b c (bool)  d e (dynamic)  t (datetime)  w
 * (timespan)
 */
#ifndef TESTS_DETECT_RULE_EXPR_TEXT_H
#define TESTS_DETECT_RULE_EXPR_TEXT_H

#include "detect/expression/expr.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum value_type type;
} expr_text_columns[] = {
    {"s", VALUE_STRING},  {"s2", VALUE_STRING}, {"i", VALUE_LONG},     {"j", VALUE_LONG},
    {"n", VALUE_INT},     {"r", VALUE_REAL},    {"b", VALUE_BOOL},     {"c", VALUE_BOOL},
    {"d", VALUE_DYNAMIC}, {"e", VALUE_DYNAMIC}, {"t", VALUE_DATETIME}, {"w", VALUE_TIMESPAN},
};

#define EXPR_TEXT_COLUMNS (sizeof(expr_text_columns) / sizeof(expr_text_columns[0]))

/* A row of values by the columns' numbers; what is not set is null or "". */
struct expr_text_row {
    struct expr_row row;
    struct value values[EXPR_TEXT_COLUMNS];
};

static inline struct value expr_text_column(const struct expr_row *row, unsigned column, struct arena *scratch)
{
    (void)scratch;
    return ((const struct expr_text_row *)(const void *)row)->values[column];
}

struct expr_text {
    const char *at;
    struct arena *arena;
    struct expr_fault fault;
    int rc;
};

static inline struct text expr_text_word(struct expr_text *p)
{
    const char *from = p->at;
    while (*p->at != '\0' && *p->at != '(' && *p->at != ')' && *p->at != '"' && !isspace((unsigned char)*p->at) &&
           (p->at == from || p->at[-1] != ':'))
        p->at++;
    return (struct text){from, (size_t)(p->at - from)};
}

/* "..." */
static inline struct text expr_text_string(struct expr_text *p)
{
    char *to = arena_alloc(p->arena, strlen(p->at));
    size_t len = 0;
    for (p->at++; *p->at != '"'; p->at++) {
        assert(*p->at != '\0');
        if (*p->at == '\\') {
            p->at++;
            if (*p->at == 'x') {
                char hex[3] = {p->at[1], p->at[2], '\0'};
                to[len++] = (char)strtol(hex, NULL, 16);
                p->at += 2;
            } else {
                to[len++] = *p->at == 'n' ? '\n' : *p->at == 't' ? '\t' : *p->at;
            }
        } else {
            to[len++] = *p->at;
        }
    }
    p->at++;
    return (struct text){to, len};
}

static inline struct expr *expr_text_constant(struct expr_text *p, struct text kind)
{
    struct value value;
    if (text_equal(kind, text_from("null:"))) {
        enum value_type type;
        bool known = value_type_from_name(&type, expr_text_word(p));
        assert(known);
        (void)known;
        return expr_constant(p->arena, value_null(type), (struct expr_place){1, 1});
    }
    struct text text = expr_text_string(p);
    int64_t ticks = 0;
    if (text_equal(kind, text_from("json:"))) {
        int rc = value_from_json(&value, p->arena, text);
        assert(rc == 0);
        (void)rc;
    } else if (text_equal(kind, text_from("datetime:"))) {
        value = value_read_datetime(&ticks, text) ? value_datetime(ticks) : value_null(VALUE_DATETIME);
    } else {
        assert(text_equal(kind, text_from("timespan:")));
        value = value_read_timespan(&ticks, text) ? value_timespan(ticks) : value_null(VALUE_TIMESPAN);
    }
    return expr_constant(p->arena, value, (struct expr_place){1, 1});
}

static inline struct expr *expr_text_parse(struct expr_text *p);

static inline struct expr *expr_text_call(struct expr_text *p)
{
    struct expr *args[600], *out = NULL;
    size_t count = 0;
    p->at++;
    struct text name = *p->at == '"' ? expr_text_string(p) : expr_text_word(p);
    for (;;) {
        while (isspace((unsigned char)*p->at))
            p->at++;
        if (*p->at == ')')
            break;
        assert(*p->at != '\0' && count < 600);
        args[count] = expr_text_parse(p);
        if (args[count] == NULL)
            return NULL;
        count++;
    }
    p->at++;
    p->rc = expr_call(&out, p->arena, name, args, count, (struct expr_place){1, 1}, &p->fault);
    return p->rc < 0 ? NULL : out;
}

static inline struct expr *expr_text_parse(struct expr_text *p)
{
    struct expr_place place = {1, 1};
    while (isspace((unsigned char)*p->at))
        p->at++;
    if (*p->at == '(')
        return expr_text_call(p);
    if (*p->at == '"')
        return expr_constant(p->arena, value_string(expr_text_string(p)), place);
    struct text word = expr_text_word(p);
    assert(word.len > 0);
    if (word.bytes[word.len - 1] == ':')
        return expr_text_constant(p, word);
    int64_t number;
    double real;
    if (value_read_long(&number, word))
        return expr_constant(p->arena, value_long(number), place);
    if (value_read_real(&real, word))
        return expr_constant(p->arena, value_real(real), place);
    if (text_equal(word, text_from("true")) || text_equal(word, text_from("false")))
        return expr_constant(p->arena, value_bool(word.len == 4), place);
    for (unsigned k = 0; k < EXPR_TEXT_COLUMNS; k++)
        if (text_equal(word, text_from(expr_text_columns[k].name)))
            return expr_column(p->arena, k, expr_text_columns[k].type, word, place);
    fprintf(stderr, "expr_text: no column %.*s\n", (int)word.len, word.bytes);
    abort();
}

/* Sets columns from a JSON bag of name: value; what is not named is null, or "". */
static inline void expr_text_fill(struct expr_text_row *row, struct arena *arena, const char *json)
{
    struct value bag;
    row->row = (struct expr_row){.column = expr_text_column};
    int rc = value_from_json(&bag, arena, text_from(json == NULL ? "{}" : json));
    assert(rc == 0);
    (void)rc;
    for (size_t k = 0; k < EXPR_TEXT_COLUMNS; k++) {
        enum value_type type = expr_text_columns[k].type;
        const struct dynamic *member = value_member(bag.dynamic, text_from(expr_text_columns[k].name));
        int64_t ticks = 0;
        row->values[k] = value_null(type);
        if (member == NULL || member->kind == DYNAMIC_NULL)
            continue;
        if (type == VALUE_DYNAMIC)
            row->values[k] = value_dynamic(member);
        else if (type == VALUE_STRING)
            row->values[k] = value_string(member->text);
        else if (type == VALUE_BOOL)
            row->values[k] = value_bool(member->boolean);
        else if (type == VALUE_REAL)
            row->values[k] = value_real(member->kind == DYNAMIC_REAL ? member->real : (double)member->number);
        else if (type == VALUE_DATETIME)
            row->values[k] = value_read_datetime(&ticks, member->text) ? value_datetime(ticks) : value_null(type);
        else if (type == VALUE_TIMESPAN)
            row->values[k] = value_read_timespan(&ticks, member->text) ? value_timespan(ticks) : value_null(type);
        else
            row->values[k] = type == VALUE_INT ? value_int(member->number) : value_long(member->number);
    }
}

#endif
