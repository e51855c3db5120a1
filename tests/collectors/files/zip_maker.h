/* zip_maker: ZIP archives for tests, right ones and wrong ones. */
#ifndef TESTS_COLLECTORS_FILES_ZIP_MAKER_H
#define TESTS_COLLECTORS_FILES_ZIP_MAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a member says, and where that is not so. */
struct zip_part {
    const char *name, *bytes;
    unsigned method, flags; /* 0: stored; 8: deflated; others say so and are stored */
    bool is_64;             /* its sizes stand in 64 bits */
    uint64_t size;          /* what it says that it unpacks to; 0: what it does */
    uint32_t crc_change;    /* its checksum is wrong by that */
};

#define ZIP_MAKER_ROOM (256u * 1024u)

/* Puts the archive into to[ZIP_MAKER_ROOM]. before: bytes in front of it, NUL-terminated. Returns its size. */
size_t zip_maker(unsigned char *to, const struct zip_part *parts, size_t count, const char *before, bool is_64);

#endif
