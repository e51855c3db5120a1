/*
 * Event XML from outside: no crash, no undefined behaviour, the same result whatever the chunks, and each event what it
 * is alone, whatever came before.
 * The first byte gives the size of the chunks, the rest is the stream.
 */
#include "collectors/event_xml/event_xml.h"
#include "collectors/event_xml/event_xml_clean.h"
#include "collectors/event_xml/event_xml_parse.h"
#include "collectors/event_xml/event_xml_split.h"
#include "detect/rules/rule_builtin.h"

#include <errno.h>
#include <expat.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct tally {
    uint64_t events, reports, sum;
    uint64_t matches; /* events that a rule matches */
};

static struct rule_set *rules;
static struct rule_scratch *scratch;

static void add(struct tally *t, uint64_t value)
{
    t->sum = t->sum * 1099511628211u + value;
}

static int take_event(void *context, const struct event *event)
{
    struct tally *t = context;
    const struct rule_match *match;
    t->events++;
    t->matches += rule_set_match(rules, event, 0, scratch, &match);
    add(t, event->time + event->record_id + event->pid + event->parent_pid + event->kind);
    for (size_t f = 0; f < EVENT_FIELD_COUNT; f++)
        for (size_t i = 0; i < event->field[f].len; i++)
            add(t, (unsigned char)event->field[f].bytes[i]);
    return 0;
}

static void take_report(void *context, const struct collector_report *report)
{
    struct tally *t = context;
    t->reports++;
    add(t, report->offset);
}

static void must(bool is_true)
{
    if (!is_true)
        abort();
}

static struct event_xml_counts run(struct tally *t, const uint8_t *data, size_t size, size_t step,
                                   const struct rule_set *scan)
{
    struct collector_sink sink = {.context = t, .event = take_event, .report = take_report};
    struct event_xml *x = NULL;
    must(event_xml_new(&x, &sink, text_from("fuzz"), (struct text){NULL, 0}, scan) == 0);
    for (size_t at = 0; at < size; at += step) {
        size_t part = size - at < step ? size - at : step;
        char *chunk = malloc(part);
        must(chunk != NULL);
        memcpy(chunk, data + at, part);
        must(event_xml_feed(x, chunk, part) == 0);
        free(chunk);
    }
    must(event_xml_end(x) == 0);
    struct event_xml_counts counts = event_xml_counts(x);
    event_xml_free(x);
    must(counts.bad == t->reports && counts.process >= t->events);
    return counts;
}

/* What expat says of the bytes as a document, whatever our limits; NULL: it is well-formed. */
static const char *fault_of(struct text xml)
{
    XML_Parser expat = XML_ParserCreate("UTF-8");
    must(expat != NULL);
    bool is_good = XML_Parse(expat, xml.bytes, (int)xml.len, XML_TRUE) == XML_STATUS_OK;
    const char *fault = is_good ? NULL : XML_ErrorString(XML_GetErrorCode(expat));
    XML_ParserFree(expat);
    return fault;
}

/* What comes out of a parser: of each event that was added. */
struct outcome {
    struct tally tally;
    struct fault fault; /* of the last bad one */
};

static int take_parsed(void *context, const struct event *event)
{
    struct outcome *o = context;
    return take_event(&o->tally, event);
}

static void take_bad(void *context, size_t place, const struct fault *fault)
{
    struct outcome *o = context;
    o->fault = *fault;
    o->tally.reports++;
    add(&o->tally, place);
}

static struct event_xml_parser *parser_for(struct outcome *o)
{
    const struct event_xml_taker taker = {.context = o, .event = take_parsed, .bad = take_bad};
    struct event_xml_parser *p = NULL;
    must(event_xml_parser_new(&p, &taker, (struct text){NULL, 0}) == 0);
    return p;
}

/* One event, or what may be one: adds it to p, and it alone to alone; is that what expat says? */
static void add_event(struct event_xml_parser *p, struct outcome *alone, struct text xml, size_t place)
{
    char *copy = malloc(xml.len + 1); /* the byte more is for none at all */
    char *cleaned = malloc(EVENT_XML_CLEAN_MAX(xml.len) + 1);
    must(copy != NULL && cleaned != NULL);
    memcpy(copy + 1, xml.bytes, xml.len);
    must(event_xml_parser_add(p, (struct text){copy + 1, xml.len}, place) == 0);
    free(copy);

    struct event_xml_parser *fresh = parser_for(alone);
    uint64_t bad = alone->tally.reports;
    must(event_xml_parser_add(fresh, xml, place) == 0 && event_xml_parser_flush(fresh) == 0);
    event_xml_parser_free(fresh);
    const char *document = fault_of(event_xml_clean(cleaned, xml));
    must(alone->tally.reports == bad ? document == NULL
                                     : document == NULL || strcmp(document, alone->fault.detail) == 0 ||
                                           strstr(alone->fault.detail, "too ") != NULL);
    free(cleaned);
}

/* Each event, and each line, one after the other through one parser: as alone? */
static void check_events(struct text stream)
{
    struct outcome together = {0}, alone = {0};
    struct event_xml_parser *p = parser_for(&together);
    struct event_xml_splitter splitter;
    struct event_xml_part part;
    size_t place = 0;
    event_xml_splitter_start(&splitter);
    while (event_xml_splitter_next(&splitter, stream, true, EVENT_XML_MAX_EVENT, &part) != FOUND_NOTHING)
        add_event(p, &alone, part.text, place++);
    for (struct text rest = stream; rest.len > 0;) {
        size_t length = text_find(rest, '\n');
        add_event(p, &alone, (struct text){rest.bytes, length}, place++);
        length += length < rest.len;
        rest = (struct text){rest.bytes + length, rest.len - length};
    }
    must(event_xml_parser_flush(p) == 0);
    must(together.tally.events == alone.tally.events && together.tally.sum == alone.tally.sum);
    must(together.tally.reports == alone.tally.reports && strcmp(together.fault.detail, alone.fault.detail) == 0);
    event_xml_parser_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (rules == NULL)
        must(rule_builtin_set(&rules, NULL) == 0 && rule_scratch_new(&scratch, rules) == 0);
    if (size < 2)
        return 0;
    check_events((struct text){(const char *)data + 1, size - 1});
    struct tally whole = {0}, parts = {0}, scanned = {0};
    struct event_xml_counts a = run(&whole, data + 1, size - 1, size, NULL);
    struct event_xml_counts b = run(&parts, data + 1, size - 1, 1u + data[0], NULL);
    must(a.events == b.events && a.process == b.process && a.bad == b.bad);
    must(whole.events == a.process && whole.sum == parts.sum && whole.events == parts.events);
    struct event_xml_counts c = run(&scanned, data + 1, size - 1, 1u + data[0], rules);
    must(c.events == a.events && c.bad <= a.bad && scanned.events <= whole.events + a.bad);
    must(scanned.matches >= whole.matches); /* the byte scan leaves out nothing that matches */
    return 0;
}
