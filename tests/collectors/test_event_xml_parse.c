/* One parser reads event after event: none shows in the next one, and each is what it is alone. */
#include "collectors/event_xml.h"
#include "collectors/event_xml_parse.h"
#include "tests/test.h"

#include <errno.h>
#include <expat.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM "<System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID></System>"
#define EVENT(data) "<Event>" SYSTEM "<EventData>" data "</EventData></Event>"
#define COMMAND_LINE(value) EVENT("<Data Name='CommandLine'>" value "</Data>")

/* A stream of events gets no further one once it has had so many bytes. */
#define STREAM_MAX (64u * 1024u)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Linked with --wrap for both. */
XML_Parser __real_XML_ParserCreate(const XML_Char *encoding);
enum XML_Status __real_XML_Parse(XML_Parser parser, const char *bytes, int size, int is_final);
XML_Parser __wrap_XML_ParserCreate(const XML_Char *encoding);
enum XML_Status __wrap_XML_Parse(XML_Parser parser, const char *bytes, int size, int is_final);

static size_t begun, fed,
    most_before; /* streams begun; fed: bytes of the last one; most_before: the most when more came */

XML_Parser __wrap_XML_ParserCreate(const XML_Char *encoding)
{
    begun++;
    fed = 0;
    return __real_XML_ParserCreate(encoding);
}

enum XML_Status __wrap_XML_Parse(XML_Parser parser, const char *bytes, int size, int is_final)
{
    most_before = fed > most_before ? fed : most_before;
    fed += (size_t)size;
    return __real_XML_Parse(parser, bytes, size, is_final);
}

static struct event_xml_parser *new_parser(void)
{
    struct event_xml_parser *p = NULL;
    CU_ASSERT_EQUAL_FATAL(event_xml_parser_new(&p), 0);
    return p;
}

/* Parses a copy of exactly xml's size, so that a byte read behind it shows. Returns as event_xml_parse. */
static int parse(struct process_event *event, struct event_xml_parser *p, struct text xml, struct fault *fault)
{
    char *copy = malloc(xml.len == 0 ? 1 : xml.len);
    bool is_process = false;
    memset(event, 0, sizeof(*event));
    memset(fault, 0, sizeof(*fault));
    memcpy(copy, xml.bytes, xml.len);
    int rc = event_xml_parse(event, &is_process, p, (struct text){copy, xml.len}, text_from("Security"), fault);
    free(copy);
    return rc;
}

/* Is xml read as a process creation with this command line (NULL: with none)? */
static bool has_command_line(struct event_xml_parser *p, const char *xml, const char *want)
{
    struct process_event event;
    struct fault fault;
    int rc = parse(&event, p, text_from(xml), &fault);
    struct text got = event.field[EVENT_COMMAND_LINE];
    return rc == 0 && event.event_id == 1 && (got.bytes == NULL) == (want == NULL) && text_equal(got, text_from(want));
}

