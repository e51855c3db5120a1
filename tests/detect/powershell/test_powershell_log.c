#include "detect/powershell/powershell_log.h"
#include "tests/test.h"

#define P "ActiveSyncAllowedDeviceIDs"

static void test_parameters(void)
{
    static const struct {
        const char *parameters, *value, *change; /* value: NULL: absent */
    } rows[] = {
        {"-" P " (\"A\",\"B\") -Identity \"v\"", "(\"A\",\"B\")", "replace"},
        {"-Identity \"v\" -" P " \"A\"", "A", "replace"},
        {"-identity \"v\" -activesyncalloweddeviceids (\"A\")", "(\"A\")", "replace"},
        {"-" P " $null", "$null", "clear"},
        {"-" P " () -Identity \"v\"", "()", "delta"},
        {"-" P, "", "delta"},
        {"-" P " ", "", "delta"},
        {"-" P " @{Add=\"A\"}", "@{Add=\"A\"}", "add"},
        {"-" P " @{+=\"A\"}", "@{+=\"A\"}", "add"},
        {"-" P " @{Remove=\"a;add=b\"}", "@{Remove=\"a;add=b\"}", "remove"},
        {"-" P " @{Add=\"A\"; remove=\"B\"}", "@{Add=\"A\"; remove=\"B\"}", "both"},
        {"-" P " @{x=\"A\"}", "@{x=\"A\"}", "delta"},
        {"-" P " \"a -b c\" -Identity \"v\"", "a -b c", "replace"}, /* within quotes */
        {"-Identity \"x -" P " y\"", "y\"", "replace"},             /* what looks like one counts */
        {"-" P "X (\"A\")", NULL, ""},
        {"-X" P " (\"A\")", NULL, ""},
        {"-ActiveSyncBlockedDeviceIDs (\"A\")", NULL, ""},
        {"x-" P " (\"A\")", NULL, ""},
        {"", NULL, ""},
        {"-", NULL, ""},
        {"{Identity=v, " P "=A}", "A", "replace"},
        {"{" P "=(a, b), Identity=v}", "(a, b)", "replace"},
        {"{" P "=", "", "delta"},
        {"{Other" P "=A}", NULL, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct text parameters = text_from(rows[i].parameters), value = powershell_log_value(parameters, text_from(P));
        const char *change = powershell_log_change_name(powershell_log_parameter(parameters, text_from(P)));
        if ((value.bytes == NULL) != (rows[i].value == NULL) || !text_equal(value, text_from(rows[i].value)) ||
            strcmp(change, rows[i].change) != 0) {
            fprintf(stderr, "%s: \"%.*s\" %s\n", rows[i].parameters, (int)value.len, value.bytes, change);
            CU_FAIL("a row");
        }
        CU_ASSERT(value.bytes == NULL ||
                  (value.bytes >= parameters.bytes && value.bytes + value.len <= parameters.bytes + parameters.len));
    }
    CU_ASSERT_PTR_NULL(powershell_log_value(text_from("-A b"), text_from("")).bytes);
}

static void test_bindings(void)
{
#define BINDING(cmdlet, name, value) "ParameterBinding(" cmdlet "): name=\"" name "\"; value=\"" value "\"\r\n"
    static const struct {
        const char *details, *change;
    } rows[] = {
        {BINDING("Set-CASMailbox", P, "D1"), "replace"},
        {BINDING("Set-CASMailbox", "Identity", "u") BINDING("Set-CASMailbox", P, "D1"), "replace"},
        {BINDING("Set-CASMailbox", P, "System.Collections.Hashtable"), "delta"},
        {BINDING("Set-CASMailbox", P, ""), "delta"},
        {BINDING("set-casmailbox", "activesyncalloweddeviceids", "$null"), "clear"},
        {BINDING("tmp\\Set-OnPremCASMailbox", P, "D1"), "replace"},
        {"CommandInvocation(Set-CASMailbox): \"Set-CASMailbox\"\n  " BINDING("Set-CASMailbox", P, "D1"), "replace"},
        {"ParameterBinding(Set-CASMailbox): name=\"" P "\"; value=\"D1\nD2\"", "replace"}, /* over two lines */
        {BINDING("Get-CASMailbox", P, "D1"), ""},
        {BINDING("Set-CASMailboxPlan", P, "D1"), ""},
        {BINDING("Set-x-CASMailbox", P, "D1"), ""},
        {BINDING("Set-CASMailbox", "OWAEnabled", P), ""},
        {BINDING("Set-CASMailbox", P "X", "D1"), ""},
        {"x ParameterBinding(Set-CASMailbox): name=\"" P "\"; value=\"D1\"", ""}, /* not at a line's beginning */
        {"ParameterBinding(Set-CASMailbox", ""},
        {"ParameterBinding(Set-CASMailbox): name=\"" P "\"", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *change = powershell_log_change_name(
            powershell_log_binding(text_from(rows[i].details), text_from("CASMailbox"), text_from(P)));
        if (strcmp(change, rows[i].change) != 0) {
            fprintf(stderr, "%s: %s\n", rows[i].details, change);
            CU_FAIL("a row");
        }
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"Exchange's parameters", test_parameters}, {"module logging", test_bindings}, CU_TEST_INFO_NULL};
    return test_main("powershell_log", tests);
}
