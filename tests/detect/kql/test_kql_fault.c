#include "detect/kql/kql_fault.h"
#include "tests/test.h"

#include <string.h>

static struct arena *arena;

static void begin(struct kql_faults *faults)
{
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)1 << 20), 0);
    CU_ASSERT_EQUAL_FATAL(kql_faults_begin(faults, arena, KQL_FAULT_MAX), 0);
}

static void test_order(void)
{
    struct kql_faults faults;
    begin(&faults);
    kql_faults_add(&faults, (struct expr_place){2, 1}, "K101", "second %d", 2);
    kql_faults_add(&faults, (struct expr_place){1, 9}, "K101", "first");
    kql_faults_add(&faults, (struct expr_place){2, 1}, "K101", "the same again");
    kql_faults_add(&faults, (struct expr_place){2, 1}, "K102", "another at that place");
    kql_faults_sort(&faults);
    CU_ASSERT_EQUAL_FATAL(faults.count, 3);
    CU_ASSERT_STRING_EQUAL(faults.list[0].message, "first");
    CU_ASSERT_STRING_EQUAL(faults.list[1].message, "second 2");
    CU_ASSERT_STRING_EQUAL(faults.list[2].code, "K102");
    arena_free(arena);
}

static void test_full(void)
{
    struct kql_faults faults;
    begin(&faults);
    for (unsigned i = 1; i <= KQL_FAULT_MAX + 5; i++)
        kql_faults_add(&faults, (struct expr_place){i, 1}, "K101", "x");
    CU_ASSERT_EQUAL(faults.count, KQL_FAULT_MAX);
    CU_ASSERT_EQUAL(faults.left_out, 5);
    char longer[2 * KQL_FAULT_MESSAGE];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    faults.count = 0;
    kql_faults_add(&faults, (struct expr_place){1, 1}, "K101", "%s", longer);
    CU_ASSERT_EQUAL(strlen(faults.list[0].message), KQL_FAULT_MESSAGE - 1);
    arena_free(arena);
}

static void test_class(void)
{
    static const struct {
        const char *code, *class;
    } cases[] = {
        {"K101", "syntax"},
        {"K104", "unsupported-function-or-operator"},
        {"K106", "function-not-in-core"},
        {"K120", "unsupported-function-or-operator"},
        {"K203", "foreign-table"},
        {"K204", "no-process-leg"},
        {"K301", "join-or-subquery"},
        {"K302", "aggregate-threshold"},
        {"K303", "baseline-or-series"},
        {"K304", "externaldata"},
        {"K305", "row-expansion"},
        {"W401", "warning"},
        {"K999", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CU_ASSERT_STRING_EQUAL(kql_fault_class(cases[i].code), cases[i].class);
}

static void test_nearest(void)
{
    static const struct text names[] = {{"CommandLine", 11}, {"Computer", 8}, {"Process", 7}};
    static const struct {
        const char *word, *meant;
    } cases[] = {
        {"commandline", "CommandLine"},
        {"CommandLnie", "CommandLine"},
        {"Proces", "Process"},
        {"Compute", "Computer"},
        {"Zebra", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text meant = kql_nearest(text_from(cases[i].word), names, 3, sizeof names[0]);
        CU_ASSERT(cases[i].meant == NULL ? meant.bytes == NULL : text_equal(meant, text_from(cases[i].meant)));
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"order", test_order},
                                        {"full", test_full},
                                        {"class", test_class},
                                        {"nearest", test_nearest},
                                        CU_TEST_INFO_NULL};
    return test_main("kql_fault", tests);
}
