/* store_trial: a store in the current directory, and short words for what the tests of the store do with it. */
#ifndef TESTS_TRANSPORT_OUTBOX_STORE_TRIAL_H
#define TESTS_TRANSPORT_OUTBOX_STORE_TRIAL_H

#include "tests/test.h"
#include "tests/transport/outbox/vfs.h"
#include "transport/outbox/store.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of each test program its own: they run side by side. */
#define TRIAL_PATH TRIAL_NAME ".db"

extern const char *const trial_one_output[1];  /* "a" */
extern const char *const trial_two_outputs[2]; /* "a", "b" */
extern struct fault trial_fault;               /* of the last call that failed */

/* Removes the file and its companions. */
void trial_remove_files(void);

/* Opens what is there, or makes it; ends the test if it can't. */
struct store *trial_open(const char *const *outputs, size_t count, uint64_t max_alerts, uint64_t max_bytes);

/* An empty store with so many of trial_two_outputs. */
struct store *trial_open_new(size_t outputs);

/* Keeps the alerts numbered from..to-1, each with a document of size bytes, and the bookmark of "Security" (NULL:
 * none). */
int trial_keep(struct store *store, int from, int to, size_t size, const char *bookmark, size_t *added);

/* The same with documents of 10 bytes, which must be kept. */
void trial_keep_ok(struct store *store, int from, int to);

/* What waits for output, which must be from..to-1; the caller frees it. */
struct store_item *trial_next(struct store *store, const char *output, int from, int to);

/* The same without the items. */
void trial_expect(struct store *store, const char *output, int from, int to);

/* All that waits for output, which must be from..to-1, is taken. */
void trial_deliver(struct store *store, const char *output, int from, int to);

/* store_counts() must say so. */
void trial_counts(struct store *store, uint64_t waiting, uint64_t bytes, uint64_t dead);

/* The bookmark of "Security" must be want; NULL: there is none. */
void trial_bookmark(struct store *store, const char *want);

/* The number that an alert's id is. */
int trial_number(const char *id);

#endif
