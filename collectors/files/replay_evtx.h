/*
 * replay_evtx: an .evtx file on disk -> its events' XML -> event_xml. libevtx on Linux (replay_evtx_posix.c), EvtQuery
 * with a file path on Windows (replay_evtx_win.c).
 */
#ifndef COLLECTORS_FILES_REPLAY_EVTX_H
#define COLLECTORS_FILES_REPLAY_EVTX_H

#include "collectors/event_xml/event_xml.h"

struct replay_evtx_counts {
    uint64_t bytes; /* the file's size */
    uint64_t bad;   /* records that could not be rendered */
};

/*
 * Renders each live record of the file at path, in the order of the file, and feeds it to xml, which is at the start of
 * a stream. In reports offset is the record's place in the file, the first is 1. Records that can't be rendered are
 * reported to sink as bad and counted. *counts is filled in every case. Returns 0; -EBADMSG with fault: the file is
 * damaged or breaks off, its readable records were fed; -ENOENT, -EACCES, -EIO and others with fault: it can't be
 * opened; -ENOMEM; what event_xml_feed returned.
 */
int replay_evtx_file(struct text path, struct event_xml *xml, const struct collector_sink *sink,
                     struct replay_evtx_counts *counts, struct fault *fault);

#endif
