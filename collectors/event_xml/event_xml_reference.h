/* event_xml_reference: character references in XML, "&#13;" and "&#xD;" (www.w3.org/TR/xml, section 4.1). */
#ifndef COLLECTORS_EVENT_XML_EVENT_XML_REFERENCE_H
#define COLLECTORS_EVENT_XML_EVENT_XML_REFERENCE_H

#include "detect/base/text.h"
#include <stdbool.h>
#include <stddef.h>

/* The number in a character reference at offset at: sets *value (0x110000 where it is larger) and *length; false: it is
 * not one. */
bool event_xml_reference(struct text text, size_t at, unsigned long *value, size_t *length);

/*
 * xml with the ASCII characters that are written as references in their places, for looking for words: no XML any more.
 * Other references read as a byte that is in no word. to: room for xml.len bytes, for the result.
 */
struct text event_xml_resolve(char *to, struct text xml);

#endif
