#include "collectors/event_xml_clean.h"
#include "collectors/event_xml_frame.h"
#include "collectors/event_xml_reference.h"
#include "detect/vector.h"

#include <stdint.h>
#include <string.h>

/* Char of XML 1.0, section 2.2. */
static bool is_allowed(unsigned long c)
{
    return c == 0x9 || c == 0xA || c == 0xD || (c >= 0x20 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD) ||
           (c >= 0x10000 && c <= 0x10FFFF);
}

/*
 * What stands at offset at: sets *length. False: it has to be replaced. An invalid byte reads as U+FFFD with length 1,
 * a surrogate as U+FFFD too, the real U+FFFD is EF BF BD.
 */
static bool is_clean_at(struct text xml, size_t at, size_t *length)
{
    unsigned char first = (unsigned char)xml.bytes[at];
    unsigned long value;
    if (first == '&' && event_xml_reference(xml, at, &value, length))
        return is_allowed(value);
    *length = 1;
    if (first < 0x80)
        return is_allowed(first);
    size_t end = at;
    uint32_t c = text_decode(xml, &end);
    *length = end - at;
    return is_allowed(c) && (c != TEXT_REPLACEMENT || (*length == 3 && first == 0xEF));
}

/* Is the byte one that needs no look: ASCII, no control character, neither '&' nor '<'? */
static bool is_plain(char c)
{
    return c >= ' ' && c < 0x7F && c != '&' && c != '<';
}

/*
 * Offset of the first place in [at, end of xml) to replace, and its length; xml.len if there is none. *raw_until: up to
 * here references mean nothing, as the place is in a comment, CDATA or a processing instruction.
 */
static size_t find_unclean(struct text xml, size_t at, size_t *length, size_t *raw_until)
{
    while (at < xml.len) {
        char c = xml.bytes[at];
        if (is_plain(c)) {
            at++;
            continue;
        }
        if (c == '<' && at >= *raw_until) {
            enum event_xml_section section = event_xml_section_at(xml, at);
            if (section != SECTION_NONE)
                *raw_until = event_xml_section_end(section, xml, at + event_xml_section_mark(section));
        }
        if (c == '&' && at < *raw_until)
            *length = 1;
        else if (!is_clean_at(xml, at, length))
            return at;
        at += *length;
    }
    return at;
}

/* Need nothing be replaced at offset at, where a byte stands that is no printable ASCII, or '#'? Sets *length. False
 * where a reference begins: only a look at what came before tells whether it means one. */
static bool is_simple_at(struct text xml, size_t at, size_t *length)
{
    *length = 1;
    if (xml.bytes[at] == '#')
        return at == 0 || xml.bytes[at - 1] != '&';
    return is_clean_at(xml, at, length);
}

/* Is xml clean, and without character references? Nearly all events are so: only the bytes that are no printable ASCII
 * are looked at one by one. */
static bool is_simple(struct text xml)
{
    vector first_letter = vector_of(' '), number_sign = vector_of('#');
    size_t at = 0, done = 0, length;
    for (; xml.len - at >= VECTOR_SIZE; at += VECTOR_SIZE) {
        vector bytes = vector_load(xml.bytes + at);
        vector other = vector_or(vector_above(first_letter, bytes), vector_equal(bytes, number_sign));
        for (uint32_t mask = vector_mask(other); mask != 0; mask &= mask - 1) {
            size_t place = at + (size_t)__builtin_ctz(mask);
            if (place < done) /* of a character that was looked at */
                continue;
            if (!is_simple_at(xml, place, &length))
                return false;
            done = place + length;
        }
    }
    for (at = at > done ? at : done; at < xml.len; at += length)
        if (!is_simple_at(xml, at, &length))
            return false;
    return true;
}

bool event_xml_is_clean(struct text xml)
{
    if (is_simple(xml))
        return true;
    size_t length, raw_until = 0;
    return find_unclean(xml, 0, &length, &raw_until) == xml.len;
}

struct text event_xml_clean(char *to, struct text xml)
{
    size_t length = 0, raw_until = 0, size = 0;
    for (size_t at = 0; at < xml.len; at += length) {
        size_t unclean = find_unclean(xml, at, &length, &raw_until);
        memcpy(to + size, xml.bytes + at, unclean - at);
        size += unclean - at;
        at = unclean;
        if (at == xml.len)
            break;
        size += text_encode(to + size, TEXT_REPLACEMENT);
    }
    return (struct text){to, size};
}
