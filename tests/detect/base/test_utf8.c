#include "detect/base/utf8.h"

#include "tests/test.h"
#include <stdlib.h>
#include <string.h>

#define R "\xEF\xBF\xBD" /* U+FFFD */

static const struct {
    const char *text;
    size_t len;
    const char *want;
    size_t want_len;
} cases[] = {
    {"", 0, "", 0},
    {"plain", 5, "plain", 5},
    {"a\0b", 3, "a\0b", 3}, /* a NUL stays */
    {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9, "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9},
    {"a\xED\xA0\xBD"
     "b",
     5, "a" R "b", 5},                    /* a lone surrogate, WTF-8 */
    {"\xFF\xFE", 2, R R, 6},              /* never UTF-8 */
    {"a\xE2\x82", 3, "a" R R, 7},         /* cut off: a byte each */
    {"\xC0\xAF", 2, R R, 6},              /* overlong */
    {"\xF4\x90\x80\x80", 4, R R R R, 12}, /* above U+10FFFF */
};

static void test_clean(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *out = NULL;
        size_t size = 0;
        CU_ASSERT_EQUAL_FATAL(utf8_clean(&out, &size, (struct text){cases[i].text, cases[i].len}), 0);
        CU_ASSERT_EQUAL_FATAL(size, cases[i].want_len);
        CU_ASSERT_EQUAL(memcmp(out, cases[i].want, size + 1), 0);
        free(out);
    }
}

static void test_absent(void)
{
    char *out = NULL;
    size_t size = 1;
    CU_ASSERT_EQUAL_FATAL(utf8_clean(&out, &size, text_from(NULL)), 0);
    CU_ASSERT_EQUAL(size, 0);
    CU_ASSERT_STRING_EQUAL(out, "");
    free(out);
}

static void test_prefix(void)
{
    static const char text[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";
    static const size_t want[] = {0, 1, 3, 6, 10, 11, 11};
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
        CU_ASSERT_EQUAL(utf8_prefix(text, strlen(text), i), want[i]);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"clean", test_clean},
        {"an absent text is empty", test_absent},
        {"prefix counts characters", test_prefix},
        CU_TEST_INFO_NULL,
    };
    return test_main("utf8", tests);
}
