#include "collectors/event_xml/event_xml_delimiter.h"
#include "collectors/evtx/evtx_chunk.h"
#include "collectors/files/container.h"
#include "collectors/files/replay.h"
#include "collectors/files/replay_input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How far after the wished place a cut is searched for; events are smaller as a rule. */
#define REACH (256u * 1024u)

/* What may hold the beginning of a section that is open at a cut: the largest event before it. */
#define BEFORE (EVENT_XML_MAX_EVENT + EVENT_XML_DELIMITER_SIZE)

/* Offset in window, at or after at, of the first "<Event" at the beginning of a line; window.len: there is none. */
static size_t find_event(struct text window, size_t at)
{
    while (event_xml_find_mark(window, &at, false, lanes_here())) {
        if (window.bytes[at + 1] == 'E' && at > 0 && window.bytes[at - 1] == '\n')
            return at;
        at++;
    }
    return window.len;
}

/* Does a comment, CDATA section or processing instruction begin in text? */
static bool has_section(struct text text)
{
    size_t at = 0;
    while (event_xml_find_mark(text, &at, true, lanes_here())) {
        if (text.bytes[at + 1] == '!' || text.bytes[at + 1] == '?')
            return true;
        at++;
    }
    return false;
}

/* Sets *cut to a place at or after wish; 0: there is none near. room: BEFORE + REACH bytes. */
static int find_cut(uint64_t *cut, FILE *file, uint64_t wish, char *room)
{
    uint64_t begin = wish - BEFORE;
    *cut = 0;
    int rc = replay_input_seek(file, begin);
    if (rc < 0)
        return rc;
    errno = 0;
    struct text window = {room, fread(room, 1, BEFORE + REACH, file)};
    if (ferror(file))
        return errno == 0 ? -EIO : -errno;
    if (window.len <= BEFORE)
        return 0;
    size_t at = find_event(window, BEFORE);
    if (at < window.len && !has_section((struct text){room + at - BEFORE, BEFORE}))
        *cut = begin + at;
    return 0;
}

/* The same in an .evtx: where a chunk should begin, and does. */
static int find_chunk(uint64_t *cut, FILE *file, uint64_t wish, char *room)
{
    uint64_t at = EVTX_FILE_HEADER_SIZE + (wish - EVTX_FILE_HEADER_SIZE) / EVTX_CHUNK_SIZE * EVTX_CHUNK_SIZE;
    *cut = 0;
    int rc = replay_input_seek(file, at);
    if (rc < 0)
        return rc;
    errno = 0;
    size_t size = fread(room, 1, EVTX_SIGNATURE_SIZE, file);
    if (ferror(file))
        return errno == 0 ? -EIO : -errno;
    *cut = evtx_is_chunk((const unsigned char *)room, size) ? at : 0;
    return 0;
}

static int find_cuts(uint64_t *starts, size_t *count, bool *is_evtx, FILE *file, uint64_t size, size_t parts)
{
    char *room = malloc(BEFORE + REACH);
    if (room == NULL)
        return -ENOMEM;
    errno = 0;
    size_t head = fread(room, 1, CONTAINER_HEAD, file);
    int rc = ferror(file) ? (errno == 0 ? -EIO : -errno) : 0;
    char name[1];
    *is_evtx = evtx_is_file((const unsigned char *)room, head);
    bool is_xml = !replay_input_is_foreign(room, head) &&
                  container_kind((struct text){room, head}, name, sizeof(name)) == CONTAINER_NONE;
    bool can_cut = rc == 0 && (*is_evtx || is_xml);
    for (size_t i = 1; rc == 0 && can_cut && i < parts; i++) {
        uint64_t cut;
        rc = *is_evtx ? find_chunk(&cut, file, size / parts * i, room) : find_cut(&cut, file, size / parts * i, room);
        if (rc == 0 && cut > starts[*count - 1])
            starts[(*count)++] = cut;
    }
    free(room);
    return rc;
}

int replay_split(uint64_t *starts, size_t *count, uint64_t *size, bool *is_evtx, FILE *file, size_t max)
{
    *size = 0;
    *is_evtx = false;
    starts[0] = 0;
    *count = 1;
    if (max < 2 || replay_input_size(size, file) < 0 || *size / REPLAY_MIN_PART < 2)
        return 0;
    size_t parts = *size / REPLAY_MIN_PART < max ? (size_t)(*size / REPLAY_MIN_PART) : max;
    int rc = find_cuts(starts, count, is_evtx, file, *size, parts);
    int back = replay_input_seek(file, 0);
    return rc < 0 ? rc : back;
}
