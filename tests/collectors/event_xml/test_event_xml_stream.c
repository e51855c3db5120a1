/* event_xml as a stream: chunk boundaries, limits, and the rules's byte scan. */
#include "collectors/event_xml/event_xml.h"
#include "detect/rules/rule_builtin.h"
#include "tests/collectors/recorder.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECURITY "<System><Provider Name='Microsoft-Windows-Security-Auditing'/><EventID>4688</EventID></System>"
#define ATTACK "Set-CASMailbox -ActiveSyncAllowedDeviceIDs @{add='X'}"

static const struct text absent;
static struct recorder recorder, other;

static struct event_xml *new_reader(struct recorder *r, const struct rule_set *rules)
{
    struct event_xml *x = NULL;
    struct collector_sink sink = recorder_sink(r);
    recorder_clear(r);
    CU_ASSERT_EQUAL_FATAL(event_xml_new(&x, &sink, text_from("test.xml"), absent, rules), 0);
    return x;
}

static struct event_xml_counts end_reader(struct event_xml *x)
{
    CU_ASSERT_EQUAL(event_xml_end(x), 0);
    struct event_xml_counts counts = event_xml_counts(x);
    event_xml_free(x);
    return counts;
}

static struct event_xml_counts feed_in_steps(struct recorder *r, const char *bytes, size_t size, size_t step,
                                             const struct rule_set *rules)
{
    struct event_xml *x = new_reader(r, rules);
    for (size_t at = 0; at < size; at += step) {
        /* A copy of its own, so that reading beyond a chunk is found out. */
        size_t part = size - at < step ? size - at : step;
        char *copy = malloc(part);
        memcpy(copy, bytes + at, part);
        CU_ASSERT_EQUAL(event_xml_feed(x, copy, part), 0);
        free(copy);
    }
    return end_reader(x);
}

static bool same_counts(struct event_xml_counts a, struct event_xml_counts b)
{
    return a.events == b.events && a.process == b.process && a.bad == b.bad;
}

static bool same_record(const struct recorder *a, const struct recorder *b)
{
    if (a->event_count != b->event_count || a->report_count != b->report_count)
        return false;
    for (size_t i = 0; i < a->event_count; i++)
        for (size_t f = 0; f < EVENT_FIELD_COUNT; f++)
            if (!text_equal(a->events[i].field[f], b->events[i].field[f]))
                return false;
    for (size_t i = 0; i < a->report_count; i++)
        if (a->reports[i].offset != b->reports[i].offset)
            return false;
    return true;
}

static void test_any_chunks(void)
{
    static const char *const files[] = {
        "pretty-crlf.xml", "truncated.xml",          "utf16le.xml",           "utf16be.xml",
        "user-data.xml",   "windows-1252.xml",       "empty-data.xml",        "attack-sysmon.xml",
        "4688-v0.xml",     "forwarded-rendered.xml", "control-characters.xml"};
    static const size_t steps[] = {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 100, 999, 1024, 4095};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[256];
        size_t size;
        snprintf(path, sizeof(path), "%s/events/%s", TEST_DATA, files[i]);
        char *bytes = recorder_read_file(path, &size);
        struct event_xml_counts whole = feed_in_steps(&recorder, bytes, size, size, NULL);
        CU_ASSERT(whole.events > 0);
        for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++)
            if (!same_counts(whole, feed_in_steps(&other, bytes, size, steps[s], NULL)) ||
                !same_record(&recorder, &other))
                CU_FAIL(files[i]);
        free(bytes);
    }
}

