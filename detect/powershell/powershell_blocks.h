/*
 * powershell_blocks: script blocks that PowerShell's log (event 4104) holds in several events, put together again.
 *
 * PowerShell splits a block of 20,000 UTF-16 units and more into parts of equal length, numbered from 1; all of them
 * have the block's id. A command may be cut in two anywhere. Source: CompiledScriptBlock.cs of
 * github.com/PowerShell/PowerShell.
 *
 * A block is handed out when all its parts have come, when none came for POWERSHELL_BLOCKS_IDLE_MS, when it has grown
 * to a limit below, or when another one needs its place: always whole or marked incomplete, never dropped. Blocks with
 * the same text but other ids are other blocks, and so are those of other logs and computers. One thread at a time.
 */
#ifndef DETECT_POWERSHELL_POWERSHELL_BLOCKS_H
#define DETECT_POWERSHELL_POWERSHELL_BLOCKS_H

#include "detect/event/event.h"
#include <stddef.h>

/* Most blocks that wait for parts, and most memory of all of them, bytes; for more, the one that has waited longest is
 * handed out as it is. A script of 8 MiB is far beyond what people write. */
#define POWERSHELL_BLOCKS_OPEN 64
#define POWERSHELL_BLOCKS_MAX_TOTAL (8u << 20)

/* Most bytes of text that are kept of a block, and most parts (a part has 10,000 units and more); what comes after them
 * is left out, and said. */
#define POWERSHELL_BLOCKS_MAX_BYTES (1u << 20)
#define POWERSHELL_BLOCKS_MAX_PARTS 1024u

/* A block whose parts stop coming is handed out after this time, and any block this long after its first part. */
#define POWERSHELL_BLOCKS_IDLE_MS 30000u
#define POWERSHELL_BLOCKS_AGE_MS 120000u

/* How long an id is remembered after its block was handed out, and how many: what is delivered again is passed over. */
#define POWERSHELL_BLOCKS_MEMORY_MS 600000u
#define POWERSHELL_BLOCKS_MEMORY 256

/* The event's id, and the name of a datum that each of them has and no other event. */
#define POWERSHELL_BLOCKS_EVENT 4104u
#define POWERSHELL_BLOCKS_NAME "MessageTotal"

struct powershell_blocks;

enum powershell_taken {
    POWERSHELL_TAKEN_WHOLE, /* the event is no part, or the whole block: nothing was kept */
    POWERSHELL_TAKEN_KEPT,  /* ask powershell_blocks_next() */
    POWERSHELL_TAKEN_AGAIN  /* of a block that was handed out, or a part that is there */
};

/* Returns 0 or -ENOMEM. */
int powershell_blocks_new(struct powershell_blocks **out);

/* Frees b and what it keeps; NULL is allowed. */
void powershell_blocks_free(struct powershell_blocks *b);

/* Is event the record of a script block, in Windows PowerShell's log or PowerShell 7's? */
bool powershell_blocks_is_logged(const struct event *event);

/* Is event one part of several? One without a block id or text, or with a number that can't be, is none. */
bool powershell_blocks_is_part(const struct event *event);

/*
 * Takes an event, of which a part is copied. now_ms: a clock that never goes back; where none is known, always the same
 * number: then no block is handed out for its age. *taken is set. Returns 0, or -ENOMEM: the event was not taken.
 */
int powershell_blocks_take(struct powershell_blocks *b, enum powershell_taken *taken, const struct event *event,
                           uint64_t now_ms);

/*
 * The next block to hand out: the event of its first part (of those that came) with the text of all and with
 * event.joined; valid until the next call. It stays until powershell_blocks_done(). is_end: no more parts come, all
 * blocks are due. To be called until there is none, after each part and every few seconds. Returns 1; 0: none is due;
 * -ENOMEM: try again.
 */
int powershell_blocks_next(struct powershell_blocks *b, const struct event **out, uint64_t now_ms, bool is_end);

/* What powershell_blocks_next() gave has been dealt with; its id is remembered. */
void powershell_blocks_done(struct powershell_blocks *b, uint64_t now_ms);

/* Moves one block that waits in from to b, to the parts that are there. b has room for it: nothing is due in it.
 * Returns 1; 0: none waits in from; -ENOMEM: it stays where it is. */
int powershell_blocks_adopt(struct powershell_blocks *b, struct powershell_blocks *from);

/* Blocks that wait. */
size_t powershell_blocks_count(const struct powershell_blocks *b);

/* Bytes of memory that waiting blocks hold. */
size_t powershell_blocks_size(const struct powershell_blocks *b);

/* Is this text one that Protected Event Logging encrypted? Nothing can be seen in it. */
bool powershell_blocks_is_encrypted(struct text text);

#endif
