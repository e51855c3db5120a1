#include "agent/system/interrupt.h"

#include <windows.h>

#include <errno.h>

/* Set by the console's own thread; the one thing that has no other way to reach the main thread. */
static HANDLE interrupted;

static BOOL WINAPI on_console_event(DWORD event)
{
    SetEvent(interrupted);
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
        Sleep(INFINITE); /* Windows ends the process when this returns; the main thread shall do it */
    return TRUE;
}

int interrupt_prepare(void)
{
    interrupted = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (interrupted == NULL || !SetConsoleCtrlHandler(on_console_event, TRUE))
        return -EIO;
    return 0;
}

enum interrupt interrupt_wait(unsigned ms)
{
    return WaitForSingleObject(interrupted, ms) == WAIT_OBJECT_0 ? INTERRUPT_END : INTERRUPT_NONE;
}
