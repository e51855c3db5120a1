/*
 * event_xml: rendered event XML -> events. A stream of bytes in any chunks goes in; each event in it that the sink
 * wants comes out once.
 *
 * Takes what Windows and the usual exporters write: one event a line or pretty-printed, <Events> root or none, XML
 * declaration or none, single or double quotes, UTF-8 or UTF-16 with a byte order mark, raw control characters and
 * bytes that are not UTF-8 (read as U+FFFD). An event's own data are the Data and Binary of EventData, with or without
 * a name, and of UserData the elements that have none inside. RenderingInfo and Message are never looked at. Values
 * keep their white space, but line ends are LF, as in all XML; an element inside a value of EventData is read as U+FFFD
 * at its start and end. Source: docs/event-xml.md.
 *
 * One bad event never stops the stream: it is reported with its offset and left out. DTDs and entity declarations make
 * an event bad; nothing is ever loaded from elsewhere.
 */
#ifndef COLLECTORS_EVENT_XML_EVENT_XML_H
#define COLLECTORS_EVENT_XML_EVENT_XML_H

#include "collectors/collector.h"
#include "detect/rule/rule_set.h"
#include <stdint.h>

/*
 * Largest event, bytes of XML. A command line of 32767 units with each written as a reference of at most 10 bytes is
 * 328 KB; Windows' own limit for a record is 64 KB (docs/event-xml.md). A larger one is bad and skipped unread.
 */
#define EVENT_XML_MAX_EVENT (2u * 1024u * 1024u)

/* Deepest element in an event that Windows writes is 5 or so; deeper than this is bad. */
#define EVENT_XML_MAX_DEPTH 64

/* Most elements and attributes in one event: the largest known templates have under 200 fields. */
#define EVENT_XML_MAX_FIELDS 4096

struct event_xml;

/* What has been seen so far. */
struct event_xml_counts {
    uint64_t events;  /* <Event> elements, good or bad; 0 at the end: the stream was no event XML */
    uint64_t process; /* process creations handed to the sink, or ruled out by the rules' byte scan (of those only
                         the beginning is read: provider and id) */
    uint64_t taken;   /* events of any kind handed to the sink */
    uint64_t bad;     /* reported as COLLECTOR_BAD_EVENT: bad events, and DOCTYPEs between events */
};

/*
 * Makes a reader. sink: its event and report are used; it must outlive the reader. source names the stream in reports;
 * copied. read_from: the channel that the events are read from (decides EVENT_SECURITY_4688 or EVENT_FORWARDED_4688);
 * absent: each event's own Channel decides. rules: NULL, or those whose byte scan lets the reader leave out
 * events that certainly match no rule without parsing them (they are then not handed to the sink, nor checked for being
 * bad). Returns 0 or -ENOMEM.
 */
int event_xml_new(struct event_xml **out, const struct collector_sink *sink, struct text source, struct text read_from,
                  const struct rule_set *rules);

/* Frees x; NULL is allowed. */
void event_xml_free(struct event_xml *x);

/*
 * Feeds the next bytes; size may be 0. An event is handed over when a byte after its end tag has come (a line end), or
 * by event_xml_end(). Whole events in one call are read where they lie; only one that goes on in the next is copied.
 * Returns 0; what the sink's event returned if negative; -ENOMEM. After an error the stream is forgotten: the next
 * bytes begin a new one.
 */
int event_xml_feed(struct event_xml *x, const char *bytes, size_t size);

/* The stream ends here: an event that has begun and not ended is bad. Returns as feed does. x may then be fed anew. */
int event_xml_end(struct event_xml *x);

/*
 * The first byte of the stream that is fed next has this offset in reports. For records that are fed one by one, each
 * a stream: their number. Only after event_xml_new or event_xml_end, which set it to 0.
 */
void event_xml_place(struct event_xml *x, uint64_t offset);

struct event_xml_counts event_xml_counts(const struct event_xml *x);

#endif
