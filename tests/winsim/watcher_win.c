#include "tests/winsim/watcher_win.h"

#include "tests/winsim/handles_win.h"
#include "tests/winsim/scenario_win.h"

typedef BOOL WINAPI compare_handles(HANDLE first, HANDLE second);

static HANDLE watcher;

/* CompareObjectHandles of Windows 10; kernelbase.dll is in every process, and no import library here has it. */
static compare_handles *find_compare(void)
{
    HMODULE module = GetModuleHandleW(L"kernelbase.dll");
    FARPROC found = module == NULL ? NULL : GetProcAddress(module, "CompareObjectHandles");
    return (compare_handles *)(void (*)(void))found;
}

void watcher_check_signal(const struct result *r, const char *call)
{
    DWORD flags;
    if (r->signal == NULL)
        return;
    bool is_open = GetHandleInformation(r->caller_signal, &flags);
    compare_handles *compare = find_compare();
    if (!is_open || (compare != NULL && !compare(r->caller_signal, r->signal)))
        winsim_abort("%s: the signal event of the subscription to %s was closed before the subscription", call,
                     r->sources[0].name);
}

void watcher_look(struct result *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->sources[i].channel != NULL)
            channel_refresh(r->sources[i].channel);
    if (!result_look(r) || r->fault != 0)
        return;
    r->is_drained = false;
    r->empty = 0;
    if (!SetEvent(r->signal))
        winsim_abort("winsim: SetEvent: error %lu: the signal of a subscription is no event", GetLastError());
}

static void look(void *object)
{
    struct result *r = object;
    watcher_check_signal(r, "winsim");
    if (scenario_now()->service_code == 0)
        watcher_look(r);
    else if (r->fault == 0)
        r->fault = scenario_now()->service_code; /* its connection is gone, also when the service comes back */
}

static DWORD WINAPI watch(void *unused)
{
    (void)unused;
    while (watcher != INVALID_HANDLE_VALUE) { /* as long as the process lives */
        winsim_lock();
        scenario_refresh();
        handles_each(HANDLE_SUBSCRIPTION, look);
        DWORD wait_ms = scenario_now()->poll_ms;
        winsim_unlock();
        Sleep(wait_ms);
    }
    return 0;
}

void watcher_start(void)
{
    if (watcher == NULL)
        watcher = CreateThread(NULL, 0, watch, NULL, 0, NULL);
    if (watcher == NULL)
        winsim_abort("winsim: CreateThread: error %lu", GetLastError());
}
