#include "collectors/files/replay.h"
#include "collectors/event_xml/event_xml_mark.h"
#include "collectors/event_xml/event_xml_utf16.h"
#include "collectors/files/replay_evtx.h"
#include "collectors/files/replay_input.h"
#include "collectors/files/replay_spool.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_XML, KIND_GZIP, KIND_EVTX, KIND_FOREIGN };

/* What a file begins with, by its kind. Sources: RFC 1952 section 2.3.1; MS-EVEN6 section 2.2 and docs/event-xml.md. */
static const struct magic {
    const char *bytes;
    size_t size;
    enum kind kind;
    const char *refusal;
} magics[] = {
    {"\x1F\x8B", 2, KIND_GZIP, NULL},
    {"ElfFile\0", 8, KIND_EVTX, NULL},
    {"\x30\0\0\0LfLe", 8, KIND_FOREIGN, "an .evt log of Windows XP or 2003: convert it with wevtutil epl /lf:true"},
    {"PK\x03\x04", 4, KIND_FOREIGN, "a ZIP archive: unpack it first"},
    {"BZh", 3, KIND_FOREIGN, "packed with bzip2: unpack it first"},
    {"\xFD"
     "7zXZ\0",
     6, KIND_FOREIGN, "packed with xz: unpack it first"},
    {"7z\xBC\xAF\x27\x1C", 6, KIND_FOREIGN, "a 7z archive: unpack it first"},
    {"\x28\xB5\x2F\xFD", 4, KIND_FOREIGN, "packed with zstd: unpack it first"},
};

struct replay {
    struct replay_input in;
    struct event_xml *xml;
    const struct collector_sink *sink;
    struct replay_spool *spool; /* an .evtx that has no name of its own */
    struct fault *fault;
    bool is_begun; /* its first bytes were seen */
    uint64_t from; /* of a part */
    bool is_last;  /* it goes to the file's end */
};

/* As many first bytes as tell the kind. */
#define MAGIC_MAX 8u

static int next_live(struct replay_input *in, struct fault *fault)
{
    size_t size = 0;
    in->used = 0;
    do {
        int rc = replay_input_take(in->block + in->used, &size, REPLAY_BLOCK - in->used, in->file);
        if (rc < 0) {
            fault_set(fault, "read", -rc, in->path, strerror(-rc));
            return rc;
        }
        in->used += size;
        in->bytes += size;
    } while (size > 0 && in->bytes < MAGIC_MAX);
    return 0;
}

int replay_input_next(struct replay_input *in, struct fault *fault)
{
    if (in->is_live)
        return next_live(in, fault);
    errno = 0;
    size_t wanted = in->left < REPLAY_BLOCK ? (size_t)in->left : REPLAY_BLOCK;
    in->used = wanted == 0 ? 0 : fread(in->block, 1, wanted, in->file);
    in->bytes += in->used;
    in->left -= in->used;
    if (in->used == wanted || ferror(in->file) == 0)
        return 0;
    int code = errno == 0 ? EIO : errno;
    fault_set(fault, "fread", code, in->path, strerror(code));
    return -code;
}

/* NULL: none of them, so text. */
static const struct magic *find_magic(const char *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
        if (size >= magics[i].size && memcmp(bytes, magics[i].bytes, magics[i].size) == 0)
            return &magics[i];
    return NULL;
}

bool replay_input_is_foreign(const char *bytes, size_t size)
{
    bool is_big_endian;
    return find_magic(bytes, size) != NULL || size < 2 || event_xml_utf16_begins(bytes, &is_big_endian);
}

static int refuse(struct replay *r, const char *why)
{
    fault_set(r->fault, "replay_file", ENOTSUP, r->in.path, why);
    return -ENOTSUP;
}

/* Takes content: what lies in the file, or what was packed in it. The first bytes tell the kind. */
static int take_content(void *context, const char *bytes, size_t size)
{
    struct replay *r = context;
    if (!r->is_begun) {
        r->is_begun = true;
        const struct magic *magic = find_magic(bytes, size);
        if (magic != NULL && magic->kind != KIND_EVTX)
            return refuse(r, magic->kind == KIND_GZIP ? "packed twice: unpack it first" : magic->refusal);
        int rc = magic == NULL ? 0 : replay_spool_new(&r->spool, r->fault);
        if (rc < 0)
            return rc;
    }
    if (r->spool != NULL)
        return replay_spool_write(r->spool, bytes, size, r->fault);
    int rc = event_xml_feed(r->xml, bytes, size);
    return rc < 0 ? rc : collector_alive(r->sink, true);
}

static int read_all(struct replay *r)
{
    int rc = 0;
    while (rc == 0 && r->in.used > 0) {
        rc = take_content(r, r->in.block, r->in.used);
        if (rc == 0)
            rc = replay_input_next(&r->in, r->fault);
    }
    return rc;
}

