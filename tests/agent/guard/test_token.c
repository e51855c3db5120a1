#include "agent/guard/token.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

static void test_integrity(void)
{
    CU_ASSERT_STRING_EQUAL(token_integrity(0), "untrusted");
    CU_ASSERT_STRING_EQUAL(token_integrity(0x0FFF), "untrusted");
    CU_ASSERT_STRING_EQUAL(token_integrity(0x1000), "low");
    CU_ASSERT_STRING_EQUAL(token_integrity(0x2000), "medium");
    CU_ASSERT_STRING_EQUAL(token_integrity(0x2100), "medium");
    CU_ASSERT_STRING_EQUAL(token_integrity(0x3000), "high");
    CU_ASSERT_STRING_EQUAL(token_integrity(0x4000), "system");
    CU_ASSERT_STRING_EQUAL(token_integrity(0x5000), "protected");
}

static void test_text(void)
{
    char account[] = "NT SERVICE\\Tripline", sid[] = "S-1-5-80-1", one[] = "SeChangeNotifyPrivilege", two[] = "SeX",
         group[] = "S-1-5-32-573", name[] = "BUILTIN\\Event Log Readers", other[] = "S-1-5-6";
    struct token_facts facts = {.account = account,
                                .sid = sid,
                                .integrity = "high",
                                .groups = {{group, name, true}, {other, NULL, false}},
                                .group_count = 2,
                                .more_groups = 3,
                                .privileges = {{one, true}, {two, false}},
                                .privilege_count = 2};
    char *text = token_text(&facts);
    CU_ASSERT_STRING_EQUAL(text, "account=NT SERVICE\\Tripline sid=S-1-5-80-1 integrity=high administrator=no "
                                 "privileges=SeChangeNotifyPrivilege,SeX(off) "
                                 "groups=BUILTIN\\Event Log Readers,S-1-5-6(deny only),and 3 more");
    free(text);
    facts = (struct token_facts){.account = sid, .sid = sid, .is_administrator = true};
    text = token_text(&facts);
    CU_ASSERT_STRING_EQUAL(text, "account=S-1-5-80-1 administrator=yes privileges=none groups=none");
    free(text);
}

static const struct token_privilege *find(const struct token_facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->privilege_count; i++)
        if (strcmp(facts->privileges[i].name, name) == 0)
            return &facts->privileges[i];
    return NULL;
}

/* The real token of this process, before and after it gave its privileges away. */
static void test_real(void)
{
    static const char *const keep[] = {"SeChangeNotifyPrivilege", "SeThatIsNoPrivilege", NULL};
    struct token_facts *before = NULL, *after = NULL;
    struct fault fault = {0};
    CU_ASSERT_EQUAL_FATAL(token_read(&before, &fault), 0);
    CU_ASSERT_TRUE(strlen(before->account) > 0 && strlen(before->sid) > 0);
    char *text = token_text(before);
    printf("%s\n", text);
    free(text);
    int dropped = token_drop_privileges(keep, &fault);
    CU_ASSERT_TRUE(dropped >= 0);
    CU_ASSERT_EQUAL_FATAL(token_read(&after, &fault), 0);
    CU_ASSERT_EQUAL(after->privilege_count, before->privilege_count - (size_t)dropped);
    CU_ASSERT_EQUAL(find(after, keep[0]) != NULL, find(before, keep[0]) != NULL);
    CU_ASSERT_TRUE(after->privilege_count <= 1);
    CU_ASSERT_STRING_EQUAL(after->sid, before->sid);
    token_free(before);
    token_free(after);
    token_free(NULL);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"integrity", test_integrity}, {"text", test_text}, {"real", test_real}, {NULL, NULL}};
    return test_main("token", tests);
}
