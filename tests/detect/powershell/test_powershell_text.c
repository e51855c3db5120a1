/* Each case is a way to write the act, or a text that only looks like it. */
#include "detect/powershell/powershell_text.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>

static const struct powershell_target target = {
    .noun = {"CASMailbox", 10}, .parameter = {"ActiveSyncAllowedDeviceIDs", 26}, .shortest = {"ActiveSyncA", 11}};

static const struct {
    const char *text, *use, *operation;
} cases[] = {
    /* what becomes of the list */
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs 'D1','D2'", "direct", "replace"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs @('a','b')", "direct", "replace"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs $null", "direct", "clear"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs $ids", "direct", "unknown"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs ((Get-MobileDevice -Mailbox u).DeviceId)", "direct", "unknown"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs @{add='D1'}", "direct", "add"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs @{ADD = 'D1'}", "direct", "add"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs @{'+'='D1'}", "direct", "add"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs @{+='D1'}", "direct", "add"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs @{-='D1'}", "direct", "remove"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs @{remove='D1'}", "direct", "remove"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs @{add='D1';remove='D2'}", "direct", "both"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs @{\r\n  remove = 'D2'\r\n  add = $x\r\n}", "direct", "both"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs @{add=$id; note=@{remove='x'}}", "direct", "add"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs:@{Add='D1'}", "direct", "add"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs:D1", "direct", "replace"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs", "direct", "unknown"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs 'D1", "direct", "replace"}, /* its end was lost */
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs @{add='D1'", "direct", "add"},
    /* how names are written */
    {"set-casmailbox u -activesyncalloweddeviceids D1", "direct", "replace"},
    {"Set-CASMailbox u -ActiveSyncA D1", "direct", "replace"},
    {"Set-CASMailbox u -ActiveSync D1", "", ""}, /* means several parameters */
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDsX D1", "", ""},
    {"Set-CASMailbox u -ActiveSyncBlockedDeviceIDs D1", "", ""},
    {"Set-CASMailbox u \xE2\x80\x93"
     "ActiveSyncAllowedDeviceIDs @{add=\xE2\x80\x98"
     "D1\xE2\x80\x99}",
     "direct", "add"},
    {"Set-CASMailbox u \xE2\x80\x95"
     "ActiveSyncAllowedDeviceIDs D1",
     "direct", "replace"},
    {"Set-CASMailbox u -ActiveSync\xE2\x80\x8D"
     "AllowedDeviceIDs D1",
     "direct", "replace"},                                         /* zero-width joiner */
    {"Set-CASMailbox u -Active`SyncAllowedDeviceIDs D1", "", ""},  /* a backtick is part of a parameter's name */
    {"Set-CASMailbox u -ActiveSync'AllowedDeviceIDs' D1", "", ""}, /* an argument */
    {"Set-`CASMailbo`x u -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"},
    {"Set-\"CAS\"Mailbox u -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"},
    {"& 'Set-CASMailbox' u -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"},
    {". \"Set-CASMailbox\" u -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"},
    {"'Set-CASMailbox' u -ActiveSyncAllowedDeviceIDs D1", "", ""}, /* a string is no command */
    {"tmp_x\\Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"},
    {"Set-OnPremCASMailbox u -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"},
    {"Set-CASMailboxPlan p -ActiveSyncAllowedDeviceIDs D1", "", ""},
    {"Get-CASMailbox u -ActiveSyncAllowedDeviceIDs D1", "", ""},
    {"Set-CASMailbox\xC2\xA0u\xC2\xA0-ActiveSyncAllowedDeviceIDs\xC2\xA0"
     "D1",
     "direct", "replace"}, /* no-break spaces */
    /* where a command stands */
    {"Get-Mailbox | Set-CASMailbox -ActiveSyncAllowedDeviceIDs @{add=$id}", "direct", "add"},
    {"Get-Mailbox |\r\n  Set-CASMailbox -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"},
    {"Set-CASMailbox u `\r\n  -ActiveSyncAllowedDeviceIDs `\n  @{ '+' = 'D1' }", "direct", "add"},
    {"if($x){Set-CASMailbox u -ActiveSyncAllowedDeviceIDs $ids}", "direct", "unknown"},
    {"$r = Set-CASMailbox u -ActiveSyncAllowedDeviceIDs @('a'); $r", "direct", "replace"},
    {"$r=Set-CASMailbox u -ActiveSyncAllowedDeviceIDs a", "direct", "replace"},
    {"$r += Set-CASMailbox u -ActiveSyncAllowedDeviceIDs a", "direct", "replace"},
    {"$h = @{ x = Set-CASMailbox u -ActiveSyncAllowedDeviceIDs a }", "direct", "replace"},
    {"(Set-CASMailbox u -ActiveSyncAllowedDeviceIDs a).Name", "direct", "replace"},
    {"try { return Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1 } catch {}", "direct", "replace"},
    {"Invoke-Command -Session $s { Set-CASMailbox u -ActiveSyncAllowedDeviceIDs @{add='D1'} }", "direct", "add"},
    {"a; b && Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"},
    {"{param($u) Set-CASMailbox $u -ActiveSyncAllowedDeviceIDs D1}", "direct", "replace"},
    {"if($x){1} Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"},
    {"try{1}catch [Exception] {2} finally{3} Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"},
    {"foreach($u in $all){1} Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"},
    {"function f { 1 } Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"},
    {"& { [string]$a = 1 } ; { [int[]]$b } | Set-CASMailbox -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"},
    {"echo {1} Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1", "", ""}, /* an argument */
    {"echo (1) Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1", "", ""},
    {"switch(1){1{Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1}}", "direct", "replace"},
    {"S`et-C`ASMailbox u -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"}, /* `e is an e to 5.1 */
    {"Set-CASM`ailbox u -ActiveSyncAllowedDeviceIDs D1", "", ""},               /* `a is a bell */
    {"1..3|%{Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1}", "direct", "replace"},
    {"Start-Job { Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1 }", "direct", "replace"},
    {"$x = $(Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1)", "direct", "replace"},
    {"[void](Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1)", "direct", "replace"},
    {"Set-CASMailbox u @h -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs -Confirm:$false", "direct", "unknown"},
    {"Set-EXOCASMailbox u -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"},
    {"echo Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1", "", ""},
    {"Set-CASMailbox u -OWAEnabled $false; Write-Host -ActiveSyncAllowedDeviceIDs x", "", ""},
    {"Set-CASMailbox u -OWAEnabled $false\nWrite-Host -ActiveSyncAllowedDeviceIDs x", "", ""},
    {"Set-CASMailbox u -OWAEnabled $true | Out-Null; Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1", "direct",
     "replace"},
    {"Set-CASMailbox u -X (Write-Host -ActiveSyncAllowedDeviceIDs x)", "", ""},
    {"Set-CASMailbox (f -x y) -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"},
    {"function Set-CASMailbox { param($ActiveSyncAllowedDeviceIDs) }", "", ""},
    {"filter Set-CASMailbox -ActiveSyncAllowedDeviceIDs x", "", ""},
    {"# Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1", "", ""},
    {"<# Set-CASMailbox u\n-ActiveSyncAllowedDeviceIDs D1 #>", "", ""},
    {"<# a #> Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"},
    {"Set-CASMailbox u <# a #> -ActiveSyncAllowedDeviceIDs D1 # b", "direct", "replace"},
    {"a#b; Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1", "direct", "replace"}, /* no comment within a word */
    /* what changes nothing */
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1 -WhatIf", "", ""},
    {"Set-CASMailbox u -wi -ActiveSyncAllowedDeviceIDs D1", "", ""},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1 -WhatIf:$false", "direct", "replace"},
    {"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1 -WhatIf:$true", "", ""},
    /* what can only be guessed */
    {"$p=@{Identity='u';ActiveSyncAllowedDeviceIDs='D1'}; Set-CASMailbox @p", "splat", "unknown"},
    {"$p['ActiveSyncAllowedDeviceIDs']='D1'; Set-CASMailbox @p", "splat", "unknown"},
    {"$p=@{OWAEnabled=1}; Set-CASMailbox @p", "", ""},
    {"$p=@{ActiveSyncAllowedDeviceIDs='D1'}; Set-Mailbox @p", "", ""},
    {"$PSDefaultParameterValues['Set-CASMailbox:ActiveSyncAllowedDeviceIDs']='D1'", "default", "unknown"},
    {"$PSDefaultParameterValues=@{'Set-CASM*:ActiveSyncA*'='D1'}", "default", "unknown"},
    {"$PSDefaultParameterValues=@{'Set-CASM*:OWA*'='D1'}", "", ""},
    {"iex \"Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1\"", "quoted", "replace"},
    {"iex 'iex ''Set-CASMailbox u -ActiveSyncAllowedDeviceIDs D1'''", "quoted", "replace"},
    {"$s = @'\r\nSet-CASMailbox u -ActiveSyncAllowedDeviceIDs D1\r\n'@\r\niex $s", "quoted", "replace"},
    {"\"$(Set-CASMailbox u -ActiveSyncAllowedDeviceIDs \"D1\")\"", "quoted", "replace"},
    {"Write-Host 'Set-CASMailbox has ActiveSyncAllowedDeviceIDs'", "", ""},
    {"powershell -enc UwBlAHQALQBDAEEAUwBNAGEAaQBsAGIAbwB4ACAAdQAgAC0AQQBjAHQAaQB2AGUAUwB5AG4AYwBBACAARAAxAA==",
     "quoted", "replace"},
    {"powershell -enc UwBlAHQALQBDAEEAUwBNAGEAaQBsAGIAbwB4ACAAdQAgAC0AQQBjAHQAaQB2AGUAUwB5AG4AYwBBACAARAAxAA=", "", ""},
    /* the strongest counts */
    {"iex 'Set-CASMailbox u -ActiveSyncA D'; Set-CASMailbox u -ActiveSyncA $null", "direct", "clear"},
    {"Set-CASMailbox u -ActiveSyncA $null; Set-CASMailbox u -ActiveSyncA D1", "direct", "clear"},
    /* known not to be seen */
    {"&('Set-CAS'+'Mailbox') u -ActiveSyncAllowedDeviceIDs D1", "", ""},
    {"sal scm Set-CASMailbox; scm u -ActiveSyncAllowedDeviceIDs D1", "", ""},
    {"", "", ""},
};

