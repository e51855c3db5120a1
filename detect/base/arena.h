/*
 * arena: memory that is given back all at once. Two uses: what a rule is compiled into, and the scratch space of one
 * evaluation, which is reset after each event and keeps its blocks, so that events cost no allocation.
 * One thread at a time.
 */
#ifndef DETECT_BASE_ARENA_H
#define DETECT_BASE_ARENA_H

#include "detect/base/text.h"
#include <stddef.h>

/* What arena_alloc aligns to, bytes. */
#define ARENA_ALIGNMENT 16

struct arena;

/* Where an arena stands; for arena_rewind. */
struct arena_mark {
    void *block;
    size_t used;  /* bytes of that block */
    size_t total; /* bytes given out in all */
};

/*
 * An empty arena that gives out at most max_bytes. The caller frees it with arena_free().
 * Returns 0, or -ENOMEM with *out left as it was.
 */
int arena_new(struct arena **out, size_t max_bytes);

/* Frees the arena and all that came from it; NULL is allowed. */
void arena_free(struct arena *arena);

/* size bytes, not cleared, aligned to ARENA_ALIGNMENT. NULL: the limit or the system's memory is reached. size may be
 * 0.
 */
void *arena_alloc(struct arena *arena, size_t size);

/* The same for count items of size bytes, all zero; a product that overflows gives NULL. */
void *arena_zeroed(struct arena *arena, size_t count, size_t size);

/* A copy of text with a NUL after it. An absent text stays absent; no memory gives an absent one too. */
struct text arena_text(struct arena *arena, struct text text);

/* Takes all back; blocks are kept for the next use. */
void arena_reset(struct arena *arena);

/* Where the arena stands now, and back to there: what came since is gone. */
struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);

/* Bytes given out, alignment included. */
size_t arena_used(const struct arena *arena);

#endif
