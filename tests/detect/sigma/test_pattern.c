#include "detect/sigma/pattern.h"
#include "tests/test.h"

#include <assert.h>

static struct arena *arena;

static struct pattern of(const char *text)
{
    struct pattern pattern;
    int rc = pattern_parse(&pattern, arena, text_from(text));
    assert(rc == 0);
    (void)rc;
    return pattern;
}

static bool is_shape(const struct pattern *pattern, enum pattern_shape wanted, const char *text)
{
    enum pattern_shape shape;
    struct text compared;
    int rc = pattern_shape(&shape, &compared, arena, pattern);
    assert(rc == 0);
    (void)rc;
    if (shape != wanted || !text_equal(compared, text_from(text)))
        printf("shape %d '%.*s' instead of %d '%s' ", shape, (int)compared.len, compared.bytes, wanted, text);
    return shape == wanted && text_equal(compared, text_from(text));
}

/* The specification's sentences on wildcards and backslashes. */
static void wildcards_and_their_escapes(void)
{
    static const struct {
        const char *text;
        enum pattern_shape shape;
        const char *compared;
    } cases[] = {
        {"", PATTERN_EQUALS, ""},
        {"abc", PATTERN_EQUALS, "abc"},
        {"*", PATTERN_PRESENT, ""},
        {"**", PATTERN_PRESENT, ""},
        {"abc*", PATTERN_STARTS, "abc"},
        {"*abc", PATTERN_ENDS, "abc"},
        {"*abc*", PATTERN_CONTAINS, "abc"},
        {"a*c", PATTERN_LIKE, "a*c"},
        {"?", PATTERN_LIKE, "?"},
        {"prog?.exe", PATTERN_LIKE, "prog?.exe"},
        {"C:\\Windows", PATTERN_EQUALS, "C:\\Windows"},
        {"C:\\\\Windows", PATTERN_EQUALS, "C:\\Windows"},
        {"\\*", PATTERN_EQUALS, "*"},
        {"\\?", PATTERN_EQUALS, "?"},
        {"\\\\*", PATTERN_STARTS, "\\"},
        {"\\\\\\*", PATTERN_EQUALS, "\\*"},
        {"\\\\\\\\", PATTERN_EQUALS, "\\\\"},
        {"\\\\\\x", PATTERN_EQUALS, "\\\\x"},
        {"\\\\\\\\x", PATTERN_EQUALS, "\\\\x"},
        {"\\\\\\\\*", PATTERN_STARTS, "\\\\"},
        {"abc\\", PATTERN_EQUALS, "abc\\"},
        {"*\\cmd.exe", PATTERN_ENDS, "\\cmd.exe"},
        {"*\\\\?.exe", PATTERN_LIKE, "*\\\\?.exe"},
        {"a\\*b*c", PATTERN_LIKE, "a\\*b*c"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pattern pattern = of(cases[i].text);
        CU_ASSERT_TRUE(is_shape(&pattern, cases[i].shape, cases[i].compared));
    }
}

static void stars_are_put_around(void)
{
    static const struct {
        const char *text;
        bool before, after;
        enum pattern_shape shape;
        const char *compared;
    } cases[] = {
        {"x", true, true, PATTERN_CONTAINS, "x"},  {"x", true, false, PATTERN_ENDS, "x"},
        {"x", false, true, PATTERN_STARTS, "x"},   {"*x*", true, true, PATTERN_CONTAINS, "x"},
        {"x*", true, true, PATTERN_CONTAINS, "x"}, {"", true, true, PATTERN_PRESENT, ""},
        {"\\*", false, true, PATTERN_STARTS, "*"}, {"a?", true, true, PATTERN_LIKE, "*a?*"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pattern pattern = of(cases[i].text);
        CU_ASSERT_EQUAL(pattern_surround(&pattern, arena, cases[i].before, cases[i].after), 0);
        CU_ASSERT_TRUE(is_shape(&pattern, cases[i].shape, cases[i].compared));
    }
}

static void dashes_that_begin_an_option(void)
{
    static const struct {
        const char *text, *like;
        size_t dashes;
    } cases[] = {
        {"-f", "\\-f", 1},
        {" -f ", " \\-f ", 1},
        {"/f", "\\-f", 1},
        {"\xE2\x80\x93"
         "f",
         "\\-f", 1},
        {"\xE2\x80\x95"
         "f",
         "\\-f", 1},
        {" -param-name ", " \\-param-name ", 1},
        {"a-b", "a-b", 0},
        {"- ", "- ", 0},
        {"-", "-", 0},
        {"--f", "-\\-f", 1},
        {"-*", "-", 0},
        {"*-f", "*\\-f", 1},
        {" -a -b", " \\-a \\-b", 2},
        {"x_-f", "x_-f", 0},
        {"\xC3\xA9-f", "\xC3\xA9-f", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pattern pattern = of(cases[i].text);
        pattern_windash(&pattern);
        CU_ASSERT_EQUAL(pattern_dashes(&pattern), cases[i].dashes);
        enum pattern_shape shape;
        struct text text;
        CU_ASSERT_EQUAL(pattern_shape(&shape, &text, arena, &pattern), 0);
        CU_ASSERT_TRUE(text_equal(text, text_from(cases[i].like)));
    }
}

static void each_spelling_of_dashes_comes_once(void)
{
    struct pattern pattern = of("-a /b");
    char seen[25][16];
    pattern_windash(&pattern);
    for (size_t which = 0; which < 25; which++) {
        struct pattern variant;
        enum pattern_shape shape;
        struct text text;
        CU_ASSERT_EQUAL(pattern_dash_variant(&variant, arena, &pattern, which), 0);
        CU_ASSERT_EQUAL(pattern_shape(&shape, &text, arena, &variant), 0);
        CU_ASSERT_EQUAL(shape, PATTERN_EQUALS);
        (void)text_copy(seen[which], sizeof seen[which], text);
        for (size_t other = 0; other < which; other++)
            CU_ASSERT_STRING_NOT_EQUAL(seen[other], seen[which]);
    }
    CU_ASSERT_STRING_EQUAL(seen[0], "-a -b");
}

/* The three texts of base64offset, and base64, of a text that is encoded first or not ('-'). Checked with base64(1). */
static void encodings(void)
{
    static const struct {
        const char *text;
        int encoding; /* -1: none */
        const char *whole, *inside[3];
    } cases[] = {
        {"/bin/sh", -1, "L2Jpbi9zaA==", {"L2Jpbi9za", "9iaW4vc2", "vYmluL3No"}},
        {"/bin/bash", -1, "L2Jpbi9iYXNo", {"L2Jpbi9iYXNo", "9iaW4vYmFza", "vYmluL2Jhc2"}},
        {"ping", PATTERN_UTF16LE, "cABpAG4AZwA=", {"cABpAG4AZw", "AAaQBuAGcA", "wAGkAbgBnA"}},
        {"a", -1, "YQ==", {"Y", "", "h"}},
        {"ab", -1, "YWI=", {"YW", "Fi", "hY"}},
        {"", -1, "", {"", "", ""}},
        {"\xC3\xA9", -1, "w6k=", {"w6", "Op", "Dq"}},
        {"cmd", PATTERN_UTF16BE, "AGMAbQBk", {"AGMAbQBk", "BjAG0AZ", "AYwBtAG"}},
        {"cmd", PATTERN_UTF16_BOM, "//5jAG0AZAA=", {"//5jAG0AZA", "/+YwBtAGQA", "//mMAbQBkA"}},
        {"\xF0\x9F\x98\x80", PATTERN_UTF16LE, "PdgA3g==", {"PdgA3", "3YAN", "92ADe"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pattern pattern = of(cases[i].text), coded;
        if (cases[i].encoding >= 0)
            CU_ASSERT_EQUAL(pattern_encode(&pattern, arena, (enum pattern_encoding)cases[i].encoding), 0);
        CU_ASSERT_EQUAL(pattern_base64(&coded, arena, &pattern, 0, false), 0);
        CU_ASSERT_TRUE(is_shape(&coded, PATTERN_EQUALS, cases[i].whole));
        for (unsigned skip = 0; skip < 3; skip++) {
            CU_ASSERT_EQUAL(pattern_base64(&coded, arena, &pattern, skip, true), 0);
            CU_ASSERT_TRUE(is_shape(&coded, PATTERN_EQUALS, cases[i].inside[skip]));
        }
    }
}

static void wildcards_are_noticed(void)
{
    struct pattern plain = of("a\\*b"), star = of("a*b"), one = of("a?b"), written;
    CU_ASSERT_FALSE(pattern_has_wildcard(&plain));
    CU_ASSERT_TRUE(pattern_has_wildcard(&star));
    CU_ASSERT_TRUE(pattern_has_wildcard(&one));
    CU_ASSERT_EQUAL(pattern_plain(&written, arena, text_from("a*\\?")), 0);
    CU_ASSERT_FALSE(pattern_has_wildcard(&written));
    CU_ASSERT_TRUE(is_shape(&written, PATTERN_EQUALS, "a*\\?"));
}

static void no_memory_is_told(void)
{
    struct arena *small;
    struct pattern pattern = {0};
    assert(arena_new(&small, 64) == 0);
    CU_ASSERT_EQUAL(pattern_parse(&pattern, small, text_from("a text that does not fit in there")), -12);
    CU_ASSERT_PTR_NULL(pattern.element);
    arena_free(small);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"wildcards and their escapes", wildcards_and_their_escapes},
                                        {"stars are put around", stars_are_put_around},
                                        {"dashes that begin an option", dashes_that_begin_an_option},
                                        {"each spelling of dashes comes once", each_spelling_of_dashes_comes_once},
                                        {"encodings", encodings},
                                        {"wildcards are noticed", wildcards_are_noticed},
                                        {"no memory is reported", no_memory_is_told},
                                        CU_TEST_INFO_NULL};
    if (arena_new(&arena, (size_t)1 << 20) != 0)
        return 1;
    int rc = test_main("pattern", tests);
    arena_free(arena);
    return rc;
}
