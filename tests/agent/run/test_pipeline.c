/* pipeline: what becomes of an event, from the rules to the store, and what of a collector's reports. */
#include "agent/run/pipeline.h"
#include "agent/system/file.h"
#include "detect/event/kinds.h"
#include "detect/rules/rule_builtin.h"
#include "tests/test.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define ATTACK "powershell -c Set-CASMailbox -ActiveSyncAllowedDeviceIDs @{add='X'}"
#define TIME (13000000000ull * 10000000u)
#define PATH "test_pipeline.db"
#define LOG "test_pipeline.log"

static const char *const outputs[] = {"a"};
static const struct encode_agent agent = {"1.0", "00000000-0000-4000-8000-000000000000"};

struct trial {
    struct store *store;
    struct log *log;
    struct health *health;
    struct rule_set *rules;
    struct witness *witness;
    struct pipeline *pipeline;
    struct collector_sink sink;
    struct health_figures *figures;
};

static void trial_open(struct trial *t, bool is_faithful, uint64_t max_alerts)
{
    static const char *const leftovers[] = {PATH, PATH "-wal", PATH "-shm", LOG};
    static const char *const source[] = {"Security"};
    struct fault fault;
    const struct rule_set_options options = {.is_as_written = is_faithful};
    memset(t, 0, sizeof(*t));
    for (size_t i = 0; i < sizeof(leftovers) / sizeof(leftovers[0]); i++)
        (void)remove(leftovers[i]); /* they may not be there */
    struct store_settings set = {
        .path = PATH, .outputs = outputs, .output_count = 1, .max_alerts = max_alerts, .max_bytes = 1u << 20};
    CU_ASSERT_FATAL(store_open(&t->store, &set, &fault) == 0 && health_new(&t->health) == 0);
    CU_ASSERT_FATAL(log_open(&t->log, LOG, 1u << 20, 2, LOG_DEBUG, false) == 0);
    CU_ASSERT_FATAL(rule_builtin_set(&t->rules, &options) == 0);
    CU_ASSERT_FATAL(is_faithful || witness_new(&t->witness, t->store, t->log, &fault) == 0);
    CU_ASSERT_FATAL((t->figures = calloc(1, sizeof(*t->figures))) != NULL);
    health_sources_set(t->health, source, 1);
    struct pipeline_settings settings = {.rules = t->rules,
                                         .store = t->store,
                                         .agent = &agent,
                                         .log = t->log,
                                         .witness = t->witness,
                                         .health = t->health,
                                         .selftest_path = "test_pipeline.absent",
                                         .thread = "reader"};
    CU_ASSERT_FATAL(pipeline_new(&t->pipeline, &settings) == 0);
    t->sink = pipeline_sink(t->pipeline);
}

static void trial_close(struct trial *t)
{
    pipeline_free(t->pipeline);
    witness_free(t->witness);
    rule_set_free(t->rules);
    store_close(t->store);
    log_close(t->log);
    health_free(t->health);
    free(t->figures);
}

static struct event event(enum event_kind kind, uint64_t record, const char *line)
{
    struct event e = {.kind = kind, .time = TIME, .has_pid = true, .pid = 100};
    e.has_record_id = true;
    e.record_id = record;
    e.event_id = kind == EVENT_SYSMON_1 ? 1 : 4688;
    e.field[EVENT_PROVIDER] = kinds_provider(kind);
    e.field[EVENT_CHANNEL] = text_from(kind == EVENT_SYSMON_1 ? "Sysmon" : "Security");
    e.field[EVENT_COMPUTER] = text_from("EXCH01.corp.example.com");
    e.field[EVENT_COMMAND_LINE] = text_from(line);
    return e;
}

static int take(struct trial *t, struct event e)
{
    return t->sink.event(t->sink.context, &e);
}

static int keep(struct trial *t, const char *text, uint64_t record)
{
    const struct collector_bookmark bookmark = {text_from(text), true, record};
    return t->sink.checkpoint(t->sink.context, text_from("Security"), &bookmark);
}

static uint64_t waiting(struct trial *t)
{
    uint64_t count = 0;
    CU_ASSERT_EQUAL(store_waiting(t->store, "a", &count, NULL), 0);
    return count;
}

/* How many lines of the log hold text. */
static size_t logged(const char *text)
{
    char *content = NULL;
    size_t size = 0, count = 0;
    CU_ASSERT_FATAL(file_read(&content, &size, LOG, 1u << 20) == 0);
    for (const char *at = content; (at = strstr(at, text)) != NULL; at++)
        count++;
    free(content);
    return count;
}

