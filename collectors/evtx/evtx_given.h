/*
 * evtx_given: which records of a file were given, by record id and time, so that what is found a second time in unused
 * space is not given again. Shared by the threads that read one file; 16 bytes a record, or twice that once one was
 * recovered.
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

struct evtx_given_record {
    uint64_t id, written;
};

/* Adds live records that are given, at little cost. Not where evtx_given_has_recovered(). Any thread. Returns 0 or
 * -ENOMEM. */
int evtx_given_add_live(struct evtx_given *g, const struct evtx_given_record *records, size_t count);

/* Was a record recovered that may yet be found alive? Any thread. */
bool evtx_given_has_recovered(struct evtx_given *g);

/*
 * Adds a record. *is_new: it is to be given now. A live one always is, as two may have one id and time (two files in
 * one), but if it was recovered before; a recovered one only if it was not given at all. Any thread. Returns 0 or
 * -ENOMEM.
 */
int evtx_given_add(bool *is_new, struct evtx_given *g, uint64_t id, uint64_t written, bool is_recovered);

#endif
