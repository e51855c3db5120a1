/*
 * event_xml_parse: the XML of one event -> a process event, by libexpat.
 */
#ifndef COLLECTORS_EVENT_XML_PARSE_H
#define COLLECTORS_EVENT_XML_PARSE_H

#include "detect/event.h"
#include "detect/fault.h"

struct event_xml_parser;

/* Returns 0 or -ENOMEM. */
int event_xml_parser_new(struct event_xml_parser **out);

/* Frees p; NULL is allowed. */
void event_xml_parser_free(struct event_xml_parser *p);

/*
 * Parses xml: one whole event of EVENT_XML_MAX_EVENT bytes at most before event_xml_clean(), and clean. read_from: as
 * for event_xml_new(). Sets *is_process, and *event if that is true; event's texts are p's and stay until the next
 * call. What p has read before changes nothing: an event is what it is alone. Returns 0; -EBADMSG: not well-formed, or
 * beyond EVENT_XML_MAX_DEPTH or EVENT_XML_MAX_FIELDS (fault says); -ENOMEM.
 */
int event_xml_parse(struct process_event *event, bool *is_process, struct event_xml_parser *p, struct text xml,
                    struct text read_from, struct fault *fault);

#endif
