/* Contracts: learn.microsoft.com/windows/win32/api/aclapi (GetNamedSecurityInfo), .../secauthz/well-known-sids. */
#include "agent/config/secret.h"

#include "agent/guard/state_guard.h"
#include "detect/base/winapi.h"

#include <windows.h>

#include <aclapi.h>
#include <errno.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>

/* Any of these lets its holder read, or give himself the right to. */
#define READING (FILE_READ_DATA | GENERIC_READ | GENERIC_ALL | WRITE_DAC | WRITE_OWNER)

static bool is_ours(PSID sid)
{
    DWORD size = 0;
    HANDLE token = NULL;
    bool is_same = false;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return false;
    (void)GetTokenInformation(token, TokenUser, NULL, 0, &size); /* fails, and says how much it wants */
    TOKEN_USER *user = malloc(size);
    if (user != NULL && GetTokenInformation(token, TokenUser, user, size, &size))
        is_same = EqualSid(user->User.Sid, sid);
    free(user);
    CloseHandle(token);
    return is_same;
}

/* Is sid one of the two services that may read, ours and TrustedInstaller? Not every service: S-1-5-80-0 is all. */
static bool is_service(PSID sid)
{
    wchar_t *text = NULL;
    bool found = ConvertSidToStringSidW(sid, &text) &&
                 (wcscmp(text, L"" STATE_GUARD_SERVICE_SID) == 0 ||
                  wcscmp(text, L"S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464") == 0);
    LocalFree(text);
    return found;
}

/* System, administrators, whoever owns it (S-1-3-4), the services above, and this very account. */
static bool is_trusted(PSID sid)
{
    return IsWellKnownSid(sid, WinLocalSystemSid) || IsWellKnownSid(sid, WinBuiltinAdministratorsSid) ||
           IsWellKnownSid(sid, WinCreatorOwnerRightsSid) || is_service(sid) || is_ours(sid);
}

/* Does entry deny, whatever its kind? */
static bool is_denial(const ACE_HEADER *entry)
{
    return entry->AceType == ACCESS_DENIED_ACE_TYPE || entry->AceType == ACCESS_DENIED_OBJECT_ACE_TYPE ||
           entry->AceType == ACCESS_DENIED_CALLBACK_ACE_TYPE ||
           entry->AceType == ACCESS_DENIED_CALLBACK_OBJECT_ACE_TYPE;
}

/* Does an entry let somebody else read? *who: whom; NULL: nobody knows, as of an entry of a kind that files do not
 * have. A condition may hold at any time, so an entry that has one counts. */
static bool has_stranger(PACL acl, PSID *who)
{
    for (DWORD i = 0; i < acl->AceCount; i++) {
        ACCESS_ALLOWED_ACE *entry = NULL; /* ACCESS_ALLOWED_CALLBACK_ACE begins the same */
        *who = NULL;
        if (!GetAce(acl, i, (void **)&entry))
            return true;
        /* Entries that only pass on to children, in a file's list, mean nothing. */
        if (is_denial(&entry->Header) || (entry->Header.AceFlags & INHERIT_ONLY_ACE) != 0 ||
            (entry->Mask & READING) == 0)
            continue;
        if (entry->Header.AceType != ACCESS_ALLOWED_ACE_TYPE &&
            entry->Header.AceType != ACCESS_ALLOWED_CALLBACK_ACE_TYPE)
            return true;
        *who = (PSID)&entry->SidStart;
        if (!is_trusted(*who))
            return true;
    }
    return false;
}

static int refuse(const char *path, PSID stranger, struct fault *fault)
{
    wchar_t *wide = NULL;
    char name[TEXT_UTF16_MAX_BYTES(200)] = "somebody", words[700];
    if (stranger != NULL && ConvertSidToStringSidW(stranger, &wide) && wcslen(wide) < 200)
        (void)text_from_utf16(name, wide, wcslen(wide));
    LocalFree(wide);
    (void)snprintf(words, sizeof(words),
                   "%s can read it too; icacls FILE /inheritance:r /grant SYSTEM:R Administrators:F",
                   stranger == NULL ? "everybody" : name);
    fault_set(fault, "reading the secret", EACCES, text_from(path), words);
    return -EACCES;
}

int secret_check_file(const char *path, struct fault *fault)
{
    wchar_t *wide = NULL;
    PACL acl = NULL;
    PSID owner = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    int rc = winapi_path(&wide, path);
    if (rc < 0)
        return rc;
    DWORD code = GetNamedSecurityInfoW(wide, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION | OWNER_SECURITY_INFORMATION,
                                       &owner, NULL, &acl, NULL, &descriptor);
    free(wide);
    if (code != ERROR_SUCCESS) {
        fault_set(fault, "GetNamedSecurityInfo", (long)code, text_from(path), "the file's protection can't be read");
        return code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND ? -ENOENT : -EACCES;
    }
    PSID stranger = NULL; /* no list at all: everybody */
    if (acl == NULL || has_stranger(acl, &stranger))
        rc = refuse(path, stranger, fault);
    else if (!is_trusted(owner)) /* who may change the list */
        rc = refuse(path, owner, fault);
    LocalFree(descriptor);
    return rc;
}
