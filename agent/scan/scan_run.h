/* scan_run: recorded events in files -> alerts as JSON Lines, and what was read. One scan, one or more threads. */
#ifndef AGENT_SCAN_SCAN_RUN_H
#define AGENT_SCAN_SCAN_RUN_H

#include "agent/scan/scan_format.h"
#include "agent/scan/scan_output.h"
#include "agent/scan/scan_paths.h"
#include "agent/scan/scan_report.h"
#include "agent/scan/scan_watch.h"
#include "detect/rule/rule_set.h"
#include <stdbool.h>

/* Most threads that read. Each reads a file of its own, or a part of a large one. */
#define SCAN_MAX_JOBS 64

/* Bad events named for one file; beyond, they are counted. */
#define SCAN_MAX_NAMED 20

struct scan_settings {
    const char *const *paths;          /* UTF-8; "-" is stdin */
    size_t count;                      /* 1 or more */
    const struct scan_member *members; /* one a path; NULL: all are files of their own */
    const struct rule_set *set;        /* these rules alone; NULL: those that are built in */
    unsigned jobs;                     /* 1..SCAN_MAX_JOBS */
    uint64_t since, until;      /* events from since to before until alone, as an event's time; 0: no such end. An event
                                   without a time is always read */
    struct scan_report *report; /* NULL: none */
    enum scan_format format;
    struct scan_progress *progress; /* NULL: nobody watches */
    FILE *alerts;                   /* JSON Lines, or what format says */
    FILE *messages;                 /* what could not be read, a line each */
};

/* All but seconds. */
void scan_totals_add(struct scan_totals *to, const struct scan_totals *from);

/*
 * Reads all files. *totals is filled in every case; its failed counts the files that were not read to their end or hold
 * no event. Returns 0, -ENOMEM, or what writing alerts failed with; then the rest was left unread. -EINTR: it was ended
 * by progress; all alerts of what was read are written, and the report knows what was not.
 */
int scan_run(struct scan_totals *totals, const struct scan_settings *settings);

#endif
