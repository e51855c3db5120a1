/* The exact calls and structures that Windows gets when the service is set up. */
#include "agent/guard/token.h"
#include "agent/service/install_service.h"
#include "tests/test.h"

#include <string.h>

#include <windows.h>

#include <sddl.h>

static struct {
    wchar_t command[200], account[100];
    unsigned changes, joins, logons, restrictions;
    wchar_t joined[100];
    bool keeps_start;
    const SERVICE_FAILURE_ACTIONSW *actions; /* that the service has; NULL: Windows does not say */
    unsigned long change_code, join_code, change2_code;
    unsigned levels[16];
    size_t level_count;
    bool is_right;
} seen;

static unsigned long change(void *service, const uint16_t *command, const uint16_t *account, bool keeps_start)
{
    (void)service;
    seen.changes++;
    seen.keeps_start = keeps_start;
    (void)swprintf(seen.command, 200, L"%ls", command);
    (void)swprintf(seen.account, 100, L"%ls", account);
    return wcscmp(account, L"LocalSystem") == 0 ? 0 : seen.change_code;
}

static unsigned long join(const char *group_sid, const uint16_t *account)
{
    seen.joins++;
    (void)swprintf(seen.joined, 100, L"%ls", account);
    return strcmp(group_sid, "S-1-5-32-573") == 0 ? seen.join_code : 1;
}

/* Is information what docs/security.md says of this level? */
static bool is_right(unsigned long level, const void *information)
{
    switch (level) {
    case 1:
        return wcslen(((const SERVICE_DESCRIPTIONW *)information)->lpDescription) > 40;
    case 2: {
        const SERVICE_FAILURE_ACTIONSW *f = information;
        static const DWORD delays[] = {5000, 30000, 60000, 60000, 60000, 300000};
        bool good = f->dwResetPeriod == 86400 && f->lpRebootMsg == NULL && f->lpCommand == NULL && f->cActions == 6;
        for (DWORD i = 0; good && i < 6; i++)
            good = f->lpsaActions[i].Type == SC_ACTION_RESTART && f->lpsaActions[i].Delay == delays[i];
        return good;
    }
    case 3:
        return ((const SERVICE_DELAYED_AUTO_START_INFO *)information)->fDelayedAutostart;
    case 4:
        return ((const SERVICE_FAILURE_ACTIONS_FLAG *)information)->fFailureActionsOnNonCrashFailures;
    case 5:
        return ((const SERVICE_SID_INFO *)information)->dwServiceSidType == 1;
    case 6: {
        static const wchar_t only[] = L"SeChangeNotifyPrivilege\0";
        const SERVICE_REQUIRED_PRIVILEGES_INFOW *p = information;
        return memcmp(p->pmszRequiredPrivileges, only, sizeof(only)) == 0;
    }
    case 7:
        return ((const SERVICE_PRESHUTDOWN_INFO *)information)->dwPreshutdownTimeout == 10000;
    default:
        return false;
    }
}

static unsigned long change2(void *service, unsigned long level, void *information)
{
    (void)service;
    seen.levels[seen.level_count++] = (unsigned)level;
    seen.is_right = seen.is_right && is_right(level, information);
    return seen.change2_code;
}

static unsigned long query2(void *service, unsigned long level, void *buffer, unsigned long size)
{
    (void)service;
    if (level != SERVICE_CONFIG_FAILURE_ACTIONS || seen.actions == NULL || size < sizeof(*seen.actions))
        return 124;
    memcpy(buffer, seen.actions, sizeof(*seen.actions));
    return 0;
}

static unsigned long allow_logon(const uint16_t *account)
{
    (void)swprintf(seen.joined, 100, L"%ls", account);
    seen.logons++;
    return 0;
}

static unsigned long restrict_control(void *service)
{
    (void)service;
    seen.restrictions++;
    return 0;
}

static const struct install_service_calls calls = {change, change2, query2, join, allow_logon, restrict_control};
static const struct install_properties none = {{NULL}};

static int configure_as(struct install_account *account, bool is_chosen, bool is_upgrade)
{
    char reason[INSTALL_MAX_REASON];
    CU_ASSERT_EQUAL_FATAL(install_account_choose(account, &none, reason), 0);
    account->is_chosen = is_chosen;
    seen.is_right = true;
    return install_service_configure(&calls, NULL, L"\"C:\\a b\" service", account, &none, is_upgrade);
}

static int configure(struct install_account *account, bool is_chosen)
{
    return configure_as(account, is_chosen, false);
}

static void test_structures(void)
{
    struct install_account account;
    memset(&seen, 0, sizeof(seen));
    CU_ASSERT_EQUAL(configure(&account, false), 0);
    CU_ASSERT_EQUAL(wcscmp(seen.command, L"\"C:\\a b\" service"), 0);
    CU_ASSERT_EQUAL(wcscmp(seen.account, L"NT SERVICE\\Tripline"), 0);
    CU_ASSERT_EQUAL(wcscmp(seen.joined, L"NT SERVICE\\Tripline"), 0);
    CU_ASSERT_EQUAL(seen.level_count, 7);
    CU_ASSERT_TRUE(seen.is_right);
    unsigned all = 0;
    for (size_t i = 0; i < seen.level_count; i++)
        all |= 1u << seen.levels[i];
    CU_ASSERT_EQUAL(all, 0xFE); /* each of 1 to 7 */
}

