/*
 * evtx: an .evtx file, fed as a stream of bytes -> its events. Nothing that is in it is hidden:
 *
 * Chunks are found by their signature, wherever they lie, and where there is none, records by theirs; whole records are
 * read after broken ones, in a chunk that breaks off or has no good header, after what the header tells of, and in
 * unused space ("recovered", given only if the file does not have them otherwise). Checksums are not asked: a wrong one
 * hides no record. What should be a record and can't be read is reported as COLLECTOR_BAD_EVENT with its offset in the
 * file and its record id.
 * Values are matched as they stand: with NULs, lone surrogates and control characters (WTF-8).
 * Source of the format: libyal's documentation "Windows XML Event Log (EVTX)"; MS-EVEN6 section 2.2.12.
 */
#ifndef COLLECTORS_FILES_EVTX_H
#define COLLECTORS_FILES_EVTX_H

#include "collectors/collector.h"
#include "collectors/evtx/evtx_given.h"
#include "detect/rule/rule_set.h"

struct evtx;

struct evtx_counts {
    uint64_t events;    /* records, good or bad */
    uint64_t process;   /* process creations handed to the sink, or ruled out by the scan for terms */
    uint64_t taken;     /* events of any kind handed to the sink */
    uint64_t bad;       /* reported */
    uint64_t suspects;  /* of these, in whose bytes a rule's terms stand */
    uint64_t recovered; /* of the events */
    uint64_t remnants;  /* records in unused space that can't be read, as what they refer to was overwritten, and in
                           whose bytes no rule's terms stand; not events */
};

/*
 * Makes a reader. sink: its event, report and alive (after each chunk) are used; it must outlive the reader. source:
 * the file's name in reports; copied. rules: NULL, or those whose words are looked for in the raw bytes, so that
 * records that certainly match no rule are not read (not handed over, nor checked for being bad). given: shared by all
 * that read parts of this file; NULL: this is the only one. Returns 0 or -ENOMEM.
 */
int evtx_new(struct evtx **out, const struct collector_sink *sink, struct text source, const struct rule_set *rules,
             struct evtx_given *given);

/* Frees e; NULL is allowed. */
void evtx_free(struct evtx *e);

/* Bytes at a file's beginning from which evtx_told() learns how many chunks the file has; 0: it is no such beginning.
 */
#define EVTX_TOLD_FROM 128u
uint64_t evtx_told(const unsigned char bytes[EVTX_TOLD_FROM]);

/*
 * What is fed is a part of the file, which begins at this offset with its header or a chunk. has_next: another part
 * follows; of the last part alone told, as evtx_told() gave it, counts. Call before evtx_feed.
 */
void evtx_place(struct evtx *e, uint64_t offset, bool has_next, uint64_t told);

/* Feeds the next bytes; size may be 0. Returns 0; what the sink's event or alive returned if negative; -ENOMEM. */
int evtx_feed(struct evtx *e, const char *bytes, size_t size);

/* All was fed. Returns as evtx_feed does; -EBADMSG with fault: the file breaks off, or chunks are missing at its end;
 * what is there was handed over. */
int evtx_end(struct evtx *e, struct fault *fault);

struct evtx_counts evtx_counts(const struct evtx *e);

#endif
