#include "detect/base/arena.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Each block is half of all before it, from the first to the largest, so that a third is unused at most; a single piece
 * that is larger gets a block of its own. */
#define FIRST_BLOCK ((size_t)4096)
#define LARGEST_BLOCK ((size_t)1 << 20)

struct block {
    struct block *next; /* the one made after this; kept when the arena is reset */
    size_t size;        /* bytes of data */
    size_t used;
    _Alignas(ARENA_ALIGNMENT) unsigned char data[];
};

struct arena {
    struct block *first, *current; /* both NULL until something is asked for */
    size_t max, total;
};

int arena_new(struct arena **out, size_t max_bytes)
{
    struct arena *arena = calloc(1, sizeof(*arena));
    if (arena == NULL)
        return -ENOMEM;
    arena->max = max_bytes;
    *out = arena;
    return 0;
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    for (struct block *block = arena->first, *next; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    free(arena);
}

/* A new block of at least size bytes after the current one. */
static struct block *add_block(struct arena *arena, size_t size)
{
    size_t want = arena->total / 2 / FIRST_BLOCK * FIRST_BLOCK;
    if (want < FIRST_BLOCK)
        want = FIRST_BLOCK;
    if (want > LARGEST_BLOCK)
        want = LARGEST_BLOCK;
    if (want < size)
        want = size;
    struct block *block = malloc(sizeof(*block) + want);
    if (block == NULL)
        return NULL;
    block->size = want;
    block->used = 0;
    if (arena->current == NULL) {
        block->next = arena->first;
        arena->first = block;
    } else {
        block->next = arena->current->next;
        arena->current->next = block;
    }
    return block;
}

/* The block that takes size bytes: the current one, a kept one after it, or a new one. */
static struct block *block_for(struct arena *arena, size_t size)
{
    struct block *block = arena->current == NULL ? arena->first : arena->current;
    for (; block != NULL; block = block->next) {
        if (block != arena->current)
            block->used = 0;
        arena->current = block;
        if (block->size - block->used >= size)
            return block;
    }
    return add_block(arena, size);
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > arena->max)
        return NULL;
    size_t padded = (size + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
    if (padded > arena->max - arena->total)
        return NULL;
    struct block *block = block_for(arena, padded);
    if (block == NULL)
        return NULL;
    arena->current = block;
    void *piece = block->data + block->used;
    block->used += padded;
    arena->total += padded;
    return piece;
}

void *arena_zeroed(struct arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    void *piece = arena_alloc(arena, count * size);
    if (piece != NULL)
        memset(piece, 0, count * size);
    return piece;
}

struct text arena_text(struct arena *arena, struct text text)
{
    char *copy = text.bytes == NULL ? NULL : arena_alloc(arena, text.len + 1);
    if (copy == NULL)
        return (struct text){NULL, 0};
    memcpy(copy, text.bytes, text.len);
    copy[text.len] = '\0';
    return (struct text){copy, text.len};
}

void arena_reset(struct arena *arena)
{
    arena->current = NULL;
    arena->total = 0;
    if (arena->first != NULL)
        arena->first->used = 0;
}

struct arena_mark arena_mark(const struct arena *arena)
{
    return (struct arena_mark){arena->current, arena->current == NULL ? 0 : arena->current->used, arena->total};
}

void arena_rewind(struct arena *arena, struct arena_mark mark)
{
    arena->current = mark.block;
    arena->total = mark.total;
    if (arena->current != NULL)
        arena->current->used = mark.used;
    else if (arena->first != NULL)
        arena->first->used = 0;
}

size_t arena_used(const struct arena *arena)
{
    return arena->total;
}