static void test_cases(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct powershell_hit hit;
        size_t length = strlen(cases[i].text);
        char *exact = malloc(length + 1); /* so that a read beyond the text is seen */
        CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
        memcpy(exact, cases[i].text, length);
        CU_ASSERT_EQUAL(powershell_text_find(&hit, &target, (struct text){exact, length}), 0);
        const char *use = powershell_use_name(hit.use), *operation = powershell_operation_name(hit.operation);
        if (strcmp(use, cases[i].use) != 0 || strcmp(operation, cases[i].operation) != 0) {
            fprintf(stderr, "%s: %s %s, wanted %s %s\n", cases[i].text, use, operation, cases[i].use,
                    cases[i].operation);
            CU_FAIL("a case");
        }
        CU_ASSERT_FALSE(hit.is_cut);
        free(exact);
    }
}

/* Types in brackets are closed again: any number of them is no depth. */
static void test_types(void)
{
    static char text[4096];
    struct powershell_hit hit;
    for (unsigned i = 0; i < 200; i++)
        snprintf(text + strlen(text), 16, "[int]$a=1;");
    snprintf(text + strlen(text), 64, "Set-CASMailbox u -ActiveSyncA D1");
    CU_ASSERT_EQUAL_FATAL(powershell_text_find(&hit, &target, text_from(text)), 0);
    CU_ASSERT(hit.use == POWERSHELL_USE_DIRECT && !hit.is_cut);
}

