#include "agent/health/status_file.h"
#include "agent/health/status_text.h"

#include "agent/system/file.h"
#include "detect/event/event.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATH "test_status.tmp.json"
#define SECOND 10000000u

static char account[] = "NT SERVICE\\Tripline", sid[] = "S-1-5-80-1", on[] = "SeOne", off[] = "SeTwo";
static char readers[] = "S-1-5-32-573", readers_name[] = "BUILTIN\\Event Log Readers", unknown[] = "S-1-5-21-1-2-3-4";
static const struct token_facts token = {.account = account,
                                         .sid = sid,
                                         .integrity = "high",
                                         .groups = {{readers, readers_name, true}, {unknown, NULL, false}},
                                         .group_count = 2,
                                         .more_groups = 3,
                                         .privileges = {{on, true}, {off, false}},
                                         .privilege_count = 2};

static const struct status_about about = {.state = "running",
                                          .agent_id = "0123",
                                          .host = "host.example.com",
                                          .token = &token,
                                          .config_path = "C:\\ProgramData\\Tripline\\tripline.xml",
                                          .config_sha256 = "abcd",
                                          .config_loaded = 133000000000000000u,
                                          .max_alerts = 1000,
                                          .max_bytes = 1048576};

/* A document of an agent on which all is well; changed by the tests. */
static json_t *well(const struct status_about *who)
{
    const char *sources[] = {"Security", "Microsoft-Windows-Sysmon/Operational"}, *outputs[] = {"central"};
    struct health *health = NULL;
    struct health_figures *figures = calloc(1, sizeof(*figures));
    CU_ASSERT_EQUAL_FATAL(health_new(&health), 0);
    health_sources_set(health, sources, 2);
    health_source_state(health, "Security", HEALTH_READING, NULL);
    health_source_kept(health, "Security", &(struct health_kept){.events = 2, .has_record = true, .record = 42});
    health_source_state(health, sources[1], HEALTH_ABSENT, "no such channel");
    health_outputs_set(health, outputs, 1);
    health_output_delivered(health, "central", 1, 0, 200);
    health_alive(health, "eventlog", 60000);
    health_read(health, figures);
    struct status_now now = {.figures = figures, .cpu_percent = 0.5};
    json_t *document = status_json(who, &now);
    CU_ASSERT_PTR_NOT_NULL_FATAL(document);
    free(figures);
    health_free(health);
    return document;
}

static struct status_judgement judged;

static enum status_verdict judge(json_t *document, unsigned seconds_later, bool is_alive)
{
    status_judge(&judged, document, event_time_now() + (uint64_t)seconds_later * SECOND, is_alive);
    return judged.verdict;
}

static bool has_reason(const char *words)
{
    for (size_t i = 0; i < judged.count; i++)
        if (strstr(judged.reasons[i], words) != NULL)
            return true;
    return false;
}

static void set(json_t *document, const char *list, size_t index, const char *key, json_t *value)
{
    json_t *at = json_object_get(document, list);
    if (json_is_array(at))
        at = json_array_get(at, index);
    CU_ASSERT_EQUAL_FATAL(json_object_set_new(at, key, value), 0);
}

static void test_watching(void)
{
    json_t *d = well(&about);
    CU_ASSERT_EQUAL(judge(d, 0, true), STATUS_WATCHING); /* an absent channel beside a read one is no trouble */
    CU_ASSERT_EQUAL(judged.count, 0);
    CU_ASSERT_EQUAL(judge(d, STATUS_INTERVAL_S * STATUS_LATE - 1, true), STATUS_WATCHING);
    json_decref(d);
}

