#include "tests/collectors/files/zip_maker.h"
#include "tests/test.h"

#include <string.h>
#include <zlib.h>

struct made {
    unsigned char *to;
    size_t used;
};

static void put(struct made *m, uint64_t value, size_t size)
{
    CU_ASSERT_FATAL(m->used + size <= ZIP_MAKER_ROOM);
    for (; size > 0; size--, value >>= 8)
        m->to[m->used++] = (unsigned char)value;
}

static void put_bytes(struct made *m, const char *bytes, size_t size)
{
    CU_ASSERT_FATAL(m->used + size <= ZIP_MAKER_ROOM);
    memcpy(m->to + m->used, bytes, size);
    m->used += size;
}

/* Returns the packed bytes' number. */
static size_t put_content(struct made *m, const struct zip_part *part)
{
    size_t size = strlen(part->bytes), before = m->used;
    if (part->method != 8) {
        put_bytes(m, part->bytes, size);
        return size;
    }
    z_stream z = {0};
    CU_ASSERT_EQUAL_FATAL(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)part->bytes;
    z.avail_in = (uInt)size;
    z.next_out = m->to + m->used;
    z.avail_out = (uInt)(ZIP_MAKER_ROOM - m->used);
    CU_ASSERT_EQUAL_FATAL(deflate(&z, Z_FINISH), Z_STREAM_END);
    m->used += z.total_out;
    (void)deflateEnd(&z); /* all was taken out */
    return m->used - before;
}

static void put_entry(struct made *m, const struct zip_part *part, size_t offset, size_t packed)
{
    uint64_t size = part->size > 0 ? part->size : strlen(part->bytes);
    uint32_t crc = (uint32_t)crc32(0, (const Bytef *)part->bytes, (uInt)strlen(part->bytes));
    put(m, 0x02014B50u, 4);
    put(m, 20u | 20u << 16, 4);
    put(m, part->flags, 2);
    put(m, part->method, 2);
    put(m, 0, 4);
    put(m, crc + part->crc_change, 4);
    put(m, part->is_64 ? 0xFFFFFFFFu : packed, 4);
    put(m, part->is_64 ? 0xFFFFFFFFu : size, 4);
    put(m, strlen(part->name), 2);
    put(m, part->is_64 ? 26 : 0, 2);
    put(m, 0, 10);
    put(m, offset, 4);
    put_bytes(m, part->name, strlen(part->name));
    if (!part->is_64)
        return;
    put(m, 0x5455u | 2u << 16, 4); /* another field before it */
    put(m, 0, 2);
    put(m, 1u | 16u << 16, 4);
    put(m, size, 8);
    put(m, packed, 8);
}

static void put_end(struct made *m, size_t count, size_t begin, size_t moved, bool is_64)
{
    size_t end = m->used, size = end - begin;
    if (is_64) {
        put(m, 0x06064B50u, 4);
        put(m, 44, 8);
        put(m, 45u | 45u << 16, 4);
        put(m, 0, 8);
        put(m, count, 8);
        put(m, count, 8);
        put(m, size, 8);
        put(m, begin - moved, 8);
        put(m, 0x07064B50u, 4);
        put(m, 0, 4);
        put(m, end - moved, 8);
        put(m, 1, 4);
    }
    put(m, 0x06054B50u, 4);
    put(m, 0, 4);
    put(m, is_64 ? 0xFFFF : count, 2);
    put(m, is_64 ? 0xFFFF : count, 2);
    put(m, is_64 ? 0xFFFFFFFFu : size, 4);
    put(m, is_64 ? 0xFFFFFFFFu : begin - moved, 4);
    put(m, 7, 2);
    put_bytes(m, "comment", 7);
}

size_t zip_maker(unsigned char *to, const struct zip_part *parts, size_t count, const char *before, bool is_64)
{
    struct made m = {to, 0};
    size_t offset[16], packed[16], moved = strlen(before);
    CU_ASSERT_FATAL(count <= 16);
    put_bytes(&m, before, moved);
    for (size_t i = 0; i < count; i++) {
        offset[i] = m.used - moved;
        put(&m, 0x04034B50u, 4);
        put(&m, 0, 22); /* what stands in the list counts */
        put(&m, strlen(parts[i].name), 2);
        put(&m, 3, 2);
        put_bytes(&m, parts[i].name, strlen(parts[i].name));
        put(&m, 0, 3);
        packed[i] = put_content(&m, &parts[i]);
    }
    size_t begin = m.used;
    for (size_t i = 0; i < count; i++)
        put_entry(&m, &parts[i], offset[i], packed[i]);
    put_end(&m, count, begin, moved, is_64);
    return m.used;
}
