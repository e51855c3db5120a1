#include "tests/winsim/handles_win.h"

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved); /* the loader calls it */

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    (void)instance;
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        winsim_start();
    else if (reason == DLL_PROCESS_DETACH)
        handles_report();
    return TRUE;
}
