#include "agent/guard/hardening.h"
#include "tests/test.h"

#include <string.h>

struct asked {
    int policies[HARDENING_POLICY_COUNT];
    uint32_t flags[HARDENING_POLICY_COUNT];
    size_t count;
    int refused; /* this policy, with code 87; -1: none */
};

static unsigned long set(void *context, int policy, uint32_t flags)
{
    struct asked *asked = context;
    asked->policies[asked->count] = policy;
    asked->flags[asked->count++] = flags;
    return policy == asked->refused ? 87 : 0;
}

static void test_all(void)
{
    struct asked asked = {.refused = -1};
    char missing[128] = "";
    CU_ASSERT_EQUAL(hardening_set_policies(missing, sizeof(missing), false, set, &asked), HARDENING_POLICY_COUNT - 1);
    CU_ASSERT_EQUAL(hardening_set_policies(missing, sizeof(missing), true, set, &asked), 1);
    CU_ASSERT_STRING_EQUAL(missing, "");
    CU_ASSERT_EQUAL(asked.count, HARDENING_POLICY_COUNT);
    for (size_t i = 0; i < HARDENING_POLICY_COUNT; i++) {
        CU_ASSERT_EQUAL(asked.policies[i], hardening_policies[i].policy);
        CU_ASSERT_EQUAL(asked.flags[i], hardening_policies[i].flags);
    }
}

/* Every verb but the agent's own may have to start a process, as selftest does. */
static void test_children(void)
{
    struct asked asked = {.refused = -1};
    char missing[128] = "";
    (void)hardening_set_policies(missing, sizeof(missing), false, set, &asked);
    for (size_t i = 0; i < asked.count; i++)
        CU_ASSERT_NOT_EQUAL(asked.policies[i], 13);
    size_t before = asked.count;
    (void)hardening_set_policies(missing, sizeof(missing), true, set, &asked);
    CU_ASSERT_EQUAL_FATAL(asked.count, before + 1);
    CU_ASSERT_EQUAL(asked.policies[before], 13);
}

/* An old Windows: the others are still asked for, and the one is named. */
static void test_refused(void)
{
    struct asked asked = {.refused = 13};
    char missing[128] = "first (5)";
    CU_ASSERT_EQUAL(hardening_set_policies(missing, sizeof(missing), false, set, &asked), HARDENING_POLICY_COUNT - 1);
    CU_ASSERT_EQUAL(hardening_set_policies(missing, sizeof(missing), true, set, &asked), 0);
    CU_ASSERT_EQUAL(asked.count, HARDENING_POLICY_COUNT);
    CU_ASSERT_STRING_EQUAL(missing, "first (5), no child processes (87)");
}

static void test_short_of_room(void)
{
    struct asked asked = {.refused = 2};
    char missing[8] = "";
    CU_ASSERT_EQUAL(hardening_set_policies(missing, sizeof(missing), false, set, &asked), HARDENING_POLICY_COUNT - 2);
    CU_ASSERT_STRING_EQUAL(missing, "no dyna");
}

/* The numbers of winnt.h: what each stands for is written out here once more. */
static void test_numbers(void)
{
    static const struct {
        int policy;
        uint32_t flags;
    } expected[] = {{2, 1}, {3, 3}, {6, 1}, {10, 7}, {13, 1}};
    for (size_t i = 0; i < HARDENING_POLICY_COUNT; i++) {
        CU_ASSERT_EQUAL(hardening_policies[i].policy, expected[i].policy);
        CU_ASSERT_EQUAL(hardening_policies[i].flags, expected[i].flags);
        CU_ASSERT_TRUE(strlen(hardening_policies[i].name) > 0);
    }
}

/* Does it leave the program able to go on? */
static void test_start(void)
{
    hardening_start();
    printf("missing here: %s\n", *hardening_missing() == '\0' ? "nothing" : hardening_missing());
    CU_ASSERT_PTR_NOT_NULL(hardening_missing());
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"all", test_all},
                                        {"children", test_children},
                                        {"refused", test_refused},
                                        {"short of room", test_short_of_room},
                                        {"numbers", test_numbers},
                                        {"start", test_start},
                                        {NULL, NULL}};
    return test_main("hardening", tests);
}
