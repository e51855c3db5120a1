/*
 * Contracts: learn.microsoft.com/windows/win32/api/aclapi, SetNamedSecurityInfo; sddl; fileapi; eventlog-key.
 */
#include "agent/service/install_files.h"

#include "agent/guard/state_guard.h"
#include "agent/service/control.h"
#include "agent/system/file.h"
#include "agent/system/plain.h"
#include "detect/base/text.h"
#include "detect/base/winapi.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <aclapi.h>
#include <sddl.h>

static const wchar_t source_key[] = L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\Tripline";

/* The error, warning and information types of ReportEvent. */
#define TYPES_SUPPORTED 7u

static PSECURITY_DESCRIPTOR descriptor_of(const char *sddl)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    uint16_t *wide = NULL;
    if (text_to_utf16(&wide, NULL, text_from(sddl)) < 0) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(wide, SDDL_REVISION_1, &descriptor, NULL))
        descriptor = NULL;
    DWORD code = GetLastError();
    free(wide);
    SetLastError(code);
    return descriptor;
}

static unsigned long secure(wchar_t *path, PSECURITY_DESCRIPTOR descriptor)
{
    PSID owner = NULL, group = NULL;
    ACL *list = NULL;
    BOOL is_present = FALSE, is_default = FALSE;
    if (!GetSecurityDescriptorOwner(descriptor, &owner, &is_default) ||
        !GetSecurityDescriptorGroup(descriptor, &group, &is_default) ||
        !GetSecurityDescriptorDacl(descriptor, &is_present, &list, &is_default))
        return GetLastError();
    return SetNamedSecurityInfoW(path, SE_FILE_OBJECT,
                                 OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION |
                                     PROTECTED_DACL_SECURITY_INFORMATION,
                                 owner, group, list, NULL);
}

int install_secure(const char *path, const char *sddl)
{
    wchar_t *wide = NULL;
    PSECURITY_DESCRIPTOR descriptor = descriptor_of(sddl);
    unsigned long code = descriptor == NULL ? GetLastError() : 0;
    if (code == 0 && winapi_path(&wide, path) < 0)
        code = ERROR_INVALID_NAME;
    if (code == 0)
        code = secure(wide, descriptor);
    free(wide);
    LocalFree(descriptor);
    if (code == 0)
        return 0;
    plain_printf(stderr, "tripline install: the security of %s could not be set\n", path);
    return control_fail("install", "SetNamedSecurityInfo", code);
}

int install_stranger(const char *reason)
{
    plain_printf(stderr, "tripline install: %s\ntripline install: look who made it, then remove it and install again\n",
                 reason);
    return 1;
}

int install_directory(const char *path, const char *sddl)
{
    char reason[STATE_GUARD_MAX_REASON];
    wchar_t *wide = NULL;
    PSECURITY_DESCRIPTOR descriptor = descriptor_of(sddl);
    SECURITY_ATTRIBUTES attributes = {sizeof(attributes), descriptor, FALSE};
    unsigned long code = descriptor == NULL ? GetLastError() : 0;
    if (code == 0 && winapi_path(&wide, path) < 0)
        code = ERROR_INVALID_NAME;
    if (code == 0 && !CreateDirectoryW(wide, &attributes))
        code = GetLastError();
    free(wide);
    LocalFree(descriptor);
    if (code == 0)
        return 0;
    if (code != ERROR_ALREADY_EXISTS) {
        plain_printf(stderr, "tripline install: %s can't be made\n", path);
        return control_fail("install", "CreateDirectory", code);
    }
    /* The owner of what is there must be trusted before its access list is mended: he could change it back. */
    if (state_guard_check(path, STATE_GUARD_CONFIG_DIRECTORY, false, reason) < 0)
        return install_stranger(reason);
    return install_secure(path, sddl);
}

