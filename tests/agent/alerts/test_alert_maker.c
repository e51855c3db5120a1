/* alert_maker: alerts of the rule that is built in and of rules that were loaded, of processes and of other events. */
#include "agent/alerts/alert_maker.h"
#include "detect/rules/rule_builtin.h"
#include "detect/rules/rule_file.h"
#include "detect/sigma/sigma.h"
#include "tests/test.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define ATTACK "powershell -c Set-CASMailbox u -ActiveSyncAllowedDeviceIDs @{add='X'}"

/* No ATT&CK, no author; another field than a command line. */
#define RULE_IMAGE                                                                                                     \
    "title: On Image\n"                                                                                                \
    "id: 11111111-1111-4111-8111-111111111111\n"                                                                       \
    "status: test\n"                                                                                                   \
    "logsource:\n    category: process_creation\n    product: windows\n"                                               \
    "detection:\n    selection:\n        Image|endswith: '\\powershell.exe'\n    condition: selection\n"               \
    "level: low\n"

#define RULE_SERVICE                                                                                                   \
    "title: A service\n"                                                                                               \
    "id: 22222222-2222-4222-8222-222222222222\n"                                                                       \
    "status: test\nauthor: A. Nonymous\n"                                                                              \
    "tags:\n    - attack.persistence\n"                                                                                \
    "logsource:\n    product: windows\n    service: system\n"                                                          \
    "detection:\n    selection:\n        Provider_Name: 'Service Control Manager'\n        EventID: 7045\n"            \
    "        ServiceName: 'evil'\n    condition: selection\n"                                                          \
    "level: high\n"

static const struct encode_agent agent = {.version = "1.0"};

struct trial {
    struct rule_set *set;
    struct alert_maker *maker;
    unsigned count;
    char ids[8][ALERT_ID_SIZE];
    json_t *documents[8];
    int answer; /* what take returns */
};

static int take(void *context, struct alert *alert, const char *id)
{
    struct trial *t = context;
    char *document = NULL, path[256];
    size_t size = 0;
    CU_ASSERT_EQUAL_FATAL(alert_maker_document(t->maker, &document, &size, alert, id), 0);
    memcpy(t->ids[t->count], id, ALERT_ID_SIZE);
    t->documents[t->count] = json_loadb(document, size, JSON_REJECT_DUPLICATES, NULL);
    CU_ASSERT_PTR_NOT_NULL(t->documents[t->count]);
    t->count++;
    snprintf(path, sizeof(path), "%s/%.16s.json", TEST_DOCUMENTS, id);
    FILE *file = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT(fwrite(document, 1, size, file) == size && fclose(file) == 0);
    free(document);
    return t->answer;
}

static void add_sigma(struct rule_set *set, const char *text)
{
    struct rule *rule = NULL;
    struct arena *arena = NULL;
    const struct node *root = NULL;
    const struct rule *other;
    CU_ASSERT_FATAL(arena_new(&arena, (size_t)4 << 20) == 0);
    rule = arena_zeroed(arena, 1, sizeof(*rule));
    rule->arena = arena;
    rule->source = "test";
    struct notes notes = {.arena = arena};
    CU_ASSERT_EQUAL_FATAL(node_parse(&root, text_from(text), &notes), 0);
    CU_ASSERT_EQUAL_FATAL(sigma_compile(rule, rule_set_columns(set), root, NULL, &notes), 0);
    CU_ASSERT_EQUAL_FATAL(rule_set_add(set, rule, &other), 0);
}

/* The rule for ActiveSync, which comes first. */
static void add_builtin(struct rule_set *set)
{
    struct text text;
    struct rule *rule = NULL;
    const struct rule *other;
    struct notes notes = {.arena = NULL};
    CU_ASSERT_FATAL(arena_new(&notes.arena, (size_t)4 << 20) == 0 && rule_builtin_at(&text, 0));
    CU_ASSERT_EQUAL_FATAL(rule_file_compile(&rule, rule_set_columns(set), text, RULE_BUILTIN_SOURCE, NULL, &notes), 0);
    CU_ASSERT_EQUAL_FATAL(rule_set_add(set, rule, &other), 0);
    arena_free(notes.arena);
}

