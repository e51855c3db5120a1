/*
 * eventlog_gap: are there records missing among those of one log? For a log that is read without a filter, so that its
 * record ids follow each other. What is missing is given the time to come late: Windows keeps the order of one writing
 * thread only (learn.microsoft.com/windows/win32/wes/consuming-events). Plain C; one thread at a time.
 */
#ifndef COLLECTORS_EVENTLOG_EVENTLOG_GAP_H
#define COLLECTORS_EVENTLOG_EVENTLOG_GAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Record ids, both included. */
struct eventlog_range {
    uint64_t first, last;
};

/* A record that is passed over may come this much later and is then not missing. */
#define EVENTLOG_GAP_LATE_MS 5000u

/* Ranges watched at a time; more than one batch can open. Beyond, the newest one grows to hold the next, with the
 * records between them, which are then counted as missing though they came. */
#define EVENTLOG_GAP_RANGES 128

/* All zero: nothing is known yet, the first record is where counting starts. */
struct eventlog_gap {
    bool has_newest;
    uint64_t newest; /* largest id seen */
    size_t count;
    struct eventlog_range open[EVENTLOG_GAP_RANGES]; /* ascending */
    uint64_t since_ms[EVENTLOG_GAP_RANGES];
};

/* Everything up to newest is accounted for. What was open is forgotten. */
void eventlog_gap_start(struct eventlog_gap *gap, uint64_t newest);

/*
 * Takes a batch of count records that ends with newest, if nothing is missing in it and nothing open could be among it:
 * true. Else false, and each record must be given to eventlog_gap_take.
 */
bool eventlog_gap_take_batch(struct eventlog_gap *gap, uint64_t newest, size_t count);

/* Takes one record. now_ms: any clock that does not go back. */
void eventlog_gap_take(struct eventlog_gap *gap, uint64_t record, uint64_t now_ms);

/* Gives, one a call, the ranges that have been missing for EVENTLOG_GAP_LATE_MS, and forgets them. */
bool eventlog_gap_next(struct eventlog_gap *gap, struct eventlog_range *out, uint64_t now_ms);

#endif
