#include "collectors/etw/etw_events.h"
#include "collectors/etw/etw_observer.h"
#include "collectors/etw/etw_process.h"
#include "detect/rules/rule_builtin.h"
#include "tests/collectors/etw/etw_sample.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ATTACK "powershell -c Set-CASMailbox -ActiveSyncAllowedDeviceIDs @{add='X'}"
#define SECOND 10000000ull
#define BEGIN (13000000000ull * SECOND)

static struct rule_set *rules;

static struct etw_observer *observer(void)
{
    if (rules == NULL)
        CU_ASSERT_FATAL(rule_builtin_set(&rules, NULL) == 0);
    struct etw_observer_settings set = {
        .rules = rules, .computer = text_from("exch01.corp.example.com"), .limits = {1000, 1000000}};
    struct etw_observer *o = NULL;
    CU_ASSERT_FATAL(etw_observer_new(&o, &set) == 0);
    return o;
}

/* One event of the class Process. creator: header's pid. */
struct made {
    uint8_t opcode;
    uint32_t pid, parent, creator;
    uint64_t time;
    const char *line;
};

static struct etw_hit *take(struct etw_observer *o, struct made m)
{
    struct etw_sample s;
    struct etw_hit *hit = NULL;
    etw_sample_process(&s, 4, 8, true, m.line);
    memcpy(s.bytes + 8, &m.pid, 4); /* hosts of the tests are little-endian, too */
    memcpy(s.bytes + 12, &m.parent, 4);
    struct etw_record r = {.provider = etw_process_guid,
                           .version = 4,
                           .opcode = m.opcode,
                           .pointer_size = 8,
                           .pid = m.creator,
                           .time = m.time,
                           .data = s.bytes,
                           .size = s.size};
    CU_ASSERT(etw_observer_take(o, &r, &hit) == 0);
    return hit;
}

static bool has(const struct etw_hit *hit, enum event_field field, const char *want)
{
    struct text got = hit->event.field[field];
    return want == NULL ? got.bytes == NULL : got.bytes != NULL && text_equal(got, text_from(want));
}

static void test_own_match(void)
{
    struct etw_observer *o = observer();
    CU_ASSERT(take(o, (struct made){ETW_PROCESS_START, 100, 4, 4, BEGIN, "grandparent"}) == NULL);
    CU_ASSERT(take(o, (struct made){ETW_PROCESS_START, 104, 100, 100, BEGIN + 1, "parent"}) == NULL);
    struct etw_hit *hit = take(o, (struct made){ETW_PROCESS_START, 108, 104, 104, BEGIN + 2, ATTACK});
    CU_ASSERT_FATAL(hit != NULL);
    const struct event *e = &hit->event;
    CU_ASSERT(e->kind == EVENT_ETW_PROCESS && e->event_id == 0 && !e->has_record_id && e->time == BEGIN + 2);
    CU_ASSERT(e->has_pid && e->pid == 108 && e->has_parent_pid && e->parent_pid == 104 && e->parent_time == BEGIN + 1);
    CU_ASSERT(!e->has_claimed_parent);
    CU_ASSERT(has(hit, EVENT_COMMAND_LINE, ATTACK) && has(hit, EVENT_IMAGE, "powershell.exe"));
    CU_ASSERT(has(hit, EVENT_COMPUTER, "exch01.corp.example.com") && has(hit, EVENT_PROVIDER, "Windows Kernel Trace"));
    CU_ASSERT(has(hit, EVENT_USER_SID, "S-1-5-21-1-2-1104") && has(hit, EVENT_PARENT_USER_SID, "S-1-5-21-1-2-1104"));
    CU_ASSERT(has(hit, EVENT_PARENT_COMMAND_LINE, "parent") && has(hit, EVENT_PARENT_IMAGE, "powershell.exe"));
    CU_ASSERT(has(hit, EVENT_GRANDPARENT_IMAGE, "powershell.exe") && has(hit, EVENT_USER, NULL));
    free(hit);
    struct etw_observer_counts c = etw_observer_counts(o);
    CU_ASSERT(c.events == 3 && c.starts == 3 && c.hits == 1 && c.bad == 0);
    CU_ASSERT(etw_observer_table(o).entries == 3);
    etw_observer_free(o);
}

