/* The parts of event_xml that can be tested alone: split, clean, kind, utf16. */
#include "collectors/event_xml/event_xml_clean.h"
#include "collectors/event_xml/event_xml_kind.h"
#include "collectors/event_xml/event_xml_split.h"
#include "collectors/event_xml/event_xml_utf16.h"
#include "tests/test.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FFFD "\xEF\xBF\xBD"

/* Marks are found at every place of those that are looked at in one step, and nothing is read past the end. */
static void check_frame_at(size_t before, size_t between, size_t after)
{
    size_t length = strlen("<Event>") + between + strlen("</Event>"), size = before + length + after;
    char *bytes = malloc(size);
    memset(bytes, '/', size);
    memcpy(bytes + before, "<Event>", strlen("<Event>"));
    memcpy(bytes + before + length - strlen("</Event>"), "</Event>", strlen("</Event>"));
    struct event_xml_splitter f;
    struct event_xml_part part;
    event_xml_splitter_start(&f);
    bool is_found = event_xml_splitter_next(&f, (struct text){bytes, size}, true, 1000, &part) == FOUND_EVENT;
    if (!is_found || part.text.bytes != bytes + before || part.text.len != length || part.hides != HIDES_NOTHING)
        CU_FAIL("event was not found whole");
    CU_ASSERT_EQUAL(event_xml_splitter_done(&f), before + length);
    CU_ASSERT_EQUAL(event_xml_splitter_next(&f, (struct text){bytes, size}, true, 1000, &part), FOUND_NOTHING);
    free(bytes);
}

static void test_split_at_every_place(void)
{
    for (size_t before = 0; before < 45; before++)
        for (size_t between = 0; between < 80; between++)
            for (size_t after = 0; after < 45; after += 4)
                check_frame_at(before, between, after);
}

