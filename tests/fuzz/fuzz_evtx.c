/*
 * .evtx from outside: no crash, no undefined behaviour, the same result whatever the pieces it comes in, and what a
 * rule matches is given with the scan for terms as without.
 * The first byte says what the input is: a file, a chunk's records (a good header is put before them), or the binary
 * XML of one record; the second gives the size of the pieces.
 */
#include "collectors/evtx/evtx.h"
#include "collectors/evtx/evtx_xml.h"
#include "detect/rules/rule_builtin.h"

#include <stdlib.h>

struct tally {
    uint64_t events, reports, matches, sum;
};

static struct rule_set *rules;
static struct rule_scratch *scratch;

static void must(bool is_true)
{
    if (!is_true)
        abort();
}

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
    add(t, event->time + event->record_id + event->pid + event->kind);
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

static struct evtx_counts run(struct tally *t, const unsigned char *bytes, size_t size, size_t step,
                              const struct rule_set *with)
{
    struct collector_sink sink = {.context = t, .event = take_event, .report = take_report};
    struct evtx *e = NULL;
    struct fault fault;
    must(evtx_new(&e, &sink, text_from("fuzz"), with, NULL) == 0);
    for (size_t at = 0; at < size; at += step) {
        size_t part = size - at < step ? size - at : step;
        char *piece = malloc(part);
        must(piece != NULL);
        memcpy(piece, bytes + at, part);
        must(evtx_feed(e, piece, part) == 0);
        free(piece);
    }
    (void)evtx_end(e, &fault); /* whether it breaks off is as it may be */
    struct evtx_counts counts = evtx_counts(e);
    evtx_free(e);
    must(counts.bad == t->reports && counts.taken == t->events && counts.suspects <= counts.bad);
    return counts;
}

/* All that prints a record: its XML. */
static void print(const unsigned char *bytes, size_t size)
{
    struct evtx_tree *tree = NULL;
    struct evtx_buffer buffer = {0};
    struct evtx_walk walk;
    struct evtx_record record;
    must(evtx_tree_new(&tree) == 0);
    struct evtx_chunk chunk = {bytes, size < EVTX_CHUNK_SIZE ? size : EVTX_CHUNK_SIZE};
    evtx_tree_chunk(tree, chunk);
    evtx_walk_start(&walk, chunk);
    for (enum evtx_found found; (found = evtx_walk_next(&walk, &record)) != EVTX_FOUND_END;) {
        const struct evtx_node *nodes;
        const char *why;
        size_t count;
        struct text xml;
        must(record.offset + record.size <= chunk.size);
        if (found == EVTX_FOUND_RECORD && evtx_tree_read(&nodes, &count, tree, &record, &why) == 0)
            must(evtx_xml_write(&xml, &buffer, nodes, count) == 0);
    }
    free(buffer.bytes);
    evtx_tree_free(tree);
}

/* Puts before the input what it lacks to be a file. */
static size_t complete(unsigned char *to, unsigned what, const uint8_t *data, size_t size)
{
    size_t at = 0;
    uint32_t length;
    if (what > 0) {
        memcpy(to, EVTX_CHUNK_SIGNATURE, EVTX_SIGNATURE_SIZE);
        memset(to + EVTX_SIGNATURE_SIZE, 0, 512 - EVTX_SIGNATURE_SIZE);
        at = 512;
    }
    if (what > 1) {
        length = (uint32_t)(size + 28);
        memset(to + at, 0, EVTX_RECORD_HEADER_SIZE);
        memcpy(to + at, "**", 2);
        memcpy(to + at + 4, &length, 4);
        at += EVTX_RECORD_HEADER_SIZE;
    }
    memcpy(to + at, data, size);
    at += size;
    if (what > 1) {
        memcpy(to + at, &length, 4);
        at += 4;
    }
    length = (uint32_t)at;
    if (what > 0)
        memcpy(to + 48, &length, 4);
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (rules == NULL)
        must(rule_builtin_set(&rules, NULL) == 0 && rule_scratch_new(&scratch, rules) == 0);
    if (size < 3 || size > 4 * EVTX_CHUNK_SIZE)
        return 0;
    unsigned char *bytes = malloc(size + 1024);
    must(bytes != NULL);
    size_t length = complete(bytes, data[0] % 3, data + 2, size - 2);
    struct tally whole = {0}, parts = {0}, scanned = {0};
    struct evtx_counts a = run(&whole, bytes, length, length, NULL);
    struct evtx_counts b = run(&parts, bytes, length, 1 + 97u * data[1], NULL);
    must(a.events == b.events && a.bad == b.bad && a.process == b.process && whole.sum == parts.sum);
    must(whole.events == a.taken);
    (void)run(&scanned, bytes, length, length, rules);
    must(scanned.matches >= whole.matches); /* the scan leaves out nothing that matches */
    print(bytes, length);
    free(bytes);
    return 0;
}