/* Each with what expat says of it alone; NULL: it is good. */
static const struct {
    const char *xml, *detail;
} cases[] = {
    /* the end lies in a token or in an element */
    {"", "no element found"},
    {"<", "unclosed token"},
    {"<Eve", "unclosed token"},
    {"<Event", "unclosed token"},
    {"<Event a='", "unclosed token"},
    {"<Event>", "no element found"},
    {"<Event>text", "no element found"},
    {"<Event>\r", "no element found"},
    {"<Event>]", "no element found"},
    {"<Event>]]", "no element found"},
    {"<Event><", "unclosed token"},
    {"<Event><a", "unclosed token"},
    {"<Event><a b='<", "not well-formed (invalid token)"},
    {"<Event>&", "unclosed token"},
    {"<Event>&am", "unclosed token"},
    {"<Event>&#1", "unclosed token"},
    {"<Event>\xE4", "partial character"},
    {"<Event>\xE4\xB8", "partial character"},
    {"<Event></", "unclosed token"},
    {"<Event></Event", "unclosed token"},
    {"<Event></Event ", "unclosed token"},
    {"<Event><a></Event>", "mismatched tag"},
    {"<Event><a></a>", "no element found"},
    {"<Event><!", "unclosed token"},
    {"<Event><!-- </Event>", "unclosed token"},
    {"<Event><![CDATA[", "unclosed CDATA section"},
    {"<Event><![CDATA[ </Event>", "unclosed CDATA section"},
    {"<Event><![CDATA[ ]", "unclosed CDATA section"},
    {"<Event><? </Event>", "not well-formed (invalid token)"},
    {"<Event><?a </Event>", "unclosed token"},
    /* something stands before or behind the event */
    {"x<Event/>", "not well-formed (invalid token)"},
    {"&amp;<Event/>", "not well-formed (invalid token)"},
    {"<![CDATA[]]><Event/>", "syntax error"},
    {"</e><Event/>", "not well-formed (invalid token)"},
    {" <Event/>", NULL},
    {"<!-- a --><Event/>", NULL},
    {"<?a b?><Event/>", NULL},
    {"\xEF\xBB\xBF<Event/>", NULL},
    {"<?xml version='1.0'?><Event/>", NULL},
    {"<!DOCTYPE a><Event/>", NULL},
    {"<Event/>x", "junk after document element"},
    {"<Event/>&amp;", "not well-formed (invalid token)"},
    {"<Event/>&#13;", "not well-formed (invalid token)"},
    {"<Event/><![CDATA[]]>", "junk after document element"},
    {"<Event/><Event/>", "junk after document element"},
    {"<Event></Event><Event></Event>", "junk after document element"},
    {"<Event></Event></Event>", "not well-formed (invalid token)"},
    {"<Event/></e>", "not well-formed (invalid token)"},
    {"<Event/></e><e>", "not well-formed (invalid token)"},
    {"<Event/></e><!-- -->", "not well-formed (invalid token)"},
    {"</e><e><Event/>", "not well-formed (invalid token)"},
    {"</e>", "not well-formed (invalid token)"},
    {"<Event/><", "unclosed token"},
    {"<Event/><!--", "unclosed token"},
    {"<Event/>\r", NULL},
    {"<Event></Event>\n", NULL},
    {"<Event/><!-- a -->", NULL},
    {"<Event/><?a b?>", NULL},
    /* good, and as they should be */
    {"<Event/>", NULL},
    {"<Event a='b'/>", NULL},
    {"<x:Event y:a=''></x:Event>", NULL},
    {"<Event>\r\n]]&gt;</Event>", NULL},
    {"<Event><!-- --><?a?><![CDATA[<]]></Event>", NULL},
    /* wrong inside */
    {"<Event><?xml version='1.0'?></Event>", "XML or text declaration not at start of entity"},
    {"<Event><?XML a?></Event>", "not well-formed (invalid token)"},
    {"<Event><!DOCTYPE a></Event>", "not well-formed (invalid token)"},
    {"<Event>&e;</Event>", "undefined entity"},
    {"<Event a='&e;'/>", "undefined entity"},
    {"<Event a='1' a='1'/>", "duplicate attribute"},
    {"<Event>]]></Event>", "not well-formed (invalid token)"},
    {"<Event>&#x110000;</Event>", "reference to invalid character number"},
    {"<Event>\xC3(</Event>", "not well-formed (invalid token)"},
    {"<Event></e></Event>", "mismatched tag"},
};

static void check_case(struct event_xml_parser *p, size_t i)
{
    struct process_event event;
    struct fault fault;
    int rc = parse(&event, p, text_from(cases[i].xml), &fault);
    bool is_right = cases[i].detail == NULL ? rc == 0
                                            : rc == -EBADMSG && strcmp(fault.call, "XML_Parse") == 0 &&
                                                  strcmp(fault.detail, cases[i].detail) == 0;
    if (!is_right) {
        fprintf(stderr, "\n  case %zu: result %d: %s\n", i, rc, fault.detail);
        CU_FAIL(cases[i].xml);
    }
}

/* Whatever came before, each has its own result; and the event behind it is read right. */
static void test_what_came_before(void)
{
    struct event_xml_parser *p = new_parser();
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t k = 0; k < COUNT(cases); k++) {
            check_case(p, i);
            check_case(p, k);
            if (k % 3 == 0 && !has_command_line(p, COMMAND_LINE("a"), "a"))
                CU_FAIL(cases[k].xml);
        }
    event_xml_parser_free(p);
}

/* An event cut anywhere is bad, its rest too; the next one is whole. */
static void test_cut_at_every_byte(void)
{
    static const char event[] = "<Event a=\"1\" b='>'>" SYSTEM "<EventData><!-- c --><Data Name='CommandLine'>\xC3\xA4"
                                "&amp;&#65;\r\n<![CDATA[]]]]><?a b?></Data><c/></EventData></Event >";
    struct event_xml_parser *p = new_parser();
    for (size_t cut = 0; cut < strlen(event); cut++) {
        struct process_event got;
        struct fault fault;
        CU_ASSERT_EQUAL(parse(&got, p, (struct text){event, cut}, &fault), -EBADMSG);
        if (cut % 2 == 0)
            CU_ASSERT_EQUAL(parse(&got, p, text_from(event + cut), &fault), cut == 0 ? 0 : -EBADMSG);
        if (!has_command_line(p, event, "\xC3\xA4&A\n]]"))
            CU_FAIL("event behind one that was cut");
    }
    event_xml_parser_free(p);
}

