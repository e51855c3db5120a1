#include "tests/winsim/wtf8.h"

#include "tests/winsim/winsim.h"

#include <string.h>

uint32_t wtf8_decode(const char *bytes, size_t size, size_t *used)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = (unsigned char)bytes[0];
    size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    *used = 1;
    if (length == 1)
        return lead;
    if (lead < 0xC2 || lead > 0xF4 || length > size)
        return 0xFFFD;
    uint32_t code = lead & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        unsigned char next = (unsigned char)bytes[i];
        if ((next & 0xC0) != 0x80)
            return 0xFFFD;
        code = code << 6 | (next & 0x3F);
    }
    if (code < least[length] || code > 0x10FFFF)
        return 0xFFFD;
    *used = length;
    return code;
}

size_t wtf8_put_utf16(uint16_t *out, uint32_t code)
{
    if (code < 0x10000) {
        out[0] = (uint16_t)code;
        return 1;
    }
    out[0] = (uint16_t)(0xD800 + ((code - 0x10000) >> 10));
    out[1] = (uint16_t)(0xDC00 + ((code - 0x10000) & 0x3FF));
    return 2;
}

size_t wtf8_to_utf16(uint16_t *out, const char *bytes, size_t size)
{
    size_t count = 0, used;
    for (size_t i = 0; i < size; i += used) {
        uint32_t code = wtf8_decode(bytes + i, size - i, &used);
        count += wtf8_put_utf16(out + count, code);
    }
    return count;
}

static size_t put_utf8(char *out, uint32_t code)
{
    unsigned char *to = (unsigned char *)out;
    if (code < 0x80) {
        to[0] = (unsigned char)code;
        return 1;
    }
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, code >>= 6)
        to[i] = (unsigned char)(0x80 | (code & 0x3F));
    to[0] = (unsigned char)((0xF00u >> length & 0xFF) | code);
    return length;
}

char *wtf8_from_utf16(const uint16_t *units)
{
    size_t count = 0, size = 0;
    while (units[count] != 0)
        count++;
    char *text = winsim_alloc(count * 3 + 1);
    for (size_t i = 0; i < count; i++) {
        uint32_t code = units[i];
        if ((code & 0xFC00) == 0xD800 && (units[i + 1] & 0xFC00) == 0xDC00)
            code = 0x10000 + ((code & 0x3FF) << 10) + (units[++i] & 0x3FFu);
        size += put_utf8(text + size, code);
    }
    return text;
}

uint16_t *wtf8_new_utf16(const char *text)
{
    size_t size = strlen(text);
    uint16_t *units = winsim_alloc((size + 1) * sizeof(*units));
    units[wtf8_to_utf16(units, text, size)] = 0;
    return units;
}
