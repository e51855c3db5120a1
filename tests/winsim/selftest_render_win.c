/* EvtRender, EvtCreateRenderContext, EvtGetLogInfo, EvtGetChannelConfigProperty. */
#include "tests/winsim/selftest_win.h"

#include <sddl.h>

#include <stdlib.h>
#include <string.h>

/* The first event of a channel; *set must be closed. */
static EVT_HANDLE first_event(const wchar_t *channel, EVT_HANDLE *set)
{
    EVT_HANDLE event = NULL;
    DWORD count;
    *set = EvtQuery(NULL, channel, NULL, EvtQueryChannelPath);
    CU_ASSERT_PTR_NOT_NULL_FATAL(*set);
    CU_ASSERT_FATAL(EvtNext(*set, 1, &event, INFINITE, 0, &count));
    return event;
}

static bool is_sid(const EVT_VARIANT *v, const wchar_t *want)
{
    LPWSTR text;
    if (v->Type != EvtVarTypeSid || !ConvertSidToStringSidW(v->SidVal, &text))
        return false;
    bool is_equal = wcscmp(text, want) == 0;
    LocalFree(text);
    return is_equal;
}

static bool is_text(const EVT_VARIANT *v, const wchar_t *want)
{
    return v->Type == EvtVarTypeString && wcscmp(v->StringVal, want) == 0;
}

static LPCWSTR const data_paths[] = {L"Event/EventData/Data[@Name='SubjectUserSid']",
                                     L"Event/EventData/Data[@Name='SubjectLogonId']",
                                     L"Event/EventData/Data[@Name='NewProcessId']",
                                     L"Event/EventData/Data[@Name='CommandLine']",
                                     L"Event/EventData/Data[@Name='Empty']",
                                     L"Event/EventData/Data[@Name='Null']",
                                     L"Event/EventData/Data[@Name='Nowhere']",
                                     L"Event/EventData/Data[@Name='TargetUserSid']",
                                     L"Event/EventData/Data",
                                     L"Event/System/Provider/@Name",
                                     L"Event/System/TimeCreated/@SystemTime",
                                     L"Event/System/Correlation"};
#define DATA_PATHS (sizeof(data_paths) / sizeof(data_paths[0]))

static EVT_HANDLE data_context(void)
{
    LPCWSTR paths[DATA_PATHS];
    memcpy(paths, data_paths, sizeof(paths));
    EVT_HANDLE context = EvtCreateRenderContext(DATA_PATHS, paths, EvtRenderContextValues);
    CU_ASSERT_PTR_NOT_NULL_FATAL(context);
    return context;
}

static void test_values(void)
{
    EVT_HANDLE set;
    DWORD count;
    selftest_event("Values", 1,
                   "<Data Name='SubjectUserSid'>S-1-5-18</Data><Data Name='SubjectLogonId'>0x3e7</Data>"
                   "<Data Name='NewProcessId'>0xf40</Data><Data Name='CommandLine'>a &amp; \xC3\xA9</Data>"
                   "<Data Name='CommandLine'>second</Data><Data Name='Empty'></Data><Data Name='Null'/>"
                   "<Data Name='TargetUserSid'>NT AUTHORITY\\SYSTEM</Data>");
    EVT_HANDLE event = first_event(L"Values", &set), context = data_context();
    EVT_VARIANT *v = selftest_values(event, context, &count);
    CU_ASSERT(count == DATA_PATHS);
    CU_ASSERT(is_sid(&v[0], L"S-1-5-18"));
    CU_ASSERT(v[1].Type == EvtVarTypeHexInt64 && v[1].UInt64Val == 0x3e7);
    CU_ASSERT(v[2].Type == EvtVarTypeSizeT && v[2].SizeTVal == 0xf40);
    CU_ASSERT(is_text(&v[3], L"a & \x00E9")); /* the first of two */
    CU_ASSERT(is_text(&v[4], L""));
    CU_ASSERT(v[5].Type == EvtVarTypeNull && v[5].UInt64Val == WINSIM_POISON_POINTER);
    CU_ASSERT(v[6].Type == EvtVarTypeNull && v[6].UInt64Val == WINSIM_POISON_POINTER);
    CU_ASSERT(is_text(&v[7], L"NT AUTHORITY\\SYSTEM"));
    CU_ASSERT(is_sid(&v[8], L"S-1-5-18"));
    CU_ASSERT(is_text(&v[9], L"Microsoft-Windows-Security-Auditing"));
    CU_ASSERT(v[10].Type == EvtVarTypeFileTime && v[10].FileTimeVal == 133590404961234567u);
    CU_ASSERT(v[11].Type == EvtVarTypeNull);
    free(v);
    CU_ASSERT(EvtClose(context));
    CU_ASSERT(EvtClose(set));
}

