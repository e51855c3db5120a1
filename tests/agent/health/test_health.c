#include "agent/health/health.h"

#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct health *health;
static struct health_figures *seen;

static void begin(void)
{
    CU_ASSERT_EQUAL_FATAL(health_new(&health), 0);
    seen = calloc(1, sizeof(*seen));
    CU_ASSERT_PTR_NOT_NULL_FATAL(seen);
}

static void end(void)
{
    free(seen);
    health_free(health);
}

static void set_sources(const char *one, const char *two)
{
    const char *names[] = {one, two};
    health_sources_set(health, names, two == NULL ? 1 : 2);
}

static void test_sources(void)
{
    begin();
    set_sources("Security", "Sysmon");
    health_source_state(health, "Security", HEALTH_READING, NULL);
    health_source_state(health, "Sysmon", HEALTH_DENIED, "EvtSubscribe failed (5)");
    health_source_kept(health, "Security",
                       &(struct health_kept){.events = 3, .matches = 1, .empty_command_lines = 2, .last_event = 77});
    health_source_kept(health, "Security", &(struct health_kept){.events = 1, .last_event = 70});
    health_source_gap(health, "Security", 5, 9);
    health_source_bad_event(health, "Security");
    health_read(health, seen);
    CU_ASSERT_EQUAL_FATAL(seen->source_count, 2);
    CU_ASSERT_STRING_EQUAL(seen->sources[0].name, "Security");
    CU_ASSERT_EQUAL(seen->sources[0].state, HEALTH_READING);
    CU_ASSERT_EQUAL(seen->sources[0].events, 4);
    CU_ASSERT_EQUAL(seen->sources[0].matches, 1);
    CU_ASSERT_EQUAL(seen->sources[0].empty_command_lines, 2);
    CU_ASSERT_EQUAL(seen->sources[0].last_event, 77);
    CU_ASSERT_EQUAL(seen->sources[0].gaps, 1);
    CU_ASSERT_EQUAL(seen->sources[0].lost, 5);
    CU_ASSERT_EQUAL(seen->sources[0].bad_events, 1);
    CU_ASSERT_EQUAL(seen->sources[1].state, HEALTH_DENIED);
    CU_ASSERT_STRING_EQUAL(seen->sources[1].trouble, "EvtSubscribe failed (5)");
    set_sources("Sysmon", "New"); /* one that stays keeps its figures, one that goes is gone */
    health_read(health, seen);
    CU_ASSERT_EQUAL_FATAL(seen->source_count, 2);
    CU_ASSERT_EQUAL(seen->sources[0].state, HEALTH_DENIED);
    CU_ASSERT_EQUAL(seen->sources[1].state, HEALTH_STARTING);
    CU_ASSERT_EQUAL(seen->sources[1].events, 0);
    end();
}

static void keep(uint64_t record)
{
    health_source_kept(health, "S", &(struct health_kept){.events = 1, .has_record = true, .record = record});
}

static const struct health_coverage *coverage(void)
{
    health_read(health, seen);
    return &seen->sources[0].coverage;
}

static void test_coverage(void)
{
    begin();
    set_sources("S", NULL);
    CU_ASSERT_FALSE(coverage()->has_begin);
    health_source_begin(health, "S", 100);
    CU_ASSERT_TRUE(coverage()->has_begin);
    CU_ASSERT_FALSE(coverage()->has_end);
    keep(110);
    health_source_gap(health, "S", 101, 103);
    const struct health_coverage *c = coverage();
    CU_ASSERT_EQUAL(c->begin, 100);
    CU_ASSERT_TRUE(c->has_end);
    CU_ASSERT_EQUAL(c->end, 110);
    CU_ASSERT_EQUAL(c->events, 1);
    CU_ASSERT_EQUAL_FATAL(c->lost_count, 1);
    CU_ASSERT_EQUAL(c->lost[0].last, 103);
    keep(120); /* after the figures were read: stays for the next receipt */
    health_source_gap(health, "S", 111, 112);
    health_receipt(health, seen);
    c = coverage();
    CU_ASSERT_EQUAL(c->begin, 110);
    CU_ASSERT_EQUAL(c->end, 120);
    CU_ASSERT_EQUAL(c->events, 1);
    CU_ASSERT_EQUAL_FATAL(c->lost_count, 1);
    CU_ASSERT_EQUAL(c->lost[0].first, 111);
    health_receipt(health, seen);
    c = coverage();
    CU_ASSERT_EQUAL(c->begin, 120);
    CU_ASSERT_FALSE(c->has_end);
    CU_ASSERT_EQUAL(c->events, 0);
    end();
}

static void test_coverage_restarts(void)
{
    begin();
    set_sources("S", NULL);
    health_source_begin(health, "S", 100);
    keep(110);
    keep(4); /* the log was cleared */
    const struct health_coverage *c = coverage();
    CU_ASSERT_TRUE(c->has_restarted);
    CU_ASSERT_FALSE(c->has_begin);
    CU_ASSERT_EQUAL(c->end, 4);
    health_receipt(health, seen);
    c = coverage();
    CU_ASSERT_FALSE(c->has_restarted);
    CU_ASSERT_EQUAL(c->begin, 4);
    health_source_restart(health, "S"); /* a bookmark could not be used */
    CU_ASSERT_TRUE(coverage()->has_restarted);
    CU_ASSERT_FALSE(coverage()->has_begin);
    CU_ASSERT_EQUAL(seen->sources[0].restarts, 1);
    end();
}

