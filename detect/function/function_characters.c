/* Functions that go through a string character by character. */
#include "detect/base/builder.h"
#include "detect/base/unicode.h"
#include "detect/expression/expr_node.h"

#include <string.h>

static uint32_t lower(uint32_t c)
{
    return c >= 0x80 ? unicode_lower(c) : c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static uint32_t upper(uint32_t c)
{
    return c >= 0x80 ? unicode_upper(c) : c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c;
}

/* The text with each character mapped; bytes that are no UTF-8 stay. */
static struct value mapped(const struct function_call *call, uint32_t (*map)(uint32_t c))
{
    struct text text = call->args[0].text;
    struct builder to = builder_in(call->run->scratch);
    for (size_t at = 0; at < text.len && !to.is_failed;) {
        size_t from = at;
        uint32_t c = text_decode(text, &at);
        if (c == TEXT_REPLACEMENT)
            builder_text(&to, (struct text){text.bytes + from, at - from});
        else
            builder_point(&to, map(c));
    }
    return function_text(builder_end(&to));
}

static struct value call_tolower(const struct function_call *call)
{
    return mapped(call, lower);
}

static struct value call_toupper(const struct function_call *call)
{
    return mapped(call, upper);
}

static struct value call_reverse(const struct function_call *call)
{
    struct text text = call->args[0].text;
    char *bytes = arena_alloc(call->run->scratch, text.len + 1);
    if (bytes == NULL)
        return value_error();
    for (size_t at = 0; at < text.len;) {
        size_t from = at;
        (void)text_decode(text, &at); /* only the step counts */
        memcpy(bytes + text.len - at, text.bytes + from, at - from);
    }
    return value_string((struct text){bytes, text.len});
}

static struct value call_isascii(const struct function_call *call)
{
    struct text text = call->args[0].text;
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.bytes[i] >= 0x80)
            return value_bool(false);
    return value_bool(true);
}

/* U+FFFD itself is three bytes of UTF-8; what is not UTF-8 decodes to it too. */
static struct value call_isutf8(const struct function_call *call)
{
    struct text text = call->args[0].text;
    for (size_t at = 0; at < text.len;) {
        size_t from = at;
        if (text_decode(text, &at) == TEXT_REPLACEMENT &&
            (at - from != 3 || memcmp(text.bytes + from, "\xEF\xBF\xBD", 3) != 0))
            return value_bool(false);
    }
    return value_bool(true);
}

/* Number of the first character c of text, or -1. */
static int64_t place_of(struct text text, uint32_t c)
{
    int64_t number = 0;
    for (size_t at = 0; at < text.len; number++)
        if (text_decode(text, &at) == c)
            return number;
    return -1;
}

/* Character number wanted of text, or its last one when it has fewer. text is not empty. */
static uint32_t character(struct text text, int64_t wanted)
{
    uint32_t c = 0;
    for (size_t at = 0; at < text.len && wanted >= 0; wanted--)
        c = text_decode(text, &at);
    return c;
}

/* The list of characters to replace comes from the rule or is short: it is gone through for each character. */
static struct value call_translate(const struct function_call *call)
{
    struct text from = call->args[0].text, by = call->args[1].text, text = call->args[2].text;
    struct builder to = builder_in(call->run->scratch);
    if (from.len > 0 && text.len > EXPR_SCRATCH_BYTES * 16 / from.len)
        return value_error(); /* too much work for one event */
    for (size_t at = 0; at < text.len && !to.is_failed;) {
        size_t begin = at;
        int64_t place = place_of(from, text_decode(text, &at));
        if (place < 0)
            builder_text(&to, (struct text){text.bytes + begin, at - begin});
        else if (by.len > 0)
            builder_point(&to, character(by, place));
    }
    return function_text(builder_end(&to));
}

/* Overlapping occurrences count: "aa" stands 3 times in "aaaa". */
static size_t count_overlapping(struct text text, struct text search)
{
    size_t count = 0;
    for (size_t at = 0; search.len > 0; at++) {
        at = function_find_text(text, search, at);
        if (at == text.len)
            break;
        count++;
    }
    return count;
}

int64_t function_count_text(struct text text, struct text search)
{
    return (int64_t)count_overlapping(text, search);
}

