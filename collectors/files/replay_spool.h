/*
 * replay_spool: a temporary file for what can only be read from a file by name (.evtx that comes packed or by a pipe).
 */
#ifndef COLLECTORS_FILES_REPLAY_SPOOL_H
#define COLLECTORS_FILES_REPLAY_SPOOL_H

#include "detect/base/fault.h"
#include <stdbool.h>
#include <stdio.h>

struct replay_spool;

/* Can file not be opened again under its name: is it a pipe or the like? */
bool replay_spool_is_needed(FILE *file);

/* Makes an empty temporary file. Returns 0; -ENOMEM; another negative errno value with fault. */
int replay_spool_new(struct replay_spool **out, struct fault *fault);

/* Appends. Returns 0; -ENOSPC or another negative errno value with fault. */
int replay_spool_write(struct replay_spool *spool, const char *bytes, size_t size, struct fault *fault);

/* All is written: sets *path, the spool's, by which the file can be opened until replay_spool_free. Returns as above.
 */
int replay_spool_finish(struct text *path, struct replay_spool *spool, struct fault *fault);

/* Deletes the file; NULL is allowed. */
void replay_spool_free(struct replay_spool *spool);

#endif