static void test_not_running(void)
{
    struct status_about stopped = about;
    json_t *d = well(&about);
    CU_ASSERT_EQUAL(judge(d, 0, false), STATUS_DEAD);
    CU_ASSERT_TRUE(has_reason("is gone"));
    CU_ASSERT_EQUAL(judge(d, STATUS_INTERVAL_S * STATUS_LATE + 2, true), STATUS_STUCK);
    CU_ASSERT_TRUE(has_reason("last sign of life"));
    json_decref(d);
    stopped.state = "stopped";
    d = well(&stopped);
    CU_ASSERT_EQUAL(judge(d, 3600, false), STATUS_STOPPED);
    json_decref(d);
    d = json_pack("{s:i}", "format", 1);
    CU_ASSERT_EQUAL(judge(d, 0, true), STATUS_UNKNOWN);
    json_decref(d);
}

static void test_stuck_thread(void)
{
    json_t *d = well(&about);
    set(d, "threads", 0, "overdue_s", json_integer(3));
    CU_ASSERT_EQUAL(judge(d, 0, true), STATUS_STUCK);
    CU_ASSERT_TRUE(has_reason("eventlog"));
    json_decref(d);
}

static void test_trouble(void)
{
    static const struct {
        const char *list;
        const char *key, *value; /* value NULL: the number 1 */
        const char *reason;
    } cases[] = {
        {"sources", "state", "absent", "nothing is watched"},
        {"sources", "state", "denied", "Security is not read (denied)"},
        {"sources", "state", "broken", "Security is not read (broken)"},
        {"outputs", "failing", NULL, "output central does not take alerts"},
        {"store", "state", "full", "the outbox is full"},
        {"store", "state", "failing", "the outbox is failing"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *d = well(&about);
        set(d, cases[i].list, 0, cases[i].key, cases[i].value == NULL ? json_integer(1) : json_string(cases[i].value));
        CU_ASSERT_EQUAL(judge(d, 0, true), STATUS_TROUBLE);
        CU_ASSERT_TRUE(has_reason(cases[i].reason));
        json_decref(d);
    }
    static const struct {
        const char *list, *key, *says;
    } counts[] = {{"outputs", "overflowed", "took nothing for so long"},
                  {"store", "dropped", "give way"},
                  {"store", "dead", "deadletters list"}};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        json_t *full = well(&about), *in = json_object_get(full, counts[i].list);
        in = json_is_array(in) ? json_array_get(in, 0) : in;
        CU_ASSERT_EQUAL(json_integer_value(json_object_get(in, counts[i].key)), 0);
        CU_ASSERT_EQUAL(json_object_set_new(in, counts[i].key, json_integer(7)), 0);
        CU_ASSERT_EQUAL(judge(full, 0, true), STATUS_TROUBLE);
        CU_ASSERT_TRUE(has_reason(counts[i].says));
        json_decref(full);
    }
    struct status_about refused = about;
    refused.is_config_refused = true;
    json_t *d = well(&refused);
    CU_ASSERT_EQUAL(judge(d, 0, true), STATUS_TROUBLE);
    CU_ASSERT_TRUE(has_reason("check-config"));
    json_decref(d);
}

/* A file that somebody wrote into: values of other types than ours are shown somehow, and nothing breaks. */
static void test_other_types(void)
{
    static const char *const lists[] = {"[null,7,{},[],true]", "{}", "7", "null", "\"x\""};
    static const char *const keys[] = {"privileges", "groups"};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        json_t *d = well(&about);
        for (size_t k = 0; k < 2; k++)
            json_object_set_new(json_object_get(d, "token"), keys[k], json_loads(lists[i], JSON_DECODE_ANY, NULL));
        (void)judge(d, 0, true);
        FILE *file = tmpfile();
        CU_ASSERT_PTR_NOT_NULL_FATAL(file);
        status_print(file, d, &judged, event_time_now());
        CU_ASSERT(ftell(file) > 0);
        fclose(file);
        json_decref(d);
    }
}

