/*
 * event_xml_clean: XML that a parser refuses for single characters -> XML that it takes.
 *
 * Windows writes control characters raw (docs/event-xml.md), exporters write other encodings than they claim. Each
 * byte or character that is not valid UTF-8 or not allowed in XML 1.0 (www.w3.org/TR/xml, section 2.2), and each
 * character reference to one, becomes U+FFFD: it still parts words, as it did before.
 */
#ifndef COLLECTORS_EVENT_XML_EVENT_XML_CLEAN_H
#define COLLECTORS_EVENT_XML_EVENT_XML_CLEAN_H

#include "detect/base/text.h"

/* Most bytes that cleaning makes of size bytes: each may become U+FFFD, three bytes. */
#define EVENT_XML_CLEAN_MAX(size) (3u * (size))

/* Writes the cleaned xml to to, which has room for EVENT_XML_CLEAN_MAX(xml.len); returns it. */
struct text event_xml_clean(char *to, struct text xml);

#endif
