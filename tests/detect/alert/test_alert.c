#include "detect/alert/alert.h"
#include "detect/rules/rule_builtin.h"
#include "tests/detect/event/event_sample.h"
#include "tests/test.h"

#include <string.h>

static struct rule_set *rules;

static struct alert make(const struct event *event)
{
    const struct rule_match *matches;
    struct rule_scratch *scratch = NULL;
    struct alert alert = {0};
    CU_ASSERT_FATAL(rule_scratch_new(&scratch, rules) == 0);
    CU_ASSERT_FATAL(rule_set_match(rules, event, 42, scratch, &matches) == 1);
    CU_ASSERT_FATAL(alert_make(&alert, &matches[0], rule_set_columns(rules), event, 42) == 0);
    CU_ASSERT(alert.created == 42 && alert.event == event && alert.rule == rule_set_at(rules, 0));
    rule_scratch_free(scratch);
    return alert;
}

static struct text cell(const struct alert *alert, const char *name)
{
    const struct alert_cell *found = alert_cell(alert, name);
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    return value_text(found->value, alert->arena);
}

/* Every column that is not empty must be named in want: "Column=text" in the order of the columns, joined by newlines.
 */
static void check_row(const struct alert *alert, const char *want)
{
    char row[2048] = "";
    size_t len = 0;
    for (size_t c = 0; c < alert->cell_count; c++) {
        struct text text = value_text(alert->cells[c].value, alert->arena);
        if (text.len == 0 || alert->cells[c].value.type == VALUE_DATETIME || alert->cells[c].value.type == VALUE_INT)
            continue;
        int n = snprintf(row + len, sizeof(row) - len, "%.*s=%.*s\n", (int)alert->cells[c].name.len,
                         alert->cells[c].name.bytes, (int)text.len, text.bytes);
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
    CU_ASSERT(alert_cell(&a, "DomainIndex")->value.number == 6 && a.leg->number == 1);
    CU_ASSERT(text_equal(a.host_account.account_name, text_from("dadmin")));
    CU_ASSERT(text_equal(a.host_account.account_domain, text_from("CONTOSO")));
    alert_clear(&a);

    e = sample_event(EVENT_FORWARDED_4688);
    a = make(&e);
    check_row(&a, ROW_4688("WindowsEvent"));
    CU_ASSERT(a.leg->number == 2);
    alert_clear(&a);
}

static void test_4688_without_account(void)
{
    struct event e = sample_event(EVENT_SECURITY_4688);
    e.field[EVENT_SUBJECT_NAME] = e.field[EVENT_SUBJECT_DOMAIN] = text_from(NULL);
    e.field[EVENT_COMPUTER] = text_from("EXCH01");
    struct alert a = make(&e);
    CU_ASSERT(text_equal(cell(&a, "Account"), text_from("\\"))); /* strcat of nothing */
    CU_ASSERT(cell(&a, "AccountName").len == 0 && a.host_account.account_name.bytes == NULL);
    CU_ASSERT(text_equal(cell(&a, "HostNameDomain"), text_from("EXCH01")) &&
              alert_cell(&a, "DomainIndex")->value.number == -1);
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
    CU_ASSERT(a.leg->number == 4);
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
    CU_ASSERT(a.leg->number == 3);
    CU_ASSERT(text_equal(a.host_account.account_name, text_from("parent"))); /* corrected: Q1 */
    alert_clear(&a);

    /* where both command lines match, the row is the matching process's own */
    e.field[EVENT_COMMAND_LINE] = text_from(SAMPLE_ATTACK);
    a = make(&e);
    CU_ASSERT(a.leg->number == 4 && __builtin_popcountll(a.legs) == 2);
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
    CU_ASSERT(a.leg->number == 3 && !a.leg->is_faithful && a.follows == NULL);
    CU_ASSERT(text_equal(a.host_account.account_name, text_from("dadmin")));
    alert_clear(&a);

    /* only the creator's matches: with the creator's creator */
    e.field[EVENT_PARENT_COMMAND_LINE] = e.field[EVENT_COMMAND_LINE];
    e.field[EVENT_COMMAND_LINE] = text_from("whoami");
    e.field[EVENT_GRANDPARENT_IMAGE] = text_from("C:\\Windows\\explorer.exe");
    a = make(&e);
    CU_ASSERT(a.leg->number == 3 && a.leg->is_faithful);
    CU_ASSERT(text_equal(cell(&a, "InitiatingProcessParentFileName"), text_from("explorer.exe")));
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
    if (rule_builtin_set(&rules, NULL) < 0)
        return 1;
    int result = test_main("alert", tests);
    rule_set_free(rules);
    return result;
}
