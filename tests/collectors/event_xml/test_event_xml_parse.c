/* One parser reads event after event, and many at once: none shows in another one, and each is what it is alone. */
#include "collectors/event_xml/event_xml.h"
#include "collectors/event_xml/event_xml_parse.h"
#include "tests/collectors/event_xml/event_xml_cases.h"
#include "tests/test.h"

#include <errno.h>
#include <expat.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM "<System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID></System>"
#define EVENT(data) "<Event>" SYSTEM "<EventData>" data "</EventData></Event>"
#define COMMAND_LINE(value) EVENT("<Data Name='CommandLine'>" value "</Data>")

/* A document gets no further event once it has so many bytes or events. */
#define BATCH_MAX (128u * 1024u)
#define BATCH_MAX_EVENTS 128u

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Linked with --wrap for both. */
XML_Parser __real_XML_ParserCreate(const XML_Char *encoding);
enum XML_Status __real_XML_Parse(XML_Parser parser, const char *bytes, int size, int is_final);
XML_Parser __wrap_XML_ParserCreate(const XML_Char *encoding);
enum XML_Status __wrap_XML_Parse(XML_Parser parser, const char *bytes, int size, int is_final);

static size_t begun, fed, most_fed; /* documents begun; bytes of the last one; the most of one */
static size_t failures;             /* so many of the next ones fail to begin */

XML_Parser __wrap_XML_ParserCreate(const XML_Char *encoding)
{
    if (failures > 0) {
        failures--;
        return NULL;
    }
    begun++;
    fed = 0;
    return __real_XML_ParserCreate(encoding);
}

enum XML_Status __wrap_XML_Parse(XML_Parser parser, const char *bytes, int size, int is_final)
{
    fed += (size_t)size;
    most_fed = fed > most_fed ? fed : most_fed;
    return __real_XML_Parse(parser, bytes, size, is_final);
}

static struct {
    struct event event; /* the last one; of its texts the command line alone */
    char command_line[4 * BATCH_MAX];
    struct fault fault;
    size_t events, bad;
    bool is_bad[2 * BATCH_MAX_EVENTS]; /* by the place that the event was added with */
    size_t last_bad;
    int answer;
} got;

static int take_event(void *context, const struct event *event)
{
    struct text line = event->field[EVENT_COMMAND_LINE];
    (void)context;
    CU_ASSERT_FATAL(line.len <= sizeof(got.command_line));
    got.event = *event;
    if (line.len > 0)
        memcpy(got.command_line, line.bytes, line.len);
    if (line.bytes != NULL)
        got.event.field[EVENT_COMMAND_LINE].bytes = got.command_line;
    got.events++;
    return got.answer;
}

static void take_bad(void *context, size_t place, const struct fault *fault)
{
    (void)context;
    CU_ASSERT_FATAL(place < COUNT(got.is_bad));
    CU_ASSERT(got.bad == 0 || place > got.last_bad);
    got.is_bad[place] = true;
    got.last_bad = place;
    got.bad++;
    got.fault = *fault;
}

static struct event_xml_parser *new_parser(void)
{
    static const struct event_xml_taker taker = {.event = take_event, .bad = take_bad};
    struct event_xml_parser *p = NULL;
    CU_ASSERT_EQUAL_FATAL(event_xml_parser_new(&p, &taker, text_from("Security")), 0);
    return p;
}

static void forget(void)
{
    memset(&got, 0, sizeof(got));
}

/* Adds a copy of exactly xml's size, so that a byte read past it shows. */
static int add(struct event_xml_parser *p, struct text xml, size_t place)
{
    char *copy = malloc(xml.len == 0 ? 1 : xml.len);
    memcpy(copy, xml.bytes, xml.len);
    int rc = event_xml_parser_add(p, (struct text){copy, xml.len}, place);
    free(copy);
    return rc;
}

/* One event for itself. Returns 0, or -EBADMSG if it is bad. */
static int parse(struct event_xml_parser *p, struct text xml)
{
    forget();
    CU_ASSERT_EQUAL(add(p, xml, 7), 0);
    CU_ASSERT_EQUAL(event_xml_parser_flush(p), 0);
    CU_ASSERT_EQUAL(got.is_bad[7], got.bad > 0);
    return got.bad > 0 ? -EBADMSG : 0;
}

