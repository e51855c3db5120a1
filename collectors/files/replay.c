#include "collectors/files/replay.h"
#include "collectors/event_xml/event_xml_delimiter.h"
#include "collectors/event_xml/event_xml_utf16.h"
#include "collectors/evtx/evtx.h"
#include "collectors/evtx/evtx_chunk.h"
#include "collectors/files/cmdlet_file.h"
#include "collectors/files/cmdlet_log.h"
#include "collectors/files/container.h"
#include "collectors/files/replay_input.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_XML, KIND_GZIP, KIND_EVTX, KIND_CMDLETS, KIND_FOREIGN };

/* What a file begins with, by its kind. Sources: RFC 1952 section 2.3.1; MS-EVEN6 section 2.2 and docs/event-xml.md. */
static const struct magic {
    const char *bytes;
    size_t size;
    enum kind kind;
    const char *refusal;
} magics[] = {
    {"\x1F\x8B", 2, KIND_GZIP, NULL},
    {"ElfFile\0", 8, KIND_EVTX, NULL},
    {"ElfChnk\0", 8, KIND_EVTX, NULL},
    {"\x30\0\0\0LfLe", 8, KIND_FOREIGN, "an .evt log of Windows XP or 2003: convert it with wevtutil epl /lf:true"},
    {"PK\x03\x04", 4, KIND_FOREIGN, "a ZIP archive in another file or from a pipe: unpack it first"},
    {"PK\x05\x06", 4, KIND_FOREIGN, "an empty ZIP archive"},
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
    const struct rule_set *rules;
    struct evtx *evtx;            /* the content is an .evtx; else NULL */
    struct cmdlet_file *cmdlets;  /* the content is a cmdlet log of Exchange; else NULL */
    struct container *container;  /* the content has its events in another form; else NULL */
    struct event_xml_utf16 utf16; /* of what goes into container */
    char *utf16_block;            /* NULL: that is UTF-8 */
    uint64_t content;             /* bytes that went into it */
    struct evtx_given *given;     /* what is read by parts */
    const struct zip_member *member;
    struct replay_counts *counts;
    struct fault *fault;
    bool is_begun; /* its first bytes were seen */
    bool is_export;
    uint64_t from; /* of a part */
    bool is_last;  /* it goes to the file's end */
};

/* Bytes in which an export tells that it is one. */
#define EXPORT_HEAD 512u

/* As many first bytes as tell the kind. */
#define MAGIC_MAX CMDLET_LOG_HEAD

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
    size_t block = in->once > 0 ? in->once : REPLAY_BLOCK, wanted = in->left < block ? (size_t)in->left : block;
    in->once = 0;
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
    static const struct magic headless = {"", 0, KIND_EVTX, NULL}, cmdlets = {"", 0, KIND_CMDLETS, NULL};
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
        if (size >= magics[i].size && memcmp(bytes, magics[i].bytes, magics[i].size) == 0)
            return &magics[i];
    if (cmdlet_log_is_one((struct text){bytes, size}))
        return &cmdlets;
    /* An .evtx whose header is broken has chunks all the same. */
    return evtx_find_beginning((const unsigned char *)bytes, size, 0) < size ? &headless : NULL;
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

/* Takes event XML out of a container. */
static int take_xml(void *context, struct text xml, bool is_end)
{
    struct replay *r = context;
    if (is_end)
        event_xml_place(r->xml, r->content);
    int rc = event_xml_feed(r->xml, xml.bytes, xml.len);
    return rc == 0 && is_end ? event_xml_end(r->xml) : rc;
}

static int feed_container(struct replay *r, const char *bytes, size_t size)
{
    int rc = 0;
    while (rc == 0 && size > 0 && r->utf16_block != NULL) {
        struct text block = event_xml_utf16_next(&r->utf16, r->utf16_block, &bytes, &size);
        rc = container_feed(r->container, block.bytes, block.len);
    }
    if (rc == 0 && size > 0)
        rc = container_feed(r->container, bytes, size);
    r->content += size;
    return rc;
}

/* Makes r->container if the content that begins so is one. */
static int find_container(struct replay *r, const char *bytes, size_t size)
{
    char name[64], why[160];
    bool is_big_endian, is_utf16 = size >= 2 && event_xml_utf16_begins(bytes, &is_big_endian);
    struct text head = {bytes, size < CONTAINER_HEAD ? size : CONTAINER_HEAD};
    if (is_utf16) {
        r->utf16_block = malloc(EVENT_XML_UTF16_ROOM);
        if (r->utf16_block == NULL)
            return -ENOMEM;
        struct event_xml_utf16 utf16 = {.is_big_endian = is_big_endian};
        head = event_xml_utf16_next(&utf16, r->utf16_block, &bytes, &size);
        r->utf16 = (struct event_xml_utf16){.is_big_endian = is_big_endian};
    }
    enum container_kind kind = container_kind(head, name, sizeof(name));
    if (kind == CONTAINER_NONE || (is_utf16 && kind > CONTAINER_SYSLOG)) {
        free(r->utf16_block);
        r->utf16_block = NULL;
        return 0;
    }
    if (kind != CONTAINER_UNKNOWN)
        return container_new(&r->container, kind, take_xml, r);
    (void)snprintf(why, sizeof(why), "it declares the encoding %s, which is not known here: convert it to UTF-8 first",
                   name);
    return refuse(r, why);
}

