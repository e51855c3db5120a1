#include "collectors/files/zip.h"
#include "tests/collectors/files/zip_maker.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static unsigned char archive[ZIP_MAKER_ROOM];

/* What was listed and read: "name=bytes;" each, bytes cut at 40. */
static char got[4096];
static char detail[256];

static FILE *file_of(size_t size)
{
    FILE *file = tmpfile();
    CU_ASSERT_FATAL(file != NULL && fwrite(archive, 1, size, file) == size);
    rewind(file);
    return file;
}

static void add(const char *bytes, size_t size)
{
    size_t used = strlen(got);
    (void)snprintf(got + used, sizeof(got) - used, "%.*s", (int)(size < 40 ? size : 40), bytes);
}

struct members {
    struct zip_member list[16];
    size_t count;
    char names[16][64];
};

static int keep(void *context, struct text name, const struct zip_member *member)
{
    struct members *m = context;
    CU_ASSERT_FATAL(m->count < 16 && name.len < 64);
    memcpy(m->names[m->count], name.bytes, name.len);
    m->list[m->count++] = *member;
    return 0;
}

static int take(void *context, const char *bytes, size_t size)
{
    (void)context; /* nothing */
    CU_ASSERT(size > 0 && size <= REPLAY_BLOCK);
    add(bytes, size);
    return 0;
}

/* Lists and reads all; returns the first failure. */
static int read_all(size_t size)
{
    struct members *m = calloc(1, sizeof(*m));
    struct fault fault = {0};
    FILE *file = file_of(size);
    struct replay_input in = {.file = file, .path = text_from("x"), .block = malloc(REPLAY_BLOCK)};
    CU_ASSERT_FATAL(m != NULL && in.block != NULL);
    got[0] = '\0';
    int rc = zip_list(file, keep, m, &fault);
    for (size_t i = 0; rc == 0 && i < m->count; i++) {
        add(m->names[i], strlen(m->names[i]));
        add("=", 1);
        rc = zip_read(&in, &m->list[i], take, NULL, &fault);
        add(";", 1);
    }
    memcpy(detail, fault.detail, sizeof(detail));
    (void)fclose(file); /* only read */
    free(in.block);
    free(m);
    return rc;
}

static const struct zip_part good[] = {{.name = "a.xml", .bytes = "stored"},
                                       {.name = "d/", .bytes = ""},
                                       {.name = "d/b.xml", .bytes = "deflated deflated", .method = 8},
                                       {.name = "../c", .bytes = "sixty-four", .method = 8, .is_64 = true},
                                       {.name = "e", .bytes = ""}};
#define GOOD 5
#define ALL "a.xml=stored;d/b.xml=deflated deflated;../c=sixty-four;e=;"

static void test_good(void)
{
    for (int i = 0; i < 4; i++) {
        size_t size = zip_maker(archive, good, GOOD, i & 1 ? "" : "a program in front", i >= 2);
        CU_ASSERT_EQUAL(read_all(size), 0);
        CU_ASSERT_STRING_EQUAL(got, ALL);
    }
    CU_ASSERT_EQUAL(read_all(zip_maker(archive, good, 0, "", false)), 0);
    CU_ASSERT(zip_is_one((const char *)archive, 4));
    CU_ASSERT(zip_is_one("PK\x03\x04", 4) && !zip_is_one("PK\x03\x04", 3) && !zip_is_one("PK\x01\x02", 4));
}

static void test_large(void)
{
    char *bytes = malloc(3u * REPLAY_BLOCK + 11);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    memset(bytes, 'x', 3u * REPLAY_BLOCK + 10);
    bytes[3u * REPLAY_BLOCK + 10] = '\0';
    const struct zip_part part = {.name = "a", .bytes = bytes, .method = 8};
    CU_ASSERT_EQUAL(read_all(zip_maker(archive, &part, 1, "", false)), 0);
    CU_ASSERT_EQUAL(strlen(got), 2 + 3 * 40 + 10 + 1);
    free(bytes);
}

