/* scan_order: who is next. */
#include "agent/scan/scan_order.h"

#include "tests/test.h"

#include <string.h>

static struct scan_order *make(const uint64_t *sizes, size_t count)
{
    struct scan_order *o = NULL;
    CU_ASSERT_EQUAL_FATAL(scan_order_new(&o, sizes, count), 0);
    return o;
}

/* One thread reads them as they are given, whatever their sizes. */
static void test_one_thread(void)
{
    static const uint64_t sizes[] = {1, 9, 3, 0, 9};
    struct scan_order *o = make(sizes, 5);
    for (size_t i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(scan_order_next(o), i);
        scan_order_done(o, i);
    }
    CU_ASSERT_EQUAL(scan_order_next(o), 5);
    scan_order_free(o);
}

/* The first that is not done goes before the largest; of two of a size the one given first. */
static void test_two_threads(void)
{
    static const uint64_t sizes[] = {1, 2, 9, 5, 9, 7};
    struct scan_order *o = make(sizes, 6);
    CU_ASSERT_EQUAL(scan_order_next(o), 0);
    CU_ASSERT_EQUAL(scan_order_next(o), 2);
    scan_order_done(o, 2);
    CU_ASSERT_EQUAL(scan_order_next(o), 4); /* 0 is still being read */
    scan_order_done(o, 0);
    CU_ASSERT_EQUAL(scan_order_next(o), 1);
    scan_order_done(o, 1); /* 2 is done too: 3 is the first */
    CU_ASSERT_EQUAL(scan_order_next(o), 3);
    CU_ASSERT_EQUAL(scan_order_next(o), 5);
    CU_ASSERT_EQUAL(scan_order_next(o), 6);
    scan_order_done(o, 3);
    scan_order_done(o, 5);
    scan_order_done(o, 4);
    CU_ASSERT_EQUAL(scan_order_next(o), 6);
    scan_order_free(o);
}

/* However threads end: each piece is begun once, and whenever one is begun, the first that is not done was begun. */
static void test_random(void)
{
    enum { COUNT = 40, THREADS = 5 };
    unsigned state = 3;
    for (int round = 0; round < 500; round++) {
        uint64_t sizes[COUNT];
        size_t reading[THREADS], held = 0, begun[COUNT] = {0}, done[COUNT] = {0}, first = 0;
        for (size_t i = 0; i < COUNT; i++) {
            state = state * 1664525u + 1013904223u;
            sizes[i] = (state >> 16) % 10;
        }
        struct scan_order *o = make(sizes, COUNT);
        while (first < COUNT) {
            state = state * 1664525u + 1013904223u;
            size_t next = held < THREADS && (state >> 20) % 2 == 0 ? scan_order_next(o) : COUNT;
            if (next < COUNT) {
                begun[next]++;
                CU_ASSERT(begun[next] == 1 && begun[first] == 1);
                reading[held++] = next;
            } else if (held > 0) {
                size_t which = (state >> 8) % held;
                done[reading[which]] = 1;
                scan_order_done(o, reading[which]);
                reading[which] = reading[--held];
            }
            while (first < COUNT && done[first] == 1)
                first++;
        }
        scan_order_free(o);
    }
}

static void test_none(void)
{
    struct scan_order *o = make(NULL, 0);
    CU_ASSERT_EQUAL(scan_order_next(o), 0);
    scan_order_free(o);
    scan_order_free(NULL);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"one thread", test_one_thread},
                                        {"two threads", test_two_threads},
                                        {"random", test_random},
                                        {"none", test_none},
                                        CU_TEST_INFO_NULL};
    return test_main("scan_order", tests);
}
