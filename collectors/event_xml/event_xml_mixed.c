#include "collectors/event_xml/event_xml_mixed.h"

#include <string.h>

/* "Event" in UTF-16 of both byte orders, without what is only in one. */
#define WIDE "E\0v\0e\0n\0t"

/* Its first letters read as UTF-16, in UTF-8; each unit has three bytes. */
static const char *const misread[] = {
    "\xE7\x99\x85\xE6\xB9\xA5",             /* "Ev" "en" little-endian: U+7645 U+6E65 */
    "\xE6\x95\xB6\xE7\x91\xAE",             /* "ve" "nt": U+6576 U+746E */
    "\xE4\x95\xB6\xE6\x95\xAE",             /* big-endian: U+4576 U+656E */
    "\xE7\x99\xA5\xE6\xB9\xB4",             /* U+7665 U+6E74 */
    "\xE4\x94\x80\xE7\x98\x80\xE6\x94\x80", /* UTF-16, off by a byte: U+4500 U+7600 U+6500 */
};

_Static_assert(sizeof(WIDE) - 1 == EVENT_XML_MIXED_MAX, "it is the longest, with the last of misread");

/* Offset after the first one; 0: there is none. */
static size_t find_wide(struct text text)
{
    const size_t size = sizeof(WIDE) - 1;
    for (size_t at = 0; at < text.len; at++) {
        at += text_find((struct text){text.bytes + at, text.len - at}, '\0'); /* text has none */
        if (at > 0 && text.len - at >= size - 1 && memcmp(text.bytes + at - 1, WIDE, size) == 0)
            return at - 1 + size;
    }
    return 0;
}

static size_t find_misread(struct text text)
{
    for (size_t at = 0; at < text.len; at++)
        for (size_t i = 0; ((unsigned char)text.bytes[at] & 0xF0u) == 0xE0 && i < sizeof(misread) / sizeof(misread[0]);
             i++) {
            size_t size = strlen(misread[i]);
            if (text.len - at >= size && memcmp(text.bytes + at, misread[i], size) == 0)
                return at + size;
        }
    return 0;
}

static size_t find(struct text text, bool is_utf16)
{
    return is_utf16 ? find_misread(text) : find_wide(text);
}

/* The last bytes of what was looked at, of which more is the end. */
static void remember(struct event_xml_mixed *m, struct text more)
{
    size_t taken = more.len < sizeof(m->last) ? more.len : sizeof(m->last);
    size_t stays = m->count < sizeof(m->last) - taken ? m->count : sizeof(m->last) - taken;
    memmove(m->last, m->last + m->count - stays, stays);
    memcpy(m->last + stays, more.bytes + more.len - taken, taken);
    m->count = stays + taken;
}

bool event_xml_mixed_look(struct event_xml_mixed *m, struct text more, bool is_utf16, size_t *after)
{
    if (m->is_found || more.len == 0)
        return false;
    char joined[2 * sizeof(m->last)]; /* a word may lie in both */
    size_t head = more.len < sizeof(m->last) ? more.len : sizeof(m->last);
    memcpy(joined, m->last, m->count);
    memcpy(joined + m->count, more.bytes, head);
    size_t end = find((struct text){joined, m->count + head}, is_utf16);
    *after = end > m->count ? end - m->count : find(more, is_utf16);
    m->is_found = *after > 0;
    remember(m, more);
    return m->is_found;
}
