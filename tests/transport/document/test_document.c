#include "transport/document/document.h"

#include "tests/test.h"
#include <string.h>

static json_t *parse(const char *text)
{
    return document_parse(text, strlen(text));
}

static void test_parse(void)
{
    static const char *const bad[] = {"", "[]", "1", "{", "{} x", "\xFF"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT_PTR_NULL(parse(bad[i]));
    json_t *ecs = parse("{\"a\":{\"b\":\"x\\u0000y\",\"c\":{\"d\":7}}}");
    CU_ASSERT_PTR_NOT_NULL_FATAL(ecs);
    CU_ASSERT_EQUAL(json_string_length(document_at(ecs, "a.b")), 3);
    CU_ASSERT_STRING_EQUAL(document_text(ecs, "a.b"), "x");
    CU_ASSERT_EQUAL(json_integer_value(document_at(ecs, "a.c.d")), 7);
    CU_ASSERT_STRING_EQUAL(document_text(ecs, "a.c.d"), ""); /* no text */
    static const char *const absent[] = {
        "b", "a.x", "a.b.c", "a.", "", "a..b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
        CU_ASSERT_PTR_NULL(document_at(ecs, absent[i]));
    json_decref(ecs);
}

static void test_time(void)
{
    json_t *ecs = parse("{\"a\":\"1970-01-01T00:00:01.0000002Z\",\"b\":\"1969-12-31T23:59:59Z\",\"c\":\"soon\"}");
    CU_ASSERT_EQUAL(document_time(ecs, "a"), 10000002);
    CU_ASSERT_EQUAL(document_time(ecs, "b"), 0);
    CU_ASSERT_EQUAL(document_time(ecs, "c"), 0);
    CU_ASSERT_EQUAL(document_time(ecs, "d"), 0);
    json_decref(ecs);
}

static void test_account(void)
{
    char to[32], small[10];
    json_t *both = parse("{\"user\":{\"name\":\"\xC3\xA9\xC3\xA9\xC3\xA9\",\"domain\":\"CORP\"}}");
    json_t *name = parse("{\"user\":{\"name\":\"root\"}}"), *none = parse("{}");
    CU_ASSERT_STRING_EQUAL(document_account(to, sizeof(to), both), "CORP\\\xC3\xA9\xC3\xA9\xC3\xA9");
    CU_ASSERT_STRING_EQUAL(document_account(small, sizeof(small), both), "CORP\\\xC3\xA9\xC3\xA9"); /* 9 bytes */
    CU_ASSERT_STRING_EQUAL(document_account(small, 9, both), "CORP\\\xC3\xA9"); /* no half character */
    CU_ASSERT_STRING_EQUAL(document_account(to, sizeof(to), name), "root");
    CU_ASSERT_STRING_EQUAL(document_account(to, sizeof(to), none), "");
    json_decref(both);
    json_decref(name);
    json_decref(none);
}

static void test_copy(void)
{
    json_t *ecs = parse("{\"a\":{\"b\":1}}"), *to = json_object();
    CU_ASSERT_EQUAL(document_copy(to, "x", ecs, "a.b"), 0);
    CU_ASSERT_EQUAL(document_copy(to, "y", ecs, "a.c"), 0);
    CU_ASSERT_EQUAL(json_object_size(to), 1);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(to, "x")), 1);
    json_decref(to);
    json_decref(ecs);
}

static void test_type(void)
{
    static const struct {
        const char *json, *type;
    } cases[] = {
        {"{\"event\":{\"kind\":\"alert\",\"dataset\":\"endpoint.alert\"},\"tripline\":{\"test\":true}}",
         "tripline.alert"},
        {"{\"event\":{\"kind\":\"event\",\"dataset\":\"endpoint.witness\"},\"tripline\":{\"alert_id\":\"0a\"}}",
         "tripline.follow-up"},
        {"{\"event\":{\"kind\":\"metric\",\"dataset\":\"tripline.heartbeat\"},\"tripline\":{}}", "tripline.heartbeat"},
        {"{}", "tripline.alert"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *ecs = parse(cases[i].json);
        CU_ASSERT_STRING_EQUAL(document_type(ecs), cases[i].type);
        CU_ASSERT_EQUAL(document_is_follow_up(ecs), strstr(cases[i].type, "follow") != NULL);
        json_decref(ecs);
    }
}

static void test_heartbeat_text(void)
{
    CU_ASSERT(document_text_is_heartbeat("{\"event\":{\"kind\":\"metric\",\"dataset\":\"tripline.heartbeat\"}}"));
    CU_ASSERT(!document_text_is_heartbeat("{\"event\":{\"dataset\":\"endpoint.alert\"}}"));
    CU_ASSERT(!document_text_is_heartbeat("{\"command_line\":\"\\\"dataset\\\":\\\"tripline.heartbeat\\\"\"}"));
}

/* Every long text is cut, at a character; of a command line it is said, with the whole one's digest. */
static void test_shorten(void)
{
    char text[600], line[202];
    bool is_shorter = false;
    memset(line, 'x', 200);
    memcpy(line + 63, "\xC3\xA9", 2); /* across the limit */
    line[200] = '\0';
    snprintf(text, sizeof(text),
             "{\"process\":{\"command_line\":\"%s\"},\"list\":[1,\"%s\"],\"tripline\":{\"rule\":\"short\"}}", line,
             line);
    json_t *ecs = parse(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(ecs);
    CU_ASSERT_EQUAL(document_shorten(&is_shorter, ecs, 64), 0);
    CU_ASSERT(is_shorter);
    CU_ASSERT_EQUAL(strlen(document_text(ecs, "process.command_line")), 63);
    CU_ASSERT_EQUAL(json_string_length(json_array_get(document_at(ecs, "list"), 1)), 63);
    CU_ASSERT_STRING_EQUAL(document_text(ecs, "tripline.rule"), "short");
    CU_ASSERT(json_is_true(document_at(ecs, "tripline.command_line_truncated")));
    CU_ASSERT_EQUAL(strlen(document_text(ecs, "tripline.command_line_sha256")), 64);
    CU_ASSERT_PTR_NULL(document_at(ecs, "tripline.parent_command_line_truncated"));
    CU_ASSERT_EQUAL(document_shorten(&is_shorter, ecs, 64), 0);
    CU_ASSERT(!is_shorter);
    json_decref(ecs);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"parse and find", test_parse},
        {"time", test_time},
        {"account", test_account},
        {"copy", test_copy},
        {"type", test_type},
        {"a heartbeat's text", test_heartbeat_text},
        {"shorten", test_shorten},
        CU_TEST_INFO_NULL,
    };
    return test_main("document", tests);
}
