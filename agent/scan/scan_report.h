/*
 * scan_report: what a scan read and found, as one self-contained HTML page without script: files, timeline, hosts,
 * accounts, each alert with its evidence (scan_page.c writes it). Everything that events or file names say is
 * escaped: whoever is looked for has written it.
 */
#ifndef AGENT_SCAN_SCAN_REPORT_H
#define AGENT_SCAN_SCAN_REPORT_H

#include "detect/alert/alert.h"
#include <stddef.h>
#include <stdint.h>

/* Most alerts in the page, and bytes kept of them; what is more is counted and named in it. */
#define SCAN_REPORT_MAX_ALERTS 10000
#define SCAN_REPORT_MAX_BYTES (64u * 1024u * 1024u)

/* Most bytes of one text that are shown. */
#define SCAN_REPORT_MAX_TEXT 8192

struct scan_report;

/* What was read, for the head of the page. */
struct scan_totals {
    uint64_t files, failed; /* failed: not read to the end */
    uint64_t bytes;
    uint64_t events, process, bad;          /* as in struct event_xml_counts */
    uint64_t suspects, recovered, remnants; /* as in struct replay_counts */
    uint64_t alerts;
    uint64_t joined, incomplete, encrypted; /* script blocks: as in struct alert_maker_blocks */
    double seconds;
};

/* Begins "path.part" at once, so that a place that can't be written shows before the work. Returns 0 or a negative
 * errno value. */
int scan_report_new(struct scan_report **out, const char *path);

/* Adds an alert of file number file, named source, to what will be written. Any thread. Returns 0 or -ENOMEM. */
int scan_report_add(struct scan_report *report, size_t file, const char *source, const struct alert *alert,
                    const char *id);

/* File number file, named source, was read: totals of it alone; trouble: why not to its end, or empty. Any thread.
 * Returns 0 or -ENOMEM. */
int scan_report_file(struct scan_report *report, size_t file, const char *source, const struct scan_totals *totals,
                     const char *trouble);

/* Writes the page, alerts by their time, and puts it in place. Returns 0 or a negative errno value. */
int scan_report_write(struct scan_report *report, const struct scan_totals *totals);

/* Frees report; if it was not written, nothing is left of it. NULL is allowed. */
void scan_report_free(struct scan_report *report);

#endif
