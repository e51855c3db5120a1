/*
 * Contracts: learn.microsoft.com/windows/win32/api/securitybaseapi, GetTokenInformation, AdjustTokenPrivileges;
 * LookupAccountSid, LookupPrivilegeName.
 */
#include "agent/guard/token.h"

#include "detect/base/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <sddl.h>

/* Longest name of an account or domain: learn.microsoft.com: LookupAccountName (UNLEN and DNLEN are smaller). */
#define MAX_NAME 512

static int failed(struct fault *fault, const char *call, DWORD code)
{
    fault_set(fault, call, (long)code, text_from(NULL), NULL);
    return code == ERROR_ACCESS_DENIED ? -EACCES : -EIO;
}

static char *utf8(const wchar_t *wide)
{
    size_t count = wcslen(wide);
    char *text = malloc(TEXT_UTF16_MAX_BYTES(count));
    if (text != NULL)
        (void)text_from_utf16(text, wide, count); /* the text is text itself */
    return text;
}

static char *sid_text(PSID sid)
{
    wchar_t *wide = NULL;
    if (!ConvertSidToStringSidW(sid, &wide))
        return NULL;
    char *text = utf8(wide);
    LocalFree(wide);
    return text;
}

/* "DOMAIN\name", or NULL where nobody knows the SID or memory is short. */
static char *sid_name(PSID sid)
{
    wchar_t name[MAX_NAME], domain[MAX_NAME], whole[2 * MAX_NAME + 1] = L"";
    DWORD name_size = MAX_NAME, domain_size = MAX_NAME;
    SID_NAME_USE use;
    if (!LookupAccountSidW(NULL, sid, name, &name_size, domain, &domain_size, &use))
        return NULL;
    size_t used = 0;
    if (domain[0] != L'\0') {
        used = wcslen(domain);
        memcpy(whole, domain, used * sizeof(*whole));
        whole[used++] = L'\\';
    }
    memcpy(whole + used, name, (wcslen(name) + 1) * sizeof(*whole));
    return utf8(whole);
}

/* One class of information; the caller frees it. */
static int information(void **out, HANDLE token, TOKEN_INFORMATION_CLASS class, struct fault *fault)
{
    DWORD size = 0;
    if (!GetTokenInformation(token, class, NULL, 0, &size) && GetLastError() != ERROR_INSUFFICIENT_BUFFER)
        return failed(fault, "GetTokenInformation", GetLastError());
    void *data = malloc(size == 0 ? 1 : size);
    if (data == NULL)
        return -ENOMEM;
    if (!GetTokenInformation(token, class, data, size, &size)) {
        int rc = failed(fault, "GetTokenInformation", GetLastError());
        free(data);
        return rc;
    }
    *out = data;
    return 0;
}

static int read_user(struct token_facts *facts, HANDLE token, struct fault *fault)
{
    TOKEN_USER *user = NULL;
    int rc = information((void **)&user, token, TokenUser, fault);
    if (rc < 0)
        return rc;
    facts->sid = sid_text(user->User.Sid);
    facts->account = sid_name(user->User.Sid);
    if (facts->account == NULL && facts->sid != NULL)
        facts->account = text_dup(text_from(facts->sid));
    free(user);
    return facts->account == NULL ? -ENOMEM : 0;
}

static int read_groups(struct token_facts *facts, HANDLE token, struct fault *fault)
{
    TOKEN_GROUPS *groups = NULL;
    int rc = information((void **)&groups, token, TokenGroups, fault);
    if (rc < 0)
        return rc;
    for (DWORD i = 0; i < groups->GroupCount && rc == 0; i++) {
        DWORD flags = groups->Groups[i].Attributes;
        if ((flags & (SE_GROUP_LOGON_ID | SE_GROUP_INTEGRITY)) != 0)
            continue; /* a number of this logon; the integrity level, which stands alone */
        if (facts->group_count == TOKEN_MAX_GROUPS) {
            facts->more_groups++;
            continue;
        }
        bool is_enabled = (flags & SE_GROUP_ENABLED) != 0;
        struct token_group *group = &facts->groups[facts->group_count++];
        *group = (struct token_group){sid_text(groups->Groups[i].Sid), sid_name(groups->Groups[i].Sid), is_enabled};
        rc = group->sid == NULL ? -ENOMEM : 0;
        if (rc == 0 && is_enabled && strcmp(group->sid, "S-1-5-32-544") == 0)
            facts->is_administrator = true;
    }
    free(groups);
    return rc;
}

