/* Contract: learn.microsoft.com/windows/win32/api/winbase, RegisterEventSource, ReportEvent. */
#include "agent/log/system_log.h"

#include "detect/base/text.h"
#include <stdlib.h>

#include <windows.h>

void system_log_write(enum log_level level, enum message id, const char *text)
{
    char cut[SYSTEM_LOG_MAX + 1];
    uint16_t *wide = NULL;
    WORD type = level == LOG_ERROR     ? EVENTLOG_ERROR_TYPE
                : level == LOG_WARNING ? EVENTLOG_WARNING_TYPE
                                       : EVENTLOG_INFORMATION_TYPE;
    (void)text_copy(cut, sizeof(cut), text_from(text));
    if (text_to_utf16(&wide, NULL, text_from(cut)) < 0)
        return;
    HANDLE source = RegisterEventSourceW(NULL, L"Tripline");
    if (source != NULL) {
        const wchar_t *strings[] = {wide};
        (void)ReportEventW(source, type, 0, (DWORD)id, NULL, 1, 0, strings, NULL);
        DeregisterEventSource(source);
    }
    free(wide);
}