static void test_two_chunks_at_every_place(void)
{
    static const char xml[] =
        "<?xml version='1.0'?><Events><Event a='>' >" SECURITY "<EventData><Data Name='CommandLine'>"
        "<![CDATA[</Event>]]>&#x41;</Data></EventData></Event ><Event/><Event\t><a></Event>"
        "<EventX></EventX><Event>" SECURITY "<EventData/><!-- </Event> --></Event></Events>";
    size_t size = strlen(xml);
    struct event_xml_counts whole = feed_in_steps(&recorder, xml, size, size, NULL);
    CU_ASSERT(whole.events == 4 && whole.process == 2 && whole.bad == 1);
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_COMMAND_LINE, "</Event>A"));
    for (size_t at = 1; at < size; at++) {
        struct event_xml *x = new_reader(&other, NULL);
        CU_ASSERT_EQUAL(event_xml_feed(x, xml, at), 0);
        CU_ASSERT_EQUAL(event_xml_feed(x, NULL, 0), 0);
        CU_ASSERT_EQUAL(event_xml_feed(x, xml + at, size - at), 0);
        if (!same_counts(whole, end_reader(x)) || !same_record(&recorder, &other)) {
            fprintf(stderr, "\n  split at %zu\n", at);
            CU_FAIL("split");
        }
    }
}

/* An event of exactly size bytes, with a command line of the letter a. */
static char *sized_event(size_t size)
{
    static const char head[] = "<Event>" SECURITY "<EventData><Data Name='CommandLine'>";
    static const char tail[] = "</Data></EventData></Event>";
    char *bytes = malloc(size + 1);
    memset(bytes, 'a', size);
    memcpy(bytes, head, strlen(head));
    memcpy(bytes + size - strlen(tail), tail, strlen(tail));
    bytes[size] = '\n';
    return bytes;
}

static void test_largest_event(void)
{
    static const size_t steps[] = {4000, 1u << 18, 1u << 23};
    for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++)
        for (size_t extra = 0; extra < 2; extra++) {
            size_t size = EVENT_XML_MAX_EVENT + extra;
            char *bytes = sized_event(size);
            struct event_xml *x = new_reader(&recorder, NULL);
            for (size_t at = 0; at < size + 1; at += steps[s])
                CU_ASSERT_EQUAL(event_xml_feed(x, bytes + at, size + 1 - at < steps[s] ? size + 1 - at : steps[s]), 0);
            CU_ASSERT_EQUAL(event_xml_feed(x, "<Event>" SECURITY "<EventData/></Event>",
                                           strlen("<Event>" SECURITY "<EventData/></Event>")),
                            0);
            struct event_xml_counts counts = end_reader(x);
            CU_ASSERT_EQUAL(counts.events, 2);
            CU_ASSERT_EQUAL(counts.process, 2 - extra);
            CU_ASSERT_EQUAL(counts.bad, extra);
            if (extra == 1)
                CU_ASSERT_STRING_EQUAL(recorder.reports[0].fault.detail, "event is too long");
            free(bytes);
        }
}

/* An event without an end is given up as soon as it is too long, not at the end of the stream; the rest is read. */
static void test_event_without_end(void)
{
    static const char *const beginnings[] = {"<Event>", "<Event><!-- ", "<Event><![CDATA["};
    static const char good[] = "<Event><!-- </Event> --><![CDATA[ </Event> ]]>" SECURITY "<EventData/></Event>\n";
    static char as[1 << 16];
    memset(as, 'a', sizeof(as));
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        struct event_xml *x = new_reader(&recorder, NULL);
        CU_ASSERT_EQUAL(event_xml_feed(x, beginnings[i], strlen(beginnings[i])), 0);
        for (size_t size = strlen(beginnings[i]); size <= EVENT_XML_MAX_EVENT; size += sizeof(as)) {
            CU_ASSERT_EQUAL(recorder.report_count, 0);
            CU_ASSERT_EQUAL(event_xml_feed(x, as, sizeof(as)), 0);
        }
        CU_ASSERT_EQUAL(recorder.report_count, 1);
        CU_ASSERT_STRING_EQUAL(recorder.reports[0].fault.detail, "event is too long");
        CU_ASSERT_EQUAL(event_xml_feed(x, good, strlen(good)), 0);
        CU_ASSERT_EQUAL(recorder.event_count, 1);
        struct event_xml_counts counts = end_reader(x);
        CU_ASSERT(counts.events == 2 && counts.process == 1 && counts.bad == 1);
    }
}

