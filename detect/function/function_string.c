/* Strings taken apart and put together. */
#include "detect/base/builder.h"
#include "detect/expression/expr_node.h"

#include <string.h>

static struct text bytes_of(struct value value)
{
    return value.text.bytes == NULL ? (struct text){"", 0} : value.text;
}

size_t function_find_text(struct text text, struct text needle, size_t from)
{
    while (from < text.len && needle.len <= text.len - from) {
        const char *hit = memchr(text.bytes + from, needle.bytes[0], text.len - from - needle.len + 1);
        if (hit == NULL)
            break;
        if (memcmp(hit, needle.bytes, needle.len) == 0)
            return (size_t)(hit - text.bytes);
        from = (size_t)(hit - text.bytes) + 1;
    }
    return text.len;
}

static struct value call_strcat(const struct function_call *call)
{
    struct builder to = builder_in(call->run->scratch);
    for (size_t i = 0; i < call->count; i++)
        builder_text(&to, call->args[i].text);
    return function_text(builder_end(&to));
}

static struct value call_strcat_delim(const struct function_call *call)
{
    struct builder to = builder_in(call->run->scratch);
    for (size_t i = 1; i < call->count; i++) {
        if (i > 1)
            builder_text(&to, call->args[0].text);
        builder_text(&to, call->args[i].text);
    }
    return function_text(builder_end(&to));
}

static struct value call_strcat_array(const struct function_call *call)
{
    const struct dynamic *array = call->args[0].dynamic;
    struct builder to = builder_in(call->run->scratch);
    if (array->kind != DYNAMIC_ARRAY)
        return value_null(VALUE_STRING);
    for (size_t i = 0; i < array->count; i++) {
        if (i > 0)
            builder_text(&to, call->args[1].text);
        builder_text(&to, value_text(value_dynamic(&array->items[i]), call->run->scratch));
    }
    return function_text(builder_end(&to));
}

static struct value call_strlen(const struct function_call *call)
{
    return value_long((int64_t)text_code_points(call->args[0].text));
}

static struct value call_string_size(const struct function_call *call)
{
    return value_long((int64_t)call->args[0].text.len);
}

/* Byte index of the character with that number, or text.len. */
static size_t byte_of(struct text text, int64_t character)
{
    size_t at = 0;
    for (; character > 0 && at < text.len; character--)
        (void)text_decode(text, &at); /* only the step counts */
    return at;
}

/* From the end where start is negative; nothing when that is before the beginning. */
static struct value call_substring(const struct function_call *call)
{
    struct text text = bytes_of(call->args[0]);
    int64_t start = call->args[1].number, length = call->count > 2 ? call->args[2].number : INT64_MAX;
    if (start < 0) {
        start += (int64_t)text_code_points(text);
        if (start < 0)
            return value_null(VALUE_STRING);
    }
    size_t from = byte_of(text, start);
    struct text rest = {text.bytes + from, text.len - from};
    return value_string((struct text){rest.bytes, length <= 0 ? 0 : byte_of(rest, length)});
}

/* Number of the character where match stands, within length characters from start. */
static int64_t index_of(struct text text, struct text match, int64_t start, int64_t length, int64_t occurrence)
{
    size_t from = byte_of(text, start);
    struct text rest = {text.bytes + from, text.len - from};
    rest.len = length < 0 ? rest.len : byte_of(rest, length);
    for (size_t at = 0;;) {
        at = function_find_text(rest, match, at);
        if (at == rest.len)
            return -1;
        if (--occurrence == 0)
            return start + (int64_t)text_code_points((struct text){rest.bytes, at});
        at++;
    }
}

/* Null for what can't be looked for: an empty text, a length below -1, an occurrence below 1. */
static struct value call_indexof(const struct function_call *call)
{
    struct text text = bytes_of(call->args[0]), match = bytes_of(call->args[1]);
    int64_t start = call->count > 2 ? call->args[2].number : 0, length = call->count > 3 ? call->args[3].number : -1;
    int64_t occurrence = call->count > 4 ? call->args[4].number : 1;
    if (match.len == 0 || length < -1 || occurrence < 1)
        return value_null(VALUE_LONG);
    if (start < 0)
        start += (int64_t)text_code_points(text);
    if (start < 0)
        start = 0;
    return value_long(index_of(text, match, start, length, occurrence));
}

