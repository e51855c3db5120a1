/*
 * The Windows service by hand: install, uninstall, start, stop.
 * Contracts: learn.microsoft.com/windows/win32/api/winsvc; docs/windows-facts.md.
 */
#include "agent/cli.h"
#include "agent/config.h"
#include "agent/file.h"
#include "agent/options.h"
#include "agent/service.h"

#include <windows.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long start and stop wait for the service to get there, ms. */
#define STATE_TIMEOUT_MS 30000u

/* Largest command line of a service: CreateService takes what CreateProcess takes. */
#define MAX_COMMAND 32768u

/* Says what failed, with the code and Windows' own words for it; returns the exit code. */
static int fail(const char *verb, const char *call, DWORD code)
{
    wchar_t words[256] = L"";
    char text[TEXT_UTF16_MAX_BYTES(256)];
    DWORD length =
        FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, code, 0, words, 256, NULL);
    while (length > 0 && words[length - 1] <= L' ')
        length--;
    (void)text_from_utf16(text, words, length);
    fprintf(stderr, "tripline %s: %s failed: %s (%lu)%s\n", verb, call, text, code,
            code == ERROR_ACCESS_DENIED ? "; run it as an administrator" : "");
    return 1;
}

static SC_HANDLE open_manager(const char *verb, DWORD access)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, access);
    if (manager == NULL)
        (void)fail(verb, "OpenSCManager", GetLastError());
    return manager;
}

static SC_HANDLE open_service(const char *verb, SC_HANDLE manager, DWORD access)
{
    SC_HANDLE handle = OpenServiceW(manager, AGENT_SERVICE_NAME, access);
    if (handle == NULL) {
        DWORD code = GetLastError();
        if (code == ERROR_SERVICE_DOES_NOT_EXIST)
            fprintf(stderr, "tripline %s: the service is not installed; \"tripline install\" does it\n", verb);
        else
            (void)fail(verb, "OpenService", code);
    }
    return handle;
}

/* Both can't be part of a Windows path: learn.microsoft.com/windows/win32/fileio/naming-a-file. */
static bool can_be_quoted(const char *path)
{
    return strpbrk(path, "\"\n") == NULL;
}

/* "C:\path\tripline.exe" service --config "C:\path\tripline.xml", each path quoted: an unquoted one with a blank lets
 * whoever can write C:\path.exe run as the service. */
static int service_command(uint16_t **out, const char *config)
{
    char *program = NULL, *command = NULL;
    int rc = file_program(&program);
    if (rc == 0 && (!can_be_quoted(program) || !can_be_quoted(config)))
        rc = -EINVAL;
    if (rc == 0) {
        command = malloc(MAX_COMMAND);
        rc = command == NULL ? -ENOMEM : 0;
    }
    if (rc == 0) {
        int length = snprintf(command, MAX_COMMAND, "\"%s\" service --config \"%s\"", program, config);
        rc = length < 0 || length >= (int)MAX_COMMAND ? -ENAMETOOLONG : text_to_utf16(out, NULL, text_from(command));
    }
    free(command);
    free(program);
    return rc;
}

/* What only some systems know is asked for and not insisted on: an old one, or one that refuses, still gets the
 * service. */
static void configure(SC_HANDLE handle)
{
    SERVICE_DESCRIPTIONW description = {(wchar_t[]){AGENT_SERVICE_DESCRIPTION}};
    SERVICE_DELAYED_AUTO_START_INFO delayed = {TRUE};
    SC_ACTION actions[] = {{SC_ACTION_RESTART, 5000}, {SC_ACTION_RESTART, 30000}, {SC_ACTION_RESTART, 60000}};
    SERVICE_FAILURE_ACTIONSW failure = {.dwResetPeriod = 86400, .cActions = 3, .lpsaActions = actions};
    SERVICE_FAILURE_ACTIONS_FLAG flag = {TRUE};
    const struct {
        DWORD level;
        void *info;
        const char *name;
    } settings[] = {
        {SERVICE_CONFIG_DESCRIPTION, &description, "description"},
        {SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delayed, "delayed start"},
        {SERVICE_CONFIG_FAILURE_ACTIONS, &failure, "restart after a failure"},
        {SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &flag, "restart after a stop with an error"},
    };
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        if (!ChangeServiceConfig2W(handle, settings[i].level, settings[i].info))
            fprintf(stderr, "tripline install: warning: this system did not take \"%s\" (%lu)\n", settings[i].name,
                    GetLastError());
}

static int create_service(const uint16_t *command)
{
    SC_HANDLE manager = open_manager("install", SC_MANAGER_CREATE_SERVICE);
    if (manager == NULL)
        return 1;
    int result = 1;
    SC_HANDLE handle = CreateServiceW(manager, AGENT_SERVICE_NAME, AGENT_SERVICE_DISPLAY_NAME,
                                      SERVICE_CHANGE_CONFIG | SERVICE_START, SERVICE_WIN32_OWN_PROCESS,
                                      SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, command, NULL, NULL, NULL, NULL, NULL);
    if (handle != NULL) {
        configure(handle);
        CloseServiceHandle(handle);
        result = 0;
    } else {
        DWORD code = GetLastError();
        if (code == ERROR_SERVICE_EXISTS)
            fprintf(stderr, "tripline install: the service is installed already; \"tripline uninstall\" first\n");
        else
            (void)fail("install", "CreateService", code);
    }
    CloseServiceHandle(manager);
    return result;
}

