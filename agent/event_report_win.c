/* learn.microsoft.com/windows/win32/api/winbase/nf-winbase-reporteventw */
#include "agent/event_report.h"

#include "agent/doctor_win.h"

#include <stdlib.h>

#include <windows.h>

void event_report_write(enum config_log_level level, unsigned id, const char *text)
{
    WORD type = level == CONFIG_LOG_ERROR     ? EVENTLOG_ERROR_TYPE
                : level == CONFIG_LOG_WARNING ? EVENTLOG_WARNING_TYPE
                                              : EVENTLOG_INFORMATION_TYPE;
    /* Opened for each: there are few of them, and the Event Log service may have been started anew in between. */
    HANDLE source = RegisterEventSourceW(NULL, L"Tripline");
    wchar_t *wide = doctor_wide(text); /* a line of the log is shorter than the 31,839 characters that one may have */
    const wchar_t *texts[] = {wide};
    if (source != NULL && wide != NULL)
        (void)ReportEventW(source, type, 0, id, NULL, 1, 0, texts, NULL); /* see event_report.h */
    free(wide);
    if (source != NULL)
        (void)DeregisterEventSource(source); /* fails only for what is no handle */
}
