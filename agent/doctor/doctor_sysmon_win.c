/* What the service manager and Sysmon's own events say of it. Contracts: learn.microsoft.com/windows/win32/api/winsvc.
 */
#include "agent/doctor/doctor_win.h"
#include "detect/base/winapi.h"

#include <stdlib.h>
#include <string.h>

#include <windows.h>

#define CHANNEL L"Microsoft-Windows-Sysmon/Operational"
#define VERSION_KEY L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"

/* Windows 11 24H2 and Server 2025: the first that may have it as a feature. */
#define FIRST_BUILD 26100

static bool is_native(const wchar_t *image)
{
    static const wchar_t ending[] = L"\\system32\\sysmon.exe";
    size_t size = wcslen(image), tail = wcslen(ending);
    while (size > 0 && (image[size - 1] == L'"' || image[size - 1] == L' '))
        size--;
    return size >= tail && _wcsnicmp(image + size - tail, ending, tail) == 0;
}

/* Asks the service called name; false: there is none. */
static bool ask_service(struct doctor_sysmon *s, SC_HANDLE manager, const wchar_t *name)
{
    union {
        QUERY_SERVICE_CONFIGW config;
        unsigned char bytes[8192]; /* as much as it can be: learn.microsoft.com: QueryServiceConfigW */
    } config;
    SERVICE_STATUS status;
    DWORD used = 0;
    SC_HANDLE service = OpenServiceW(manager, name, SERVICE_QUERY_CONFIG | SERVICE_QUERY_STATUS);
    if (service == NULL) {
        if (GetLastError() == ERROR_SERVICE_DOES_NOT_EXIST && s->has_service == DOCTOR_UNREADABLE)
            s->has_service = DOCTOR_OFF;
        return false;
    }
    s->has_service = DOCTOR_ON;
    winapi_copy(s->service, sizeof(s->service), name);
    if (QueryServiceStatus(service, &status))
        s->is_running = status.dwCurrentState == SERVICE_STOPPED ? DOCTOR_OFF : DOCTOR_ON;
    if (QueryServiceConfigW(service, &config.config, sizeof(config), &used) && config.config.lpBinaryPathName != NULL)
        s->is_native = is_native(config.config.lpBinaryPathName);
    CloseServiceHandle(service);
    return true;
}

static void ask_windows(struct doctor_sysmon *s)
{
    wchar_t build[16] = L"", path[MAX_PATH + 16];
    DWORD size = sizeof(build);
    if (RegGetValueW(HKEY_LOCAL_MACHINE, VERSION_KEY, L"CurrentBuildNumber", RRF_RT_REG_SZ, NULL, build, &size) ==
        ERROR_SUCCESS)
        s->is_offered = wcstoul(build, NULL, 10) >= FIRST_BUILD;
    UINT length = GetSystemDirectoryW(path, MAX_PATH);
    if (length > 0 && length < MAX_PATH) {
        wcscpy_s(path + length, 16, L"\\sysmon.exe");
        s->has_program = GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
    }
}

void doctor_ask_sysmon(struct doctor_sysmon *s)
{
    static const wchar_t *const names[] = {L"Sysmon64", L"Sysmon", L"Sysmon64a"};
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    for (size_t i = 0; manager != NULL && i < sizeof(names) / sizeof(names[0]); i++)
        if (ask_service(s, manager, names[i]))
            break;
    if (manager != NULL)
        CloseServiceHandle(manager);
    ask_windows(s);
    if (s->has_service != DOCTOR_ON)
        return;
    s->state_time = doctor_newest(s->state, sizeof(s->state), CHANNEL, L"*[System[(EventID=4)]]", L"State");
    s->error_time = doctor_newest(s->error, sizeof(s->error), CHANNEL, L"*[System[(EventID=255)]]", L"Description");
}
