/*
 * event_xml_mixed: events in another encoding than the rest of their file, as ">>" of two shells leaves them. Read in
 * the file's own encoding they are no events; that they are there must be told.
 */
#ifndef COLLECTORS_EVENT_XML_EVENT_XML_MIXED_H
#define COLLECTORS_EVENT_XML_EVENT_XML_MIXED_H

#include "detect/base/text.h"
#include <stdbool.h>
#include <stddef.h>

/* Least and most bytes by which "Event" in another encoding is known. */
#define EVENT_XML_MIXED_MIN 6u
#define EVENT_XML_MIXED_MAX 9u

/* What was looked at since the last event. All zero: nothing. */
struct event_xml_mixed {
    bool is_found;
    size_t count; /* of last */
    char last[EVENT_XML_MIXED_MAX - 1];
};

/*
 * Looks at further text that lies between two events; is_utf16: it was made of UTF-16 (event_xml_utf16_next), in which
 * the word may be in UTF-8 or begin at an odd byte; else it is UTF-8, in which it may be in UTF-16. True, once: the
 * word is there; *after: offset in more after the letters by which it is known.
 */
bool event_xml_mixed_look(struct event_xml_mixed *mixed, struct text more, bool is_utf16, size_t *after);

#endif
