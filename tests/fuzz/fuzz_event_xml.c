/*
 * Event XML from outside: no crash, no undefined behaviour, and the same result whatever the chunks, and whatever the
 * parser has read before.
 * The first byte gives the size of the chunks, the rest is the stream.
 */
#include "collectors/event_xml.h"
#include "collectors/event_xml_clean.h"
#include "collectors/event_xml_frame.h"
#include "collectors/event_xml_parse.h"

#include <errno.h>
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

/* What a parser makes of xml, as a number. */
static uint64_t parsed(struct event_xml_parser *p, struct text xml)
{
    struct process_event event;
    struct fault fault = {0};
    struct tally t = {0};
    bool is_process = false;
    int rc = event_xml_parse(&event, &is_process, p, xml, (struct text){NULL, 0}, &fault);
    must(rc == 0 || rc == -EBADMSG);
    if (rc == 0 && is_process)
        must(take_event(&t, &event) == 0);
    for (const char *c = fault.detail; *c != '\0'; c++)
        add(&t, (unsigned char)*c);
    return t.sum + (uint64_t)(is_process ? 2 : rc == 0);
}

/* A parser that has read other events before reads each as a new one does. */
static void compare_parsers(struct text stream)
{
    struct event_xml_framer f;
    struct event_xml_frame frame;
    struct event_xml_parser *old = NULL;
    enum event_xml_found found;
    event_xml_framer_start(&f);
    must(event_xml_parser_new(&old) == 0);
    while ((found = event_xml_framer_next(&f, stream, true, EVENT_XML_MAX_EVENT, &frame)) != FOUND_NOTHING) {
        struct event_xml_parser *fresh = NULL;
        char *clean = malloc(EVENT_XML_CLEAN_MAX(frame.text.len) + 1);
        must(clean != NULL && event_xml_parser_new(&fresh) == 0);
        struct text xml = event_xml_clean(clean, frame.text);
        if (found == FOUND_EVENT)
            must(parsed(old, xml) == parsed(fresh, xml));
        event_xml_parser_free(fresh);
        free(clean);
    }
    event_xml_parser_free(old);
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
    struct tally whole = {0}, parts = {0}, scanned = {0};
    struct event_xml_counts a = run(&whole, data + 1, size - 1, size, NULL);
    struct event_xml_counts b = run(&parts, data + 1, size - 1, 1u + data[0], NULL);
    must(a.events == b.events && a.process == b.process && a.bad == b.bad);
    must(whole.events == a.process && whole.sum == parts.sum && whole.events == parts.events);
    struct event_xml_counts c = run(&scanned, data + 1, size - 1, 1u + data[0], matcher);
    must(c.events == a.events && c.bad <= a.bad && scanned.events <= whole.events + a.bad);
    must(scanned.matches >= whole.matches); /* the byte scan leaves out nothing that matches */
    compare_parsers((struct text){(const char *)data + 1, size - 1});
    return 0;
}
