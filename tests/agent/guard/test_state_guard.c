#include "agent/guard/state_guard.h"

#include "agent/service/install_account.h"
#include "agent/system/file.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM_SID "S-1-5-18"
#define ADMINISTRATORS "S-1-5-32-544"
#define USERS "S-1-5-32-545"
#define SERVICE STATE_GUARD_SERVICE_SID
#define FULL 0x1F01FFu

static char reason[STATE_GUARD_MAX_REASON];

/* As "tripline install" leaves a directory: SYSTEM and Administrators full, the service what mask says. */
static struct state_guard_object *object(uint32_t service_mask)
{
    static struct state_guard_object o;
    o = (struct state_guard_object){.path = "C:\\x", .has_list = true, .owner = ADMINISTRATORS, .count = 3};
    o.entries[0] = (struct state_guard_entry){SYSTEM_SID, FULL, true, false};
    o.entries[1] = (struct state_guard_entry){ADMINISTRATORS, FULL, true, false};
    o.entries[2] = (struct state_guard_entry){SERVICE, service_mask, true, false};
    return &o;
}

static const struct state_guard_self service = {.sid = SERVICE}, system_self = {.sid = SYSTEM_SID},
                                     user = {.sid = "S-1-5-21-1-2-3-1001", .is_foreground = true},
                                     administrator = {.sid = "S-1-5-21-1-2-3-500", .is_administrator = true};

static int judge(const struct state_guard_object *o, enum state_guard_kind kind, const struct state_guard_self *self)
{
    reason[0] = '\0';
    int rc = state_guard_judge(o, kind, self, reason);
    CU_ASSERT_EQUAL(rc == 0, reason[0] == '\0');
    return rc;
}

static void test_as_installed(void)
{
    CU_ASSERT_EQUAL(judge(object(0x1200AB), STATE_GUARD_STATE, &service), 0);
    CU_ASSERT_EQUAL(judge(object(0x1200AB), STATE_GUARD_CONFIG_DIRECTORY, &service), 0);
    CU_ASSERT_EQUAL(judge(object(0x120089), STATE_GUARD_CONFIG, &service), 0);
    CU_ASSERT_EQUAL(judge(object(0x120089), STATE_GUARD_CONFIG, &system_self), 0);
}

/* The service's own account may write its state and nothing else. */
static void test_own_account(void)
{
    CU_ASSERT_EQUAL(judge(object(FULL), STATE_GUARD_STATE, &service), 0);
    CU_ASSERT_EQUAL(judge(object(0x12019F), STATE_GUARD_CONFIG, &service), -EPERM);
    CU_ASSERT_PTR_NOT_NULL(strstr(reason, "can be changed by " SERVICE));
    CU_ASSERT_EQUAL(judge(object(0x40), STATE_GUARD_CONFIG_DIRECTORY, &service), -EPERM);
    /* With LocalSystem as account it is the same service. */
    CU_ASSERT_EQUAL(judge(object(0x1200AB), STATE_GUARD_STATE, &system_self), 0);
    CU_ASSERT_EQUAL(judge(object(FULL), STATE_GUARD_STATE, &administrator), 0);
    CU_ASSERT_EQUAL(judge(object(0x12019F), STATE_GUARD_CONFIG, &system_self), -EPERM);
    char sid[INSTALL_MAX_SID];
    CU_ASSERT_EQUAL(install_service_sid(sid, "Tripline"), 0);
    CU_ASSERT_STRING_EQUAL(sid, STATE_GUARD_SERVICE_SID);
    struct state_guard_object *o = object(0);
    snprintf(o->entries[2].sid, sizeof(o->entries[2].sid), "S-1-5-80-1-2-3-4-5");
    o->entries[2].mask = 0x2;
    CU_ASSERT_EQUAL(judge(o, STATE_GUARD_STATE, &system_self), -EPERM); /* another service's */
}

static void test_each_right(void)
{
    static const uint32_t rights[] = {0x2, 0x4, 0x40, 0x10000, 0x40000, 0x80000, 0x10000000, 0x40000000};
    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
        struct state_guard_object *o = object(0);
        o->entries[o->count++] = (struct state_guard_entry){USERS, rights[i], true, false};
        CU_ASSERT_EQUAL(judge(o, STATE_GUARD_CONFIG, &service), -EPERM);
        CU_ASSERT_EQUAL(judge(o, STATE_GUARD_STATE, &service), -EPERM);
        bool adds = rights[i] == 0x2 || rights[i] == 0x4 || rights[i] == 0x40000000;
        CU_ASSERT_EQUAL(judge(o, STATE_GUARD_CONFIG_DIRECTORY, &service), adds ? 0 : -EPERM);
        o->entries[3].allows = false;
        CU_ASSERT_EQUAL(judge(o, STATE_GUARD_STATE, &service), 0);
        o->entries[3] = (struct state_guard_entry){USERS, rights[i], true, true}; /* for children only */
        CU_ASSERT_EQUAL(judge(o, STATE_GUARD_STATE, &service), 0);
    }
    struct state_guard_object *o = object(0);
    o->entries[o->count++] = (struct state_guard_entry){USERS, 0x1200A9, true, false}; /* read and execute */
    CU_ASSERT_EQUAL(judge(o, STATE_GUARD_CONFIG, &service), 0);
}