/* The service's own current directory is another one. */
static int absolute_path(char **out, const char *path)
{
    uint16_t *given = NULL, full[MAX_COMMAND];
    int rc = text_to_utf16(&given, NULL, text_from(path));
    if (rc < 0)
        return rc;
    DWORD length = GetFullPathNameW(given, MAX_COMMAND, full, NULL);
    free(given);
    if (length == 0 || length >= MAX_COMMAND)
        return -ENAMETOOLONG;
    char *utf8 = malloc(TEXT_UTF16_MAX_BYTES(length));
    if (utf8 == NULL)
        return -ENOMEM;
    (void)text_from_utf16(utf8, full, length);
    *out = utf8;
    return 0;
}

/* A service with a bad config would only fail at its start, with nobody looking. */
static int check_config(const char *path)
{
    struct config *config = NULL;
    struct config_errors errors = {0};
    int rc = config_load(&config, path, &errors);
    config_errors_print(stderr, path, &errors);
    config_errors_free(&errors);
    config_free(config);
    return rc;
}

int cli_install(int argc, char **argv)
{
    const char *given = NULL;
    char *config = NULL;
    uint16_t *command = NULL;
    int result = options_config(&given, argc, argv);
    if (result != 0)
        return result;
    int rc = given == NULL ? file_default_config(&config) : absolute_path(&config, given);
    if (rc == 0 && (rc = check_config(config)) < 0)
        fprintf(stderr,
                "tripline install: not installed: mend the config first (config/tripline.xml shows every setting)\n");
    else if (rc < 0 || (rc = service_command(&command, config)) < 0)
        fprintf(stderr, "tripline install: the service's command line can't be made: %s\n", strerror(-rc));
    result = rc < 0 ? 1 : create_service(command);
    if (result == 0)
        printf("installed: service Tripline, config %s; \"tripline start\" starts it\n", config);
    free(command);
    free(config);
    return result;
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

static int start_service(SC_HANDLE handle)
{
    if (!StartServiceW(handle, 0, NULL)) {
        DWORD code = GetLastError();
        if (code != ERROR_SERVICE_ALREADY_RUNNING)
            return fail("start", "StartService", code);
        printf("running already\n");
        return 0;
    }
    long code = wait_for_state(handle, SERVICE_RUNNING);
    if (code != 0) {
        fprintf(stderr,
                "tripline start: the service did not start (code %ld); its log says why, and \"tripline run\" with the "
                "same --config shows it here\n",
                code);
        return 1;
    }
    printf("started\n");
    return 0;
}

static int stop_service(const char *verb, SC_HANDLE handle)
{
    SERVICE_STATUS status;
    if (!ControlService(handle, SERVICE_CONTROL_STOP, &status)) {
        DWORD code = GetLastError();
        if (code != ERROR_SERVICE_NOT_ACTIVE)
            return fail(verb, "ControlService", code);
        printf("not running\n");
        return 0;
    }
    if (wait_for_state(handle, SERVICE_STOPPED) != 0) {
        fprintf(stderr, "tripline %s: the service did not stop within %u s\n", verb, STATE_TIMEOUT_MS / 1000);
        return 1;
    }
    printf("stopped\n");
    return 0;
}

static int no_arguments(int argc, char **argv)
{
    if (argc == 1)
        return 0;
    fprintf(stderr, "tripline %s: unknown argument \"%s\"; it takes none\n", argv[0], argv[1]);
    return CLI_USAGE;
}

/* Opens the service with access, does work on it, closes it. */
static int with_service(const char *verb, DWORD access, int (*work)(SC_HANDLE handle))
{
    SC_HANDLE manager = open_manager(verb, SC_MANAGER_CONNECT);
    if (manager == NULL)
        return 1;
    SC_HANDLE handle = open_service(verb, manager, access);
    int result = handle == NULL ? 1 : work(handle);
    if (handle != NULL)
        CloseServiceHandle(handle);
    CloseServiceHandle(manager);
    return result;
}

int cli_start(int argc, char **argv)
{
    int usage = no_arguments(argc, argv);
    return usage != 0 ? usage : with_service("start", SERVICE_START | SERVICE_QUERY_STATUS, start_service);
}

static int do_stop(SC_HANDLE handle)
{
    return stop_service("stop", handle);
}

int cli_stop(int argc, char **argv)
{
    int usage = no_arguments(argc, argv);
    return usage != 0 ? usage : with_service("stop", SERVICE_STOP | SERVICE_QUERY_STATUS, do_stop);
}

static int do_reload(SC_HANDLE handle)
{
    SERVICE_STATUS status;
    if (!ControlService(handle, AGENT_CONTROL_RELOAD, &status))
        return fail("reload", "ControlService", GetLastError());
    printf("asked to read the config anew; its log and \"tripline status\" say whether it was taken\n");
    return 0;
}

int cli_reload(int argc, char **argv)
{
    int usage = no_arguments(argc, argv);
    return usage != 0 ? usage : with_service("reload", SERVICE_USER_DEFINED_CONTROL, do_reload);
}

static int do_uninstall(SC_HANDLE handle)
{
    if (stop_service("uninstall", handle) != 0)
        return 1;
    if (!DeleteService(handle))
        return fail("uninstall", "DeleteService", GetLastError());
    printf("uninstalled: the service is gone; config, outbox and log stay where they are\n");
    return 0;
}

int cli_uninstall(int argc, char **argv)
{
    int usage = no_arguments(argc, argv);
    return usage != 0 ? usage : with_service("uninstall", SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE, do_uninstall);
}
