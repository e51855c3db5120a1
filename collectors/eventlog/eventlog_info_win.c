#include "collectors/eventlog/eventlog_info.h"

#include <windows.h>
#include <winevt.h>

#include <errno.h>

static int fail(struct fault *fault, const char *call, long code)
{
    fault_set(fault, call, code, text_from(NULL), NULL);
    return -EIO;
}

/* Values are as of EvtOpenLog: the handle is opened for each look. */
static int log_number(uint64_t *out, EVT_HANDLE log, EVT_LOG_PROPERTY_ID property, struct fault *fault)
{
    EVT_VARIANT value = {0};
    DWORD used = 0;
    if (!EvtGetLogInfo(log, property, sizeof(value), &value, &used))
        return fail(fault, "EvtGetLogInfo", (long)GetLastError());
    if (value.Type != EvtVarTypeUInt64)
        return fail(fault, "EvtGetLogInfo", ERROR_INVALID_DATA);
    *out = value.UInt64Val;
    return 0;
}

int eventlog_info_log(struct eventlog_log_info *out, const uint16_t *channel, struct fault *fault)
{
    struct eventlog_log_info info = {0};
    EVT_HANDLE log = EvtOpenLog(NULL, channel, EvtOpenChannelPath);
    if (log == NULL)
        return fail(fault, "EvtOpenLog", (long)GetLastError());
    int rc = log_number(&info.oldest, log, EvtLogOldestRecordNumber, fault);
    if (rc == 0)
        rc = log_number(&info.count, log, EvtLogNumberOfLogRecords, fault);
    if (rc == 0)
        rc = log_number(&info.bytes, log, EvtLogFileSize, fault);
    EvtClose(log);
    if (rc == 0)
        *out = info;
    return rc;
}

int eventlog_info_channel(struct eventlog_channel_info *out, const uint16_t *channel, struct fault *fault)
{
    EVT_VARIANT enabled = {0}, max_size = {0};
    DWORD used = 0;
    int rc = 0;
    EVT_HANDLE config = EvtOpenChannelConfig(NULL, channel, 0);
    if (config == NULL)
        return fail(fault, "EvtOpenChannelConfig", (long)GetLastError());
    if (!EvtGetChannelConfigProperty(config, EvtChannelConfigEnabled, 0, sizeof(enabled), &enabled, &used) ||
        !EvtGetChannelConfigProperty(config, EvtChannelLoggingConfigMaxSize, 0, sizeof(max_size), &max_size, &used))
        rc = fail(fault, "EvtGetChannelConfigProperty", (long)GetLastError());
    else if (enabled.Type != EvtVarTypeBoolean || max_size.Type != EvtVarTypeUInt64)
        rc = fail(fault, "EvtGetChannelConfigProperty", ERROR_INVALID_DATA);
    EvtClose(config);
    if (rc == 0)
        *out = (struct eventlog_channel_info){enabled.BooleanVal != 0, max_size.UInt64Val};
    return rc;
}
