#include "collectors/event_xml/event_xml_utf16.h"

#include <string.h>

bool event_xml_utf16_begins(const char first[2], bool *is_big_endian)
{
    unsigned unit = (unsigned)(unsigned char)first[0] << 8 | (unsigned char)first[1];
    *is_big_endian = unit == 0xFEFF || unit == '<';
    return *is_big_endian || unit == 0xFFFE || unit == (unsigned)'<' << 8;
}

/* Whole units, when no half one waits. */
static size_t take_units(const struct event_xml_utf16 *d, uint16_t *units, const char *bytes, size_t count)
{
    memcpy(units, bytes, count * sizeof(*units)); /* little-endian, as this processor is */
    for (size_t i = 0; d->is_big_endian && i < count; i++)
        units[i] = (uint16_t)(units[i] << 8 | units[i] >> 8);
    return count;
}

struct text event_xml_utf16_next(struct event_xml_utf16 *d, char *to, const char **bytes, size_t *size)
{
    uint16_t units[EVENT_XML_UTF16_BLOCK + 1];
    size_t count = 0;
    if (d->has_high)
        units[count++] = d->high;
    d->has_high = false;
    if (!d->has_byte) {
        size_t whole = *size / 2 < EVENT_XML_UTF16_BLOCK - count ? *size / 2 : EVENT_XML_UTF16_BLOCK - count;
        count += take_units(d, units + count, *bytes, whole);
        *bytes += 2 * whole;
        *size -= 2 * whole;
    }
    for (; *size > 0 && count < EVENT_XML_UTF16_BLOCK; (*bytes)++, (*size)--) {
        unsigned char byte = (unsigned char)**bytes;
        if (d->has_byte)
            units[count++] =
                (uint16_t)(d->is_big_endian ? (unsigned)d->byte << 8 | byte : (unsigned)byte << 8 | d->byte);
        else
            d->byte = byte;
        d->has_byte = !d->has_byte;
    }
    if (count > 0 && units[count - 1] >= 0xD800 && units[count - 1] <= 0xDBFF) {
        d->has_high = true;
        d->high = units[--count];
    }
    return text_from_utf16(to, units, count);
}

size_t event_xml_utf16_size(struct text utf8)
{
    size_t units = 0;
    for (size_t i = 0; i < utf8.len; i++) {
        uint64_t eight;
        for (; utf8.len - i > sizeof(eight); i += sizeof(eight), units += sizeof(eight)) {
            memcpy(&eight, utf8.bytes + i, sizeof(eight));
            if ((eight & 0x8080808080808080u) != 0)
                break; /* not ASCII alone */
        }
        unsigned char byte = (unsigned char)utf8.bytes[i];
        units += (byte & 0xC0u) == 0x80 ? 0 : byte >= 0xF0 ? 2 : 1;
    }
    return 2 * units;
}
