/*
 * event_xml_parse: the XML of events -> events, by libexpat, many at a time.
 */
#ifndef COLLECTORS_EVENT_XML_EVENT_XML_PARSE_H
#define COLLECTORS_EVENT_XML_EVENT_XML_PARSE_H

#include "detect/base/fault.h"
#include "detect/event/event.h"

/* Who takes what comes out, in the order in which the events were added. */
struct event_xml_taker {
    void *context;
    /* Is an event wanted? As collector_sink's. */
    bool (*wants)(void *context, const struct event *event);
    /* Takes a wanted event, whose texts stay until it returns. Returns 0, or a negative errno value, which ends the
     * reading. */
    int (*event)(void *context, const struct event *event);
    /* Called for an event that can't be read: not well-formed, or beyond EVENT_XML_MAX_DEPTH or EVENT_XML_MAX_FIELDS.
     * place: what it was added with. */
    void (*bad)(void *context, size_t place, const struct fault *fault);
};

struct event_xml_parser;

/* read_from: as for event_xml_new(); its bytes are the caller's and stay. Returns 0 or -ENOMEM. */
int event_xml_parser_new(struct event_xml_parser **out, const struct event_xml_taker *taker, struct text read_from);

/* Frees p; NULL is allowed. */
void event_xml_parser_free(struct event_xml_parser *p);

/*
 * Adds a copy of xml: one whole event, of EVENT_XML_MAX_EVENT bytes at most; it is cleaned (event_xml_clean). Parses
 * what was added so far if that is much. What p has read before changes nothing: an event is what it is alone.
 * Returns 0; -ENOMEM; or what the taker returned: then nothing that was added is left.
 */
int event_xml_parser_add(struct event_xml_parser *p, struct text xml, size_t place);

/* Parses all that was added. Returns as event_xml_parser_add(). */
int event_xml_parser_flush(struct event_xml_parser *p);

#endif
