#include "detect/powershell/powershell_blocks.h"

#include "detect/event/event_copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Longest key, bytes: an id has 36, a channel's name 38, a computer's name 255; longer ones by their beginning. */
enum { MAX_KEY = 384 };

#define TEXT_NAME "ScriptBlockText"

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
    struct event_copy first; /* the event of the lowest number, without its text */
    struct part *parts;      /* ordered by number */
    size_t count, room, bytes;
    bool is_cut, is_recovered; /* a part did not fit; one was found in unused space */
    uint64_t first_ms, last_ms, last_turn;
};

struct memory {
    struct key key;
    uint64_t at_ms;
};

struct powershell_blocks {
    struct open_block open[POWERSHELL_BLOCKS_OPEN + 1]; /* with one too many, the oldest is due */
    size_t count, size;
    uint64_t turn; /* counts parts: which block has waited longest */
    struct memory memory[POWERSHELL_BLOCKS_MEMORY];
    size_t next_memory;
    struct open_block *given; /* what powershell_blocks_next() gave; NULL: nothing */
    char *text;               /* its text */
    struct event event;
    struct event_datum *data; /* its data */
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
    event_copy_clear(&block->first);
    *block = (struct open_block){.count = 0};
}

void powershell_blocks_free(struct powershell_blocks *b)
{
    if (b == NULL)
        return;
    for (size_t i = 0; i < b->count; i++)
        clear(&b->open[i]);
    free(b->text);
    free(b->data);
    free(b);
}

size_t powershell_blocks_count(const struct powershell_blocks *b)
{
    return b->count;
}

size_t powershell_blocks_size(const struct powershell_blocks *b)
{
    return b->size;
}

bool powershell_blocks_is_logged(const struct event *event)
{
    return event->event_id == POWERSHELL_BLOCKS_EVENT &&
           (text_equal(event->field[EVENT_PROVIDER], text_from("Microsoft-Windows-PowerShell")) ||
            text_equal(event->field[EVENT_PROVIDER], text_from("PowerShellCore")));
}

static uint32_t number_of(const struct event *event, const char *name)
{
    uint64_t number = 0;
    bool is_number = text_to_number(&number, event_data(event, text_from(name)));
    return is_number && number <= UINT32_MAX ? (uint32_t)number : 0;
}

bool powershell_blocks_is_part(const struct event *event)
{
    if (!powershell_blocks_is_logged(event))
        return false;
    uint32_t number = number_of(event, "MessageNumber"), total = number_of(event, POWERSHELL_BLOCKS_NAME);
    return total > 1 && number > 0 && number <= total && event_data(event, text_from("ScriptBlockId")).len > 0 &&
           event_data(event, text_from(TEXT_NAME)).bytes != NULL;
}

