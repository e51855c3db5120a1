#include "collectors/evtx/evtx_chunk.h"

#define RECORDS_AT 512u /* bytes of the chunk's header */
#define USED_END_AT 48u /* "free space offset" in it */

/* A record has its header, a token at least, and the copy of its size. */
#define RECORD_MIN (EVTX_RECORD_HEADER_SIZE + 8u)

static const unsigned char record_signature[4] = {'*', '*', 0, 0};

/* What binary XML begins with: a token and its version. */
static const unsigned char fragment_header[4] = {0x0F, 1, 1, 0};

bool evtx_is_chunk(const unsigned char *bytes, size_t size)
{
    return size >= EVTX_SIGNATURE_SIZE && memcmp(bytes, EVTX_CHUNK_SIGNATURE, EVTX_SIGNATURE_SIZE) == 0;
}

bool evtx_is_file(const unsigned char *bytes, size_t size)
{
    return size >= EVTX_SIGNATURE_SIZE && memcmp(bytes, EVTX_FILE_SIGNATURE, EVTX_SIGNATURE_SIZE) == 0;
}

size_t evtx_find_beginning(const unsigned char *bytes, size_t size, size_t from)
{
    while (from < size) {
        const unsigned char *found = memchr(bytes + from, EVTX_CHUNK_SIGNATURE[0], size - from);
        if (found == NULL)
            return size;
        from = (size_t)(found - bytes);
        if (evtx_is_chunk(found, size - from) || evtx_is_file(found, size - from))
            return from;
        from++;
    }
    return size;
}

/* Size of the whole record at offset at: signature, size and its copy fit. 0: there is none. */
static size_t whole_record(struct evtx_chunk chunk, size_t at)
{
    if (chunk.size - at < RECORD_MIN || memcmp(chunk.bytes + at, record_signature, sizeof(record_signature)) != 0)
        return 0;
    size_t size = evtx_u32(chunk.bytes + at + 4);
    if (size < RECORD_MIN || size > chunk.size - at || evtx_u32(chunk.bytes + at + size - 4) != size)
        return 0;
    return size;
}

void evtx_walk_start(struct evtx_walk *walk, struct evtx_chunk chunk)
{
    *walk = (struct evtx_walk){.chunk = chunk, .is_joined = true};
    bool has_header = evtx_is_chunk(chunk.bytes, chunk.size);
    if (chunk.size <= RECORDS_AT || (!has_header && whole_record(chunk, RECORDS_AT) == 0)) {
        walk->is_torn = has_header;
        return; /* all of it is searched */
    }
    walk->at = walk->used = RECORDS_AT;
    size_t used = evtx_u32(chunk.bytes + USED_END_AT);
    if (!has_header || used < RECORDS_AT || used > EVTX_CHUNK_SIZE)
        return; /* the records themselves say how far they go */
    walk->is_torn = used > chunk.size;
    walk->used = walk->is_torn ? chunk.size : used;
}

/* Offset of the next whole record at or after from, or to if there is none before that. */
static size_t find_record(struct evtx_chunk chunk, size_t from, size_t to)
{
    while (from < to) {
        const unsigned char *found = memchr(chunk.bytes + from, record_signature[0], to - from);
        if (found == NULL)
            return to;
        from = (size_t)(found - chunk.bytes);
        if (whole_record(chunk, from) > 0)
            return from;
        from++;
    }
    return to;
}

/* As whole_record, where a record is expected in the bytes before used: signature, size or its copy may be wrong. */
static size_t expected_record(struct evtx_chunk chunk, size_t at, size_t used)
{
    size_t size = whole_record(chunk, at);
    if (size > 0 || used - at < RECORD_MIN)
        return size;
    const unsigned char *bytes = chunk.bytes + at;
    if (memcmp(bytes + EVTX_RECORD_HEADER_SIZE, fragment_header, sizeof(fragment_header)) != 0)
        return 0;
    size = evtx_u32(bytes + 4);
    bool fits = size >= RECORD_MIN && size <= used - at;
    if (fits && evtx_u32(bytes + size - 4) == size)
        return size;
    if (memcmp(bytes, record_signature, sizeof(record_signature)) != 0)
        return 0;
    /* The size may be wrong, or its copy: no whole record is swallowed. */
    return find_record(chunk, at + EVTX_RECORD_HEADER_SIZE, fits ? at + size : used) - at;
}

/* Fills record with what its header says. */
static void read_header(struct evtx_record *record, struct evtx_chunk chunk, size_t at, size_t size)
{
    *record = (struct evtx_record){.offset = at, .size = size};
    if (chunk.size - at < EVTX_RECORD_HEADER_SIZE)
        return;
    record->has_id = true;
    record->id = evtx_u64(chunk.bytes + at + 8);
    record->written = evtx_u64(chunk.bytes + at + 16);
}

static enum evtx_found take(struct evtx_walk *walk, struct evtx_record *record, size_t size, bool is_recovered)
{
    read_header(record, walk->chunk, walk->at, size);
    record->is_recovered = is_recovered;
    walk->at += size;
    if (!is_recovered) {
        walk->has_last_id = true;
        walk->last_id = record->id;
    }
    return EVTX_FOUND_RECORD;
}

/* What should be a record is none: as far as the next one. */
static enum evtx_found take_damage(struct evtx_walk *walk, struct evtx_record *record)
{
    size_t at = walk->at;
    size_t next = find_record(walk->chunk, at + 1, walk->used);
    read_header(record, walk->chunk, at, next - at);
    if (memcmp(walk->chunk.bytes + at, record_signature, record->has_id ? sizeof(record_signature) : 0) != 0)
        record->has_id = false;
    walk->at = next;
    walk->has_last_id = false;
    return EVTX_FOUND_DAMAGE;
}

enum evtx_found evtx_walk_next(struct evtx_walk *walk, struct evtx_record *record)
{
    struct evtx_chunk chunk = walk->chunk;
    if (walk->at < walk->used) {
        size_t size = expected_record(chunk, walk->at, walk->used);
        return size > 0 ? take(walk, record, size, false) : take_damage(walk, record);
    }
    if (walk->at >= chunk.size)
        return EVTX_FOUND_END;
    size_t size = walk->is_joined ? whole_record(chunk, walk->at) : 0;
    if (size > 0 && (!walk->has_last_id || evtx_u64(chunk.bytes + walk->at + 8) == walk->last_id + 1))
        return take(walk, record, size, false);
    walk->is_joined = false;
    walk->at = find_record(chunk, walk->at, chunk.size);
    return walk->at == chunk.size ? EVTX_FOUND_END : take(walk, record, whole_record(chunk, walk->at), true);
}

void evtx_walk_inside(struct evtx_walk *walk, const struct evtx_record *record)
{
    walk->at = find_record(walk->chunk, record->offset + 1, record->offset + record->size);
}