static void trial_open(struct trial *t)
{
    const struct rule_set_options options = {.is_plain = false};
    memset(t, 0, sizeof(*t));
    CU_ASSERT_EQUAL_FATAL(rule_set_new(&t->set), 0);
    add_builtin(t->set);
    add_sigma(t->set, RULE_IMAGE);
    add_sigma(t->set, RULE_SERVICE);
    CU_ASSERT_EQUAL_FATAL(rule_set_seal(t->set, &options), 0);
    const struct alert_maker_settings settings = {.rules = t->set, .agent = &agent, .context = t, .take = take};
    CU_ASSERT_EQUAL_FATAL(alert_maker_new(&t->maker, &settings), 0);
}

static void forget(struct trial *t)
{
    for (unsigned i = 0; i < t->count; i++)
        json_decref(t->documents[i]);
    t->count = 0;
}

static void trial_close(struct trial *t)
{
    forget(t);
    alert_maker_free(t->maker);
    rule_set_free(t->set);
}

static const char *string_at(const json_t *object, const char *first, const char *second, const char *third)
{
    const json_t *at = json_object_get(json_object_get(object, first), second);
    return json_string_value(third == NULL ? at : json_object_get(at, third));
}

static struct event sysmon(void)
{
    struct event e = {.kind = EVENT_SYSMON_1,
                      .event_id = 1,
                      .has_record_id = true,
                      .record_id = 7,
                      .time = 1u << 30,
                      .has_pid = true,
                      .pid = 4};
    e.field[EVENT_PROVIDER] = text_from("Microsoft-Windows-Sysmon");
    e.field[EVENT_CHANNEL] = text_from("Microsoft-Windows-Sysmon/Operational");
    e.field[EVENT_COMPUTER] = text_from("h.example.com");
    e.field[EVENT_IMAGE] = text_from("C:\\Windows\\powershell.exe");
    e.field[EVENT_USER] = text_from("D\\u");
    return e;
}

static struct event service(const struct event_datum *data, size_t count)
{
    struct event e = {.kind = EVENT_OTHER, .event_id = 7045, .time = 1u << 30, .data = data, .data_count = count};
    e.field[EVENT_PROVIDER] = text_from("Service Control Manager");
    e.field[EVENT_CHANNEL] = text_from("System");
    e.field[EVENT_COMPUTER] = text_from("h");
    return e;
}

/* Each of two rules that one event fulfils makes an alert of its own. */
static void test_two_rules(void)
{
    struct trial t;
    trial_open(&t);
    struct event e = sysmon();
    CU_ASSERT_EQUAL(alert_maker_event(t.maker, &e), 0);
    CU_ASSERT_EQUAL_FATAL(t.count, 1); /* another field than a command line */
    CU_ASSERT_STRING_EQUAL(string_at(t.documents[0], "rule", "name", NULL), "On Image");
    CU_ASSERT_PTR_NULL(json_object_get(t.documents[0], "threat"));
    CU_ASSERT_PTR_NULL(json_object_get(t.documents[0], "sentinel"));
    CU_ASSERT_STRING_EQUAL(string_at(t.documents[0], "user", "name", NULL), "u");
    CU_ASSERT_STRING_EQUAL(string_at(t.documents[0], "process", "name", NULL), "powershell.exe");
    forget(&t);
    e.field[EVENT_COMMAND_LINE] = text_from(ATTACK);
    CU_ASSERT_EQUAL(alert_maker_event(t.maker, &e), 0);
    CU_ASSERT_EQUAL_FATAL(t.count, 2);
    CU_ASSERT_STRING_EQUAL(string_at(t.documents[0], "rule", "name", NULL), "Email access via active sync");
    CU_ASSERT_STRING_EQUAL(string_at(t.documents[1], "rule", "name", NULL), "On Image");
    CU_ASSERT_STRING_NOT_EQUAL(t.ids[0], t.ids[1]);
    forget(&t);
    e.field[EVENT_IMAGE] = text_from("C:\\x.exe");
    e.field[EVENT_COMMAND_LINE] = text_from("x");
    CU_ASSERT_EQUAL(alert_maker_event(t.maker, &e), 0);
    CU_ASSERT_EQUAL(t.count, 0);
    trial_close(&t);
}