static void test_statement(void)
{
    struct powershell_hit hit;
    struct text text = text_from("a; x\\Set-CASMailbox u -ActiveSyncA D1; b");
    CU_ASSERT_EQUAL_FATAL(powershell_text_find(&hit, &target, text), 0);
    CU_ASSERT(hit.statement.len >= 34 && memcmp(hit.statement.bytes, "x\\Set-CASMailbox u -ActiveSyncA D1", 34) == 0);
    CU_ASSERT_PTR_EQUAL(hit.statement.bytes, text.bytes + 3);
}

static void test_targets(void)
{
    static const struct {
        struct powershell_target target;
        int rc;
    } targets[] = {
        {{{"Mailbox", 7}, {"ForwardingAddress", 17}, {"Forwarding", 10}}, 0},
        {{{"", 0}, {"P", 1}, {"P", 1}}, -EINVAL},
        {{{"N", 1}, {"Parameter", 9}, {"Q", 1}}, -EINVAL},
        {{{"N", 1}, {"P", 1}, {"PP", 2}}, -EINVAL},
        {{{"N", 1}, {"P\xC3\xA4", 3}, {"P", 1}}, -EINVAL},
        {{{"N", 1}, {"0123456789012345678901234567890123456789012345678901234567890123", 64}, {"0", 1}}, 0},
        {{{"N", 1}, {"01234567890123456789012345678901234567890123456789012345678901234", 65}, {"0", 1}}, -EINVAL},
    };
    struct powershell_hit hit;
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
        CU_ASSERT_EQUAL(powershell_text_find(&hit, &targets[i].target, text_from("x")), targets[i].rc);
    CU_ASSERT_EQUAL(powershell_text_find(&hit, &targets[0].target, text_from("Set-Mailbox u -ForwardingA b")), 0);
    CU_ASSERT_EQUAL(hit.use, POWERSHELL_USE_DIRECT);
}

