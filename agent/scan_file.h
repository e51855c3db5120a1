/* scan_file: one file of a scan, on one thread. */
#ifndef AGENT_SCAN_FILE_H
#define AGENT_SCAN_FILE_H

#include "agent/scan_run.h"

/* What all threads of a scan share; read only, or locked by itself. */
struct scan_shared {
    const struct scan_settings *settings;
    const struct matcher *matcher;
    struct scan_output *output;
};

/*
 * Reads file number file (of settings->paths) and adds to *totals (this thread's own) what came of it; a file that
 * can't be read counts as failed and is no error. Returns 0, -ENOMEM, or what writing alerts failed with.
 */
int scan_file(const struct scan_shared *shared, size_t file, struct scan_totals *totals);

#endif