static void test_other_event(void)
{
    const struct event_datum data[] = {{{"ServiceName", 11}, {"evil", 4}},
                                       {{NULL, 0}, {"x\"y", 3}},
                                       {{"a\"b", 3}, {"1", 1}},
                                       {{"ServiceName", 11}, {"again", 5}},
                                       {{"Empty", 5}, {"", 0}}};
    struct trial t;
    trial_open(&t);
    struct event e = service(data, 5);
    CU_ASSERT_TRUE(alert_maker_wants(t.maker, &e));
    CU_ASSERT_EQUAL(alert_maker_event(t.maker, &e), 0);
    CU_ASSERT_EQUAL_FATAL(t.count, 1);
    const json_t *d = t.documents[0];
    CU_ASSERT_STRING_EQUAL(string_at(d, "winlog", "event_data", "ServiceName"), "evil");
    CU_ASSERT_STRING_EQUAL(string_at(d, "winlog", "event_data", "param2"), "x\"y");
    CU_ASSERT_STRING_EQUAL(string_at(d, "winlog", "event_data", "a\"b"), "1");
    CU_ASSERT_PTR_NULL(string_at(d, "winlog", "event_data", "Empty"));
    CU_ASSERT_PTR_NULL(json_object_get(d, "process"));
    CU_ASSERT_STRING_EQUAL(
        json_string_value(json_array_get(json_object_get(json_object_get(d, "event"), "category"), 0)), "host");
    /* Without a record id the data tell events apart. */
    struct event other = service(data, 4);
    CU_ASSERT_EQUAL(alert_maker_event(t.maker, &other), 0);
    CU_ASSERT_EQUAL_FATAL(t.count, 2);
    CU_ASSERT_STRING_NOT_EQUAL(t.ids[0], t.ids[1]);
    e.event_id = 7046;
    CU_ASSERT_FALSE(alert_maker_wants(t.maker, &e));
    trial_close(&t);
}

static void test_take_fails(void)
{
    struct trial t;
    trial_open(&t);
    t.answer = -ENOSPC;
    struct event e = sysmon();
    e.field[EVENT_COMMAND_LINE] = text_from(ATTACK);
    CU_ASSERT_EQUAL(alert_maker_event(t.maker, &e), -ENOSPC);
    CU_ASSERT_EQUAL(t.count, 1); /* the other rule's comes when the event does again */
    trial_close(&t);
}

#define RULE_SCRIPT                                                                                                    \
    "title: A script\n"                                                                                                \
    "id: 33333333-3333-4333-8333-333333333333\n"                                                                       \
    "status: test\n"                                                                                                   \
    "logsource:\n    product: windows\n    category: ps_script\n"                                                      \
    "detection:\n    selection:\n        ScriptBlockText|contains: 'Set-CASMailbox'\n    condition: selection\n"       \
    "level: medium\n"

/* Gives part number of total of block id on computer. */
static int give_part(struct trial *t, const char *computer, const char *number, const char *total, const char *text)
{
    const struct event_datum data[] = {{text_from("MessageNumber"), text_from(number)},
                                       {text_from("MessageTotal"), text_from(total)},
                                       {text_from("ScriptBlockText"), text_from(text)},
                                       {text_from("ScriptBlockId"), text_from("b7b8-id")},
                                       {text_from("Path"), text_from("")}};
    struct event e = {.kind = EVENT_OTHER, .event_id = 4104, .time = 1u << 30, .data = data, .data_count = 5};
    e.has_record_id = true;
    e.record_id = (uint64_t)number[0];
    e.field[EVENT_PROVIDER] = text_from("Microsoft-Windows-PowerShell");
    e.field[EVENT_CHANNEL] = text_from("Microsoft-Windows-PowerShell/Operational");
    e.field[EVENT_COMPUTER] = text_from(computer);
    return alert_maker_event(t->maker, &e);
}