static int read_privileges(struct token_facts *facts, HANDLE token, struct fault *fault)
{
    TOKEN_PRIVILEGES *list = NULL;
    int rc = information((void **)&list, token, TokenPrivileges, fault);
    if (rc < 0)
        return rc;
    for (DWORD i = 0; i < list->PrivilegeCount && facts->privilege_count < TOKEN_MAX_PRIVILEGES && rc == 0; i++) {
        wchar_t name[MAX_NAME];
        DWORD size = MAX_NAME;
        if (!LookupPrivilegeNameW(NULL, &list->Privileges[i].Luid, name, &size))
            continue; /* newer than this system's own list of names */
        struct token_privilege *p = &facts->privileges[facts->privilege_count++];
        *p = (struct token_privilege){utf8(name), (list->Privileges[i].Attributes & SE_PRIVILEGE_ENABLED) != 0};
        rc = p->name == NULL ? -ENOMEM : 0;
    }
    free(list);
    return rc;
}

static int read_integrity(struct token_facts *facts, HANDLE token, struct fault *fault)
{
    TOKEN_MANDATORY_LABEL *label = NULL;
    int rc = information((void **)&label, token, TokenIntegrityLevel, fault);
    if (rc < 0)
        return rc;
    DWORD count = *GetSidSubAuthorityCount(label->Label.Sid);
    facts->integrity = token_integrity(count == 0 ? 0 : *GetSidSubAuthority(label->Label.Sid, count - 1));
    free(label);
    return 0;
}

int token_read(struct token_facts **out, struct fault *fault)
{
    HANDLE token = NULL;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return failed(fault, "OpenProcessToken", GetLastError());
    struct token_facts *facts = calloc(1, sizeof(*facts));
    int rc = facts == NULL ? -ENOMEM : read_user(facts, token, fault);
    if (rc == 0)
        rc = read_groups(facts, token, fault);
    if (rc == 0)
        rc = read_privileges(facts, token, fault);
    if (rc == 0)
        rc = read_integrity(facts, token, fault);
    CloseHandle(token);
    if (rc < 0)
        token_free(facts);
    else
        *out = facts;
    return rc;
}

static bool is_kept(LUID luid, const char *const *keep)
{
    wchar_t name[MAX_NAME];
    DWORD size = MAX_NAME;
    if (!LookupPrivilegeNameW(NULL, &luid, name, &size))
        return false;
    char *text = utf8(name);
    bool found = false;
    for (; text != NULL && *keep != NULL && !found; keep++)
        found = strcmp(*keep, text) == 0;
    free(text);
    return found;
}

int token_drop_privileges(const char *const *keep, struct fault *fault)
{
    HANDLE token = NULL;
    TOKEN_PRIVILEGES *list = NULL;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_ADJUST_PRIVILEGES, &token))
        return failed(fault, "OpenProcessToken", GetLastError());
    int rc = information((void **)&list, token, TokenPrivileges, fault);
    DWORD count = 0;
    for (DWORD i = 0; rc == 0 && i < list->PrivilegeCount; i++) {
        if (is_kept(list->Privileges[i].Luid, keep))
            continue;
        list->Privileges[count] = list->Privileges[i];
        list->Privileges[count++].Attributes = SE_PRIVILEGE_REMOVED;
    }
    if (rc == 0 && count > 0) {
        list->PrivilegeCount = count;
        /* It succeeds with ERROR_NOT_ALL_ASSIGNED where one was gone already, which is as good. */
        if (!AdjustTokenPrivileges(token, FALSE, list, 0, NULL, NULL))
            rc = failed(fault, "AdjustTokenPrivileges", GetLastError());
    }
    free(list);
    CloseHandle(token);
    return rc < 0 ? rc : (int)count;
}
