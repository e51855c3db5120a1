/* scan_file: one file of a scan, or one part of it, on one thread. */
#ifndef AGENT_SCAN_SCAN_FILE_H
#define AGENT_SCAN_SCAN_FILE_H

#include "agent/scan/scan_run.h"
#include "collectors/evtx/evtx_given.h"
#include "detect/powershell/powershell_blocks.h"

#include <pthread.h>

/* What is known of a file whose parts may be read by several threads. */
struct scan_state {
    uint64_t named; /* bad events so far */
    size_t left;    /* parts not yet read */
    bool has_failed;
    bool may_be_empty;                /* an .evtx or an export: no event in it is no mistake */
    struct scan_totals totals;        /* of the parts that were read */
    char trouble[200];                /* why the first part that failed did; else empty */
    struct evtx_given *given;         /* an .evtx that is read in parts; else NULL */
    size_t unjoined;                  /* parts whose script blocks have not been joined with the others' */
    struct powershell_blocks *blocks; /* what waits in those that have; NULL: nothing */
};

/* What all threads of a scan share; read only, or locked by itself. */
struct scan_shared {
    const struct scan_settings *settings;
    const struct rule_set *rules;
    struct scan_output *output;
    pthread_mutex_t lock;      /* guards states */
    struct scan_state *states; /* by file */
};

/* What a thread reads at a time: a file, or a part of one. */
struct scan_piece {
    size_t file;       /* of settings->paths */
    uint64_t from, to; /* bytes; as for replay_part */
    bool is_part;      /* false: all of it, of whatever kind */
};

/*
 * Reads a piece, which is number place in the order of the output, and adds to *totals (this thread's own) what came of
 * it; a file that can't be read counts as failed, once, and is no error. Returns 0, -ENOMEM, or what writing alerts
 * failed with.
 */
int scan_file(struct scan_shared *shared, const struct scan_piece *piece, size_t place, struct scan_totals *totals);

/* The bytes of file number file of settings, packed in an archive or not; 0: it can't be told. */
uint64_t scan_file_size(const struct scan_settings *settings, size_t file);

/* Sets starts[0..*count-1] to where file can be cut into at most max parts, and *size to its bytes; one that can't be
 * read, or by a pipe, has one part and the size 0, as all have if max is 1. *is_evtx: it is an .evtx that can be cut.
 * Returns 0 or -ENOMEM. */
int scan_file_split(uint64_t *starts, size_t *count, uint64_t *size, bool *is_evtx, const char *path, size_t max);

#endif
