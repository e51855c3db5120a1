/*
 * evtx_chunk: where the records of an .evtx chunk lie, also those that Windows itself would not show.
 *
 * A chunk is 64 KiB: a header of 512 bytes, records one after the other, unused space. Names, templates and records are
 * addressed by their offset in the chunk. Nothing in it is trusted: the header may lag behind what was written (a log
 * that was copied while it was open), a record may be broken, the chunk may break off.
 * Source: libyal's documentation "Windows XML Event Log (EVTX)", sections 3 and 4.1.
 */
#ifndef COLLECTORS_FILES_EVTX_CHUNK_H
#define COLLECTORS_FILES_EVTX_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EVTX_CHUNK_SIZE 65536u

/* A file begins with a header of 128 bytes in a block of its own. */
#define EVTX_FILE_HEADER_SIZE 4096u

/* Bytes that "ElfFile" and "ElfChnk" take, with their NUL. */
#define EVTX_SIGNATURE_SIZE 8u
#define EVTX_FILE_SIGNATURE "ElfFile"
#define EVTX_CHUNK_SIGNATURE "ElfChnk"

/* Before the binary XML of a record: signature, size, record id, time. */
#define EVTX_RECORD_HEADER_SIZE 24u

/* Most records of a chunk: each has its header, eight bytes of binary XML and more. */
#define EVTX_CHUNK_MAX_RECORDS (EVTX_CHUNK_SIZE / (EVTX_RECORD_HEADER_SIZE + 8u))

/* The bytes of a chunk, or of what should be one; at most EVTX_CHUNK_SIZE of them. */
struct evtx_chunk {
    const unsigned char *bytes;
    size_t size;
};

static inline uint16_t evtx_u16(const unsigned char *bytes)
{
    uint16_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint32_t evtx_u32(const unsigned char *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint64_t evtx_u64(const unsigned char *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

struct evtx_record {
    size_t offset, size; /* in the chunk, with header and the copy of the size at its end */
    bool has_id;         /* are id and written known? Always for a whole record */
    uint64_t id;         /* EventRecordID */
    uint64_t written;    /* 100 ns since 1601-01-01 UTC */
    bool is_recovered;   /* it lies in space that the chunk calls unused: an older one, overwritten in part */
};

enum evtx_found {
    EVTX_FOUND_END,
    EVTX_FOUND_RECORD,
    EVTX_FOUND_DAMAGE /* offset and size: bytes that should be a record and are none */
};

/* A walk through the records of one chunk. */
struct evtx_walk {
    struct evtx_chunk chunk;
    size_t at;
    size_t used;      /* the header's word for where the last record ends, as far as the chunk goes */
    bool is_torn;     /* the chunk breaks off before that */
    bool is_joined;   /* every record so far followed the one before */
    bool has_last_id; /* is last_id known? */
    uint64_t last_id;
};

/* Does a chunk, a file begin at bytes? size: how many can be read. */
bool evtx_is_chunk(const unsigned char *bytes, size_t size);
bool evtx_is_file(const unsigned char *bytes, size_t size);

/* Offset of the next chunk's or file's beginning at or after from; size: there is none. */
size_t evtx_find_beginning(const unsigned char *bytes, size_t size, size_t from);

/* Begins a walk. The chunk may lack its header or its end. */
void evtx_walk_start(struct evtx_walk *walk, struct evtx_chunk chunk);

/*
 * The next record: each whose signature and size fit, in the order of the chunk. One of signature, size copy or what
 * follows may be wrong where the others say that it is a record. After damage the search goes on with the next whole
 * record. What follows the used part without a gap and with the next id was written after the header and is live; all
 * else there is recovered.
 */
enum evtx_found evtx_walk_next(struct evtx_walk *walk, struct evtx_record *record);

/* The last record that was given is no event: the walk goes on with what may lie inside of it. */
void evtx_walk_inside(struct evtx_walk *walk, const struct evtx_record *record);

#endif
