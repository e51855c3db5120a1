/*
 * scan_watch: what an operator has of a scan while it runs: a line that says how far it is, and Ctrl-C, which ends it
 * with all that was found.
 */
#ifndef AGENT_SCAN_SCAN_WATCH_H
#define AGENT_SCAN_SCAN_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* How long a scan that was ended may take for what it holds; it may wait for a pipe that gives nothing. */
#define SCAN_WATCH_PATIENCE_MS 10000u

/* The exit code of a scan that was ended: 128 and SIGINT, as shells have it. */
#define SCAN_WATCH_ENDED 130

/* Between the scan's threads and whoever watches. All zero at first. */
struct scan_progress {
    atomic_bool is_ended;        /* the scan shall end; set by the watcher */
    atomic_uint_least64_t bytes; /* read, as they lie on disk */
    atomic_uint_least64_t files; /* read to their ends, or given up */
    atomic_uint_least64_t alerts;
    atomic_uint_least64_t all_bytes, all_files; /* what there is; bytes: 0 until it is known, or where it can't be */
};

struct scan_watch;

/*
 * Begins to watch, on a thread of its own: Ctrl-C and the like (interrupt.h) set progress->is_ended. Call before other
 * threads are started. to: a terminal, which gets a line each second; NULL: none. Where the scan has not ended
 * SCAN_WATCH_PATIENCE_MS later, the program does, with SCAN_WATCH_ENDED. Returns 0 or a negative errno value.
 */
int scan_watch_new(struct scan_watch **out, struct scan_progress *progress, FILE *to);

/* The scan is over: ends the thread, removes its line and frees it. NULL is allowed. */
void scan_watch_free(struct scan_watch *watch);

/* What the line says after seconds; to has room for size. Returns to. */
const char *scan_watch_line(char *to, size_t size, const struct scan_progress *progress, double seconds);

#endif
