/* kql:parse: what the operator parse makes of a text by a simple pattern. No query can call it by name. */
#include "detect/expression/function.h"

#include <errno.h>
#include <string.h>

/* An element of the pattern: a text to find, or a column (is_column). */
struct part {
    struct text text;
    bool is_column;
};

struct pattern {
    int64_t column; /* whose text is the answer; -1: does the pattern match at all ("1" or "") */
    bool begins_with_star, ends_with_star;
    struct part *parts;
    size_t count;
};

/* Where text first stands in `in` at or after `from`; SIZE_MAX: nowhere. */
static size_t find(struct text in, size_t from, struct text text)
{
    if (text.len == 0)
        return from;
    for (size_t at = from; at + text.len <= in.len; at++) {
        const char *hit = memchr(in.bytes + at, text.bytes[0], in.len - text.len - at + 1);
        if (hit == NULL)
            return SIZE_MAX;
        at = (size_t)(hit - in.bytes);
        if (memcmp(hit, text.bytes, text.len) == 0)
            return at;
    }
    return SIZE_MAX;
}

/* Where the part i, a text, stands at or after `from`. The last one of a pattern without * after it ends the text; one
 * with nothing before it begins it. */
static size_t place_of(const struct pattern *pattern, size_t i, struct text in, size_t from)
{
    struct text text = pattern->parts[i].text;
    bool is_last = i + 1 == pattern->count && !pattern->ends_with_star;
    bool is_fixed = i == 0 && !pattern->begins_with_star;
    if (is_last) {
        if (in.len < text.len || in.len - text.len < from ||
            memcmp(in.bytes + in.len - text.len, text.bytes, text.len) != 0)
            return SIZE_MAX;
        return is_fixed && in.len != text.len ? SIZE_MAX : in.len - text.len;
    }
    size_t at = find(in, from, text);
    return is_fixed && at != 0 ? SIZE_MAX : at;
}

static struct value parse(const struct function_call *call)
{
    const struct pattern *pattern = call->prepared;
    struct text in = call->args[0].text, answer = {"", 0};
    size_t from = 0;
    int64_t column = 0;
    bool is_open = false; /* a column began at `from` */
    for (size_t i = 0; i < pattern->count; i++) {
        if (pattern->parts[i].is_column) {
            is_open = true;
            continue;
        }
        size_t at = place_of(pattern, i, in, from);
        if (at == SIZE_MAX)
            return value_string(text_from(""));
        if (is_open && column++ == pattern->column)
            answer = (struct text){in.bytes + from, at - from};
        is_open = false;
        from = at + pattern->parts[i].text.len;
    }
    if (is_open && column == pattern->column && !pattern->ends_with_star)
        answer = (struct text){in.bytes + from, in.len - from};
    return value_string(pattern->column < 0 ? text_from("1") : answer);
}

static int prepare(struct function_bind *bind)
{
    struct pattern *pattern = arena_zeroed(bind->arena, 1, sizeof *pattern);
    struct part *parts = arena_zeroed(bind->arena, bind->count, sizeof *parts);
    if (pattern == NULL || parts == NULL)
        return -ENOMEM;
    pattern->column = function_constant(bind, 1).number;
    pattern->begins_with_star = function_constant(bind, 2).boolean;
    pattern->ends_with_star = function_constant(bind, 3).boolean;
    pattern->parts = parts;
    for (size_t i = 4; i < bind->count; i++) {
        struct value value = function_constant(bind, i);
        parts[pattern->count].is_column = value.type != VALUE_STRING;
        if (value.type == VALUE_STRING)
            parts[pattern->count].text = value.text;
        pattern->count++;
    }
    bind->prepared = pattern;
    return 0;
}

const struct function function_kql[] = {
    {.name = "kql:parse",
     .arguments = "(text: string, column: long, begins: bool, ends: bool, part, ...)",
     .summary = "the text of a column of the operator parse",
     .classes = "sl!b!b!a!*",
     .min = 5,
     .max = 300,
     .type = VALUE_STRING,
     .flags = FUNCTION_OURS | FUNCTION_NULLS | FUNCTION_KEEPS,
     .keeps = 0,
     .prepare = prepare,
     .call = parse},
    {.name = NULL}};
