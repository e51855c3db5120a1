#include "agent/run/witness.h"
#include "detect/event/kinds.h"
#include "detect/rules/rule_builtin.h"
#include "tests/test.h"
#include "transport/document/alert_id.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ATTACK "powershell -c Set-CASMailbox -ActiveSyncAllowedDeviceIDs @{add='X'}"
#define SECOND 10000000ull
#define BEGIN (13000000000ull * SECOND)
#define PATH "test_witness.db"

static const char *const outputs[] = {"a"};

/* A store, the join over it, and two collectors' pipelines by their addresses. */
struct trial {
    struct store *store;
    struct witness *w;
};

static int one, other;

static struct trial trial_open(void)
{
    struct trial t = {NULL, NULL};
    struct store_settings set = {
        .path = PATH, .outputs = outputs, .output_count = 1, .max_alerts = 1000, .max_bytes = 1000000};
    struct fault fault;
    CU_ASSERT_FATAL(store_open(&t.store, &set, &fault) == 0);
    CU_ASSERT_FATAL(witness_new(&t.w, t.store, NULL, &fault) == 0);
    return t;
}

static void trial_close(struct trial *t)
{
    witness_free(t->w);
    store_close(t->store);
}

static void remove_files(void)
{
    (void)remove(PATH); /* they may not be there */
    (void)remove(PATH "-wal");
}

static struct event event(enum event_kind kind, uint32_t pid, uint64_t time, const char *line)
{
    struct event e = {.kind = kind, .time = time, .has_pid = true, .pid = pid, .has_parent_pid = true, .parent_pid = 4};
    e.has_record_id = kind != EVENT_ETW_PROCESS;
    e.record_id = time;
    e.event_id = kind == EVENT_ETW_PROCESS ? 0 : kind == EVENT_SYSMON_1 ? 1 : 4688;
    e.field[EVENT_PROVIDER] = kinds_provider(kind);
    if (e.has_record_id)
        e.field[EVENT_CHANNEL] = text_from(kind == EVENT_SYSMON_1 ? "Sysmon" : "Security");
    e.field[EVENT_COMPUTER] = text_from("EXCH01.corp.example.com");
    e.field[EVENT_COMMAND_LINE] = text_from(line);
    return e;
}

static struct event child(enum event_kind kind, uint32_t pid, uint64_t time, uint32_t parent, uint64_t parent_time)
{
    struct event e = event(kind, pid, time, "whoami");
    e.parent_pid = parent;
    e.parent_time = parent_time;
    e.field[EVENT_PARENT_COMMAND_LINE] = text_from(ATTACK);
    return e;
}

static struct rule_set *rules;       /* the built-in ones */
static const struct rule *rule_used; /* NULL: the first of them */

/* Sees the event and, when wanted, keeps what came of it. Its id goes to id. Returns the action, or "alert". */
static const char *see(struct trial *t, const void *owner, const struct event *e, bool keep, char id[ALERT_ID_SIZE],
                       struct witness_verdict *verdict)
{
    const struct rule_match *matches;
    struct rule_scratch *scratch = NULL;
    struct alert alert;
    struct sha256 sha256 = {0};
    if (rules == NULL)
        CU_ASSERT_FATAL(rule_builtin_set(&rules, NULL) == 0);
    CU_ASSERT_FATAL(rule_scratch_new(&scratch, rules) == 0);
    CU_ASSERT_FATAL(rule_set_match(rules, e, 1, scratch, &matches) == 1);
    struct rule_match match = matches[0];
    if (rule_used != NULL)
        match.rule = rule_used;
    rule_scratch_free(scratch);
    CU_ASSERT_FATAL(alert_make(&alert, &match, rule_set_columns(rules), e, 1) == 0);
    CU_ASSERT_FATAL(alert_id(id, &sha256, &alert) == 0);
    sha256_clear(&sha256);
    CU_ASSERT(witness_see(t->w, owner, &alert, id, verdict) == 0);
    alert_clear(&alert);
    struct store_subject subject;
    struct fault fault;
    if (keep && witness_subject(t->w, verdict->alert, &subject)) {
        CU_ASSERT(store_keep_told(t->store, NULL, 0, &subject, 1, "s", "b", NULL, &fault) == 0);
        witness_kept(t->w, verdict->alert);
    }
    return verdict->action == NULL ? "alert" : verdict->action;
}

/* The next event, kept: is it want, of the alert to (NULL: its own)? */
static void expect(struct trial *t, struct event e, const char *want, const char *to, char id[ALERT_ID_SIZE])
{
    struct witness_verdict verdict;
    CU_ASSERT_STRING_EQUAL(see(t, &one, &e, true, id, &verdict), want);
    CU_ASSERT_STRING_EQUAL(verdict.alert, to == NULL ? id : to);
}