/* A text too deep or too long is not read whole: what holds the words counts as the weakest hit, and it is said. */
static void test_bounds(void)
{
    static char text[POWERSHELL_TEXT_MAX + 100];
    struct powershell_hit hit;
    const char *call = "Set-CASMailbox u -ActiveSyncA D1";

    memset(text, '(', 63);
    memcpy(text + 63, call, strlen(call) + 1); /* the 64th level is the text itself */
    CU_ASSERT_EQUAL(powershell_text_find(&hit, &target, text_from(text)), 0);
    CU_ASSERT(hit.use == POWERSHELL_USE_DIRECT && !hit.is_cut);
    memset(text, '(', 64);
    memcpy(text + 64, call, strlen(call) + 1);
    CU_ASSERT_EQUAL(powershell_text_find(&hit, &target, text_from(text)), 0);
    CU_ASSERT(hit.use == POWERSHELL_USE_QUOTED && hit.is_cut);

    memset(text, ' ', sizeof(text));
    memcpy(text + POWERSHELL_TEXT_MAX - strlen(call), call, strlen(call));
    CU_ASSERT_EQUAL(powershell_text_find(&hit, &target, (struct text){text, POWERSHELL_TEXT_MAX}), 0);
    CU_ASSERT(hit.use == POWERSHELL_USE_DIRECT && !hit.is_cut);
    memcpy(text + POWERSHELL_TEXT_MAX, call, strlen(call));
    memset(text, ' ', POWERSHELL_TEXT_MAX);
    CU_ASSERT_EQUAL(powershell_text_find(&hit, &target, (struct text){text, POWERSHELL_TEXT_MAX + strlen(call)}), 0);
    CU_ASSERT(hit.use == POWERSHELL_USE_QUOTED && hit.is_cut);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"ways to write it", test_cases},
                                        {"the statement", test_statement},
                                        {"targets", test_targets},
                                        {"bounds", test_bounds},
                                        {"types", test_types},
                                        CU_TEST_INFO_NULL};
    return test_main("powershell_text", tests);
}