/* Nothing of one event's values, names or line ends is in the next one's. */
static void test_events_are_apart(void)
{
    struct event_xml_parser *p = new_parser();
    struct process_event event;
    struct fault fault;
    for (int i = 0; i < 3; i++) {
        CU_ASSERT(has_command_line(p, COMMAND_LINE("a\r"), "a\n"));
        CU_ASSERT(has_command_line(p, COMMAND_LINE("\nb"), "\nb"));
        CU_ASSERT_EQUAL(parse(&event, p, text_from("<Event/>\r"), &fault), 0);
        CU_ASSERT(has_command_line(p, "\n" COMMAND_LINE("\r\rb\r\nc"), "\n\nb\nc"));
        CU_ASSERT(has_command_line(p, EVENT(""), NULL));
        CU_ASSERT(has_command_line(p, EVENT("<p:Data q:Name='u' Name='CommandLine'>a<b/></p:Data>"),
                                   "a\xEF\xBF\xBD\xEF\xBF\xBD"));
        CU_ASSERT(has_command_line(p, EVENT("<Data Name='CommandLine'>c<e>d</e></Data>"),
                                   "c\xEF\xBF\xBD"
                                   "d\xEF\xBF\xBD"));
        CU_ASSERT(has_command_line(p,
                                   "<Event><a><System/></a><System><Provider Name='Microsoft-Windows-Sysmon'/><a><b/>"
                                   "</a><EventID>1</EventID></System></Event>",
                                   NULL));
        CU_ASSERT_EQUAL(parse(&event, p, text_from("<Event><System><Provider Name='"), &fault), -EBADMSG);
        CU_ASSERT(has_command_line(p, COMMAND_LINE(""), ""));
    }
    event_xml_parser_free(p);
}

/* Writes depth times begin, then count times middle, then depth times end. */
static struct text nest(char *to, size_t depth, const char *begin, size_t count, const char *middle, const char *end)
{
    size_t size = 0;
    for (size_t i = 0; i < 2 * depth + count; i++) {
        const char *piece = i < depth ? begin : i < depth + count ? middle : end;
        memcpy(to + size, piece, strlen(piece));
        size += strlen(piece);
    }
    return (struct text){to, size};
}

/* The deepest element is as deep as in an event alone, and fields are counted for each event anew. */
static void test_limits(void)
{
    static const struct {
        size_t depth, count;
        const char *detail;
    } limits[] = {
        {EVENT_XML_MAX_DEPTH - 1, 1, ""},
        {EVENT_XML_MAX_DEPTH, 1, "elements are nested too deep"},
        {1, EVENT_XML_MAX_FIELDS - 1, ""},
        {1, EVENT_XML_MAX_FIELDS, "too many elements and attributes"},
        {EVENT_XML_MAX_DEPTH - 1, EVENT_XML_MAX_FIELDS, "too many elements and attributes"},
    };
    static char xml[8 * (EVENT_XML_MAX_DEPTH + EVENT_XML_MAX_FIELDS)];
    struct event_xml_parser *p = new_parser();
    for (size_t i = 0; i < 3 * COUNT(limits); i++) {
        struct process_event event;
        struct fault fault;
        size_t k = i / 3; /* each three times */
        struct text text = nest(xml, limits[k].depth, "<a>", limits[k].count, "<a/>", "</a>");
        CU_ASSERT_EQUAL(parse(&event, p, text, &fault), limits[k].detail[0] == '\0' ? 0 : -EBADMSG);
        CU_ASSERT_STRING_EQUAL(fault.detail, limits[k].detail);
    }
    event_xml_parser_free(p);
}

/* Events are parsed in streams of STREAM_MAX bytes and one event: fewer bytes cost time, more bytes keep the
 * names of more events. */
