/* Events in another encoding than the beginning of their stream are reported, whatever the chunks. */
#include "collectors/event_xml/event_xml.h"
#include "collectors/event_xml/event_xml_mixed.h"
#include "tests/collectors/recorder.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#define EVENT                                                                                                          \
    "<Event><System><Provider Name='Microsoft-Windows-Security-Auditing'/><EventID>4688</EventID></System>"            \
    "<EventData><Data Name='CommandLine'>a</Data></EventData></Event>\n"

static struct recorder recorder;

/*
 * Writes what code says: u, l, b: three events in UTF-8, UTF-16 little-endian and big-endian; L, B: a byte order mark;
 * x: a byte; t: text with no event, in UTF-8; T: the same, little-endian; z: NULs. Sets *from to where it first changes
 * after something was read.
 */
static size_t make(char *to, const char *code)
{
    size_t size = 0;
    for (; *code != '\0'; code++) {
        const char *text =
            *code == 't' || *code == 'T' ? "Even the Evening has no E v e n t in it\n" : EVENT EVENT EVENT;
        if (*code == 'x')
            to[size++] = '\n';
        else if (*code == 'z')
            for (int i = 0; i < 50; i++)
                to[size++] = '\0';
        else if (*code == 'L' || *code == 'B')
            for (int i = 0; i < 2; i++)
                to[size++] = (*code == 'L') == (i == 0) ? '\xFF' : '\xFE';
        else
            for (; *text != '\0'; text++) {
                if (*code == 'b')
                    to[size++] = '\0';
                to[size++] = *text;
                if (*code == 'l' || *code == 'T')
                    to[size++] = '\0';
            }
    }
    return size;
}

static void read_in_steps(const char *bytes, size_t size, size_t step)
{
    struct event_xml *x = NULL;
    struct collector_sink sink = recorder_sink(&recorder);
    recorder_clear(&recorder);
    CU_ASSERT_EQUAL_FATAL(event_xml_new(&x, &sink, text_from("test.xml"), (struct text){NULL, 0}, NULL), 0);
    for (size_t at = 0; at < size; at += step) {
        size_t part = size - at < step ? size - at : step;
        char *copy = malloc(part); /* so that a byte read past it shows */
        memcpy(copy, bytes + at, part);
        CU_ASSERT_EQUAL(event_xml_feed(x, copy, part), 0);
        free(copy);
    }
    CU_ASSERT_EQUAL(event_xml_end(x), 0);
    CU_ASSERT_EQUAL(event_xml_counts(x).bad, recorder.report_count);
    event_xml_free(x);
}

static void test_mixed(void)
{
    static const struct {
        const char *code;
        size_t events, reports;
    } cases[] = {
        {"u", 3, 0},    {"Ll", 3, 0},   {"l", 3, 0},    {"Bb", 3, 0},   {"b", 3, 0},     {"tut", 3, 0},
        {"LTlT", 3, 0}, {"uzu", 6, 0},  {"ul", 3, 1},   {"ub", 3, 1},   {"uLl", 3, 1},   {"uBb", 3, 1},
        {"uxl", 3, 1},  {"utl", 3, 1},  {"ulll", 3, 1}, {"ulu", 6, 1},  {"uluub", 9, 2}, {"Llu", 3, 1},
        {"Bbu", 3, 1},  {"Llxu", 3, 1}, {"Bbxu", 3, 1}, {"Llxl", 3, 1}, {"Bbxb", 3, 1},  {"LlxTl", 3, 1},
        {"Llb", 3, 1},  {"Bbl", 3, 1},  {"xLl", 0, 1},  {"tl", 0, 1},   {"tb", 0, 1},
    };
    static const size_t steps[] = {1, 2, 3, 5, 7, 8, 9, 16, 100, 1000, 100000};
    static char bytes[100000];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size = make(bytes, cases[i].code);
        uint64_t offset = 0;
        for (size_t k = sizeof(steps) / sizeof(steps[0]); k-- > 0;) {
            read_in_steps(bytes, size, steps[k]);
            bool is_right = recorder.event_count == cases[i].events && recorder.report_count == cases[i].reports;
            if (is_right && cases[i].reports > 0) {
                offset = steps[k] == 100000 ? recorder.reports[0].offset : offset;
                is_right = recorder.reports[0].offset == offset && offset > 0 && offset < size;
            }
            if (!is_right) {
                fprintf(stderr, "\n  %s by %zu: %zu events, %zu reports\n", cases[i].code, steps[k],
                        recorder.event_count, recorder.report_count);
                CU_FAIL("mixed");
            }
        }
    }
}

/* Nothing is found twice, and a word may lie across what is looked at. */
static void test_look(void)
{
    static const char wide[] = "xxxx<\0E\0v\0e\0n\0t\0 \0E\0v\0e\0n\0t\0";
    for (size_t cut = 0; cut < sizeof(wide); cut++) {
        struct event_xml_mixed mixed = {0};
        size_t after = 0;
        bool first = event_xml_mixed_look(&mixed, (struct text){wide, cut}, false, &after);
        CU_ASSERT_EQUAL(first, cut >= 15);
        CU_ASSERT(!first || after == 15);
        bool second = event_xml_mixed_look(&mixed, (struct text){wide + cut, sizeof(wide) - 1 - cut}, false, &after);
        CU_ASSERT_EQUAL(second, cut < 15);
        CU_ASSERT(!second || after == 15 - cut);
    }
}

static CU_TestInfo tests[] = {
    {"mixed encodings", test_mixed},
    {"across a border", test_look},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return test_main("event_xml_mixed", tests);
}
