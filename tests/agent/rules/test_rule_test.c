#include "tests/test.h"
#include "agent/rules/rule_test.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define RULE "test_rule_test_rule.yml"
#define INFO "test_rule_test_info.yml"
#define EVENTS "test_rule_test_events.xml"
#define TESTS "regression_tests_info:\n"

static const char rule_text[] =
    "title: r\nid: 11111111-2222-3333-4444-555555555555\nlevel: low\nregression_tests_path: " INFO "\n"
    "logsource: {category: process_creation}\ndetection:\n    a: {Image|endswith: 'a.exe'}\n    condition: a\n";

/* Two processes that the rule matches, one that it does not. */
static const char event_text[] =
    "<Event><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID><Channel>"
    "Microsoft-Windows-Sysmon/Operational</Channel></System><EventData><Data Name='Image'>C:\\a.exe</Data></EventData>"
    "</Event>\n"
    "<Event><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID><Channel>"
    "Microsoft-Windows-Sysmon/Operational</Channel></System><EventData><Data Name='Image'>C:\\b.exe</Data></EventData>"
    "</Event>\n"
    "<Event><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID><Channel>"
    "Microsoft-Windows-Sysmon/Operational</Channel></System><EventData><Data Name='Image'>D:\\A.EXE</Data></EventData>"
    "</Event>\n";

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert(file != NULL && fwrite(text, 1, strlen(text), file) == strlen(text));
    (void)fclose(file);
}

/* What was told, a letter a test: p passed, f failed by its count, x failed by a problem. */
static char told[64];

static void note(void *context, const struct rule_test_result *result)
{
    CU_ASSERT_PTR_EQUAL(context, told);
    CU_ASSERT_STRING_EQUAL(result->file->path, RULE);
    (void)snprintf(told + strlen(told), sizeof told - strlen(told), "%c",
                   result->is_passed         ? 'p'
                   : result->problem == NULL ? 'f'
                                             : 'x');
}

static const char *told_of(const char *info)
{
    static const char *const paths[] = {RULE};
    struct rule_load *load = NULL;
    struct rule_test_counts counts;
    struct fault fault = {0};
    const struct rule_load_settings settings = {.paths = paths, .path_count = 1};
    told[0] = '\0';
    if (info != NULL)
        write_file(INFO, info);
    CU_ASSERT_EQUAL_FATAL(rule_load_new(&load, &settings, &fault), 0);
    CU_ASSERT_EQUAL(load->mistaken, 0);
    CU_ASSERT_EQUAL(rule_test_run(&counts, load, note, told), 0);
    CU_ASSERT_EQUAL(counts.rules, 1);
    CU_ASSERT_EQUAL(counts.tests, strlen(told));
    rule_load_free(load);
    return told;
}

static void rules_are_tested(void)
{
    write_file(RULE, rule_text);
    write_file(EVENTS, event_text);
    CU_ASSERT_STRING_EQUAL(told_of(TESTS "  - {name: n, type: xml, match_count: 2, path: " EVENTS "}\n"), "p");
    CU_ASSERT_STRING_EQUAL(told_of(TESTS "  - {name: n, type: evtx, match_count: 2, path: " EVENTS "}\n"), "p");
    CU_ASSERT_STRING_EQUAL(told_of(TESTS "  - {name: n, type: xml, match_count: 1, path: " EVENTS "}\n"), "f");
    CU_ASSERT_STRING_EQUAL(told_of(TESTS "  - {name: n, type: xml, path: " EVENTS "}\n"), "p");
    CU_ASSERT_STRING_EQUAL(told_of(TESTS "  - {name: n, type: xml, match_count: 2, path: x/" EVENTS "}\n"), "x");
    CU_ASSERT_STRING_EQUAL(told_of(TESTS "  - {name: n, type: splunk, match_count: 2, path: " EVENTS "}\n"), "x");
    CU_ASSERT_STRING_EQUAL(told_of(TESTS "  - {name: n, type: xml, match_count: many, path: " EVENTS "}\n"), "x");
    CU_ASSERT_STRING_EQUAL(told_of(TESTS "  - {name: n, type: xml}\n"), "x");
    CU_ASSERT_STRING_EQUAL(told_of(TESTS "  - {name: n, type: xml, match_count: 2, path: " EVENTS "}\n"
                                         "  - {name: m, type: xml, match_count: 0, path: " EVENTS "}\n"),
                           "pf");
    CU_ASSERT_STRING_EQUAL(told_of("regression_tests_info: []\n"), "");
    CU_ASSERT_STRING_EQUAL(told_of("other: x\n"), "x");
    CU_ASSERT_STRING_EQUAL(told_of("regression_tests_info: [\n"), "x");
    write_file(EVENTS, "<Event><System>");
    CU_ASSERT_STRING_EQUAL(told_of(TESTS "  - {name: n, type: xml, match_count: 0, path: " EVENTS "}\n"), "x");
    CU_ASSERT_EQUAL(remove(INFO), 0);
    CU_ASSERT_STRING_EQUAL(told_of(NULL), "x"); /* it names one that is not there */
    CU_ASSERT_EQUAL(remove(EVENTS), 0);
    CU_ASSERT_EQUAL(remove(RULE), 0);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"rules are tested", rules_are_tested}, CU_TEST_INFO_NULL};
    return test_main("rule_test", tests);
}
