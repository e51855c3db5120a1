#include "collectors/event_xml/event_xml.h"
#include "collectors/event_xml/event_xml_kind.h"
#include "collectors/event_xml/event_xml_mixed.h"
#include "collectors/event_xml/event_xml_parse.h"
#include "collectors/event_xml/event_xml_reference.h"
#include "collectors/event_xml/event_xml_split.h"
#include "collectors/event_xml/event_xml_utf16.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes added at a time to an event that began in an earlier chunk: what is copied of a chunk that need not be. */
#define SLICE 4096u

/* Bytes that are looked through for words at a time: they are then still in the processor's first cache for the
 * splitter.
 */
#define AHEAD 16384u

enum encoding { ENCODING_UNKNOWN, ENCODING_UTF8, ENCODING_UTF16 };

struct buffer {
    char *bytes;
    size_t size, used;
};

struct event_xml {
    struct collector_sink sink;
    char *names; /* what source and read_from are copied to */
    struct text source, read_from;
    const struct rule_set *rules;
    struct event_xml_counts counts;
    struct event_xml_parser *parser;
    struct event_xml_splitter splitter;
    struct event_xml_kind_memory last_kind;
    struct buffer carried; /* an event that began in an earlier chunk */
    struct buffer resolved;
    struct text taken; /* the region's text */
    size_t between;    /* offset in it of what follows the last event */
    struct event_xml_mixed mixed;
    uint64_t offset; /* in the stream as it was fed, of the byte that is measured from ... */
    size_t measured; /* ... here, in the splitter's region */
    enum encoding encoding;
    char first[2]; /* the stream's first bytes, until encoding is known */
    size_t first_count;
    struct event_xml_utf16 utf16;
    char *utf16_block;
};

/* A stretch of UTF-8 whose events are looked for. */
struct region {
    struct text text;
    bool is_last;     /* nothing follows it */
    bool is_chunk;    /* is it as it was fed, many events, none of which was looked at before? */
    size_t ruled_out; /* events that end here or before certainly fulfil no rule (if they are plain) */
};

static int buffer_reserve(struct buffer *b, size_t size)
{
    if (size <= b->size)
        return 0;
    size_t grown = b->size * 2 > size ? b->size * 2 : size;
    char *bytes = realloc(b->bytes, grown);
    if (bytes == NULL)
        return -ENOMEM;
    b->bytes = bytes;
    b->size = grown;
    return 0;
}

static int copy_names(struct event_xml *x, struct text source, struct text read_from)
{
    x->names = malloc(source.len + read_from.len + 1);
    if (x->names == NULL)
        return -ENOMEM;
    if (source.len > 0)
        memcpy(x->names, source.bytes, source.len);
    if (read_from.len > 0)
        memcpy(x->names + source.len, read_from.bytes, read_from.len);
    x->source = (struct text){source.bytes == NULL ? NULL : x->names, source.len};
    x->read_from = (struct text){read_from.bytes == NULL ? NULL : x->names + source.len, read_from.len};
    return 0;
}

/* Offset in the stream of the byte at in the region, which lies at or after the one asked for last. */
static uint64_t stream_offset(struct event_xml *x, size_t at)
{
    struct text between = {x->taken.bytes + x->measured, at - x->measured};
    x->offset += x->encoding == ENCODING_UTF16 ? event_xml_utf16_size(between) : between.len;
    x->measured = at;
    return x->offset;
}

/* Reports the event at place in the region. */
static void on_bad(void *context, size_t place, const struct fault *fault)
{
    struct event_xml *x = context;
    struct fault named = *fault;
    (void)text_copy(named.object, sizeof(named.object), x->source); /* cut where longer */
    struct collector_report report = {
        .kind = COLLECTOR_BAD_EVENT,
        .source = x->source,
        .offset = stream_offset(x, place),
        .fault = &named,
    };
    x->counts.bad++;
    x->sink.report(x->sink.context, &report);
}

static bool on_wants(void *context, const struct event *event)
{
    const struct event_xml *x = context;
    return collector_wants(&x->sink, event);
}

static int on_event(void *context, const struct event *event)
{
    struct event_xml *x = context;
    x->counts.process += event_kind_is_process(event->kind);
    x->counts.taken++;
    int rc = x->sink.event(x->sink.context, event);
    return rc < 0 ? rc : 0;
}

int event_xml_new(struct event_xml **out, const struct collector_sink *sink, struct text source, struct text read_from,
                  const struct rule_set *rules)
{
    struct event_xml *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return -ENOMEM;
    x->sink = *sink;
    x->rules = rules;
    event_xml_splitter_start(&x->splitter);
    const struct event_xml_taker taker = {.context = x, .wants = on_wants, .event = on_event, .bad = on_bad};
    int rc = copy_names(x, source, read_from);
    if (rc == 0)
        rc = event_xml_parser_new(&x->parser, &taker, x->read_from);
    if (rc < 0) {
        event_xml_free(x);
        return rc;
    }
    *out = x;
    return 0;
}

