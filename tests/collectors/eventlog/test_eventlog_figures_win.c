/*
 * The Event Log reader's figures, read from another thread while it reads; on the stand-in, which serves the file
 * C:\winsim\Figures.xml as the channel Figures.
 */
#include "collectors/eventlog/eventlog.h"
#include "collectors/eventlog/eventlog_figures.h"
#include "detect/rules/rule_builtin.h"
#include "tests/test.h"

#include <windows.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define SCENARIO_NAME "C:\\winsim\\scenario.txt"
#define FILE_NAME "C:\\winsim\\Figures.xml"
#define ATTACK "exshell.psc1 Set-CASMailbox -ActiveSyncAllowedDeviceIDs @{add='X'}"

static atomic_int answer; /* of the sink's checkpoint */
static atomic_uint events, reports[COLLECTOR_WRAPPING + 1];
static atomic_bool may_be_held; /* as the last round said */

static int take_event(void *context, const struct event *event)
{
    (void)context;
    (void)event;
    atomic_fetch_add(&events, 1);
    return 0;
}

static int keep(void *context, struct text source, const struct collector_bookmark *bookmark)
{
    (void)context;
    (void)source;
    (void)bookmark;
    return atomic_load(&answer);
}

static void report(void *context, const struct collector_report *r)
{
    (void)context;
    atomic_fetch_add(&reports[r->kind], 1);
}

static int alive(void *context, bool may_hold)
{
    (void)context;
    atomic_store(&may_be_held, may_hold);
    return 0;
}

/* Records first to last: each fourth without a command line, the one named attack matches. */
static void append(unsigned first, unsigned last, unsigned attack)
{
    FILE *to = fopen(FILE_NAME, "ab");
    CU_ASSERT_PTR_NOT_NULL_FATAL(to);
    for (unsigned i = first; i <= last; i++)
        fprintf(to,
                "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
                "Name='Microsoft-Windows-Security-Auditing'/><EventID>4688</EventID><TimeCreated "
                "SystemTime='2026-11-24T12:00:00.0000000Z'/><EventRecordID>%u</EventRecordID><Channel>Figures</Channel>"
                "<Computer>pc1</Computer></System><EventData><Data Name='CommandLine'>%s</Data></EventData></Event>\n",
                i,
                i == attack  ? ATTACK
                : i % 4 == 0 ? ""
                             : "cmd.exe");
    CU_ASSERT_EQUAL_FATAL(fclose(to), 0);
}

static void *read_all(void *log)
{
    eventlog_run(log);
    return NULL;
}

static bool all_read(const struct eventlog_figures *f)
{
    return f->records == 520 && f->backlog == 0 && !f->is_waiting;
}

static bool is_waiting(const struct eventlog_figures *f)
{
    return f->is_waiting;
}

static bool wraps_soon(const struct eventlog_figures *f)
{
    return f->hours_to_wrap >= 0 && f->hours_to_wrap < 4;
}

static bool has_gap(const struct eventlog_figures *f)
{
    return f->gaps > 0;
}

/* Reads the figures until they are so, or for 30 s. */
static struct eventlog_figures wait_until(struct eventlog *log, bool (*is_so)(const struct eventlog_figures *))
{
    struct eventlog_figures f = {0};
    for (int i = 0; i < 3000; i++) {
        CU_ASSERT_EQUAL_FATAL(eventlog_figures(log, 0, &f), 0);
        if (is_so(&f))
            return f;
        Sleep(10);
    }
    CU_FAIL("not within 30 s");
    return f;
}