static void test_one_way(void)
{
    struct trial t;
    char *mark = NULL;
    trial_open(&t, false, 100);
    CU_ASSERT_EQUAL(take(&t, event(EVENT_SECURITY_4688, 1, "notepad.exe")), 0);
    CU_ASSERT_EQUAL(take(&t, event(EVENT_SECURITY_4688, 2, "")), 0);
    CU_ASSERT_EQUAL(take(&t, event(EVENT_SECURITY_4688, 3, ATTACK)), 0);
    CU_ASSERT_EQUAL(waiting(&t), 0); /* nothing without its bookmark */
    CU_ASSERT_EQUAL(keep(&t, "m3", 3), 0);
    CU_ASSERT_EQUAL(waiting(&t), 1);
    CU_ASSERT_EQUAL(store_bookmark(t.store, "Security", &mark, NULL), 0);
    CU_ASSERT_PTR_NOT_NULL(mark);
    CU_ASSERT_EQUAL(keep(&t, "m4", 4), 0);
    CU_ASSERT_EQUAL(waiting(&t), 1); /* kept once */
    health_read(t.health, t.figures);
    CU_ASSERT_EQUAL_FATAL(t.figures->source_count, 1);
    const struct health_source *s = &t.figures->sources[0];
    CU_ASSERT(s->events == 3 && s->matches == 1 && s->empty_command_lines == 1 && s->record == 4);
    CU_ASSERT(t.figures->thread_count == 1 && strcmp(t.figures->threads[0].name, "reader") == 0);
    CU_ASSERT_EQUAL(logged("Set-CASMailbox"), 0); /* event contents stand in alerts alone */
    pipeline_free(t.pipeline);
    t.pipeline = NULL;
    health_read(t.health, t.figures);
    CU_ASSERT_EQUAL(t.figures->thread_count, 0); /* nobody misses what has ended */
    free(mark);
    trial_close(&t);
}

static void test_full(void)
{
    struct trial t;
    char *mark = NULL;
    struct store_item *items = NULL;
    size_t count = 0;
    trial_open(&t, false, 1);
    CU_ASSERT(take(&t, event(EVENT_SECURITY_4688, 1, ATTACK " 1")) == 0 && keep(&t, "m1", 1) == 0);
    CU_ASSERT_EQUAL(take(&t, event(EVENT_SECURITY_4688, 2, ATTACK " 2")), 0);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(keep(&t, "m2", 1), -ENOSPC);
    CU_ASSERT_EQUAL(logged("T3002"), 1); /* said once */
    CU_ASSERT_EQUAL(store_bookmark(t.store, "Security", &mark, NULL), 0);
    CU_ASSERT_STRING_EQUAL(mark, "m1");
    health_read(t.health, t.figures);
    CU_ASSERT(t.figures->is_store_full);
    CU_ASSERT_FATAL(store_next(t.store, "a", 10, 1u << 20, 0, &items, &count, NULL) == 0 && count == 1);
    CU_ASSERT_EQUAL(store_delivered(t.store, "a", items, count, NULL), 0);
    CU_ASSERT_EQUAL(keep(&t, "m2", 1), 0); /* what waited is not lost */
    CU_ASSERT_EQUAL(waiting(&t), 1);
    CU_ASSERT_EQUAL(logged("takes alerts again"), 1);
    health_read(t.health, t.figures);
    CU_ASSERT(!t.figures->is_store_full);
    store_items_free(items, count);
    free(mark);
    trial_close(&t);
}

/* The documents that wait, oldest first. */
static json_t *documents(struct trial *t)
{
    json_t *list = json_array();
    struct store_item *items = NULL;
    size_t count = 0;
    CU_ASSERT_EQUAL(store_next(t->store, "a", 100, 1u << 20, 0, &items, &count, NULL), 0);
    for (size_t i = 0; i < count; i++)
        CU_ASSERT_EQUAL(json_array_append_new(list, json_loadb(items[i].document, items[i].size, 0, NULL)), 0);
    store_items_free(items, count);
    return list;
}

static const char *text_at(const json_t *document, const char *object, const char *name)
{
    const char *text = json_string_value(json_object_get(json_object_get(document, object), name));
    return text == NULL ? "" : text;
}

static void test_two_witnesses(void)
{
    for (int is_faithful = 0; is_faithful <= 1; is_faithful++) {
        struct trial t;
        trial_open(&t, is_faithful, 100);
        CU_ASSERT(take(&t, event(EVENT_SECURITY_4688, 1, ATTACK)) == 0 && keep(&t, "m1", 1) == 0);
        CU_ASSERT(take(&t, event(EVENT_SYSMON_1, 7, ATTACK)) == 0 && keep(&t, "m2", 1) == 0);
        json_t *list = documents(&t);
        CU_ASSERT_EQUAL_FATAL(json_array_size(list), 2);
        const char *second = text_at(json_array_get(list, 1), "event", "action");
        CU_ASSERT_EQUAL(strcmp(second, "witness-added") == 0, !is_faithful); /* faithful: each event is an alert */
        CU_ASSERT_EQUAL(logged("match: rule="), is_faithful ? 2u : 1u);
        json_decref(list);
        trial_close(&t);
    }
}

