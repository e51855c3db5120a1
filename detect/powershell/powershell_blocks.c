#include "detect/powershell/powershell_blocks.h"

#include <errno.h>
#include <stdlib.h>

enum { MAX_KEY = 128 };

struct key {
    char bytes[MAX_KEY];
    size_t length;
};

struct part {
    uint32_t number;
    char *bytes;
    size_t length;
};

struct open_block {
    struct key key;
    uint32_t total;
    struct part *parts; /* ordered by number */
    size_t count, room, bytes;
    bool is_cut; /* a part did not fit */
    uint64_t last_ms;
};

struct memory {
    struct key key;
    uint64_t at_ms;
};

struct powershell_blocks {
    struct open_block open[POWERSHELL_BLOCKS_OPEN + 1]; /* with one too many, the oldest is due */
    size_t count;
    struct memory memory[POWERSHELL_BLOCKS_MEMORY];
    size_t next_memory;
    char *text; /* of the block that was handed out last */
};

int powershell_blocks_new(struct powershell_blocks **out)
{
    struct powershell_blocks *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return -ENOMEM;
    *out = b;
    return 0;
}

static void clear(struct open_block *block)
{
    for (size_t i = 0; i < block->count; i++)
        free(block->parts[i].bytes);
    free(block->parts);
    *block = (struct open_block){.count = 0};
}

void powershell_blocks_free(struct powershell_blocks *b)
{
    if (b == NULL)
        return;
    for (size_t i = 0; i < b->count; i++)
        clear(&b->open[i]);
    free(b->text);
    free(b);
}

static struct key key_of(const struct powershell_part *part)
{
    struct key key = {.length = 0};
    const struct text texts[] = {part->id, part->channel};
    for (size_t i = 0; i < 2; i++) {
        size_t room = sizeof(key.bytes) - key.length, length = texts[i].len < room ? texts[i].len : room;
        if (length > 0)
            memcpy(key.bytes + key.length, texts[i].bytes, length);
        key.length += length;
    }
    return key;
}

static bool is_same(const struct key *a, const struct key *b)
{
    return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

static bool is_remembered(const struct powershell_blocks *b, const struct key *key, uint64_t now_ms)
{
    for (size_t i = 0; i < POWERSHELL_BLOCKS_MEMORY; i++)
        if (b->memory[i].key.length > 0 && is_same(&b->memory[i].key, key) &&
            now_ms - b->memory[i].at_ms < POWERSHELL_BLOCKS_MEMORY_MS)
            return true;
    return false;
}

static struct open_block *find(struct powershell_blocks *b, const struct key *key)
{
    for (size_t i = 0; i < b->count; i++)
        if (is_same(&b->open[i].key, key))
            return &b->open[i];
    return NULL;
}

/* Adds the part in the order of numbers. *again: it is there. Returns 0 or -ENOMEM. */
static int add_part(struct open_block *block, const struct powershell_part *part, bool *again)
{
    size_t at = block->count;
    while (at > 0 && block->parts[at - 1].number >= part->number)
        at--;
    *again = at < block->count && block->parts[at].number == part->number;
    if (*again)
        return 0;
    if (block->count == block->room) {
        size_t room = block->room == 0 ? 8 : 2 * block->room;
        struct part *grown = realloc(block->parts, room * sizeof(*grown));
        if (grown == NULL)
            return -ENOMEM;
        block->parts = grown;
        block->room = room;
    }
    size_t left = POWERSHELL_BLOCKS_MAX_BYTES - block->bytes, length = part->text.len < left ? part->text.len : left;
    char *bytes = malloc(length + 1);
    if (bytes == NULL)
        return -ENOMEM;
    if (length > 0)
        memcpy(bytes, part->text.bytes, length);
    block->is_cut |= length < part->text.len;
    memmove(&block->parts[at + 1], &block->parts[at], (block->count - at) * sizeof(*block->parts));
    block->parts[at] = (struct part){part->number, bytes, length};
    block->count++;
    block->bytes += length;
    return 0;
}

int powershell_blocks_take(struct powershell_blocks *b, enum powershell_taken *taken,
                           const struct powershell_part *part, uint64_t now_ms)
{
    struct key key = key_of(part);
    bool again = false;
    if (part->total <= 1 || part->number == 0 || part->number > part->total) {
        *taken = POWERSHELL_TAKEN_WHOLE;
        return 0;
    }
    if (is_remembered(b, &key, now_ms)) {
        *taken = POWERSHELL_TAKEN_AGAIN;
        return 0;
    }
    struct open_block *block = find(b, &key);
    if (block == NULL) {
        if (b->count > POWERSHELL_BLOCKS_OPEN)
            return -ENOMEM; /* the last one could not be handed out for want of memory */
        block = &b->open[b->count];
        *block = (struct open_block){.key = key, .total = part->total};
    }
    int rc = add_part(block, part, &again);
    if (rc < 0) {
        if (block == &b->open[b->count])
            clear(block);
        return rc;
    }
    b->count += block == &b->open[b->count];
    block->last_ms = now_ms;
    *taken = again ? POWERSHELL_TAKEN_AGAIN : POWERSHELL_TAKEN_KEPT;
    return 0;
}

static bool is_due(const struct open_block *block, uint64_t now_ms)
{
    return block->count == block->total || block->is_cut || now_ms - block->last_ms >= POWERSHELL_BLOCKS_IDLE_MS;
}

/* The block to hand out now: one that is due, or the oldest when there is one too many. NULL: none. */
static struct open_block *due(struct powershell_blocks *b, uint64_t now_ms)
{
    struct open_block *oldest = NULL;
    for (size_t i = 0; i < b->count; i++) {
        if (is_due(&b->open[i], now_ms))
            return &b->open[i];
        if (oldest == NULL || b->open[i].last_ms < oldest->last_ms)
            oldest = &b->open[i];
    }
    return b->count > POWERSHELL_BLOCKS_OPEN ? oldest : NULL;
}

bool powershell_blocks_next(struct powershell_blocks *b, struct powershell_block *out, uint64_t now_ms)
{
    struct open_block *block = due(b, now_ms);
    if (block == NULL)
        return false;
    char *text = malloc(block->bytes + 1);
    if (text == NULL)
        return false; /* it stays, and is due again at the next call */
    size_t length = 0;
    for (size_t i = 0; i < block->count; i++) {
        memcpy(text + length, block->parts[i].bytes, block->parts[i].length);
        length += block->parts[i].length;
    }
    free(b->text);
    b->text = text;
    *out = (struct powershell_block){.text = {text, length},
                                     .parts = (uint32_t)block->count,
                                     .total = block->total,
                                     .is_whole = block->count == block->total && !block->is_cut};
    b->memory[b->next_memory] = (struct memory){block->key, now_ms};
    b->next_memory = (b->next_memory + 1) % POWERSHELL_BLOCKS_MEMORY;
    clear(block);
    *block = b->open[--b->count];
    b->open[b->count] = (struct open_block){.count = 0};
    return true;
}

bool powershell_blocks_is_encrypted(struct text text)
{
    static const char begin[] = "-----BEGIN CMS-----";
    return text.len >= sizeof(begin) - 1 && memcmp(text.bytes, begin, sizeof(begin) - 1) == 0;
}
