#include "tests/winsim/report_win.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What the process has one of. */
static struct {
    CRITICAL_SECTION lock;
    wchar_t directory[MAX_PATH];
    char status[512]; /* for EvtGetExtendedStatus, of the thread below */
    DWORD status_thread;
} report;

void winsim_start(void)
{
    InitializeCriticalSection(&report.lock);
    DWORD size = GetEnvironmentVariableW(L"WINSIM_DIR", report.directory, MAX_PATH);
    if (size == 0 || size >= MAX_PATH)
        wcscpy_s(report.directory, MAX_PATH, L"C:\\winsim");
    CreateDirectoryW(report.directory, NULL); /* it is mostly there */
}

void winsim_lock(void)
{
    EnterCriticalSection(&report.lock);
}

void winsim_enter(void)
{
    winsim_lock();
    report.status[0] = 0;
}

void winsim_unlock(void)
{
    LeaveCriticalSection(&report.lock);
}

const wchar_t *winsim_directory(void)
{
    return report.directory;
}

void winsim_path(wchar_t *out, const wchar_t *name)
{
    int size = _snwprintf(out, MAX_PATH, L"%ls\\%ls", report.directory, name);
    if (size < 0 || size >= MAX_PATH)
        winsim_abort("winsim: a path in %ls is too long", report.directory);
}

void winsim_append(const wchar_t *name, const char *text)
{
    wchar_t path[MAX_PATH];
    DWORD written;
    if (_snwprintf(path, MAX_PATH, L"%ls\\%ls", report.directory, name) < 0)
        return;
    path[MAX_PATH - 1] = 0;
    HANDLE file = CreateFileW(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return;
    (void)WriteFile(file, text, (DWORD)strlen(text), &written, NULL);
    CloseHandle(file);
}

_Noreturn void winsim_abort(const char *format, ...)
{
    char text[1024], line[1152];
    DWORD written;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    snprintf(line, sizeof(line), "winsim: process %lu ended: %s\n", GetCurrentProcessId(), text);
    (void)WriteFile(GetStdHandle(STD_ERROR_HANDLE), line, (DWORD)strlen(line), &written, NULL);
    winsim_append(L"abort.txt", line);
    TerminateProcess(GetCurrentProcess(), WINSIM_EXIT_CODE);
    for (;;)
        Sleep(INFINITE); /* TerminateProcess does not come back for the process itself */
}

void winsim_call(const char *format, ...)
{
    char text[768], line[800];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    snprintf(line, sizeof(line), "%lu %s\n", GetCurrentProcessId(), text);
    winsim_append(L"calls.txt", line);
}

BOOL winsim_leave(DWORD code)
{
    winsim_unlock();
    SetLastError(code == 0 ? WINSIM_JUNK_ERROR : code);
    return code == 0;
}

void *winsim_leave_handle(DWORD code, void *handle)
{
    return winsim_leave(code) ? handle : NULL;
}

void winsim_set_status(const char *text)
{
    report.status_thread = GetCurrentThreadId();
    snprintf(report.status, sizeof(report.status), "%s", text == NULL ? "" : text);
}

const char *winsim_status(void)
{
    return report.status_thread == GetCurrentThreadId() ? report.status : "";
}
