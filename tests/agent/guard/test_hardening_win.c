/* The numbers of agent/guard/hardening.c against the names of winnt.h. */
#include "agent/guard/hardening.h"
#include "tests/test.h"

#include <windows.h>

static uint32_t flags_of(int policy)
{
    for (size_t i = 0; i < HARDENING_POLICY_COUNT; i++)
        if (hardening_policies[i].policy == policy)
            return hardening_policies[i].flags;
    return 0;
}

static void test_names(void)
{
    PROCESS_MITIGATION_DYNAMIC_CODE_POLICY code = {.ProhibitDynamicCode = 1};
    PROCESS_MITIGATION_STRICT_HANDLE_CHECK_POLICY handles = {.RaiseExceptionOnInvalidHandleReference = 1,
                                                             .HandleExceptionsPermanentlyEnabled = 1};
    PROCESS_MITIGATION_EXTENSION_POINT_DISABLE_POLICY points = {.DisableExtensionPoints = 1};
    PROCESS_MITIGATION_IMAGE_LOAD_POLICY images = {
        .NoRemoteImages = 1, .NoLowMandatoryLabelImages = 1, .PreferSystem32Images = 1};
    PROCESS_MITIGATION_CHILD_PROCESS_POLICY children = {.NoChildProcessCreation = 1};
    CU_ASSERT_EQUAL(flags_of(ProcessDynamicCodePolicy), code.Flags);
    CU_ASSERT_EQUAL(flags_of(ProcessStrictHandleCheckPolicy), handles.Flags);
    CU_ASSERT_EQUAL(flags_of(ProcessExtensionPointDisablePolicy), points.Flags);
    CU_ASSERT_EQUAL(flags_of(ProcessImageLoadPolicy), images.Flags);
    CU_ASSERT_EQUAL(flags_of(ProcessChildProcessPolicy), children.Flags);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"names", test_names}, {NULL, NULL}};
    return test_main("hardening_win", tests);
}
