#include "detect/alert/alert.h"
#include "tests/detect/event/event_sample.h"
#include "tests/test.h"

#include <string.h>

static struct alert make(const struct event *event)
{
    struct matcher *m = NULL;
    struct match match;
    struct alert alert = {0};
    const struct rule *rule = &rule_email_access_active_sync;
    CU_ASSERT_FATAL(matcher_new(&m, &rule, 1) == 0);
    CU_ASSERT_FATAL(matcher_match(m, event, &match) == 1);
    CU_ASSERT_FATAL(alert_make(&alert, &match, event, 42) == 0);
    CU_ASSERT(alert.created == 42 && alert.event == event && alert.rule == rule);
    matcher_free(m);
    return alert;
}

/* Every column that is not empty must be named in want: "Column=text" in the order of the columns, joined by newlines.
 */
static void check_row(const struct alert *alert, const char *want)
{
    char row[2048] = "";
    size_t len = 0;
    for (int c = 0; c < ALERT_COLUMN_COUNT; c++) {
        if (alert->row[c].len == 0)
            continue;
        int n = snprintf(row + len, sizeof(row) - len, "%s=%.*s\n", alert_column_name((enum alert_column)c),
                         (int)alert->row[c].len, alert->row[c].bytes);
        len += (size_t)n;
    }
    CU_ASSERT_STRING_EQUAL(row, want);
}

#define ROW_4688(type)                                                                                                 \
    "Type=" type "\nComputer=EXCH01.corp.example.com\nHostEntity=EXCH01.corp.example.com\nAccount=CONTOSO\\dadmin\n"   \
    "AccountEntity=CONTOSO\\dadmin\nSubjectDomainName=CONTOSO\nSubjectUserName=dadmin\nProcess=powershell.exe\n"       \
    "ParentProcessName=C:\\Windows\\System32\\cmd.exe\nCommandLine=" SAMPLE_ATTACK "\n"                                \
    "HostName=EXCH01\nHostNameDomain=corp.example.com\nAccountName=dadmin\nAccountDomain=CONTOSO\n"

static void test_4688(void)
{
    struct event e = sample_event(EVENT_SECURITY_4688);
    struct alert a = make(&e);
    check_row(&a, ROW_4688("SecurityEvent"));
    CU_ASSERT(a.domain_index == 6 && a.branch->number == 1);
    CU_ASSERT(text_equal(a.host_account.account_name, text_from("dadmin")));
    CU_ASSERT(text_equal(a.host_account.account_domain, text_from("CONTOSO")));
    alert_clear(&a);

    e = sample_event(EVENT_FORWARDED_4688);
    a = make(&e);
    check_row(&a, ROW_4688("WindowsEvent"));
    CU_ASSERT(a.branch->number == 2);
    alert_clear(&a);
}

static void test_4688_without_account(void)
{
    struct event e = sample_event(EVENT_SECURITY_4688);
    e.field[EVENT_SUBJECT_NAME] = e.field[EVENT_SUBJECT_DOMAIN] = text_from(NULL);
    e.field[EVENT_COMPUTER] = text_from("EXCH01");
    struct alert a = make(&e);
    CU_ASSERT(text_equal(a.row[ALERT_ACCOUNT], text_from("\\"))); /* strcat of nothing */
    CU_ASSERT(a.row[ALERT_ACCOUNT_NAME].len == 0 && a.host_account.account_name.bytes == NULL);
    CU_ASSERT(text_equal(a.row[ALERT_HOST_NAME_DOMAIN], text_from("EXCH01")) && a.domain_index == -1);
    CU_ASSERT(a.host_account.host_domain.bytes == NULL);
    alert_clear(&a);
}