static void test_three_witnesses(void)
{
    char first[ALERT_ID_SIZE], id[ALERT_ID_SIZE];
    remove_files();
    struct trial t = trial_open();
    expect(&t, event(EVENT_SECURITY_4688, 100, BEGIN, ATTACK), "alert", NULL, first);
    expect(&t, event(EVENT_SYSMON_1, 100, BEGIN + 2 * SECOND, ATTACK), "witness-added", first, id);
    struct event e = event(EVENT_ETW_PROCESS, 100, BEGIN - 2 * SECOND, ATTACK);
    e.field[EVENT_COMPUTER] = text_from("exch01.CORP.example.com"); /* the same host */
    expect(&t, e, "witness-added", first, id);
    trial_close(&t);
}

/* What one rule finds in a process never adds to the alert of another. */
static void test_two_rules(void)
{
    struct rule second;
    char first[ALERT_ID_SIZE], other_rule[ALERT_ID_SIZE], id[ALERT_ID_SIZE];
    if (rules == NULL)
        CU_ASSERT_FATAL(rule_builtin_set(&rules, NULL) == 0);
    second = *rule_set_at(rules, 0);
    second.id = "11111111-1111-4111-8111-111111111111";
    remove_files();
    struct trial t = trial_open();
    expect(&t, event(EVENT_SECURITY_4688, 100, BEGIN, ATTACK), "alert", NULL, first);
    rule_used = &second;
    expect(&t, event(EVENT_SYSMON_1, 100, BEGIN, ATTACK), "alert", NULL, other_rule);
    expect(&t, event(EVENT_SECURITY_4688, 100, BEGIN, ATTACK), "witness-added", other_rule, id);
    rule_used = NULL;
    expect(&t, event(EVENT_SYSMON_1, 100, BEGIN, ATTACK), "witness-added", first, id);
    trial_close(&t);
}

static void test_other_processes(void)
{
    char id[ALERT_ID_SIZE];
    remove_files();
    struct trial t = trial_open();
    expect(&t, event(EVENT_SECURITY_4688, 100, BEGIN, ATTACK), "alert", NULL, id);
    expect(&t, event(EVENT_SYSMON_1, 104, BEGIN, ATTACK), "alert", NULL, id);                     /* pid */
    expect(&t, event(EVENT_SYSMON_1, 100, BEGIN, ATTACK " "), "alert", NULL, id);                 /* line */
    expect(&t, event(EVENT_ETW_PROCESS, 100, BEGIN + 2 * SECOND + 1, ATTACK), "alert", NULL, id); /* time */
    expect(&t, event(EVENT_SECURITY_4688, 100, BEGIN - 1, ATTACK), "alert", NULL, id); /* the same log tells once */
    struct event e = event(EVENT_SYSMON_1, 100, BEGIN, ATTACK);
    e.field[EVENT_COMPUTER] = text_from("other.example.com");
    expect(&t, e, "alert", NULL, id);
    e.has_pid = false;
    expect(&t, e, "alert", NULL, id);
    trial_close(&t);
}

static void test_replay_and_restart(void)
{
    char first[ALERT_ID_SIZE], id[ALERT_ID_SIZE];
    remove_files();
    struct trial t = trial_open();
    expect(&t, event(EVENT_SECURITY_4688, 100, BEGIN, ATTACK), "alert", NULL, first);
    expect(&t, event(EVENT_SYSMON_1, 100, BEGIN, ATTACK), "witness-added", first, id);
    for (int restart = 0; restart <= 1; restart++) {
        expect(&t, event(EVENT_SECURITY_4688, 100, BEGIN, ATTACK), "alert", NULL, id);
        expect(&t, event(EVENT_SYSMON_1, 100, BEGIN, ATTACK), "witness-added", first, id);
        trial_close(&t);
        t = trial_open();
    }
    expect(&t, event(EVENT_ETW_PROCESS, 100, BEGIN, ATTACK), "witness-added", first, id);
    trial_close(&t);
}

