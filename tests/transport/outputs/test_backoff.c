#include "transport/outputs/backoff.h"

#include "tests/test.h"

/* The largest of many waits after failures in a row, and the smallest. */
static void range(unsigned failures, unsigned *low, unsigned *high)
{
    *low = UINT32_MAX;
    *high = 0;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct backoff backoff;
        unsigned wait = 0;
        backoff_reset(&backoff, seed);
        for (unsigned i = 0; i < failures; i++)
            wait = backoff_failure_ms(&backoff, 0);
        *low = wait < *low ? wait : *low;
        *high = wait > *high ? wait : *high;
    }
}

/* Full jitter: with 2000 hosts some wait nearly nothing and some nearly all of it. */
static void test_ceiling(void)
{
    static const unsigned want[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000};
    for (unsigned i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        unsigned low, high;
        range(i + 1, &low, &high);
        CU_ASSERT(low <= want[i] / 50);
        CU_ASSERT(high <= want[i]);
        CU_ASSERT(high >= want[i] / 50 * 49);
    }
}

static void test_success(void)
{
    struct backoff backoff;
    backoff_reset(&backoff, 7);
    for (int i = 0; i < 1000; i++)
        CU_ASSERT(backoff_failure_ms(&backoff, 0) <= BACKOFF_MAX_MS);
    for (int i = 0; i < 1000; i++) {
        backoff_success(&backoff);
        CU_ASSERT(backoff_failure_ms(&backoff, 0) <= BACKOFF_FIRST_MS);
    }
}

static void test_retry_after(void)
{
    struct backoff backoff;
    unsigned different = 0;
    backoff_reset(&backoff, 1);
    for (int i = 0; i < 100; i++) {
        unsigned wait = backoff_failure_ms(&backoff, 120000);
        CU_ASSERT(wait >= 120000 && wait <= 132000);
        different += wait != 120000;
    }
    CU_ASSERT(different > 90);
    CU_ASSERT_EQUAL(backoff_failure_ms(&backoff, UINT32_MAX), UINT32_MAX);
    unsigned own = 0;
    for (int i = 0; i < 1000; i++) { /* by now the ceiling is 60 s, nearly always beyond what is asked for */
        unsigned wait = backoff_failure_ms(&backoff, 1000);
        CU_ASSERT(wait >= 1000 && wait <= BACKOFF_MAX_MS);
        own += wait > 1100;
    }
    CU_ASSERT(own > 900);
}

static void test_random(void)
{
    struct backoff backoff;
    unsigned seen[4] = {0, 0, 0, 0};
    backoff_reset(&backoff, 5);
    for (int i = 0; i < 400; i++) {
        unsigned value = backoff_random(&backoff, 3);
        CU_ASSERT_FATAL(value <= 3);
        seen[value]++;
    }
    for (int i = 0; i < 4; i++)
        CU_ASSERT(seen[i] > 50);
    CU_ASSERT_EQUAL(backoff_random(&backoff, 0), 0);
}

static void test_seed(void)
{
    struct backoff a, b, c;
    unsigned same = 0;
    backoff_reset(&a, 1);
    backoff_reset(&b, 2);
    backoff_reset(&c, 1);
    for (int i = 0; i < 100; i++) {
        unsigned wait = backoff_failure_ms(&a, 0);
        same += wait == backoff_failure_ms(&b, 0);
        CU_ASSERT_EQUAL(wait, backoff_failure_ms(&c, 0));
    }
    CU_ASSERT(same < 5);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"doubles from 1 s to 60 s, full jitter", test_ceiling},
        {"a success begins anew", test_success},
        {"never below Retry-After", test_retry_after},
        {"the seed decides", test_seed},
        {"random numbers", test_random},
        CU_TEST_INFO_NULL,
    };
    return test_main("backoff", tests);
}
