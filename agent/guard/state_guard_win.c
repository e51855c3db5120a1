/*
 * Contracts: learn.microsoft.com/windows/win32/api/aclapi, GetSecurityInfo; CreateMutexEx; CreateFile;
 * windows/win32/fileio/reparse-points.
 */
#include "agent/guard/state_guard.h"

#include "agent/guard/token.h"
#include "agent/system/file.h"
#include "detect/base/text.h"
#include "detect/base/winapi.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <aclapi.h>
#include <sddl.h>

static int failed(char reason[STATE_GUARD_MAX_REASON], const char *path, const char *what, DWORD code)
{
    snprintf(reason, STATE_GUARD_MAX_REASON, "%.600s %s (%lu)", path, what, code);
    return code == ERROR_ACCESS_DENIED ? -EACCES : -EIO;
}

static bool sid_text(char to[STATE_GUARD_MAX_SID], PSID sid)
{
    wchar_t *wide = NULL;
    if (!ConvertSidToStringSidW(sid, &wide))
        return false;
    size_t i = 0;
    for (; wide[i] != L'\0' && i + 1 < STATE_GUARD_MAX_SID; i++)
        to[i] = (char)wide[i]; /* ASCII alone */
    to[i] = '\0';
    LocalFree(wide);
    return true;
}

/* The SID of an entry of one of the simple kinds; an object entry, which files do not have, counts as one for all. */
static void take_entry(struct state_guard_object *object, ACE_HEADER *header)
{
    if (object->count == STATE_GUARD_MAX_ENTRIES) {
        object->has_more = true;
        return;
    }
    struct state_guard_entry *e = &object->entries[object->count++];
    /* ACCESS_ALLOWED_ACE and ACCESS_ALLOWED_CALLBACK_ACE begin the same. */
    ACCESS_ALLOWED_ACE *ace = (ACCESS_ALLOWED_ACE *)header;
    e->mask = ace->Mask;
    e->allows = header->AceType != ACCESS_DENIED_ACE_TYPE && header->AceType != ACCESS_DENIED_CALLBACK_ACE_TYPE;
    e->is_for_children_only = (header->AceFlags & INHERIT_ONLY_ACE) != 0;
    if ((header->AceType != ACCESS_ALLOWED_ACE_TYPE && header->AceType != ACCESS_ALLOWED_CALLBACK_ACE_TYPE &&
         e->allows) ||
        !sid_text(e->sid, (PSID)&ace->SidStart))
        snprintf(e->sid, sizeof(e->sid), "unknown");
}

static int fetch(struct state_guard_object *object, HANDLE handle, char reason[STATE_GUARD_MAX_REASON])
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PSID owner = NULL;
    ACL *list = NULL;
    DWORD code = GetSecurityInfo(handle, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner,
                                 NULL, &list, NULL, &descriptor);
    if (code != ERROR_SUCCESS)
        return failed(reason, object->path, "does not tell who may change it", code);
    int rc = 0;
    if (owner == NULL || !sid_text(object->owner, owner))
        rc = failed(reason, object->path, "does not tell whose it is", ERROR_INVALID_OWNER);
    object->has_list = list != NULL;
    for (DWORD i = 0; rc == 0 && list != NULL && i < list->AceCount; i++) {
        void *entry = NULL;
        if (GetAce(list, i, &entry))
            take_entry(object, entry);
        else
            rc = failed(reason, object->path, "has an access list that can't be read", GetLastError());
    }
    LocalFree(descriptor);
    return rc;
}

int state_guard_read_self(struct state_guard_self *self, bool is_foreground, char reason[STATE_GUARD_MAX_REASON])
{
    struct token_facts *facts = NULL;
    struct fault fault = {0};
    char text[300];
    int rc = token_read(&facts, &fault);
    if (rc < 0) {
        snprintf(reason, STATE_GUARD_MAX_REASON, "the agent's own account can't be told: %s",
                 fault_text(&fault, text, sizeof(text)));
        return rc;
    }
    snprintf(self->sid, sizeof(self->sid), "%s", facts->sid);
    self->is_administrator = facts->is_administrator;
    self->is_foreground = is_foreground;
    token_free(facts);
    return 0;
}

