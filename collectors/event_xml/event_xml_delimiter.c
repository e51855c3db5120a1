#include "collectors/event_xml/event_xml_delimiter.h"

/* The same where fewer bytes may be left than a mark has: after the text's end stands nothing. */
static bool is_mark_near_end(struct text text, size_t at)
{
    char bytes[EVENT_XML_DELIMITER_SIZE] = {0};
    size_t left = text.len - at;
    memcpy(bytes, text.bytes + at, left < sizeof(bytes) ? left : sizeof(bytes));
    return event_xml_is_mark(bytes);
}

bool event_xml_find_mark(struct text text, size_t *at, bool is_last, enum lanes lanes)
{
    if (lanes != LANES_PLAIN && text.len - *at > EVENT_XML_DELIMITER_STEP &&
        (lanes == LANES_AVX2 ? event_xml_delimiter_steps_avx2(text, at) : event_xml_delimiter_steps_sse2(text, at)))
        return true;
    for (; text.len - *at >= EVENT_XML_DELIMITER_SIZE; (*at)++)
        if (event_xml_is_mark(text.bytes + *at))
            return true;
    for (; is_last && *at < text.len; (*at)++)
        if (is_mark_near_end(text, *at))
            return true;
    return false;
}
