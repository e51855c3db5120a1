/*
 * eventlog_event: a process event made of an event's values alone, for one whose XML can't be read
 * (eventlog_event_win.c). Any thread. Source: the templates of Security-Auditing 4688 and Sysmon 1;
 * learn.microsoft.com/windows/win32/api/winevt/ns-winevt-evt_variant.
 */
#ifndef COLLECTORS_EVENTLOG_EVENTLOG_EVENT_H
#define COLLECTORS_EVENTLOG_EVENTLOG_EVENT_H

#include "detect/base/fault.h"
#include "detect/event/event.h"

/*
 * Fills *event (is_from_values set); its texts lie in *memory, which the caller frees. handle: an EVT_HANDLE.
 * read_from: the channel that it was read from. Where not all values can be had, those that decide must do. Returns 0;
 * -ENOMEM; -EIO with fault: no values; -ENODATA: they are not those of a process creation with a command
 * line.
 */
int eventlog_event_from_values(struct process_event *event, void **memory, void *handle, struct text read_from,
                               struct fault *fault);

#endif
