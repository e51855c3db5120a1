/* event_xml_reference: what is a character reference, and text with them resolved. */
#include "collectors/event_xml/event_xml_reference.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

static void test_reference(void)
{
    static const struct {
        const char *text;
        size_t length; /* 0: it is none */
        unsigned long value;
    } cases[] = {
        {"&#13;", 5, 13},
        {"&#xD;", 5, 13},
        {"&#xd;x", 5, 13},
        {"&#0;", 4, 0},
        {"&#x0;", 5, 0},
        {"&#000000000000000000000065;", 27, 65},
        {"&#x000000000000000041;", 22, 65},
        {"&#x10fFfF;", 10, 0x10FFFF},
        {"&#1114111;", 10, 0x10FFFF},
        {"&#1114112;", 10, 0x110000},
        {"&#x110000;", 10, 0x110000},
        {"&#99999999999999999999999999;", 29, 0x110000},
        {"&#xFFFFFFFFFFFFFFFFFFFFFFFFF;", 29, 0x110000},
        {"&#123456789;", 12, 0x110000},
        {"&#;", 0, 0},
        {"&#x;", 0, 0},
        {"&#X41;", 0, 0},
        {"&#6 5;", 0, 0},
        {"&#65", 0, 0},
        {"&#a;", 0, 0},
        {"&#xG;", 0, 0},
        {"&#x@;", 0, 0},
        {"&#x`;", 0, 0},
        {"&#x/;", 0, 0},
        {"&#:;", 0, 0},
        {"&#-1;", 0, 0},
        {"&amp;", 0, 0},
        {"#13;", 0, 0},
        {"&", 0, 0},
        {"", 0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned long value = 4711;
        size_t length = 4712, size = strlen(cases[i].text);
        char *text = malloc(size + 1); /* of just its size after the first byte, for the address sanitizer */
        CU_ASSERT_PTR_NOT_NULL_FATAL(text);
        memcpy(text + 1, cases[i].text, size);
        bool is_one = event_xml_reference((struct text){text, size + 1}, 1, &value, &length);
        if (is_one != (cases[i].length > 0) ||
            (is_one ? value != cases[i].value || length != cases[i].length : value != 4711 || length != 4712))
            CU_FAIL(cases[i].text);
        free(text);
    }
    CU_PASS("");
}

static void test_resolve(void)
{
    static const struct {
        const char *xml, *want;
    } cases[] = {
        {"", ""},
        {"<a b='c'>d</a>", "<a b='c'>d</a>"},
        {"&#65;", "A"},
        {"x&#65;&#x42;y&#10;", "xABy\n"},
        {"&amp;&#38;&lt;&&#60;&", "&amp;&&lt;&<&"},
        {"&#127;&#128;&#x20AC;&#x110000;", "\x7F\x80\x80\x80"},
        {"&#65", "&#65"},
        {"&#&#65;", "&#A"},
        {"\xC3\xA4&#97;", "\xC3\xA4"
                          "a"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size = strlen(cases[i].xml);
        char *to = malloc(size + 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(to);
        struct text got = event_xml_resolve(to + 1, text_from(cases[i].xml));
        if (!text_equal(got, text_from(cases[i].want)))
            CU_FAIL(cases[i].xml);
        free(to);
    }
    char to[4], nul[] = "a&#0;";
    struct text got = event_xml_resolve(to, text_from(nul));
    CU_ASSERT(got.len == 2 && memcmp(got.bytes, "a\0", 2) == 0);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"reference", test_reference}, {"resolve", test_resolve}, CU_TEST_INFO_NULL};
    return test_main("event_xml_reference", tests);
}
