/* evtx_event: the elements of a record -> an event, the same one that its XML gives (event_xml_values). */
#ifndef COLLECTORS_FILES_EVTX_EVENT_H
#define COLLECTORS_FILES_EVTX_EVENT_H

#include "collectors/files/evtx_tree.h"
#include "detect/event/event.h"

struct evtx_event;

/* Returns 0 or -ENOMEM. */
int evtx_event_new(struct evtx_event **out);

/* Frees e; NULL is allowed. */
void evtx_event_free(struct evtx_event *e);

/*
 * Reads nodes[0..count-1] into *event, whose texts are e's until the next call. Sets *is_one to whether it is one that
 * rules are for. Returns 0 or -ENOMEM.
 */
int evtx_event_read(struct process_event *event, bool *is_one, struct evtx_event *e, const struct evtx_node *nodes,
                    size_t count);

#endif