static void test_reports(void)
{
    static const struct {
        enum collector_report_kind kind;
        enum health_state state;
        const char *line;
    } cases[] = {
        {COLLECTOR_OPENED, HEALTH_READING, "T2001"},    {COLLECTOR_ABSENT, HEALTH_ABSENT, "not there"},
        {COLLECTOR_DENIED, HEALTH_DENIED, "no right"},  {COLLECTOR_BROKEN, HEALTH_BROKEN, "will be opened again"},
        {COLLECTOR_GAP, HEALTH_BROKEN, "=5-9 count=5"}, {COLLECTOR_STOPPED, HEALTH_BROKEN, "stopped the agent's"},
    };
    struct trial t;
    trial_open(&t, true, 100);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct collector_report r = {.kind = cases[i].kind, .source = text_from("Security"), .first = 5, .last = 9};
        t.sink.report(t.sink.context, &r);
        health_read(t.health, t.figures);
        CU_ASSERT_EQUAL(t.figures->sources[0].state, cases[i].state);
        CU_ASSERT_EQUAL(logged(cases[i].line), 1);
    }
    CU_ASSERT(t.figures->sources[0].gaps == 1 && t.figures->sources[0].lost == 5);
    struct collector_report lost = {.kind = COLLECTOR_LOST, .source = text_from("Security"), .first = 3};
    t.sink.report(t.sink.context, &lost);
    health_read(t.health, t.figures);
    CU_ASSERT(t.figures->sources[0].gaps == 2 && t.figures->sources[0].lost == 8);
    trial_close(&t);
}

static int give_part(struct trial *t, const char *number, const char *total)
{
    const struct event_datum data[] = {{text_from("MessageNumber"), text_from(number)},
                                       {text_from("MessageTotal"), text_from(total)},
                                       {text_from("ScriptBlockText"), text_from("x")},
                                       {text_from("ScriptBlockId"), text_from(total)}};
    struct event e = event(EVENT_OTHER, 5, "");
    e.event_id = 4104;
    e.field[EVENT_PROVIDER] = text_from("Microsoft-Windows-PowerShell");
    e.data = data;
    e.data_count = 4;
    return take(t, e);
}

static bool bookmark_is(struct trial *t, const char *source, const char *text)
{
    char *mark = NULL;
    CU_ASSERT_EQUAL(store_bookmark(t->store, source, &mark, NULL), 0);
    bool is = text == NULL ? mark == NULL : mark != NULL && strcmp(mark, text) == 0;
    free(mark);
    return is;
}

/* A bookmark waits for the other parts of a script block; the alerts before it don't. */
static void test_held_bookmark(void)
{
    const struct collector_bookmark other = {text_from("o1"), true, 1};
    struct trial t;
    trial_open(&t, false, 100);
    CU_ASSERT_EQUAL(keep(&t, "m1", 1), 0);
    CU_ASSERT(bookmark_is(&t, "Security", "m1"));
    CU_ASSERT_EQUAL(give_part(&t, "1", "2"), 0);
    CU_ASSERT_EQUAL(take(&t, event(EVENT_SECURITY_4688, 3, ATTACK)), 0);
    CU_ASSERT_EQUAL(keep(&t, "m2", 2), 0);
    CU_ASSERT_EQUAL(keep(&t, "m3", 3), 0);
    CU_ASSERT_EQUAL(t.sink.checkpoint(t.sink.context, text_from("Other"), &other), 0);
    CU_ASSERT_EQUAL(waiting(&t), 1);
    CU_ASSERT_EQUAL(t.sink.alive(t.sink.context, false), 0);
    CU_ASSERT(bookmark_is(&t, "Security", "m1") && bookmark_is(&t, "Other", NULL));
    CU_ASSERT_EQUAL(give_part(&t, "2", "2"), 0);
    CU_ASSERT_EQUAL(t.sink.alive(t.sink.context, false), 0); /* what was held is kept */
    CU_ASSERT(bookmark_is(&t, "Security", "m3") && bookmark_is(&t, "Other", "o1"));
    CU_ASSERT_EQUAL(give_part(&t, "1", "3"), 0);
    CU_ASSERT_EQUAL(keep(&t, "m4", 4), 0);
    CU_ASSERT_EQUAL(give_part(&t, "2", "3"), 0);
    CU_ASSERT_EQUAL(give_part(&t, "3", "3"), 0);
    CU_ASSERT_EQUAL(keep(&t, "m5", 5), 0); /* and a later one takes its place */
    CU_ASSERT(bookmark_is(&t, "Security", "m5"));
    CU_ASSERT_EQUAL(give_part(&t, "1", "4"), 0);
    CU_ASSERT_EQUAL(keep(&t, "m6", 6), 0);
    health_read(t.health, t.figures);
    CU_ASSERT(t.figures->blocks_joined == 2 && t.figures->blocks_incomplete == 0);
    trial_close(&t); /* with one that waits */
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"an alert and its bookmark, in one step", test_one_way},
        {"a full outbox holds reading back and loses nothing", test_full},
        {"two sources, one process", test_two_witnesses},
        {"reports", test_reports},
        {"a bookmark waits for script blocks", test_held_bookmark},
        CU_TEST_INFO_NULL,
    };
    return test_main("pipeline", tests);
}