void event_xml_free(struct event_xml *x)
{
    if (x == NULL)
        return;
    event_xml_parser_free(x->parser);
    free(x->utf16_block);
    free(x->resolved.bytes);
    free(x->carried.bytes);
    free(x->names);
    free(x);
}

struct event_xml_counts event_xml_counts(const struct event_xml *x)
{
    return x->counts;
}

void event_xml_place(struct event_xml *x, uint64_t offset)
{
    x->offset = offset;
}

/* Are no terms in the event's bytes? Looks ahead of it, too. */
static bool is_without_terms(const struct event_xml *x, struct region *region, struct text event)
{
    size_t start = (size_t)(event.bytes - region->text.bytes), end = start + event.len;
    if (end > region->ruled_out) {
        size_t ahead = end;
        if (region->is_chunk && ahead - start < AHEAD)
            ahead = region->text.len - start < AHEAD ? region->text.len : start + AHEAD;
        region->ruled_out = rule_set_bytes_find(x->rules, (struct text){region->text.bytes, ahead}, start);
    }
    return end <= region->ruled_out;
}

/* Can the event be left to its kind alone, as it certainly fulfils no rule? */
static bool is_ruled_out(struct event_xml *x, struct region *region, const struct event_xml_part *part)
{
    if (x->rules == NULL || part->hides == HIDES_ANYWHERE || !is_without_terms(x, region, part->text))
        return false;
    if (part->hides == HIDES_NOTHING)
        return true;
    if (buffer_reserve(&x->resolved, part->text.len) < 0)
        return false;
    return !rule_set_bytes_may_match(x->rules, event_xml_resolve(x->resolved.bytes, part->text));
}

static int take_event(struct event_xml *x, struct region *region, const struct event_xml_part *part, size_t place)
{
    const struct kinds_entry *entry;
    if (!is_ruled_out(x, region, part) || !event_xml_kind_recall(&entry, &x->last_kind, part->text))
        return event_xml_parser_add(x->parser, part->text, place);
    x->counts.process += entry != NULL && event_kind_is_process(entry->kind);
    return 0;
}

/* What is no event, or one that can't be read. */
static int take_other(struct event_xml *x, enum event_xml_found found, const struct event_xml_part *part, size_t place)
{
    struct fault fault = {.call = "event_xml", .code = EBADMSG};
    const char *why = found == FOUND_BAD ? part->fault : "document type definitions are refused";
    (void)text_copy(fault.detail, sizeof(fault.detail), text_from(why)); /* it fits */
    int rc = event_xml_parser_flush(x->parser);                          /* reports keep the order of the stream */
    if (rc == 0)
        on_bad(x, place, &fault);
    return rc;
}

/* Reports events that are there, but in another encoding, between the last event and end; once for all of them. */
static int report_mixed(struct event_xml *x, size_t end)
{
    struct fault fault = {.call = "event_xml", .code = EBADMSG};
    size_t begin = x->between, after;
    struct text more = {x->taken.bytes + begin, end - begin};
    if (!event_xml_mixed_look(&x->mixed, more, x->encoding == ENCODING_UTF16, &after))
        return 0;
    (void)text_copy(
        fault.detail, sizeof(fault.detail),
        text_from("what follows is in another encoding than the file's beginning, so its events are not read: "
                  "convert the file to one")); /* it fits */
    int rc = event_xml_parser_flush(x->parser);
    if (rc == 0)
        on_bad(x, begin + after, &fault);
    return rc;
}

/* An event was found, or what should be one, from begin on. */
static int end_between(struct event_xml *x, size_t begin, size_t end)
{
    int rc = 0;
    if (begin > x->between && begin - x->between + x->mixed.count >= EVENT_XML_MIXED_MIN) /* seldom: a line end */
        rc = report_mixed(x, begin);
    x->between = end;
    x->mixed.count = 0;
    return rc;
}

/* Takes all that region has. */
static int take_region(struct event_xml *x, struct region *region)
{
    int rc = 0;
    x->taken = region->text;
    while (rc == 0) {
        struct event_xml_part part;
        enum event_xml_found found =
            event_xml_splitter_next(&x->splitter, region->text, region->is_last, EVENT_XML_MAX_EVENT, &part);
        if (found == FOUND_NOTHING)
            break;
        size_t place = (size_t)(part.text.bytes - region->text.bytes);
        x->counts.events += found != FOUND_DOCTYPE;
        rc = end_between(x, place, place + part.text.len);
        if (rc == 0)
            rc = found == FOUND_EVENT ? take_event(x, region, &part, place) : take_other(x, found, &part, place);
        x->mixed.is_found = x->mixed.is_found && found != FOUND_EVENT;
    }
    size_t done = event_xml_splitter_done(&x->splitter);
    if (rc == 0 && done > x->between) {
        rc = report_mixed(x, done);
        x->between = done;
    }
    int flushed = event_xml_parser_flush(x->parser);
    return rc < 0 ? rc : flushed;
}

