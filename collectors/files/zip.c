#include "collectors/files/zip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Signatures and sizes: APPNOTE.TXT 4.3.7 (local header), 4.3.12 (entry of the directory), 4.3.14 to 4.3.16 (its ends).
 */
#define LOCAL 0x04034B50u
#define LOCAL_SIZE 30u
#define ENTRY 0x02014B50u
#define ENTRY_SIZE 46u
#define END 0x06054B50u
#define END_SIZE 22u
#define END64 0x06064B50u
#define END64_SIZE 56u
#define LOCATOR 0x07064B50u
#define LOCATOR_SIZE 20u

/* Longest comment after the end of the directory. */
#define MAX_COMMENT 0xFFFFu

#define STORED 0u
#define DEFLATED 8u
#define ENCRYPTED 1u /* flag: APPNOTE.TXT 4.4.4 */

/* The directory: where it lies, and how much everything in front of the archive moves it. */
struct listing {
    FILE *file;
    struct fault *fault;
    uint64_t file_size;
    uint64_t offset, size, count, moved;
    uint64_t end; /* where it must end: there its own end stands */
    uint64_t packed;
};

static uint64_t number(const unsigned char *bytes, size_t size)
{
    uint64_t value = 0;
    while (size-- > 0)
        value = value << 8 | bytes[size];
    return value;
}

static int damaged(struct fault *fault, const char *why)
{
    fault_set(fault, "zip", EBADMSG, (struct text){NULL, 0}, why);
    return -EBADMSG;
}

bool zip_is_one(const char *bytes, size_t size)
{
    return size >= 4 && (memcmp(bytes, "PK\x03\x04", 4) == 0 || memcmp(bytes, "PK\x05\x06", 4) == 0);
}

/* Reads size bytes at offset; *is_there: the file has them. Returns 0 or what reading failed with. */
static int read_at(FILE *file, uint64_t offset, void *to, size_t size, bool *is_there)
{
    int rc = replay_input_seek(file, offset);
    if (rc < 0)
        return rc;
    errno = 0;
    *is_there = fread(to, 1, size, file) == size;
    return !*is_there && ferror(file) ? (errno == 0 ? -EIO : -errno) : 0;
}

/* Takes the end of the directory from its 64-bit form, if that stands before the other, at at. */
static int find_end64(struct listing *l, uint64_t at)
{
    unsigned char bytes[END64_SIZE], locator[LOCATOR_SIZE];
    bool is_there = false;
    int rc = at < LOCATOR_SIZE ? 0 : read_at(l->file, at - LOCATOR_SIZE, locator, sizeof(locator), &is_there);
    if (rc < 0 || !is_there || number(locator, 4) != LOCATOR)
        return rc;
    uint64_t places[2] = {at - LOCATOR_SIZE - END64_SIZE, number(locator + 8, 8)}; /* where it is as a rule; as told */
    for (size_t i = 0; i < 2; i++) {
        rc = places[i] > at ? 0 : read_at(l->file, places[i], bytes, sizeof(bytes), &is_there);
        if (rc < 0)
            return rc;
        if (places[i] > at || !is_there || number(bytes, 4) != END64)
            continue;
        l->count = number(bytes + 32, 8);
        l->size = number(bytes + 40, 8);
        l->offset = number(bytes + 48, 8);
        l->end = places[i];
        return 0;
    }
    return damaged(l->fault, "the archive is damaged: the 64-bit end of its list of members is missing");
}

static int take_end(struct listing *l, const unsigned char *bytes, uint64_t at)
{
    if (number(bytes + 4, 2) != number(bytes + 6, 2) ||
        (number(bytes + 4, 2) != 0 && number(bytes + 4, 2) != 0xFFFFu)) {
        fault_set(l->fault, "zip", ENOTSUP, (struct text){NULL, 0}, "a split ZIP archive: join its parts first");
        return -ENOTSUP;
    }
    l->count = number(bytes + 10, 2);
    l->size = number(bytes + 12, 4);
    l->offset = number(bytes + 16, 4);
    l->end = at;
    int rc = find_end64(l, at);
    if (rc < 0)
        return rc;
    if (l->size > l->end || l->offset > l->end - l->size)
        return damaged(l->fault, "the archive is damaged: its list of members lies outside of it");
    l->moved = l->end - l->size - l->offset;
    l->offset += l->moved;
    return 0;
}