static struct key key_of(const struct event *event)
{
    struct key key = {.length = 0};
    const struct text texts[] = {event_data(event, text_from("ScriptBlockId")), event->field[EVENT_CHANNEL],
                                 event->field[EVENT_COMPUTER]};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        size_t room = sizeof(key.bytes) - key.length, length = texts[i].len < room ? texts[i].len : room;
        if (length > 0)
            memcpy(key.bytes + key.length, texts[i].bytes, length);
        key.length += length;
        if (key.length < sizeof(key.bytes))
            key.bytes[key.length++] = '\0'; /* so that no two of them run together */
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

static size_t size_of(const struct open_block *block)
{
    return sizeof(*block) + block->first.size + block->room * sizeof(*block->parts) + block->bytes;
}

/* Where a part of that number belongs; *is_there: it has come. */
static size_t place_of(const struct open_block *block, uint32_t number, bool *is_there)
{
    size_t at = block->count;
    while (at > 0 && block->parts[at - 1].number >= number)
        at--;
    *is_there = at < block->count && block->parts[at].number == number;
    return at;
}

static int reserve(struct open_block *block)
{
    if (block->count < block->room)
        return 0;
    size_t room = block->room == 0 ? 8 : 2 * block->room;
    struct part *grown = realloc(block->parts, room * sizeof(*grown));
    if (grown == NULL)
        return -ENOMEM;
    block->parts = grown;
    block->room = room;
    return 0;
}

/* Makes a gap at place at, for a part of that length. There is room. */
static void make_gap(struct open_block *block, size_t at, size_t length)
{
    memmove(&block->parts[at + 1], &block->parts[at], (block->count - at) * sizeof(*block->parts));
    block->count++;
    block->bytes += length;
}

/* Adds the part in the order of numbers. *again: it is there. Returns 0 or -ENOMEM. */
static int add_part(struct open_block *block, const struct event *event, uint32_t number, bool *again)
{
    struct text text = event_data(event, text_from(TEXT_NAME));
    size_t at = place_of(block, number, again);
    if (*again)
        return 0;
    if (reserve(block) < 0)
        return -ENOMEM;
    size_t left = POWERSHELL_BLOCKS_MAX_BYTES - block->bytes, length = text.len < left ? text.len : left;
    struct event_copy first = {.size = 0};
    struct part part = {number, malloc(length + 1), length};
    if (part.bytes == NULL || (at == 0 && event_copy_make(&first, event, text_from(TEXT_NAME)) < 0)) {
        free(part.bytes);
        return -ENOMEM;
    }
    if (length > 0)
        memcpy(part.bytes, text.bytes, length);
    if (at == 0) {
        event_copy_clear(&block->first);
        block->first = first;
    }
    make_gap(block, at, length);
    block->parts[at] = part;
    block->is_cut |= length < text.len || block->count == POWERSHELL_BLOCKS_MAX_PARTS;
    block->is_recovered |= event->is_recovered;
    return 0;
}

int powershell_blocks_take(struct powershell_blocks *b, enum powershell_taken *taken, const struct event *event,
                           uint64_t now_ms)
{
    bool again = false;
    *taken = POWERSHELL_TAKEN_WHOLE;
    if (!powershell_blocks_is_part(event))
        return 0;
    struct key key = key_of(event);
    *taken = POWERSHELL_TAKEN_AGAIN;
    if (is_remembered(b, &key, now_ms))
        return 0;
    struct open_block *block = find(b, &key);
    if (block == NULL) {
        if (b->count > POWERSHELL_BLOCKS_OPEN)
            return -ENOMEM; /* the last one could not be handed out for want of memory */
        block = &b->open[b->count];
        *block = (struct open_block){.key = key, .total = number_of(event, POWERSHELL_BLOCKS_NAME), .first_ms = now_ms};
    }
    bool is_new = block == &b->open[b->count];
    size_t before = is_new ? 0 : size_of(block);
    int rc = add_part(block, event, number_of(event, "MessageNumber"), &again);
    if (rc < 0 && is_new) {
        clear(block);
        return rc;
    }
    b->count += is_new;
    b->size += size_of(block) - before; /* also where room was made in vain */
    if (rc < 0)
        return rc;
    block->last_ms = now_ms;
    block->last_turn = ++b->turn;
    *taken = again ? POWERSHELL_TAKEN_AGAIN : POWERSHELL_TAKEN_KEPT;
    return 0;
}

static bool is_due(const struct open_block *block, uint64_t now_ms)
{
    return block->count >= block->total || block->is_cut || now_ms - block->last_ms >= POWERSHELL_BLOCKS_IDLE_MS ||
           now_ms - block->first_ms >= POWERSHELL_BLOCKS_AGE_MS;
}

/* The block to hand out now: one that is due, or the oldest when there is too much. NULL: none. */
static struct open_block *due(struct powershell_blocks *b, uint64_t now_ms, bool is_end)
{
    struct open_block *oldest = NULL;
    for (size_t i = 0; i < b->count; i++) {
        if (is_due(&b->open[i], now_ms))
            return &b->open[i];
        if (oldest == NULL || b->open[i].last_turn < oldest->last_turn)
            oldest = &b->open[i];
    }
    bool is_too_much = b->count > POWERSHELL_BLOCKS_OPEN || b->size > POWERSHELL_BLOCKS_MAX_TOTAL;
    return is_end || is_too_much ? oldest : NULL;
}

/* The event to hand out, with this text. */
static void make_event(struct powershell_blocks *b, const struct open_block *block, size_t length)
{
    b->event = block->first.event;
    b->event.data = b->data;
    for (size_t i = 0; i < b->event.data_count; i++) {
        b->data[i] = block->first.data[i];
        if (text_equal(b->data[i].name, text_from(TEXT_NAME)))
            b->data[i].value = (struct text){b->text, length};
    }
    b->event.is_recovered = block->is_recovered;
    b->event.joined = (struct event_joined){.parts = (uint32_t)block->count,
                                            .total = block->total,
                                            .is_whole = block->count == block->total && !block->is_cut};
}

int powershell_blocks_next(struct powershell_blocks *b, const struct event **out, uint64_t now_ms, bool is_end)
{
    struct open_block *block = due(b, now_ms, is_end);
    if (block == NULL)
        return 0;
    char *text = malloc(block->bytes + 1);
    struct event_datum *data = calloc(block->first.event.data_count + 1, sizeof(*data));
    if (text == NULL || data == NULL) {
        free(text);
        free(data);
        return -ENOMEM; /* it stays, and is due again at the next call */
    }
    size_t length = 0;
    for (size_t i = 0; i < block->count; i++) {
        memcpy(text + length, block->parts[i].bytes, block->parts[i].length);
        length += block->parts[i].length;
    }
    free(b->text);
    free(b->data);
    b->text = text;
    b->data = data;
    make_event(b, block, length);
    b->given = block;
    *out = &b->event;
    return 1;
}

/* Takes block, which was moved or freed, out of the list. */
static void drop(struct powershell_blocks *b, struct open_block *block)
{
    *block = b->open[--b->count];
    b->open[b->count] = (struct open_block){.count = 0};
}

void powershell_blocks_done(struct powershell_blocks *b, uint64_t now_ms)
{
    struct open_block *block = b->given;
    if (block == NULL)
        return;
    b->given = NULL;
    b->memory[b->next_memory] = (struct memory){block->key, now_ms};
    b->next_memory = (b->next_memory + 1) % POWERSHELL_BLOCKS_MEMORY;
    b->size -= size_of(block);
    clear(block);
    drop(b, block);
}

/* Moves the parts of from to block, which is another half of it. */
static int merge(struct open_block *block, struct open_block *from)
{
    while (from->count > 0) {
        struct part part = from->parts[from->count - 1];
        bool is_there;
        size_t at = place_of(block, part.number, &is_there);
        bool fits = part.length <= POWERSHELL_BLOCKS_MAX_BYTES - block->bytes;
        if (!is_there && fits && reserve(block) < 0)
            return -ENOMEM;
        from->count--;
        from->bytes -= part.length;
        if (is_there || !fits) {
            block->is_cut |= !is_there;
            free(part.bytes);
            continue;
        }
        make_gap(block, at, part.length);
        block->parts[at] = part;
        if (at == 0 && from->count == 0) { /* from's lowest number is block's */
            struct event_copy first = block->first;
            block->first = from->first;
            from->first = first;
        }
    }
    block->is_cut |= from->is_cut || block->count >= POWERSHELL_BLOCKS_MAX_PARTS;
    block->is_recovered |= from->is_recovered;
    return 0;
}

int powershell_blocks_adopt(struct powershell_blocks *b, struct powershell_blocks *from)
{
    if (from->count == 0)
        return 0;
    struct open_block *other = &from->open[from->count - 1], *block = find(b, &other->key);
    from->given = NULL;
    if (block == NULL) {
        block = &b->open[b->count++];
        *block = *other;
        block->last_turn = ++b->turn;
        b->size += size_of(block);
        from->size -= size_of(block);
        drop(from, other);
        return 1;
    }
    size_t before = size_of(block), its = size_of(other);
    int rc = merge(block, other);
    b->size += size_of(block) - before;
    if (rc < 0) {
        from->size -= its - size_of(other);
        return rc;
    }
    from->size -= its;
    clear(other);
    drop(from, other);
    return 1;
}

bool powershell_blocks_is_encrypted(struct text text)
{
    static const char begin[] = "-----BEGIN CMS-----";
    return text.len >= sizeof(begin) - 1 && memcmp(text.bytes, begin, sizeof(begin) - 1) == 0;
}
