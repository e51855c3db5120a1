/* The table as a whole: entries by name, and what the functions share. */
#include "detect/rule/expr_node.h"
#include "detect/rule/function.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct function *const tables[] = {
    function_logic, function_compare, function_search, function_list,
    function_math,  function_cast,    function_sigma,  function_powershell, function_kql,
};

const struct function *function_at(size_t i)
{
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
        for (const struct function *f = tables[t]; f->name != NULL; f++)
            if (i-- == 0)
                return f;
    return NULL;
}

const struct function *function_find(struct text name)
{
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
        for (const struct function *f = tables[t]; f->name != NULL; f++)
            if (name.len > 0 && f->name[0] == name.bytes[0] && text_equal(name, text_from(f->name)))
                return f;
    return NULL;
}

/* Longest name that "did you mean" looks at. */
#define NEAR_MAX 40

static size_t least(size_t a, size_t b, size_t c)
{
    size_t d = a < b ? a : b;
    return d < c ? d : c;
}

/* Letters to insert, delete or replace to come from a to b; case counts half. In half steps. */
static size_t distance(struct text a, struct text b)
{
    size_t row[NEAR_MAX + 1];
    for (size_t j = 0; j <= b.len; j++)
        row[j] = 2 * j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t corner = row[0];
        row[0] = 2 * i;
        for (size_t j = 1; j <= b.len; j++) {
            char x = a.bytes[i - 1], y = b.bytes[j - 1];
            size_t change = x == y ? 0 : (x | 0x20) == (y | 0x20) ? 1 : 2;
            size_t best = least(row[j] + 2, row[j - 1] + 2, corner + change);
            corner = row[j];
            row[j] = best;
        }
    }
    return row[b.len];
}

const char *function_nearest(struct text name)
{
    const char *best = NULL;
    size_t best_distance = name.len < 4 ? 3 : 5; /* above what counts as near */
    if (name.len > NEAR_MAX)
        return NULL;
    for (size_t i = 0;; i++) {
        const struct function *f = function_at(i);
        if (f == NULL)
            return best;
        if ((f->flags & (FUNCTION_OURS | FUNCTION_OLD)) != 0 || strlen(f->name) > NEAR_MAX)
            continue;
        size_t d = text_equal_nocase(name, text_from(f->name)) ? 0 : distance(name, text_from(f->name));
        if (d < best_distance) {
            best = f->name;
            best_distance = d;
        }
    }
}

int function_refuse(struct function_bind *bind, const char *code, struct expr_place place, const char *format, ...)
{
    va_list values;
    bind->fault->place = place;
    (void)snprintf(bind->fault->code, sizeof(bind->fault->code), "%s", code);
    va_start(values, format);
    (void)vsnprintf(bind->fault->message, sizeof(bind->fault->message), format, values); /* cut where longer */
    va_end(values);
    return -EINVAL;
}

enum truth function_truth(struct value value)
{
    if (value.type == VALUE_ERROR)
        return TRUTH_ERROR;
    if (value.is_null)
        return TRUTH_NULL;
    return value.boolean ? TRUTH_TRUE : TRUTH_FALSE;
}

struct value function_constant(const struct function_bind *bind, size_t i)
{
    return bind->args[i]->constant;
}

struct value function_text(struct text text)
{
    return text.bytes == NULL ? value_error() : value_string(text);
}

bool expr_entry_at(struct expr_entry *out, size_t i)
{
    const struct function *f;
    for (size_t at = 0; (f = function_at(at)) != NULL; at++) {
        if ((f->flags & FUNCTION_OLD) != 0)
            continue;
        if (i-- > 0)
            continue;
        *out = (struct expr_entry){
            .name = f->name,
            .arguments = f->arguments,
            .summary = f->summary,
            .is_operator = (f->flags & FUNCTION_OPERATOR) != 0,
            .is_kql = (f->flags & FUNCTION_OURS) == 0,
        };
        return true;
    }
    return false;
}
