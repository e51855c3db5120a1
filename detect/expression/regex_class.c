/* Classes of characters and escapes, in the dialect of Rust's regex crate, for PCRE2. */
#include "detect/expression/regex_translate.h"
#include <stdio.h>
#include <string.h>

static int hex_value(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'f' && c > 0 ? (c | 0x20) - 'a' + 10 : -1;
}

/* \x7F \x{..} \u007F \u{..} \U0000007F \U{..}; *at is after the letter. */
static int read_code(struct regex_translator *t, char letter, uint32_t *c)
{
    size_t begin = t->at, digits = letter == 'x' ? 2 : letter == 'u' ? 4 : 8;
    bool is_braced = regex_peek(t, 0) == '{';
    *c = 0;
    t->at += is_braced;
    size_t from = t->at;
    while (hex_value(regex_peek(t, 0)) >= 0 && t->at - from < (is_braced ? 8 : digits))
        *c = *c * 16 + (uint32_t)hex_value(regex_peek(t, 0)), t->at++;
    bool is_whole = is_braced ? t->at > from && regex_peek(t, 0) == '}' : t->at - from == digits;
    t->at += is_braced;
    if (!is_whole || *c > 0x10FFFF || (*c >= 0xD800 && *c <= 0xDFFF))
        return regex_refuse(t->fault, t->pattern, begin, "a hexadecimal number of a character is wanted");
    return 0;
}

/* \p{Name}, \pL; *at is after the letter. */
static int read_property(struct regex_translator *t, char letter, char to[64])
{
    size_t begin = t->at, len;
    if (regex_peek(t, 0) == '{') {
        const char *end = memchr(t->pattern.bytes + t->at, '}', t->pattern.len - t->at);
        len = end == NULL ? 0 : (size_t)(end - t->pattern.bytes) + 1 - t->at;
    } else {
        len = regex_is_alnum(regex_peek(t, 0)) ? 1 : 0;
    }
    if (len == 0 || len > 50)
        return regex_refuse(t->fault, t->pattern, begin, "the name of a Unicode class is wanted");
    (void)snprintf(to, 64, "\\%c%.*s", letter, (int)len, t->pattern.bytes + t->at); /* fits */
    t->at += len;
    return 0;
}

/* The character that \a \f \n \r \t \v stand for, or 0. */
static uint32_t control_of(int letter)
{
    static const char letters[] = "afnrtv", bytes[] = "\a\f\n\r\t\v";
    const char *hit = letter > 0 ? strchr(letters, letter) : NULL;
    return hit == NULL ? 0 : (uint32_t)bytes[hit - letters];
}

int regex_read_escape(struct regex_translator *t, uint32_t *c, char class[64])
{
    size_t begin = t->at;
    class[0] = '\0';
    if (t->at == t->pattern.len)
        return regex_refuse(t->fault, t->pattern, begin, "a backslash at the end");
    int letter = regex_peek(t, 0);
    if (letter >= 0x80 || !regex_is_alnum(letter)) {
        if (letter == '<' || letter == '>')
            return regex_refuse(t->fault, t->pattern, begin, "\\< and \\> are not supported: write \\b");
        *c = text_decode(t->pattern, &t->at);
        return 0;
    }
    t->at++;
    *c = control_of(letter);
    if (*c != 0)
        return 0;
    if (letter == 'x' || letter == 'u' || letter == 'U')
        return read_code(t, (char)letter, c);
    if (letter == 'p' || letter == 'P')
        return read_property(t, (char)letter, class);
    if (strchr("dDwWsS", letter) != NULL) {
        (void)snprintf(class, 64, "\\%c", (char)letter); /* fits */
        return 0;
    }
    if (letter == '0' && !(regex_peek(t, 0) >= '0' && regex_peek(t, 0) <= '9'))
        return 0; /* NUL */
    if (letter >= '0' && letter <= '9')
        return regex_refuse(t->fault, t->pattern, begin, "back-references are not supported");
    return regex_refuse(t->fault, t->pattern, begin, "there is no such escape");
}

