/*
 * system_log: the few lines that belong into Windows' own Application log (system_log_win.c): the service started,
 * stopped, or could not start. Their texts come from the message table in tripline.exe.
 */
#ifndef AGENT_LOG_SYSTEM_LOG_H
#define AGENT_LOG_SYSTEM_LOG_H

#include "agent/log/log.h"
#include "agent/log/messages.h"

/* One line of at most SYSTEM_LOG_MAX bytes, UTF-8; what is longer is cut. That it could not be written is nobody's to
 * know: this is where one would say so. */
#define SYSTEM_LOG_MAX 4096u
void system_log_write(enum log_level level, enum message id, const char *text);

#endif