/* Finds the directory by its end, the last thing in the file but for a comment. */
static int find_directory(struct listing *l)
{
    size_t room = l->file_size < END_SIZE + MAX_COMMENT ? (size_t)l->file_size : END_SIZE + MAX_COMMENT;
    unsigned char *tail = malloc(room + 1);
    bool is_there = false;
    if (tail == NULL)
        return -ENOMEM;
    int rc = read_at(l->file, l->file_size - room, tail, room, &is_there);
    bool is_found = false;
    for (size_t at = room; rc == 0 && is_there && !is_found && at >= END_SIZE; at--) {
        const unsigned char *end = tail + at - END_SIZE;
        is_found = number(end, 4) == END && number(end + 20, 2) <= room - at;
        if (is_found)
            rc = take_end(l, end, l->file_size - room + at - END_SIZE);
    }
    free(tail);
    if (rc < 0 || is_found)
        return rc;
    return damaged(l->fault, "the archive breaks off: the list of its members, which is its end, is missing");
}

/* Puts 64-bit values from an entry's extra field in place of those that say that they stand there (4.5.3). */
static void take_extra(struct zip_member *member, const unsigned char *extra, size_t size)
{
    uint64_t *const values[] = {&member->size, &member->packed, &member->offset};
    while (size >= 4) {
        size_t length = (size_t)number(extra + 2, 2);
        if (length > size - 4)
            return;
        const unsigned char *from = extra + 4;
        for (size_t i = 0; i < 3 && number(extra, 2) == 1; i++) {
            if (*values[i] != 0xFFFFFFFFu || from + 8 > extra + 4 + length)
                continue;
            *values[i] = number(from, 8);
            from += 8;
        }
        size -= 4 + length;
        extra += 4 + length;
    }
}

/* The entry at *at, moved after it. names: room for a name and an extra field. */
static int take_entry(struct listing *l, uint64_t *at, unsigned char *names, zip_each *each, void *context)
{
    unsigned char entry[ENTRY_SIZE];
    static const char broken[] = "the archive is damaged: an entry of its list of members is broken";
    bool is_there = false;
    int rc = l->end - *at < ENTRY_SIZE ? 0 : read_at(l->file, *at, entry, sizeof(entry), &is_there);
    if (rc < 0)
        return rc;
    if (!is_there || number(entry, 4) != ENTRY)
        return damaged(l->fault, broken);
    size_t name = (size_t)number(entry + 28, 2), extra = (size_t)number(entry + 30, 2);
    uint64_t length = ENTRY_SIZE + name + extra + number(entry + 32, 2);
    errno = 0;
    if (l->end - *at < length || fread(names, 1, name + extra, l->file) != name + extra)
        return errno != 0 && ferror(l->file) ? -errno : damaged(l->fault, broken);
    *at += length;
    struct zip_member member = {.offset = number(entry + 42, 4),
                                .packed = number(entry + 20, 4),
                                .size = number(entry + 24, 4),
                                .crc = (uint32_t)number(entry + 16, 4),
                                .method = (uint16_t)number(entry + 10, 2),
                                .flags = (uint16_t)number(entry + 8, 2)};
    take_extra(&member, names + name, extra);
    if (member.packed > l->file_size || member.offset > l->file_size - l->moved)
        return damaged(l->fault, "the archive is damaged: a member lies outside of it");
    member.offset += l->moved;
    l->packed += member.packed;
    if (l->packed > l->file_size)
        return damaged(l->fault, "its members share their bytes, as those of an archive that shall not be unpacked do");
    if (name == 0 || names[name - 1] == '/' || names[name - 1] == '\\')
        return 0;
    return each(context, (struct text){(const char *)names, name}, &member);
}

int zip_list(FILE *file, zip_each *each, void *context, struct fault *fault)
{
    struct listing l = {.file = file, .fault = fault};
    int rc = replay_input_size(&l.file_size, file);
    if (rc == 0)
        rc = find_directory(&l);
    if (rc < 0)
        return rc;
    if (l.count > ZIP_MAX_MEMBERS) {
        fault_set(fault, "zip", ENOTSUP, (struct text){NULL, 0}, "it says that it has over 2,000,000 members");
        return -ENOTSUP;
    }
    unsigned char *names = malloc(2u * 0x10000u);
    if (names == NULL)
        return -ENOMEM;
    uint64_t at = l.offset;
    for (uint64_t i = 0; rc == 0 && i < l.count; i++)
        rc = take_entry(&l, &at, names, each, context);
    free(names);
    return rc;
}

/* What is handed on of a member. */
struct unpacking {
    struct replay_input *in;
    const struct zip_member *member;
    replay_take *take;
    void *context;
    struct fault *fault;
    uint64_t size;
    uLong crc;
};

/* Bytes of the member itself. */
static int give(struct unpacking *u, const char *bytes, size_t size)
{
    size_t more = 0;
    if (size > u->member->size - u->size) {
        more = size - (size_t)(u->member->size - u->size);
        size -= more;
    }
    u->size += size;
    u->crc = crc32(u->crc, (const Bytef *)bytes, (uInt)size);
    int rc = size == 0 ? 0 : u->take(u->context, bytes, size);
    return rc == 0 && more > 0 ? damaged(u->fault, "unpacks to more than the archive says: the rest is not read") : rc;
}

