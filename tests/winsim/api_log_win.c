/* EvtOpenLog, EvtGetLogInfo, EvtOpenChannelConfig, EvtGetChannelConfigProperty. */
#include "tests/winsim/channel_win.h"
#include "tests/winsim/handles_win.h"
#include "tests/winsim/pack_win.h"
#include "tests/winsim/scenario_win.h"
#include "tests/winsim/wtf8.h"

#include <stdlib.h>
#include <string.h>

/* Security's in a default Windows: system and Administrators all, Event Log Readers read. */
#define DEFAULT_ACCESS "O:BAG:SYD:(A;;0xf0005;;;SY)(A;;0x5;;;BA)(A;;0x1;;;S-1-5-32-573)"
#define DEFAULT_MAX_SIZE 20971520u

/* A log as it was when it was opened: fresh values need a fresh handle. */
struct log {
    char *name;
    uint64_t numbers[EvtLogFull + 1];
};

static void log_free(void *object)
{
    struct log *log = object;
    free(log->name);
    free(log);
}

static uint64_t from_filetime(FILETIME time)
{
    return (uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime;
}

static struct log *log_new(const struct channel *ch)
{
    BY_HANDLE_FILE_INFORMATION info;
    struct log *log = winsim_alloc(sizeof(*log));
    if (!GetFileInformationByHandle(ch->file, &info))
        winsim_abort("winsim: facts of %ls: error %lu", ch->path, GetLastError());
    log->name = winsim_copy(ch->name, strlen(ch->name));
    log->numbers[EvtLogCreationTime] = from_filetime(info.ftCreationTime);
    log->numbers[EvtLogLastAccessTime] = from_filetime(info.ftLastAccessTime);
    log->numbers[EvtLogLastWriteTime] = from_filetime(info.ftLastWriteTime);
    log->numbers[EvtLogFileSize] = (uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow;
    log->numbers[EvtLogAttributes] = info.dwFileAttributes;
    log->numbers[EvtLogNumberOfLogRecords] = ch->count - ch->first;
    log->numbers[EvtLogOldestRecordNumber] = 0; /* of an empty log */
    if (ch->first < ch->count)
        log->numbers[EvtLogOldestRecordNumber] = ch->records[ch->first].id;
    return log;
}

static DWORD find_channel(struct channel **out, const char *name, const char *call)
{
    DWORD code = scenario_code(call, name);
    if (code != 0)
        return code;
    if (!channel_is_name(name))
        return ERROR_EVT_INVALID_CHANNEL_PATH;
    if (scenario_number(scenario_now(), SCENARIO_DENIED, name, NULL))
        return ERROR_ACCESS_DENIED;
    *out = channel_get(name);
    return *out == NULL ? ERROR_EVT_CHANNEL_NOT_FOUND : 0;
}

static char *checked_name(EVT_HANDLE session, LPCWSTR path, const char *call)
{
    if (session != NULL)
        winsim_abort("%s: remote sessions are not served", call);
    if (path == NULL)
        winsim_abort("%s: the path is NULL", call);
    return wtf8_from_utf16(path);
}

EVT_HANDLE WINAPI EvtOpenLog(EVT_HANDLE session, LPCWSTR path, DWORD flags)
{
    winsim_enter();
    scenario_refresh();
    char *name = checked_name(session, path, __func__);
    struct channel *ch = NULL;
    EVT_HANDLE handle = NULL;
    DWORD code = 0;
    if (flags == EvtOpenChannelPath)
        code = find_channel(&ch, name, __func__);
    else if (flags == EvtOpenFilePath)
        code = (ch = channel_get_file(name)) == NULL ? ERROR_FILE_NOT_FOUND : 0;
    else
        winsim_abort("%s: flags 0x%lx are not valid", __func__, flags);
    if (code == 0)
        handle = handles_add(HANDLE_LOG, log_new(ch), log_free, NULL, __func__);
    winsim_call("%s %s = %lu", __func__, name, code);
    free(name);
    return winsim_leave_handle(code, handle);
}

BOOL WINAPI EvtGetLogInfo(EVT_HANDLE handle, EVT_LOG_PROPERTY_ID property, DWORD size, PEVT_VARIANT buffer, PDWORD used)
{
    static const EVT_VARIANT_TYPE types[] = {
        [EvtLogCreationTime] = EvtVarTypeFileTime,     [EvtLogLastAccessTime] = EvtVarTypeFileTime,
        [EvtLogLastWriteTime] = EvtVarTypeFileTime,    [EvtLogFileSize] = EvtVarTypeUInt64,
        [EvtLogAttributes] = EvtVarTypeUInt32,         [EvtLogNumberOfLogRecords] = EvtVarTypeUInt64,
        [EvtLogOldestRecordNumber] = EvtVarTypeUInt64, [EvtLogFull] = EvtVarTypeBoolean,
    };
    struct pack p = {0};
    winsim_enter();
    const struct log *log = handles_get(handle, HANDLE_LOG, NULL, __func__);
    if ((unsigned)property > EvtLogFull)
        winsim_abort("%s: property %d is not known", __func__, (int)property);
    if (property >= EvtLogNumberOfLogRecords && scenario_number(scenario_now(), SCENARIO_DIRECT, log->name, NULL))
        winsim_abort("%s: property %d is not for Analytic and Debug channels", __func__, (int)property);
    DWORD code = scenario_code(__func__, log->name);
    pack_begin(&p, 1);
    pack_number(&p, 0, types[property], log->numbers[property]);
    if (code == 0)
        code = pack_deliver(&p, size, buffer, used, __func__);
    pack_free(&p);
    return winsim_leave(code);
}

static void config_free(void *name)
{
    free(name);
}

EVT_HANDLE WINAPI EvtOpenChannelConfig(EVT_HANDLE session, LPCWSTR path, DWORD flags)
{
    winsim_enter();
    scenario_refresh();
    char *name = checked_name(session, path, __func__);
    struct channel *ch = NULL;
    EVT_HANDLE handle = NULL;
    if (flags != 0)
        winsim_abort("%s: Flags must be 0", __func__);
    DWORD code = find_channel(&ch, name, __func__);
    winsim_call("%s %s = %lu", __func__, name, code);
    if (code == 0)
        handle = handles_add(HANDLE_CONFIG, name, config_free, NULL, __func__);
    else
        free(name);
    return winsim_leave_handle(code, handle);
}

/* Packs the log's path as Windows gives it: "%SystemRoot%\System32\Winevt\Logs\Name.evtx", a slash as %4. */
static void pack_path(struct pack *p, const char *name)
{
    static const char folder[] = "%SystemRoot%\\System32\\Winevt\\Logs\\";
    size_t used = sizeof(folder) - 1;
    char *path = winsim_alloc(used + 2 * strlen(name) + 6);
    memcpy(path, folder, used);
    for (; *name != 0; name++) {
        if (*name == '/')
            path[used++] = '%';
        path[used++] = *name == '/' ? '4' : *name;
    }
    memcpy(path + used, ".evtx", 6);
    pack_string(p, 0, path);
    free(path);
}

static void pack_property(struct pack *p, const char *name, EVT_CHANNEL_CONFIG_PROPERTY_ID property)
{
    const struct scenario *s = scenario_now();
    bool is_direct = scenario_number(s, SCENARIO_DIRECT, name, NULL);
    uint64_t max_size = DEFAULT_MAX_SIZE;
    switch (property) {
    case EvtChannelConfigEnabled:
        pack_number(p, 0, EvtVarTypeBoolean, !scenario_number(s, SCENARIO_DISABLED, name, NULL));
        break;
    case EvtChannelConfigType:
        pack_number(p, 0, EvtVarTypeUInt32,
                    is_direct                   ? EvtChannelTypeAnalytic
                    : strchr(name, '/') != NULL ? EvtChannelTypeOperational
                                                : EvtChannelTypeAdmin);
        break;
    case EvtChannelConfigAccess:
        pack_string(p, 0, DEFAULT_ACCESS);
        break;
    case EvtChannelLoggingConfigRetention:
        pack_number(p, 0, EvtVarTypeBoolean, scenario_number(s, SCENARIO_RETENTION, name, NULL));
        break;
    case EvtChannelLoggingConfigAutoBackup:
        pack_number(p, 0, EvtVarTypeBoolean, scenario_number(s, SCENARIO_AUTO_BACKUP, name, NULL));
        break;
    case EvtChannelLoggingConfigMaxSize:
        scenario_number(s, SCENARIO_MAX_SIZE, name, &max_size);
        pack_number(p, 0, EvtVarTypeUInt64, max_size);
        break;
    case EvtChannelLoggingConfigLogFilePath:
        pack_path(p, name);
        break;
    default:
        winsim_abort("EvtGetChannelConfigProperty: property %d is not served", (int)property);
    }
}

BOOL WINAPI EvtGetChannelConfigProperty(EVT_HANDLE handle, EVT_CHANNEL_CONFIG_PROPERTY_ID property, DWORD flags,
                                        DWORD size, PEVT_VARIANT buffer, PDWORD used)
{
    struct pack p = {0};
    winsim_enter();
    const char *name = handles_get(handle, HANDLE_CONFIG, NULL, __func__);
    if (flags != 0)
        winsim_abort("%s: Flags must be 0", __func__);
    DWORD code = scenario_code(__func__, name);
    pack_begin(&p, 1);
    pack_property(&p, name, property);
    if (code == 0)
        code = pack_deliver(&p, size, buffer, used, __func__);
    pack_free(&p);
    return winsim_leave(code);
}
