/*
 * replay_evtx: an .evtx file on disk -> its events' XML -> event_xml. libevtx on Linux (replay_evtx_posix.c), EvtQuery
 * with a file path on Windows (replay_evtx_win.c).
 */
#ifndef COLLECTORS_REPLAY_EVTX_H
#define COLLECTORS_REPLAY_EVTX_H

#include "collectors/event_xml.h"

/*
 * Renders each record of the file at path and feeds it to xml. Records that can't be rendered are reported to sink as
 * bad (offset: the record's number) and counted in *bad. Returns 0; -EBADMSG: the file breaks off (its readable records
 * were fed); -ENOTSUP; -EIO; what event_xml_feed returned.
 */
int replay_evtx_file(struct text path, struct event_xml *xml, const struct collector_sink *sink, uint64_t *bad,
                     struct fault *fault);

#endif
