#include "collectors/event_xml/event_xml_parse.h"
#include "collectors/event_xml/event_xml.h"
#include "collectors/event_xml/event_xml_clean.h"
#include "collectors/event_xml/event_xml_values.h"

#include <assert.h>
#include <errno.h>
#include <expat.h>
#include <stdlib.h>

/*
 * Many events are parsed as one document, as the children of ROOT: setting a parser up costs as much as a fifth of an
 * event, and more where memory is allotted slowly; and expat counts the lines of what is not a document's end, which
 * costs another tenth. But it keeps all names of a document, each with some 100 bytes, so a document gets no further
 * event once it has this many bytes: 90 usual events; with more of them little is gained. Beyond those go only the
 * names of one event, EVENT_XML_MAX_FIELDS at most.
 */
#define BATCH_MAX (128u * 1024u)
#define BATCH_MAX_EVENTS 128u
#define ROOT "<e>"
#define ROOT_SIZE (sizeof(ROOT) - 1)

struct event_xml_parser {
    struct event_xml_taker taker;
    XML_Parser expat; /* NULL before the first document */
    char *batch;      /* the events that were added, one after the other */
    size_t batch_size, batch_used;
    struct {
        size_t end; /* in batch */
        size_t place;
    } events[BATCH_MAX_EVENTS];
    size_t count;    /* of events */
    size_t next;     /* the event that is parsed, or the next one */
    bool is_alone;   /* it is the whole document */
    bool is_stopped; /* nothing further of this document counts */
    int answer;      /* the taker's, if negative */
    struct event_xml_values *values;
    unsigned depth;       /* open elements */
    unsigned field_count; /* elements and attributes so far */
    const char *limit;    /* why parsing was stopped, or NULL */
};

int event_xml_parser_new(struct event_xml_parser **out, const struct event_xml_taker *taker, struct text read_from)
{
    struct event_xml_parser *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return -ENOMEM;
    struct event_xml_wanted asks = {taker->context, taker->wants, read_from};
    int rc = event_xml_values_new(&p->values, &asks);
    if (rc < 0) {
        free(p);
        return rc;
    }
    p->taker = *taker;
    *out = p;
    return 0;
}

void event_xml_parser_free(struct event_xml_parser *p)
{
    if (p == NULL)
        return;
    XML_ParserFree(p->expat); /* NULL is allowed */
    free(p->batch);
    event_xml_values_free(p->values);
    free(p);
}

/* Hands the event over that was parsed. Returns 0 or what the taker returned. */
static int hand_over(struct event_xml_parser *p)
{
    struct event event;
    if (!event_xml_values_take(&event, p->values))
        return 0;
    const char *why = event_xml_values_fault(p->values);
    if (why != NULL) {
        struct fault fault = {0};
        fault_set(&fault, "event_xml", EBADMSG, (struct text){NULL, 0}, why);
        p->taker.bad(p->taker.context, p->events[p->next].place, &fault);
        return 0;
    }
    return p->taker.event(p->taker.context, &event);
}

static void begin_event(struct event_xml_parser *p)
{
    event_xml_values_begin(p->values);
    p->depth = p->field_count = 0;
    p->limit = NULL;
}

/* Where the event that is parsed begins in batch. */
static size_t event_begin(const struct event_xml_parser *p)
{
    return p->next == 0 ? 0 : p->events[p->next - 1].end;
}

/* From a handler. */
static void stop(struct event_xml_parser *p)
{
    p->is_stopped = true;
    (void)XML_StopParser(p->expat, XML_FALSE); /* it is parsing */
}

/* A child of the root begins: where the event does? */
static void begin_child(struct event_xml_parser *p)
{
    if (XML_GetCurrentByteIndex(p->expat) != (XML_Index)(ROOT_SIZE + event_begin(p)))
        stop(p);
}

/* A child of the root ends. If that is where the event does, it is one element, from its first byte to its last, and
 * well-formed as it would be alone. */
static void end_child(struct event_xml_parser *p)
{
    XML_Index end = XML_GetCurrentByteIndex(p->expat) + XML_GetCurrentByteCount(p->expat);
    if (end != (XML_Index)(ROOT_SIZE + p->events[p->next].end) || (p->answer = hand_over(p)) < 0) {
        stop(p);
        return;
    }
    p->next++;
    begin_event(p);
}

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct event_xml_parser *p = user;
    size_t i = 0;
    while (attributes[i] != NULL)
        i += 2;
    p->depth++;
    p->field_count += 1 + (unsigned)(i / 2);
    if (p->depth > EVENT_XML_MAX_DEPTH || p->field_count > EVENT_XML_MAX_FIELDS) {
        p->limit = p->depth > EVENT_XML_MAX_DEPTH ? "elements are nested too deep" : "too many elements and attributes";
        stop(p);
        return;
    }
    if (p->depth == 1 && !p->is_alone)
        begin_child(p);
    event_xml_values_start(p->values, p->depth, name, attributes);
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    struct event_xml_parser *p = user;
    (void)name;        /* expat has checked it against the start tag's */
    if (p->is_stopped) /* expat reports the end of an empty element even after its start stopped the parser */
        return;
    event_xml_values_end(p->values, p->depth);
    p->depth--; /* below 0: the root's end, after which expat takes no element */
    if (p->depth == 0 && !p->is_alone)
        end_child(p);
}

