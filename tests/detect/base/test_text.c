#include "detect/base/text.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

static void test_from(void)
{
    CU_ASSERT(text_from("abc").len == 3);
    CU_ASSERT(text_from("").bytes != NULL && text_from("").len == 0);
    CU_ASSERT(text_from(NULL).bytes == NULL && text_from(NULL).len == 0);
}

static void test_equal(void)
{
    CU_ASSERT(text_equal(text_from("ab"), text_from("ab")));
    CU_ASSERT(!text_equal(text_from("ab"), text_from("aB")));
    CU_ASSERT(!text_equal(text_from("ab"), text_from("abc")));
    CU_ASSERT(text_equal(text_from(NULL), text_from("")));
    CU_ASSERT(text_equal_nocase(text_from("aZ@["), text_from("Az@[")));
    CU_ASSERT(!text_equal_nocase(text_from("@"), text_from("`"))); /* they differ by the case bit, but are no letters */
    CU_ASSERT(!text_equal_nocase(text_from("["), text_from("{")));
    CU_ASSERT(!text_equal_nocase(text_from("a"), text_from("ab")));
}

static void test_find(void)
{
    CU_ASSERT(text_find(text_from("a.b.c"), '.') == 1);
    CU_ASSERT(text_find(text_from("abc"), '.') == 3);
    CU_ASSERT(text_find(text_from(NULL), '.') == 0);
    CU_ASSERT(text_equal(text_after_last(text_from("C:\\a\\b.exe"), '\\'), text_from("b.exe")));
    CU_ASSERT(text_equal(text_after_last(text_from("b.exe"), '\\'), text_from("b.exe")));
    CU_ASSERT(text_after_last(text_from("C:\\"), '\\').len == 0);
}

static void test_copy(void)
{
    char to[5];
    CU_ASSERT(text_copy(to, sizeof(to), text_from("abcd")) == 4 && strcmp(to, "abcd") == 0);
    CU_ASSERT(text_copy(to, sizeof(to), text_from("abcde")) == 4 && strcmp(to, "abcd") == 0);
    /* U+20AC has three bytes and is not cut in two */
    CU_ASSERT(text_copy(to, sizeof(to), text_from("ab\xE2\x82\xAC")) == 2 && strcmp(to, "ab") == 0);
    CU_ASSERT(text_copy(to, 1, text_from("x")) == 0 && to[0] == '\0');
    CU_ASSERT(text_copy(to, sizeof(to), text_from(NULL)) == 0 && to[0] == '\0');
}

static void test_dup(void)
{
    char *copy = text_dup((struct text){"abc", 2});
    CU_ASSERT(copy != NULL && strcmp(copy, "ab") == 0);
    free(copy);
    copy = text_dup(text_from(NULL));
    CU_ASSERT(copy != NULL && copy[0] == '\0');
    free(copy);
}