static int give_stored(struct unpacking *u)
{
    int rc = replay_input_next(u->in, u->fault);
    while (rc == 0 && u->in->used > 0) {
        rc = give(u, u->in->block, u->in->used);
        if (rc == 0)
            rc = replay_input_next(u->in, u->fault);
    }
    return rc;
}

/* Inflates the block that was read. *is_end: the member's last byte was among it. */
static int inflate_block(struct unpacking *u, z_stream *z, char *block, bool *is_end)
{
    z->next_in = (Bytef *)u->in->block;
    z->avail_in = (uInt)u->in->used;
    for (;;) {
        int code = inflate(z, Z_NO_FLUSH);
        if (code == Z_MEM_ERROR)
            return -ENOMEM;
        *is_end = code == Z_STREAM_END;
        bool is_damaged = code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR, is_full = z->avail_out == 0;
        if (is_full || *is_end || is_damaged) {
            size_t size = REPLAY_BLOCK - z->avail_out;
            z->next_out = (Bytef *)block;
            z->avail_out = REPLAY_BLOCK;
            int rc = give(u, block, size);
            if (rc < 0)
                return rc;
        }
        if (is_damaged)
            return damaged(u->fault, z->msg != NULL ? z->msg : "data are damaged");
        if (*is_end || (!is_full && z->avail_in == 0))
            return 0;
    }
}

static int give_deflated(struct unpacking *u)
{
    z_stream z = {0};
    bool is_end = false;
    char *block = malloc(REPLAY_BLOCK);
    if (block == NULL || inflateInit2(&z, -MAX_WBITS) != Z_OK) {
        free(block);
        return -ENOMEM;
    }
    z.next_out = (Bytef *)block;
    z.avail_out = REPLAY_BLOCK;
    int rc = replay_input_next(u->in, u->fault);
    while (rc == 0 && u->in->used > 0 && !is_end) {
        rc = inflate_block(u, &z, block, &is_end);
        if (rc == 0 && !is_end)
            rc = replay_input_next(u->in, u->fault);
    }
    if (rc == 0 && !is_end) { /* what it holds until it breaks off */
        rc = give(u, block, REPLAY_BLOCK - z.avail_out);
        rc = rc < 0 ? rc : damaged(u->fault, "its bytes in the archive end too early");
    }
    (void)inflateEnd(&z); /* frees; its result only says whether all output was asked for */
    free(block);
    return rc;
}

/* Goes to the member's first byte. */
static int find_member(struct replay_input *in, const struct zip_member *member, struct fault *fault)
{
    unsigned char local[LOCAL_SIZE];
    bool is_there = false;
    int rc = read_at(in->file, member->offset, local, sizeof(local), &is_there);
    if (rc < 0)
        return rc;
    if (!is_there || number(local, 4) != LOCAL)
        return damaged(fault, "the archive is damaged: this member is not where it should be");
    in->left = member->packed;
    return replay_input_seek(in->file, member->offset + LOCAL_SIZE + number(local + 26, 2) + number(local + 28, 2));
}

static int refuse(struct fault *fault, struct text path, const struct zip_member *member)
{
    /* APPNOTE.TXT 4.4.5. */
    static const struct {
        unsigned method;
        const char *name;
    } names[] = {{9, "Deflate64"}, {12, "bzip2"}, {14, "LZMA"}, {93, "Zstandard"}, {95, "xz"}, {98, "PPMd"}};
    char why[80];
    const char *name = "a method that is not known";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].method == member->method)
            name = names[i].name;
    (void)snprintf(why, sizeof(why), "packed with %s: unpack it first", name);
    fault_set(fault, "zip", ENOTSUP, path,
              (member->flags & ENCRYPTED) != 0 ? "encrypted: unpack it with its password first" : why);
    return -ENOTSUP;
}

int zip_read(struct replay_input *in, const struct zip_member *member, replay_take *take, void *context,
             struct fault *fault)
{
    struct unpacking u = {
        .in = in, .member = member, .take = take, .context = context, .fault = fault, .crc = crc32(0, NULL, 0)};
    if ((member->flags & ENCRYPTED) != 0 || (member->method != STORED && member->method != DEFLATED))
        return refuse(fault, in->path, member);
    int rc = find_member(in, member, fault);
    if (rc == 0)
        rc = member->method == STORED ? give_stored(&u) : give_deflated(&u);
    if (rc < 0)
        return rc;
    if (u.size < member->size)
        return damaged(fault, "its bytes in the archive end too early");
    return u.crc == member->crc ? 0 : damaged(fault, "what was read does not fit the archive's checksum of it");
}
