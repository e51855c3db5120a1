#include "transport/document/sha256.h"

#include "tests/test.h"
#include <string.h>

/* FIPS 180-2, appendix B.1 and B.2, and the digest of nothing. */
static void test_known(void)
{
    char hex[SHA256_HEX_SIZE];
    CU_ASSERT_EQUAL(sha256_of(hex, "", 0), 0);
    CU_ASSERT_STRING_EQUAL(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CU_ASSERT_EQUAL(sha256_of(hex, "abc", 3), 0);
    CU_ASSERT_STRING_EQUAL(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_pieces(void)
{
    struct sha256 sha256 = {0};
    char hex[SHA256_HEX_SIZE];
    CU_ASSERT_EQUAL_FATAL(sha256_init(&sha256), 0);
    CU_ASSERT_EQUAL(sha256_add(&sha256, "a", 1), 0);
    CU_ASSERT_EQUAL(sha256_add(&sha256, NULL, 0), 0);
    CU_ASSERT_EQUAL(sha256_add(&sha256, "bc", 2), 0);
    CU_ASSERT_EQUAL(sha256_hex(hex, &sha256), 0);
    sha256_clear(&sha256);
    CU_ASSERT_STRING_EQUAL(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* One for several digests; what was not ended is forgotten. */
static void test_again(void)
{
    struct sha256 sha256 = {0};
    char hex[SHA256_HEX_SIZE];
    CU_ASSERT_EQUAL_FATAL(sha256_init(&sha256), 0);
    CU_ASSERT_EQUAL(sha256_add(&sha256, "x", 1), 0);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL_FATAL(sha256_init(&sha256), 0);
        CU_ASSERT_EQUAL(sha256_add(&sha256, "abc", 3), 0);
        CU_ASSERT_EQUAL(sha256_hex(hex, &sha256), 0);
        CU_ASSERT_STRING_EQUAL(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
    sha256_clear(&sha256);
    CU_ASSERT_PTR_NULL(sha256.context);
    CU_ASSERT_EQUAL_FATAL(sha256_init(&sha256), 0);
    CU_ASSERT_EQUAL(sha256_hex(hex, &sha256), 0);
    CU_ASSERT_STRING_EQUAL(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_clear(&sha256);
}

/* The length is 8 bytes, the lowest first. */
static void test_field(void)
{
    struct sha256 sha256 = {0};
    char field[SHA256_HEX_SIZE], whole[SHA256_HEX_SIZE], long_field[308];
    CU_ASSERT_EQUAL_FATAL(sha256_init(&sha256), 0);
    memset(long_field, 'x', sizeof(long_field));
    CU_ASSERT_EQUAL(sha256_add_field(&sha256, long_field + 8, 300), 0);
    CU_ASSERT_EQUAL(sha256_hex(field, &sha256), 0);
    sha256_clear(&sha256);
    memcpy(long_field, "\x2c\x01\0\0\0\0\0\0", 8);
    CU_ASSERT_EQUAL(sha256_of(whole, long_field, sizeof(long_field)), 0);
    CU_ASSERT_STRING_EQUAL(field, whole);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"known digests", test_known},
        {"pieces", test_pieces},
        {"several digests", test_again},
        {"a field has its length before it", test_field},
        CU_TEST_INFO_NULL,
    };
    return test_main("sha256", tests);
}
