/*
 * The Windows service by hand: start, stop, and what install and uninstall share with them.
 * Contracts: learn.microsoft.com/windows/win32/api/winsvc; docs/windows-facts.md.
 */
#include "agent/service/control.h"

#include "agent/cli/cli.h"
#include "agent/service/service.h"
#include "agent/system/plain.h"
#include "detect/base/text.h"

#include <windows.h>

#include <stdbool.h>
#include <stdio.h>

/* How long start and stop wait for the service to get there, ms. */
#define STATE_TIMEOUT_MS 30000u

int control_fail(const char *verb, const char *call, unsigned long code)
{
    wchar_t words[256] = L"";
    char text[TEXT_UTF16_MAX_BYTES(256)];
    DWORD length =
        FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, code, 0, words, 256, NULL);
    while (length > 0 && words[length - 1] <= L' ')
        length--;
    (void)text_from_utf16(text, words, length);
    plain_printf(stderr, "tripline %s: %s failed: %s (%lu)%s\n", verb, call, text, code,
                 code == ERROR_ACCESS_DENIED ? "; run it as an administrator" : "");
    return 1;
}

static SC_HANDLE open_manager(const char *verb, DWORD access)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, access);
    if (manager == NULL)
        (void)control_fail(verb, "OpenSCManager", GetLastError());
    return manager;
}

static SC_HANDLE open_service(const char *verb, SC_HANDLE manager, DWORD access)
{
    SC_HANDLE handle = OpenServiceW(manager, AGENT_SERVICE_NAME, access);
    if (handle == NULL) {
        DWORD code = GetLastError();
        if (code == ERROR_SERVICE_DOES_NOT_EXIST)
            plain_printf(stderr, "tripline %s: the service is not installed; \"tripline install\" does it\n", verb);
        else
            (void)control_fail(verb, "OpenService", code);
    }
    return handle;
}

/* Waits until the service is in state want, as long as it makes progress. Returns 0, or the service's exit code, or -1.
 */
static long wait_for_state(SC_HANDLE handle, DWORD want)
{
    SERVICE_STATUS_PROCESS s;
    DWORD needed;
    for (ULONGLONG begin = GetTickCount64(); GetTickCount64() - begin < STATE_TIMEOUT_MS; Sleep(50)) {
        if (!QueryServiceStatusEx(handle, SC_STATUS_PROCESS_INFO, (BYTE *)&s, sizeof(s), &needed))
            return -1;
        if (s.dwCurrentState == want)
            return 0;
        if (s.dwCurrentState == SERVICE_STOPPED)
            return (long)(s.dwWin32ExitCode == ERROR_SERVICE_SPECIFIC_ERROR ? s.dwServiceSpecificExitCode
                                                                            : s.dwWin32ExitCode);
    }
    return -1;
}

/* What an administrator can do about it, where Windows' own words do not say. */
static void say_remedy(DWORD refusal)
{
    if (refusal == ERROR_SERVICE_LOGON_FAILED)
        plain_printf(
            stderr,
            "its account may not log on as a service: a policy has ruled who may (Computer Configuration, Windows "
            "Settings, Security Settings, Local Policies, User Rights Assignment, \"Log on as a service\"); add NT "
            "SERVICE\\ALL SERVICES (S-1-5-80-0) to it and run gpupdate, or install with ACCOUNT=LocalSystem\n");
    else if (refusal == ERROR_SERVICE_DISABLED)
        plain_printf(stderr, "it is disabled; \"sc config Tripline start= delayed-auto\" enables it\n");
}

int control_start(const char *verb, void *handle, unsigned long *why)
{
    DWORD refusal = StartServiceW(handle, 0, NULL) ? ERROR_SUCCESS : GetLastError();
    bool is_refused = refusal != ERROR_SUCCESS && refusal != ERROR_SERVICE_ALREADY_RUNNING;
    if (why != NULL)
        *why = is_refused ? refusal : 0;
    if (is_refused) {
        int result = control_fail(verb, "StartService", refusal);
        say_remedy(refusal);
        return result;
    }
    /* "Already running" is also said of one that is still starting. */
    long code = wait_for_state(handle, SERVICE_RUNNING);
    if (code != 0) {
        plain_printf(
            stderr,
            "tripline %s: the service did not start (code %ld); its log says why, and \"tripline run\" with the "
            "same --config shows it here\n",
            verb, code);
        return 1;
    }
    plain_printf(stdout, "%s\n", refusal == ERROR_SUCCESS ? "started" : "running already");
    return 0;
}