/* Was the last event that was taken a process creation with this command line (NULL: with none)? */
static bool is_last(const char *want)
{
    struct text line = got.event.field[EVENT_COMMAND_LINE];
    return got.events > 0 && got.event.event_id == 1 && (line.bytes == NULL) == (want == NULL) &&
           text_equal(line, text_from(want));
}

static bool has_command_line(struct event_xml_parser *p, const char *xml, const char *want)
{
    return parse(p, text_from(xml)) == 0 && is_last(want);
}

static void check_case(struct event_xml_parser *p, size_t i)
{
    int rc = parse(p, text_from(cases[i].xml));
    bool is_right = cases[i].detail == NULL ? rc == 0
                                            : rc == -EBADMSG && strcmp(got.fault.call, "XML_Parse") == 0 &&
                                                  strcmp(got.fault.detail, cases[i].detail) == 0;
    if (!is_right) {
        fprintf(stderr, "\n  case %zu: result %d: %s\n", i, rc, got.fault.detail);
        CU_FAIL(cases[i].xml);
    }
}

/* Whatever came before, each has its own result; and the event after it is read right. */
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

/* The same for what is added together: before, between and after others. */
static void test_together(void)
{
    struct event_xml_parser *p = new_parser();
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t k = 0; k < COUNT(cases); k++) {
            forget();
            CU_ASSERT_EQUAL(add(p, text_from(COMMAND_LINE("a")), 0), 0);
            CU_ASSERT_EQUAL(add(p, text_from(cases[i].xml), 1), 0);
            CU_ASSERT_EQUAL(add(p, text_from(cases[k].xml), 2), 0);
            CU_ASSERT_EQUAL(add(p, text_from(COMMAND_LINE("b")), 3), 0);
            CU_ASSERT_EQUAL(got.events, 0); /* it waits */
            CU_ASSERT_EQUAL(event_xml_parser_flush(p), 0);
            bool is_right = !got.is_bad[0] && got.is_bad[1] == (cases[i].detail != NULL) &&
                            got.is_bad[2] == (cases[k].detail != NULL) && !got.is_bad[3] && got.events == 2 &&
                            is_last("b");
            if (!is_right) {
                fprintf(stderr, "\n  %s then %s\n", cases[i].xml, cases[k].xml);
                CU_FAIL("together");
            }
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
        CU_ASSERT_EQUAL(parse(p, (struct text){event, cut}), -EBADMSG);
        if (cut % 2 == 0)
            CU_ASSERT_EQUAL(parse(p, text_from(event + cut)), cut == 0 ? 0 : -EBADMSG);
        if (!has_command_line(p, event, "\xC3\xA4&A\n]]"))
            CU_FAIL("event after one that was cut");
        forget();
        CU_ASSERT_EQUAL(add(p, (struct text){event, cut}, 0), 0);
        CU_ASSERT_EQUAL(add(p, text_from(event + cut), 1), 0);
        CU_ASSERT_EQUAL(add(p, text_from(event), 2), 0);
        CU_ASSERT_EQUAL(event_xml_parser_flush(p), 0);
        CU_ASSERT(got.is_bad[0] && got.is_bad[1] == (cut > 0) && !got.is_bad[2] && got.events == (cut > 0 ? 1 : 2));
    }
    event_xml_parser_free(p);
}

