/*
 * What the service manager starts. Contract: learn.microsoft.com/windows/win32/services/service-status-transitions and
 * the pages of the calls; docs/windows-facts.md.
 */
#include "agent/cli/cli.h"
#include "agent/cli/options.h"
#include "agent/guard/hardening.h"
#include "agent/log/system_log.h"
#include "agent/run/run.h"
#include "agent/service/service.h"
#include "agent/system/plain.h"
#include "agent/system/version.h"

#include <windows.h>

#include <pthread.h>
#include <stdio.h>

/* Longest that one step of starting or stopping may take before the manager calls the service hung, ms. */
#define STEP_HINT_MS 10000u

/* The dispatcher hands nothing to ServiceMain, so this is where the two meet. Set before the dispatcher is called. */
static struct service {
    const char *config_path;
    SERVICE_STATUS_HANDLE handle;
    HANDLE stop;          /* manual reset: set by the control handler, waited for by ServiceMain */
    HANDLE reload;        /* auto reset: likewise */
    pthread_mutex_t lock; /* guards status: the handler's thread and ServiceMain's both report */
    SERVICE_STATUS status;
} service = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Reports state. Pending states raise the checkpoint, and the hint with it, by each report: real progress only. */
static void report(DWORD state, DWORD exit_code, DWORD specific_code)
{
    pthread_mutex_lock(&service.lock);
    SERVICE_STATUS *s = &service.status;
    bool is_pending = state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING;
    DWORD checkpoint = s->dwCurrentState == state ? s->dwCheckPoint + 1 : 1;
    s->dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    s->dwCurrentState = state;
    s->dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_PRESHUTDOWN : 0;
    s->dwWin32ExitCode = exit_code;
    s->dwServiceSpecificExitCode = specific_code;
    s->dwCheckPoint = is_pending ? checkpoint : 0;
    s->dwWaitHint = is_pending ? STEP_HINT_MS + checkpoint * 100 : 0;
    if (!SetServiceStatus(service.handle, s))
        plain_printf(stderr, "tripline service: SetServiceStatus failed (%lu)\n", GetLastError());
    pthread_mutex_unlock(&service.lock);
}

/* On the dispatcher's thread: returns at once, the work is ServiceMain's. */
static DWORD WINAPI on_control(DWORD control, DWORD type, void *data, void *context)
{
    (void)type;
    (void)data;
    (void)context;
    switch (control) {
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_PRESHUTDOWN:
        report(SERVICE_STOP_PENDING, NO_ERROR, 0);
        SetEvent(service.stop);
        return NO_ERROR;
    case AGENT_CONTROL_RELOAD:
        SetEvent(service.reload);
        return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE:
        return NO_ERROR;
    default:
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
}

static void on_progress(void *context)
{
    (void)context;
    report(SERVICE_START_PENDING, NO_ERROR, 0);
}

static void on_say(void *context, unsigned id, const char *text)
{
    (void)context;
    system_log_write(LOG_ERROR, id, text);
}

/* For those who look into the Application log first; the agent's own log says it in full. */
static void say_start(enum run_problem problem)
{
    char text[200];
    if (problem == RUN_GOOD)
        snprintf(text, sizeof(text), "tripline %s started", version_number);
    else
        snprintf(text, sizeof(text),
                 "not started: service-specific exit code %d; see tripline.log in the state directory and "
                 "docs/operations.md",
                 (int)problem);
    system_log_write(problem == RUN_GOOD ? LOG_INFO : LOG_ERROR,
                     problem == RUN_GOOD ? MESSAGE_STARTED : MESSAGE_START_FAILED, text);
}

static void WINAPI service_main(DWORD argc, wchar_t **argv)
{
    (void)argc;
    (void)argv;
    service.handle = RegisterServiceCtrlHandlerExW(AGENT_SERVICE_NAME, on_control, NULL);
    if (service.handle == NULL)
        return; /* nobody to report to; the dispatcher ends the process */
    report(SERVICE_START_PENDING, NO_ERROR, 0);

    struct run *run = NULL;
    struct run_settings set = {.config_path = service.config_path, .progress = on_progress, .say = on_say};
    enum run_problem problem = run_start(&run, &set);
    say_start(problem);
    if (problem == RUN_GOOD) {
        report(SERVICE_RUNNING, NO_ERROR, 0);
        HANDLE signals[] = {service.stop, service.reload};
        DWORD which;
        while (problem == RUN_GOOD && (which = WaitForMultipleObjects(2, signals, FALSE, RUN_TICK_MS)) != WAIT_OBJECT_0)
            problem = run_tick(run, which == WAIT_OBJECT_0 + 1);
        report(SERVICE_STOP_PENDING, NO_ERROR, 0);
        run_stop(run, RUN_GRACE_MS);
        system_log_write(LOG_INFO, MESSAGE_STOPPED, "tripline stopped");
    }
    report(SERVICE_STOPPED, problem == RUN_GOOD ? NO_ERROR : ERROR_SERVICE_SPECIFIC_ERROR, (DWORD)problem);
}

int cli_service(int argc, char **argv)
{
    int usage = options_config(&service.config_path, argc, argv);
    if (usage != 0)
        return usage;
    hardening_start_agent();
    service.stop = CreateEventW(NULL, TRUE, FALSE, NULL);
    service.reload = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (service.stop == NULL || service.reload == NULL) {
        plain_printf(stderr, "tripline service: CreateEventW failed (%lu)\n", GetLastError());
        return 1;
    }
    SERVICE_TABLE_ENTRYW table[] = {{(wchar_t[]){AGENT_SERVICE_NAME}, service_main}, {NULL, NULL}};
    if (StartServiceCtrlDispatcherW(table))
        return 0;
    DWORD code = GetLastError();
    if (code == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT)
        plain_printf(stderr,
                     "tripline service: this verb is for the service manager; by hand it is \"tripline run\"\n");
    else
        plain_printf(stderr, "tripline service: StartServiceCtrlDispatcher failed (%lu)\n", code);
    return 1;
}
