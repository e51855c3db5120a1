#include "detect/base/fault.h"
#include "tests/test.h"

#include <string.h>

static void test_text(void)
{
    struct fault fault = {0};
    char to[64];
    CU_ASSERT_STRING_EQUAL(fault_text(&fault, to, sizeof(to)), "unknown failure");
    fault_set(&fault, "EvtSubscribe", 5, text_from("Security"), "access denied");
    CU_ASSERT_STRING_EQUAL(fault_text(&fault, to, sizeof(to)), "EvtSubscribe failed on Security: access denied (5)");
    fault_set(&fault, "fsync", 28, text_from(NULL), NULL);
    CU_ASSERT_STRING_EQUAL(fault_text(&fault, to, sizeof(to)), "fsync failed (28)");
    CU_ASSERT(strlen(fault_text(&fault, to, 6)) == 5);
    fault_set(NULL, "x", 1, text_from("y"), "z"); /* allowed */
}

static void test_cut(void)
{
    struct fault fault = {0};
    char longest[1000];
    memset(longest, 'x', sizeof(longest));
    fault_set(&fault, "x", 1, (struct text){longest, sizeof(longest)}, NULL);
    CU_ASSERT(strlen(fault.object) == sizeof(fault.object) - 1);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"text", test_text}, {"cut", test_cut}, CU_TEST_INFO_NULL};
    return test_main("fault", tests);
}