struct value function_array_of(const struct dynamic *items, size_t count, struct arena *scratch)
{
    struct dynamic *array = arena_alloc(scratch, sizeof(*array));
    if (array == NULL || items == NULL)
        return value_error();
    *array = (struct dynamic){.kind = DYNAMIC_ARRAY, .count = count, .items = items};
    return value_dynamic(array);
}

/* How many parts delimiter makes of text. */
static size_t part_count(struct text text, struct text delimiter)
{
    size_t count = 1;
    for (size_t at = 0; delimiter.len > 0; count++) {
        at = function_find_text(text, delimiter, at);
        if (at == text.len)
            break;
        at += delimiter.len;
    }
    return count;
}

static struct value call_split(const struct function_call *call)
{
    struct text text = bytes_of(call->args[0]), delimiter = bytes_of(call->args[1]);
    size_t count = part_count(text, delimiter);
    struct dynamic *items = arena_zeroed(call->run->scratch, count, sizeof(*items));
    if (items == NULL)
        return value_error();
    for (size_t i = 0, at = 0; i < count; i++) {
        size_t end = i + 1 == count ? text.len : function_find_text(text, delimiter, at);
        items[i] = (struct dynamic){.kind = DYNAMIC_STRING, .text = {text.bytes + at, end - at}};
        at = end + delimiter.len;
    }
    if (call->count == 2)
        return function_array_of(items, count, call->run->scratch);
    int64_t wanted = call->args[2].number;
    if (wanted < 0 || (uint64_t)wanted >= count)
        return value_null(VALUE_DYNAMIC);
    return function_array_of(&items[wanted], 1, call->run->scratch);
}

static bool replace(struct builder *to, struct text text, struct text lookup, struct text by)
{
    for (size_t at = 0; at < text.len && !to->is_failed;) {
        size_t hit = lookup.len == 0 ? text.len : function_find_text(text, lookup, at);
        builder_text(to, (struct text){text.bytes + at, hit - at});
        if (hit == text.len)
            break;
        builder_text(to, by);
        at = hit + lookup.len;
    }
    return !to->is_failed;
}

static struct value call_replace_string(const struct function_call *call)
{
    struct builder to = builder_in(call->run->scratch);
    (void)replace(&to, bytes_of(call->args[0]), call->args[1].text, call->args[2].text); /* to knows */
    return function_text(builder_end(&to));
}

/* The replacement for lookup number i: one for all, or one for each. */
static struct text replacement(const struct value *by, size_t i, struct arena *scratch)
{
    if (by->type == VALUE_STRING)
        return bytes_of(*by);
    if (by->dynamic->kind != DYNAMIC_ARRAY)
        return value_text(*by, scratch);
    const struct dynamic *item = value_item(by->dynamic, (int64_t)i);
    return item == NULL ? (struct text){"", 0} : value_text(value_dynamic(item), scratch);
}

static int prepare_replace_strings(struct function_bind *bind)
{
    enum value_type type = bind->args[2]->type;
    if (type == VALUE_STRING || type == VALUE_DYNAMIC)
        return 0;
    return function_refuse(bind, "K211", bind->args[2]->place,
                           "replace_strings() wants a string or dynamic as argument 3, not a value of type %s",
                           value_type_name(type));
}

static struct value call_replace_strings(const struct function_call *call)
{
    struct text text = bytes_of(call->args[0]);
    struct arena *scratch = call->run->scratch;
    const struct dynamic *lookups = call->args[1].dynamic;
    size_t count = lookups->kind == DYNAMIC_ARRAY ? lookups->count : 1;
    for (size_t i = 0; i < count; i++) {
        struct builder to = builder_in(scratch);
        const struct dynamic *lookup = lookups->kind == DYNAMIC_ARRAY ? &lookups->items[i] : lookups;
        (void)replace(&to, text, value_text(value_dynamic(lookup), scratch),
                      replacement(&call->args[2], i, scratch)); /* to knows */
        text = builder_end(&to);
        if (text.bytes == NULL)
            return value_error();
    }
    return value_string(text);
}

