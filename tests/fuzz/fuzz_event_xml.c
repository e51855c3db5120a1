/*
 * Event XML from outside: no crash, no undefined behaviour, the same result whatever the chunks, and each event what it
 * is alone, whatever came before.
 * The first byte gives the size of the chunks, the rest is the stream.
 */
#include "collectors/event_xml.h"
#include "collectors/event_xml_clean.h"
#include "collectors/event_xml_frame.h"
#include "collectors/event_xml_parse.h"

#include <errno.h>
#include <expat.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct tally {
    uint64_t events, reports, sum;
    uint64_t matches; /* events that a rule matches */
};

static struct matcher *matcher;

static void add(struct tally *t, uint64_t value)
{
    t->sum = t->sum * 1099511628211u + value;
}

static int take_event(void *context, const struct process_event *event)
{
    struct tally *t = context;
    struct match match;
    t->events++;
    t->matches += matcher_match(matcher, event, &match) != 0;
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
                                   const struct matcher *scan)
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

/* Parses a copy of xml that ends where it ends; adds to t what came out of it. */
static int parse(struct tally *t, struct event_xml_parser *p, struct text xml, struct fault *fault)
{
    struct process_event event;
    bool is_process = false;
    char *copy = malloc(xml.len + 1); /* the byte more is for none at all */
    must(copy != NULL);
    memcpy(copy + 1, xml.bytes, xml.len);
    int rc = event_xml_parse(&event, &is_process, p, (struct text){copy + 1, xml.len}, (struct text){NULL, 0}, fault);
    if (rc == 0 && is_process)
        (void)take_event(t, &event); /* it returns 0 */
    free(copy);
    return rc;
}

/* One event, or what may be one, after others: as alone? */
static void check_event(struct event_xml_parser *p, struct text xml)
{
    struct event_xml_parser *fresh = NULL;
    struct fault fault = {0}, want = {0};
    struct tally got = {0}, alone = {0};
    char *cleaned = malloc(EVENT_XML_CLEAN_MAX(xml.len) + 1);
    must(cleaned != NULL && event_xml_parser_new(&fresh) == 0);
    struct text clean = event_xml_clean(cleaned, xml);
    must(event_xml_is_clean(xml) == text_equal(clean, xml) && event_xml_is_clean(clean));
    int rc = parse(&got, p, clean, &fault);
    must(rc == parse(&alone, fresh, clean, &want) && strcmp(fault.detail, want.detail) == 0);
    must(got.events == alone.events && got.sum == alone.sum);
    const char *document = fault_of(clean);
    must(rc == 0 ? document == NULL
                 : rc == -EBADMSG && (document == NULL || strcmp(document, fault.detail) == 0 ||
                                      strstr(fault.detail, "too ") != NULL));
    event_xml_parser_free(fresh);
    free(cleaned);
}

/* Each event, and each line, one after the other through one parser. */
static void check_events(struct text stream)
{
    struct event_xml_parser *p = NULL;
    struct event_xml_framer framer;
    struct event_xml_frame frame;
    enum event_xml_found found;
    must(event_xml_parser_new(&p) == 0);
    event_xml_framer_start(&framer);
    while ((found = event_xml_framer_next(&framer, stream, true, EVENT_XML_MAX_EVENT, &frame)) != FOUND_NOTHING)
        check_event(p, frame.text);
    for (struct text rest = stream; rest.len > 0;) {
        size_t length = text_find(rest, '\n');
        check_event(p, (struct text){rest.bytes, length});
        length += length < rest.len;
        rest = (struct text){rest.bytes + length, rest.len - length};
    }
    event_xml_parser_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t rule_count;
    const struct rule *const *rules = rules_all(&rule_count);
    if (matcher == NULL)
        must(matcher_new(&matcher, rules, rule_count) == 0);
    if (size < 2)
        return 0;
    check_events((struct text){(const char *)data + 1, size - 1});
    struct tally whole = {0}, parts = {0}, scanned = {0};
    struct event_xml_counts a = run(&whole, data + 1, size - 1, size, NULL);
    struct event_xml_counts b = run(&parts, data + 1, size - 1, 1u + data[0], NULL);
    must(a.events == b.events && a.process == b.process && a.bad == b.bad);
    must(whole.events == a.process && whole.sum == parts.sum && whole.events == parts.events);
    struct event_xml_counts c = run(&scanned, data + 1, size - 1, 1u + data[0], matcher);
    must(c.events == a.events && c.bad <= a.bad && scanned.events <= whole.events + a.bad);
    must(scanned.matches >= whole.matches); /* the byte scan leaves out nothing that matches */
    return 0;
}
