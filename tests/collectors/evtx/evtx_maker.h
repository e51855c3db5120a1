/*
 * evtx_maker: makes .evtx files for tests, from their format's description. Not all that Windows writes: no hashes of
 * names, no tables of strings and templates, no checksums.
 */
#ifndef TESTS_COLLECTORS_FILES_EVTX_MAKER_H
#define TESTS_COLLECTORS_FILES_EVTX_MAKER_H

#include "collectors/evtx/evtx_program.h"

#define EVTX_MAKER_MAX (4096u + 8u * 65536u)

struct evtx_maker {
    unsigned char bytes[EVTX_MAKER_MAX];
    size_t size;     /* so far */
    size_t chunk;    /* where the open one begins */
    size_t record;   /* where the last one begins */
    size_t template; /* offset in the chunk of the template of the process creations; 0: not yet there */
};

/* Begins a file: its header. */
void evtx_maker_start(struct evtx_maker *m);

/* Ends the open chunk, as if it were full, and begins one. */
void evtx_maker_chunk(struct evtx_maker *m);

/* The file's end: the last chunk is filled with zeros; the headers tell of all. */
void evtx_maker_end(struct evtx_maker *m);

/* A value that a template is filled with. */
struct evtx_maker_value {
    unsigned type;
    const void *bytes;
    size_t size;
};

/* A Sysmon 1 by a template, with this command line, in UTF-16, as its third datum. */
void evtx_maker_process(struct evtx_maker *m, uint64_t id, const uint16_t *command, size_t units);

/* The same, command in ASCII. */
void evtx_maker_ascii(struct evtx_maker *m, uint64_t id, const char *command);

/* A record with an element Event without a template, as forwarded events have: text in EventData, two Data with it. */
void evtx_maker_forwarded(struct evtx_maker *m, uint64_t id, const char *text);

/* A Sysmon 1 with count data, all of them empty. */
void evtx_maker_empty(struct evtx_maker *m, uint64_t id, size_t count);

/* A record by a template <Event><EventData><Data Name='x'>value</Data></EventData></Event>. */
void evtx_maker_value(struct evtx_maker *m, uint64_t id, const struct evtx_maker_value *value);

#endif
