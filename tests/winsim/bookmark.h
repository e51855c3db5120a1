/*
 * bookmark: the place reached in each channel, and its text. Form as Windows writes it, single quotes and CRLF; read in
 * any form that the schema of MS-EVEN6 section 2.2.14 takes.
 */
#ifndef TESTS_WINSIM_BOOKMARK_H
#define TESTS_WINSIM_BOOKMARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bookmark_place {
    char *channel;
    uint64_t record; /* the log's own record id */
    bool is_current;
};

struct bookmark {
    struct bookmark_place *places;
    size_t count, room;
};

/* Reads xml. Returns a bookmark, which the caller frees, or NULL: not well-formed or not of the schema. */
struct bookmark *bookmark_parse(const char *xml);
void bookmark_free(struct bookmark *b);

/* Sets the place in channel and makes it the current one. */
void bookmark_set(struct bookmark *b, const char *channel, uint64_t record);

/* The place in channel, or NULL. */
const struct bookmark_place *bookmark_find(const struct bookmark *b, const char *channel);

/* Its text, which the caller frees. */
char *bookmark_text(const struct bookmark *b);

#endif
