/* event_xml_parse: one parser reads many events, and what one does is not felt by the next. */
#include "collectors/event_xml.h"
#include "collectors/event_xml_parse.h"
#include "tests/test.h"

#include <errno.h>
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD                                                                                                           \
    "<Event><System><Provider Name='Microsoft-Windows-Security-Auditing'/><EventID>4688</EventID>"                     \
    "<EventRecordID>7</EventRecordID></System><EventData><Data Name='CommandLine'>good</Data></EventData></Event>"

#define NOT_CLOSED "the event's element or a section in it is not closed"

/* How often expat has begun a stream; the build has the linker put this in XML_ParserReset's place. */
static unsigned begun;
XML_Bool __real_XML_ParserReset(XML_Parser parser, const XML_Char *encoding);
XML_Bool __wrap_XML_ParserReset(XML_Parser parser, const XML_Char *encoding);

XML_Bool __wrap_XML_ParserReset(XML_Parser parser, const XML_Char *encoding)
{
    begun++;
    return __real_XML_ParserReset(parser, encoding);
}

static struct event_xml_parser *new_parser(void)
{
    struct event_xml_parser *p = NULL;
    CU_ASSERT_EQUAL_FATAL(event_xml_parser_new(&p), 0);
    return p;
}

/* Parses text, which lies in memory of just its size. */
static int parse(struct event_xml_parser *p, const char *text, size_t size, struct process_event *event,
                 bool *is_process, struct fault *fault)
{
    char *copy = malloc(size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    memcpy(copy, text, size);
    *fault = (struct fault){0};
    int rc = event_xml_parse(event, is_process, p, (struct text){copy, size}, (struct text){NULL, 0}, fault);
    free(copy);
    return rc;
}

static void check_good(struct event_xml_parser *p, const char *behind)
{
    struct process_event event;
    struct fault fault;
    bool is_process = false;
    if (parse(p, GOOD, strlen(GOOD), &event, &is_process, &fault) != 0 || !is_process || event.record_id != 7 ||
        !text_equal(event.field[EVENT_COMMAND_LINE], text_from("good"))) {
        fprintf(stderr, "\n  behind %s\n", behind);
        CU_FAIL("a good event");
    }
}

static const struct {
    const char *xml, *why; /* NULL: it is good */
} cases[] = {
    {GOOD, NULL},
    {"<Event/>", NULL},
    {"<Event a='b'/>", NULL},
    {"<x:Event></x:Event>", NULL},
    {"<Event>\r\n]]&gt;</Event>", NULL},
    {"<Event><!-- --><?a?><![CDATA[<]]></Event>", NULL},
    /* tokens that the end of the event cuts */
    {"<Event a=\"", "unclosed token"},
    {"<Event><Data Name='b", "unclosed token"},
    {"<Event a=\"</Event>", "not well-formed (invalid token)"},
    {"<Event><!-- </Event>", "unclosed token"},
    {"<Event><?x </Event>", "unclosed token"},
    {"<Event><![CDATA[ </Event>", NOT_CLOSED},
    {"<Event/><!-- </Event>", "unclosed token"},
    {"<Event></Event", "unclosed token"},
    {"<Event><a></a>", NOT_CLOSED},
    {"<Event>", NOT_CLOSED},
    {"<Event>x", NOT_CLOSED},
    /* more than one element */
    {"<Event/><Event></Event>", "junk after document element"},
    {"<Event/></Event>", "junk after document element"},
    {"<Event/>x", "junk after document element"},
    {"<Event/></events></Event>", "junk after document element"},
    {"<Event/></events><events>", "junk after document element"},
    {"<Event/></events>", "junk after document element"},
    {"</events>", "junk after document element"},
    {"<Event><Event></Event>", NOT_CLOSED},
    {"<Event></events>", "mismatched tag"},
    {"<Event></b>", "mismatched tag"},
    {"<Event a='1' a='2'></Event>", "duplicate attribute"},
    {"<Event>&x;</Event>", "undefined entity"},
    {"<Event>]]></Event>", "not well-formed (invalid token)"},
    {"<Event><!DOCTYPE a></Event>", "not well-formed (invalid token)"},
    {"<Event><?xml version='1.0'?></Event>", "XML or text declaration not at start of entity"},
};

static void check_case(struct event_xml_parser *p, size_t i)
{
    struct process_event event;
    struct fault fault;
    bool is_process = false;
    int rc = parse(p, cases[i].xml, strlen(cases[i].xml), &event, &is_process, &fault);
    if (rc != (cases[i].why == NULL ? 0 : -EBADMSG) ||
        strcmp(fault.detail, cases[i].why == NULL ? "" : cases[i].why) != 0) {
        fprintf(stderr, "\n  %s: %d %s\n", cases[i].xml, rc, fault.detail);
        CU_FAIL("another result");
    }
}

static void test_alone(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct event_xml_parser *p = new_parser();
        check_case(p, i);
        event_xml_parser_free(p);
    }
    CU_PASS("");
}

