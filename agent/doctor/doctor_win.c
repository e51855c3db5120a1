#include "agent/doctor/doctor.h"

#include "agent/doctor/doctor_win.h"
#include "agent/system/exchange.h"
#include "collectors/files/follow_directory.h"

#include "detect/base/winapi.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <ntsecapi.h>

#define POLICY_KEY L"Software\\Microsoft\\Windows\\CurrentVersion\\Policies\\System\\Audit"
#define EXCHANGE_KEY L"SOFTWARE\\Microsoft\\ExchangeServer\\v15\\Setup"
#define POWERSHELL_KEY L"SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell\\"
#define SYSMON_KEY                                                                                                     \
    L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WINEVT\\Channels\\Microsoft-Windows-Sysmon/Operational"

/* learn.microsoft.com/windows/win32/api/ntsecapi: Auditing Constants; the GUID of Process Creation. */
static const GUID process_creation = {0x0cce922b, 0x69ae, 0x11d9, {0xbe, 0xd3, 0x50, 0x50, 0x54, 0x50, 0x30, 0x30}};
#define AUDIT_SUCCESS 1u

/* Asking for the policy wants this privilege switched on; an administrator has it, switched off. */
static void allow_security(void)
{
    HANDLE token = NULL;
    TOKEN_PRIVILEGES wanted = {.PrivilegeCount = 1, .Privileges = {{.Attributes = SE_PRIVILEGE_ENABLED}}};
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token))
        return; /* then the question is refused, and that is said */
    if (LookupPrivilegeValueW(NULL, L"SeSecurityPrivilege", &wanted.Privileges[0].Luid))
        (void)AdjustTokenPrivileges(token, FALSE, &wanted, 0, NULL, NULL); /* as above */
    CloseHandle(token);
}

static enum doctor_answer ask_audit_policy(void)
{
    AUDIT_POLICY_INFORMATION *policy = NULL;
    enum doctor_answer answer = DOCTOR_UNREADABLE;
    allow_security();
    if (!AuditQuerySystemPolicy(&process_creation, 1, &policy) || policy == NULL)
        return answer;
    answer = (policy->AuditingInformation & AUDIT_SUCCESS) != 0 ? DOCTOR_ON : DOCTOR_OFF;
    AuditFree(policy);
    return answer;
}

/* A number that is not there counts as 0, for that is what Windows takes it for. */
static enum doctor_answer ask_number(const wchar_t *key, const wchar_t *name)
{
    DWORD value = 0, size = sizeof(value);
    LSTATUS code = RegGetValueW(HKEY_LOCAL_MACHINE, key, name, RRF_RT_REG_DWORD, NULL, &value, &size);
    if (code == ERROR_FILE_NOT_FOUND)
        return DOCTOR_OFF;
    return code != ERROR_SUCCESS ? DOCTOR_UNREADABLE : value != 0 ? DOCTOR_ON : DOCTOR_OFF;
}

static enum doctor_answer ask_key(const wchar_t *key)
{
    HKEY opened = NULL;
    LSTATUS code = RegOpenKeyExW(HKEY_LOCAL_MACHINE, key, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &opened);
    if (code == ERROR_SUCCESS)
        RegCloseKey(opened);
    return code == ERROR_SUCCESS ? DOCTOR_ON : code == ERROR_FILE_NOT_FOUND ? DOCTOR_OFF : DOCTOR_UNREADABLE;
}

static void ask_disk(struct doctor_answers *a, const char *directory)
{
    wchar_t *wide = NULL;
    ULARGE_INTEGER available;
    if (winapi_wide(&wide, directory) == 0 && GetDiskFreeSpaceExW(wide, &available, NULL, NULL))
        a->disk_free = available.QuadPart;
    free(wide);
}

/* Source: as doctor_cmdlets.c. */
static void ask_cmdlets(struct doctor_answers *a, const struct config *config)
{
    struct doctor_cmdlets *c = &a->cmdlets;
    char *directory = NULL;
    c->logs_blocks = ask_number(POWERSHELL_KEY L"ScriptBlockLogging", L"EnableScriptBlockLogging");
    c->logs_modules = ask_number(POWERSHELL_KEY L"ModuleLogging", L"EnableModuleLogging");
    if (a->is_exchange == DOCTOR_ON)
        doctor_ask_channel(&c->management, "MSExchange Management");
    c->wants_files = config->exchange_logs;
    c->has_directory = config->exchange_directory != NULL;
    if (exchange_cmdlet_files(&directory, config->exchange_directory) < 0)
        return;
    struct follow_entries entries = {.count = 0};
    int rc = follow_directory_list(&entries, directory, NULL);
    c->may_read_files = rc == 0 ? DOCTOR_ON : rc == -EACCES ? DOCTOR_OFF : DOCTOR_UNREADABLE;
    (void)text_copy(c->files, sizeof(c->files), text_from(directory)); /* cut where longer */
    free(entries.items);
    free(directory);
}

void doctor_ask_system(struct doctor_answers *a, const struct config *config)
{
    a->is_windows = true;
    a->audits_processes = ask_audit_policy();
    a->keeps_command_lines = ask_number(POLICY_KEY, L"ProcessCreationIncludeCmdLine_Enabled");
    a->has_sysmon = ask_key(SYSMON_KEY);
    doctor_ask_sysmon(&a->sysmon);
    doctor_ask_rights(a);
    a->is_exchange = ask_key(EXCHANGE_KEY);
    for (size_t i = 0; i < config->channel_count; i++)
        doctor_ask_channel(&a->channels[a->channel_count++], config->channels[i].name);
    ask_cmdlets(a, config);
    ask_disk(a, config->state_directory);
}