/* The region's first count bytes are done with. */
static void drop(struct event_xml *x, size_t count)
{
    (void)stream_offset(x, count); /* only moves what is measured from */
    x->measured = 0;
    x->between -= x->between < count ? x->between : count;
    event_xml_splitter_drop(&x->splitter, count);
}

static int carry(struct event_xml *x, const char *bytes, size_t size)
{
    int rc = buffer_reserve(&x->carried, x->carried.used + size);
    if (rc == 0 && size > 0) {
        memcpy(x->carried.bytes + x->carried.used, bytes, size);
        x->carried.used += size;
    }
    return rc;
}

/* Adds up to a slice of the chunk to what is carried. *taken: bytes of the chunk that are done with or carried now. */
static int take_carried(struct event_xml *x, const char *bytes, size_t size, size_t *taken)
{
    size_t before = x->carried.used;
    *taken = size < SLICE ? size : SLICE;
    int rc = carry(x, bytes, *taken);
    if (rc < 0)
        return rc;
    struct region region = {.text = {x->carried.bytes, x->carried.used}};
    rc = take_region(x, &region);
    size_t done = event_xml_splitter_done(&x->splitter);
    if (done >= before) { /* what follows can be read where it lies */
        *taken = done - before;
        drop(x, done);
        x->carried.used = 0;
    } else if (done > x->carried.used / 2) {
        drop(x, done);
        x->carried.used -= done;
        memmove(x->carried.bytes, x->carried.bytes + done, x->carried.used);
    }
    return rc;
}

static int feed_utf8(struct event_xml *x, const char *bytes, size_t size)
{
    int rc = 0;
    while (rc == 0 && size > 0 && x->carried.used > 0) {
        size_t taken = 0;
        rc = take_carried(x, bytes, size, &taken);
        bytes += taken;
        size -= taken;
    }
    if (rc < 0 || size == 0)
        return rc;
    struct region region = {.text = {bytes, size}, .is_chunk = true};
    rc = take_region(x, &region);
    size_t done = event_xml_splitter_done(&x->splitter);
    drop(x, done);
    return rc < 0 ? rc : carry(x, bytes + done, size - done);
}

static int feed_utf16(struct event_xml *x, const char *bytes, size_t size)
{
    int rc = 0;
    while (rc == 0 && size > 0) {
        struct text block = event_xml_utf16_next(&x->utf16, x->utf16_block, &bytes, &size);
        rc = feed_utf8(x, block.bytes, block.len);
    }
    return rc;
}

/* Tells the encoding by first[2]. */
static int begin(struct event_xml *x, const char *first)
{
    bool is_big_endian;
    x->encoding = ENCODING_UTF8;
    if (!event_xml_utf16_begins(first, &is_big_endian))
        return 0;
    x->utf16 = (struct event_xml_utf16){.is_big_endian = is_big_endian};
    if (x->utf16_block == NULL)
        x->utf16_block = malloc(EVENT_XML_UTF16_ROOM);
    if (x->utf16_block == NULL)
        return -ENOMEM;
    x->encoding = ENCODING_UTF16;
    return 0;
}

static int feed_known(struct event_xml *x, const char *bytes, size_t size)
{
    return x->encoding == ENCODING_UTF16 ? feed_utf16(x, bytes, size) : feed_utf8(x, bytes, size);
}

/* As new, but for the counts. */
static void restart(struct event_xml *x)
{
    event_xml_splitter_start(&x->splitter);
    x->carried.used = 0;
    x->offset = 0;
    x->measured = 0;
    x->encoding = ENCODING_UNKNOWN;
    x->first_count = 0;
    x->between = 0;
    x->mixed = (struct event_xml_mixed){0};
}

static int feed(struct event_xml *x, const char *bytes, size_t size)
{
    if (x->encoding != ENCODING_UNKNOWN || size == 0)
        return feed_known(x, bytes, size);
    int rc = 0;
    if (x->first_count == 0 && size >= sizeof(x->first)) {
        rc = begin(x, bytes);
        return rc < 0 ? rc : feed_known(x, bytes, size);
    }
    x->first[x->first_count++] = bytes[0];
    if (x->first_count < sizeof(x->first))
        return 0; /* size is 1 */
    rc = begin(x, x->first);
    if (rc == 0)
        rc = feed_known(x, x->first, sizeof(x->first));
    return rc < 0 ? rc : feed_known(x, bytes + 1, size - 1);
}

int event_xml_feed(struct event_xml *x, const char *bytes, size_t size)
{
    int rc = feed(x, bytes, size);
    if (rc < 0)
        restart(x);
    return rc;
}

int event_xml_end(struct event_xml *x)
{
    struct region region = {.text = {x->carried.bytes, x->carried.used}, .is_last = true};
    int rc = region.text.len == 0 ? 0 : take_region(x, &region);
    restart(x);
    return rc;
}