static unsigned long write_new(const char *path, const char *text, PSECURITY_DESCRIPTOR descriptor)
{
    wchar_t *wide = NULL;
    SECURITY_ATTRIBUTES attributes = {sizeof(attributes), descriptor, FALSE};
    if (winapi_path(&wide, path) < 0)
        return ERROR_INVALID_NAME;
    (void)DeleteFileW(wide); /* of a run that was cut off; CREATE_NEW tells when it could not */
    HANDLE file = CreateFileW(wide, GENERIC_WRITE, 0, &attributes, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    unsigned long code = file == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    DWORD size = (DWORD)strlen(text), written = 0;
    free(wide);
    if (file != INVALID_HANDLE_VALUE) {
        if (!WriteFile(file, text, size, &written, NULL) || !FlushFileBuffers(file))
            code = GetLastError();
        else if (written != size)
            code = ERROR_DISK_FULL;
        CloseHandle(file);
    }
    return code;
}

int install_write(const char *path, const char *text, const char *sddl)
{
    size_t size = strlen(path) + 5;
    char *temporary = malloc(size);
    PSECURITY_DESCRIPTOR descriptor = descriptor_of(sddl);
    unsigned long code = descriptor == NULL ? GetLastError() : temporary == NULL ? ERROR_NOT_ENOUGH_MEMORY : 0;
    if (code == 0) {
        snprintf(temporary, size, "%s.new", path);
        code = write_new(temporary, text, descriptor);
    }
    LocalFree(descriptor);
    int rc = code == 0 ? file_replace(temporary, path) : 0;
    if (rc < 0)
        (void)file_remove(temporary); /* the message is about the first failure */
    free(temporary);
    if (code == 0 && rc == 0)
        return 0;
    plain_printf(stderr, "tripline install: %s can't be written: ", path);
    if (rc < 0)
        plain_printf(stderr, "%s\n", strerror(-rc));
    else
        plain_printf(stderr, "code %lu\n", code);
    return 1;
}

/* tripline_messages.dll beside the program, which an upgrade leaves alone, or where it is not there the program. */
static int find_messages(uint16_t **wide, size_t *units, const char *program)
{
    char *path = NULL;
    int rc = file_resolve(&path, program, "tripline_messages.dll");
    if (rc == 0)
        rc = text_to_utf16(wide, units, text_from(path));
    if (rc == 0 && GetFileAttributesW(*wide) == INVALID_FILE_ATTRIBUTES) {
        free(*wide);
        rc = text_to_utf16(wide, units, text_from(program));
    }
    free(path);
    return rc;
}

int install_event_source(const char *program)
{
    uint16_t *wide = NULL;
    size_t units = 0;
    HKEY key = NULL;
    DWORD types = TYPES_SUPPORTED;
    if (find_messages(&wide, &units, program) < 0)
        return control_fail("install", "text_to_utf16", ERROR_NOT_ENOUGH_MEMORY);
    LSTATUS code = RegCreateKeyExW(HKEY_LOCAL_MACHINE, source_key, 0, NULL, 0, KEY_SET_VALUE, NULL, &key, NULL);
    if (code == ERROR_SUCCESS)
        code = RegSetValueExW(key, L"EventMessageFile", 0, REG_EXPAND_SZ, (const BYTE *)wide,
                              (DWORD)((units + 1) * sizeof(*wide)));
    if (code == ERROR_SUCCESS)
        code = RegSetValueExW(key, L"TypesSupported", 0, REG_DWORD, (const BYTE *)&types, sizeof(types));
    if (key != NULL)
        RegCloseKey(key);
    free(wide);
    return code == ERROR_SUCCESS ? 0 : control_fail("install", "the Event Log source", (unsigned long)code);
}

int install_remove_event_source(void)
{
    LSTATUS code = RegDeleteKeyW(HKEY_LOCAL_MACHINE, source_key);
    if (code == ERROR_SUCCESS || code == ERROR_FILE_NOT_FOUND)
        return 0;
    return control_fail("uninstall", "RegDeleteKey", (unsigned long)code);
}