static uint64_t clock_now;

static uint64_t clock_ms(void)
{
    return clock_now;
}

static void trial_open_script(struct trial *t, uint64_t (*clock)(void))
{
    const struct rule_set_options options = {.is_plain = false};
    memset(t, 0, sizeof(*t));
    CU_ASSERT_EQUAL_FATAL(rule_set_new(&t->set), 0);
    add_sigma(t->set, RULE_SCRIPT);
    CU_ASSERT_EQUAL_FATAL(rule_set_seal(t->set, &options), 0);
    const struct alert_maker_settings settings = {
        .rules = t->set, .agent = &agent, .context = t, .take = take, .clock_ms = clock};
    CU_ASSERT_EQUAL_FATAL(alert_maker_new(&t->maker, &settings), 0);
}

static const json_t *script_block(const struct trial *t, unsigned i)
{
    return json_object_get(json_object_get(t->documents[i], "tripline"), "script_block");
}

/* Parts in any order make one alert, when the last one comes; a word may be cut in two; a part alone makes none. */
static void test_parts(void)
{
    struct trial t;
    char id[ALERT_ID_SIZE];
    trial_open_script(&t, NULL);
    CU_ASSERT_EQUAL(give_part(&t, "h", "3", "3", "Mailbox u"), 0);
    CU_ASSERT_EQUAL(give_part(&t, "other", "1", "3", "Set-CASMailbox"), 0); /* of another computer */
    CU_ASSERT_EQUAL(give_part(&t, "h", "1", "3", "# Set-CASMailbox; Set-"), 0);
    CU_ASSERT_EQUAL(t.count, 0);
    CU_ASSERT_EQUAL(alert_maker_waiting(t.maker), 2);
    CU_ASSERT_EQUAL(give_part(&t, "h", "2", "3", "CAS"), 0);
    CU_ASSERT_EQUAL_FATAL(t.count, 1);
    CU_ASSERT_STRING_EQUAL(string_at(t.documents[0], "winlog", "event_data", "ScriptBlockText"),
                           "# Set-CASMailbox; Set-CASMailbox u");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(script_block(&t, 0), "parts")), 3);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(script_block(&t, 0), "total")), 3);
    CU_ASSERT_TRUE(json_is_true(json_object_get(script_block(&t, 0), "complete")));
    CU_ASSERT_EQUAL(give_part(&t, "h", "1", "3", "# Set-CASMailbox; Set-"), 0); /* delivered again */
    CU_ASSERT_EQUAL(t.count, 1);
    memcpy(id, t.ids[0], sizeof(id));
    CU_ASSERT_EQUAL(alert_maker_end(t.maker), 0);
    CU_ASSERT_EQUAL_FATAL(t.count, 2);
    CU_ASSERT_TRUE(json_is_false(json_object_get(script_block(&t, 1), "complete")));
    CU_ASSERT_EQUAL(alert_maker_waiting(t.maker), 0);
    struct alert_maker_blocks blocks = alert_maker_blocks(t.maker);
    CU_ASSERT(blocks.joined == 1 && blocks.incomplete == 1 && blocks.encrypted == 0);
    trial_close(&t);
    trial_open_script(&t, NULL); /* in another order, the same id */
    CU_ASSERT_EQUAL(give_part(&t, "h", "2", "3", "CAS"), 0);
    CU_ASSERT_EQUAL(give_part(&t, "h", "1", "3", "# Set-CASMailbox; Set-"), 0);
    CU_ASSERT_EQUAL(give_part(&t, "h", "3", "3", "Mailbox u"), 0);
    CU_ASSERT_EQUAL_FATAL(t.count, 1);
    CU_ASSERT_STRING_EQUAL(t.ids[0], id);
    CU_ASSERT_EQUAL(give_part(&t, "h", "1", "1", "Set-CASMailbox"), 0); /* a block of one event */
    CU_ASSERT_EQUAL_FATAL(t.count, 2);
    CU_ASSERT_PTR_NULL(script_block(&t, 1));
    CU_ASSERT_EQUAL(give_part(&t, "h", "1", "1", "-----BEGIN CMS-----"), 0);
    CU_ASSERT_EQUAL(alert_maker_blocks(t.maker).encrypted, 1);
    trial_close(&t);
}