/* Nothing of one event's values, names or line ends is in the next one's. */
static void test_events_are_apart(void)
{
    struct event_xml_parser *p = new_parser();
    for (int i = 0; i < 3; i++) {
        CU_ASSERT(has_command_line(p, COMMAND_LINE("a\r"), "a\n"));
        CU_ASSERT(has_command_line(p, COMMAND_LINE("\nb"), "\nb"));
        CU_ASSERT_EQUAL(parse(p, text_from("<Event/>\r")), 0);
        CU_ASSERT(has_command_line(p, "\n" COMMAND_LINE("\r\rb\r\nc"), "\n\nb\nc"));
        CU_ASSERT(has_command_line(p, EVENT(""), NULL));
        CU_ASSERT(has_command_line(p, EVENT("<p:Data q:Name='u' Name='CommandLine'>a<b/></p:Data>"),
                                   "a\xEF\xBF\xBD\xEF\xBF\xBD"));
        CU_ASSERT(has_command_line(p, EVENT("<Data Name='CommandLine'>c<e>d</e></Data>"),
                                   "c\xEF\xBF\xBD"
                                   "d\xEF\xBF\xBD"));
        CU_ASSERT(has_command_line(p,
                                   "<Event><a><System/></a><System><Provider Name='Microsoft-Windows-Sysmon'/><a><b/>"
                                   "</a><EventID>1</EventID></System><EventData/></Event>",
                                   NULL));
        CU_ASSERT_EQUAL(parse(p, text_from("<Event><System><Provider Name='")), -EBADMSG);
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
        size_t k = i / 3; /* each three times */
        struct text text = nest(xml, limits[k].depth, "<a>", limits[k].count, "<a/>", "</a>");
        CU_ASSERT_EQUAL(parse(p, text), limits[k].detail[0] == '\0' ? 0 : -EBADMSG);
        CU_ASSERT_STRING_EQUAL(got.fault.detail, limits[k].detail);
    }
    event_xml_parser_free(p);
}

/* A document has BATCH_MAX bytes and one event, or BATCH_MAX_EVENTS: fewer cost time, more keep the names of more. */
static void test_bounds(void)
{
    static const struct {
        int text;           /* in each event */
        size_t least, most; /* events in one document */
    } sizes[] = {{1, BATCH_MAX_EVENTS, BATCH_MAX_EVENTS}, {1000, BATCH_MAX / 1100, BATCH_MAX / 1000 + 1}};
    struct event_xml_parser *p = new_parser();
    for (size_t k = 0; k < COUNT(sizes); k++) {
        size_t count = 4096;
        begun = most_fed = 0;
        forget();
        for (size_t i = 0; i < count; i++) {
            char xml[2000];
            (void)snprintf(xml, sizeof(xml), "<Event><a%zu b%zu='' c%zu=''><d%zu>%*s</d%zu></a%zu></Event>", i, i, i, i,
                           sizes[k].text, "x", i, i); /* it fits */
            CU_ASSERT_EQUAL(add(p, text_from(xml), 0), 0);
        }
        CU_ASSERT_EQUAL(event_xml_parser_flush(p), 0);
        CU_ASSERT_EQUAL(got.bad, 0);
        CU_ASSERT(begun >= count / sizes[k].most && begun <= count / sizes[k].least + 1);
        CU_ASSERT(most_fed < BATCH_MAX + 1200);
    }
    event_xml_parser_free(p);
}

/* From the first bad event of a document on, each is read alone, so that none is read more than twice. */
static void test_alone(void)
{
    struct event_xml_parser *p = new_parser();
    forget();
    begun = 0;
    for (size_t i = 0; i < 10; i++)
        CU_ASSERT_EQUAL(add(p, text_from(i == 3 || i == 5 ? "<Event><a></Event>" : COMMAND_LINE("a")), i), 0);
    CU_ASSERT_EQUAL(event_xml_parser_flush(p), 0);
    CU_ASSERT_EQUAL(begun, 1 + 7);
    CU_ASSERT(got.events == 8 && got.bad == 2 && got.is_bad[3] && got.is_bad[5]);
    CU_ASSERT_EQUAL(add(p, text_from(COMMAND_LINE("b")), 0), 0);
    CU_ASSERT_EQUAL(event_xml_parser_flush(p), 0);
    CU_ASSERT(begun == 9 && got.events == 9 && is_last("b"));
    CU_ASSERT_EQUAL(event_xml_parser_flush(p), 0); /* nothing is left */
    CU_ASSERT(begun == 9 && got.events == 9);
    event_xml_parser_free(p);
}