static void test_bad_members(void)
{
    static const struct {
        struct zip_part part;
        int rc;
        const char *got, *detail;
    } cases[] = {
        {{.name = "a", .bytes = "12345", .crc_change = 1}, -EBADMSG, "a=12345;", "checksum"},
        {{.name = "a", .bytes = "12345", .size = 3}, -EBADMSG, "a=123;", "more than the archive says"},
        {{.name = "a", .bytes = "12345", .size = 3, .method = 8}, -EBADMSG, "a=123;", "more than the archive says"},
        {{.name = "a", .bytes = "12345", .size = 9, .method = 8}, -EBADMSG, "a=12345;", "end too early"},
        {{.name = "a", .bytes = "12345", .flags = 1}, -ENOTSUP, "a=;", "encrypted"},
        {{.name = "a", .bytes = "12345", .method = 9}, -ENOTSUP, "a=;", "Deflate64"},
        {{.name = "a", .bytes = "12345", .method = 77}, -ENOTSUP, "a=;", "a method that is not known"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CU_ASSERT_EQUAL(read_all(zip_maker(archive, &cases[i].part, 1, "", false)), cases[i].rc);
        CU_ASSERT_STRING_EQUAL(got, cases[i].got);
        CU_ASSERT_PTR_NOT_NULL(strstr(detail, cases[i].detail));
    }
}

/* Every cut and every flipped byte: an answer, and never more than the members hold. */
static void test_broken(void)
{
    static unsigned char whole[ZIP_MAKER_ROOM];
    size_t size = zip_maker(archive, good, GOOD, "", true);
    memcpy(whole, archive, size);
    for (size_t cut = 0; cut < size - 7; cut++) /* its comment may be cut */
        CU_ASSERT(read_all(cut) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(detail, "breaks off"));
    for (size_t i = 0; i < size; i++) {
        archive[i] ^= 0xFFu;
        (void)read_all(size); /* whatever it says */
        CU_ASSERT(strlen(got) <= sizeof(ALL) + 8);
        archive[i] = whole[i];
    }
}

/* Members that lie in one another: how a small archive unpacks to more than any disk holds. */
static void test_shared_bytes(void)
{
    char bytes[500];
    memset(bytes, 'x', sizeof(bytes) - 1);
    bytes[sizeof(bytes) - 1] = '\0';
    const struct zip_part parts[] = {
        {.name = "a", .bytes = bytes}, {.name = "b", .bytes = bytes}, {.name = "c", .bytes = "c"}};
    size_t size = zip_maker(archive, parts, 3, "", false);
    /* The last says the same bytes as the first. */
    unsigned char *entry = archive + size - 29 - 47;
    CU_ASSERT_EQUAL_FATAL(entry[0], 'P');
    memcpy(entry + 20, archive + size - 29 - 3 * 47 + 20, 8);
    memset(entry + 42, 0, 4);
    CU_ASSERT_EQUAL(read_all(size), -EBADMSG);
    CU_ASSERT_PTR_NOT_NULL(strstr(detail, "share their bytes"));
    CU_ASSERT_STRING_EQUAL(got, "");
}

static void test_limits(void)
{
    size_t size = zip_maker(archive, good, GOOD, "", true);
    unsigned char *end64 = archive + size - 29 - 20 - 56;
    CU_ASSERT_EQUAL_FATAL(end64[2], 6);
    end64[32 + 3] = 1; /* 16 million more */
    CU_ASSERT_EQUAL(read_all(size), -ENOTSUP);
    size = zip_maker(archive, good, GOOD, "", false);
    archive[size - 29 + 4] = 1; /* the second disk of some */
    CU_ASSERT_EQUAL(read_all(size), -ENOTSUP);
    CU_ASSERT_PTR_NOT_NULL(strstr(detail, "split"));
}

static CU_TestInfo tests[] = {{"good archives", test_good},
                              {"a large member", test_large},
                              {"members that can't be read", test_bad_members},
                              {"cut, and each byte wrong", test_broken},
                              {"members that share bytes", test_shared_bytes},
                              {"limits", test_limits},
                              CU_TEST_INFO_NULL};

int main(void)
{
    return test_main("zip", tests);
}
