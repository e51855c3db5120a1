/*
 * powershell_blocks: script blocks that PowerShell's log (event 4104) holds in several parts, put together again.
 *
 * PowerShell splits a block of 20,000 UTF-16 units and more into parts of equal length, numbered from 1; all of them
 * have the block's id. A command may be cut in two anywhere. Source: CompiledScriptBlock.cs of
 * github.com/PowerShell/PowerShell.
 *
 * A block is handed out when all its parts have come, when none came for POWERSHELL_BLOCKS_IDLE_MS, when it has grown
 * to POWERSHELL_BLOCKS_MAX_BYTES, or when another one needs its place: always whole or marked incomplete, never
 * dropped. Blocks with the same text but other ids are other blocks. One thread at a time.
 */
#ifndef DETECT_POWERSHELL_POWERSHELL_BLOCKS_H
#define DETECT_POWERSHELL_POWERSHELL_BLOCKS_H

#include "detect/base/text.h"

/* Most blocks that wait for parts; for one more, the one that has waited longest is handed out as it is. */
#define POWERSHELL_BLOCKS_OPEN 64

/* Most bytes of text that are kept of a block; what comes after them is left out, and said. */
#define POWERSHELL_BLOCKS_MAX_BYTES (1u << 20)

/* A block whose parts stop coming is handed out after this time. */
#define POWERSHELL_BLOCKS_IDLE_MS 30000u

/* How long an id is remembered after its block was handed out, and how many: what is delivered again is passed over. */
#define POWERSHELL_BLOCKS_MEMORY_MS 600000u
#define POWERSHELL_BLOCKS_MEMORY 256

struct powershell_blocks;

/* One part, as its event has it. */
struct powershell_part {
    struct text channel, id; /* together they identify a block; of longer ones the first 128 bytes count */
    uint32_t number, total;  /* MessageNumber, MessageTotal: 1 and up */
    struct text text;        /* ScriptBlockText; copied */
};

struct powershell_block {
    struct text text;      /* valid until the next call */
    uint32_t parts, total; /* parts that came, of how many */
    bool is_whole;         /* all came, and all of their text is there */
};

enum powershell_taken {
    POWERSHELL_TAKEN_WHOLE, /* the part is the whole block: nothing was kept, use its text */
    POWERSHELL_TAKEN_KEPT,  /* ask powershell_blocks_next() */
    POWERSHELL_TAKEN_AGAIN  /* of a block that was handed out, or a part that is there */
};

/* Returns 0 or -ENOMEM. */
int powershell_blocks_new(struct powershell_blocks **out);

/* Frees b and what it keeps; NULL is allowed. */
void powershell_blocks_free(struct powershell_blocks *b);

/*
 * Takes a part. now_ms: a clock that never goes back. A number or total of 0, or a number above its total, counts as a
 * block of one part. *taken is set. Returns 0, or -ENOMEM: the part was not taken.
 */
int powershell_blocks_take(struct powershell_blocks *b, enum powershell_taken *taken,
                           const struct powershell_part *part, uint64_t now_ms);

/* The next block to hand out. False: none is due. To be called until it is, after each part and every few seconds. */
bool powershell_blocks_next(struct powershell_blocks *b, struct powershell_block *out, uint64_t now_ms);

/* Is this text one that Protected Event Logging encrypted? Nothing can be seen in it. */
bool powershell_blocks_is_encrypted(struct text text);

#endif
