/*
 * evtx_given: which records of a file were given, by record id and time, so that what is found a second time in unused
 * space is not given again. Shared by the threads that read one file.
 */
#ifndef COLLECTORS_FILES_EVTX_GIVEN_H
#define COLLECTORS_FILES_EVTX_GIVEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evtx_given;

/* Returns 0 or -ENOMEM. */
int evtx_given_new(struct evtx_given **out);

/* Frees g; NULL is allowed. */
void evtx_given_free(struct evtx_given *g);

/* Adds a record; *is_new: it was not there yet. Any thread. Returns 0 or -ENOMEM. */
int evtx_given_add(bool *is_new, struct evtx_given *g, uint64_t id, uint64_t written);

/* Keeps the offset in the file of a chunk whose unused space is to be looked at when all else was read. Any thread.
 * Returns 0 or -ENOMEM. */
int evtx_given_defer(struct evtx_given *g, uint64_t offset);

/* The deferred offsets, ascending; *count: how many. No thread adds any more. */
const uint64_t *evtx_given_deferred(struct evtx_given *g, size_t *count);

#endif
