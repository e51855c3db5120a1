/*
 * follow: Exchange's cmdlet log files (cmdlet_log.h) as they grow, in one directory: a collector with bookmarks.
 *
 * Each poll lists the files whose names end in ".log" and reads what is new in them, row by row. A row whose end is not
 * written yet waits; one that stays so for FOLLOW_TORN_MS (its writer died) is read as far as it goes. Exchange begins
 * new files and removes old ones: a file that is gone is forgotten, one that became shorter or was replaced is read
 * from its beginning. Files are opened so that others may write, rename and remove them meanwhile. What is read again
 * has the same events, so alerts have the same ids.
 */
#ifndef COLLECTORS_FILES_FOLLOW_H
#define COLLECTORS_FILES_FOLLOW_H

#include "collectors/collector.h"

/* Most files that are followed; of more, the newest. The others were read, or are older than all of those. */
#define FOLLOW_MAX_FILES 256u

/* How long a row may lack its end, ms. */
#define FOLLOW_TORN_MS 60000u

struct follow_settings {
    struct text source;    /* its name, in reports and bookmarks */
    const char *directory; /* UTF-8 */
    struct text bookmark;  /* as checkpoint() got it; absent: there is none */
    uint64_t not_before;   /* without a bookmark: rows of files that were changed from then on, as an event's time */
    unsigned poll_ms;
    struct collector_sink sink;
};

struct follow;

/* Copies settings. A bookmark that can't be understood is reported, and counts as none. Returns 0 or -ENOMEM. */
int follow_new(struct follow **out, const struct follow_settings *settings);

/* Not while it runs; NULL is allowed. */
void follow_free(struct follow *f);

/* One poll: reads what is new, and makes a checkpoint of it. now_ms: a clock that never goes back. Returns 0, or why
 * not all of it was taken: the next poll does. */
int follow_poll(struct follow *f, uint64_t now_ms);

/* Polls until follow_stop() is called, from any thread. */
void follow_run(struct follow *f);
void follow_stop(struct follow *f);

#endif
