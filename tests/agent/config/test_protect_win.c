/* DPAPI: sealed here, opened here, and nothing else is opened. */
#include "agent/config/protect.h"

#include "tests/test.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct fault fault;

static void test_round_trip(void)
{
    char *sealed = NULL, *opened = NULL;
    CU_ASSERT_EQUAL_FATAL(protect_seal(&sealed, "hunter2", 7, &fault), 0);
    CU_ASSERT_PTR_NULL(strstr(sealed, "hunter2"));
    CU_ASSERT_PTR_NULL(strpbrk(sealed, "\r\n "));
    CU_ASSERT_EQUAL_FATAL(protect_open(&opened, sealed, &fault), 0);
    CU_ASSERT_STRING_EQUAL(opened, "hunter2");
    free(opened);
    free(sealed);
}

/* Most changes give an error; Windows need not notice each. */
static void test_damage(void)
{
    char *sealed = NULL;
    unsigned refused = 0;
    CU_ASSERT_EQUAL_FATAL(protect_seal(&sealed, "hunter2", 7, &fault), 0);
    size_t size = strlen(sealed);
    for (size_t i = 0; i < size; i++) {
        char *opened = NULL, was = sealed[i];
        sealed[i] = was == 'A' ? 'B' : 'A';
        int rc = protect_open(&opened, sealed, &fault);
        CU_ASSERT(rc == -EINVAL || rc == 0);
        refused += rc < 0;
        free(opened);
        sealed[i] = was;
    }
    CU_ASSERT(refused > 0);
    free(sealed);
}

static void test_nonsense(void)
{
    static const char *const bad[] = {"", "AAAA", "====", "A"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *opened = NULL;
        CU_ASSERT_EQUAL(protect_open(&opened, bad[i], &fault), -EINVAL);
        CU_ASSERT_PTR_NULL(opened);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"round trip", test_round_trip},
        {"damage", test_damage},
        {"nonsense", test_nonsense},
        CU_TEST_INFO_NULL,
    };
    return test_main("protect", tests);
}