/* [:alpha:] and its like are ASCII's. *at is after "[:". */
static int put_named_class(struct regex_translator *t)
{
    static const struct {
        const char *name, *members;
    } classes[] = {
        {"alnum", "0-9A-Za-z"},
        {"alpha", "A-Za-z"},
        {"ascii", "\\x00-\\x7f"},
        {"blank", "\\t\\x20"},
        {"cntrl", "\\x00-\\x1f\\x7f"},
        {"digit", "0-9"},
        {"graph", "!-~"},
        {"lower", "a-z"},
        {"print", "\\x20-~"},
        {"punct", "!-/:-@\\[-`{-~"},
        {"space", "\\t\\n\\x0b\\f\\r\\x20"},
        {"upper", "A-Z"},
        {"word", "0-9A-Za-z_"},
        {"xdigit", "0-9A-Fa-f"},
    };
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        size_t len = strlen(classes[i].name);
        if (t->pattern.len - t->at > len + 1 && memcmp(t->pattern.bytes + t->at, classes[i].name, len) == 0 &&
            regex_peek(t, len) == ':' && regex_peek(t, len + 1) == ']') {
            builder_string(t->out, classes[i].members);
            t->at += len + 2;
            return 0;
        }
    }
    return regex_refuse(t->fault, t->pattern, t->at, "there is no such class between [: and :]");
}

static void put_class_point(struct regex_translator *t, uint32_t c)
{
    if (c < 0x80 && !regex_is_alnum((int)c))
        builder_format(t->out, "\\x{%x}", (unsigned)c);
    else
        builder_point(t->out, c);
}

/* One member of a class, or a range. */
static int put_class_member(struct regex_translator *t)
{
    char class[64];
    uint32_t c = 0;
    int byte = regex_peek(t, 0), next = regex_peek(t, 1);
    if (byte == '[' && next == ':') {
        t->at += 2;
        return put_named_class(t);
    }
    if (byte == '[')
        return regex_refuse(t->fault, t->pattern, t->at,
                            "a class within a class is not supported; a plain [ is written \\[");
    if ((byte == '&' || byte == '~') && next == byte)
        return regex_refuse(t->fault, t->pattern, t->at, "&& and ~~ in a class are not supported");
    if (byte == '-' && next == '-' && regex_peek(t, 2) != ']')
        return regex_refuse(t->fault, t->pattern, t->at, "-- in a class is not supported");
    if (byte == '\\') {
        t->at++;
        int rc = regex_read_escape(t, &c, class);
        if (rc < 0)
            return rc;
        if (class[0] != '\0') {
            builder_string(t->out, class);
            return 0;
        }
    } else {
        c = text_decode(t->pattern, &t->at);
        if (byte == '-' && regex_peek(t, 0) != ']') { /* a range's, unless first or last */
            builder_byte(t->out, '-');
            return 0;
        }
    }
    put_class_point(t, c);
    return 0;
}

int regex_put_class(struct regex_translator *t)
{
    size_t begin = t->at - 1;
    builder_byte(t->out, '[');
    if (regex_peek(t, 0) == '^') {
        builder_byte(t->out, '^');
        t->at++;
    }
    for (bool is_first = true;; is_first = false) {
        int byte = regex_peek(t, 0);
        if (byte < 0)
            return regex_refuse(t->fault, t->pattern, begin, "the class has no end");
        if (byte == ']' && !is_first)
            break;
        if (is_first && (byte == '-' || byte == ']')) {
            builder_format(t->out, "\\%c", (char)byte);
            t->at++;
            continue;
        }
        int rc = put_class_member(t);
        if (rc < 0)
            return rc;
    }
    t->at++;
    builder_byte(t->out, ']');
    return 0;
}