static void test_buffer_protocol(void)
{
    EVT_HANDLE set;
    DWORD need = 0, used = 0, count = 0;
    static _Alignas(8) unsigned char buffer[8192];
    selftest_events("Buffer", 1, 1);
    EVT_HANDLE event = first_event(L"Buffer", &set), context = data_context();
    CU_ASSERT(!EvtRender(context, event, EvtRenderEventValues, 0, NULL, &need, &count));
    CU_ASSERT(GetLastError() == ERROR_INSUFFICIENT_BUFFER && count == WINSIM_POISON_NUMBER);
    CU_ASSERT(need > DATA_PATHS * sizeof(EVT_VARIANT) && need < sizeof(buffer));
    memset(buffer, 0, sizeof(buffer));
    CU_ASSERT(!EvtRender(context, event, EvtRenderEventValues, need - 1, buffer, &used, &count));
    CU_ASSERT(used == need && buffer[0] == WINSIM_POISON_BYTE && buffer[need - 2] == WINSIM_POISON_BYTE);
    CU_ASSERT(buffer[need - 1] == 0);
    CU_ASSERT(EvtRender(context, event, EvtRenderEventValues, sizeof(buffer), buffer, &used, &count));
    CU_ASSERT(GetLastError() == WINSIM_JUNK_ERROR && used == need && count == DATA_PATHS);
    CU_ASSERT(buffer[need] == WINSIM_POISON_BYTE && buffer[sizeof(buffer) - 1] == WINSIM_POISON_BYTE);
    const EVT_VARIANT *v = (const EVT_VARIANT *)(const void *)buffer;
    CU_ASSERT((const unsigned char *)v[3].StringVal > buffer && (const unsigned char *)v[3].StringVal < buffer + used);
    CU_ASSERT(v[3].Count == WINSIM_POISON_NUMBER);
    EvtClose(context);
    EvtClose(set);
}