/* What an administrator has set stays over an upgrade: the way it starts, and failure actions that are none of ours. */
static void test_upgrade(void)
{
    struct install_account account;
    SC_ACTION old[] = {{SC_ACTION_RESTART, 5000}, {SC_ACTION_RESTART, 30000}, {SC_ACTION_RESTART, 60000}};
    SERVICE_FAILURE_ACTIONSW actions = {.cActions = 3, .lpsaActions = old};
    memset(&seen, 0, sizeof(seen));
    CU_ASSERT_EQUAL(configure_as(&account, false, false), 0);
    CU_ASSERT_FALSE(seen.keeps_start);
    memset(&seen, 0, sizeof(seen));
    seen.actions = &actions;
    CU_ASSERT_EQUAL(configure_as(&account, false, true), 0);
    CU_ASSERT_TRUE(seen.keeps_start);
    CU_ASSERT_EQUAL(seen.level_count, 7); /* version 0.1's actions are ours */
    old[1].Delay = 1000;
    memset(&seen, 0, sizeof(seen));
    seen.actions = &actions;
    CU_ASSERT_EQUAL(configure_as(&account, false, true), 0);
    CU_ASSERT_EQUAL(seen.level_count, 6);
    for (size_t i = 0; i < seen.level_count; i++)
        CU_ASSERT_NOT_EQUAL(seen.levels[i], SERVICE_CONFIG_FAILURE_ACTIONS);
}

/* A group managed service account has no right to log on as a service of itself. */
static void test_managed(void)
{
    struct install_account account = {INSTALL_MANAGED, "CORP\\watch$", true, true, token_privileges_needed(false)};
    memset(&seen, 0, sizeof(seen));
    CU_ASSERT_EQUAL(install_service_configure(&calls, NULL, L"x", &account, &none, false), 0);
    CU_ASSERT_EQUAL(seen.logons, 1);
    CU_ASSERT_EQUAL(wcscmp(seen.joined, L"CORP\\watch$"), 0);
    memset(&seen, 0, sizeof(seen));
    CU_ASSERT_EQUAL(configure(&account, false), 0);
    CU_ASSERT_EQUAL(seen.logons, 0); /* the virtual account has it by its group */
}

/* Windows' own list for a service (learn.microsoft.com/windows/win32/services/service-security-and-access-rights), in
 * which every local user has 0x100, SERVICE_USER_DEFINED_CONTROL. */
static void test_control(void)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    BOOL is_present = FALSE, is_default = FALSE;
    ACL *list = NULL;
    memset(&seen, 0, sizeof(seen));
    struct install_account account;
    CU_ASSERT_EQUAL(configure(&account, false), 0);
    CU_ASSERT_EQUAL(seen.restrictions, 1);
    CU_ASSERT_TRUE_FATAL(ConvertStringSecurityDescriptorToSecurityDescriptorW(
        L"D:(A;;CCLCSWRPWPDTLOCRRC;;;SY)(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;BA)(A;;CCLCSWLOCRRC;;;IU)"
        L"(A;;CCLCSWLOCRRC;;;SU)(D;;CR;;;BG)",
        SDDL_REVISION_1, &descriptor, NULL));
    CU_ASSERT_TRUE_FATAL(GetSecurityDescriptorDacl(descriptor, &is_present, &list, &is_default) && list != NULL);
    CU_ASSERT_TRUE(install_service_trim(list));
    static const DWORD expected[] = {0x201FD, 0xF01FF, 0x2008D, 0x2008D, 0x100};
    for (DWORD i = 0; i < 5; i++) {
        ACCESS_ALLOWED_ACE *entry = NULL;
        CU_ASSERT_TRUE_FATAL(GetAce(list, i, (void **)&entry));
        CU_ASSERT_EQUAL(entry->Mask, expected[i]);
    }
    CU_ASSERT_FALSE(install_service_trim(list)); /* done already */
    LocalFree(descriptor);
}

/* An account that can't be had: LocalSystem with few privileges, unless it was asked for by name. */
static void test_fall_back(void)
{
    struct install_account account;
    memset(&seen, 0, sizeof(seen));
    seen.change_code = 1057;
    CU_ASSERT_EQUAL(configure(&account, false), 0);
    CU_ASSERT_EQUAL(wcscmp(seen.account, L"LocalSystem"), 0);
    CU_ASSERT_EQUAL(account.kind, INSTALL_SYSTEM);
    CU_ASSERT_EQUAL(seen.joins, 0);
    CU_ASSERT_TRUE(seen.is_right && seen.level_count == 7);
    memset(&seen, 0, sizeof(seen));
    seen.join_code = 1332;
    CU_ASSERT_EQUAL(configure(&account, false), 0);
    CU_ASSERT_EQUAL(seen.changes, 2);
    CU_ASSERT_EQUAL(wcscmp(seen.account, L"LocalSystem"), 0);
    memset(&seen, 0, sizeof(seen));
    seen.join_code = 1332;
    CU_ASSERT_EQUAL(configure(&account, true), 1);
    CU_ASSERT_EQUAL(seen.level_count, 0);
}

/* A Windows that knows none of the newer settings still gets the service. */
static void test_old_windows(void)
{
    struct install_account account;
    memset(&seen, 0, sizeof(seen));
    seen.change2_code = 124;
    CU_ASSERT_EQUAL(configure(&account, false), 0);
    CU_ASSERT_EQUAL(seen.level_count, 7);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"structures", test_structures},
                                        {"upgrade", test_upgrade},
                                        {"managed account", test_managed},
                                        {"control codes", test_control},
                                        {"fall back", test_fall_back},
                                        {"old Windows", test_old_windows},
                                        {NULL, NULL}};
    return test_main("install_service", tests);
}
