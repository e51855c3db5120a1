#include "agent/doctor.h"

#include "agent/doctor_win.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <aclapi.h>
#include <ntsecapi.h>
#include <sddl.h>

#define POLICY_KEY L"Software\\Microsoft\\Windows\\CurrentVersion\\Policies\\System\\Audit"
#define EXCHANGE_KEY L"SOFTWARE\\Microsoft\\ExchangeServer\\v15\\Setup"
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

/* SYSTEM, Administrators, TrustedInstaller and the service's own SID (S-1-5-80-...), or whoever owns what he makes. */
static bool is_trusted(PSID sid)
{
    static const WELL_KNOWN_SID_TYPE known[] = {WinLocalSystemSid, WinBuiltinAdministratorsSid, WinCreatorOwnerSid,
                                                WinCreatorOwnerRightsSid};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (IsWellKnownSid(sid, known[i]))
            return true;
    const SID_IDENTIFIER_AUTHORITY *authority = GetSidIdentifierAuthority(sid);
    return authority->Value[5] == 5 && *GetSidSubAuthorityCount(sid) > 0 && *GetSidSubAuthority(sid, 0) == 80;
}

static void add_name(struct doctor_path *p, PSID sid)
{
    wchar_t name[128], domain[128];
    DWORD name_size = 128, domain_size = 128;
    SID_NAME_USE use;
    char text[128] = "somebody unknown";
    if (LookupAccountSidW(NULL, sid, name, &name_size, domain, &domain_size, &use))
        doctor_narrow(text, sizeof(text), name);
    size_t used = strlen(p->others);
    if (strstr(p->others, text) == NULL)
        (void)snprintf(p->others + used, sizeof(p->others) - used, "%s%s", used == 0 ? "" : ", ", text); /* cut */
}

static void judge_acl(struct doctor_path *p, PACL acl)
{
    const DWORD writes = FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_DELETE_CHILD | DELETE | WRITE_DAC | WRITE_OWNER |
                         GENERIC_WRITE | GENERIC_ALL;
    p->is_safe = DOCTOR_ON;
    if (acl == NULL) { /* no list: everybody may do everything */
        p->is_safe = DOCTOR_OFF;
        (void)text_copy(p->others, sizeof(p->others), text_from("everybody")); /* fits */
        return;
    }
    for (DWORD i = 0; i < acl->AceCount; i++) {
        ACCESS_ALLOWED_ACE *ace = NULL;
        if (!GetAce(acl, i, (void **)&ace) || ace->Header.AceType != ACCESS_ALLOWED_ACE_TYPE ||
            (ace->Header.AceFlags & INHERIT_ONLY_ACE) != 0 || (ace->Mask & writes) == 0 || is_trusted(&ace->SidStart))
            continue;
        p->is_safe = DOCTOR_OFF;
        add_name(p, &ace->SidStart);
    }
}

static void ask_path(struct doctor_answers *a, const char *path)
{
    struct doctor_path *p = &a->paths[a->path_count++];
    wchar_t *wide = doctor_wide(path);
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PSID owner = NULL;
    PACL acl = NULL;
    *p = (struct doctor_path){.is_safe = DOCTOR_UNREADABLE};
    (void)text_copy(p->path, sizeof(p->path), text_from(path)); /* cut where longer */
    DWORD code = wide == NULL ? ERROR_OUTOFMEMORY
                              : GetNamedSecurityInfoW(wide, SE_FILE_OBJECT,
                                                      OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner,
                                                      NULL, &acl, NULL, &descriptor);
    if (code == ERROR_SUCCESS) {
        judge_acl(p, acl);
        if (owner != NULL && !is_trusted(owner)) { /* an owner can give himself every right */
            p->is_safe = DOCTOR_OFF;
            add_name(p, owner);
        }
    }
    if (descriptor != NULL)
        LocalFree(descriptor);
    free(wide);
}

static void ask_disk(struct doctor_answers *a, const char *directory)
{
    wchar_t *wide = doctor_wide(directory);
    ULARGE_INTEGER available;
    if (wide != NULL && GetDiskFreeSpaceExW(wide, &available, NULL, NULL))
        a->disk_free = available.QuadPart;
    free(wide);
}

void doctor_ask_system(struct doctor_answers *a, const struct config *config, const char *path)
{
    a->is_windows = true;
    a->audits_processes = ask_audit_policy();
    a->keeps_command_lines = ask_number(POLICY_KEY, L"ProcessCreationIncludeCmdLine_Enabled");
    a->has_sysmon = ask_key(SYSMON_KEY);
    a->is_exchange = ask_key(EXCHANGE_KEY);
    for (size_t i = 0; i < config->channel_count; i++)
        doctor_ask_channel(&a->channels[a->channel_count++], config->channels[i].name);
    ask_disk(a, config->state_directory);
    ask_path(a, path);
    ask_path(a, config->state_directory);
}
