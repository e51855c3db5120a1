/* Event XML in other forms: the same values as from the XML itself. */
#include "collectors/files/container.h"
#include "collectors/files/replay.h"
#include "tests/collectors/recorder.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>

static struct recorder recorder;
static struct replay_counts counts;
static struct fault fault;

#define SYSTEM(time)                                                                                                   \
    "<System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID><TimeCreated SystemTime='" time            \
    "'/><EventRecordID>7</EventRecordID><Channel>x</Channel><Computer>y</Computer></System>"
#define TIME "2019-03-05T14:23:11Z"
#define EVENT(data)                                                                                                    \
    "<Event xmlns='e'>" SYSTEM(TIME) "<EventData><Data Name='CommandLine'>" data "</Data></EventData></Event>"

static int replay(const char *bytes, size_t size)
{
    struct collector_sink sink = recorder_sink(&recorder);
    FILE *file = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    recorder_clear(&recorder);
    CU_ASSERT_EQUAL_FATAL(fwrite(bytes, 1, size, file), size);
    rewind(file);
    int rc = replay_file(file, text_from("f"), &sink, NULL, &counts, &fault);
    (void)fclose(file); /* deletes it */
    return rc;
}

static const struct {
    const char *bytes;
    const char *want; /* the command line of the first event */
} cases[] = {
    {"{\"Message\":\"m\",\"Event\":\"" EVENT("a \\\"b\\\" C:\\\\d\\nadd") "\"}\n", "a \"b\" C:\\d\nadd"},
    {"[\n {\"event\":{\"original\":\"" EVENT("a") "\"}}\n]", "a"},
    {"{\"x\":\"\\u003cEvent xmlns=\\u0027e\\u0027\\u003e" SYSTEM(
         TIME) "<EventData><Data Name='CommandLine'>\\ud83d\\ude00"
               "\\u00e9</Data></EventData></Event>\"}",
     "\xF0\x9F\x98\x80\xC3\xA9"},
    {"{\"m\":\"{\\\"Event\\\":\\\"" EVENT("a\\\\nb") "\\\"}\"}", "a\nb"},
    {"\xEF\xBB\xBF{\"x\":\"<Event\\/>\",\"y\":\"" EVENT("z") "\"}", "z"},
    {"Time,Xml\n1,\"" EVENT("say \"\"a\"\"") "\"\n", "say \"a\""},
    {"\"Time\";\"Xml\"\r\n\"1\";\"" EVENT("a, \"\"b\"\"\nadd") "\"\r\n", "a, \"b\"\nadd"},
    {"Mar  5 14:23:11 host tag: " EVENT("a#012add#011b#040") "\n", "a\nadd\tb#040"},
    {"<13>Mar  5 14:23:11 host tag: " EVENT("a#012add") "\n", "a\nadd"},
    {"2019-03-05T14:23:11+00:00 host tag: " EVENT("#012") "\n", "\n"},
    {EVENT("a#012add") "\n", "a#012add"},              /* no syslog: as it is */
    {"[2019-03-05] \"quoted\" " EVENT("a") "\n", "a"}, /* a log's line is no JSON */
    {"<?xml version=\"1.0\" encoding=\"windows-1252\"?>" EVENT("\x80\xE9\x99"), "\xE2\x82\xAC\xC3\xA9\xE2\x84\xA2"},
    {"<?xml version='1.0' encoding='ISO-8859-1'?>" EVENT("\x80\xE9"), "\xC2\x80\xC3\xA9"},
    {"<?xml version='1.0' encoding='utf-16'?>" EVENT("\xC3\xA9"), "\xC3\xA9"}, /* it is UTF-8 */
};

static void test_forms(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CU_ASSERT_EQUAL(replay(cases[i].bytes, strlen(cases[i].bytes)), 0);
        bool is_right = recorder.event_count == 1 && recorder_has(&recorder, 0, EVENT_COMMAND_LINE, cases[i].want);
        if (!is_right)
            CU_FAIL(cases[i].bytes);
    }
}

/* JSON in UTF-16, as PowerShell's > writes it. */
static void test_wide(void)
{
    static const char json[] = "{\"Event\":\"" EVENT("a\\nb") "\"}";
    char wide[2 * sizeof(json)] = "\xFF\xFE";
    for (size_t i = 0; i < sizeof(json) - 1; i++) {
        wide[2 + 2 * i] = json[i];
        wide[3 + 2 * i] = '\0';
    }
    CU_ASSERT_EQUAL(replay(wide, 2 * sizeof(json)), 0);
    CU_ASSERT(recorder.event_count == 1 && recorder_has(&recorder, 0, EVENT_COMMAND_LINE, "a\nb"));
}

static void test_told(void)
{
    static const char foreign[] = "<?xml version='1.0' encoding='Shift_JIS'?>" EVENT("a");
    CU_ASSERT_EQUAL(replay(foreign, strlen(foreign)), -ENOTSUP);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.detail, "Shift_JIS"));
    static const char mixed[] = "{\"a\":\"" EVENT("a") "\"}\n" EVENT("b");
    CU_ASSERT_EQUAL(replay(mixed, strlen(mixed)), -EBADMSG);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.detail, "not all of it is JSON"));
    CU_ASSERT_EQUAL(recorder.event_count, 1);
    static const char cut[] = "{\"a\":\"<Event xmlns='e'>" SYSTEM(TIME);
    CU_ASSERT_EQUAL(replay(cut, strlen(cut)), 0);
    CU_ASSERT(counts.events.bad == 1 && recorder.report_count == 1);
}

/* A time that is not understood is reported, and gives no event whose id another one may have. */
static void test_times(void)
{
    static const char bad[] = "<Event>" SYSTEM("2019-03-05 14:23:11 CET") "<EventData><Data/></EventData></Event>";
    CU_ASSERT_EQUAL(replay(bad, strlen(bad)), 0);
    CU_ASSERT(counts.events.bad == 1 && recorder.event_count == 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(recorder.reports[0].fault.detail, "its time is not understood"));
    static const char offset[] =
        "<Event>" SYSTEM("2019-03-05 16:23:11.5+02:00") "<EventData><Data/></EventData></Event>";
    CU_ASSERT_EQUAL(replay(offset, strlen(offset)), 0);
    CU_ASSERT(recorder.event_count == 1 && recorder.events[0].time == 131962693915000000u);
}

static CU_TestInfo tests[] = {
    {"forms", test_forms}, {"in UTF-16", test_wide}, {"told", test_told}, {"times", test_times}, CU_TEST_INFO_NULL,
};

int main(void)
{
    int rc = test_main("container", tests);
    recorder_clear(&recorder);
    return rc;
}