/* The same result after each other case, and a good event is good after each. */
static void test_after_others(void)
{
    struct event_xml_parser *p = new_parser();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
            check_case(p, i);
            check_case(p, k);
            check_good(p, cases[k].xml);
        }
    event_xml_parser_free(p);
    CU_PASS("");
}

/* Cut anywhere, an event is bad, and the next one good. */
static void test_cut_anywhere(void)
{
    struct event_xml_parser *p = new_parser();
    for (size_t size = 1; size < strlen(GOOD); size++) {
        struct process_event event;
        struct fault fault;
        bool is_process = false;
        CU_ASSERT_EQUAL(parse(p, GOOD, size, &event, &is_process, &fault), -EBADMSG);
        check_good(p, "a cut one");
    }
    event_xml_parser_free(p);
}

/* Depth and number of elements are each event's own. */
static void test_limits(void)
{
    struct event_xml_parser *p = new_parser();
    char xml[12 * EVENT_XML_MAX_FIELDS];
    for (int extra = 0; extra < 2; extra++)
        for (int round = 0; round < 3; round++) {
            struct process_event event;
            struct fault fault;
            bool is_process = false;
            size_t size = 0;
            for (int i = 0; i < EVENT_XML_MAX_DEPTH + extra; i++)
                size += (size_t)snprintf(xml + size, sizeof(xml) - size, "<a>");
            for (int i = 0; i < EVENT_XML_MAX_DEPTH + extra; i++)
                size += (size_t)snprintf(xml + size, sizeof(xml) - size, "</a>");
            int rc = parse(p, xml, size, &event, &is_process, &fault);
            CU_ASSERT(rc == (extra > 0 ? -EBADMSG : 0) &&
                      strcmp(fault.detail, extra > 0 ? "elements are nested too deep" : "") == 0);
            size = (size_t)snprintf(xml, sizeof(xml), "<a>");
            for (int i = 1; i < EVENT_XML_MAX_FIELDS + extra; i++)
                size += (size_t)snprintf(xml + size, sizeof(xml) - size, "<b/>");
            size += (size_t)snprintf(xml + size, sizeof(xml) - size, "</a>");
            rc = parse(p, xml, size, &event, &is_process, &fault);
            CU_ASSERT(rc == (extra > 0 ? -EBADMSG : 0) &&
                      strcmp(fault.detail, extra > 0 ? "too many elements and attributes" : "") == 0);
            check_good(p, "a large one");
        }
    event_xml_parser_free(p);
}

/* Names of no event are kept for ever: a stream is begun anew after each mebibyte, and after a bad event. */
static void test_streams(void)
{
    struct event_xml_parser *p = new_parser();
    struct process_event event;
    struct fault fault;
    bool is_process = false;
    char xml[1025];
    begun = 0;
    for (int i = 0; i < 10 * 1024; i++) {
        int size = snprintf(xml, sizeof(xml), "<Event><a%d/><b c%d='%0*d'/></Event>", i, i, 900, i);
        int left = 1024 - size;
        size = snprintf(xml, sizeof(xml), "<Event><a%d/><b c%d='%0*d'/></Event>", i, i, 900 + left, i);
        CU_ASSERT(size == 1024 && parse(p, xml, 1024, &event, &is_process, &fault) == 0);
    }
    CU_ASSERT_EQUAL(begun, 10);
    CU_ASSERT_EQUAL(parse(p, "<Event>", 7, &event, &is_process, &fault), -EBADMSG);
    begun = 0;
    check_good(p, "a bad one");
    check_good(p, "a good one");
    CU_ASSERT_EQUAL(begun, 1);
    event_xml_parser_free(p);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"alone", test_alone},   {"after others", test_after_others}, {"cut anywhere", test_cut_anywhere},
        {"limits", test_limits}, {"streams", test_streams},           CU_TEST_INFO_NULL};
    return test_main("event_xml_parse", tests);
}
