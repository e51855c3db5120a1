/*
 * event_xml_values: the elements of one event, as a parser comes upon them -> what is kept of it -> an event.
 */
#ifndef COLLECTORS_EVENT_XML_EVENT_XML_VALUES_H
#define COLLECTORS_EVENT_XML_EVENT_XML_VALUES_H

#include "detect/event/event.h"
#include <stdbool.h>
#include <stddef.h>

struct event_xml_values;

/* Which events are wanted. */
struct event_xml_wanted {
    void *context;
    bool (*wants)(void *context, const struct event *event); /* as collector_sink's */
    struct text read_from; /* as for event_xml_new(); the bytes are the caller's and stay */
};

/* Returns 0 or -ENOMEM. */
int event_xml_values_new(struct event_xml_values **out, const struct event_xml_wanted *asks);

/* Frees v; NULL is allowed. */
void event_xml_values_free(struct event_xml_values *v);

/* Makes room for each event that a document of size bytes may have, with up to EVENT_XML_MAX_FIELDS elements. Returns 0
 * or -ENOMEM. */
int event_xml_values_reserve(struct event_xml_values *v, size_t size);

/* An event begins; there is room. */
void event_xml_values_begin(struct event_xml_values *v);

/* An element of it begins; depth: 1 for the event itself. attributes: names and values by turns, then NULL. */
void event_xml_values_start(struct event_xml_values *v, unsigned depth, const char *name, const char **attributes);

/* Character data. */
void event_xml_values_text(struct event_xml_values *v, const char *bytes, size_t size);

/* The innermost element ends, which had this depth. */
void event_xml_values_end(struct event_xml_values *v, unsigned depth);

/* The event is whole. False: it is not wanted. True: it is *event, whose texts are v's until the next event begins. */
bool event_xml_values_take(struct event *event, struct event_xml_values *v);

/* Why the event that was taken can't be relied on (static): its time is not understood, or it is the creation of a
 * process without data, as Windows writes it where the data don't fit their template. NULL: it can. */
const char *event_xml_values_fault(const struct event_xml_values *v);

#endif
