/*
 * channel_win: the records of one channel, from its file. Only the place of each line is kept in memory. Under
 * winsim_lock.
 *
 * Record ids: an event whose own Channel is the one of the log keeps its EventRecordID if that is larger than the id
 * before it; every other record, and so each one in ForwardedEvents, gets the id before it plus one. The first: 1, or
 * as the scenario says (first-record).
 */
#ifndef TESTS_WINSIM_CHANNEL_WIN_H
#define TESTS_WINSIM_CHANNEL_WIN_H

#include "tests/winsim/report_win.h"

struct record {
    uint64_t offset, id, arrival; /* arrival: counts over all channels */
    uint32_t size, line;          /* without the line's end; 1, 2, ... */
};

struct channel {
    char *name;
    HANDLE file;
    bool is_file; /* of EvtQueryFilePath: every event keeps its own id if that is larger than the one before */
    wchar_t path[MAX_PATH];
    struct record *records;
    size_t count, room;
    size_t first;       /* index of the oldest record that is not gone */
    uint64_t read_to;   /* of the file */
    uint64_t cleared;   /* lines that were in the log when it was last cleared */
    unsigned clearings; /* how often that has grown: a subscription of before is stale */
    uint32_t lines;
    char *block; /* last bytes read */
    size_t block_room, block_size;
    uint64_t block_offset;
};

/* The channel of that name with what its file holds now, or NULL: there is none. It is never freed. */
struct channel *channel_get(const char *name);

/* A log file given by its full path, as channel_get. */
struct channel *channel_get_file(const char *path);

/* Looks for new lines in the file and for records that are gone. Returns whether there are new ones. */
bool channel_refresh(struct channel *ch);

/* The line of record index, valid until the next call of a channel function. */
const char *channel_read(struct channel *ch, size_t index);

/* The index of the first record with at least that id (count: none). */
size_t channel_find(const struct channel *ch, uint64_t id);

/* Is this a name that Windows would take for a channel? */
bool channel_is_name(const char *name);

#endif