/* What the taker answers ends it, together or alone; nothing is left then. */
static void test_answer(void)
{
    struct event_xml_parser *p = new_parser();
    for (size_t is_alone = 0; is_alone < 2; is_alone++) {
        forget();
        got.answer = -ECANCELED;
        if (is_alone == 1)
            CU_ASSERT_EQUAL(add(p, text_from("<Event>"), 0), 0);
        for (size_t i = 1; i < 5; i++)
            CU_ASSERT_EQUAL(add(p, text_from(COMMAND_LINE("a")), i), 0);
        CU_ASSERT_EQUAL(event_xml_parser_flush(p), -ECANCELED);
        CU_ASSERT(got.events == 1 && got.bad == is_alone);
        CU_ASSERT_EQUAL(event_xml_parser_flush(p), 0);
        CU_ASSERT_EQUAL(got.events, 1);
        CU_ASSERT_EQUAL(parse(p, text_from("<Event>")), -EBADMSG);
        CU_ASSERT(has_command_line(p, COMMAND_LINE("b"), "b"));
    }
    forget();
    got.answer = -ECANCELED;
    int rc = 0;
    for (size_t i = 0; i < BATCH_MAX_EVENTS; i++) {
        CU_ASSERT_EQUAL(rc, 0);
        rc = add(p, text_from(COMMAND_LINE("a")), i);
    }
    CU_ASSERT(rc == -ECANCELED && got.events == 1);
    event_xml_parser_free(p);
}

/* Where there is no memory for a parser the events are tried one by one; then that is reported. */
static void test_no_memory(void)
{
    struct event_xml_parser *p = new_parser();
    for (failures = 1; failures <= 3;) {
        size_t count = failures;
        forget();
        for (size_t i = 0; i < 3; i++)
            CU_ASSERT_EQUAL(add(p, text_from(COMMAND_LINE("a")), i), 0);
        CU_ASSERT_EQUAL(event_xml_parser_flush(p), count == 1 ? 0 : -ENOMEM);
        CU_ASSERT_EQUAL(got.events, count == 1 ? 3 : 0);
        failures = count + 1;
    }
    failures = 0;
    CU_ASSERT(has_command_line(p, COMMAND_LINE("b"), "b"));
    event_xml_parser_free(p);
}

/* One event larger than a document's bound fills it. */
static void test_large_event(void)
{
    static char large[BATCH_MAX + sizeof(COMMAND_LINE(""))];
    struct event_xml_parser *p = new_parser();
    static const char begin[] = "<Event>" SYSTEM "<EventData><Data Name='CommandLine'>",
                      end[] = "</Data></EventData></Event>";
    memset(large, 'x', sizeof(large));
    memcpy(large, begin, strlen(begin));
    memcpy(large + sizeof(large) - strlen(end), end, strlen(end));
    begun = 0;
    forget();
    for (size_t i = 1; i <= 3; i++) {
        CU_ASSERT_EQUAL(add(p, (struct text){large, sizeof(large)}, i), 0);
        CU_ASSERT(got.events == i && begun == i);
        CU_ASSERT_EQUAL(got.event.field[EVENT_COMMAND_LINE].len, sizeof(large) - strlen(begin) - strlen(end));
    }
    CU_ASSERT(has_command_line(p, COMMAND_LINE("a"), "a"));
    CU_ASSERT_EQUAL(begun, 4);
    /* A comment of the same size in the same place is no event. */
    memset(large, 'x', sizeof(large));
    memcpy(large, "<!--", 4);
    memcpy(large + sizeof(large) - 3, "-->", 3);
    CU_ASSERT_EQUAL(parse(p, (struct text){large, sizeof(large)}), -EBADMSG);
    CU_ASSERT_STRING_EQUAL(got.fault.detail, "no element found");
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
        CU_ASSERT_EQUAL(parse(p, (struct text){xml, size}), 0);
    }
    CU_ASSERT(has_command_line(p, COMMAND_LINE("a"), "a"));
    free(name);
    free(xml);
    event_xml_parser_free(p);
}

static CU_TestInfo tests[] = {
    {"what came before has no say", test_what_came_before},
    {"many together", test_together},
    {"cut at every byte", test_cut_at_every_byte},
    {"values, names and line ends stay apart", test_events_are_apart},
    {"limits of each event", test_limits},
    {"bounds of a document", test_bounds},
    {"bad ones are read alone", test_alone},
    {"the taker's answer", test_answer},
    {"no memory", test_no_memory},
    {"event larger than the bound", test_large_event},
    {"long names", test_long_names},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return test_main("event_xml_parse", tests);
}
