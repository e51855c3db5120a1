#include "collectors/etw/account.h"
#include "tests/test.h"

#include <string.h>

static unsigned asked;

/* S-1-1 and what begins so has a name. */
static bool look_up(char name[ACCOUNT_NAME_SIZE], const char *sid)
{
    asked++;
    snprintf(name, ACCOUNT_NAME_SIZE, "DOMAIN\\%s", sid + 4);
    return strncmp(sid, "S-1-1", 5) == 0;
}

static struct account_names *names_new(void)
{
    struct account_names *names = NULL;
    CU_ASSERT_FATAL(account_names_new(&names, look_up) == 0);
    asked = 0;
    return names;
}

static void test_remembered(void)
{
    struct account_names *names = names_new();
    struct text sid = text_from("S-1-1-7");
    CU_ASSERT(text_equal(account_name(names, sid, 0), text_from("DOMAIN\\1-7")));
    CU_ASSERT(text_equal(account_name(names, sid, ACCOUNT_KEEP_MS), text_from("DOMAIN\\1-7")));
    CU_ASSERT_EQUAL(asked, 1);
    CU_ASSERT(text_equal(account_name(names, sid, ACCOUNT_KEEP_MS + 1), text_from("DOMAIN\\1-7")));
    CU_ASSERT_EQUAL(asked, 2);
    CU_ASSERT(account_name(names, text_from(NULL), 0).bytes == NULL);
    CU_ASSERT_EQUAL(asked, 2);
    account_names_free(names);
    account_names_free(NULL);
}

static void test_unknown(void)
{
    struct account_names *names = names_new();
    struct text sid = text_from("S-1-5-21-9");
    CU_ASSERT(account_name(names, sid, 0).bytes == NULL);
    CU_ASSERT(account_name(names, sid, ACCOUNT_KEEP_UNKNOWN_MS).bytes == NULL);
    CU_ASSERT_EQUAL(asked, 1);
    CU_ASSERT(account_name(names, sid, ACCOUNT_KEEP_UNKNOWN_MS + 1).bytes == NULL);
    CU_ASSERT_EQUAL(asked, 2);
    account_names_free(names);
}

static void test_bounded(void)
{
    struct account_names *names = names_new();
    char sid[32];
    for (unsigned i = 0; i < ACCOUNT_MAX_NAMES + 1; i++) {
        snprintf(sid, sizeof(sid), "S-1-1-%u", i);
        (void)account_name(names, text_from(sid), 1 + i);
    }
    CU_ASSERT_EQUAL(asked, ACCOUNT_MAX_NAMES + 1);
    (void)account_name(names, text_from("S-1-1-1"), 1000); /* still there */
    CU_ASSERT_EQUAL(asked, ACCOUNT_MAX_NAMES + 1);
    (void)account_name(names, text_from("S-1-1-0"), 1000); /* asked for longest ago: gone */
    CU_ASSERT_EQUAL(asked, ACCOUNT_MAX_NAMES + 2);
    account_names_free(names);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"names are remembered", test_remembered},
                                        {"and that there is none", test_unknown},
                                        {"bounded", test_bounded},
                                        CU_TEST_INFO_NULL};
    return test_main("account", tests);
}
