/*
 * event_xml_kind: of which kind an event is, told by its first bytes, so that it need not be parsed.
 */
#ifndef COLLECTORS_EVENT_XML_EVENT_XML_KIND_H
#define COLLECTORS_EVENT_XML_EVENT_XML_KIND_H

#include "detect/event/kinds.h"

/*
 * The kind of an event by its first bytes alone: sets *entry (NULL: of no known kind) and returns true. False: it
 * doesn't begin the way Windows writes it (System first; in it Provider with Name first, then EventID), so that only a
 * parser can tell.
 */
bool event_xml_kind_peek(const struct kinds_entry **entry, struct text event);

/* Longest beginning that is remembered, bytes; a usual one has 190. */
#define EVENT_XML_KIND_MAX_BEGINNING 512

/* The beginning of the last event that was looked at, up to its id: the next event mostly begins with the same bytes.
 * All zero: none yet. */
struct event_xml_kind_memory {
    char beginning[EVENT_XML_KIND_MAX_BEGINNING];
    size_t size;
    const struct kinds_entry *entry;
};

/* Answers as event_xml_kind_peek does, faster. */
bool event_xml_kind_recall(const struct kinds_entry **entry, struct event_xml_kind_memory *memory, struct text event);

#endif
