/*
 * eventlog_event: an event made of its values alone, for one whose XML can't be read (eventlog_event_win.c). Any
 * thread. Which values a kind of event has: detect/event/kinds.h. Source of their form:
 * learn.microsoft.com/windows/win32/api/winevt/ns-winevt-evt_variant.
 */
#ifndef COLLECTORS_EVENTLOG_EVENTLOG_EVENT_H
#define COLLECTORS_EVENTLOG_EVENTLOG_EVENT_H

#include "detect/base/fault.h"
#include "detect/event/event.h"

/* What an event's texts lie in. */
struct eventlog_event_memory {
    char *system, *texts;
    struct event_datum *data;
};

/*
 * Fills *event (is_from_values set), which borrows from *memory until eventlog_event_free(). handle: an EVT_HANDLE.
 * read_from: the channel that it was read from. Where not all values can be had, those that decide must do. Returns 0;
 * -ENOMEM; -EIO with fault: no values; -ENODATA: they are not those of a kind with fields of its own, or of a process
 * creation without a command line. Below 0 there is nothing to free.
 */
int eventlog_event_from_values(struct event *event, struct eventlog_event_memory *memory, void *handle,
                               struct text read_from, struct fault *fault);

void eventlog_event_free(struct eventlog_event_memory *memory);

#endif
