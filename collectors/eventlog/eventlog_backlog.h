/*
 * eventlog_backlog: how far reading lags behind a log, and how long until the log overwrites what was not read. Plain
 * C; one thread at a time.
 */
#ifndef COLLECTORS_EVENTLOG_EVENTLOG_BACKLOG_H
#define COLLECTORS_EVENTLOG_EVENTLOG_BACKLOG_H

#include <stdbool.h>
#include <stdint.h>

/* What Windows says of a log at one moment. */
struct eventlog_log_info {
    uint64_t oldest;    /* record id; 0: the log is empty */
    uint64_t count;     /* records in it */
    uint64_t bytes;     /* of its file */
    uint64_t max_bytes; /* what its file may grow to; 0: not known */
};

/* The rate follows changes of the log's traffic within about this time. */
#define EVENTLOG_BACKLOG_MEMORY_MS 600000u

/* All zero: nothing is known yet. */
struct eventlog_backlog {
    bool has_info, has_rate;
    struct eventlog_log_info info;
    uint64_t at_ms;
    double records_per_s; /* written into the log */
};

/* The newest record id of a log; 0: it is empty. */
uint64_t eventlog_log_newest(const struct eventlog_log_info *info);

/* Takes what Windows says now. now_ms: any clock that does not go back. */
void eventlog_backlog_observe(struct eventlog_backlog *lag, const struct eventlog_log_info *info, uint64_t now_ms);

/* Records that were in the log after record read at the last observation. */
uint64_t eventlog_backlog_records(const struct eventlog_backlog *lag, uint64_t read);

/*
 * Hours from the last observation until the log, written to as until now, overwrites the record after read. Negative:
 * not known (no two observations, no limit known, nothing is written).
 */
double eventlog_backlog_hours_to_wrap(const struct eventlog_backlog *lag, uint64_t read);

#endif