static void test_limits_of_structure(void)
{
    for (unsigned extra = 0; extra < 2; extra++) {
        /* Depth: Event is 1, UserData 2. */
        char *xml = calloc(1, 200000);
        size_t used = (size_t)snprintf(xml, 200000, "<Event>" SECURITY "<UserData>");
        for (unsigned i = 0; i < EVENT_XML_MAX_DEPTH - 2 + extra; i++)
            used += (size_t)snprintf(xml + used, 200000 - used, "<a>");
        for (unsigned i = 0; i < EVENT_XML_MAX_DEPTH - 2 + extra; i++)
            used += (size_t)snprintf(xml + used, 200000 - used, "</a>");
        used += (size_t)snprintf(xml + used, 200000 - used, "</UserData></Event>");
        struct event_xml_counts counts = feed_in_steps(&recorder, xml, used, used, NULL);
        CU_ASSERT(counts.process == 1 - extra && counts.bad == extra);
        if (extra == 1)
            CU_ASSERT_STRING_EQUAL(recorder.reports[0].fault.detail, "elements are nested too deep");
        /* Fields: Event, System, Provider, its Name, EventID, EventData are 6; each Data and its Name 2. */
        used = (size_t)snprintf(xml, 200000, "<Event>" SECURITY "<EventData>");
        for (unsigned i = 0; i < (EVENT_XML_MAX_FIELDS - 6) / 2; i++)
            used += (size_t)snprintf(xml + used, 200000 - used, "<Data Name='a'/>");
        used += (size_t)snprintf(xml + used, 200000 - used, "%s</EventData></Event>", extra == 1 ? "<Data/>" : "");
        counts = feed_in_steps(&recorder, xml, used, used, NULL);
        CU_ASSERT(counts.process == 1 - extra && counts.bad == extra);
        if (extra == 1)
            CU_ASSERT_STRING_EQUAL(recorder.reports[0].fault.detail, "too many elements and attributes");
        free(xml);
    }
}

/* Hostile streams must neither grow the reader nor take time beyond their length (the test would time out). */
static void test_long_streams(void)
{
    static const char *const pieces[] = {
        "<Event>",        "<Event><!--", "<Event><![CDATA[<?<!--", "<Event a=\"", "a",       "</Event ",
        "<Event></Event", "&#1;",        "<Event><b>&#0;",         "<!DOCTYPE",   "<Event/>"};
    enum { CHUNK = 1 << 16 };
    static char chunk[CHUNK];
    for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
        size_t length = strlen(pieces[p]);
        for (size_t i = 0; i < CHUNK; i++)
            chunk[i] = pieces[p][i % length];
        struct event_xml *x = new_reader(&recorder, NULL);
        for (unsigned i = 0; i < 128; i++) /* 8 MB: four times the largest event */
            CU_ASSERT_EQUAL(event_xml_feed(x, chunk, CHUNK - CHUNK % length), 0);
        struct event_xml_counts counts = end_reader(x);
        CU_ASSERT_EQUAL(recorder.report_count, counts.bad);
        CU_ASSERT_EQUAL(counts.events > 0, strncmp(pieces[p], "<Event", 6) == 0);
    }
}

static struct rule_set *new_rules(void)
{
    struct rule_set *m = NULL;
    CU_ASSERT_EQUAL_FATAL(rule_builtin_set(&m, NULL), 0);
    return m;
}

