#include "agent/health/monitor_internal.h"

#include "agent/log/event_report.h"
#include "agent/log/messages.h"
#include "tests/test.h"

#define MB (1024u * 1024u)

/* Memory makes no pace: it would not go down by it, and the log would go on without us. */
static void test_memory(void)
{
    CU_ASSERT_FALSE(monitor_is_large(false, 64u * MB, 64u * MB));
    CU_ASSERT_TRUE(monitor_is_large(false, 64u * MB + 1, 64u * MB));
    CU_ASSERT_TRUE(monitor_is_large(true, 60u * MB, 64u * MB));
    CU_ASSERT_FALSE(monitor_is_large(true, 56u * MB, 64u * MB));
}

static void test_pace(void)
{
    CU_ASSERT_EQUAL(monitor_pace(0, 4.9, 5), 0);
    unsigned pace = monitor_pace(0, 5.1, 5); /* too much CPU */
    CU_ASSERT(pace > 0);
    CU_ASSERT_EQUAL(monitor_pace(pace, 5.1, 5), 2 * pace);
    for (unsigned i = 0; i < 20; i++)
        pace = monitor_pace(pace, 50, 5);
    CU_ASSERT_EQUAL(pace, 1000); /* never slower than a second a round */
    for (unsigned i = 0; i < 11; i++)
        pace = monitor_pace(pace, 1, 5);
    CU_ASSERT_EQUAL(pace, 0);
    CU_ASSERT_EQUAL(monitor_pace(0, 400, 100), 0); /* 100: no limit */
}

/* Heartbeats are left out for alerts' sake, but not since one output of several is away. */
static void test_crowded(void)
{
    static struct health_figures f;
    struct store_counts store = {.waiting = 51, .bytes = 510};
    f.output_count = 1;
    f.outputs[0].waiting = 51;
    CU_ASSERT_TRUE(monitor_is_crowded(&f, &store, 100, 10000));
    CU_ASSERT_TRUE(monitor_is_crowded(&f, &store, 1000, 1000)); /* by bytes */
    CU_ASSERT_FALSE(monitor_is_crowded(&f, &store, 102, 1020));
    f.output_count = 2;
    f.outputs[1].waiting = 25; /* at work */
    CU_ASSERT_FALSE(monitor_is_crowded(&f, &store, 100, 1000));
    f.outputs[1].waiting = 26;
    CU_ASSERT_TRUE(monitor_is_crowded(&f, &store, 100, 1000));
}

static void test_important(void)
{
    CU_ASSERT_TRUE(event_report_wants(LOG_ERROR, MESSAGE_GAP));
    CU_ASSERT_TRUE(event_report_wants(LOG_WARNING, MESSAGE_RETRY));
    CU_ASSERT_TRUE(event_report_wants(LOG_INFO, MESSAGE_CONFIG_TAKEN));
    CU_ASSERT_FALSE(event_report_wants(LOG_INFO, MESSAGE_STARTED)); /* the service says so itself */
    CU_ASSERT_FALSE(event_report_wants(LOG_ERROR, MESSAGE_START_FAILED));
    CU_ASSERT_FALSE(event_report_wants(LOG_INFO, MESSAGE_DELIVERED));
    CU_ASSERT_FALSE(event_report_wants(LOG_DEBUG, MESSAGE_MATCH));
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"pace", test_pace},
                                        {"memory", test_memory},
                                        {"crowded", test_crowded},
                                        {"important lines", test_important},
                                        {NULL, NULL}};
    return test_main("monitor", tests);
}
