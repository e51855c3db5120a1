#include "agent/log/event_report.h"

#include "agent/log/system_log.h"

void event_report_write(enum log_level level, unsigned id, const char *text)
{
    system_log_write(level, (enum message)id, text);
}