static void test_children(void)
{
    struct etw_observer *o = observer();
    free(take(o, (struct made){ETW_PROCESS_START, 104, 4, 4, BEGIN, ATTACK}));
    struct etw_hit *hit = take(o, (struct made){ETW_PROCESS_START, 108, 104, 104, BEGIN + 2, "whoami"});
    CU_ASSERT_FATAL(hit != NULL);
    CU_ASSERT(has(hit, EVENT_COMMAND_LINE, "whoami") && has(hit, EVENT_PARENT_COMMAND_LINE, ATTACK));
    CU_ASSERT(hit->event.parent_time == BEGIN);
    free(hit);
    CU_ASSERT(take(o, (struct made){ETW_PROCESS_START, 112, 108, 108, BEGIN + 3, "x"}) == NULL); /* a grandchild */
    /* the matching process ended; its pid is another's now */
    CU_ASSERT(take(o, (struct made){ETW_PROCESS_END, 104, 4, 4, BEGIN + 4, ATTACK}) == NULL);
    CU_ASSERT(take(o, (struct made){ETW_PROCESS_START, 104, 4, 4, BEGIN + 5, "harmless"}) == NULL);
    CU_ASSERT(take(o, (struct made){ETW_PROCESS_START, 116, 104, 104, BEGIN + 6, "x"}) == NULL);
    etw_observer_free(o);
}

static void test_forged_parent(void)
{
    struct etw_observer *o = observer();
    CU_ASSERT(take(o, (struct made){ETW_PROCESS_START, 100, 4, 4, BEGIN, "explorer"}) == NULL);
    CU_ASSERT(take(o, (struct made){ETW_PROCESS_START, 104, 4, 4, BEGIN, "evil"}) == NULL);
    struct etw_hit *hit = take(o, (struct made){ETW_PROCESS_START, 108, 100, 104, BEGIN + 1, ATTACK});
    CU_ASSERT_FATAL(hit != NULL);
    CU_ASSERT(hit->event.parent_pid == 104 && has(hit, EVENT_PARENT_COMMAND_LINE, "evil"));
    CU_ASSERT(hit->event.has_claimed_parent && hit->event.claimed_parent_pid == 100);
    CU_ASSERT(has(hit, EVENT_CLAIMED_PARENT_IMAGE, "powershell.exe"));
    free(hit);
    /* a header that knows no process: then the payload's */
    hit = take(o, (struct made){ETW_PROCESS_START, 112, 100, UINT32_MAX, BEGIN + 2, ATTACK});
    CU_ASSERT_FATAL(hit != NULL);
    CU_ASSERT(hit->event.parent_pid == 100 && !hit->event.has_claimed_parent);
    CU_ASSERT(has(hit, EVENT_PARENT_COMMAND_LINE, "explorer"));
    free(hit);
    etw_observer_free(o);
}

static void test_running_before(void)
{
    struct etw_observer *o = observer();
    CU_ASSERT(take(o, (struct made){ETW_PROCESS_DC_START, 104, 4, 0, BEGIN, ATTACK}) == NULL); /* not new */
    struct etw_hit *hit = take(o, (struct made){ETW_PROCESS_START, 108, 104, 104, BEGIN + 1, "child"});
    CU_ASSERT_FATAL(hit != NULL);
    CU_ASSERT(hit->event.parent_time == 0 && has(hit, EVENT_PARENT_COMMAND_LINE, ATTACK));
    free(hit);
    CU_ASSERT(take(o, (struct made){ETW_PROCESS_DC_END, 108, 104, 104, BEGIN + 2, ATTACK}) == NULL);
    CU_ASSERT(etw_observer_table(o).ended == 0);
    CU_ASSERT(etw_observer_restart(o) == 0);
    CU_ASSERT(etw_observer_table(o).entries == 0);
    struct process_entry seed = {.pid = 120, .created = BEGIN, .command_line = text_from(ATTACK)};
    CU_ASSERT(etw_observer_seed(o, &seed) == 0);
    hit = take(o, (struct made){ETW_PROCESS_START, 124, 120, 120, BEGIN + 3, "child"});
    CU_ASSERT_FATAL(hit != NULL);
    CU_ASSERT(hit->event.parent_time == BEGIN);
    free(hit);
    etw_observer_free(o);
}

static size_t shout(char *to, size_t size, struct text bytes)
{
    return text_copy(to, size, text_from(bytes.len == strlen("powershell.exe") ? "decoded" : "?"));
}

