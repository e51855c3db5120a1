#include "agent/system/process.h"

#include "detect/base/winapi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <psapi.h>
#include <tlhelp32.h>

static uint64_t number(FILETIME time)
{
    return (uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime;
}

static uint64_t thread_count(void)
{
    DWORD pid = GetCurrentProcessId();
    uint64_t count = 0;
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    THREADENTRY32 entry = {.dwSize = sizeof(entry)};
    if (snapshot == INVALID_HANDLE_VALUE)
        return 0;
    for (BOOL more = Thread32First(snapshot, &entry); more; more = Thread32Next(snapshot, &entry))
        if (entry.th32OwnerProcessID == pid)
            count++;
    CloseHandle(snapshot);
    return count;
}

void process_read(struct process_figures *figures)
{
    FILETIME begin, end, kernel, user;
    PROCESS_MEMORY_COUNTERS_EX memory = {.cb = sizeof(memory)};
    DWORD handles = 0;
    *figures = (struct process_figures){.threads = thread_count()};
    if (GetProcessTimes(GetCurrentProcess(), &begin, &end, &kernel, &user))
        figures->cpu_ms = (number(kernel) + number(user)) / 10000u;
    if (GetProcessMemoryInfo(GetCurrentProcess(), (PROCESS_MEMORY_COUNTERS *)&memory, sizeof(memory)))
        figures->private_bytes = memory.PrivateUsage;
    if (GetProcessHandleCount(GetCurrentProcess(), &handles))
        figures->handles = handles;
}

unsigned process_pid(void)
{
    return GetCurrentProcessId();
}

uint64_t process_begin(void)
{
    FILETIME begin, end, kernel, user;
    return GetProcessTimes(GetCurrentProcess(), &begin, &end, &kernel, &user) ? number(begin) : 0;
}

bool process_is_alive(unsigned pid, uint64_t began)
{
    FILETIME begin, end, kernel, user;
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE, pid);
    if (process == NULL)
        return GetLastError() == ERROR_ACCESS_DENIED; /* it is there, but we may not look at it */
    bool is_alive = WaitForSingleObject(process, 0) == WAIT_TIMEOUT;
    if (is_alive && began != 0 && GetProcessTimes(process, &begin, &end, &kernel, &user))
        is_alive = number(begin) == began;
    CloseHandle(process);
    return is_alive;
}

void process_host(char to[PROCESS_NAME_SIZE])
{
    wchar_t name[PROCESS_NAME_SIZE];
    DWORD size = PROCESS_NAME_SIZE;
    to[0] = '\0';
    if (GetComputerNameExW(ComputerNameDnsFullyQualified, name, &size))
        winapi_copy(to, PROCESS_NAME_SIZE, name);
}

_Noreturn void process_end(int code)
{
    (void)TerminateProcess(GetCurrentProcess(),
                           (UINT)code); /* without the handlers of DLLs: one of them may be stuck */
    abort();
}