/* Most repetitions that strrep makes (kusto/query/strrep-function). */
#define MAX_REPEAT 1024

static struct value call_strrep(const struct function_call *call)
{
    struct builder to = builder_in(call->run->scratch);
    int64_t count = call->args[1].number > MAX_REPEAT ? MAX_REPEAT : call->args[1].number;
    for (int64_t i = 0; i < count && !to.is_failed; i++) {
        if (i > 0 && call->count > 2)
            builder_text(&to, call->args[2].text);
        builder_text(&to, call->args[0].text);
    }
    return function_text(builder_end(&to));
}

static struct value call_strcmp(const struct function_call *call)
{
    struct text a = bytes_of(call->args[0]), b = bytes_of(call->args[1]);
    int order = memcmp(a.bytes, b.bytes, a.len < b.len ? a.len : b.len);
    if (order == 0)
        order = (a.len > b.len) - (a.len < b.len);
    return value_long((order > 0) - (order < 0));
}

#define TEXT(name, arguments, summary, classes, min, max, flags, call)                                                 \
    {                                                                                                                  \
        name, arguments, summary, classes, min, max, VALUE_STRING, flags, 0, NULL, call, NULL, NULL                    \
    }
#define NUMBER(name, arguments, summary, classes, min, max, call)                                                      \
    {                                                                                                                  \
        name, arguments, summary, classes, min, max, VALUE_LONG, 0, 0, NULL, call, NULL, NULL                          \
    }

const struct function function_string[] = {
    TEXT("strcat", "(value, ...)", "the values' texts, joined", "t*", 1, 64, 0, call_strcat),
    TEXT("strcat_delim", "(delimiter, value, ...)", "the values' texts, joined with a delimiter", "t*", 3, 65, 0,
         call_strcat_delim),
    TEXT("strcat_array", "(array: dynamic, delimiter)", "the items' texts, joined with a delimiter", "jt", 2, 2, 0,
         call_strcat_array),
    TEXT("array_strcat", "(array: dynamic, delimiter)", "strcat_array", "jt", 2, 2, FUNCTION_OLD, call_strcat_array),
    NUMBER("strlen", "(text: string or dynamic)", "number of characters", "S", 1, 1, call_strlen),
    NUMBER("string_size", "(text: string or dynamic)", "number of bytes of UTF-8", "S", 1, 1, call_string_size),
    TEXT("substring", "(text, start: long [, length: long])", "part of a text; a negative start counts from the end",
         "tll", 2, 3, FUNCTION_KEEPS, call_substring),
    NUMBER("indexof", "(text, match [, start: long [, length: long [, occurrence: long]]])",
           "where a text stands in another, from 0; -1: nowhere", "ttlll!", 2, 5, call_indexof),
    {"split", "(text, delimiter: string [, index: long])",
     "the parts between delimiters; with an index an array of one", "tsl", 2, 3, VALUE_DYNAMIC, FUNCTION_KEEPS, 0, NULL,
     call_split, NULL, NULL},
    TEXT("replace_string", "(text: string, lookup: string, by: string)", "each occurrence replaced", "sss", 3, 3, 0,
         call_replace_string),
    {"replace_strings", "(text: string, lookups: dynamic, by: dynamic or string)",
     "each occurrence of each lookup replaced, one lookup after the other", "sja", 3, 3, VALUE_STRING, 0, 0,
     prepare_replace_strings, call_replace_strings, NULL, NULL},
    TEXT("strrep", "(text, times: long [, delimiter])", "repeated, 1024 times at most", "tlt", 2, 3, 0, call_strrep),
    NUMBER("strcmp", "(a, b)", "-1, 0 or 1: their order, byte by byte", "tt", 2, 2, call_strcmp),
    {0},
};
