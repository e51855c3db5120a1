#include "agent/verify/verify_row.h"

size_t verify_row_split(struct text column[VERIFY_MAX_COLUMNS], struct text line)
{
    for (size_t count = 0; count < VERIFY_MAX_COLUMNS; count++) {
        size_t end = text_find(line, '\t');
        column[count] = (struct text){line.bytes, end};
        if (end == line.len)
            return count + 1;
        line = (struct text){line.bytes + end + 1, line.len - end - 1};
    }
    return VERIFY_MAX_COLUMNS + 1;
}

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Exactly count hexadecimal digits at byte at. */
static bool hexadecimal(uint32_t *value, struct text text, size_t at, size_t count)
{
    *value = 0;
    if (text.len < at || text.len - at < count)
        return false;
    for (size_t i = at; i < at + count; i++) {
        if (digit(text.bytes[i]) < 0)
            return false;
        *value = *value * 16 + (uint32_t)digit(text.bytes[i]);
    }
    return true;
}

/* \uXXXX at byte at, with the other half of a pair that may follow; returns the bytes used, 0: wrong. */
static size_t utf16_escape(uint32_t *point, struct text text, size_t at)
{
    uint32_t low;
    if (!hexadecimal(point, text, at + 2, 4))
        return 0;
    if (*point < 0xD800 || *point > 0xDBFF || text.len - at < 12 || text.bytes[at + 6] != '\\' ||
        text.bytes[at + 7] != 'u' || !hexadecimal(&low, text, at + 8, 4) || low < 0xDC00 || low > 0xDFFF)
        return 6;
    *point = 0x10000 + ((*point - 0xD800) << 10) + (low - 0xDC00);
    return 12;
}

/* The escape at byte at, after whose backslash is one more byte; writes it to to, *size bytes. Returns as above. */
static size_t escape_at(char to[4], size_t *size, struct text text, size_t at)
{
    static const char letters[] = "\\tnr0", meant[] = {'\\', '\t', '\n', '\r', '\0'};
    char c = text.bytes[at + 1];
    uint32_t point;
    *size = 1;
    for (size_t i = 0; i < sizeof(meant); i++) {
        if (c == letters[i]) {
            to[0] = meant[i];
            return 2;
        }
    }
    if (c == 'x') {
        if (!hexadecimal(&point, text, at + 2, 2))
            return 0;
        to[0] = (char)(unsigned char)point;
        return 4;
    }
    size_t used = 0;
    if (c == 'u')
        used = utf16_escape(&point, text, at);
    else if (c == 'U' && hexadecimal(&point, text, at + 2, 8) && point <= 0x10FFFF)
        used = 10;
    if (used > 0)
        *size = text_encode(to, point);
    return used;
}

const char *verify_row_unescape(struct text *out, char *to, struct text escaped)
{
    size_t written = 0;
    for (size_t at = 0; at < escaped.len;) {
        if (escaped.bytes[at] != '\\') {
            to[written++] = escaped.bytes[at++];
            continue;
        }
        char character[4];
        size_t size, used = at + 1 < escaped.len ? escape_at(character, &size, escaped, at) : 0;
        if (used == 0)
            return "a backslash without an escape that is known; write \\\\ \\t \\n \\r \\0 \\uXXXX \\UXXXXXXXX or "
                   "\\xHH";
        for (size_t i = 0; i < size; i++)
            to[written++] = character[i];
        at += used;
    }
    *out = (struct text){to, written};
    return NULL;
}
