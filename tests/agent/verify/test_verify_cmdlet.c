/* Each of our rules for cmdlets, once by an event that fires it and once by one that does not; rows that can't be read.
 */
#include "agent/verify/verify.h"
#include "agent/verify/verify_cmdlet.h"
#include "tests/test.h"

#include <stdlib.h>

#define MGMT(id, cmdlet, parameters)                                                                                   \
    "mgmt\t{\"event_id\":" id ",\"data\":[\"" cmdlet "\",\"" parameters                                                \
    "\",\"c/o/admin\",\"S-1-5-21-1\",\"S-1-5-21-2\",\"Remote-ECP-Unknown\"]}\t"
#define BLOCK(text) "ps4104\t{\"ScriptBlockText\":\"" text "\"}\t"
#define LIST "-Identity \\\"v\\\" -ActiveSyncAllowedDeviceIDs "

static const char *const good[] = {
    MGMT("1", "Set-CASMailbox", LIST "(\\\"D1\\\")") "tl-eas-01\treplace\tmedium",
    MGMT("3", "Set-CASMailbox", LIST "()") "tl-eas-01\tdelta\tmedium",
    MGMT("1", "Set-CASMailbox", LIST "$null") "tl-eas-01\tclear\tlow",
    MGMT("1", "Set-CASMailbox", "{Identity=v, ActiveSyncAllowedDeviceIDs=D1}") "tl-eas-01\treplace\tmedium",
    MGMT("2", "Set-CASMailbox", LIST "(\\\"D1\\\")") "-\t-\t-",
    MGMT("1", "Set-CASMailbox", LIST "(\\\"D1\\\") -WhatIf \\\"True\\\"") "-\t-\t-",
    MGMT("1", "Set-Mailbox", LIST "(\\\"D1\\\")") "-\t-\t-",
    MGMT("6", "Set-CASMailbox", LIST "(\\\"D1\\\")") "tl-eas-02\treplace\tlow",
    MGMT("7", "Set-CASMailbox", LIST "()") "tl-eas-02\tdelta\tlow",
    MGMT("6", "Get-CASMailbox", LIST "()") "-\t-\t-",
    BLOCK("Set-CASMailbox v -ActiveSyncA D1") "tl-eas-03\treplace\tmedium",
    BLOCK("Set-CASMailbox v -ActiveSyncA @{remove='D1'}") "tl-eas-03\tremove\tlow",
    BLOCK("# Set-CASMailbox v -ActiveSyncA D1") "-\t-\t-",
    "ps800\t{\"data\":[\"Set-CASMailbox v -ActiveSyncA D1\",\"\",\"\"]}\ttl-eas-03\treplace\tmedium",
    "ps4104\t{\"parts\":[{\"n\":2,\"total\":2,\"id\":\"a\",\"text\":\"AllowedDeviceIDs "
    "D1\"},{\"n\":1,\"total\":2,\"id\":\"a\","
    "\"text\":\"Set-CASMailbox v -ActiveSync\"}]}\ttl-eas-03\treplace\tmedium",
    "ps4104\t{\"parts\":[{\"n\":2,\"total\":3,\"id\":\"a\",\"text\":\"Set-CASMailbox v -ActiveSyncA "
    "D1\"}]}\ttl-eas-03\treplace\tmedium",
    "ps4103\t{\"Payload\":\"ParameterBinding(Set-CASMailbox): name=\\\"ActiveSyncAllowedDeviceIDs\\\"; "
    "value=\\\"D1\\\"\"}\ttl-eas-04\t"
    "replace\tmedium",
    "ps4103\t{\"Payload\":\"ParameterBinding(Set-CASMailbox): name=\\\"OWAEnabled\\\"; value=\\\"D1\\\"\"}\t-\t-\t-",
    "proc\t{\"CommandLine\":\"powershell -c Set-CASMailbox v -ActiveSyncA @{add='D1'}\"}\ttl-eas-05\tadd\tmedium",
    "proc\t{\"CommandLine\":\"powershell -c Get-CASMailbox v\"}\t-\t-\t-",
    "ps400\t{\"data\":[\"Available\",\"None\",\"\\tHostApplication=powershell -c Set-CASMailbox v -ActiveSyncA "
    "$null\\r\\n\"]}\t"
    "tl-eas-05\tclear\tmedium",
    "cmdletinfra\t{\"Cmdlet\":\"Set-CASMailbox\",\"Parameters\":\"" LIST "()\"}\ttl-eas-06\tdelta\tmedium",
    "cmdletinfra\t{\"Cmdlet\":\"Get-CASMailbox\",\"Parameters\":\"" LIST "()\"}\t-\t-\t-",
    BLOCK("iex 'Set-CASMailbox v -ActiveSyncA D1'") "tl-eas-07\tquoted\tlow",
    BLOCK("$p=@{ActiveSyncAllowedDeviceIDs='D1'}; Set-CASMailbox @p") "tl-eas-07\tsplat\tlow",
    MGMT("1", "New-ActiveSyncDeviceAccessRule", "-AccessLevel \\\"Allow\\\"") "tl-eas-08\tallow\tlow",
    MGMT("1", "New-ActiveSyncDeviceAccessRule", "-AccessLevel \\\"Block\\\"") "-\t-\t-",
    MGMT("1", "Set-ActiveSyncOrganizationSettings", "-DefaultAccessLevel \\\"Allow\\\"") "tl-eas-08\tallow\tlow",
    MGMT("1", "Set-AdminAuditLogConfig", "-AdminAuditLogEnabled \\\"False\\\"") "tl-eas-09\taudit\tmedium",
    MGMT("1", "Set-AdminAuditLogConfig", "-AdminAuditLogAgeLimit \\\"0.00:00:00\\\"") "tl-eas-09\taudit\tmedium",
    MGMT("1", "Set-AdminAuditLogConfig", "-AdminAuditLogEnabled \\\"True\\\"") "-\t-\t-",
    "sys104\t{\"Channel\":\"Windows PowerShell\"}\ttl-eas-09\tcleared\thigh",
    "sys104\t{\"Channel\":\"Application\"}\t-\t-\t-",
};

