#include "collectors/evtx/evtx.h"

#include "collectors/evtx/evtx_event.h"
#include "collectors/evtx/evtx_sift.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Where a file's header tells the number of chunks. */
#define HEADER_CHUNKS 42u

static const char in_chunk[] = "the file breaks off in the chunk";

/* Answers of the sink that are kept, a power of two: with many rules each takes longer than reading a record. */
#define ANSWERS 64u

/* Longest name of a provider or channel of which an answer is kept, bytes. */
#define ANSWER_NAME_MAX 120u

struct answer {
    uint32_t event_id;
    uint8_t provider_size, channel_size; /* 0 and 0: none is kept */
    bool is_wanted;
    char names[2 * ANSWER_NAME_MAX]; /* the provider's, then the channel's */
};

struct evtx {
    struct collector_sink sink;
    char *name; /* what source is copied to */
    struct text source;
    struct evtx_sift *sift; /* NULL: every record is read */
    struct evtx_given *given, *own_given;
    bool is_each_asked; /* given is asked for each record of this chunk */
    size_t live_count;  /* of live, the others of this chunk */
    struct evtx_given_record live[EVTX_CHUNK_MAX_RECORDS];
    struct answer answers[ANSWERS];
    struct evtx_tree *tree;
    struct evtx_event *event;
    struct evtx_counts counts;
    unsigned char *carried; /* a window that is not yet whole */
    size_t used;
    uint64_t offset;     /* in the file, of the window that is read */
    bool has_next;       /* another part follows */
    uint64_t told, seen; /* chunks, by the file's header, and met */
    uint64_t trouble_at;
    const char *trouble; /* the file breaks off; NULL: it doesn't */
    bool asks_more;      /* rules ask for more than command lines */
};

static bool on_wants(void *context, const struct event *event)
{
    struct evtx *e = context;
    struct text provider = event->field[EVENT_PROVIDER], channel = event->field[EVENT_CHANNEL];
    if (provider.len == 0 || provider.len > ANSWER_NAME_MAX || channel.len > ANSWER_NAME_MAX)
        return collector_wants(&e->sink, event);
    unsigned char last = (unsigned char)provider.bytes[provider.len - 1];
    struct answer *a = &e->answers[(event->event_id * 31u + provider.len + 7u * last + channel.len) & (ANSWERS - 1)];
    bool is_kept = a->event_id == event->event_id && a->provider_size == provider.len &&
                   a->channel_size == channel.len && memcmp(a->names, provider.bytes, provider.len) == 0 &&
                   (channel.len == 0 || memcmp(a->names + provider.len, channel.bytes, channel.len) == 0);
    if (is_kept)
        return a->is_wanted;
    *a = (struct answer){
        event->event_id, (uint8_t)provider.len, (uint8_t)channel.len, collector_wants(&e->sink, event), {0}};
    memcpy(a->names, provider.bytes, provider.len);
    if (channel.len > 0)
        memcpy(a->names + provider.len, channel.bytes, channel.len);
    return a->is_wanted;
}

int evtx_new(struct evtx **out, const struct collector_sink *sink, struct text source, const struct rule_set *rules,
             struct evtx_given *given)
{
    struct evtx *e = calloc(1, sizeof(*e));
    if (e == NULL)
        return -ENOMEM;
    for (int kind = 0; rules != NULL && kind < EVENT_KIND_COUNT; kind++)
        e->asks_more |= !rule_set_asks_lines_only(rules, (enum event_kind)kind);
    const struct event_xml_wanted asks = {.context = e, .wants = on_wants};
    e->sink = *sink;
    e->given = given;
    int rc = given != NULL ? 0 : evtx_given_new(&e->own_given);
    e->given = given != NULL ? given : e->own_given;
    e->name = text_dup(source);
    e->source = (struct text){e->name, source.len};
    e->carried = malloc(EVTX_CHUNK_SIZE);
    if (rc == 0)
        rc = e->name == NULL || e->carried == NULL ? -ENOMEM : evtx_tree_new(&e->tree);
    if (rc == 0)
        rc = evtx_event_new(&e->event, &asks);
    if (rc == 0 && rules != NULL)
        rc = evtx_sift_new(&e->sift, rules, &e->sink);
    if (rc < 0) {
        evtx_free(e);
        return rc;
    }
    *out = e;
    return 0;
}

void evtx_free(struct evtx *e)
{
    if (e == NULL)
        return;
    evtx_sift_free(e->sift);
    evtx_event_free(e->event);
    evtx_tree_free(e->tree);
    evtx_given_free(e->own_given);
    free(e->carried);
    free(e->name);
    free(e);
}

uint64_t evtx_told(const unsigned char bytes[EVTX_TOLD_FROM])
{
    return evtx_is_file(bytes, EVTX_TOLD_FROM) ? evtx_u16(bytes + HEADER_CHUNKS) : 0;
}