static void test_many_gaps(void)
{
    begin();
    set_sources("S", NULL);
    for (uint64_t i = 0; i < HEALTH_MAX_RANGES + 5; i++)
        health_source_gap(health, "S", 10 * i, 10 * i + 1);
    const struct health_coverage *c = coverage();
    CU_ASSERT_EQUAL(c->lost_count, HEALTH_MAX_RANGES);
    CU_ASSERT_EQUAL(c->lost[HEALTH_MAX_RANGES - 1].last, 10 * (HEALTH_MAX_RANGES + 4) + 1);
    CU_ASSERT_EQUAL(seen->sources[0].lost, 2 * (HEALTH_MAX_RANGES + 5));
    end();
}

static void fill(void *context, struct health_source *to)
{
    to->events = *(const uint64_t *)context;
    to->has_backlog = true;
    to->backlog = 9;
}

static void test_ask(void)
{
    uint64_t events = 1234;
    begin();
    set_sources("S", NULL);
    health_source_ask(health, "S", fill, &events);
    health_read(health, seen);
    CU_ASSERT_EQUAL(seen->sources[0].events, 1234);
    CU_ASSERT_EQUAL(seen->sources[0].backlog, 9);
    health_source_ask(health, "S", NULL, NULL);
    health_read(health, seen);
    CU_ASSERT_EQUAL(seen->sources[0].events, 0);
    end();
}

static void test_outputs(void)
{
    const char *first[] = {"a", "b"}, *second[] = {"b", "c"};
    begin();
    health_outputs_set(health, first, 2);
    health_output_delivered(health, "b", 3, 2, 200);
    health_output_failed(health, "b", 503, "HTTP 503");
    health_output_failed(health, "b", 503, "HTTP 503");
    health_output_refused(health, "unknown", 400); /* nothing happens */
    health_outputs_set(health, second, 2);
    health_read(health, seen);
    CU_ASSERT_EQUAL_FATAL(seen->output_count, 2);
    const struct health_output *b = &seen->outputs[0];
    CU_ASSERT_STRING_EQUAL(b->name, "b");
    CU_ASSERT_EQUAL(b->delivered, 3);
    CU_ASSERT_EQUAL(b->heartbeats, 2);
    CU_ASSERT_EQUAL(b->failures, 2);
    CU_ASSERT_EQUAL(b->failing, 2);
    CU_ASSERT_STRING_EQUAL(b->trouble, "HTTP 503");
    CU_ASSERT_NOT_EQUAL(b->last_success, 0);
    health_output_delivered(health, "b", 1, 2, 202);
    health_output_refused(health, "c", 422);
    health_read(health, seen);
    CU_ASSERT_EQUAL(b->failing, 0);
    CU_ASSERT_EQUAL(b->last_status, 202);
    CU_ASSERT_STRING_EQUAL(b->trouble, "");
    CU_ASSERT_EQUAL(seen->outputs[1].refused, 1);
    end();
}

static void test_threads(void)
{
    begin();
    health_alive(health, "one", 0);
    health_alive(health, "two", 60000);
    uint64_t until = health_clock_ms() + 20;
    while (health_clock_ms() < until)
        ;
    health_read(health, seen);
    CU_ASSERT_EQUAL_FATAL(seen->thread_count, 2);
    CU_ASSERT(seen->threads[0].overdue_ms >= 10);
    CU_ASSERT_EQUAL(seen->threads[1].overdue_ms, 0);
    health_gone(health, "one");
    health_read(health, seen);
    CU_ASSERT_EQUAL_FATAL(seen->thread_count, 1);
    CU_ASSERT_STRING_EQUAL(seen->threads[0].name, "two");
    CU_ASSERT_EQUAL(seen->threads[0].overdue_ms, 0);
    end();
}

static void test_rest(void)
{
    begin();
    health_store(health, -ENOSPC);
    health_logged(health, true);
    health_logged(health, false);
    health_pace_set(health, 7);
    health_read(health, seen);
    CU_ASSERT_TRUE(seen->is_store_full);
    CU_ASSERT_FALSE(seen->is_store_failing);
    CU_ASSERT_EQUAL(seen->log_errors, 1);
    CU_ASSERT_EQUAL(seen->log_warnings, 1);
    CU_ASSERT_EQUAL(health_pace(health), 7);
    health_store(health, -EIO);
    health_read(health, seen);
    CU_ASSERT_FALSE(seen->is_store_full);
    CU_ASSERT_TRUE(seen->is_store_failing);
    char long_name[2 * HEALTH_NAME_SIZE];
    memset(long_name, 'x', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    health_source_bad_event(health, long_name); /* cut, and found again */
    health_source_bad_event(health, long_name);
    health_read(health, seen);
    CU_ASSERT_EQUAL_FATAL(seen->source_count, 1);
    CU_ASSERT_EQUAL(seen->sources[0].bad_events, 2);
    health_free(NULL);
    end();
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"sources", test_sources},
        {"coverage", test_coverage},
        {"coverage begins anew", test_coverage_restarts},
        {"many gaps", test_many_gaps},
        {"a source that counts for itself", test_ask},
        {"outputs", test_outputs},
        {"threads", test_threads},
        {"store, log, pace, long names", test_rest},
        {NULL, NULL},
    };
    return test_main("health", tests);
}