static struct value call_tohex(const struct function_call *call)
{
    static const char hex[] = "0123456789abcdef";
    char digits[16];
    uint64_t number = (uint64_t)call->args[0].number;
    size_t count = 0;
    int64_t least = call->count > 1 ? call->args[1].number : 0;
    struct builder to = builder_in(call->run->scratch);
    do {
        digits[count++] = hex[number & 15];
        number >>= 4;
    } while (number > 0);
    for (int64_t i = (int64_t)count; i < least && !to.is_failed; i++)
        builder_byte(&to, '0');
    while (count > 0)
        builder_byte(&to, digits[--count]);
    return function_text(builder_end(&to));
}

static struct value call_codepoints(const struct function_call *call)
{
    struct text text = call->args[0].text;
    size_t count = text_code_points(text);
    struct dynamic *items = arena_zeroed(call->run->scratch, count, sizeof(*items));
    if (items == NULL)
        return value_error();
    for (size_t i = 0, at = 0; i < count; i++)
        items[i] = (struct dynamic){.kind = DYNAMIC_LONG, .number = text_decode(text, &at)};
    return function_array_of(items, count, call->run->scratch);
}

static void put_codepoint(struct builder *to, struct value value)
{
    bool is_number = !value.is_null && (value.type == VALUE_INT || value.type == VALUE_LONG);
    if (is_number && value.number >= 0 && value.number <= 0x10FFFF)
        builder_point(to, (uint32_t)value.number);
}

static struct value call_make_string(const struct function_call *call)
{
    struct builder to = builder_in(call->run->scratch);
    for (size_t i = 0; i < call->count; i++) {
        struct value value = call->args[i];
        if (value.type != VALUE_DYNAMIC || value.is_null) {
            put_codepoint(&to, value);
            continue;
        }
        const struct dynamic *list = value.dynamic;
        for (size_t k = 0; list->kind == DYNAMIC_ARRAY && k < list->count; k++)
            put_codepoint(&to, function_from_dynamic(&list->items[k]));
    }
    return function_text(builder_end(&to));
}

#define MAKE_STRING(name, flags)                                                                                       \
    {                                                                                                                  \
        name, "(code point: long or array, ...)", "the characters with these numbers", "a*", 1, 64, VALUE_STRING,      \
            flags, 0, NULL, call_make_string, NULL, NULL                                                               \
    }
#define CODEPOINTS(name, flags)                                                                                        \
    {                                                                                                                  \
        name, "(text)", "the characters' numbers, as an array", "t", 1, 1, VALUE_DYNAMIC, flags, 0, NULL,              \
            call_codepoints, NULL, NULL                                                                                \
    }

const struct function function_characters[] = {
    {"tolower", "(text)", "in lower case, one character for one", "t", 1, 1, VALUE_STRING, FUNCTION_KEEPS, 0, NULL,
     call_tolower, NULL, NULL},
    {"toupper", "(text)", "in upper case, one character for one", "t", 1, 1, VALUE_STRING, FUNCTION_KEEPS, 0, NULL,
     call_toupper, NULL, NULL},
    {"reverse", "(text)", "its characters from the end", "t", 1, 1, VALUE_STRING, 0, 0, NULL, call_reverse, NULL, NULL},
    {"translate", "(characters: string, by: string, text: string)",
     "each of these characters replaced by the one in its place, or the last one", "sss", 3, 3, VALUE_STRING, 0, 0,
     NULL, call_translate, NULL, NULL},
    {"isascii", "(text)", "is each character ASCII?", "t", 1, 1, VALUE_BOOL, 0, 0, NULL, call_isascii, NULL, NULL},
    {"isutf8", "(text)", "is it valid UTF-8?", "t", 1, 1, VALUE_BOOL, 0, 0, NULL, call_isutf8, NULL, NULL},
    {"tohex", "(number: long [, least digits: long])", "in hexadecimal, lower case", "ll", 1, 2, VALUE_STRING, 0, 0,
     NULL, call_tohex, NULL, NULL},
    CODEPOINTS("unicode_codepoints_from_string", 0),
    CODEPOINTS("to_utf8", FUNCTION_OLD),
    MAKE_STRING("unicode_codepoints_to_string", 0),
    MAKE_STRING("make_string", FUNCTION_OLD),
    {0},
};
