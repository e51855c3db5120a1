#include "agent/log/event_report.h"

#include "agent/log/messages.h"

bool event_report_wants(enum log_level level, unsigned id)
{
    if (id == MESSAGE_START_FAILED || id == MESSAGE_UNSAFE)
        return false;
    return level <= LOG_WARNING || id == MESSAGE_CONFIG_TAKEN;
}