static void test_bound_of_a_stream(void)
{
    struct event_xml_parser *p = new_parser();
    size_t total = 0, count = 20000;
    begun = fed = most_before = 0;
    for (size_t i = 0; i < count; i++) {
        char xml[128];
        struct process_event event;
        struct fault fault;
        total += (size_t)snprintf(xml, sizeof(xml), "<Event><a%zu b%zu='' c%zu=''><d%zu><e/></d%zu></a%zu></Event>", i,
                                  i, i, i, i, i);
        CU_ASSERT_EQUAL(parse(&event, p, text_from(xml), &fault), 0);
    }
    CU_ASSERT(most_before < STREAM_MAX && most_before > STREAM_MAX - 256);
    CU_ASSERT(begun >= total / (STREAM_MAX + 128) && begun <= total / STREAM_MAX + 1);
    /* A bad event is read alone, and the next one begins a stream. */
    begun = 0;
    CU_ASSERT_FALSE(has_command_line(p, "<Event>", NULL));
    CU_ASSERT(has_command_line(p, COMMAND_LINE("a"), "a"));
    CU_ASSERT(has_command_line(p, COMMAND_LINE("b"), "b"));
    CU_ASSERT_EQUAL(begun, 2);
    CU_ASSERT(most_before < STREAM_MAX);
    event_xml_parser_free(p);
}

/* One event larger than a stream's bound, and the next one begins a new stream. */
static void test_large_event(void)
{
    static char large[STREAM_MAX + sizeof(COMMAND_LINE(""))];
    struct event_xml_parser *p = new_parser();
    struct process_event event;
    struct fault fault;
    static const char begin[] = "<Event>" SYSTEM "<EventData><Data Name='CommandLine'>",
                      end[] = "</Data></EventData></Event>";
    memset(large, 'x', sizeof(large));
    memcpy(large, begin, strlen(begin));
    memcpy(large + sizeof(large) - strlen(end), end, strlen(end));
    begun = 0;
    for (size_t i = 1; i <= 3; i++) {
        CU_ASSERT_EQUAL(parse(&event, p, (struct text){large, sizeof(large)}, &fault), 0);
        CU_ASSERT_EQUAL(event.field[EVENT_COMMAND_LINE].len, sizeof(large) - strlen(begin) - strlen(end));
        CU_ASSERT_EQUAL(begun, i);
    }
    CU_ASSERT(has_command_line(p, COMMAND_LINE("a"), "a"));
    CU_ASSERT_EQUAL(begun, 4);
    /* A comment of the same size in the same place is no event. */
    CU_ASSERT_EQUAL(parse(&event, p, (struct text){large, sizeof(large)}, &fault), 0);
    memset(large, 'x', sizeof(large));
    memcpy(large, "<!--", 4);
    memcpy(large + sizeof(large) - 3, "-->", 3);
    CU_ASSERT_EQUAL(parse(&event, p, (struct text){large, sizeof(large)}, &fault), -EBADMSG);
    CU_ASSERT_STRING_EQUAL(fault.detail, "no element found");
    event_xml_parser_free(p);
}

/*
 * Long names, each one level deeper than the one before, so that expat keeps a buffer for each: what is kept for one
 * event must not be missing for the next ones (64 MiB in all is what expat 2.8 lets be taken so).
 */
static void test_long_names(void)
{
    enum { NAME = 1000000 };
    struct event_xml_parser *p = new_parser();
    char *xml = malloc(2 * NAME + 64 * EVENT_XML_MAX_DEPTH), *name = malloc(NAME);
    CU_ASSERT_FATAL(xml != NULL && name != NULL);
    memset(name, 'n', NAME);
    for (size_t depth = 1; depth < EVENT_XML_MAX_DEPTH; depth++) {
        struct process_event event;
        struct fault fault;
        size_t size = 0;
        for (size_t i = 0; i < depth; i++, size += 3)
            memcpy(xml + size, "<a>", 3);
        for (int is_end = 0; is_end < 2; is_end++) {
            memcpy(xml + size, is_end ? "</" : "<", 2);
            size += is_end ? 2 : 1;
            memcpy(xml + size, name, NAME);
            size += NAME;
            xml[size++] = '>';
        }
        for (size_t i = 0; i < depth; i++, size += 4)
            memcpy(xml + size, "</a>", 4);
        CU_ASSERT_EQUAL(parse(&event, p, (struct text){xml, size}, &fault), 0);
    }
    CU_ASSERT(has_command_line(p, COMMAND_LINE("a"), "a"));
    free(name);
    free(xml);
    event_xml_parser_free(p);
}

static CU_TestInfo tests[] = {
    {"what came before has no say", test_what_came_before},
    {"cut at every byte", test_cut_at_every_byte},
    {"values, names and line ends stay apart", test_events_are_apart},
    {"limits of each event", test_limits},
    {"bound of a stream", test_bound_of_a_stream},
    {"event larger than the bound", test_large_event},
    {"long names", test_long_names},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return test_main("event_xml_parse", tests);
}