static unsigned long run(const char *const *rows, size_t count, unsigned long *malformed)
{
    char text[65536] = VERIFY_CMDLET_HEADER "\n";
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof(text) - used, "r%u\t%s\twhy\n", (unsigned)i, rows[i]);
    }
    struct verify v = {.name = "rows", .mismatches_to = stderr, .faults_to = stdout};
    CU_ASSERT_EQUAL(verify_lines(&v, text_from(text)), 0);
    CU_ASSERT(v.kind == VERIFY_CMDLET && v.rows == count && v.cmdlets == NULL);
    *malformed = v.malformed;
    return v.mismatches;
}

static void test_rules(void)
{
    unsigned long malformed;
    CU_ASSERT_EQUAL(run(good, sizeof(good) / sizeof(good[0]), &malformed), 0);
    CU_ASSERT_EQUAL(malformed, 0);
}

static void test_told(void)
{
    static const char *const wrong[] = {
        MGMT("1", "Set-CASMailbox", LIST "(\\\"D1\\\")") "tl-eas-01\tadd\tmedium",
        MGMT("1", "Set-CASMailbox", LIST "(\\\"D1\\\")") "tl-eas-01\treplace\tlow",
        MGMT("1", "Set-CASMailbox", LIST "(\\\"D1\\\")") "-\t-\t-",
        BLOCK("Get-Date") "tl-eas-03\treplace\tmedium",
    };
    static const char *const bad[] = {"nonsense\t{}\t-\t-\t-", "ps4104\tno json\t-\t-\t-", "ps4104\t[1]\t-\t-\t-",
                                      "ps4104\t{}\t-"};
    unsigned long malformed;
    CU_ASSERT_EQUAL(run(wrong, 4, &malformed), 4);
    CU_ASSERT_EQUAL(malformed, 0);
    CU_ASSERT_EQUAL(run(bad, 4, &malformed), 0);
    CU_ASSERT_EQUAL(malformed, 4);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"each rule", test_rules}, {"what is told", test_told}, CU_TEST_INFO_NULL};
    return test_main("verify_cmdlet", tests);
}
