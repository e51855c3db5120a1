#include "tests/winsim/etw/trace.h"

#include <stdio.h>

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved); /* the loader calls it */

static void leaks(void)
{
    char line[128];
    snprintf(line, sizeof(line), "pid=%lu sessions=%u traces=%u\n", GetCurrentProcessId(), session_count(),
             trace_count());
    if (session_count() + trace_count() > 0)
        winsim_append(L"leaks-etw.txt", line);
}

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    wchar_t path[MAX_PATH];
    (void)instance;
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH) {
        winsim_start();
        winsim_path(path, L"etw");
        CreateDirectoryW(path, NULL); /* it may be there */
        winsim_path(path, L"etw\\sessions");
        CreateDirectoryW(path, NULL);
    } else if (reason == DLL_PROCESS_DETACH) {
        leaks();
    }
    return TRUE;
}
