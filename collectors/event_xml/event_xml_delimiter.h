/*
 * event_xml_delimiter: the places in XML where something begins that event_xml_split must know of: "<!", "<?", "&#",
 * "<Event" and "</Event" as whole names. The only part that looks at each byte of a stream: 16 or 32 in one step.
 */
#ifndef COLLECTORS_EVENT_XML_EVENT_XML_DELIMITER_H
#define COLLECTORS_EVENT_XML_EVENT_XML_DELIMITER_H

#include "detect/base/lanes.h"
#include "detect/base/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes that tell what begins at a place: "<![CDATA[", "<!DOCTYPE", "</Event" and what follows it. */
#define EVENT_XML_DELIMITER_SIZE 9u

/*
 * Moves *at to the first mark at or after it and returns true; false: to the first place that can't be told yet, for
 * want of EVENT_XML_DELIMITER_SIZE bytes (if is_last, as nothing will follow text: to its end).
 */
bool event_xml_find_mark(struct text text, size_t *at, bool is_last, enum lanes lanes);

/* Bytes that a step of those below looks at, at most. */
#define EVENT_XML_DELIMITER_STEP (64u + EVENT_XML_DELIMITER_SIZE)

/*
 * The fast part, for each kind of vectors: as event_xml_find_mark, but false means: *at was moved to a place before
 * which there is no mark, and less than EVENT_XML_DELIMITER_STEP + 2 bytes are left from there.
 */
bool event_xml_delimiter_steps_sse2(struct text text, size_t *at);
bool event_xml_delimiter_steps_avx2(struct text text, size_t *at);

/* "Even" as a number, as it lies in memory. */
#define EVENT_XML_DELIMITER_EVEN UINT32_C(0x6E657645)

/* Does a mark begin at bytes? EVENT_XML_DELIMITER_SIZE of them can be read. */
static inline bool event_xml_is_mark(const char *bytes)
{
    uint32_t name; /* its first four letters */
    char second = bytes[1];
    if (bytes[0] == '&')
        return second == '#';
    if (bytes[0] != '<')
        return false;
    if (second == '!' || second == '?')
        return true;
    const char *at = bytes + 1 + (second == '/');
    memcpy(&name, at, sizeof(name));
    if (name != EVENT_XML_DELIMITER_EVEN || at[4] != 't')
        return false;
    char edge = at[5];
    return edge == ' ' || edge == '>' || edge == '/' || edge == '\t' || edge == '\r' || edge == '\n';
}

#endif
