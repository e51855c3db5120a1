/*
 * eventlog_render: one event of the Windows Event Log as values or as XML (eventlog_render_win.c). Its buffers grow to
 * the largest event seen and are used again: no allocation per event. One thread. Source:
 * learn.microsoft.com/windows/win32/api/winevt/nf-winevt-evtrender.
 */
#ifndef COLLECTORS_EVENTLOG_EVENTLOG_RENDER_H
#define COLLECTORS_EVENTLOG_EVENTLOG_RENDER_H

#include "detect/base/fault.h"
#include "detect/event/kinds.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Largest rendering taken, bytes. A record is at most about 64 KB (MS-EVEN6 section 3.1.4.10); as XML with every
 * character escaped it stays below 1 MB.
 */
#define EVENTLOG_MAX_RENDERING (4u * 1024u * 1024u)

struct eventlog_render;

/* A UTF-16 text inside the renderer's buffer; units NULL: the event has no such value. */
struct eventlog_text {
    const uint16_t *units;
    size_t count;
};

/* Longest name of a provider that is kept, UTF-8 with its NUL; a longer one is cut. */
#define EVENTLOG_MAX_PROVIDER 256u

/* What decides about an event. Valid until the next call with the same renderer. */
struct eventlog_values {
    const struct kinds_entry *entry; /* NULL: of no known kind */
    char provider[EVENTLOG_MAX_PROVIDER];
    bool is_clearing; /* Eventlog 1102 or 104: a log was cleared */
    bool is_unsure;   /* a command line is there, but not as a string: only the XML can tell */
    uint64_t event_id;
    uint64_t time;                     /* as struct event; 0: not known */
    struct eventlog_text command_line; /* of the new process */
    struct eventlog_text parent_command_line;
    /* Only if they were asked for; of the log that the event was written to first: */
    struct eventlog_text computer, channel;
    uint64_t record; /* its record id there; 0: not known */
};

/* Returns 0, -ENOMEM, or -EIO with fault. */
int eventlog_render_new(struct eventlog_render **out, struct fault *fault);
void eventlog_render_free(struct eventlog_render *render);

/* event: an EVT_HANDLE. with_origin: computer, channel and record too. Returns 0; -ENOMEM; -EMSGSIZE (too large) or
 * -EIO with fault: this event can't be rendered so. */
int eventlog_render_values(struct eventlog_render *render, void *event, bool with_origin,
                           struct eventlog_values *values, struct fault *fault);

/* *xml: UTF-8 inside the renderer, valid until the next call. Returns as above. */
int eventlog_render_xml(struct eventlog_render *render, void *event, struct text *xml, struct fault *fault);

/* The bookmark's own text, as *xml above. bookmark: an EVT_HANDLE. Returns as above. */
int eventlog_render_bookmark(struct eventlog_render *render, void *bookmark, struct text *xml, struct fault *fault);

#endif