/* The service's process, to wait for; NULL: it has none, or may not be waited for. */
static HANDLE open_process(SC_HANDLE handle)
{
    SERVICE_STATUS_PROCESS s;
    DWORD needed;
    if (!QueryServiceStatusEx(handle, SC_STATUS_PROCESS_INFO, (BYTE *)&s, sizeof(s), &needed) || s.dwProcessId == 0)
        return NULL;
    return OpenProcess(SYNCHRONIZE, FALSE, s.dwProcessId);
}

/* A service is stopped a moment before its process ends, and until then its program file can't be replaced. */
static int stop_process(const char *verb, SC_HANDLE handle, HANDLE process)
{
    SERVICE_STATUS status;
    if (!ControlService(handle, SERVICE_CONTROL_STOP, &status)) {
        DWORD code = GetLastError();
        if (code != ERROR_SERVICE_NOT_ACTIVE)
            return control_fail(verb, "ControlService", code);
        plain_printf(stdout, "not running\n");
        return 0;
    }
    if (wait_for_state(handle, SERVICE_STOPPED) != 0 ||
        (process != NULL && WaitForSingleObject(process, STATE_TIMEOUT_MS) != WAIT_OBJECT_0)) {
        plain_printf(stderr, "tripline %s: the service did not stop within %u s\n", verb, STATE_TIMEOUT_MS / 1000);
        return 1;
    }
    plain_printf(stdout, "stopped\n");
    return 0;
}

int control_stop(const char *verb, void *handle)
{
    HANDLE process = open_process(handle);
    int rc = stop_process(verb, handle, process);
    if (process != NULL)
        CloseHandle(process);
    return rc;
}

static int no_arguments(int argc, char **argv)
{
    if (argc == 1)
        return 0;
    plain_printf(stderr, "tripline %s: unknown argument \"%s\"; it takes none\n", argv[0], argv[1]);
    return CLI_USAGE;
}

int control_with_service(const char *verb, unsigned long access, int (*work)(void *service, void *context),
                         void *context)
{
    SC_HANDLE manager = open_manager(verb, SC_MANAGER_CONNECT);
    if (manager == NULL)
        return 1;
    SC_HANDLE handle = open_service(verb, manager, access);
    int result = handle == NULL ? 1 : work(handle, context);
    if (handle != NULL)
        CloseServiceHandle(handle);
    CloseServiceHandle(manager);
    return result;
}

static int do_start(void *service, void *context)
{
    (void)context;
    return control_start("start", service, NULL);
}

int cli_start(int argc, char **argv)
{
    int usage = no_arguments(argc, argv);
    return usage != 0 ? usage : control_with_service("start", SERVICE_START | SERVICE_QUERY_STATUS, do_start, NULL);
}

static int do_reload(void *service, void *context)
{
    SERVICE_STATUS status;
    (void)context;
    if (!ControlService(service, AGENT_CONTROL_RELOAD, &status))
        return control_fail("reload", "ControlService", GetLastError());
    plain_printf(stdout, "asked to read the config anew; its log and \"tripline status\" say whether it was taken\n");
    return 0;
}

int cli_reload(int argc, char **argv)
{
    int usage = no_arguments(argc, argv);
    return usage != 0 ? usage : control_with_service("reload", SERVICE_USER_DEFINED_CONTROL, do_reload, NULL);
}

static int do_stop(void *service, void *context)
{
    (void)context;
    return control_stop("stop", service);
}

int cli_stop(int argc, char **argv)
{
    int usage = no_arguments(argc, argv);
    return usage != 0 ? usage : control_with_service("stop", SERVICE_STOP | SERVICE_QUERY_STATUS, do_stop, NULL);
}