static int read_evtx(struct replay *r, struct text path, struct replay_counts *counts, struct fault *fault)
{
    struct replay_evtx_counts evtx;
    int rc = replay_evtx_file(path, r->xml, r->sink, &evtx, fault);
    counts->events.events += evtx.bad; /* a record that can't be rendered is a bad event */
    counts->events.bad += evtx.bad;
    if (r->spool == NULL)
        r->in.bytes = evtx.bytes;
    return rc;
}

/* The content is all there. rc: how the reading of it went, which matters more than what comes of it. */
static int end_content(struct replay *r, int rc, struct replay_counts *counts)
{
    if (rc < 0 && rc != -EBADMSG && rc != -EIO)
        return rc;
    struct fault *fault = rc < 0 ? NULL : r->fault;
    struct text path = {NULL, 0};
    int ended = 0;
    if (r->spool == NULL)
        ended = event_xml_end(r->xml);
    else
        ended = replay_spool_finish(&path, r->spool, fault);
    if (ended == 0 && r->spool != NULL)
        ended = read_evtx(r, path, counts, fault);
    return rc < 0 ? rc : ended;
}

static int read_file(struct replay *r, struct replay_counts *counts)
{
    int rc = replay_input_next(&r->in, r->fault);
    if (rc < 0)
        return rc;
    const struct magic *magic = find_magic(r->in.block, r->in.used);
    if (magic != NULL && magic->kind == KIND_EVTX && !text_equal(r->in.path, text_from("-")) &&
        !replay_spool_is_needed(r->in.file))
        return read_evtx(r, r->in.path, counts, r->fault);
    if (magic != NULL && magic->kind == KIND_GZIP)
        rc = replay_gunzip(&r->in, take_content, r, r->fault);
    else
        rc = read_all(r);
    return end_content(r, rc, counts);
}

/* What all reading has around it. read: does it. */
static int with_reader(struct replay *r, const struct matcher *matcher, struct replay_counts *counts,
                       int (*read)(struct replay *r, struct replay_counts *counts))
{
    *counts = (struct replay_counts){0};
    int rc = -ENOMEM;
    uint64_t size;
    r->in.is_live = replay_input_size(&size, r->in.file) == -ESPIPE;
    r->in.block = malloc(REPLAY_BLOCK);
    if (r->in.block == NULL)
        goto out;
    rc = event_xml_new(&r->xml, r->sink, r->in.path, (struct text){NULL, 0}, matcher);
    if (rc < 0)
        goto out;
    rc = read(r, counts);
    struct event_xml_counts seen = event_xml_counts(r->xml);
    counts->events.events += seen.events;
    counts->events.process += seen.process;
    counts->events.bad += seen.bad;
    counts->bytes = r->in.bytes;
out:
    replay_spool_free(r->spool);
    event_xml_free(r->xml);
    free(r->in.block);
    return rc;
}

int replay_file(FILE *file, struct text path, const struct collector_sink *sink, const struct matcher *matcher,
                struct replay_counts *counts, struct fault *fault)
{
    struct replay r = {.in = {.file = file, .path = path, .left = UINT64_MAX}, .sink = sink, .fault = fault};
    return with_reader(&r, matcher, counts, read_file);
}

static int read_part(struct replay *r, struct replay_counts *counts)
{
    r->is_begun = true; /* event XML, as replay_split has seen */
    event_xml_place(r->xml, r->from);
    int rc = replay_input_seek(r->in.file, r->from);
    if (rc == 0)
        rc = replay_input_next(&r->in, r->fault);
    if (rc == 0)
        rc = read_all(r);
    /* A part that another follows has no end of its own: what is open there ends where the next event begins, and that
     * beginning was read too. */
    if (r->in.left == 0) {
        r->in.bytes -= EVENT_XML_MARK_SIZE;
        return rc;
    }
    rc = end_content(r, rc, counts);
    if (rc < 0 || r->is_last)
        return rc;
    fault_set(r->fault, "fread", EIO, r->in.path, "the file got shorter while it was read");
    return -EIO;
}

int replay_part(FILE *file, struct text path, uint64_t from, uint64_t to, const struct collector_sink *sink,
                const struct matcher *matcher, struct replay_counts *counts, struct fault *fault)
{
    struct replay r = {.in = {.file = file, .path = path, .left = UINT64_MAX},
                       .from = from,
                       .is_last = to == UINT64_MAX,
                       .sink = sink,
                       .fault = fault};
    if (!r.is_last)
        r.in.left = to - from + EVENT_XML_MARK_SIZE;
    return with_reader(&r, matcher, counts, read_part);
}