static void test_children(void)
{
    char first[ALERT_ID_SIZE], id[ALERT_ID_SIZE];
    remove_files();
    struct trial t = trial_open();
    expect(&t, event(EVENT_ETW_PROCESS, 100, BEGIN, ATTACK), "alert", NULL, first);
    expect(&t, child(EVENT_ETW_PROCESS, 104, BEGIN + 9 * SECOND, 100, BEGIN), "child-started", first, id);
    expect(&t, child(EVENT_ETW_PROCESS, 108, BEGIN + 9 * SECOND, 100, BEGIN), "child-started", first, id);
    expect(&t, child(EVENT_SYSMON_1, 108, BEGIN + 9 * SECOND, 100, 0), "child-started", first, id);
    expect(&t, child(EVENT_ETW_PROCESS, 112, BEGIN + 9 * SECOND, 100, BEGIN + 5 * SECOND), "alert", NULL,
           id); /* reuse */
    /* a process that is known by what it started: then it tells of itself */
    expect(&t, child(EVENT_SYSMON_1, 204, BEGIN + 9 * SECOND, 200, 0), "alert", NULL, first);
    expect(&t, child(EVENT_SYSMON_1, 208, BEGIN + 10 * SECOND, 200, 0), "child-started", first, id);
    expect(&t, event(EVENT_SECURITY_4688, 200, BEGIN + 12 * SECOND, ATTACK), "alert", NULL, id); /* after its child */
    expect(&t, event(EVENT_SECURITY_4688, 200, BEGIN + 8 * SECOND, ATTACK), "witness-added", first, id);
    trial_close(&t);
}

static void *keep_later(void *context)
{
    struct trial *t = context;
    struct timespec pause = {0, 200 * 1000 * 1000};
    char id[ALERT_ID_SIZE];
    struct event e = event(EVENT_SECURITY_4688, 100, BEGIN, ATTACK);
    struct witness_verdict verdict;
    (void)nanosleep(&pause, NULL); /* earlier is no harm */
    CU_ASSERT_STRING_EQUAL(see(t, &one, &e, true, id, &verdict), "alert");
    return NULL;
}

/* A follow-up never goes out before its alert is on disk; and no alert is lost for its sake. */
static void test_not_before_it_is_kept(void)
{
    char id[ALERT_ID_SIZE], first[ALERT_ID_SIZE];
    struct witness_verdict verdict;
    pthread_t thread;
    remove_files();
    struct trial t = trial_open();
    struct event e = event(EVENT_SECURITY_4688, 100, BEGIN, ATTACK), later = event(EVENT_SYSMON_1, 100, BEGIN, ATTACK);
    CU_ASSERT_STRING_EQUAL(see(&t, &one, &e, false, first, &verdict), "alert");
    CU_ASSERT_STRING_EQUAL(see(&t, &other, &later, false, id, &verdict), "alert");       /* after waiting */
    CU_ASSERT_STRING_EQUAL(see(&t, &one, &later, false, id, &verdict), "witness-added"); /* its own transaction */
    CU_ASSERT_FATAL(pthread_create(&thread, NULL, keep_later, &t) == 0);
    CU_ASSERT_STRING_EQUAL(see(&t, &other, &later, false, id, &verdict), "witness-added");
    CU_ASSERT_STRING_EQUAL(verdict.alert, first);
    CU_ASSERT(pthread_join(thread, NULL) == 0);
    /* what an ending collector has not kept has not happened */
    e.pid = later.pid = 200;
    e.record_id = later.record_id = 200;
    CU_ASSERT_STRING_EQUAL(see(&t, &one, &e, false, first, &verdict), "alert");
    witness_forget(t.w, &one);
    CU_ASSERT(!witness_subject(t.w, first, &(struct store_subject){.until = 0}));
    CU_ASSERT_STRING_EQUAL(see(&t, &other, &later, false, id, &verdict), "alert");
    trial_close(&t);
}

static void test_bounded(void)
{
    char first[ALERT_ID_SIZE], id[ALERT_ID_SIZE];
    struct witness_verdict verdict;
    remove_files();
    struct trial t = trial_open();
    expect(&t, event(EVENT_SECURITY_4688, 100, BEGIN, ATTACK), "alert", NULL, first);
    for (uint32_t i = 0; i + 1 < WITNESS_MAX; i++) {
        struct event e = event(EVENT_SECURITY_4688, 1000 + i, BEGIN, ATTACK);
        if (strcmp(see(&t, &one, &e, false, id, &verdict), "alert") != 0)
            CU_FAIL("joined");
    }
    expect(&t, event(EVENT_SYSMON_1, 100, BEGIN, ATTACK), "witness-added", first, id);
    expect(&t, event(EVENT_SECURITY_4688, 104, BEGIN, ATTACK), "alert", NULL, id);
    expect(&t, event(EVENT_ETW_PROCESS, 100, BEGIN, ATTACK), "alert", NULL, id); /* forgotten */
    trial_close(&t);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"three witnesses", test_three_witnesses},
                                        {"two rules, two stories", test_two_rules},
                                        {"other processes", test_other_processes},
                                        {"replay and restart", test_replay_and_restart},
                                        {"children", test_children},
                                        {"not before the alert is kept", test_not_before_it_is_kept},
                                        {"bounded", test_bounded},
                                        CU_TEST_INFO_NULL};
    int code = test_main("witness", tests);
    remove_files();
    witness_free(NULL);
    return code;
}