static void test_sysmon(void)
{
    struct event e = sample_event(EVENT_SYSMON_1);
    struct alert a = make(&e);
    check_row(&a, "Type=Event: Microsoft-Windows-Sysmon\nComputer=EXCH01.corp.example.com\n"
                  "HostEntity=EXCH01.corp.example.com\nAccountEntity=CONTOSO\\dadmin\nUser=CONTOSO\\dadmin\n"
                  "ParentImage=C:\\Windows\\System32\\cmd.exe\nCommandLine=" SAMPLE_ATTACK "\n"
                  "HostName=EXCH01\nHostNameDomain=corp.example.com\nAccountName=dadmin\nAccountDomain=CONTOSO\n");
    CU_ASSERT(a.branch->number == 4);
    alert_clear(&a);
}

static void test_device_process(void)
{
    struct event e = sample_event(EVENT_SYSMON_1);
    e.field[EVENT_PARENT_COMMAND_LINE] = text_from(SAMPLE_ATTACK);
    e.field[EVENT_COMMAND_LINE] = text_from("conhost.exe");
    struct alert a = make(&e);
    check_row(&a, "Type=DeviceProcessEvents\nDeviceName=EXCH01.corp.example.com\nHostEntity=EXCH01.corp.example.com\n"
                  "InitiatingProcessAccountDomain=CONTOSO\nInitiatingProcessAccountName=parent\n"
                  "InitiatingProcessFileName=cmd.exe\nInitiatingProcessCommandLine=" SAMPLE_ATTACK "\n"
                  "HostName=EXCH01\nHostNameDomain=corp.example.com\n");
    CU_ASSERT(a.branch->number == 3);
    CU_ASSERT(text_equal(a.host_account.account_name, text_from("parent"))); /* corrected: Q1 */
    alert_clear(&a);

    /* where both command lines match, the row is the matching process's own */
    e.field[EVENT_COMMAND_LINE] = text_from(SAMPLE_ATTACK);
    a = make(&e);
    CU_ASSERT(a.branch->number == 4 && __builtin_popcount(a.branches) == 2);
    alert_clear(&a);
}

/* ETW: the row that its first child would have; the account, which the rule loses, stands beside it. */
static void test_device_process_own(void)
{
    struct event e = sample_event(EVENT_ETW_PROCESS);
    e.field[EVENT_USER] = text_from("CONTOSO\\dadmin");
    struct alert a = make(&e);
    check_row(&a, "Type=DeviceProcessEvents\nDeviceName=EXCH01.corp.example.com\nHostEntity=EXCH01.corp.example.com\n"
                  "InitiatingProcessAccountDomain=CONTOSO\nInitiatingProcessAccountName=dadmin\n"
                  "InitiatingProcessFileName=powershell.exe\nInitiatingProcessParentFileName=cmd.exe\n"
                  "InitiatingProcessCommandLine=" SAMPLE_ATTACK "\n"
                  "HostName=EXCH01\nHostNameDomain=corp.example.com\n");
    CU_ASSERT(a.branch->number == 3 && a.branch->is_corrected && a.follows == NULL);
    CU_ASSERT(text_equal(a.host_account.account_name, text_from("dadmin")));
    alert_clear(&a);

    /* only the creator's matches: with the creator's creator */
    e.field[EVENT_PARENT_COMMAND_LINE] = e.field[EVENT_COMMAND_LINE];
    e.field[EVENT_COMMAND_LINE] = text_from("whoami");
    e.field[EVENT_GRANDPARENT_IMAGE] = text_from("C:\\Windows\\explorer.exe");
    a = make(&e);
    CU_ASSERT(a.branch->number == 3 && !a.branch->is_corrected);
    CU_ASSERT(text_equal(a.row[ALERT_INITIATING_PROCESS_PARENT_FILE_NAME], text_from("explorer.exe")));
    alert_clear(&a);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"4688", test_4688},
        {"4688 without account", test_4688_without_account},
        {"sysmon", test_sysmon},
        {"device process", test_device_process},
        {"device process of ETW", test_device_process_own},
        CU_TEST_INFO_NULL,
    };
    return test_main("alert", tests);
}