static void test_system(void)
{
    static const DWORD types[EvtSystemPropertyIdEND] = {
        EvtVarTypeString, EvtVarTypeGuid,   EvtVarTypeUInt16,   EvtVarTypeNull,   EvtVarTypeByte, EvtVarTypeUInt16,
        EvtVarTypeByte,   EvtVarTypeUInt64, EvtVarTypeFileTime, EvtVarTypeUInt64, EvtVarTypeNull, EvtVarTypeNull,
        EvtVarTypeUInt32, EvtVarTypeUInt32, EvtVarTypeString,   EvtVarTypeString, EvtVarTypeNull, EvtVarTypeByte};
    static const GUID auditing = {0x54849625, 0x5478, 0x4994, {0xa5, 0xba, 0x3e, 0x3b, 0x03, 0x28, 0xc3, 0x0d}};
    EVT_HANDLE set;
    DWORD count;
    selftest_events("System1", 77, 1);
    EVT_HANDLE event = first_event(L"System1", &set), context = EvtCreateRenderContext(0, NULL, EvtRenderContextSystem);
    EVT_VARIANT *v = selftest_values(event, context, &count);
    CU_ASSERT_FATAL(count == EvtSystemPropertyIdEND);
    for (DWORD i = 0; i < count; i++)
        CU_ASSERT(v[i].Type == types[i]);
    CU_ASSERT(memcmp(v[EvtSystemProviderGuid].GuidVal, &auditing, sizeof(auditing)) == 0);
    CU_ASSERT(v[EvtSystemEventID].UInt16Val == 4688 && v[EvtSystemVersion].ByteVal == 2);
    CU_ASSERT(v[EvtSystemKeywords].UInt64Val == 0x8020000000000000u && v[EvtSystemEventRecordId].UInt64Val == 77);
    CU_ASSERT(v[EvtSystemThreadID].UInt32Val == 68 && is_text(&v[EvtSystemComputer], L"PC1.example"));
    free(v);
    selftest_scenario("extra-properties 2\n");
    EVT_HANDLE signal = CreateEventW(NULL, FALSE, FALSE, NULL);
    EVT_HANDLE other =
        selftest_subscribe(L"System1", NULL, signal, EvtSubscribeToFutureEvents); /* reads scenario.txt */
    v = selftest_values(event, context, &count);
    CU_ASSERT(count == EvtSystemPropertyIdEND + 2);
    CU_ASSERT(v[EvtSystemPropertyIdEND + 1].Type == EvtVarTypeNull);
    free(v);
    EvtClose(other);
    CloseHandle(signal);
    selftest_scenario(NULL);
    EvtClose(context);
    EvtClose(set);
}

static void test_user(void)
{
    EVT_HANDLE set, context = EvtCreateRenderContext(0, NULL, EvtRenderContextUser);
    DWORD count;
    selftest_event("User1", 1, "<Data Name='ProcessId'>0x4</Data><Data>b</Data><Data Name='c'/>");
    selftest_append("User2.xml",
                    "<Event><System/><UserData><X xmlns='y'><A>1</A><B><C>2</C></B></X></UserData></Event>\n");
    EVT_VARIANT *v = selftest_values(first_event(L"User1", &set), context, &count);
    CU_ASSERT_FATAL(count == 3);
    CU_ASSERT(v[0].Type == EvtVarTypeSizeT && is_text(&v[1], L"b") && v[2].Type == EvtVarTypeNull);
    free(v);
    EvtClose(set);
    v = selftest_values(first_event(L"User2", &set), context, &count);
    CU_ASSERT_FATAL(count == 2);
    CU_ASSERT(is_text(&v[0], L"1") && is_text(&v[1], L"2"));
    free(v);
    EvtClose(set);
    EvtClose(context);
}

static void test_sysmon_types(void)
{
    LPCWSTR paths[] = {L"Event/EventData/Data[@Name='ProcessGuid']", L"Event/EventData/Data[@Name='ProcessId']",
                       L"Event/EventData/Data[@Name='LogonId']"};
    EVT_HANDLE set, context = EvtCreateRenderContext(3, paths, EvtRenderContextValues);
    DWORD count;
    static const char line[] =
        "<Event><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID>"
        "<Channel>%s</Channel></System><EventData>"
        "<Data Name='ProcessGuid'>{A23EAE89-BD28-5903-0000-00102F345D00}</Data>"
        "<Data Name='ProcessId'>6228</Data><Data Name='LogonId'>0x2b4</Data></EventData></Event>\n";
    char text[1024];
    snprintf(text, sizeof(text), line, "Sysmon");
    selftest_append("Sysmon.xml", text);
    selftest_append("Collected.xml", text);
    EVT_VARIANT *v = selftest_values(first_event(L"Sysmon", &set), context, &count);
    CU_ASSERT(v[0].Type == EvtVarTypeGuid && v[0].GuidVal->Data1 == 0xA23EAE89);
    CU_ASSERT(v[1].Type == EvtVarTypeUInt32 && v[1].UInt32Val == 6228);
    CU_ASSERT(v[2].Type == EvtVarTypeHexInt64 && v[2].UInt64Val == 0x2b4);
    free(v);
    EvtClose(set);
    v = selftest_values(first_event(L"Collected", &set), context, &count); /* forwarded: no template, all texts */
    CU_ASSERT(is_text(&v[0], L"{A23EAE89-BD28-5903-0000-00102F345D00}"));
    CU_ASSERT(is_text(&v[1], L"6228") && is_text(&v[2], L"0x2b4"));
    free(v);
    EvtClose(set);
    EvtClose(context);
}