static void test_owner(void)
{
    struct state_guard_object *o = object(0);
    snprintf(o->owner, sizeof(o->owner), USERS);
    CU_ASSERT_EQUAL(judge(o, STATE_GUARD_CONFIG, &service), -EPERM);
    CU_ASSERT_PTR_NOT_NULL(strstr(reason, "belongs to " USERS));
    snprintf(o->owner, sizeof(o->owner), "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464");
    CU_ASSERT_EQUAL(judge(o, STATE_GUARD_CONFIG, &service), 0);
    snprintf(o->owner, sizeof(o->owner), "%s", user.sid);
    CU_ASSERT_EQUAL(judge(o, STATE_GUARD_CONFIG, &user), 0); /* in the foreground, with files of one's own */
    struct state_guard_self as_service = user;
    as_service.is_foreground = false;
    CU_ASSERT_EQUAL(judge(o, STATE_GUARD_CONFIG, &as_service), -EPERM);
    CU_ASSERT_EQUAL(judge(o, STATE_GUARD_STATE, &as_service), 0);
    snprintf(o->owner, sizeof(o->owner), "%s", administrator.sid);
    CU_ASSERT_EQUAL(judge(o, STATE_GUARD_CONFIG, &administrator), 0);
    CU_ASSERT_EQUAL(judge(o, STATE_GUARD_CONFIG, &user), -EPERM);
}

static void test_odd(void)
{
    struct state_guard_object *o = object(0);
    o->is_link = true;
    CU_ASSERT_EQUAL(judge(o, STATE_GUARD_STATE, &service), -EPERM);
    CU_ASSERT_PTR_NOT_NULL(strstr(reason, "junction or symbolic link"));
    o = object(0);
    o->has_list = false;
    CU_ASSERT_EQUAL(judge(o, STATE_GUARD_STATE, &service), -EPERM);
    CU_ASSERT_PTR_NOT_NULL(strstr(reason, "no access list"));
    o = object(0);
    o->has_more = true;
    CU_ASSERT_EQUAL(judge(o, STATE_GUARD_STATE, &service), -EPERM);
}

/* Real files of this process. */
static void test_check(void)
{
    static const char place[] = "state_guard_test";
    CU_ASSERT_EQUAL_FATAL(file_make_directory(place), 0);
    CU_ASSERT_EQUAL(state_guard_check(place, STATE_GUARD_STATE, true, reason), 0);
    CU_ASSERT_EQUAL(state_guard_check("state_guard_test/none", STATE_GUARD_CONFIG, true, reason), 0);
    char *config = NULL;
    FILE *file = NULL;
    CU_ASSERT_EQUAL_FATAL(file_join(&config, place, "t.xml"), 0);
    CU_ASSERT_EQUAL_FATAL(file_open(&file, config, "w"), 0);
    CU_ASSERT_EQUAL(fclose(file), 0);
    CU_ASSERT_EQUAL(state_guard_check_config(config, true, reason), 0);
    CU_ASSERT_EQUAL(state_guard_check_state("state_guard_test/none", true, reason), 0);
    free(config);
}

static void test_take(void)
{
    static const char place[] = "state_guard_test";
    struct state_guard *first = NULL, *second = NULL;
    CU_ASSERT_EQUAL_FATAL(file_make_directory(place), 0);
    CU_ASSERT_EQUAL_FATAL(state_guard_take(&first, place, reason), 0);
    CU_ASSERT_EQUAL(state_guard_take(&second, place, reason), -EBUSY);
    CU_ASSERT_PTR_NOT_NULL(strstr(reason, "another agent"));
    CU_ASSERT_EQUAL(state_guard_take(&second, "./state_guard_test/", reason), -EBUSY); /* the same, spelled otherwise */
    state_guard_release(first);
    CU_ASSERT_EQUAL_FATAL(state_guard_take(&second, place, reason), 0);
    state_guard_release(second);
    state_guard_release(NULL);
    CU_ASSERT_TRUE(state_guard_take(&second, "state_guard_not_there", reason) < 0);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"as installed", test_as_installed},
                                        {"own account", test_own_account},
                                        {"each right", test_each_right},
                                        {"owner", test_owner},
                                        {"odd", test_odd},
                                        {"check", test_check},
                                        {"take", test_take},
                                        {NULL, NULL}};
    return test_main("state_guard", tests);
}
