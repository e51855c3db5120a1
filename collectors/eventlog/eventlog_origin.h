/*
 * eventlog_origin: continuity of forwarded events, for each (Computer, Channel) that they come from.
 *
 * A forwarded event keeps the record id of the log that it was written to first. A subscription that forwards all of a
 * log gives ids that follow each other; one that filters does not, and a jump then means nothing. So a jump counts as a
 * gap only where the origin's ids have followed each other for long. Plain C; one thread at a time.
 */
#ifndef COLLECTORS_EVENTLOG_EVENTLOG_ORIGIN_H
#define COLLECTORS_EVENTLOG_EVENTLOG_ORIGIN_H

#include "collectors/eventlog/eventlog_gap.h"
#include <stdbool.h>
#include <stdint.h>

/* Origins remembered, 32 bytes each (512 KB, taken with the first of them). Beyond, of eight the one unheard of for
 * longest is forgotten and begins anew when it is heard of again. */
#define EVENTLOG_ORIGINS 16384u

/* An origin's ids must have followed each other this often before a jump is taken for a gap. */
#define EVENTLOG_ORIGIN_DENSE 1000u

/* Lower ids than this below the newest are events that came out of order; lower still, and the log began anew. */
#define EVENTLOG_ORIGIN_DISORDER 4096u

/* Restarts that may be reported in an hour, of all origins together: ids are their senders' word, and each of these
 * could make them go down at will. */
#define EVENTLOG_ORIGIN_REPORTS 20u

enum eventlog_origin_step {
    EVENTLOG_ORIGIN_EVEN,   /* nothing to say */
    EVENTLOG_ORIGIN_GAP,    /* range is missing */
    EVENTLOG_ORIGIN_RESTART /* ids went down from range.first to range.last */
};

/* UTF-16; Windows takes names in any letter case for the same. */
struct eventlog_origin_name {
    const uint16_t *computer, *channel;
    size_t computer_units, channel_units;
};

struct eventlog_origins;

/* Returns 0 or -ENOMEM. */
int eventlog_origins_new(struct eventlog_origins **out);
void eventlog_origins_free(struct eventlog_origins *origins);

/* Takes one event. range is set unless the step is EVEN. */
enum eventlog_origin_step eventlog_origins_take(struct eventlog_origins *origins,
                                                const struct eventlog_origin_name *name, uint64_t record,
                                                struct eventlog_range *range);

/* May a restart be reported now? *unsaid: how many were not since the last one that was. now_ms: of any clock that only
 * goes forward. False: it is counted. */
bool eventlog_origins_may_report(struct eventlog_origins *origins, uint64_t now_ms, uint64_t *unsaid);

/* Origins remembered now. */
uint64_t eventlog_origins_count(const struct eventlog_origins *origins);

#endif