/* Parts that never come, and an alert that can't be taken at first: its block waits. */
static void test_late_parts(void)
{
    struct trial t;
    clock_now = 1000;
    trial_open_script(&t, clock_ms);
    CU_ASSERT_EQUAL(give_part(&t, "h", "2", "3", "Set-CASMailbox"), 0);
    clock_now += POWERSHELL_BLOCKS_IDLE_MS - 1;
    CU_ASSERT_EQUAL(alert_maker_idle(t.maker), 0);
    CU_ASSERT_EQUAL(t.count, 0);
    clock_now++;
    t.answer = -ENOSPC;
    CU_ASSERT_EQUAL(alert_maker_idle(t.maker), -ENOSPC);
    CU_ASSERT_EQUAL(alert_maker_waiting(t.maker), 1);
    t.answer = 0;
    CU_ASSERT_EQUAL(alert_maker_idle(t.maker), 0);
    CU_ASSERT_EQUAL(t.count, 2);
    CU_ASSERT_STRING_EQUAL(t.ids[0], t.ids[1]);
    CU_ASSERT_EQUAL(alert_maker_waiting(t.maker), 0);
    trial_close(&t);
}

/* What one thread began another one completes. */
static void test_adopt(void)
{
    struct trial t, other;
    trial_open_script(&t, NULL);
    trial_open_script(&other, NULL);
    CU_ASSERT_PTR_NULL(alert_maker_give(other.maker));
    CU_ASSERT_EQUAL(give_part(&other, "h", "1", "2", "Set-CAS"), 0);
    CU_ASSERT_EQUAL(give_part(&t, "h", "2", "2", "Mailbox"), 0);
    CU_ASSERT_EQUAL(alert_maker_adopt(t.maker, alert_maker_give(other.maker)), 0);
    CU_ASSERT_EQUAL(t.count, 1);
    CU_ASSERT_EQUAL(alert_maker_waiting(other.maker), 0);
    trial_close(&other);
    trial_close(&t);
}

/* Bytes of a part are looked into although they hold none of the words; those of a whole block aren't. */
static void test_parts_are_read(void)
{
    static const char part[] = "<Event>..4104..<Data Name='MessageTotal'>2</Data><Data Name='ScriptBlockText'>x</Data>";
    static const char whole[] = "<Event>..<Data Name=\"MessageTotal\">1</Data><Data Name='ScriptBlockText'>x</Data>";
    struct trial t;
    trial_open_script(&t, NULL);
    CU_ASSERT_EQUAL(rule_set_bytes_find(t.set, text_from(part), 0), (size_t)(strstr(part, "MessageT") - part));
    CU_ASSERT_EQUAL(rule_set_bytes_find(t.set, text_from(whole), 0), strlen(whole));
    trial_close(&t);
    trial_open(&t); /* no rule reads script blocks */
    CU_ASSERT_EQUAL(rule_set_bytes_find(t.set, text_from(part), 0), strlen(part));
    trial_close(&t);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"two rules, two alerts", test_two_rules},
        {"an event that is no process creation", test_other_event},
        {"what take says ends it", test_take_fails},
        {"script blocks in parts", test_parts},
        {"parts that never come", test_late_parts},
        {"parts read by two threads", test_adopt},
        {"parts without a word are read", test_parts_are_read},
        CU_TEST_INFO_NULL,
    };
    return test_main("alert_maker", tests);
}