static void XMLCALL on_text(void *user, const XML_Char *bytes, int size)
{
    struct event_xml_parser *p = user;
    event_xml_values_text(p->values, bytes, (size_t)size);
}

/*
 * What comes next begins a document; root, which may be empty, is no part of an event. A new parser, not
 * XML_ParserReset(): that keeps the buffer of the longest name of each depth for ever, and expat 2.8 gives no memory
 * beyond 64 MiB in all to a stream that is not yet as long as a hundredth of it (lib/xmlparse.c, "allocation tracker").
 */
static int begin_document(struct event_xml_parser *p, struct text root)
{
    XML_Parser expat = XML_ParserCreate("UTF-8");
    if (expat == NULL)
        return -ENOMEM;
    XML_ParserFree(p->expat);
    p->expat = expat;
    if (root.len > 0 && XML_Parse(p->expat, root.bytes, (int)root.len, XML_FALSE) != XML_STATUS_OK)
        return -ENOMEM; /* there is nothing wrong with the root */
    XML_SetUserData(p->expat, p);
    XML_SetElementHandler(p->expat, on_start, on_end);
    XML_SetCharacterDataHandler(p->expat, on_text);
    p->is_alone = root.len == 0;
    p->is_stopped = false;
    begin_event(p);
    return 0;
}

/*
 * Parses the batch as one document, which hands over its events up to the first that is not what it should be, or for
 * which there is no memory. The document is bad, as its root does not end; what counts is how far it came.
 */
static void parse_together(struct event_xml_parser *p)
{
    if (begin_document(p, text_from(ROOT)) == 0)
        (void)XML_Parse(p->expat, p->batch, (int)p->batch_used, XML_TRUE);
}

/* Parses the next event as a document of its own, so that nothing but its bytes decides what is said of it. */
static int parse_alone(struct event_xml_parser *p)
{
    struct fault fault = {0};
    size_t begin = event_begin(p), size = p->events[p->next].end - begin;
    if (begin_document(p, (struct text){NULL, 0}) < 0)
        return -ENOMEM;
    if (XML_Parse(p->expat, p->batch + begin, (int)size, XML_TRUE) == XML_STATUS_OK)
        return hand_over(p);
    enum XML_Error code = XML_GetErrorCode(p->expat);
    if (code == XML_ERROR_NO_MEMORY)
        return -ENOMEM;
    fault_set(&fault, "XML_Parse", code, (struct text){NULL, 0}, p->limit != NULL ? p->limit : XML_ErrorString(code));
    p->taker.bad(p->taker.context, p->events[p->next].place, &fault);
    return 0;
}

static int reserve_batch(struct event_xml_parser *p, size_t wanted)
{
    if (p->batch != NULL && wanted <= p->batch_size)
        return 0;
    size_t grown = 2 * p->batch_size > wanted ? 2 * p->batch_size : wanted + 1; /* none is NULL */
    char *batch = realloc(p->batch, grown);
    if (batch == NULL)
        return -ENOMEM;
    p->batch = batch;
    p->batch_size = grown;
    return 0;
}

int event_xml_parser_flush(struct event_xml_parser *p)
{
    if (p->count == 0)
        return 0;
    int rc = event_xml_values_reserve(p->values, p->batch_used);
    p->next = 0;
    p->answer = 0;
    if (rc == 0)
        parse_together(p);
    for (rc = rc < 0 ? rc : p->answer; rc >= 0 && p->next < p->count; p->next++)
        rc = parse_alone(p);
    p->count = p->batch_used = 0;
    return rc < 0 ? rc : 0;
}

int event_xml_parser_add(struct event_xml_parser *p, struct text xml, size_t place)
{
    assert(xml.len <= EVENT_XML_MAX_EVENT); /* so all fits an int */
    int rc = reserve_batch(p, p->batch_used + EVENT_XML_CLEAN_MAX(xml.len));
    if (rc < 0) {
        int flushed = event_xml_parser_flush(p);
        return flushed < 0 ? flushed : rc;
    }
    p->batch_used += event_xml_clean(p->batch + p->batch_used, xml).len;
    p->events[p->count].end = p->batch_used;
    p->events[p->count++].place = place;
    return p->batch_used < BATCH_MAX && p->count < BATCH_MAX_EVENTS ? 0 : event_xml_parser_flush(p);
}