/* Raw in the rendering and in values: line ends, control characters, lone surrogates, quotes. */
static void test_text(void)
{
    static const wchar_t command[] = {'a', '\r', '\n', 1, 2, 0xD83D, 'b', '"', '\'', 0xD83D, 0xDE00, 0};
    LPCWSTR path = L"Event/EventData/Data[@Name='CommandLine']";
    wchar_t want[256];
    EVT_HANDLE set, context = EvtCreateRenderContext(1, &path, EvtRenderContextValues);
    DWORD count;
    selftest_append("Text.xml", "<Event><EventData><Data Name='CommandLine'>a&#13;&#xA;&#1;\x02&#55357;b\"'"
                                "\xF0\x9F\x98\x80&#38;&lt;&#62;</Data></EventData></Event>\n");
    EVT_HANDLE event = first_event(L"Text", &set);
    EVT_VARIANT *v = selftest_values(event, context, &count);
    _snwprintf(want, 256, L"%ls&<>", command);
    CU_ASSERT(is_text(v, want));
    free(v);
    wchar_t *text = selftest_text(event, EvtRenderEventXml);
    _snwprintf(want, 256, L"<Event><EventData><Data Name='CommandLine'>%ls&amp;&lt;&gt;</Data></EventData></Event>",
               command);
    CU_ASSERT(wcscmp(text, want) == 0);
    free(text);
    EvtClose(context);
    EvtClose(set);
}

/* A command line as long as Windows allows. */
static void test_long(void)
{
    char *data = winsim_alloc(40000);
    wchar_t *long_text;
    EVT_HANDLE set;
    strcpy_s(data, 40000, "<Data Name='CommandLine'>");
    size_t begin = strlen(data);
    memset(data + begin, 'x', 32766);
    strcpy_s(data + begin + 32766, 100, "</Data>");
    selftest_event("Long", 1, data);
    EVT_HANDLE event = first_event(L"Long", &set);
    long_text = selftest_text(event, EvtRenderEventXml);
    const wchar_t *x = wcsstr(long_text, L"xxx");
    CU_ASSERT(x != NULL && wcsspn(x, L"x") == 32766);
    free(long_text);
    free(data);
    EvtClose(set);
}

static uint64_t log_number(EVT_HANDLE log, EVT_LOG_PROPERTY_ID id, DWORD type)
{
    EVT_VARIANT v;
    DWORD used = 0;
    CU_ASSERT(EvtGetLogInfo(log, id, sizeof(v), &v, &used));
    CU_ASSERT(used == sizeof(v) && v.Type == type);
    return type == EvtVarTypeBoolean ? (uint64_t)v.BooleanVal : v.UInt64Val;
}

static void test_log(void)
{
    EVT_VARIANT v;
    DWORD used = 0;
    selftest_events("Log", 40, 3);
    EVT_HANDLE log = EvtOpenLog(NULL, L"Log", EvtOpenChannelPath);
    CU_ASSERT_PTR_NOT_NULL_FATAL(log);
    CU_ASSERT(log_number(log, EvtLogOldestRecordNumber, EvtVarTypeUInt64) == 40);
    CU_ASSERT(log_number(log, EvtLogNumberOfLogRecords, EvtVarTypeUInt64) == 3);
    CU_ASSERT(log_number(log, EvtLogFileSize, EvtVarTypeUInt64) > 1000);
    CU_ASSERT(log_number(log, EvtLogFull, EvtVarTypeBoolean) == 0);
    CU_ASSERT(!EvtGetLogInfo(log, EvtLogFull, 8, &v, &used));
    CU_ASSERT(GetLastError() == ERROR_INSUFFICIENT_BUFFER && used == sizeof(v));
    EvtClose(log);
    selftest_scenario("oldest Log 42\n");
    log = EvtOpenLog(NULL, L"Log", EvtOpenChannelPath);
    CU_ASSERT(log_number(log, EvtLogOldestRecordNumber, EvtVarTypeUInt64) == 42);
    EvtClose(log);
    selftest_scenario("denied Log\n");
    CU_ASSERT(EvtOpenLog(NULL, L"Log", EvtOpenChannelPath) == NULL && GetLastError() == ERROR_ACCESS_DENIED);
    selftest_scenario(NULL);
    CU_ASSERT(EvtOpenLog(NULL, L"Log9", EvtOpenChannelPath) == NULL && GetLastError() == ERROR_EVT_CHANNEL_NOT_FOUND);
    CU_ASSERT(EvtOpenLog(NULL, L"C:\\no.evtx", EvtOpenFilePath) == NULL && GetLastError() == ERROR_FILE_NOT_FOUND);
}

