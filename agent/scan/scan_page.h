/* scan_page: the markup of a scan's report, and nothing else. */
#ifndef AGENT_SCAN_SCAN_PAGE_H
#define AGENT_SCAN_SCAN_PAGE_H

#include "agent/scan/scan_report.h"
#include <stdio.h>

/* One alert, its texts as markup. */
struct scan_hit {
    size_t file, number; /* number: as they came */
    uint64_t time;       /* of its event; 0: not known */
    char *host, *account, *rule;
    char *evidence; /* what stands below its heading */
    size_t size;    /* bytes of the four */
};

struct scan_page_file {
    size_t file; /* its place on the command line */
    char *source, *trouble;
    struct scan_totals totals;
};

struct scan_page {
    const struct scan_totals *totals;
    struct scan_page_file *files; /* are put in order */
    size_t file_count;
    const struct scan_hit *hits; /* by time */
    size_t hit_count;
    uint64_t omitted; /* hits for which there was no room */
};

/* Fills all but file, number and time. Returns 0 or -ENOMEM; scan_page_hit_clear() in both cases. */
int scan_page_hit(struct scan_hit *hit, const char *source, const struct alert *alert, const char *id);
void scan_page_hit_clear(struct scan_hit *hit);

/* Whether writing worked ferror() says. Returns 0 or -ENOMEM. */
int scan_page_write(FILE *to, const struct scan_page *page);

#endif