void evtx_place(struct evtx *e, uint64_t offset, bool has_next, uint64_t told)
{
    e->offset = offset;
    e->has_next = has_next;
    e->told = offset == 0 ? 0 : told; /* the header is fed */
    /* What came before was chunks, as far as the file's header can tell. */
    e->seen = offset < EVTX_FILE_HEADER_SIZE ? 0 : (offset - EVTX_FILE_HEADER_SIZE) / EVTX_CHUNK_SIZE;
}

struct evtx_counts evtx_counts(const struct evtx *e)
{
    return e->counts;
}

static void report_bad(struct evtx *e, const struct evtx_record *record, const char *why, bool is_suspect)
{
    struct fault fault = {.call = "evtx", .code = EBADMSG};
    char id[TEXT_NUMBER_SIZE] = "of an unknown number";
    if (record->has_id)
        (void)snprintf(id, sizeof(id), "%llu", (unsigned long long)record->id);
    (void)text_copy(fault.object, sizeof(fault.object), e->source); /* cut where longer */
    (void)snprintf(fault.detail, sizeof(fault.detail), "record %s%s: %s%s", id,
                   record->is_recovered ? " in unused space" : "", why,
                   is_suspect ? "; words that a rule asks for stand in it" : "");
    struct collector_report report = {
        .kind = COLLECTOR_BAD_EVENT, .source = e->source, .offset = e->offset + record->offset, .fault = &fault};
    e->counts.events++;
    e->counts.bad++;
    e->counts.suspects += is_suspect;
    e->sink.report(e->sink.context, &report);
}

/* A record, or what should be one, that can't be read. */
static void take_bad(struct evtx *e, const struct evtx_record *record, const char *why)
{
    /* The words of many rules stand in every other remnant. */
    bool is_asked = e->sift != NULL && !(record->is_recovered && e->asks_more);
    bool is_suspect = is_asked && evtx_sift_has_words(e->sift, record->offset, record->offset + record->size);
    if (record->is_recovered && !is_suspect)
        e->counts.remnants++;
    else
        report_bad(e, record, why, is_suspect);
}

/* Hands a record over that was read. */
static int hand_over(struct evtx *e, const struct evtx_record *record, const struct evtx_node *nodes, size_t count)
{
    struct event event;
    bool is_wanted = false;
    const char *why;
    int rc = evtx_event_read(&event, &is_wanted, &why, e->event, nodes, count);
    if (rc < 0)
        return rc;
    if (why != NULL) {
        take_bad(e, record, why);
        return 0;
    }
    e->counts.events++;
    e->counts.recovered += record->is_recovered;
    if (!is_wanted)
        return 0;
    event.is_recovered = record->is_recovered;
    e->counts.process += event_kind_is_process(event.kind);
    e->counts.taken++;
    rc = e->sink.event(e->sink.context, &event);
    return rc < 0 ? rc : 0;
}

/* The chunk's live records are given; where recovered ones come into it, one by one is asked for. */
static int give_live(struct evtx *e)
{
    int rc = evtx_given_add_live(e->given, e->live, e->live_count);
    e->live_count = 0;
    return rc;
}

/* *is_new: the record is to be given. */
static int ask_given(struct evtx *e, const struct evtx_record *record, bool *is_new)
{
    *is_new = true;
    if (!e->is_each_asked && !record->is_recovered && e->live_count < EVTX_CHUNK_MAX_RECORDS) {
        e->live[e->live_count++] = (struct evtx_given_record){record->id, record->written};
        return 0;
    }
    e->is_each_asked = true;
    int rc = give_live(e);
    return rc < 0 ? rc : evtx_given_add(is_new, e->given, record->id, record->written, record->is_recovered);
}

