/*
 * replay: events out of files: event XML in any form that event_xml takes, .evtx, cmdlet logs of Exchange, and all of
 * them gzipped or in a ZIP archive (zip.h). The kind is told by the file's first bytes, never by its name.
 */
#ifndef COLLECTORS_FILES_REPLAY_H
#define COLLECTORS_FILES_REPLAY_H

#include "collectors/collector.h"
#include "collectors/event_xml/event_xml.h"
#include "collectors/evtx/evtx_given.h"
#include "collectors/files/zip.h"
#include "detect/base/fault.h"
#include "detect/rule/rule_set.h"
#include <stdint.h>
#include <stdio.h>

struct replay_counts {
    uint64_t bytes;                 /* read from the file, as it lies on disk */
    struct event_xml_counts events; /* of an .evtx: its records */
    uint64_t suspects;              /* of the bad events, in whose bytes a rule's terms stand (.evtx) */
    uint64_t recovered;             /* of the events, out of unused space of an .evtx */
    uint64_t remnants;              /* as in struct evtx_counts */
    bool is_evtx;
    bool is_export; /* it begins as an export, "<Events": that there is no event in it is no mistake */
};

/*
 * Reads file to its end. path: its name, for reports. file: opened for binary reading at its first byte, may be a pipe;
 * the caller closes it. sink: event and report are called on this thread, and alive after each block of REPLAY_BLOCK
 * bytes of content, of an .evtx after each chunk; checkpoint is not used. Returns 0 when all was read, even if single
 * events were bad (those are reported and counted). -EBADMSG: the file as a whole is damaged (truncated gzip, an .evtx
 * that breaks off); what could be read was handed over. -ENOTSUP: packed otherwise or twice, or a log of Windows XP
 * (fault says what to do); -EISDIR, -EIO and others as reading gave them; what event or alive returned. *counts is
 * filled in every case, its bytes before each call of alive. fault says what, where.
 */
int replay_file(FILE *file, struct text path, const struct collector_sink *sink, const struct rule_set *rules,
                struct replay_counts *counts, struct fault *fault);

/*
 * As replay_file, for a member of the archive file, as zip_list gave it; path: that of the member. counts->bytes are
 * the packed ones. -ENOTSUP too: encrypted, packed by a method that is not known, or an archive itself.
 */
int replay_member(FILE *file, struct text path, const struct zip_member *member, const struct collector_sink *sink,
                  const struct rule_set *rules, struct replay_counts *counts, struct fault *fault);

/* Smallest part that a file is cut into, bytes: less is read in a few milliseconds. */
#define REPLAY_MIN_PART (8u * 1024u * 1024u)

/*
 * Where a large file can be cut into parts that, read each for itself, give just what the whole file gives: in front of
 * an event, outside of all sections (docs/event-xml.md, "Cutting a file"); an .evtx in front of a chunk. Sets
 * starts[0..*count-1], ascending from 0; *count: 1..max; 1 where the file is small, packed, UTF-16 or no file that can
 * be read twice. *is_evtx: which of the two it is. *size: the file's bytes; 0 where it is no such file, or max is 1.
 * max: 1 or more. file: opened for binary reading; left at its first byte. Returns 0, -ENOMEM, -EIO or what reading
 * gave.
 */
int replay_split(uint64_t *starts, size_t *count, uint64_t *size, bool *is_evtx, FILE *file, size_t max);

/*
 * As replay_file, for the bytes from..to-1 of a file cut by replay_split; to: UINT64_MAX for the last part. given: one
 * for all parts of an .evtx; NULL for event XML. Offsets in reports are those in the file.
 */
int replay_part(FILE *file, struct text path, uint64_t from, uint64_t to, struct evtx_given *given,
                const struct collector_sink *sink, const struct rule_set *rules, struct replay_counts *counts,
                struct fault *fault);

#endif
