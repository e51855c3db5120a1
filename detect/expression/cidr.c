#include "detect/expression/cidr.h"

/* Reads a decimal number of at most max; moves *at after it. */
static bool decimal(unsigned *out, struct text text, size_t *at, unsigned max)
{
    size_t begin = *at;
    unsigned number = 0;
    while (*at < text.len && text.bytes[*at] >= '0' && text.bytes[*at] <= '9') {
        number = number * 10 + (unsigned)(text.bytes[*at] - '0');
        if (number > max)
            return false;
        ++*at;
    }
    if (*at == begin || (*at - begin > 1 && text.bytes[begin] == '0'))
        return false;
    *out = number;
    return true;
}

static bool ip4_parse(uint8_t out[4], struct text text)
{
    size_t at = 0;
    for (int i = 0; i < 4; i++) {
        unsigned number;
        if (i > 0 && (at >= text.len || text.bytes[at++] != '.'))
            return false;
        if (!decimal(&number, text, &at, 255))
            return false;
        out[i] = (uint8_t)number;
    }
    return at == text.len;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads one to four hexadecimal digits to out[0..1]; returns how many digits there were, 0 if more than four. */
static size_t group_parse(uint8_t out[2], struct text text)
{
    unsigned number = 0;
    size_t digits = 0;
    while (digits < text.len && hex_digit(text.bytes[digits]) >= 0) {
        number = number * 16 + (unsigned)hex_digit(text.bytes[digits]);
        if (++digits > 4)
            return 0;
    }
    out[0] = (uint8_t)(number >> 8);
    out[1] = (uint8_t)number;
    return digits;
}

static bool ip6_parse(uint8_t out[16], struct text text)
{
    uint8_t bytes[16] = {0};
    size_t count = 0, gap = SIZE_MAX, at = 0;
    if (text.len >= 2 && text.bytes[0] == ':' && text.bytes[1] == ':') {
        gap = 0;
        at = 2;
    }
    while (at < text.len && count < 16) {
        struct text rest = {text.bytes + at, text.len - at};
        size_t digits = group_parse(bytes + count, rest);
        if (count <= 12 && digits < rest.len && rest.bytes[digits] == '.') {
            if (!ip4_parse(bytes + count, rest))
                return false;
            count += 4;
            at = text.len;
            break;
        }
        if (digits == 0)
            return false;
        count += 2;
        at += digits;
        if (at == text.len)
            break;
        if (text.bytes[at++] != ':' || at == text.len)
            return false;
        if (text.bytes[at] == ':') {
            if (gap != SIZE_MAX)
                return false;
            gap = count;
            at++;
        }
    }
    if (at != text.len || (gap == SIZE_MAX ? count != 16 : count > 14))
        return false;
    memset(out, 0, 16);
    size_t before = gap == SIZE_MAX ? count : gap;
    memcpy(out, bytes, before);
    memcpy(out + 16 - (count - before), bytes + before, count - before);
    return true;
}

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static bool address_parse(uint8_t out[16], bool *is_ip4, struct text text)
{
    if (ip4_parse(out + 12, text)) {
        memcpy(out, mapped, sizeof mapped);
        *is_ip4 = true;
        return true;
    }
    if (!ip6_parse(out, text))
        return false;
    *is_ip4 = memcmp(out, mapped, sizeof mapped) == 0;
    return true;
}

bool cidr_parse(struct cidr *out, struct text text)
{
    struct cidr network;
    size_t slash = text_find(text, '/');
    if (!address_parse(network.address, &network.is_ip4, (struct text){text.bytes, slash}))
        return false;
    bool is_short = network.is_ip4 && memchr(text.bytes, ':', slash) == NULL; /* the prefix counts 32 bits */
    network.prefix = is_short ? 32 : 128;
    size_t at = slash + 1;
    if (slash < text.len && (!decimal(&network.prefix, text, &at, network.prefix) || at != text.len))
        return false;
    if (is_short)
        network.prefix += 96;
    if (network.prefix < 96)
        network.is_ip4 = false;
    for (unsigned bit = network.prefix; bit < 128; bit++)
        if ((network.address[bit / 8] & (0x80 >> bit % 8)) != 0)
            return false;
    *out = network;
    return true;
}

bool cidr_holds(const struct cidr *network, struct text address)
{
    uint8_t bytes[16];
    bool is_ip4;
    struct text bare = {address.bytes, text_find(address, '%')};
    if (address.bytes == NULL || !address_parse(bytes, &is_ip4, bare))
        return false;
    if (is_ip4 != network->is_ip4)
        return false;
    size_t whole = network->prefix / 8;
    if (memcmp(bytes, network->address, whole) != 0)
        return false;
    unsigned rest = network->prefix % 8;
    return rest == 0 || ((bytes[whole] ^ network->address[whole]) >> (8 - rest)) == 0;
}
