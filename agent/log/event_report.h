/*
 * event_report: the important lines of the log in the Windows Event Log too: log Application, source "Tripline"
 * (event_report_win.c; elsewhere there is none, event_report_posix.c). That the service starts, stops or can't start,
 * it says itself (service_win.c).
 */
#ifndef AGENT_LOG_EVENT_REPORT_H
#define AGENT_LOG_EVENT_REPORT_H

#include "agent/log/log.h"
#include <stdbool.h>

/* Is a line of this level and id important enough? Warnings, errors, and that a new config is in force. */
bool event_report_wants(enum log_level level, unsigned id);

/* Writes it. What fails is dropped: the log has the line. Any thread. */
void event_report_write(enum log_level level, unsigned id, const char *text);

#endif
