/* evtx_event: the elements of a record -> an event, the same one that its XML gives (event_xml_values). */
#ifndef COLLECTORS_FILES_EVTX_EVENT_H
#define COLLECTORS_FILES_EVTX_EVENT_H

#include "collectors/event_xml/event_xml_values.h"
#include "collectors/evtx/evtx_tree.h"

struct evtx_event;

/* asks: which events are wanted. Returns 0 or -ENOMEM. */
int evtx_event_new(struct evtx_event **out, const struct event_xml_wanted *asks);

/* Frees e; NULL is allowed. */
void evtx_event_free(struct evtx_event *e);

/*
 * Reads nodes[0..count-1] into *event, whose texts are e's until the next call. *is_wanted: whether it is
 * wanted, and so was read. *why:
 * NULL, or why it can't be relied on (event_xml_values_fault). Returns 0 or -ENOMEM.
 */
int evtx_event_read(struct event *event, bool *is_wanted, const char **why, struct evtx_event *e,
                    const struct evtx_node *nodes, size_t count);

#endif
