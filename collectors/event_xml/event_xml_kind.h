/*
 * event_xml_kind: which events are process creations.
 *
 * Source: learn.microsoft.com, "4688(S): A new process has been created"; Sysmon's page, "Event ID 1: Process
 * creation".
 */
#ifndef COLLECTORS_EVENT_XML_EVENT_XML_KIND_H
#define COLLECTORS_EVENT_XML_EVENT_XML_KIND_H

#include "detect/base/text.h"
#include <stdbool.h>

enum event_xml_kind { KIND_OTHER, KIND_SECURITY_4688, KIND_SYSMON_1 };

/* provider: System/Provider/@Name, compared byte for byte; id: the digits of System/EventID. */
enum event_xml_kind event_xml_kind(struct text provider, struct text id);

/*
 * The kind of an event by its first bytes alone: sets *kind and returns true. False: it doesn't begin the way Windows
 * writes it (System first; in it Provider with Name first, then EventID), so that only a parser can tell.
 */
bool event_xml_kind_peek(enum event_xml_kind *kind, struct text event);

/* Longest beginning that is remembered, bytes; a usual one has 190. */
#define EVENT_XML_KIND_MAX_BEGINNING 512

/* The beginning of the last event that was looked at, up to its id: the next event mostly begins with the same bytes.
 * All zero: none yet. */
struct event_xml_kind_memory {
    char beginning[EVENT_XML_KIND_MAX_BEGINNING];
    size_t size;
    enum event_xml_kind kind;
};

/* Answers as event_xml_kind_peek does, faster. */
bool event_xml_kind_recall(enum event_xml_kind *kind, struct event_xml_kind_memory *memory, struct text event);

#endif