static void test_8_bit_image(void)
{
    struct etw_sample s;
    struct etw_hit *hit = NULL;
    struct etw_observer *o = NULL;
    etw_observer_free(observer()); /* makes the rules */
    struct etw_observer_settings set = {
        .rules = rules, .computer = text_from("h"), .limits = {10, 10000}, .decode = shout};
    CU_ASSERT_FATAL(etw_observer_new(&o, &set) == 0);
    etw_sample_process(&s, 4, 8, true, ATTACK);
    size_t image = 36 + 16 + 24;
    CU_ASSERT_FATAL(s.bytes[image] == 'p');
    s.bytes[image] = 0xE4;
    struct etw_record r = {.provider = etw_process_guid,
                           .version = 4,
                           .opcode = ETW_PROCESS_START,
                           .pointer_size = 8,
                           .pid = 77,
                           .time = BEGIN,
                           .data = s.bytes,
                           .size = s.size};
    CU_ASSERT(etw_observer_take(o, &r, &hit) == 0);
    CU_ASSERT_FATAL(hit != NULL);
    CU_ASSERT(has(hit, EVENT_IMAGE, "decoded"));
    free(hit);
    etw_observer_free(o);
}

static void test_refused(void)
{
    struct etw_observer *o = observer();
    struct etw_sample s;
    static unsigned char large[ETW_MAX_PAYLOAD + 1];
    static const unsigned char other[16] = {1};
    struct etw_hit *hit = NULL;
    etw_sample_process(&s, 4, 8, true, ATTACK);
    struct etw_record r = {.provider = etw_process_guid,
                           .version = 4,
                           .opcode = ETW_PROCESS_START,
                           .pointer_size = 8,
                           .pid = 77,
                           .time = BEGIN,
                           .data = s.bytes,
                           .size = s.size - 1};
    CU_ASSERT(etw_observer_take(o, &r, &hit) == -EBADMSG && hit == NULL);
    r.data = large;
    r.size = sizeof(large);
    CU_ASSERT(etw_observer_take(o, &r, &hit) == -EBADMSG && hit == NULL);
    CU_ASSERT_EQUAL(etw_observer_counts(o).bad, 2);
    r.provider = other;
    CU_ASSERT(etw_observer_take(o, &r, &hit) == 0 && hit == NULL);
    r.provider = etw_sysmon_guid;
    r.id = 5; /* not 1 */
    CU_ASSERT(etw_observer_take(o, &r, &hit) == 0 && hit == NULL);
    r.id = 1;
    CU_ASSERT(etw_observer_take(o, &r, &hit) == -EBADMSG && hit == NULL);
    r.provider = etw_security_guid;
    r.id = 4688;
    CU_ASSERT(etw_observer_take(o, &r, &hit) == -EBADMSG && hit == NULL);
    CU_ASSERT_EQUAL(etw_observer_counts(o).events, 4);
    etw_observer_free(o);
    etw_observer_free(NULL);
}

static void test_sysmon(void)
{
    struct etw_observer *o = observer();
    for (int harmless = 0; harmless <= 1; harmless++)
        for (int by_parent = 0; by_parent <= 1; by_parent++) {
            struct etw_sample s;
            struct etw_hit *hit = NULL;
            etw_sample_sysmon(&s, true, true, harmless || by_parent ? "whoami" : ATTACK,
                              by_parent && !harmless ? ATTACK : "cmd");
            struct etw_record r = {.provider = etw_sysmon_guid,
                                   .id = 1,
                                   .version = 5,
                                   .pointer_size = 8,
                                   .pid = 9,
                                   .time = BEGIN,
                                   .data = s.bytes,
                                   .size = s.size};
            CU_ASSERT(etw_observer_take(o, &r, &hit) == 0 && (hit == NULL) == (harmless == 1));
            if (hit == NULL)
                continue;
            CU_ASSERT(hit->event.kind == EVENT_SYSMON_1 && hit->event.event_id == 1 && !hit->event.has_record_id);
            CU_ASSERT(hit->event.pid == 4242 && hit->event.parent_pid == 77 && hit->event.time == BEGIN);
            CU_ASSERT(has(hit, EVENT_USER, "CONTOSO\\dadmin") && has(hit, EVENT_PARENT_USER, "CONTOSO\\boss"));
            CU_ASSERT(has(hit, EVENT_PROCESS_GUID, "{13121110-1514-1716-1819-1a1b1c1d1e1f}"));
            CU_ASSERT(has(hit, EVENT_CHANNEL, "Microsoft-Windows-Sysmon/Operational") &&
                      has(hit, EVENT_LOGON_ID, "0x3e7"));
            CU_ASSERT(has(hit, EVENT_COMMAND_LINE, by_parent ? "whoami" : ATTACK) &&
                      has(hit, EVENT_IMAGE, "C:\\p.exe"));
            free(hit);
        }
    etw_observer_free(o);
}

