#include "agent/system/plain.h"

#include "tests/test.h"
#include <string.h>

static const struct {
    const char *text, *want;
} cases[] = {
    {"", ""},
    {"a \xC3\xA9 \xE4\xB8\xBB \xF0\x9F\x98\x81", "a \xC3\xA9 \xE4\xB8\xBB \xF0\x9F\x98\x81"},
    {"a\nb\tc\rd", "a\\x0Ab\\x09c\\x0Dd"},
    {"\x1B]0;owned\x07", "\\x1B]0;owned\\x07"},
    {"\x7F", "\\x7F"},
    {"\xC2\x9B"
     "2J",
     "{U+009B}2J"}, /* CSI as one character */
    {"\xC2\x80\xC2\x9F", "{U+0080}{U+009F}"},
    {"a\xE2\x80\xAE"
     "b",
     "a{U+202E}b"},
    {"\xEF\xBB\xBF", "{U+FEFF}"},
    {"\xE2\x80\x8B\xF3\xA0\x81\x81", "{U+200B}{U+E0041}"},
    {"\xFF", "\xEF\xBF\xBD"},
};

static void test_copy(void)
{
    char to[64];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CU_ASSERT_EQUAL(plain_copy(to, sizeof(to), text_from(cases[i].text)), strlen(cases[i].want));
        CU_ASSERT_STRING_EQUAL(to, cases[i].want);
    }
    CU_ASSERT_EQUAL(plain_copy(to, sizeof(to), (struct text){"a\0b", 3}), 6);
    CU_ASSERT_STRING_EQUAL(to, "a\\x00b");
}

static void test_cut(void)
{
    char to[8];
    CU_ASSERT_EQUAL(plain_copy(to, sizeof(to), text_from("1234567")), 7);
    CU_ASSERT_STRING_EQUAL(to, "1234567");
    CU_ASSERT_EQUAL(plain_copy(to, sizeof(to), text_from("12345678")), 7);
    CU_ASSERT_STRING_EQUAL(to, "1234...");
    CU_ASSERT_EQUAL(plain_copy(to, sizeof(to), text_from("123\x1B\x1B")), 6); /* no half of what stands for one */
    CU_ASSERT_STRING_EQUAL(to, "123...");
    CU_ASSERT_EQUAL(plain_copy(to, 4, text_from("\xE4\xB8\xBB\xE4\xB8\xBB")), 3);
    CU_ASSERT_STRING_EQUAL(to, "...");
}

static void test_print(void)
{
    char got[64] = "";
    FILE *file = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    plain_print(file, "a\nb\x1B");
    plain_print(file, NULL);
    plain_printf(file, "%s|\t%d\n", "\xC2\x9B", 7);
    rewind(file);
    size_t size = fread(got, 1, sizeof(got) - 1, file);
    got[size] = '\0';
    CU_ASSERT_STRING_EQUAL(got, "a\\x0Ab\\x1B{U+009B}|\t7\n");
    fclose(file);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"copy", test_copy}, {"cut", test_cut}, {"print", test_print}, CU_TEST_INFO_NULL};
    return test_main("plain", tests);
}
