#include "collectors/event_xml/event_xml_reference.h"

#include <string.h>

/* Stands for what is not ASCII. */
#define NO_WORD ((char)0x80)

/* Above every character. */
#define TOO_LARGE 0x110000ul

/* The digit's value, or base or more. */
static inline unsigned digit_of(char c, unsigned base)
{
    unsigned digit = (unsigned char)c - (unsigned)'0';
    if (base == 10 || digit < 10)
        return digit;
    unsigned letter = ((unsigned char)c | 0x20u) - 'a';
    return letter < 6 ? letter + 10 : base;
}

/* The number that begins at first; sets *length if a semicolon ends it, else to 0. Inline, for each base. */
static inline unsigned long read_number(const char *first, const char *end, unsigned base, size_t *length)
{
    const char *next = first;
    unsigned long sum = 0;
    for (unsigned digit; next < end && (digit = digit_of(*next, base)) < base; next++)
        if (sum < TOO_LARGE)
            sum = sum * base + digit;
    *length = next > first && next < end && *next == ';' ? (size_t)(next - first) : 0;
    return sum < TOO_LARGE ? sum : TOO_LARGE;
}

bool event_xml_reference(struct text text, size_t at, unsigned long *value, size_t *length)
{
    const char *begin = text.bytes + at, *end = text.bytes + text.len;
    if (end - begin < 4 || begin[0] != '&' || begin[1] != '#')
        return false;
    size_t digits, mark = begin[2] == 'x' ? 3 : 2;
    unsigned long number =
        mark == 3 ? read_number(begin + 3, end, 16, &digits) : read_number(begin + 2, end, 10, &digits);
    if (digits == 0)
        return false;
    *value = number;
    *length = mark + digits + 1;
    return true;
}

struct text event_xml_resolve(char *to, struct text xml)
{
    size_t size = 0;
    for (size_t at = 0; at < xml.len;) {
        unsigned long value;
        size_t length;
        if (event_xml_reference(xml, at, &value, &length)) {
            to[size++] = value < 0x80 ? (char)value : NO_WORD;
            at += length;
            continue;
        }
        struct text after = {xml.bytes + at + 1, xml.len - at - 1};
        size_t run = 1 + text_find(after, '&');
        memcpy(to + size, xml.bytes + at, run);
        size += run;
        at += run;
    }
    return (struct text){to, size};
}