static void test_4688(void)
{
    struct etw_observer *o = observer();
    struct etw_sample s;
    struct etw_hit *hit = NULL;
    etw_sample_4688(&s, 2, 8, ATTACK);
    struct etw_record r = {.provider = etw_security_guid,
                           .id = 4688,
                           .version = 2,
                           .pointer_size = 8,
                           .pid = 4,
                           .time = BEGIN,
                           .data = s.bytes,
                           .size = s.size};
    CU_ASSERT(etw_observer_take(o, &r, &hit) == 0);
    CU_ASSERT_FATAL(hit != NULL);
    CU_ASSERT(hit->event.kind == EVENT_SECURITY_4688 && hit->event.event_id == 4688 && hit->event.pid == 4242);
    CU_ASSERT(has(hit, EVENT_SUBJECT_SID, "S-1-5-21-1-2-1104") && has(hit, EVENT_SUBJECT_NAME, "dadmin"));
    CU_ASSERT(has(hit, EVENT_SUBJECT_DOMAIN, "CONTOSO") && has(hit, EVENT_TARGET_NAME, "target"));
    CU_ASSERT(has(hit, EVENT_PARENT_IMAGE, "C:\\parent.exe") && has(hit, EVENT_CHANNEL, "Security"));
    CU_ASSERT(has(hit, EVENT_PARENT_COMMAND_LINE, NULL));
    free(hit);
    etw_observer_free(o);
}

/* A rule that was loaded may ask for any field: what it is about is handed over, whatever the command lines are. */
static void test_loaded_rule(void)
{
    static const struct leg_source sources[2] = {{.kinds = UINT64_C(1) << EVENT_ETW_PROCESS},
                                                 {.kinds = UINT64_C(1) << EVENT_SYSMON_1}};
    for (size_t i = 0; i < 2; i++) {
        const struct rule_set_options options = {.is_plain = false};
        struct rule_set *set = NULL;
        struct arena *arena = NULL;
        struct etw_observer *o = NULL;
        const struct rule *other;
        CU_ASSERT_FATAL(rule_set_new(&set) == 0 && arena_new(&arena, 1u << 20) == 0);
        struct rule *rule = arena_zeroed(arena, 1, sizeof(*rule));
        rule->arena = arena;
        rule->id = "x";
        const struct leg leg = {.sources = &sources[i],
                                .source_count = 1,
                                .condition = expr_constant(arena, value_bool(true), (struct expr_place){0, 0}),
                                .is_faithful = true};
        CU_ASSERT_FATAL(legs_add(&rule->legs, arena, rule_set_columns(set), &leg) == 0 &&
                        rule_set_add(set, rule, &other) == 0);
        CU_ASSERT_FATAL(rule_set_seal(set, &options) == 0);
        struct etw_observer_settings settings = {.rules = set, .computer = text_from("h"), .limits = {10, 10000}};
        CU_ASSERT_FATAL(etw_observer_new(&o, &settings) == 0);
        struct etw_hit *hit = take(o, (struct made){ETW_PROCESS_START, 100, 50, 50, BEGIN, "whoami"});
        CU_ASSERT_EQUAL(hit != NULL, i == 0);
        free(hit);
        struct etw_sample s;
        etw_sample_sysmon(&s, true, true, "whoami", "cmd");
        struct etw_record r = {.provider = etw_sysmon_guid,
                               .id = 1,
                               .version = 5,
                               .pointer_size = 8,
                               .pid = 9,
                               .time = BEGIN,
                               .data = s.bytes,
                               .size = s.size};
        hit = NULL;
        CU_ASSERT_EQUAL(etw_observer_take(o, &r, &hit), 0);
        CU_ASSERT_EQUAL(hit != NULL, i == 1);
        free(hit);
        etw_observer_free(o);
        rule_set_free(set);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"its own command line", test_own_match},
                                        {"its creator's command line; pid reuse", test_children},
                                        {"a forged parent", test_forged_parent},
                                        {"processes that ran before", test_running_before},
                                        {"image names of the code page", test_8_bit_image},
                                        {"what is passed over or refused", test_refused},
                                        {"Sysmon", test_sysmon},
                                        {"4688", test_4688},
                                        {"a rule on another field", test_loaded_rule},
                                        CU_TEST_INFO_NULL};
    int code = test_main("etw_observer", tests);
    rule_set_free(rules);
    return code;
}