static void test_decode(void)
{
    static const struct {
        const char *bytes;
        uint32_t point;
        size_t length;
    } cases[] = {
        {"a", 'a', 1},
        {"\xC3\xA9", 0xE9, 2},
        {"\xE2\x82\xAC", 0x20AC, 3},
        {"\xF0\x9F\x98\x80", 0x1F600, 4},
        {"\xF4\x8F\xBF\xBF", 0x10FFFF, 4},
        {"\xF4\x90\x80\x80", TEXT_REPLACEMENT, 1}, /* above U+10FFFF */
        {"\xC0\xAF", TEXT_REPLACEMENT, 1},         /* overlong */
        {"\xC1\xBF", TEXT_REPLACEMENT, 1},
        {"\xE0\x80\xAF", TEXT_REPLACEMENT, 1},
        {"\xF0\x80\x80\xAF", TEXT_REPLACEMENT, 1},
        {"\xED\xA0\x80", TEXT_REPLACEMENT, 3}, /* a surrogate, one character of WTF-8 */
        {"\xC3", TEXT_REPLACEMENT, 1},         /* cut off */
        {"\xE2\x82", TEXT_REPLACEMENT, 1},
        {"\xE2\x82x", TEXT_REPLACEMENT, 1},
        {"\x80", TEXT_REPLACEMENT, 1},
        {"\xFF", TEXT_REPLACEMENT, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t at = 0;
        CU_ASSERT(text_decode(text_from(cases[i].bytes), &at) == cases[i].point);
        CU_ASSERT(at == cases[i].length);
    }
    CU_ASSERT(text_code_points(text_from("a\xC3\xA9\xF0\x9F\x98\x80\xFF")) == 4);
    CU_ASSERT(text_code_points(text_from(NULL)) == 0);
}

static void test_number(void)
{
    static const struct {
        uint64_t number;
        const char *want;
    } cases[] = {{0, "0"}, {9, "9"}, {10, "10"}, {4688, "4688"}, {UINT64_MAX, "18446744073709551615"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char to[TEXT_NUMBER_SIZE];
        struct text text = text_from_number(to, cases[i].number);
        CU_ASSERT(text_equal(text, text_from(cases[i].want)));
        CU_ASSERT_EQUAL(text.bytes[text.len], '\0');
    }
}

static void test_encode(void)
{
    static const uint32_t points[] = {0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF};
    static const size_t lengths[] = {1, 1, 2, 2, 3, 3, 4, 4};
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        char bytes[4];
        size_t at = 0, length = text_encode(bytes, points[i]);
        CU_ASSERT(length == lengths[i]);
        CU_ASSERT(text_decode((struct text){bytes, length}, &at) == points[i] && at == length);
    }
}

static void test_utf16(void)
{
    /* a, U+E9, U+20AC, U+1F600, a lone high and a lone low surrogate, NUL, b */
    static const uint16_t units[] = {'a', 0xE9, 0x20AC, 0xD83D, 0xDE00, 0xD800, 0xDC00 - 1 + 1, 0, 'b'};
    static const uint16_t lone[] = {0xDC00, 0xD800};
    char to[TEXT_UTF16_MAX_BYTES(9)];
    struct text text = text_from_utf16(to, units, 5);
    CU_ASSERT(text_equal(text, text_from("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80")));
    CU_ASSERT(to[text.len] == '\0');
    text = text_from_utf16(to, lone, 2);
    CU_ASSERT(text_equal(text, text_from("\xED\xB0\x80\xED\xA0\x80")));
    CU_ASSERT(text_from_utf16(to, NULL, 0).len == 0 && to[0] == '\0');

    uint16_t *back = NULL;
    size_t count = 0;
    text = text_from_utf16(to, units, 9);
    CU_ASSERT(text_to_utf16(&back, &count, text) == 0);
    CU_ASSERT(count == 9 && memcmp(back, units, sizeof(units)) == 0 && back[9] == 0);
    free(back);
    CU_ASSERT(text_to_utf16(&back, &count, text_from("\xED\xA0\x80\xFF")) == 0);
    CU_ASSERT(count == 2 && back[0] == 0xD800 && back[1] == TEXT_REPLACEMENT);
    free(back);
    CU_ASSERT(text_to_utf16(&back, NULL, text_from(NULL)) == 0 && back[0] == 0);
    free(back);
}

/* Runs of ASCII are taken in steps: the same comes out as unit by unit. */
static void test_utf16_runs(void)
{
    static const uint16_t others[] = {0x7F, 0x80, 0xE4, 0x100, 0x7FFF, 0x8000, 0xFF41, 0xD800, 0xDC00, 0};
    for (size_t count = 0; count < 40; count++)
        for (size_t place = 0; place < count; place++)
            for (size_t o = 0; o < sizeof(others) / sizeof(others[0]); o++) {
                uint16_t units[40];
                char to[TEXT_UTF16_MAX_BYTES(40)], want[TEXT_UTF16_MAX_BYTES(40)];
                size_t len = 0;
                for (size_t i = 0; i < count; i++) {
                    units[i] = i == place ? others[o] : (uint16_t)('a' + i % 26);
                    len += text_encode(want + len, units[i]);
                }
                if (!text_equal(text_from_utf16(to, units, count), (struct text){want, len}) || to[len] != '\0')
                    CU_FAIL("text_from_utf16");
            }
    CU_PASS("");
}

static void test_trimmed_and_number(void)
{
    static const char *const trims[][2] = {{" \t\r\na b\n", "a b"}, {"", ""}, {" ", ""}, {"\fa", "\fa"}};
    for (size_t i = 0; i < sizeof(trims) / sizeof(trims[0]); i++)
        CU_ASSERT(text_equal(text_trimmed(text_from(trims[i][0])), text_from(trims[i][1])));
    static const struct {
        const char *text;
        bool is_number;
        uint64_t want;
    } cases[] = {{"0", true, 0},
                 {"007", true, 7},
                 {"18446744073709551615", true, UINT64_MAX},
                 {"18446744073709551616", false, 0},
                 {"", false, 0},
                 {" 1", false, 0},
                 {"1 ", false, 0},
                 {"-1", false, 0},
                 {"0x1", false, 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t number = 99;
        CU_ASSERT_EQUAL(text_to_number(&number, text_from(cases[i].text)), cases[i].is_number);
        CU_ASSERT_EQUAL(number, cases[i].is_number ? cases[i].want : 99);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"from", test_from},
        {"equal", test_equal},
        {"find", test_find},
        {"copy", test_copy},
        {"dup", test_dup},
        {"decode", test_decode},
        {"number", test_number},
        {"encode", test_encode},
        {"utf16", test_utf16},
        {"runs", test_utf16_runs},
        {"white space and decimal numbers", test_trimmed_and_number},
        CU_TEST_INFO_NULL,
    };
    return test_main("text", tests);
}
