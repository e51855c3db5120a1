#include "collectors/event_xml/event_xml_clean.h"
#include "collectors/event_xml/event_xml_reference.h"
#include "collectors/event_xml/event_xml_split.h"
#include "detect/base/vector.h"

#include <stdint.h>
#include <string.h>

/* Char of XML 1.0, section 2.2. */
static bool is_allowed(unsigned long c)
{
    return c == 0x9 || c == 0xA || c == 0xD || (c >= 0x20 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD) ||
           (c >= 0x10000 && c <= 0x10FFFF);
}

/*
 * Offset at or after offset at of the first byte that needs a look, or xml.len: a control character other than white
 * space, a byte that is not ASCII, the '&' of "&#".
 */
static size_t skip_plain(struct text xml, size_t at)
{
    vector blank = vector_of(' '), sign = vector_of('#'), ampersand = vector_of('&');
    vector tab = vector_of('\t'), line_feed = vector_of('\n'), carriage_return = vector_of('\r');
    for (; xml.len - at > VECTOR_SIZE; at += VECTOR_SIZE) {
        vector bytes = vector_load(xml.bytes + at), next = vector_load(xml.bytes + at + 1);
        vector other = vector_above(blank, bytes), number = vector_equal(next, sign);
        if (vector_mask(vector_or(other, number)) == 0)
            continue; /* as nearly everywhere */
        vector space = vector_or(vector_or(vector_equal(bytes, tab), vector_equal(bytes, line_feed)),
                                 vector_equal(bytes, carriage_return));
        uint32_t hits =
            vector_mask(vector_or(vector_and_not(other, space), vector_and(number, vector_equal(bytes, ampersand))));
        if (hits != 0)
            return at + (size_t)__builtin_ctz(hits);
    }
    for (; at < xml.len; at++) {
        char c = xml.bytes[at];
        if (c == '&' ? xml.len - at > 1 && xml.bytes[at + 1] == '#' : c < ' ' && c != '\t' && c != '\n' && c != '\r')
            return at;
    }
    return at;
}

/* Where references mean nothing, as they are in a comment, CDATA or a processing instruction. */
struct raw {
    size_t seen;  /* looked for sections up to here */
    size_t until; /* the last section found ends here */
};

/* Is offset at, which never goes back, in a section? */
static bool is_raw(struct raw *raw, struct text xml, size_t at)
{
    while (raw->seen < at) {
        struct text rest = {xml.bytes + raw->seen, at - raw->seen};
        size_t start = raw->seen + text_find(rest, '<');
        enum event_xml_section section = start == at ? SECTION_NONE : event_xml_section_at(xml, start);
        raw->seen = start + 1;
        if (section != SECTION_NONE)
            raw->seen = raw->until = event_xml_section_end(section, xml, start + event_xml_section_mark(section));
    }
    return at < raw->until;
}

/* May the character at offset at, which is not ASCII, stay? Sets *length, to 1 if the byte is invalid. */
static bool is_clean_letter(struct text xml, size_t at, size_t *length)
{
    size_t end = at;
    unsigned char first = (unsigned char)xml.bytes[at];
    if (first >= 0xC2 && first <= 0xDF && xml.len - at >= 2 && ((unsigned char)xml.bytes[at + 1] & 0xC0u) == 0x80) {
        *length = 2; /* the most usual ones; all of them are allowed */
        return true;
    }
    uint32_t c = text_decode(xml, &end);
    *length = end - at;
    return is_allowed(c) && (c != TEXT_REPLACEMENT || (*length == 3 && first == 0xEF)); /* U+FFFD is EF BF BD */
}

/* May what stands at offset at, where skip_plain() stops, stay? Sets *length. */
static bool is_clean_at(struct text xml, size_t at, size_t *length, struct raw *raw)
{
    unsigned long value;
    if ((unsigned char)xml.bytes[at] >= 0x80)
        return is_clean_letter(xml, at, length);
    if (xml.bytes[at] == '&' && event_xml_reference(xml, at, &value, length))
        return is_allowed(value) || is_raw(raw, xml, at);
    *length = 1;
    return xml.bytes[at] == '&';
}

/* Offset of the first place in [at, end of xml) to replace, and its length; xml.len if there is none. */
static size_t find_unclean(struct text xml, size_t at, size_t *length, struct raw *raw)
{
    for (; at < xml.len; at += *length) {
        if ((unsigned char)xml.bytes[at] < 0x80)
            at = skip_plain(xml, at);
        if (at == xml.len || !is_clean_at(xml, at, length, raw))
            break;
    }
    return at;
}

struct text event_xml_clean(char *to, struct text xml)
{
    size_t length = 0, size = 0;
    struct raw raw = {0, 0};
    for (size_t at = 0; at < xml.len; at += length) {
        size_t unclean = find_unclean(xml, at, &length, &raw);
        memcpy(to + size, xml.bytes + at, unclean - at);
        size += unclean - at;
        at = unclean;
        if (at == xml.len)
            break;
        size += text_encode(to + size, TEXT_REPLACEMENT);
    }
    return (struct text){to, size};
}
