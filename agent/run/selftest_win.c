#include "agent/run/selftest.h"

#include "detect/base/winapi.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <windows.h>

/* It does nothing, and that at once, ms. */
#define CHILD_TIMEOUT_MS 10000u

int selftest_program(char to[SELFTEST_COMMAND_SIZE / 2], struct fault *fault)
{
    wchar_t directory[MAX_PATH];
    char narrow[SELFTEST_COMMAND_SIZE / 2 - 8];
    UINT size = GetSystemDirectoryW(directory, MAX_PATH);
    if (size == 0 || size >= MAX_PATH) {
        fault_set(fault, "GetSystemDirectoryW", (long)GetLastError(), text_from(NULL), NULL);
        return -EIO;
    }
    winapi_copy(narrow, sizeof(narrow), directory);
    (void)snprintf(to, SELFTEST_COMMAND_SIZE / 2, "%s\\cmd.exe", narrow); /* it fits */
    return 0;
}

int selftest_start(unsigned *pid, const char *program, const char *command_line, struct fault *fault)
{
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION child = {NULL, NULL, 0, 0};
    wchar_t *path = NULL, *line = NULL;
    int rc = winapi_wide(&path, program);
    if (rc == 0)
        rc = winapi_wide(&line, command_line);
    if (rc == 0 && !CreateProcessW(path, line, NULL, NULL, FALSE, CREATE_NO_WINDOW, NULL, NULL, &startup, &child)) {
        fault_set(fault, "CreateProcessW", (long)GetLastError(), text_from(program), NULL);
        rc = -EIO;
    }
    if (rc == 0) {
        *pid = child.dwProcessId;
        (void)WaitForSingleObject(child.hProcess, CHILD_TIMEOUT_MS); /* its end does not matter, its beginning does */
        CloseHandle(child.hThread);
        CloseHandle(child.hProcess);
    }
    free(line);
    free(path);
    return rc;
}
