/*
 * eventlog_info: what Windows says of a log and of its channel's settings (eventlog_info_win.c). Any thread. Source:
 * learn.microsoft.com/windows/win32/api/winevt/ne-winevt-evt_log_property_id, ...evt_channel_config_property_id.
 */
#ifndef COLLECTORS_EVENTLOG_EVENTLOG_INFO_H
#define COLLECTORS_EVENTLOG_EVENTLOG_INFO_H

#include "collectors/eventlog/eventlog_backlog.h"
#include "detect/base/fault.h"
#include <stdbool.h>
#include <stdint.h>

struct eventlog_channel_info {
    bool is_enabled;
    uint64_t max_bytes; /* of the log's file */
};

/* channel: its name, UTF-16. max_bytes is left 0. Returns 0, or -EIO with fault. */
int eventlog_info_log(struct eventlog_log_info *out, const uint16_t *channel, struct fault *fault);
int eventlog_info_channel(struct eventlog_channel_info *out, const uint16_t *channel, struct fault *fault);

#endif
