#include "transport/document/encode_ecs.h"

#include "tests/test.h"
#include "tests/transport/document/growths.h"
#include "tests/transport/document/sample.h"
#include "transport/document/sha256.h"
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct encode_agent agent = {"0.1.0", "9f0c2f3e-0000-4000-8000-000000000001"};

/* Of the next documents: what they add to; NULL: nothing. */
static const char *follows;

/* Encodes sample, keeps the document for the schema's test under name (unless NULL), and reads it back. */
static const char *source = ""; /* the file of the next alert's event */

static json_t *document_of(struct sample *sample, const char *name)
{
    struct encode_ecs_kept kept = {0};
    char *text = NULL, *again = NULL, path[512];
    size_t size = 0, size_again = 0;
    sample_alert(sample);
    sample->alert.follows = follows;
    sample->alert.source = text_from(source);
    sample->alert.action = "witness-added";
    CU_ASSERT_EQUAL_FATAL(encode_ecs(&text, &size, &kept, &sample->alert, sample->id, &agent), 0);
    CU_ASSERT_EQUAL_FATAL(encode_ecs(&again, &size_again, &kept, &sample->alert, sample->id, &agent), 0);
    CU_ASSERT(size == size_again && memcmp(text, again, size) == 0);
    free(again);
    encode_ecs_clear(&kept);
    alert_clear(&sample->alert);
    CU_ASSERT_EQUAL(strlen(text), size);
    CU_ASSERT_PTR_NULL(strchr(text, '\n'));
    if (name != NULL) {
        snprintf(path, sizeof(path), "%s/%s.json", TEST_DOCUMENTS, name);
        FILE *file = fopen(path, "wb");
        CU_ASSERT_PTR_NOT_NULL_FATAL(file);
        CU_ASSERT_EQUAL(fwrite(text, 1, size, file), size);
        CU_ASSERT_EQUAL(fclose(file), 0);
    }
    json_t *document = json_loadb(text, size, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(document);
    free(text);
    return document;
}

/* The value at "a.b.c"; NULL: none. */
static const json_t *at(const json_t *document, const char *path)
{
    char part[64];
    while (document != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        memcpy(part, path, len);
        part[len] = '\0';
        document = json_object_get(document, part);
        path += len + (path[len] == '.');
    }
    return document;
}

static void is_text(const json_t *document, const char *path, const char *want)
{
    const char *have = json_string_value(at(document, path));
    if (have == NULL || want == NULL ? have != want : strcmp(have, want) != 0) {
        fprintf(stderr, "%s: %s, not %s\n", path, have == NULL ? "nothing" : have, want == NULL ? "nothing" : want);
        CU_FAIL("another text");
    }
}

/* The whole document, as it stands in expected/. */
static void is_expected(json_t *document, const char *name)
{
    char path[512];
    json_error_t error;
    snprintf(path, sizeof(path), "%s/tests/transport/document/expected/%s.json", TEST_SOURCE, name);
    json_t *want = json_load_file(path, 0, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(want);
    /* Which upstream text the rule was last compared with is not the encoder's matter. */
    const struct rule *rule = rule_set_at(sample_rules(), 0);
    json_t *upstream = json_object_get(json_object_get(want, "tripline"), "rule_upstream");
    CU_ASSERT_EQUAL(json_object_set_new(upstream, "commit", json_string(rule->upstream_commit)), 0);
    CU_ASSERT_EQUAL(json_object_set_new(upstream, "version", json_string(rule->upstream_version)), 0);
    CU_ASSERT_EQUAL(json_object_set_new(upstream, "sha256", json_string(rule->upstream_sha256)), 0);
    if (!json_equal(document, want)) {
        json_dumpf(document, stderr, JSON_INDENT(4));
        CU_FAIL("not the expected document");
    }
    json_decref(want);
    json_decref(document);
}

static void test_4688(void)
{
    struct sample sample;
    sample_4688(&sample);
    is_expected(document_of(&sample, "security_4688"), "security_4688");
}

static void test_sysmon(void)
{
    struct sample sample;
    sample_sysmon(&sample);
    is_expected(document_of(&sample, "sysmon_1"), "sysmon_1");
}

/* The matching process is the parent; the account is its own, the new process has another. */
static void test_device_process(void)
{
    struct sample sample;
    sample_device_process(&sample);
    is_expected(document_of(&sample, "device_process"), "device_process");
}

/* Nothing known but the command line: no empty field outside sentinel. */
static void test_least(void)
{
    struct sample sample;
    sample_4688(&sample);
    memset(&sample.event, 0, sizeof(sample.event));
    sample.event.kind = EVENT_FORWARDED_4688;
    sample.event.field[EVENT_COMMAND_LINE] = text_from("x");
    is_expected(document_of(&sample, "least"), "least");
}

static void test_target(void)
{
    struct sample sample;
    sample_4688(&sample);
    sample.event.field[EVENT_TARGET_SID] = text_from("S-1-5-21-1-2-3-500");
    sample.event.field[EVENT_TARGET_NAME] = text_from("Administrator");
    sample.event.field[EVENT_TARGET_DOMAIN] = text_from("EXCH01");
    json_t *document = document_of(&sample, "target");
    is_text(document, "user.name", "dadmin");
    is_text(document, "user.target.id", "S-1-5-21-1-2-3-500");
    is_text(document, "user.target.name", "Administrator");
    is_text(document, "user.target.domain", "EXCH01");
    json_decref(document);

    sample.event.field[EVENT_TARGET_DOMAIN] = text_from("-");
    document = document_of(&sample, NULL);
    is_text(document, "user.target.name", "Administrator");
    CU_ASSERT_PTR_NULL(at(document, "user.target.domain"));
    json_decref(document);

    sample.event.field[EVENT_TARGET_NAME] = text_from("-");
    document = document_of(&sample, NULL);
    CU_ASSERT_PTR_NULL(at(document, "user.target"));
    json_decref(document);
}

static void test_branches(void)
{
    struct sample sample;
    sample_sysmon(&sample);
    sample.event.field[EVENT_PARENT_COMMAND_LINE] = sample.event.field[EVENT_COMMAND_LINE];
    sample.match.legs = SAMPLE_LEG(3) | SAMPLE_LEG(4);
    json_t *document = document_of(&sample, "both_branches");
    const json_t *branches = at(document, "tripline.branches");
    CU_ASSERT_EQUAL(json_array_size(branches), 2);
    CU_ASSERT_EQUAL(json_integer_value(json_array_get(branches, 0)), 4);
    CU_ASSERT_EQUAL(json_integer_value(json_array_get(branches, 1)), 3);
    is_text(document, "sentinel.Type", "Event: Microsoft-Windows-Sysmon");
    json_decref(document);
}

/* NUL and control characters stay, what is no character becomes U+FFFD, and the document is UTF-8 all through. */
static void test_hostile_text(void)
{
    static const char command[] = "a\0b\x01\"\\\r\n\t\xED\xA0\xBD\xFF\xF0\x9F\x98\x80\x7F";
    static const char want[] = "a\0b\x01\"\\\r\n\t\xEF\xBF\xBD\xEF\xBF\xBD\xF0\x9F\x98\x80\x7F";
    struct sample sample;
    sample_4688(&sample);
    sample.event.field[EVENT_COMMAND_LINE] = (struct text){command, sizeof(command) - 1};
    sample.event.field[EVENT_COMPUTER] = text_from("\xFF");
    sample.event.field[EVENT_IMAGE] = text_from("C:\\\xED\xB0\x80.exe");
    json_t *document = document_of(&sample, "hostile_text");
    const json_t *value = at(document, "process.command_line");
    CU_ASSERT_EQUAL_FATAL(json_string_length(value), sizeof(want) - 1);
    CU_ASSERT_EQUAL(memcmp(json_string_value(value), want, sizeof(want)), 0);
    CU_ASSERT(json_equal(at(document, "sentinel.CommandLine"), value));
    is_text(document, "host.name", "\xEF\xBF\xBD");
    is_text(document, "process.name", "\xEF\xBF\xBD.exe");
    CU_ASSERT_PTR_NULL(at(document, "tripline.command_line_truncated"));
    json_decref(document);
}

/* count times the euro sign: three bytes, one character. */
static char *euros(size_t count)
{
    char *text = malloc(3 * count + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    for (size_t i = 0; i < count; i++)
        memcpy(text + 3 * i, "\xE2\x82\xAC", 4);
    return text;
}

static void test_cut(void)
{
    struct sample sample;
    char hex[SHA256_HEX_SIZE];
    char *longest = euros(ENCODE_MAX_TEXT), *longer = euros(ENCODE_MAX_TEXT + 1);
    sample_4688(&sample);
    sample.event.field[EVENT_COMMAND_LINE] = text_from(longest);
    json_t *document = document_of(&sample, NULL);
    is_text(document, "process.command_line", longest);
    CU_ASSERT_PTR_NULL(at(document, "tripline.command_line_truncated"));
    json_decref(document);

    sample.event.field[EVENT_COMMAND_LINE] = text_from(longer);
    document = document_of(&sample, "cut");
    is_text(document, "process.command_line", longest);
    is_text(document, "sentinel.CommandLine", longest);
    CU_ASSERT(json_is_true(at(document, "tripline.command_line_truncated")));
    CU_ASSERT_EQUAL(sha256_of(hex, longer, strlen(longer)), 0);
    is_text(document, "tripline.command_line_sha256", hex);
    json_decref(document);

    sample_device_process(&sample);
    sample.event.field[EVENT_PARENT_COMMAND_LINE] = text_from(longer);
    document = document_of(&sample, "cut_parent");
    is_text(document, "process.parent.command_line", longest);
    is_text(document, "sentinel.InitiatingProcessCommandLine", longest);
    CU_ASSERT(json_is_true(at(document, "tripline.parent_command_line_truncated")));
    is_text(document, "tripline.parent_command_line_sha256", hex);
    CU_ASSERT_PTR_NULL(at(document, "tripline.command_line_truncated"));
    json_decref(document);
    free(longest);
    free(longer);
}

static void test_numbers(void)
{
    struct sample sample;
    sample_4688(&sample);
    sample.event.record_id = INT64_MAX;
    sample.event.pid = UINT32_MAX;
    sample.event.time = 0;
    json_t *document = document_of(&sample, "numbers");
    CU_ASSERT_EQUAL(json_integer_value(at(document, "event.sequence")), INT64_MAX);
    CU_ASSERT_EQUAL(json_integer_value(at(document, "process.pid")), UINT32_MAX);
    CU_ASSERT_PTR_NULL(at(document, "process.start"));
    is_text(document, "@timestamp", "2022-08-10T12:27:15.1019999Z"); /* when the alert was made */
    is_text(document, "sentinel.TimeGenerated", "2022-08-10T12:27:15.1019999Z");
    json_decref(document);

    sample.event.record_id = UINT64_MAX; /* beyond ECS's long */
    document = document_of(&sample, NULL);
    CU_ASSERT_PTR_NULL(at(document, "event.sequence"));
    json_decref(document);
}

/* What is kept is of one rule. */
static void test_two_rules(void)
{
    struct rule other = *rule_set_at(sample_rules(), 0);
    struct encode_ecs_kept kept = {0};
    struct sample sample;
    sample_4688(&sample);
    sample_alert(&sample);
    const struct rule *rules[2] = {sample.alert.rule, &other};
    other.name = "Another";
    for (size_t i = 0; i < 6; i++) {
        char *text = NULL;
        size_t size = 0;
        sample.alert.rule = rules[i / 2 % 2];
        CU_ASSERT_EQUAL_FATAL(encode_ecs(&text, &size, &kept, &sample.alert, sample.id, &agent), 0);
        json_t *document = json_loadb(text, size, 0, NULL);
        is_text(document, "rule.name", sample.alert.rule->name);
        is_text(document, "ecs.version", "9.4.0");
        json_decref(document);
        free(text);
    }
    sample.alert.rule = rules[0];
    encode_ecs_clear(&kept);
    alert_clear(&sample.alert);
}

static void test_no_agent_id(void)
{
    struct encode_ecs_kept kept = {0};
    struct sample sample;
    char *text = NULL;
    size_t size = 0;
    sample_4688(&sample);
    sample_alert(&sample);
    CU_ASSERT_EQUAL_FATAL(encode_ecs(&text, &size, &kept, &sample.alert, "0a1b", &(struct encode_agent){"0.1.0", NULL}),
                          0);
    json_t *document = json_loadb(text, size, 0, NULL);
    is_text(document, "agent.id", NULL);
    is_text(document, "agent.version", "0.1.0");
    is_text(document, "event.id", "0a1b");
    json_decref(document);
    free(text);
    encode_ecs_clear(&kept);
    alert_clear(&sample.alert);
}

/* Whichever growth fails: -ENOMEM, nothing leaks (AddressSanitizer looks), *out stays. */
static void test_out_of_memory(void)
{
    struct sample sample;
    int rc = -ENOMEM;
    long needed = 0;
    char *longer = euros(ENCODE_MAX_TEXT + 1);
    sample_device_process(&sample);
    sample.event.field[EVENT_PARENT_COMMAND_LINE] = text_from(longer);
    sample_alert(&sample);
    for (; rc == -ENOMEM && needed < 100; needed++) {
        char *text = NULL;
        size_t size = 77;
        struct encode_ecs_kept kept = {0};
        growths_left = needed;
        rc = encode_ecs(&text, &size, &kept, &sample.alert, "", &agent);
        growths_left = -1;
        encode_ecs_clear(&kept);
        CU_ASSERT(rc == 0 || (rc == -ENOMEM && text == NULL && size == 77));
        free(text);
    }
    CU_ASSERT_EQUAL(rc, 0);
    CU_ASSERT(needed > 5);
    alert_clear(&sample.alert);
    free(longer);
}

static void test_follow_up(void)
{
    static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct sample sample;
    sample_sysmon(&sample);
    follows = id;
    json_t *document = document_of(&sample, "follow_up");
    follows = NULL;
    is_text(document, "event.kind", "event");
    is_text(document, "event.action", "witness-added");
    is_text(document, "event.dataset", "endpoint.witness");
    is_text(document, "tripline.alert_id", id);
    json_decref(document);
    document = document_of(&sample, NULL);
    is_text(document, "event.action", NULL);
    is_text(document, "tripline.alert_id", NULL);
    json_decref(document);
}

/* An event out of a file says which. */
static void test_source(void)
{
    struct sample sample;
    sample_4688(&sample);
    json_t *document = document_of(&sample, NULL);
    CU_ASSERT_PTR_NOT_NULL(at(document, "log.level"));
    CU_ASSERT_PTR_NULL(at(document, "log.file"));
    json_decref(document);
    source = "C:\\t.zip!Security.evtx";
    document = document_of(&sample, NULL);
    source = "";
    CU_ASSERT_STRING_EQUAL(json_string_value(at(document, "log.file.path")), "C:\\t.zip!Security.evtx");
    json_decref(document);
}

/* What a rule does not say is left out. */
static void test_bare_rule(void)
{
    struct sample sample;
    sample_4688(&sample);
    struct rule rule = *sample.match.rule;
    sample.match.rule = &rule;
    rule.tactic_count = 0;
    json_t *document = document_of(&sample, NULL);
    CU_ASSERT_PTR_NULL(at(document, "threat.tactic"));
    CU_ASSERT(json_array_size(at(document, "threat.technique.id")) > 0);
    json_decref(document);
    rule.technique_count = rule.reference_count = 0;
    rule.severity = rule.reference = rule.upstream_commit = rule.upstream_version = rule.upstream_sha256 = NULL;
    document = document_of(&sample, NULL);
    CU_ASSERT_PTR_NULL(at(document, "threat"));
    CU_ASSERT_PTR_NULL(at(document, "log"));
    CU_ASSERT_PTR_NULL(at(document, "rule.reference"));
    CU_ASSERT_PTR_NULL(at(document, "tripline.rule_upstream"));
    json_decref(document);
}

/* An event whose XML could not be read says so, in all that is made of it. */
static void test_from_values(void)
{
    struct sample sample;
    sample_4688(&sample);
    json_t *document = document_of(&sample, NULL);
    CU_ASSERT_PTR_NULL(at(document, "tripline.from_values"));
    json_decref(document);
    sample.event.is_from_values = true;
    document = document_of(&sample, "from_values");
    CU_ASSERT(json_is_true(at(document, "tripline.from_values")));
    CU_ASSERT_PTR_NULL(at(document, "tripline.recovered"));
    json_decref(document);
    sample.event.is_recovered = true;
    document = document_of(&sample, "recovered");
    CU_ASSERT(json_is_true(at(document, "tripline.recovered")));
    json_decref(document);
}

/* ETW: both branches that bear the number 3 match, and the parent is a claimed one. */
static void test_etw(void)
{
    struct sample sample;
    sample_etw(&sample);
    json_t *document = document_of(&sample, "etw");
    is_text(document, "event.code", NULL);
    is_text(document, "user.id", "S-1-5-21-1-2-1104");
    is_text(document, "user.name", "dadmin");
    CU_ASSERT_EQUAL(json_array_size(at(document, "tripline.branches")), 1);
    CU_ASSERT_EQUAL(json_integer_value(at(document, "tripline.claimed_parent.pid")), 600);
    is_text(document, "tripline.claimed_parent.name", "explorer.exe");
    is_text(document, "sentinel.InitiatingProcessParentFileName", "cmd.exe");
    is_text(document, "sentinel.AccountEntity", "");
    json_decref(document);
    sample.match.legs = SAMPLE_LEG(3); /* the creator's command line alone: then its account */
    CU_ASSERT_FATAL(sample.match.rule->legs.items[2].is_of_creator);
    document = document_of(&sample, "etw_child");
    is_text(document, "user.id", "S-1-5-18");
    is_text(document, "sentinel.InitiatingProcessParentFileName", "services.exe");
    json_decref(document);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"Security 4688", test_4688},
        {"an event out of a file", test_source},
        {"Sysmon 1", test_sysmon},
        {"the creator's command line matched", test_device_process},
        {"nothing empty", test_least},
        {"target account", test_target},
        {"all branches that matched", test_branches},
        {"hostile text", test_hostile_text},
        {"long command lines are cut", test_cut},
        {"numbers", test_numbers},
        {"two rules", test_two_rules},
        {"no agent id", test_no_agent_id},
        {"out of memory", test_out_of_memory},
        {"a follow-up", test_follow_up},
        {"a rule that says little", test_bare_rule},
        {"values alone", test_from_values},
        {"ETW", test_etw},
        CU_TEST_INFO_NULL,
    };
    return test_main("encode_ecs", tests);
}
