#include "agent/scan/html.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text, *want;
} cases[] = {
    {"plain \xC3\xA4\xE4\xB8\xBB\xF0\x9F\x98\x80", "plain \xC3\xA4\xE4\xB8\xBB\xF0\x9F\x98\x80"},
    {"<script>alert(\"x\" & 'y')</script>", "&lt;script&gt;alert(&quot;x&quot; &amp; &#39;y&#39;)&lt;/script&gt;"},
    {"a\nb\tc\x01\x7F", "a{U+000A}b{U+0009}c{U+0001}{U+007F}"},
    {"\xE2\x80\xAE"
     "cod.exe",
     "{U+202E}cod.exe"}, /* right-to-left override */
    {"a\xE2\x80\x8B"
     "b\xEF\xBB\xBF",
     "a{U+200B}b{U+FEFF}"}, /* zero width */
    {"\xC2\x85\xC2\xAD", "{U+0085}{U+00AD}"},
    {"\xF3\xA0\x81\x81", "{U+E0041}"},        /* a tag */
    {"\xFF\xC3", "\xEF\xBF\xBD\xEF\xBF\xBD"}, /* not UTF-8 */
    {"\xED\xA0\x80", "\xEF\xBF\xBD"},         /* a lone surrogate */
    {"", ""},
};

static void test_escapes(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct html html = {0};
        html_markup(&html, "[");
        html_text(&html, text_from(cases[i].text), 1000);
        html_markup(&html, "]");
        char want[512];
        snprintf(want, sizeof(want), "[%s]", cases[i].want);
        CU_ASSERT(!html.is_cut && html.size == strlen(want));
        CU_ASSERT_STRING_EQUAL(html.bytes, want);
        free(html.bytes);
    }
    struct html html = {0};
    html_text(&html, (struct text){"a\0b", 3}, 1000);
    CU_ASSERT_STRING_EQUAL(html.bytes, "a{U+0000}b");
    free(html.bytes);
}

static void test_cut(void)
{
    struct html html = {0};
    html_text(&html, text_from("abc"), 3);
    html_text(&html, text_from("|abc"), 3);
    html_text(&html, text_from("|\xE4\xB8\xBB\xE4\xB8\xBB"), 2); /* a character is whole */
    html_text(&html, (struct text){NULL, 0}, 5);
    CU_ASSERT_STRING_EQUAL(html.bytes, "abc|ab...|\xE4\xB8\xBB...");
    free(html.bytes);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"escapes", test_escapes}, {"cut", test_cut}, CU_TEST_INFO_NULL};
    return test_main("html", tests);
}