static void test_split_names(void)
{
    static const struct {
        const char *xml;
        bool is_event;
    } cases[] = {
        {"<Event ></Event>", true},
        {"<Event\t></Event>", true},
        {"<Event\r></Event>", true},
        {"<Event\n></Event\n>", true},
        {"<Event/>", true},
        {"<Event a='/>'/>", true},
        {"<Events></Events>", false},
        {"<EventData></EventData>", false},
        {"<EventID></EventID>", false},
        {"<Event_></Event_>", false},
        {"<Event.></Event.>", false},
        {"<event></event>", false},
        {"<Even></Even>", false},
        {"<E></E>", false},
        {"</Event>", false},
        {"<e:Event></e:Event>", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct event_xml_splitter f;
        struct event_xml_part part;
        event_xml_splitter_start(&f);
        struct text xml = text_from(cases[i].xml);
        enum event_xml_found want = cases[i].is_event ? FOUND_EVENT : FOUND_NOTHING;
        if (event_xml_splitter_next(&f, xml, true, 100, &part) != want ||
            (cases[i].is_event && part.text.len != xml.len))
            CU_FAIL(cases[i].xml);
    }
}

/* White space in an end tag: 64 bytes are taken, more are not. */
static void test_split_end_tag(void)
{
    for (int spaces = 62; spaces < 67; spaces++) {
        char xml[200];
        struct event_xml_splitter f;
        struct event_xml_part part;
        snprintf(xml, sizeof(xml), "<Event></Event%*s> ", spaces, "");
        event_xml_splitter_start(&f);
        enum event_xml_found found = event_xml_splitter_next(&f, text_from(xml), true, 1000, &part);
        CU_ASSERT_EQUAL(found, spaces <= 64 ? FOUND_EVENT : FOUND_BAD);
        CU_ASSERT_EQUAL(part.text.len, strlen(xml) - (spaces <= 64));
    }
}

static void test_split_hides(void)
{
    static const struct {
        const char *xml;
        enum event_xml_hiding hides;
    } cases[] = {
        {"<Event>&amp;&lt;</Event>", HIDES_NOTHING},
        {"<Event>&#13;&#xd;&#x1F;&#0;</Event>", HIDES_NOTHING},
        {"<Event>&#32;</Event>", HIDES_IN_REFERENCES},
        {"<Event>&#x41;&#13;</Event>", HIDES_IN_REFERENCES},
        {"<Event>&#1</Event>", HIDES_IN_REFERENCES},
        {"<Event>&#;</Event>", HIDES_IN_REFERENCES},
        {"<Event>&#99999999999999999999;</Event>", HIDES_IN_REFERENCES},
        {"<Event><!-- --></Event>", HIDES_ANYWHERE},
        {"<Event><?a?></Event>", HIDES_ANYWHERE},
        {"<Event><![CDATA[]]></Event>", HIDES_ANYWHERE},
        {"<Event>&#32;<?a?>&#32;</Event>", HIDES_ANYWHERE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct event_xml_splitter f;
        struct event_xml_part part;
        event_xml_splitter_start(&f);
        if (event_xml_splitter_next(&f, text_from(cases[i].xml), true, 100, &part) != FOUND_EVENT ||
            part.hides != cases[i].hides)
            CU_FAIL(cases[i].xml);
    }
}

static void test_clean(void)
{
    static const struct {
        const char *xml;
        size_t size;
        const char *want; /* NULL: clean as it is */
    } cases[] = {
        {"a\t\n\r <é\xE2\x82\xAC\xF0\x9F\x98\x80" FFFD "\x7F&amp;&#9;&#xA;&#13;&#32;&#x10FFFF;", 0, NULL},
        {"a\0b", 3, "a" FFFD "b"},
        {"\x01\x1F", 0, FFFD FFFD},
        {"&#0;&#x1;&#31;&#xD800;&#xDFFF;&#xFFFE;&#65535;&#x110000;&#99999999999999999999;", 0,
         FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD},
        {"&#xD7FF;&#xE000;&#xFFFD;&#x10000;&#;&#x;&#a;&#65&#X41;&", 0, NULL}, /* not references: the parser's matter */
        {"\x80\xC3(\xC0\xAF\xE9 \xF5", 0, FFFD FFFD "(" FFFD FFFD FFFD " " FFFD},
        {"\xED\xA0\x80\xEF\xBF\xBE\xEF\xBF\xBF", 0, FFFD FFFD FFFD},
        {"\xE2\x82", 0, FFFD FFFD},
        {"<![CDATA[&#1;]]>&#1;<!-- &#2; --><? &#3; ?>&#4;", 0, "<![CDATA[&#1;]]>" FFFD "<!-- &#2; --><? &#3; ?>" FFFD},
        {"<![CDATA[\x01]]>", 0, "<![CDATA[" FFFD "]]>"},
        {"<!-- <? -->&#1;?>", 0, "<!-- <? -->" FFFD "?>"},
        {"&#1;<!-- --><<!-->&#1;--><![CDATA[ &#1;", 0, FFFD "<!-- --><<!-->&#1;--><![CDATA[ &#1;"},
        {"\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBD\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 0, NULL},
        {"\xC1\xBF\xE0\x9F\xBF\xF0\x8F\xBF\xBF\xF4\x90\x80\x80", 0,
         FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD},
        {"a\xC3\xA4", 2, "a" FFFD}, /* what follows is not looked at */
        {"\xE4\xB8\xAD", 2, FFFD FFFD},
        {"&#9;&#1;", 7, NULL},
        {"<!X&#1;", 0, "<!X" FFFD},
        {"", 0, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size = cases[i].size == 0 ? strlen(cases[i].xml) : cases[i].size;
        char *bytes = malloc(size + 1), *to = malloc(EVENT_XML_CLEAN_MAX(size) + 1);
        memcpy(bytes + 1, cases[i].xml, size); /* a byte read past the end shows */
        struct text xml = {bytes + 1, size};
        struct text want = cases[i].want == NULL ? xml : text_from(cases[i].want);
        struct text got = event_xml_clean(to, xml);
        if (!text_equal(got, want)) {
            fprintf(stderr, "\n  case %zu: %.*s\n", i, (int)got.len, got.bytes);
            CU_FAIL(cases[i].xml);
        }
        char *again = malloc(EVENT_XML_CLEAN_MAX(got.len) + 1);
        CU_ASSERT(text_equal(event_xml_clean(again, got), got)); /* it is clean now */
        free(again);
        free(to);
        free(bytes);
    }
}

#define SECURITY "Microsoft-Windows-Security-Auditing"

static void test_kind(void)
{
    const struct kinds_entry *kind;
    static const struct {
        const char *xml;
        bool is_told;
        enum event_kind want;
    } cases[] = {
        {"<Event xmlns='u'><System><Provider Name='" SECURITY "' Guid='g'/><EventID>4688</EventID>", true,
         EVENT_SECURITY_4688},
        {"<Event>\r\n <System>\n <Provider Name=\"" SECURITY "\"/>\t<EventID Qualifiers='0'>4688</EventID>", true,
         EVENT_SECURITY_4688},
        {"<Event><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID>", true, EVENT_SYSMON_1},
        {"<Event><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>3</EventID>", true, EVENT_OTHER},
        {"<Event><System><Provider Name='x'/><EventID>4688</EventID>", true, EVENT_OTHER},
        {"<Event><System><Provider Guid='g' Name='" SECURITY "'/><EventID>4688</EventID>", false, EVENT_OTHER},
        {"<Event><System><EventID>4688</EventID><Provider Name='" SECURITY "'/>", false, EVENT_OTHER},
        {"<Event><EventData/><System><Provider Name='" SECURITY "'/><EventID>4688</EventID>", false, EVENT_OTHER},
        {"<Event><System><Provider Name='" SECURITY "'></Provider><EventID>4688</EventID>", false, EVENT_OTHER},
        {"<Event><System><Provider Name='&#77;icrosoft-Windows-Sysmon'/><EventID>1</EventID>", false, EVENT_OTHER},
        {"<Event><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID> 1</EventID>", false, EVENT_OTHER},
        {"<Event><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1<a/></EventID>", false, EVENT_OTHER},
        {"<Event><System><Provider Name='Microsoft-Windows-Sysmon'/><EventIDX>1</EventID>", false, EVENT_OTHER},
        {"<Event><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID/><Version>1</Version>", false,
         EVENT_OTHER},
        {"<Event/>", false, EVENT_OTHER},
        {"<Event/><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID>", false, EVENT_OTHER},
        {"<Event <System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID>", false, EVENT_OTHER},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kind = NULL;
        if (event_xml_kind_peek(&kind, text_from(cases[i].xml)) != cases[i].is_told ||
            kinds_kind(kind, text_from("Security")) != cases[i].want)
            CU_FAIL(cases[i].xml);
        for (size_t cut = 0; cut < strlen(cases[i].xml); cut++) {
            char *copy = malloc(cut + 1); /* nothing is read past the end, and nothing decided by a part */
            memcpy(copy, cases[i].xml, cut);
            CU_ASSERT_FALSE(event_xml_kind_peek(&kind, (struct text){copy, cut}));
            free(copy);
        }
    }
    /* Whatever came before, recall answers as peek does. */
    size_t count = sizeof(cases) / sizeof(cases[0]);
    for (size_t first = 0; first < count; first++)
        for (size_t i = 0; i < count; i++)
            for (size_t cut = 0; cut <= strlen(cases[i].xml); cut++) {
                struct event_xml_kind_memory memory = {.size = 0};
                struct text before = text_from(cases[first].xml), event = {cases[i].xml, cut};
                (void)event_xml_kind_recall(&kind, &memory, before); /* what it leaves in memory counts */
                const struct kinds_entry *want = NULL, *got = NULL;
                bool is_told = event_xml_kind_peek(&want, event);
                if (event_xml_kind_recall(&got, &memory, event) != is_told || got != want)
                    CU_FAIL(cases[i].xml);
            }
}

/* Every byte, at every place of a step: a byte that is not clean becomes U+FFFD, all else stays. */
static void test_clean_every_byte(void)
{
    for (size_t place = 0; place < 40; place++)
        for (unsigned c = 0; c < 256; c++) {
            char xml[41], to[EVENT_XML_CLEAN_MAX(40)];
            memset(xml, 'a', sizeof(xml));
            xml[place] = (char)c;
            struct text text = {xml, 40}, got = event_xml_clean(to, text);
            bool is_clean = c >= ' ' ? c < 0x80 : c == 9 || c == 10 || c == 13;
            CU_ASSERT_EQUAL(text_equal(got, text), is_clean);
            CU_ASSERT(is_clean ||
                      (got.len == 42 && memcmp(got.bytes, xml, place) == 0 && memcmp(got.bytes + place, FFFD, 3) == 0 &&
                       memcmp(got.bytes + place + 3, xml + place + 1, 39 - place) == 0));
            memcpy(xml + (place < 36 ? place : 36), "&#1;", 4);
            CU_ASSERT_FALSE(text_equal(event_xml_clean(to, text), text));
        }
}

/* Letters, line ends and what looks like a reference are clean at every place of a step. */
static void test_clean_letters(void)
{
    static const char *const pieces[] = {"\xC3\xA4", "\xE4\xB8\xAD", "\xF0\x9F\x98\x80", "\r\n\t", "&a#;&;#&", "&#9;"};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
        for (size_t place = 0; place < 40; place++) {
            char xml[50], to[EVENT_XML_CLEAN_MAX(50)];
            memset(xml, 'a', sizeof(xml));
            memcpy(xml + place, pieces[i], strlen(pieces[i]));
            struct text text = {xml, sizeof(xml)};
            CU_ASSERT(text_equal(event_xml_clean(to, text), text));
        }
}

static void test_utf16(void)
{
    bool is_big;
    CU_ASSERT(event_xml_utf16_begins("\xFF\xFE", &is_big) && !is_big);
    CU_ASSERT(event_xml_utf16_begins("\xFE\xFF", &is_big) && is_big);
    CU_ASSERT(event_xml_utf16_begins("<\0", &is_big) && !is_big);
    CU_ASSERT(event_xml_utf16_begins("\0<", &is_big) && is_big);
    CU_ASSERT_FALSE(event_xml_utf16_begins("<E", &is_big));
    CU_ASSERT_FALSE(event_xml_utf16_begins("\xEF\xBB", &is_big));
    /* a, a pair, a lone high surrogate, b, in chunks of every size */
    static const char little[] = "a\0\x3D\xD8\x00\xDE\x00\xD8"
                                 "b\0";
    static const char want[] = "a\xF0\x9F\x98\x80\xED\xA0\x80"
                               "b";
    for (size_t step = 1; step <= 10; step++)
        for (int big = 0; big < 2; big++) {
            struct event_xml_utf16 d = {.is_big_endian = big == 1};
            char source[10], got[64], *to = malloc(EVENT_XML_UTF16_ROOM);
            size_t used = 0;
            for (size_t i = 0; i < sizeof(source); i++)
                source[i] = little[big == 1 ? i ^ 1u : i];
            for (size_t at = 0; at < sizeof(source); at += step) {
                const char *bytes = source + at;
                size_t size = sizeof(source) - at < step ? sizeof(source) - at : step;
                while (size > 0) {
                    struct text block = event_xml_utf16_next(&d, to, &bytes, &size);
                    memcpy(got + used, block.bytes, block.len);
                    used += block.len;
                }
            }
            CU_ASSERT(used == strlen(want) && memcmp(got, want, used) == 0);
            CU_ASSERT_EQUAL(event_xml_utf16_size((struct text){got, used}), sizeof(source));
            free(to);
        }
}

static CU_TestInfo tests[] = {
    {"split: marks at every place", test_split_at_every_place},
    {"split: names", test_split_names},
    {"split: white space in the end tag", test_split_end_tag},
    {"split: hides", test_split_hides},
    {"clean", test_clean},
    {"kind, also by the first bytes", test_kind},
    {"clean: every byte", test_clean_every_byte},
    {"clean: letters at every place", test_clean_letters},
    {"UTF-16 in any chunks", test_utf16},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return test_main("event_xml_parts", tests);
}
