/*
 * The MSI's deferred actions: they hand the installation's properties to tripline.exe by its stdin, so that no value is
 * quoted into a command line, and no token is seen in a list of processes or in the security log.
 *
 * CustomActionData: the program's path, and (TriplineSettle needs none) after the first LF one NAME=VALUE a line
 * (docs/install.md).
 * Contract: learn.microsoft.com/windows/win32/msi, Obtaining Context Information for Deferred Execution Custom Actions.
 */
#include <windows.h>

#include <msi.h>
#include <msiquery.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* Most that is read of the program's output. */
#define MAX_OUTPUT 8192u

#define ACTION_TIMEOUT_MS 120000u

/* How long a stopped service's process may take to end, ms. */
#define SETTLE_TIMEOUT_MS 10000u

UINT __stdcall TriplineConfigure(MSIHANDLE session);
UINT __stdcall TriplineUpgrade(MSIHANDLE session);
UINT __stdcall TriplineRestore(MSIHANDLE session);
UINT __stdcall TriplineUnconfigure(MSIHANDLE session);
UINT __stdcall TriplineSettle(MSIHANDLE session);

static void say(MSIHANDLE session, INSTALLMESSAGE kind, const wchar_t *text)
{
    MSIHANDLE record = MsiCreateRecord(1);
    if (record == 0)
        return;
    /* Field 0 is a template; the text itself must not be read as one. */
    if (MsiRecordSetStringW(record, 0, L"Tripline: [1]") == ERROR_SUCCESS &&
        MsiRecordSetStringW(record, 1, text) == ERROR_SUCCESS)
        (void)MsiProcessMessage(session, kind, record); /* there is nobody else to tell */
    MsiCloseHandle(record);
}

static wchar_t *read_data(MSIHANDLE session)
{
    DWORD size = 0;
    wchar_t none[1] = L"";
    UINT code = MsiGetPropertyW(session, L"CustomActionData", none, &size);
    if (code != ERROR_MORE_DATA && code != ERROR_SUCCESS)
        return NULL;
    wchar_t *data = calloc(++size, sizeof(*data));
    if (data != NULL && MsiGetPropertyW(session, L"CustomActionData", data, &size) != ERROR_SUCCESS) {
        free(data);
        data = NULL;
    }
    return data;
}

/* The three ends that the program gets, and ours. */
struct pipes {
    HANDLE in, out, to, from;
};

static bool open_pipes(struct pipes *p)
{
    SECURITY_ATTRIBUTES inherited = {sizeof(inherited), NULL, TRUE};
    return CreatePipe(&p->in, &p->to, &inherited, 0) && CreatePipe(&p->from, &p->out, &inherited, 0) &&
           SetHandleInformation(p->to, HANDLE_FLAG_INHERIT, 0) && SetHandleInformation(p->from, HANDLE_FLAG_INHERIT, 0);
}

static void close_one(HANDLE *handle)
{
    if (*handle != NULL)
        CloseHandle(*handle);
    *handle = NULL;
}

static bool start(PROCESS_INFORMATION *process, const struct pipes *p, const wchar_t *program, const wchar_t *verb)
{
    STARTUPINFOW startup = {.cb = sizeof(startup),
                            .dwFlags = STARTF_USESTDHANDLES,
                            .hStdInput = p->in,
                            .hStdOutput = p->out,
                            .hStdError = p->out};
    size_t size = wcslen(program) + wcslen(verb) + 64;
    wchar_t *command = calloc(size, sizeof(*command));
    if (command == NULL)
        return false;
    (void)swprintf(command, size, L"\"%ls\" %ls --properties -", program, verb); /* it has room */
    bool is_started =
        CreateProcessW(program, command, NULL, NULL, TRUE, CREATE_NO_WINDOW, NULL, NULL, &startup, process);
    free(command);
    return is_started;
}

/* Fewer bytes than a pipe holds are written at once; more wait for the program, which reads all before it does
 * anything. */
static bool write_all(HANDLE to, const wchar_t *lines)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, lines, -1, NULL, 0, NULL, NULL);
    char *bytes = size > 0 ? malloc((size_t)size) : NULL;
    DWORD written = 0;
    bool is_done = bytes != NULL && WideCharToMultiByte(CP_UTF8, 0, lines, -1, bytes, size, NULL, NULL) == size &&
                   WriteFile(to, bytes, (DWORD)size - 1, &written, NULL) && written == (DWORD)size - 1;
    if (bytes != NULL)
        SecureZeroMemory(bytes, (size_t)size);
    free(bytes);
    return is_done;
}

