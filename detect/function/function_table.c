/* The table as a whole: entries by name, and what the functions share. */
#include "detect/base/suggest.h"
#include "detect/expression/expr_node.h"
#include "detect/expression/function.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct function *const tables[] = {
    /* KQL's own */
    function_logic,
    function_compare,
    function_search,
    function_list,
    function_math,
    function_cast,
    function_string,
    function_characters,
    function_regular,
    function_array,
    function_set,
    function_bag,
    function_parse,
    function_encode,
    function_time,
    function_format,
    /* ours, that no query can write */
    function_sigma,
    function_powershell,
    function_kql,
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

/* Most names that "did you mean" looks at. */
#define MAX_NAMES 512

const char *function_nearest(struct text name)
{
    const char *names[MAX_NAMES];
    char word[SUGGEST_MAX_WORD + 1];
    size_t count = 0;
    const struct function *f;
    for (size_t i = 0; (f = function_at(i)) != NULL && count < MAX_NAMES; i++)
        if ((f->flags & (FUNCTION_OURS | FUNCTION_OLD)) == 0)
            names[count++] = f->name;
    (void)text_copy(word, sizeof(word), name); /* a longer one is cut, and is like none */
    return name.len >= sizeof(word) ? NULL : suggest_nearest(word, names, count);
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
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
        for (const struct function *f = tables[t]; f->name != NULL; f++) {
            if ((f->flags & FUNCTION_OLD) != 0 || i-- > 0)
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