/* The object itself, not what a link leads to. *out is INVALID_HANDLE_VALUE, with 0, when there is none. */
static int open_object(HANDLE *out, const char *path, char reason[STATE_GUARD_MAX_REASON])
{
    wchar_t *wide = NULL;
    int rc = winapi_path(&wide, path);
    if (rc < 0) {
        snprintf(reason, STATE_GUARD_MAX_REASON, "%.600s is no path: %s", path, strerror(-rc));
        return rc;
    }
    *out =
        CreateFileW(wide, READ_CONTROL | FILE_READ_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    DWORD code = *out == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_SUCCESS;
    free(wide);
    if (code == ERROR_SUCCESS || code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND)
        return 0;
    return failed(reason, path, "can't be looked at", code);
}

/* The service's account as the service manager has it. False: there is no such service, or nobody knows the account. */
static bool service_account(char sid[STATE_GUARD_MAX_SID])
{
    union {
        QUERY_SERVICE_CONFIGW config;
        unsigned char bytes[8192]; /* as much as it can be: learn.microsoft.com: QueryServiceConfigW */
    } answer;
    union {
        SID sid;
        unsigned char bytes[SECURITY_MAX_SID_SIZE];
    } found;
    wchar_t domain[256];
    DWORD used = 0, size = sizeof(found), domain_size = 256;
    SID_NAME_USE use;
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE service = manager == NULL ? NULL : OpenServiceW(manager, STATE_GUARD_SERVICE_NAME, SERVICE_QUERY_CONFIG);
    bool is_read = service != NULL && QueryServiceConfigW(service, &answer.config, sizeof(answer), &used);
    if (service != NULL)
        CloseServiceHandle(service);
    if (manager != NULL)
        CloseServiceHandle(manager);
    return is_read && answer.config.lpServiceStartName != NULL &&
           LookupAccountNameW(NULL, answer.config.lpServiceStartName, &found.sid, &size, domain, &domain_size, &use) &&
           sid_text(sid, &found.sid);
}

/* LocalSystem, which has no such name for LookupAccountName, is trusted by its SID. */
void state_guard_read_service(struct state_guard_self *self)
{
    *self = (struct state_guard_self){.is_administrator = false};
    if (!service_account(self->sid))
        snprintf(self->sid, sizeof(self->sid), "%s", STATE_GUARD_SERVICE_SID);
}

/* Does the object stand for another one, as links and junctions do? Data that Windows only keeps elsewhere, as of files
 * that Data Deduplication has been over, does not (learn.microsoft.com: IsReparseTagNameSurrogate). */
static bool is_link(HANDLE handle, const FILE_BASIC_INFO *basic)
{
    FILE_ATTRIBUTE_TAG_INFO tag;
    return (basic->FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 &&
           (!GetFileInformationByHandleEx(handle, FileAttributeTagInfo, &tag, sizeof(tag)) ||
            IsReparseTagNameSurrogate(tag.ReparseTag));
}

int state_guard_check_as(const char *path, enum state_guard_kind kind, const struct state_guard_self *self,
                         char reason[STATE_GUARD_MAX_REASON])
{
    HANDLE handle = INVALID_HANDLE_VALUE;
    int rc = open_object(&handle, path, reason);
    if (rc < 0 || handle == INVALID_HANDLE_VALUE)
        return rc;
    struct state_guard_object *object = calloc(1, sizeof(*object));
    FILE_BASIC_INFO basic;
    if (object == NULL) {
        snprintf(reason, STATE_GUARD_MAX_REASON, "memory is short");
        rc = -ENOMEM;
    } else if (!GetFileInformationByHandleEx(handle, FileBasicInfo, &basic, sizeof(basic))) {
        rc = failed(reason, path, "can't be looked at", GetLastError());
    } else {
        object->path = path;
        object->is_directory = (basic.FileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
        object->is_link = is_link(handle, &basic);
        rc = fetch(object, handle, reason);
    }
    CloseHandle(handle);
    if (rc == 0)
        rc = state_guard_judge(object, kind, self, reason);
    free(object);
    return rc;
}

struct state_guard {
    HANDLE file;  /* tripline.lock, shared with nobody */
    HANDLE mutex; /* NULL: somebody else has made one of that name */
};

/* "Global\Tripline-VOLUME-FILE": two spellings of one directory give one name. */
static int mutex_name(wchar_t name[80], const char *directory, char reason[STATE_GUARD_MAX_REASON])
{
    HANDLE handle = INVALID_HANDLE_VALUE;
    BY_HANDLE_FILE_INFORMATION information;
    int rc = open_object(&handle, directory, reason);
    if (rc == 0 && handle == INVALID_HANDLE_VALUE)
        rc = failed(reason, directory, "is not there", ERROR_PATH_NOT_FOUND);
    if (rc < 0)
        return rc;
    if (!GetFileInformationByHandle(handle, &information))
        rc = failed(reason, directory, "can't be looked at", GetLastError());
    CloseHandle(handle);
    if (rc == 0)
        (void)swprintf(name, 80, L"Global\\Tripline-%08lx-%08lx%08lx", information.dwVolumeSerialNumber,
                       information.nFileIndexHigh, information.nFileIndexLow); /* at most 47 units */
    return rc;
}

/* Did SYSTEM, an administrator or this very account make the mutex? Then it is an agent's. */
static bool is_ours(HANDLE mutex, const struct state_guard_self *self)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PSID owner = NULL;
    char sid[STATE_GUARD_MAX_SID] = "";
    if (GetSecurityInfo(mutex, SE_KERNEL_OBJECT, OWNER_SECURITY_INFORMATION, &owner, NULL, NULL, NULL, &descriptor) !=
        ERROR_SUCCESS)
        return false;
    bool is_known = owner != NULL && sid_text(sid, owner) &&
                    (strcmp(sid, "S-1-5-18") == 0 || strcmp(sid, "S-1-5-32-544") == 0 || strcmp(sid, self->sid) == 0);
    LocalFree(descriptor);
    return is_known;
}

/*
 * The mutex tells of another agent. Any local user may make one of that name first, so one that is not ours settles
 * nothing: the lock file, which only those who may write into the directory can hold, does.
 */
static int take_mutex(HANDLE *out, const wchar_t *name, const struct state_guard_self *self)
{
    wchar_t sddl[256];
    PSECURITY_DESCRIPTOR descriptor = NULL;
    if (swprintf(sddl, 256, L"D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;%hs)", self->sid) < 0 ||
        !ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1, &descriptor, NULL))
        return -EIO;
    SECURITY_ATTRIBUTES attributes = {sizeof(attributes), descriptor, FALSE};
    HANDLE mutex = CreateMutexExW(&attributes, name, 0, SYNCHRONIZE | READ_CONTROL);
    DWORD code = GetLastError();
    LocalFree(descriptor);
    int rc = 0;
    if (mutex != NULL && code == ERROR_ALREADY_EXISTS) {
        rc = is_ours(mutex, self) ? -EBUSY : 0;
        CloseHandle(mutex);
        mutex = NULL;
    }
    *out = mutex;
    return rc;
}

static int take_file(HANDLE *out, const char *directory, char reason[STATE_GUARD_MAX_REASON])
{
    char *path = NULL;
    wchar_t *wide = NULL;
    int rc = file_join(&path, directory, "tripline.lock");
    if (rc == 0)
        rc = winapi_path(&wide, path);
    if (rc < 0) {
        snprintf(reason, STATE_GUARD_MAX_REASON, "%.600s can't be locked: %s", directory, strerror(-rc));
    } else {
        *out = CreateFileW(wide, GENERIC_WRITE | DELETE, 0, NULL, OPEN_ALWAYS,
                           FILE_ATTRIBUTE_NORMAL | FILE_FLAG_DELETE_ON_CLOSE | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
        DWORD code = *out == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_SUCCESS;
        if (code == ERROR_SHARING_VIOLATION)
            rc = -EBUSY;
        else if (code != ERROR_SUCCESS)
            rc = failed(reason, path, "can't be locked", code);
    }
    free(wide);
    free(path);
    return rc;
}

int state_guard_take(struct state_guard **out, const char *directory, char reason[STATE_GUARD_MAX_REASON])
{
    struct state_guard *guard = calloc(1, sizeof(*guard));
    struct state_guard_self self = {0};
    wchar_t name[80];
    if (guard == NULL) {
        snprintf(reason, STATE_GUARD_MAX_REASON, "memory is short");
        return -ENOMEM;
    }
    guard->file = INVALID_HANDLE_VALUE;
    int rc = state_guard_read_self(&self, false, reason);
    if (rc == 0)
        rc = mutex_name(name, directory, reason);
    if (rc == 0 && (rc = take_mutex(&guard->mutex, name, &self)) == -EIO)
        rc = failed(reason, directory, "can't be locked", ERROR_INVALID_SECURITY_DESCR);
    if (rc == 0)
        rc = take_file(&guard->file, directory, reason);
    if (rc == -EBUSY)
        snprintf(reason, STATE_GUARD_MAX_REASON, "another agent uses the state directory %.600s", directory);
    if (rc < 0)
        state_guard_release(guard);
    else
        *out = guard;
    return rc;
}

void state_guard_release(struct state_guard *guard)
{
    if (guard == NULL)
        return;
    if (guard->file != INVALID_HANDLE_VALUE)
        CloseHandle(guard->file);
    if (guard->mutex != NULL)
        CloseHandle(guard->mutex);
    free(guard);
}
