/*
 * event_xml_mark: the places in XML where something begins that event_xml_frame must know of: "<!", "<?", "&#",
 * "<Event" and "</Event" as whole names. The only part that looks at each byte of a stream: 16 or 32 in one step.
 */
#ifndef COLLECTORS_EVENT_XML_MARK_H
#define COLLECTORS_EVENT_XML_MARK_H

#include "detect/lanes.h"
#include "detect/text.h"
#include <stdbool.h>
#include <stddef.h>

/* Bytes that tell what begins at a place: "<![CDATA[", "<!DOCTYPE", "</Event" and what follows it. */
#define EVENT_XML_MARK_SIZE 9u

/*
 * Moves *at to the first mark at or behind it and returns true; false: to the first place that can't be told yet, for
 * want of EVENT_XML_MARK_SIZE bytes (if is_last, as nothing will follow text: to its end).
 */
bool event_xml_find_mark(struct text text, size_t *at, bool is_last, enum lanes lanes);

/* Most text that a step of those below looks at. */
#define EVENT_XML_MARK_STEP (64u + EVENT_XML_MARK_SIZE)

/*
 * The fast part, for each kind of vectors: the first place at or behind at, which is above 0, where the second byte of
 * a mark may stand, or the third of "</Event"; or one behind which less than EVENT_XML_MARK_STEP bytes are left, and no
 * such place before.
 */
size_t event_xml_mark_steps_sse2(struct text text, size_t at);
size_t event_xml_mark_steps_avx2(struct text text, size_t at);

#endif