/* Its output until it ends, to the log of the installation. */
static void read_all(MSIHANDLE session, HANDLE from, wchar_t last[MAX_OUTPUT])
{
    static char bytes[MAX_OUTPUT];
    char rest[512];
    DWORD used = 0, got = 0;
    /* What is too much is read all the same: the program must never wait for us. */
    while (used < MAX_OUTPUT - 1 ? ReadFile(from, bytes + used, MAX_OUTPUT - 1 - used, &got, NULL)
                                 : ReadFile(from, rest, sizeof(rest), &got, NULL)) {
        if (got == 0)
            break;
        if (used < MAX_OUTPUT - 1)
            used += got;
    }
    bytes[used] = '\0';
    if (MultiByteToWideChar(CP_UTF8, 0, bytes, -1, last, MAX_OUTPUT) == 0)
        last[0] = L'\0';
    if (last[0] != L'\0')
        say(session, INSTALLMESSAGE_INFO, last);
}

/* Ends the program, and with it every wait for it, when its time is over. */
static DWORD WINAPI watch(void *process)
{
    if (WaitForSingleObject(process, ACTION_TIMEOUT_MS) != WAIT_OBJECT_0)
        (void)TerminateProcess(process, ERROR_TIMEOUT); /* fails for one that has just ended */
    return 0;
}

static UINT run(MSIHANDLE session, const wchar_t *program, const wchar_t *lines, const wchar_t *verb)
{
    static wchar_t output[MAX_OUTPUT];
    struct pipes p = {NULL, NULL, NULL, NULL};
    PROCESS_INFORMATION process = {NULL, NULL, 0, 0};
    DWORD code = 1;
    if (open_pipes(&p) && start(&process, &p, program, verb)) {
        close_one(&p.in);
        close_one(&p.out);
        HANDLE watcher = CreateThread(NULL, 0, watch, process.hProcess, 0, NULL);
        if (watcher == NULL)
            (void)TerminateProcess(process.hProcess, 1); /* unwatched it might wait for ever */
        bool is_written = write_all(p.to, lines);
        close_one(&p.to);
        read_all(session, p.from, output);
        (void)WaitForSingleObject(process.hProcess, INFINITE); /* it ends, or is ended */
        if (!GetExitCodeProcess(process.hProcess, &code) || (code == 0 && !is_written))
            code = 1;
        if (code == ERROR_TIMEOUT)
            (void)swprintf(output, MAX_OUTPUT, L"%ls did not end within %u s, and was ended", program,
                           ACTION_TIMEOUT_MS / 1000u);
        if (watcher != NULL) {
            (void)WaitForSingleObject(watcher, INFINITE);
            CloseHandle(watcher);
        }
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
    } else {
        (void)swprintf(output, MAX_OUTPUT, L"%ls could not be started (%lu)", program, GetLastError());
    }
    close_one(&p.in);
    close_one(&p.out);
    close_one(&p.to);
    close_one(&p.from);
    if (code == 0)
        return ERROR_SUCCESS;
    say(session, INSTALLMESSAGE_ERROR, output);
    return ERROR_INSTALL_FAILURE;
}

static UINT act(MSIHANDLE session, const wchar_t *verb)
{
    wchar_t *data = read_data(session);
    wchar_t *end = data == NULL ? NULL : wcschr(data, L'\n');
    UINT result = ERROR_INSTALL_FAILURE;
    if (end != NULL) {
        *end = L'\0';
        result = run(session, data, end + 1, verb);
    } else {
        say(session, INSTALLMESSAGE_ERROR, L"the installation's properties did not arrive");
    }
    if (data != NULL)
        SecureZeroMemory(data, wcslen(data) * sizeof(*data));
    if (end != NULL)
        SecureZeroMemory(end + 1, wcslen(end + 1) * sizeof(*end));
    free(data);
    return result;
}

UINT __stdcall TriplineConfigure(MSIHANDLE session)
{
    return act(session, L"install --configure");
}

UINT __stdcall TriplineUpgrade(MSIHANDLE session)
{
    return act(session, L"install --upgrade");
}

UINT __stdcall TriplineRestore(MSIHANDLE session)
{
    return act(session, L"install --restore");
}

UINT __stdcall TriplineUnconfigure(MSIHANDLE session)
{
    return act(session, L"uninstall --configure");
}

/* A program that runs can't be opened for writing. */
static bool is_in_use(const wchar_t *program)
{
    HANDLE file = CreateFileW(program, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return GetLastError() == ERROR_SHARING_VIOLATION;
    CloseHandle(file);
    return false;
}

/*
 * A service says that it is stopped a moment before its process has ended. Until then its program can't be replaced or
 * removed, and the installation would ask for a restart of Windows (3010). So that is waited for.
 */
UINT __stdcall TriplineSettle(MSIHANDLE session)
{
    wchar_t *program = read_data(session);
    ULONGLONG begin = GetTickCount64();
    while (program != NULL && is_in_use(program) && GetTickCount64() - begin < SETTLE_TIMEOUT_MS)
        Sleep(50);
    free(program);
    return ERROR_SUCCESS; /* if it still runs, Windows Installer has its own answer */
}