static void test_config(void)
{
    static _Alignas(8) unsigned char buffer[512];
    EVT_VARIANT *v = (EVT_VARIANT *)(void *)buffer;
    DWORD used;
    selftest_append("Config%4Operational.xml", "");
    selftest_scenario("disabled Config/Operational\nretention *\nauto-backup *\nmax-size "
                      "Config/Operational 12345\n");
    EVT_HANDLE config = EvtOpenChannelConfig(NULL, L"Config/Operational", 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT(EvtGetChannelConfigProperty(config, EvtChannelConfigEnabled, 0, sizeof(buffer), v, &used));
    CU_ASSERT(v->Type == EvtVarTypeBoolean && !v->BooleanVal);
    CU_ASSERT(EvtGetChannelConfigProperty(config, EvtChannelConfigType, 0, sizeof(buffer), v, &used));
    CU_ASSERT(v->Type == EvtVarTypeUInt32 && v->UInt32Val == EvtChannelTypeOperational);
    CU_ASSERT(EvtGetChannelConfigProperty(config, EvtChannelLoggingConfigRetention, 0, sizeof(buffer), v, &used));
    CU_ASSERT(v->Type == EvtVarTypeBoolean && v->BooleanVal);
    CU_ASSERT(EvtGetChannelConfigProperty(config, EvtChannelLoggingConfigAutoBackup, 0, sizeof(buffer), v, &used));
    CU_ASSERT(v->Type == EvtVarTypeBoolean && v->BooleanVal);
    CU_ASSERT(EvtGetChannelConfigProperty(config, EvtChannelLoggingConfigMaxSize, 0, sizeof(buffer), v, &used));
    CU_ASSERT(v->Type == EvtVarTypeUInt64 && v->UInt64Val == 12345);
    CU_ASSERT(EvtGetChannelConfigProperty(config, EvtChannelLoggingConfigLogFilePath, 0, sizeof(buffer), v, &used));
    CU_ASSERT(is_text(v, L"%SystemRoot%\\System32\\Winevt\\Logs\\Config%4Operational.evtx"));
    CU_ASSERT(EvtGetChannelConfigProperty(config, EvtChannelConfigAccess, 0, sizeof(buffer), v, &used));
    CU_ASSERT(v->Type == EvtVarTypeString && wcsstr(v->StringVal, L"S-1-5-32-573") != NULL);
    EvtClose(config);
    selftest_scenario(NULL);
    CU_ASSERT(EvtOpenChannelConfig(NULL, L"Config", 0) == NULL && GetLastError() == ERROR_EVT_CHANNEL_NOT_FOUND);
}

const CU_TestInfo selftest_render_tests[] = {{"values", test_values},
                                             {"buffer protocol", test_buffer_protocol},
                                             {"system context", test_system},
                                             {"user context", test_user},
                                             {"Sysmon types", test_sysmon_types},
                                             {"text", test_text},
                                             {"long command line", test_long},
                                             {"log info", test_log},
                                             {"channel config", test_config},
                                             CU_TEST_INFO_NULL};
