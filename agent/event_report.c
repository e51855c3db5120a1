#include "agent/event_report.h"

#include "agent/messages.h"

bool event_report_wants(enum config_log_level level, unsigned id)
{
    return level <= CONFIG_LOG_WARNING || id == MESSAGE_STARTED || id == MESSAGE_STOPPED || id == MESSAGE_CONFIG_TAKEN;
}