/* Does an export begin so, in UTF-8 or UTF-16LE? Its declaration and root are shorter than what is searched. */
static bool is_export(const char *bytes, size_t size)
{
    static const char root[] = "<Events", wide[] = "<\0E\0v\0e\0n\0t\0s\0";
    for (size_t i = 0; i + sizeof(root) - 1 <= size && i < EXPORT_HEAD; i++)
        if (memcmp(bytes + i, root, sizeof(root) - 1) == 0 ||
            (i + sizeof(wide) - 1 <= size && memcmp(bytes + i, wide, sizeof(wide) - 1) == 0))
            return true;
    return false;
}

/* Takes content: what lies in the file, or what was packed in it. The first bytes tell the kind. */
static int take_content(void *context, const char *bytes, size_t size)
{
    struct replay *r = context;
    r->counts->bytes = r->in.bytes;
    if (!r->is_begun) {
        r->is_begun = true;
        r->is_export = is_export(bytes, size);
        const struct magic *magic = find_magic(bytes, size);
        if (magic != NULL && magic->kind == KIND_CMDLETS) {
            int rc = cmdlet_file_new(&r->cmdlets, r->sink, r->in.path);
            return rc < 0 ? rc : cmdlet_file_feed(r->cmdlets, bytes, size);
        }
        if (magic != NULL && magic->kind != KIND_EVTX)
            return refuse(r, magic->kind == KIND_GZIP ? "packed twice: unpack it first" : magic->refusal);
        int rc = magic == NULL ? find_container(r, bytes, size)
                               : evtx_new(&r->evtx, r->sink, r->in.path, r->rules, r->given);
        if (rc < 0)
            return rc;
        if (r->evtx != NULL) /* then chunks don't lie across the ends of blocks, and none is copied */
            r->in.once = size % EVTX_CHUNK_SIZE == 0 ? EVTX_FILE_HEADER_SIZE : 0;
    }
    if (r->evtx != NULL)
        return evtx_feed(r->evtx, bytes, size);
    if (r->cmdlets != NULL)
        return cmdlet_file_feed(r->cmdlets, bytes, size);
    int rc = r->container != NULL ? feed_container(r, bytes, size) : event_xml_feed(r->xml, bytes, size);
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

static int end_xml(struct replay *r)
{
    int rc = r->container == NULL ? 0 : container_end(r->container);
    return rc < 0 ? rc : event_xml_end(r->xml);
}

/* The content is all there. rc: how the reading of it went, which matters more than what comes of it. */
static int end_content(struct replay *r, int rc)
{
    if (rc < 0 && rc != -EBADMSG && rc != -EIO)
        return rc;
    int ended = r->evtx != NULL      ? evtx_end(r->evtx, rc < 0 ? NULL : r->fault)
                : r->cmdlets != NULL ? cmdlet_file_end(r->cmdlets)
                                     : end_xml(r);
    const char *trouble = r->container == NULL ? NULL : container_trouble(r->container);
    if (rc < 0 || ended < 0 || trouble == NULL)
        return rc < 0 ? rc : ended;
    fault_set(r->fault, "container", EBADMSG, r->in.path, trouble);
    return -EBADMSG;
}

static int read_file(struct replay *r)
{
    int rc = replay_input_next(&r->in, r->fault);
    if (rc < 0)
        return rc;
    const struct magic *magic = find_magic(r->in.block, r->in.used);
    rc = magic != NULL && magic->kind == KIND_GZIP ? replay_gunzip(&r->in, take_content, r, r->fault) : read_all(r);
    return end_content(r, rc);
}

static void take_counts(struct replay *r, struct replay_counts *counts)
{
    struct event_xml_counts xml = event_xml_counts(r->xml);
    struct cmdlet_file_counts cmdlets = {0};
    struct evtx_counts evtx = {0};
    if (r->cmdlets != NULL)
        cmdlets = cmdlet_file_counts(r->cmdlets);
    if (r->evtx != NULL)
        evtx = evtx_counts(r->evtx);
    *counts = (struct replay_counts){
        .bytes = r->in.bytes,
        .events = {xml.events + evtx.events + cmdlets.rows, xml.process + evtx.process,
                   xml.taken + evtx.taken + cmdlets.taken, xml.bad + evtx.bad + cmdlets.bad},
        .suspects = evtx.suspects,
        .recovered = evtx.recovered,
        .remnants = evtx.remnants,
        .is_evtx = r->evtx != NULL,
        .is_export = r->is_export,
    };
}

/* What all reading has around it. read: does it. */
static int with_reader(struct replay *r, struct replay_counts *counts, int (*read)(struct replay *r))
{
    *counts = (struct replay_counts){0};
    r->counts = counts;
    int rc = -ENOMEM;
    uint64_t size;
    r->in.is_live = replay_input_size(&size, r->in.file) == -ESPIPE;
    r->in.block = malloc(REPLAY_BLOCK);
    if (r->in.block == NULL)
        goto out;
    rc = event_xml_new(&r->xml, r->sink, r->in.path, (struct text){NULL, 0}, r->rules);
    if (rc < 0)
        goto out;
    rc = read(r);
    take_counts(r, counts);
out:
    cmdlet_file_free(r->cmdlets);
    container_free(r->container);
    free(r->utf16_block);
    evtx_free(r->evtx);
    event_xml_free(r->xml);
    free(r->in.block);
    return rc;
}

int replay_file(FILE *file, struct text path, const struct collector_sink *sink, const struct rule_set *rules,
                struct replay_counts *counts, struct fault *fault)
{
    struct replay r = {
        .in = {.file = file, .path = path, .left = UINT64_MAX}, .sink = sink, .rules = rules, .fault = fault};
    return with_reader(&r, counts, read_file);
}

static int read_member(struct replay *r)
{
    return end_content(r, zip_read(&r->in, r->member, take_content, r, r->fault));
}

int replay_member(FILE *file, struct text path, const struct zip_member *member, const struct collector_sink *sink,
                  const struct rule_set *rules, struct replay_counts *counts, struct fault *fault)
{
    struct replay r = {
        .in = {.file = file, .path = path}, .sink = sink, .rules = rules, .member = member, .fault = fault};
    return with_reader(&r, counts, read_member);
}

/* A part of event XML, as replay_split has seen. */
static int read_xml_part(struct replay *r)
{
    event_xml_place(r->xml, r->from);
    int rc = read_all(r);
    /* A part that another follows has no end of its own: what is open there ends where the next event begins, and that
     * beginning was read too. */
    if (r->in.left == 0) {
        r->in.bytes -= EVENT_XML_DELIMITER_SIZE;
        return rc;
    }
    return end_content(r, rc);
}

static int read_evtx_part(struct replay *r, uint64_t told)
{
    int rc = evtx_new(&r->evtx, r->sink, r->in.path, r->rules, r->given);
    if (rc < 0)
        return rc;
    evtx_place(r->evtx, r->from, !r->is_last, told);
    return end_content(r, read_all(r));
}

/* Reads from the file's beginning how many chunks it has. */
static int read_told(struct replay *r, uint64_t *told)
{
    unsigned char head[EVTX_TOLD_FROM];
    int rc = replay_input_seek(r->in.file, 0);
    if (rc == 0 && fread(head, 1, sizeof(head), r->in.file) == sizeof(head))
        *told = evtx_told(head);
    return rc;
}

static int read_part(struct replay *r)
{
    uint64_t told = 0;
    int rc = r->given != NULL ? read_told(r, &told) : 0;
    if (rc == 0)
        rc = replay_input_seek(r->in.file, r->from);
    if (rc == 0)
        rc = replay_input_next(&r->in, r->fault);
    if (rc < 0)
        return rc;
    r->is_begun = true;
    r->is_export = r->from == 0 && is_export(r->in.block, r->in.used);
    rc = r->given != NULL ? read_evtx_part(r, told) : read_xml_part(r);
    if (rc < 0 || r->is_last || r->in.left == 0)
        return rc;
    fault_set(r->fault, "fread", EIO, r->in.path, "the file got shorter while it was read");
    return -EIO;
}

int replay_part(FILE *file, struct text path, uint64_t from, uint64_t to, struct evtx_given *given,
                const struct collector_sink *sink, const struct rule_set *rules, struct replay_counts *counts,
                struct fault *fault)
{
    struct replay r = {.in = {.file = file, .path = path, .left = UINT64_MAX},
                       .from = from,
                       .is_last = to == UINT64_MAX,
                       .sink = sink,
                       .rules = rules,
                       .given = given,
                       .fault = fault};
    if (!r.is_last)
        r.in.left = to - from + (given == NULL ? EVENT_XML_DELIMITER_SIZE : 0);
    return with_reader(&r, counts, read_part);
}
