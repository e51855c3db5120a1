/*
 * Contracts: learn.microsoft.com/windows/win32/api/ntsecapi, LsaEnumerateAccountsWithUserRight; lmaccess,
 * NetLocalGroupGetMembers; winsvc.
 */
#include "agent/doctor/doctor_win.h"
#include "agent/guard/token.h"
#include "detect/base/winapi.h"

#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <lm.h>
#include <ntsecapi.h>
#include <sddl.h>

#define ALL_SERVICES L"S-1-5-80-0"

static bool is_sid(PSID sid, const wchar_t *text)
{
    wchar_t *got = NULL;
    bool same = ConvertSidToStringSidW(sid, &got) && wcscmp(got, text) == 0;
    LocalFree(got);
    return same;
}

/* Does the service run under its virtual account? */
static bool is_virtual(void)
{
    union {
        QUERY_SERVICE_CONFIGW config;
        unsigned char bytes[8192]; /* as much as it can be: learn.microsoft.com: QueryServiceConfigW */
    } now;
    DWORD used = 0;
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE service = manager == NULL ? NULL : OpenServiceW(manager, STATE_GUARD_SERVICE_NAME, SERVICE_QUERY_CONFIG);
    bool is_ours = service != NULL && QueryServiceConfigW(service, &now.config, sizeof(now), &used) &&
                   now.config.lpServiceStartName != NULL &&
                   _wcsicmp(now.config.lpServiceStartName, L"NT SERVICE\\Tripline") == 0;
    if (service != NULL)
        CloseServiceHandle(service);
    if (manager != NULL)
        CloseServiceHandle(manager);
    return is_ours;
}

/* NT SERVICE\ALL SERVICES, or the very account. */
static enum doctor_answer ask_logon(void)
{
    LSA_HANDLE policy = NULL;
    LSA_OBJECT_ATTRIBUTES attributes = {.Length = sizeof(attributes)};
    LSA_ENUMERATION_INFORMATION *list = NULL;
    ULONG count = 0;
    wchar_t name[] = L"SeServiceLogonRight";
    LSA_UNICODE_STRING right = {sizeof(name) - sizeof(*name), sizeof(name), name};
    enum doctor_answer answer = DOCTOR_UNREADABLE;
    if (LsaOpenPolicy(NULL, &attributes, POLICY_LOOKUP_NAMES | POLICY_VIEW_LOCAL_INFORMATION, &policy) != 0)
        return answer;
    if (LsaEnumerateAccountsWithUserRight(policy, &right, (void **)&list, &count) == 0 && list != NULL) {
        answer = DOCTOR_OFF;
        for (ULONG i = 0; i < count; i++)
            if (is_sid(list[i].Sid, ALL_SERVICES) || is_sid(list[i].Sid, L"" STATE_GUARD_SERVICE_SID))
                answer = DOCTOR_ON;
        (void)LsaFreeMemory(list); /* nothing to do about it */
    }
    (void)LsaClose(policy); /* as above */
    return answer;
}

/* The group's name, and whether the service is in it. */
static void ask_group(struct doctor_answers *a)
{
    wchar_t group[256], domain[256];
    DWORD size = 256, domain_size = 256, count = 0, total = 0;
    SID_NAME_USE use;
    PSID sid = NULL;
    LOCALGROUP_MEMBERS_INFO_0 *members = NULL;
    if (!ConvertStringSidToSidW(L"" TOKEN_EVENT_LOG_READERS, &sid))
        return;
    bool is_known = LookupAccountSidW(NULL, sid, group, &size, domain, &domain_size, &use);
    LocalFree(sid);
    if (!is_known)
        return;
    winapi_copy(a->readers, sizeof(a->readers), group);
    if (NetLocalGroupGetMembers(NULL, group, 0, (BYTE **)&members, MAX_PREFERRED_LENGTH, &count, &total, NULL) !=
        NERR_Success)
        return;
    a->is_member = DOCTOR_OFF;
    for (DWORD i = 0; i < count; i++)
        if (is_sid(members[i].lgrmi0_sid, L"" STATE_GUARD_SERVICE_SID))
            a->is_member = DOCTOR_ON;
    NetApiBufferFree(members);
}

void doctor_ask_rights(struct doctor_answers *a)
{
    if (!is_virtual())
        return; /* LocalSystem has the rights of itself, a managed account what it was given */
    if (!a->is_inside)
        a->may_log_on = ask_logon();
    ask_group(a);
}
