#include "detect/rule/rule.h"
#include "tests/test.h"

#include <string.h>

/* The port says what the rule says: each fact once more, from docs/rule-semantics.md. */
static void test_email_access(void)
{
    const struct rule *r = &rule_email_access_active_sync;
    CU_ASSERT_STRING_EQUAL(r->id, "2f561e20-d97b-4b13-b02d-18b34af6e87c");
    CU_ASSERT_STRING_EQUAL(r->name, "Email access via active sync");
    CU_ASSERT_STRING_EQUAL(r->version, "1.2.1");
    CU_ASSERT_STRING_EQUAL(r->severity, "Medium");
    CU_ASSERT(strlen(r->upstream_sha256) == 64 && strlen(r->upstream_commit) == 40);
    CU_ASSERT_FATAL(r->term_count == 3);
    CU_ASSERT_STRING_EQUAL(r->terms[0], "Set-CASMailbox");
    CU_ASSERT_STRING_EQUAL(r->terms[1], "ActiveSyncAllowedDeviceIDs");
    CU_ASSERT_STRING_EQUAL(r->terms[2], "add");
    CU_ASSERT(r->tactic_count == 1 && strcmp(r->tactics[0].id, "TA0004") == 0);
    CU_ASSERT(r->technique_count == 2 && strcmp(r->techniques[0].id, "T1068") == 0 &&
              strcmp(r->techniques[1].id, "T1078") == 0);
    CU_ASSERT(r->branch_count == 5);
}

static void test_all(void)
{
    size_t count = 0;
    const struct rule *const *rules = rules_all(&count);
    CU_ASSERT_FATAL(count >= 1);
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT(rules[i]->branch_count >= 1 && rules[i]->branch_count <= RULE_MAX_BRANCHES);
        for (size_t b = 0; b < rules[i]->branch_count; b++)
            CU_ASSERT(rules[i]->branches[b].kinds != 0 && rules[i]->branches[b].kinds < 1u << EVENT_KIND_COUNT);
    }
    CU_ASSERT(rules[0] == &rule_email_access_active_sync);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"email access", test_email_access}, {"all", test_all}, CU_TEST_INFO_NULL};
    return test_main("rule", tests);
}