static void test_byte_scan(void)
{
    struct rule_set *rules = new_rules();
    static const struct {
        const char *xml;
        uint64_t process;
        size_t handed_over, bad;
    } cases[] = {
        {"<Event>" SECURITY "<EventData><Data Name='CommandLine'>cmd</Data></EventData></Event>", 1, 0, 0},
        {"<Event>" SECURITY "<EventData><Data Name='CommandLine'>" ATTACK "</Data></EventData></Event>", 1, 1, 0},
        {"<Event>" SECURITY "<EventData><Data Name='CommandLine'>&#97;</Data></EventData></Event>", 1, 0, 0},
        {"<Event>" SECURITY "<EventData><Data Name='CommandLine'>Acti&#118;eSyncAllowedDev&#x0069;ceIDs</Data>"
         "</EventData></Event>",
         1, 1, 0},
        {"<Event>" SECURITY "<EventData><Data Name='CommandLine'>Acti&#118;&#0;eSyncAllowedDeviceIDs</Data>"
         "</EventData></Event>",
         1, 0, 0},
        {"<Event>" SECURITY "<EventData><Data Name='&#67;ommandLine'>" ATTACK "</Data></EventData></Event>", 1, 1, 0},
        {"<Event>" SECURITY "<EventData><Data Name='CommandLine'>&#97;<!-- --></Data></EventData></Event>", 1, 1, 0},
        {"<Event>" SECURITY "<EventData><Data Name='CommandLine'>a&#13;&#xA;&#9;b</Data></EventData></Event>", 1, 0, 0},
        {"<Event>" SECURITY "<EventData><Data Name='CommandLine'>a&#x20;b</Data></EventData></Event>", 1, 0, 0},
        {"<Event>" SECURITY "<EventData><Data Name='CommandLine'>Active<!-- -->Sync</Data></EventData></Event>", 1, 1,
         0},
        {"<Event>" SECURITY "<EventData><Data Name='CommandLine'>Active<![CDATA[Sync]]></Data></EventData></Event>", 1,
         1, 0},
        {"<Event>" SECURITY "<EventData><Data Name='CommandLine'>Active<?x?>Sync</Data></EventData></Event>", 1, 1, 0},
        {"<Event><System><Provider Name='x'/><EventID>1</EventID></System><EventData/></Event>", 0, 0, 0},
        /* Ruled out, so not looked at: neither for its end tags nor for entities. */
        {"<Event>" SECURITY "<a></b>&x;</Event>", 1, 0, 0},
        /* The beginning doesn't tell the kind, so it is parsed, matching or not. */
        {"<Event><System><EventID>4688</EventID><Provider "
         "Name='Microsoft-Windows-Security-Auditing'/></System><EventData/></Event>",
         1, 1, 0},
        {"<Event><a></b></Event>", 0, 0, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t step = 1; step < 4000; step += 3998) {
            struct event_xml_counts counts = feed_in_steps(&recorder, cases[i].xml, strlen(cases[i].xml), step, rules);
            if (counts.events != 1 || counts.process != cases[i].process || counts.bad != cases[i].bad ||
                recorder.event_count != cases[i].handed_over)
                CU_FAIL(cases[i].xml);
        }
    rule_set_free(rules);
}

/* What opens a comment, CDATA or an instruction never hides an event: not in text between events, nor in a comment
 * there. */
static void test_nothing_hides_an_event(void)
{
#define HIDDEN "<Event>" SECURITY "<EventData><Data Name='CommandLine'>" ATTACK "</Data></EventData></Event>"
    static const char *const cases[] = {
        "<Events><!-- <Event><![CDATA[ -->" HIDDEN "<!-- ]]></Event> --></Events>",
        "<Events><!-- <Event><? -->" HIDDEN "<!-- ?></Event> --></Events>",
        "<Events><?x <Event><!-- ?>" HIDDEN "<?x --></Event> ?></Events>",
        "GET /<Event ><![CDATA[\n" HIDDEN "\nGET /]]></Event>\n",
        "GET /<Event ><![CDATA[\n" HIDDEN "\nGET /]]>\n",
        "<!-- <Event><![CDATA[ <!-- -->" HIDDEN "<!-- --> ]]></Event> -->",
        "<!DOCTYPE a [<!-- <Event><![CDATA[ -->]><a>" HIDDEN "<!-- ]]></Event> --></a>",
        "<Event><!--><Event></Event>-->" HIDDEN,
        "<Event><!-->" HIDDEN,
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t step = 1; step < 400; step = step * 3 + 1) {
            size_t found = 0;
            (void)feed_in_steps(&recorder, cases[i], strlen(cases[i]), step, NULL);
            for (size_t e = 0; e < recorder.event_count; e++)
                found += recorder_has(&recorder, e, EVENT_COMMAND_LINE, ATTACK);
            if (found != 1)
                CU_FAIL(cases[i]);
        }
    /* An event's own comment may hold one, too: then both come out. */
    static const char both[] = "<Event>" SECURITY "<EventData/><!-- " HIDDEN " --></Event>";
    CU_ASSERT_EQUAL(feed_in_steps(&recorder, both, strlen(both), sizeof(both), NULL).process, 2);
}

/* After an error the stream is forgotten, and the next one is read from its first byte. */
static void test_fed_after_an_error(void)
{
    static const char cut[] =
        "<Event>" SECURITY "<EventData/></Event> <Event>" SECURITY "<EventData><Data Name='CommandLine'>";
    static const char whole[] = "<Event>" SECURITY "<EventData/></Event>";
    struct event_xml *x = new_reader(&recorder, NULL);
    recorder.answer = -ENOMEM;
    CU_ASSERT_EQUAL(event_xml_feed(x, cut, strlen(cut)), -ENOMEM);
    recorder.answer = 0;
    CU_ASSERT_EQUAL(event_xml_feed(x, whole, strlen(whole)), 0);
    CU_ASSERT_EQUAL(end_reader(x).bad, 0);
    CU_ASSERT_EQUAL(recorder.event_count, 2);
}

/* Among many events without a match the one with one comes out, wherever chunks begin; counts are those of no rules.
 */
static void test_byte_scan_in_background(void)
{
    static const char attack[] =
        "<Event>" SECURITY "<EventData><Data Name='CommandLine'>" ATTACK "</Data></EventData></Event>\n";
    struct rule_set *rules = new_rules();
    size_t size;
    char *background = recorder_read_file(TEST_DATA "/background.xml", &size);
    char *bytes = malloc(size + sizeof(attack));
    size_t at = (size_t)(strchr(background + size / 2, '\n') + 1 - background);
    memcpy(bytes, background, at);
    memcpy(bytes + at, attack, strlen(attack));
    memcpy(bytes + at + strlen(attack), background + at, size - at);
    size += strlen(attack);
    struct event_xml_counts all = feed_in_steps(&other, bytes, size, size, NULL);
    CU_ASSERT(all.events == 301 && all.process == 301 && all.bad == 0 && other.event_count == 301);
    for (size_t step = 1000; step < size * 2; step = step * 3 + 1) {
        CU_ASSERT(same_counts(all, feed_in_steps(&recorder, bytes, size, step, rules)));
        CU_ASSERT_EQUAL(recorder.event_count, 1);
        CU_ASSERT(recorder_has(&recorder, 0, EVENT_COMMAND_LINE, ATTACK));
    }
    free(bytes);
    free(background);
    rule_set_free(rules);
}

static CU_TestInfo tests[] = {
    {"the same result in any chunks", test_any_chunks},
    {"two chunks, parted at every place", test_two_chunks_at_every_place},
    {"largest event, and one byte more", test_largest_event},
    {"an event without an end", test_event_without_end},
    {"deepest and most elements, and one more", test_limits_of_structure},
    {"hostile streams of 8 MB", test_long_streams},
    {"nothing hides an event", test_nothing_hides_an_event},
    {"fed after an error", test_fed_after_an_error},
    {"byte scan: what is left out", test_byte_scan},
    {"byte scan: one match in much background", test_byte_scan_in_background},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    int rc = test_main("event_xml_stream", tests);
    recorder_clear(&recorder);
    recorder_clear(&other);
    return rc;
}
