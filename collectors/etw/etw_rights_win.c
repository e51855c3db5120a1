/* Which right is missing: said by name, since "access denied" alone helps nobody. */
#include "collectors/etw/etw_session.h"

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_member(WELL_KNOWN_SID_TYPE group)
{
    union {
        SID sid;
        unsigned char bytes[SECURITY_MAX_SID_SIZE];
    } sid;
    DWORD size = sizeof(sid);
    BOOL member = FALSE;
    return CreateWellKnownSid(group, NULL, &sid, &size) && CheckTokenMembership(NULL, &sid, &member) && member;
}

static bool has_privilege(const wchar_t *name)
{
    HANDLE token = NULL;
    LUID wanted;
    DWORD size = 0;
    bool found = false;
    if (!LookupPrivilegeValueW(NULL, name, &wanted) || !OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return false;
    (void)GetTokenInformation(token, TokenPrivileges, NULL, 0, &size); /* fails on purpose: how much? */
    TOKEN_PRIVILEGES *list = malloc(size);
    if (list != NULL && GetTokenInformation(token, TokenPrivileges, list, size, &size))
        for (DWORD i = 0; i < list->PrivilegeCount; i++)
            found = found || memcmp(&list->Privileges[i].Luid, &wanted, sizeof(wanted)) == 0;
    free(list);
    CloseHandle(token);
    return found;
}

void etw_rights_missing(char to[256], enum etw_kind kind)
{
    if (kind == ETW_SECURITY) {
        snprintf(to, 256, "%s",
                 is_member(WinLocalSystemSid) ? "LocalSystem itself is refused: see the security of this session"
                                              : "only LocalSystem may read this session along; administrators may not");
        return;
    }
    bool is_user = is_member(WinBuiltinAdministratorsSid) || is_member(WinBuiltinPerfLoggingUsersSid);
    bool has_profile = kind != ETW_KERNEL || has_privilege(L"SeSystemProfilePrivilege");
    if (is_user && has_profile)
        snprintf(to, 256, "groups and privileges suffice: see the security of the session's and the provider's GUID");
    else
        snprintf(to, 256, "this account lacks %s%s%s; LocalSystem has it",
                 is_user ? "" : "membership in Performance Log Users or Administrators",
                 is_user || has_profile ? "" : " and ", has_profile ? "" : "the privilege SeSystemProfilePrivilege");
}
