/* What scan prints for an alert, by --output. */
#include "agent/scan/scan_format.h"
#include "tests/test.h"

#include <jansson.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char ecs[] =
    "{\"@timestamp\":\"2024-05-06T07:08:09.1234567Z\",\"event\":{\"id\":\"abc\",\"code\":\"4688\",\"sequence\":7,"
    "\"provider\":\"P\"},\"log\":{\"level\":\"High\",\"file\":{\"path\":\"a.zip!b\"}},\"rule\":{\"name\":\"R\",\"id\":"
    "\"r-1\"},\"host\":{\"hostname\":\"H\"},\"user\":{\"name\":\"n\",\"domain\":\"d\"},\"process\":{\"pid\":4,"
    "\"command_line\":\"=cmd \\\"x\\\", y\\u0000\\u001bz\\nn\",\"executable\":\"C:\\\\c.exe\"},\"tripline\":"
    "{\"recovered\":true},\"sentinel\":{\"Computer\":\"H\"}}";

static char *line(enum scan_format format, const char *document)
{
    char *out = NULL;
    size_t size = 0;
    CU_ASSERT_EQUAL_FATAL(scan_format_line(&out, &size, format, document, strlen(document)), 0);
    char *text = calloc(1, size + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memcpy(text, out, size);
    free(out);
    return text;
}

#define CSV_HEAD                                                                                                       \
    "datetime,severity,rule,rule_id,host,user,command_line,executable,pid,parent_command_line,parent_executable,"      \
    "provider,event_id,record_id,recovered,file,alert_id\r\n"
#define TIMELINE_HEAD                                                                                                  \
    "datetime,timestamp_desc,message,severity,rule,rule_id,host,user,command_line,executable,pid,"                     \
    "parent_command_line,parent_executable,provider,event_id,record_id,recovered,file,alert_id\r\n"

static void test_names(void)
{
    static const char *const names[] = {"ecs", "ocsf", "sentinel", "csv", "timeline"};
    enum scan_format format = SCAN_FORMAT_CSV;
    for (size_t i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(scan_format_parse(&format, names[i]), 0);
        CU_ASSERT_EQUAL((size_t)format, i);
    }
    CU_ASSERT_EQUAL(scan_format_parse(&format, "CSV"), -EINVAL);
    for (enum scan_format f = SCAN_FORMAT_ECS; f <= SCAN_FORMAT_TIMELINE; f++) {
        char head[SCAN_FORMAT_HEAD_SIZE];
        scan_format_head(head, f);
        CU_ASSERT_STRING_EQUAL(head, f == SCAN_FORMAT_CSV ? CSV_HEAD : f == SCAN_FORMAT_TIMELINE ? TIMELINE_HEAD : "");
    }
}

#define COMMAND "=cmd \"\"x\"\", y\xEF\xBF\xBD\xEF\xBF\xBDz\nn\""

static void test_csv(void)
{
    char *csv = line(SCAN_FORMAT_CSV, ecs);
    CU_ASSERT_STRING_EQUAL(csv, "\"2024-05-06T07:08:09.1234567Z\",\"High\",\"R\",\"r-1\",\"H\",\"d\\n\",\"'" COMMAND
                                ",\"C:\\c.exe\",\"4\",\"\",\"\",\"P\",\"4688\",\"7\",\"true\",\"a.zip!b\",\"abc\"\r");
    free(csv);
    csv = line(SCAN_FORMAT_TIMELINE, ecs);
    CU_ASSERT_PTR_NOT_NULL(strstr(csv, "\"2024-05-06T07:08:09.1234567Z\",\"Event logged\",\"R: " COMMAND ",\"High\","));
    free(csv);
    csv = line(SCAN_FORMAT_TIMELINE, "{\"rule\":{\"name\":\"R\"},\"event\":{\"provider\":\"P\"}}");
    CU_ASSERT_PTR_NOT_NULL(strstr(csv, ",\"R: P\","));
    free(csv);
}

/* A row has as many values as its head has names. */
static void test_columns(void)
{
    for (enum scan_format f = SCAN_FORMAT_CSV; f <= SCAN_FORMAT_TIMELINE; f++) {
        size_t names = 1, values = 1;
        char head[SCAN_FORMAT_HEAD_SIZE];
        scan_format_head(head, f);
        for (const char *c = head; *c != '\0'; c++)
            names += *c == ',';
        char *csv = line(f, "{}");
        for (const char *c = csv; *c != '\0'; c++)
            values += *c == ',';
        CU_ASSERT_EQUAL(names, values);
        free(csv);
    }
}

/* What a spreadsheet would take for a formula. */
static void test_formulas(void)
{
    static const char *const begins[] = {"=", "+", "-", "@", "\\t", "\\r"};
    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
        char document[80];
        (void)snprintf(document, sizeof(document), "{\"host\":{\"hostname\":\"%sx\"}}", begins[i]);
        char *csv = line(SCAN_FORMAT_CSV, document);
        CU_ASSERT_PTR_NOT_NULL(strstr(csv, "\"'"));
        free(csv);
    }
}

static void test_json(void)
{
    for (enum scan_format f = SCAN_FORMAT_OCSF; f <= SCAN_FORMAT_SENTINEL; f++) {
        char *text = line(f, ecs);
        json_t *json = json_loads(text, JSON_ALLOW_NUL, NULL);
        CU_ASSERT_PTR_NULL(strchr(text, '\n'));
        CU_ASSERT_PTR_NOT_NULL(json_object_get(json, f == SCAN_FORMAT_OCSF ? "class_uid" : "AlertId"));
        json_decref(json);
        free(text);
    }
}

static CU_TestInfo tests[] = {{"names", test_names},       {"CSV", test_csv},   {"as many columns", test_columns},
                              {"formulas", test_formulas}, {"JSON", test_json}, CU_TEST_INFO_NULL};

int main(void)
{
    return test_main("scan_format", tests);
}