static void look(struct eventlog *log)
{
    struct eventlog_figures f = wait_until(log, is_waiting);
    CU_ASSERT_EQUAL(f.state, EVENTLOG_READING);
    CU_ASSERT_EQUAL(f.records, 100);
    CU_ASSERT_EQUAL(f.matches, 1);
    CU_ASSERT_EQUAL(f.last_record, 100);
    CU_ASSERT_EQUAL(f.backlog, 400);
    CU_ASSERT_EQUAL(f.commands, 100);
    CU_ASSERT_EQUAL(f.no_command, 25);
    uint64_t time = 0;
    CU_ASSERT_TRUE(event_time_parse(&time, text_from("2026-11-24T12:00:00.0000000Z")));
    CU_ASSERT_EQUAL(f.last_time, time);

    /* The log may grow by half: at a rate of 20 records in 10 s what is unread will be overwritten within minutes. */
    CU_ASSERT_TRUE(atomic_load(&may_be_held));
    append(501, 520, 0);
    f = wait_until(log, wraps_soon);
    Sleep(1500); /* a round while it waits */
    CU_ASSERT_FALSE(atomic_load(&may_be_held));
    CU_ASSERT_EQUAL(atomic_load(&reports[COLLECTOR_WRAPPING]), 1);

    atomic_store(&answer, 0);
    f = wait_until(log, all_read);
    CU_ASSERT_EQUAL(f.last_record, 520);
    CU_ASSERT_EQUAL(f.lost + f.gaps + f.skipped + f.reopened + f.clears, 0);
    CU_ASSERT_TRUE(f.records_per_s > 0);

    CU_ASSERT_EQUAL(eventlog_figures(log, 1, &f), 0);
    CU_ASSERT_EQUAL(f.state, EVENTLOG_ABSENT);
    CU_ASSERT_EQUAL(f.last_code, ERROR_EVT_CHANNEL_NOT_FOUND);

    append(530, 540, 540);
    f = wait_until(log, has_gap);
    CU_ASSERT_EQUAL(f.gaps, 1);
    CU_ASSERT_EQUAL(f.lost, 9);
    CU_ASSERT_EQUAL(f.matches, 2);
    CU_ASSERT_TRUE(f.written_per_s > 0);
    CU_ASSERT_TRUE(f.hours_to_wrap > 0);
}

static void test_figures(void)
{
    static const struct eventlog_channel channels[] = {{.name = {"Figures", 7}}, {.name = {"Nothing", 7}}};
    struct rule_set *rules = NULL;
    struct eventlog *log = NULL;
    struct eventlog_figures f;
    struct fault fault = {0};
    pthread_t thread;
    (void)remove(FILE_NAME); /* of a run before */
    FILE *scenario = fopen(SCENARIO_NAME, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    fputs("max-size Figures 300000\n", scenario);
    CU_ASSERT_EQUAL_FATAL(fclose(scenario), 0);
    append(1, 500, 1);
    atomic_store(&answer, -ENOSPC);
    CU_ASSERT_EQUAL_FATAL(rule_builtin_set(&rules, NULL), 0);
    struct eventlog_settings set = {
        .channels = channels,
        .channel_count = 2,
        .lookback_s = EVENTLOG_LOOKBACK_ALL,
        .retry_ms = 2000,
        .rules = rules,
        .sink = {.event = take_event, .checkpoint = keep, .report = report, .alive = alive}};
    CU_ASSERT_EQUAL_FATAL(eventlog_new(&log, &set, &fault), 0);
    CU_ASSERT_STRING_EQUAL(eventlog_channel_name(log, 1), "Nothing");
    CU_ASSERT_PTR_NULL(eventlog_channel_name(log, 2));
    CU_ASSERT_EQUAL(eventlog_figures(log, 2, &f), -EINVAL);
    CU_ASSERT_EQUAL(eventlog_figures(log, 0, &f), 0);
    CU_ASSERT_EQUAL(f.state, EVENTLOG_STARTING);
    CU_ASSERT_TRUE(f.hours_to_wrap < 0);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, read_all, log), 0);
    look(log);
    eventlog_stop(log);
    CU_ASSERT_EQUAL(pthread_join(thread, NULL), 0);
    eventlog_free(log);
    rule_set_free(rules);
    CU_ASSERT_EQUAL(remove(SCENARIO_NAME), 0);
    CU_ASSERT_EQUAL(atomic_load(&events), 2);
    CU_ASSERT_EQUAL(atomic_load(&reports[COLLECTOR_OPENED]), 1);
    CU_ASSERT_EQUAL(atomic_load(&reports[COLLECTOR_ABSENT]), 1);
    CU_ASSERT_EQUAL(atomic_load(&reports[COLLECTOR_GAP]), 1);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"figures while it reads", test_figures}, CU_TEST_INFO_NULL};
    return test_main("eventlog figures", tests);
}
