/* What every CUnit program here begins and ends with. */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <CUnit/Basic.h>
#include <stdio.h>

/* Runs suite[0..] (ends with a NULL name) and returns main()'s exit code: 0 only if something ran and all of it passed.
 */
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
    return failed == 0 && ran > 0 ? 0 : 1;
}

#endif
