/* What every CUnit program here begins and ends with. */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <CUnit/Basic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What main() returns when something was skipped and nothing failed: ctest says so (SKIP_RETURN_CODE). */
#define TEST_SKIPPED 77

static const char *test_skipped; /* why, of the last test that was */

/* Called by a test that can't be done here, which then returns: reason, e.g. the file that is not there. Static text.
 */
static inline void test_skip(const char *reason)
{
    printf(" skipped: %s ", reason);
    test_skipped = reason;
}

/* Is a test to try all that it can, not a sample? ./dev test --long asks for it by TRIPLINE_LONG=1. */
static inline bool test_is_long(void)
{
    const char *value = getenv("TRIPLINE_LONG");
    return value != NULL && strcmp(value, "1") == 0;
}

/* Runs suite[0..] (ends with a NULL name) and returns main()'s exit code: 0 only if something ran and all of it
 * passed; TEST_SKIPPED: the same but for what was skipped. */
static inline int test_main(const char *name, const CU_TestInfo *tests)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite(name, NULL, NULL);
    for (; suite != NULL && tests->pName != NULL; tests++)
        if (CU_add_test(suite, tests->pName, tests->pTestFunc) == NULL)
            suite = NULL;
    if (suite == NULL) {
        fprintf(stderr, "%s: CUnit: %s\n", name, CU_get_error_msg());
        CU_cleanup_registry();
        return 1;
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures() + CU_get_number_of_tests_failed();
    unsigned ran = CU_get_number_of_asserts();
    CU_cleanup_registry();
    if (failed > 0 || (ran == 0 && test_skipped == NULL))
        return 1;
    return test_skipped == NULL ? 0 : TEST_SKIPPED;
}

#endif