static int take_record(struct evtx *e, struct evtx_walk *walk, const struct evtx_record *record)
{
    const struct evtx_node *nodes;
    size_t count;
    const char *why;
    bool is_new = false, is_process = false;
    int rc = ask_given(e, record, &is_new);
    if (rc < 0 || !is_new)
        return rc;
    if (!record->is_recovered && e->sift != NULL &&
        evtx_sift_leaves_out(e->sift, evtx_tree_templates(e->tree), record, &is_process)) {
        e->counts.events++;
        e->counts.process += is_process;
        return 0;
    }
    rc = evtx_tree_read(&nodes, &count, e->tree, record, &why);
    if (rc == 0)
        return hand_over(e, record, nodes, count);
    if (rc != -EBADMSG)
        return rc;
    take_bad(e, record, why);
    evtx_walk_inside(walk, record);
    return 0;
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static void breaks_off(struct evtx *e, const char *where)
{
    if (e->trouble == NULL)
        e->trouble_at = e->offset;
    if (e->trouble == NULL)
        e->trouble = where;
}

/* What should be a record is none. False: another file or chunk begins in it, so that the chunk ends there: *end. */
static bool take_damage(struct evtx *e, const struct evtx_walk *walk, struct evtx_record *damage, size_t *end)
{
    size_t to = damage->offset + damage->size;
    size_t next = evtx_find_beginning(walk->chunk.bytes, to, damage->offset);
    damage->size = next - damage->offset;
    bool is_torn = walk->is_torn || next < to;
    if (!is_torn || !is_zero(walk->chunk.bytes + damage->offset, damage->size))
        take_bad(e, damage, "it is broken");
    if (next == to)
        return true;
    breaks_off(e, in_chunk);
    *end = next;
    return false;
}

/* All records of a chunk, or of what lies where one should. *end: where it ends, moved if that is earlier. */
static int take_chunk(struct evtx *e, struct evtx_chunk chunk, size_t *end)
{
    struct evtx_walk walk;
    struct evtx_record record;
    enum evtx_found found;
    int rc = 0;
    bool goes_on = true;
    evtx_walk_start(&walk, chunk);
    evtx_tree_chunk(e->tree, chunk);
    if (e->sift != NULL)
        evtx_sift_chunk(e->sift, chunk);
    e->is_each_asked = evtx_given_has_recovered(e->given);
    if (walk.is_torn)
        breaks_off(e, in_chunk);
    while (rc == 0 && goes_on && (found = evtx_walk_next(&walk, &record)) != EVTX_FOUND_END) {
        if (found == EVTX_FOUND_RECORD)
            rc = take_record(e, &walk, &record);
        else
            goes_on = take_damage(e, &walk, &record, end);
    }
    return rc < 0 ? rc : give_live(e);
}

static void take_header(struct evtx *e, const unsigned char *bytes, size_t size)
{
    if (size < EVTX_TOLD_FROM)
        breaks_off(e, "the file breaks off in the header");
    else
        e->told += evtx_told(bytes); /* several files may have been joined */
}

/*
 * Takes what lies at the front of a window: a file's header, a chunk, or neither. Returns 0 and sets *done to how far
 * it went; the next header or chunk begins there.
 */
static int take_window(struct evtx *e, const unsigned char *bytes, size_t size, size_t *done)
{
    if (evtx_is_file(bytes, size)) {
        take_header(e, bytes, size);
        *done = size < EVTX_FILE_HEADER_SIZE ? size : EVTX_FILE_HEADER_SIZE;
        return 0;
    }
    struct evtx_chunk chunk = {bytes, size};
    struct evtx_walk walk;
    if (e->offset == 0 && size > EVTX_FILE_HEADER_SIZE && !evtx_is_chunk(bytes, size))
        chunk.size = EVTX_FILE_HEADER_SIZE; /* a broken header */
    evtx_walk_start(&walk, chunk);
    e->seen++;
    /* A chunk that breaks off may be followed by another file. */
    *done = chunk.size = evtx_find_beginning(bytes, chunk.size, walk.used > 0 ? walk.used : 1);
    int rc = is_zero(bytes, chunk.size) ? 0 : take_chunk(e, chunk, done);
    /* Where nothing is in its place, a beginning may lie across the end of the window. */
    if (walk.used == 0 && *done == EVTX_CHUNK_SIZE)
        *done -= EVTX_SIGNATURE_SIZE - 1;
    return rc < 0 ? rc : collector_alive(&e->sink, true);
}

static int take(struct evtx *e, const unsigned char *bytes, size_t size, size_t *done)
{
    int rc = take_window(e, bytes, size, done);
    e->offset += *done;
    return rc;
}

int evtx_feed(struct evtx *e, const char *bytes, size_t size)
{
    const unsigned char *from = (const unsigned char *)bytes;
    size_t done = 0;
    int rc = 0;
    while (rc == 0 && size > 0) {
        if (e->used == 0 && size >= EVTX_CHUNK_SIZE) { /* where it lies */
            rc = take(e, from, EVTX_CHUNK_SIZE, &done);
            from += done;
            size -= done;
            continue;
        }
        size_t part = EVTX_CHUNK_SIZE - e->used < size ? EVTX_CHUNK_SIZE - e->used : size;
        memcpy(e->carried + e->used, from, part);
        e->used += part;
        from += part;
        size -= part;
        if (e->used < EVTX_CHUNK_SIZE)
            break;
        rc = take(e, e->carried, e->used, &done);
        e->used -= done;
        memmove(e->carried, e->carried + done, e->used);
    }
    return rc;
}

int evtx_end(struct evtx *e, struct fault *fault)
{
    int rc = 0;
    size_t at = 0;
    for (size_t done = 0; rc == 0 && at < e->used; at += done)
        rc = take(e, e->carried + at, e->used - at, &done);
    e->used = 0;
    if (rc < 0)
        return rc;
    if (e->trouble != NULL) {
        fault_set(fault, "evtx", EBADMSG, e->source, "");
        (void)snprintf(fault->detail, sizeof(fault->detail), "%s at byte %llu: what is there was read", e->trouble,
                       (unsigned long long)e->trouble_at);
        return -EBADMSG;
    }
    if (e->has_next || e->seen >= e->told)
        return 0;
    fault_set(fault, "evtx", EBADMSG, e->source, "");
    (void)snprintf(fault->detail, sizeof(fault->detail), "the file breaks off: %llu of its %llu chunks are missing",
                   (unsigned long long)(e->told - e->seen), (unsigned long long)e->told);
    return -EBADMSG;
}