static void test_file(void)
{
    json_t *d = well(&about), *read = NULL;
    CU_ASSERT_EQUAL_FATAL(status_write(PATH, d), 0);
    CU_ASSERT_EQUAL_FATAL(status_write(PATH, d), 0); /* over the one that is there */
    CU_ASSERT_EQUAL_FATAL(status_read(&read, PATH), 0);
    CU_ASSERT_TRUE(json_equal(d, read));
    json_decref(read);
    json_decref(d);
    FILE *file = NULL;
    CU_ASSERT_EQUAL_FATAL(file_open(&file, PATH, "wb"), 0);
    fputs("{\"format\":1,", file);
    fclose(file);
    CU_ASSERT_EQUAL(status_read(&read, PATH), -EBADMSG);
    CU_ASSERT_EQUAL_FATAL(file_open(&file, PATH, "wb"), 0);
    fputs("{\"format\":2}", file);
    fclose(file);
    CU_ASSERT_EQUAL(status_read(&read, PATH), -EBADMSG);
    CU_ASSERT_EQUAL(file_remove(PATH), 0);
    CU_ASSERT_EQUAL(status_read(&read, PATH), -ENOENT);
    CU_ASSERT_NOT_EQUAL(status_write("no such directory/status.json", NULL), 0);
}

static void test_bad_text(void)
{
    struct status_about odd = about;
    odd.config_path = "C:\\\xFF\xED\xA0\x80.xml"; /* no UTF-8 */
    json_t *d = well(&odd);
    const char *path = json_string_value(json_object_get(json_object_get(d, "config"), "path"));
    CU_ASSERT_STRING_EQUAL(path, "C:\\\xEF\xBF\xBD\xEF\xBF\xBD.xml");
    json_decref(d);
}

static void test_token(void)
{
    json_t *d = well(&about);
    char *text = json_dumps(json_object_get(d, "token"), JSON_COMPACT);
    CU_ASSERT_STRING_EQUAL(text,
                           "{\"account\":\"NT SERVICE\\\\Tripline\",\"sid\":\"S-1-5-80-1\",\"integrity\":\"high\","
                           "\"administrator\":false,\"privileges\":[\"SeOne\",\"SeTwo(off)\"],"
                           "\"groups\":[\"S-1-5-32-573 BUILTIN\\\\Event Log Readers\",\"S-1-5-21-1-2-3-4(deny only)\"],"
                           "\"more_groups\":3}");
    free(text);
    json_decref(d);
    struct status_about nobody = about;
    nobody.token = NULL;
    d = well(&nobody);
    CU_ASSERT_TRUE(json_is_null(json_object_get(d, "token")));
    json_decref(d);
}

/* Every line of what a person reads. */
static void test_columns(void)
{
    char line[1024];
    json_t *d = well(&about);
    set(d, "outputs", 0, "failing", json_integer(7));
    set(d, "outputs", 0, "trouble",
        json_string("curl_easy_perform failed on collector.example.com: SSL certificate problem: unable to get local "
                    "issuer certificate (60)"));
    set(d, "outputs", 0, "refused", json_integer(2));
    set(d, "sources", 0, "lost", json_integer(1234567));
    set(d, "sources", 0, "empty_command_lines", json_integer(2));
    set(d, "process", 0, "pace_ms", json_integer(20));
    CU_ASSERT_EQUAL(judge(d, 0, true), STATUS_TROUBLE);
    FILE *file = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    status_print(file, d, &judged, event_time_now());
    rewind(file);
    size_t lines = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        lines++;
        if (strlen(line) > 81) /* 80 and the line break */
            printf("too long: %s", line);
        CU_ASSERT(strlen(line) <= 81);
    }
    CU_ASSERT(lines > 15);
    fclose(file);
    json_decref(d);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"watching", test_watching},
        {"stopped, dead, stuck", test_not_running},
        {"a stuck thread", test_stuck_thread},
        {"trouble", test_trouble},
        {"other types", test_other_types},
        {"file", test_file},
        {"text that is no UTF-8", test_bad_text},
        {"the token", test_token},
        {"80 columns", test_columns},
        {NULL, NULL},
    };
    return test_main("status", tests);
}
