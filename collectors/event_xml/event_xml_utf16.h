/*
 * event_xml_utf16: a stream of UTF-16 bytes in any chunks -> UTF-8, block by block.
 */
#ifndef COLLECTORS_EVENT_XML_EVENT_XML_UTF16_H
#define COLLECTORS_EVENT_XML_EVENT_XML_UTF16_H

#include "detect/base/text.h"
#include <stdbool.h>
#include <stddef.h>

/* Most units decoded in one step. */
#define EVENT_XML_UTF16_BLOCK 4096u

/* Room that a block takes as UTF-8: three bytes a unit, one unit may wait from the block before, and a NUL. */
#define EVENT_XML_UTF16_ROOM TEXT_UTF16_MAX_BYTES(EVENT_XML_UTF16_BLOCK + 1)

struct event_xml_utf16 {
    bool is_big_endian;
    bool has_byte, has_high; /* half a unit, a high surrogate: what follows decides */
    unsigned char byte;
    uint16_t high;
};

/*
 * Is a stream that begins with the two bytes first UTF-16, by its byte order mark or by a '<' of two bytes
 * (www.w3.org/TR/xml, appendix F)? Sets *is_big_endian.
 */
bool event_xml_utf16_begins(const char first[2], bool *is_big_endian);

/* Decodes from *bytes as much as fits into to[EVENT_XML_UTF16_ROOM], moves *bytes and *size on; returns the text. */
struct text event_xml_utf16_next(struct event_xml_utf16 *d, char *to, const char **bytes, size_t *size);

/* Bytes of UTF-16 that utf8, a result of event_xml_utf16_next(), was made of. */
size_t event_xml_utf16_size(struct text utf8);

#endif
