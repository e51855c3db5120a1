#include "transport/outputs/append.h"

#include "tests/test.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATH "test_append \xC3\xA9.ndjson"
#define OTHER PATH ".1"

static void add(const char *text)
{
    CU_ASSERT_EQUAL(append_bytes(PATH, text, strlen(text)), 0);
}

static void size_is(const char *path, uint64_t expected)
{
    uint64_t size = 99;
    CU_ASSERT_EQUAL(append_size(&size, path), 0);
    CU_ASSERT_EQUAL(size, expected);
}

static void begin(void)
{
    CU_ASSERT_EQUAL(append_remove(PATH), 0); /* also when it is not there */
    CU_ASSERT_EQUAL(append_remove(OTHER), 0);
    size_is(PATH, 0);
}

static void test_lines(void)
{
    begin();
    add("one\n");
    size_is(PATH, 4);
    add("two\nthree\n");
    size_is(PATH, 14);
}

/* A line without its end goes, however long; nothing but that. */
static void test_torn(void)
{
    begin();
    add("whole\n");
    add("torn");
    add("next\n");
    size_is(PATH, 6 + 5);
    char *longer = malloc(10000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(longer);
    memset(longer, 'x', 10000);
    CU_ASSERT_EQUAL(append_bytes(PATH, longer, 10000), 0);
    size_is(PATH, 11 + 10000);
    add("z\n");
    size_is(PATH, 11 + 2);
    free(longer);
    CU_ASSERT_EQUAL(append_remove(PATH), 0);
    add("only a torn one");
    add("z\n");
    size_is(PATH, 2);
}

static void test_rename(void)
{
    begin();
    add("one\n");
    CU_ASSERT_EQUAL(append_rename(PATH, OTHER), 0);
    size_is(PATH, 0);
    size_is(OTHER, 4);
    add("second\n");
    CU_ASSERT_EQUAL(append_rename(PATH, OTHER), 0); /* it replaces */
    size_is(OTHER, 7);
    CU_ASSERT_EQUAL(append_rename(PATH, OTHER), 0); /* nothing there */
    size_is(OTHER, 7);
    begin();
}

static void test_failures(void)
{
    CU_ASSERT_EQUAL(append_bytes("no-such-directory/x", "a\n", 2), -ENOENT);
    CU_ASSERT(append_bytes(".", "a\n", 2) < 0);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"lines", test_lines},       {"torn lines", test_torn}, {"rename", test_rename},
        {"failures", test_failures}, CU_TEST_INFO_NULL,
    };
    return test_main("append", tests);
}
