#include "collectors/event_xml_mark.h"

#include <string.h>

/* Is the name at offset at just "Event", and not the beginning of a longer one? */
static bool is_event_name(struct text text, size_t at)
{
    if (text.len - at < 6 || memcmp(text.bytes + at, "Event", 5) != 0)
        return false;
    char c = text.bytes[at + 5];
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '>' || c == '/';
}

static bool is_mark(struct text text, size_t at)
{
    if (text.len - at < 2)
        return false;
    char second = text.bytes[at + 1];
    if (text.bytes[at] == '&')
        return second == '#';
    if (text.bytes[at] != '<')
        return false;
    return second == '!' || second == '?' || (second == 'E' && is_event_name(text, at + 1)) ||
           (second == '/' && is_event_name(text, at + 2));
}

/* The first mark at or behind at, or the first place that the steps do not reach. */
static size_t find_by_steps(struct text text, size_t at, enum lanes lanes)
{
    size_t i = at + 1;
    while (i < text.len && text.len - i >= EVENT_XML_MARK_STEP) {
        i = lanes == LANES_AVX2 ? event_xml_mark_steps_avx2(text, i) : event_xml_mark_steps_sse2(text, i);
        size_t place = i > at + 1 && text.bytes[i] == 'E' && text.bytes[i - 1] == '/' ? i - 2 : i - 1;
        if (is_mark(text, place))
            return place;
        i++;
    }
    return i > at + 2 ? i - 2 : at;
}

bool event_xml_find_mark(struct text text, size_t *at, bool is_last, enum lanes lanes)
{
    if (text.len - *at >= EVENT_XML_MARK_SIZE && is_mark(text, *at))
        return true; /* one after the other */
    if (lanes != LANES_PLAIN)
        *at = find_by_steps(text, *at, lanes);
    for (; text.len - *at >= (is_last ? 1 : EVENT_XML_MARK_SIZE); (*at)++)
        if (is_mark(text, *at))
            return true;
    return false;
}
