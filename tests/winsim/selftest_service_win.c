#include "tests/winsim/selftest_win.h"

#include <stdlib.h>

#define NAME L"winsim_selftest"

static struct {
    HANDLE stop;
    SERVICE_STATUS_HANDLE status;
    FILE *out;
} service;

static void report(DWORD state)
{
    SERVICE_STATUS status = {.dwServiceType = SERVICE_WIN32_OWN_PROCESS, .dwCurrentState = state};
    status.dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP : 0;
    SetServiceStatus(service.status, &status);
}

static DWORD WINAPI control(DWORD code, DWORD type, LPVOID data, LPVOID context)
{
    (void)type;
    (void)data;
    (void)context;
    if (code == SERVICE_CONTROL_STOP)
        SetEvent(service.stop);
    return code == SERVICE_CONTROL_STOP || code == SERVICE_CONTROL_INTERROGATE ? NO_ERROR : ERROR_CALL_NOT_IMPLEMENTED;
}

static void write_all(EVT_HANDLE set, EVT_HANDLE context)
{
    EVT_HANDLE events[SELFTEST_MAX];
    DWORD code, count, values;
    while ((count = selftest_next(set, events, &code)) > 0) {
        for (DWORD i = 0; i < count; i++) {
            EVT_VARIANT *v = selftest_values(events[i], context, &values);
            if (v != NULL && v->Type == EvtVarTypeString)
                fprintf(service.out, "%ls\n", v->StringVal);
            free(v);
            EvtClose(events[i]);
        }
    }
    fflush(service.out);
}

static void WINAPI service_main(DWORD count, LPWSTR *words)
{
    LPCWSTR path = L"Event/EventData/Data[@Name='CommandLine']";
    (void)count;
    (void)words;
    service.status = RegisterServiceCtrlHandlerExW(NAME, control, NULL);
    report(SERVICE_START_PENDING);
    service.stop = CreateEventW(NULL, TRUE, FALSE, NULL);
    service.out = fopen("C:\\winsim\\service.txt", "w");
    HANDLE signal = CreateEventW(NULL, FALSE, TRUE, NULL), handles[] = {service.stop, signal};
    EVT_HANDLE context = EvtCreateRenderContext(1, &path, EvtRenderContextValues);
    EVT_HANDLE set = EvtSubscribe(NULL, signal, L"Security", NULL, NULL, NULL, NULL, EvtSubscribeStartAtOldestRecord);
    report(SERVICE_RUNNING);
    while (set != NULL && WaitForMultipleObjects(2, handles, FALSE, INFINITE) == WAIT_OBJECT_0 + 1)
        write_all(set, context);
    EvtClose(set);
    EvtClose(context);
    fclose(service.out);
    CloseHandle(signal);
    CloseHandle(service.stop);
    report(SERVICE_STOPPED);
}

int selftest_service(void)
{
    wchar_t name[] = NAME;
    SERVICE_TABLE_ENTRYW table[] = {{name, service_main}, {NULL, NULL}};
    return StartServiceCtrlDispatcherW(table) ? 0 : 1;
}
