#include "agent/run/selftest.h"

#include "agent/system/file.h"
#include "detect/rules/rule_builtin.h"
#include "tests/detect/event/event_sample.h"
#include "tests/test.h"

#include <errno.h>
#include <string.h>

#define PATH "test_selftest.tmp.txt"
#define PROGRAM "C:\\Windows\\system32\\cmd.exe"

static void test_command(void)
{
    char line[SELFTEST_COMMAND_SIZE], long_name[SELFTEST_COMMAND_SIZE + 1];
    struct rule_set *rules = NULL;
    CU_ASSERT_EQUAL_FATAL(selftest_command(line, PROGRAM, "0123456789abcdef"), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "\"" PROGRAM "\" /d /c rem "));
    CU_ASSERT_PTR_NOT_NULL(strstr(line, " tripline-selftest-0123456789abcdef"));
    CU_ASSERT_EQUAL_FATAL(rule_builtin_set(&rules, NULL), 0);
    struct rule_scratch *scratch = NULL;
    const struct rule_match *matches;
    struct event event = sample_event(EVENT_SYSMON_1);
    event.field[EVENT_COMMAND_LINE] = text_from(line);
    CU_ASSERT_EQUAL_FATAL(rule_scratch_new(&scratch, rules), 0);
    CU_ASSERT_EQUAL(rule_set_match(rules, &event, 0, scratch, &matches), 1);
    rule_scratch_free(scratch);
    rule_set_free(rules);
    memset(long_name, 'x', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    CU_ASSERT_EQUAL(selftest_command(line, long_name, "0"), -EMSGSIZE);
    CU_ASSERT_EQUAL(selftest_command(line, PROGRAM, long_name), -EMSGSIZE);
}

#define ONE "one tripline-selftest-7"

static void test_ours(void)
{
    FILE *file = NULL;
    (void)file_remove(PATH);
    CU_ASSERT_FALSE(selftest_is_ours(PATH, text_from(ONE)));
    CU_ASSERT_EQUAL_FATAL(file_open(&file, PATH, "wb"), 0);
    fputs(ONE, file);
    fclose(file);
    CU_ASSERT_TRUE(selftest_is_ours(PATH, text_from(ONE)));
    CU_ASSERT_FALSE(selftest_is_ours(PATH, text_from(ONE " three"))); /* nobody hides behind a test's words */
    CU_ASSERT_FALSE(selftest_is_ours(PATH, text_from("one tripline-selftest-")));
    CU_ASSERT_FALSE(selftest_is_ours(PATH, text_from("")));
    CU_ASSERT_FALSE(selftest_is_ours(PATH, text_from(NULL)));
    CU_ASSERT_EQUAL(file_remove(PATH), 0);
}

/* A status with one test, whose two outputs have these states. */
static json_t *status(const char *first, const char *second)
{
    return json_pack("{s:[{s:s, s:s, s:s, s:s, s:s, s:[{s:s, s:s, s:s, s:i}, {s:s, s:s, s:n, s:i}]}]}", "tests",
                     "command_line", "c", "source", "Security", "event", "2026-01-01T00:00:00.020Z", "matched",
                     "2026-01-01T00:00:00.030Z", "kept", "2026-01-01T00:00:00.040Z", "outputs", "name", "a", "state",
                     first, "at", "2026-01-01T00:00:00.050Z", "status", 200, "name", "b", "state", second, "at",
                     "status", 0);
}

static enum selftest_verdict judge(const char *first, const char *second, const char *command_line, json_t *steps)
{
    json_t *document = status(first, second);
    CU_ASSERT_PTR_NOT_NULL_FATAL(document);
    /* 2026-01-01, in 100 ns since 1601 */
    enum selftest_verdict verdict = selftest_judge(document, command_line, 134116992000000000u, steps);
    json_decref(document);
    return verdict;
}

static void test_judge(void)
{
    json_t *empty = json_object(), *steps = json_array();
    CU_ASSERT_EQUAL(selftest_judge(empty, "c", 0, NULL), SELFTEST_WAITS);
    json_decref(empty);
    CU_ASSERT_EQUAL(judge("taken", "taken", "c", steps), SELFTEST_PASSED);
    CU_ASSERT_EQUAL(json_array_size(steps), 3);
    const char *first = json_string_value(json_array_get(steps, 0));
    CU_ASSERT_STRING_EQUAL(first, "Security: event after 20 ms, matched after 30 ms, kept on disk after 40 ms");
    const char *second = json_string_value(json_array_get(steps, 1));
    CU_ASSERT_STRING_EQUAL(second, "output a: taken after 50 ms (HTTP 200)");
    json_decref(steps);
    CU_ASSERT_EQUAL(judge("taken", "taken", "another", NULL), SELFTEST_WAITS);
    CU_ASSERT_EQUAL(judge("taken", "waiting", "c", NULL), SELFTEST_WAITS);
    CU_ASSERT_EQUAL(judge("waiting", "taken", "c", NULL), SELFTEST_WAITS);
    CU_ASSERT_EQUAL(judge("taken", "refused", "c", NULL), SELFTEST_FAILED);
    CU_ASSERT_EQUAL(judge("refused", "waiting", "c", NULL), SELFTEST_FAILED);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"command line", test_command}, {"announced", test_ours}, {"verdict", test_judge}, {NULL, NULL}};
    return test_main("selftest", tests);
}
