/* Base64 and URL encoding. */
#include "detect/base/builder.h"
#include "detect/expression/expr_node.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int digit_of(char c)
{
    const char *hit = c == '\0' ? NULL : strchr(alphabet, c);
    return hit == NULL ? -1 : (int)(hit - alphabet);
}

/* What base64 stands for, padded or not. False: it is none, or no scratch (then builder knows). */
static bool decode(struct builder *to, struct text text)
{
    uint32_t bits = 0;
    unsigned count = 0;
    size_t len = text.len;
    for (unsigned i = 0; i < 2 && len > 0 && len % 4 == (4 - i) % 4 && text.bytes[len - 1] == '='; i++)
        len--;
    if (len % 4 == 1 || (len != text.len && text.len % 4 != 0))
        return false;
    for (size_t i = 0; i < len && !to->is_failed; i++) {
        int digit = digit_of(text.bytes[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            builder_byte(to, (char)(unsigned char)(bits >> count & 0xFF));
        }
    }
    return !to->is_failed;
}

static bool is_utf8(struct text text)
{
    for (size_t at = 0; at < text.len;) {
        size_t from = at;
        if (text_decode(text, &at) == TEXT_REPLACEMENT &&
            (at - from != 3 || memcmp(text.bytes + from, "\xEF\xBF\xBD", 3) != 0))
            return false;
    }
    return true;
}

/* Empty where it is no base64, or what it stands for is no UTF-8. */
static struct value call_decode(const struct function_call *call)
{
    struct builder to = builder_in(call->run->scratch);
    bool is_decoded = decode(&to, call->args[0].text);
    struct text text = builder_end(&to);
    if (text.bytes == NULL)
        return value_error();
    return is_decoded && is_utf8(text) ? value_string(text) : value_null(VALUE_STRING);
}

static struct value call_decode_array(const struct function_call *call)
{
    struct builder to = builder_in(call->run->scratch);
    bool is_decoded = decode(&to, call->args[0].text);
    struct text text = builder_end(&to);
    if (text.bytes == NULL)
        return value_error();
    if (!is_decoded)
        return value_null(VALUE_DYNAMIC);
    struct dynamic *items = arena_zeroed(call->run->scratch, text.len, sizeof(*items));
    for (size_t i = 0; items != NULL && i < text.len; i++)
        items[i] = (struct dynamic){.kind = DYNAMIC_LONG, .number = (unsigned char)text.bytes[i]};
    return function_array_of(items, text.len, call->run->scratch);
}

static struct value call_encode(const struct function_call *call)
{
    struct text text = call->args[0].text;
    struct builder to = builder_in(call->run->scratch);
    for (size_t i = 0; i < text.len && !to.is_failed; i += 3) {
        size_t left = text.len - i;
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (k < left ? (unsigned char)text.bytes[i + k] : 0);
        for (unsigned k = 0; k < 4; k++)
            builder_byte(&to, k <= left ? alphabet[bits >> (18 - 6 * k) & 63] : '=');
    }
    return function_text(builder_end(&to));
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct value call_url_decode(const struct function_call *call)
{
    struct text text = call->args[0].text;
    struct builder to = builder_in(call->run->scratch);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.bytes[i];
        int high = c == '%' && i + 2 < text.len ? hex_value(text.bytes[i + 1]) : -1;
        int low = high >= 0 ? hex_value(text.bytes[i + 2]) : -1;
        if (low >= 0) {
            builder_byte(&to, (char)(unsigned char)(high * 16 + low));
            i += 2;
        } else {
            builder_byte(&to, c == '+' ? ' ' : c);
        }
    }
    return function_text(builder_end(&to));
}

/* plain: what stays beside letters and digits. */
static struct value url_encoded(const struct function_call *call, const char *plain, bool is_lower, bool is_plus)
{
    struct text text = call->args[0].text;
    struct builder to = builder_in(call->run->scratch);
    for (size_t i = 0; i < text.len && !to.is_failed; i++) {
        char c = text.bytes[i];
        bool stays = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     (c != '\0' && strchr(plain, c) != NULL);
        if (stays)
            builder_byte(&to, c);
        else if (c == ' ' && is_plus)
            builder_byte(&to, '+');
        else
            builder_format(&to, is_lower ? "%%%02x" : "%%%02X", (unsigned)(unsigned char)c);
    }
    return function_text(builder_end(&to));
}

static struct value call_url_encode(const struct function_call *call)
{
    return url_encoded(call, "-_.!*()", true, true);
}

static struct value call_url_encode_component(const struct function_call *call)
{
    return url_encoded(call, "-_.~", false, false);
}

#define ENCODE(name, summary, type, flags, call)                                                                       \
    {                                                                                                                  \
        name, "(text: string)", summary, "s", 1, 1, type, flags, 0, NULL, call, NULL, NULL                             \
    }

const struct function function_encode[] = {
    ENCODE("base64_decode_tostring", "what the Base64 stands for; empty if that is no UTF-8", VALUE_STRING, 0,
           call_decode),
    ENCODE("base64_decodestring", "base64_decode_tostring", VALUE_STRING, FUNCTION_OLD, call_decode),
    ENCODE("base64_decode_toarray", "the bytes that the Base64 stands for, as numbers", VALUE_DYNAMIC, 0,
           call_decode_array),
    ENCODE("base64_encode_tostring", "as Base64", VALUE_STRING, 0, call_encode),
    ENCODE("base64_encodestring", "base64_encode_tostring", VALUE_STRING, FUNCTION_OLD, call_encode),
    ENCODE("url_decode", "with %XX and + as what they stand for", VALUE_STRING, 0, call_url_decode),
    ENCODE("url_encode", "for a URL, blanks as +", VALUE_STRING, 0, call_url_encode),
    ENCODE("url_encode_component", "for a part of a URL, blanks as %20", VALUE_STRING, 0, call_url_encode_component),
    {0},
};
