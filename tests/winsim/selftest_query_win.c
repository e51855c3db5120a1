/* XPath, structured queries, EvtQuery, EvtSeek, EvtGetQueryInfo, EvtGetExtendedStatus. */
#include "tests/winsim/selftest_win.h"

#include <stdlib.h>
#include <string.h>

/* Event 1: 4688 level 0; 2: 4689 level 4; 3: 4688 of another provider, a new one. */
static void write_events(const char *file)
{
    SYSTEMTIME now;
    char line[512];
    static const char form[] = "<Event><System><Provider Name='%s'/><EventID Qualifiers='3'>%u</EventID>"
                               "<Level>%u</Level><Keywords>0x8000000000000002</Keywords>"
                               "<TimeCreated SystemTime='%s'/><EventRecordID>%u</EventRecordID></System><EventData>"
                               "<Data Name='A'>%s</Data><Data Name='B'>beta</Data></EventData></Event>\n";
    snprintf(line, sizeof(line), form, "P1", 4688u, 0u, "2020-01-02T03:04:05.1234567Z", 1u, "x");
    selftest_append(file, line);
    snprintf(line, sizeof(line), form, "P1", 4689u, 4u, "2020-01-02T03:04:05.123456800Z", 2u, "y");
    selftest_append(file, line);
    char time[64];
    GetSystemTime(&now);
    snprintf(time, sizeof(time), "%04u-%02u-%02uT%02u:%02u:%02uZ", now.wYear, now.wMonth, now.wDay, now.wHour,
             now.wMinute, now.wSecond);
    snprintf(line, sizeof(line), form, "P2", 4688u, 2u, time, 3u, "it's");
    selftest_append(file, line);
}

/* The ids that a query on channel gives, or "(code)". */
static const char *ids(const wchar_t *channel, const wchar_t *query, DWORD flags)
{
    static char refused[32];
    EVT_HANDLE set = EvtQuery(NULL, channel, query, flags);
    snprintf(refused, sizeof(refused), "(%lu)", GetLastError());
    const char *text = set == NULL ? refused : selftest_ids(set);
    if (set != NULL)
        EvtClose(set);
    return text;
}

static void test_xpath(void)
{
    static const struct {
        const wchar_t *query;
        const char *want;
    } cases[] = {
        {NULL, "1 2 3"},
        {L"*", "1 2 3"},
        {L"Event", "1 2 3"},
        {L" Event [ System ] ", "1 2 3"},
        {L"*[System[(EventID=4688)]]", "1 3"},
        {L"*[System[EventID=0x1250]]", "1 3"},
        {L"*[System[EventID='4689']]", "2"},
        {L"*[System/EventID=4689]", "2"},
        {L"*[System[(EventID=4688 or EventID=4689) and Level>0]]", "2 3"},
        {L"*[System[EventID=4688 or EventID=4689 and Level=9]]", "1 3"},
        {L"*[System[EventID!=4688]]", "2"},
        {L"*[System[Level<2]]", "1"},
        {L"*[System[Level<=2]]", "1 3"},
        {L"*[System[Level>2]]", "2"},
        {L"*[System[Level>=2]]", "2 3"},
        {L"*[System[Provider[@Name='P2']]]", "3"},
        {L"*[System[Provider[@Name='p2']]]", ""},
        {L"*[System[EventID[@Qualifiers=3]=4689]]", "2"},
        {L"*[System[@Name]]", ""},
        {L"*[System[TimeCreated[timediff(@SystemTime) <= 86400000]]]", "3"},
        {L"*[System[TimeCreated[timediff(@SystemTime) > 86400000]]]", "1 2"},
        {L"*[System[TimeCreated[@SystemTime>='2020-01-02T03:04:05.1234568Z']]]", "2 3"},
        {L"*[System[band(Keywords,2)]]", "1 2 3"},
        {L"*[System[band(Keywords,4)]]", ""},
        {L"*[System[band(Keywords,3)=2]]", "1 2 3"},
        {L"*[EventData[Data='beta']]", "1 2 3"},
        {L"*[EventData[Data[@Name='A']='y']]", "2"},
        {L"*[EventData[Data[@Name='B']='y']]", ""},
        {L"*[EventData/Data[@Name='A']=\"it's\"]", "3"},
        {L"*[EventData[Data[position()=1]='x']]", "1"},
        {L"*[EventData[*='x']]", "1"},
        {L"*[System[EventID=4688]][System[Level=2]]", "3"},
        {L"", "(15001)"},
        {L"System", "(15001)"},
        {L"*/System", "(15001)"},
        {L"Event/System[EventID=1]", "(15001)"},
        {L"*[System[EventID=4688]", "(15001)"},
        {L"*[System[EventID=]]", "(15001)"},
        {L"*[System[4688=EventID]]", "(15001)"},
        {L"*[System[EventID=x]]", "(15001)"},
        {L"*[EventData[contains(Data,'x')]]", "(15001)"},
        {L"*[EventData[not(Data='x')]]", "(15001)"},
        {L"*[System[timediff(@SystemTime)]]", "(15001)"},
        {L"*[EventData[Data='x]]", "(15001)"},
        {L"*[child::System]", "(15001)"},
        {L"*[System[EventID=1]] or *[System[EventID=2]]", "(15001)"},
    };
    write_events("XPath.xml");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *got = ids(L"XPath", cases[i].query, EvtQueryChannelPath);
        CU_ASSERT_STRING_EQUAL(got, cases[i].want);
        if (strcmp(got, cases[i].want) != 0)
            printf("\n%ls: got %s, want %s\n", cases[i].query, got, cases[i].want);
    }
}

static void test_too_many(void)
{
    wchar_t query[1024] = L"*[System[(EventID=1", status[256];
    DWORD used = 0;
    for (int i = 1; i < 19; i++)
        wcscat_s(query, 1024, L" or EventID=1");
    wchar_t good[1024];
    _snwprintf(good, 1024, L"%ls)]]", query); /* 19, and the one that System is there: 20 */
    CU_ASSERT_STRING_EQUAL(ids(L"XPath", good, EvtQueryChannelPath), "");
    wcscat_s(query, 1024, L" or EventID=1)]]");
    CU_ASSERT_STRING_EQUAL(ids(L"XPath", query, EvtQueryChannelPath), "(15001)");
    CU_ASSERT(EvtGetExtendedStatus(256, status, &used) == ERROR_SUCCESS);
    CU_ASSERT(used == wcslen(status) + 1 && wcsstr(status, L"21 expressions") != NULL);
    CU_ASSERT(EvtGetExtendedStatus(0, NULL, &used) == ERROR_INSUFFICIENT_BUFFER && used == wcslen(status) + 1);
    EvtCancel(NULL); /* any other call forgets it */
    CU_ASSERT(EvtGetExtendedStatus(256, status, &used) == ERROR_SUCCESS && used == 1);
}

static void test_structured(void)
{
    static const wchar_t two[] =
        L"<QueryList><Query Id='0' Path='S1'><Select>*[System[EventID=4688]]</Select>"
        L"<Suppress>*[System[EventRecordID=1]]</Suppress></Query>"
        L"<Query Id='1'><Select Path='S2'>*[System[(EventRecordID &lt; 3)]]</Select></Query></QueryList>";
    write_events("S1.xml");
    write_events("S2.xml");
    CU_ASSERT_STRING_EQUAL(ids(NULL, two, EvtQueryChannelPath), "3 1 2");
    CU_ASSERT_STRING_EQUAL(ids(NULL, two, EvtQueryChannelPath | EvtQueryReverseDirection), "2 1 3");
    CU_ASSERT_STRING_EQUAL(ids(NULL, L"<QueryList><Query>", EvtQueryChannelPath), "(15008)");
    CU_ASSERT_STRING_EQUAL(ids(NULL, L"<QueryList/>", EvtQueryChannelPath), "(15001)");
    CU_ASSERT_STRING_EQUAL(
        ids(NULL, L"<QueryList><Query Path='S1'><Select>*[x(1)]</Select></Query></QueryList>", EvtQueryChannelPath),
        "(15001)");
}

static void test_query_info(void)
{
    static const wchar_t list[] = L"<QueryList><Query><Select Path='S1'>*</Select><Select Path='S2'>*</Select>"
                                  L"<Select Path='S3'>*</Select></Query></QueryList>";
    static _Alignas(8) unsigned char buffer[512];
    EVT_VARIANT *v = (EVT_VARIANT *)(void *)buffer;
    DWORD used;
    HANDLE signal = CreateEventW(NULL, FALSE, FALSE, NULL);
    selftest_scenario("denied S2\n");
    DWORD flags = EvtSubscribeStartAtOldestRecord;
    CU_ASSERT(EvtSubscribe(NULL, signal, NULL, list, NULL, NULL, NULL, flags) == NULL);
    CU_ASSERT(GetLastError() == ERROR_EVT_CANNOT_OPEN_CHANNEL_OF_QUERY);
    EVT_HANDLE set = selftest_subscribe(NULL, list, signal, flags | EvtSubscribeTolerateQueryErrors);
    CU_ASSERT(EvtGetQueryInfo(set, EvtQueryNames, sizeof(buffer), v, &used));
    CU_ASSERT_FATAL(v->Type == (EvtVarTypeString | EVT_VARIANT_TYPE_ARRAY) && v->Count == 3);
    CU_ASSERT(wcscmp(v->StringArr[0], L"S1") == 0 && wcscmp(v->StringArr[2], L"S3") == 0);
    CU_ASSERT(EvtGetQueryInfo(set, EvtQueryStatuses, sizeof(buffer), v, &used));
    CU_ASSERT_FATAL(v->Type == (EvtVarTypeUInt32 | EVT_VARIANT_TYPE_ARRAY) && v->Count == 3);
    CU_ASSERT(v->UInt32Arr[0] == 0 && v->UInt32Arr[1] == ERROR_ACCESS_DENIED);
    CU_ASSERT(v->UInt32Arr[2] == ERROR_EVT_CHANNEL_NOT_FOUND);
    CU_ASSERT_STRING_EQUAL(selftest_ids(set), "1 2 3");
    EvtClose(set);
    CloseHandle(signal);
    selftest_scenario("direct S1\n");
    CU_ASSERT_STRING_EQUAL(ids(L"S1", NULL, EvtQueryChannelPath), "(15022)");
    selftest_scenario(NULL);
}

static void test_query(void)
{
    wchar_t path[MAX_PATH], folder[MAX_PATH];
    selftest_events("Query", 10, 4);
    CU_ASSERT_STRING_EQUAL(ids(L"Query", NULL, EvtQueryChannelPath | EvtQueryForwardDirection), "10 11 12 13");
    CU_ASSERT_STRING_EQUAL(ids(L"Query", NULL, EvtQueryChannelPath | EvtQueryReverseDirection), "13 12 11 10");
    GetEnvironmentVariableW(L"WINSIM_DIR", folder, MAX_PATH);
    _snwprintf(path, MAX_PATH, L"%ls\\Query.xml", folder);
    CU_ASSERT_STRING_EQUAL(ids(path, NULL, EvtQueryFilePath), "10 11 12 13");
    CU_ASSERT_STRING_EQUAL(ids(path, L"*[System[EventRecordID>12]]", EvtQueryFilePath), "13");
    CU_ASSERT_STRING_EQUAL(ids(L"C:\\no.evtx", NULL, EvtQueryFilePath), "(2)");
    CU_ASSERT_STRING_EQUAL(ids(L"Query9", NULL, EvtQueryChannelPath), "(15007)");
    EVT_HANDLE set = EvtQuery(NULL, L"Query", NULL, EvtQueryChannelPath);
    CU_ASSERT_STRING_EQUAL(selftest_ids(set), "10 11 12 13");
    selftest_events("Query", 14, 1); /* not a snapshot */
    CU_ASSERT_STRING_EQUAL(selftest_ids(set), "14");
    EvtClose(set);
}

static void test_seek(void)
{
    selftest_events("Seek", 1, 9);
    EVT_HANDLE set = EvtQuery(NULL, L"Seek", NULL, EvtQueryChannelPath);
    CU_ASSERT(EvtSeek(set, 7, NULL, 0, EvtSeekRelativeToFirst));
    CU_ASSERT_STRING_EQUAL(selftest_ids(set), "8 9");
    CU_ASSERT(EvtSeek(set, -2, NULL, 0, EvtSeekRelativeToLast));
    CU_ASSERT_STRING_EQUAL(selftest_ids(set), "7 8 9");
    CU_ASSERT(EvtSeek(set, -1, NULL, 0, EvtSeekRelativeToCurrent));
    CU_ASSERT_STRING_EQUAL(selftest_ids(set), "9");
    CU_ASSERT(EvtSeek(set, 99, NULL, 0, EvtSeekRelativeToFirst)); /* ends at the last one */
    CU_ASSERT_STRING_EQUAL(selftest_ids(set), "9");
    CU_ASSERT(!EvtSeek(set, 99, NULL, 0, EvtSeekRelativeToFirst | EvtSeekStrict) && GetLastError() == ERROR_NOT_FOUND);
    EVT_HANDLE mark = EvtCreateBookmark(L"<BookmarkList><Bookmark Channel='Seek' RecordId='5'/></BookmarkList>");
    CU_ASSERT(EvtSeek(set, 1, mark, 0, EvtSeekRelativeToBookmark));
    CU_ASSERT_STRING_EQUAL(selftest_ids(set), "6 7 8 9");
    EvtClose(mark);
    EvtClose(set);
}

const CU_TestInfo selftest_query_tests[] = {{"XPath", test_xpath},
                                            {"too many expressions", test_too_many},
                                            {"structured query", test_structured},
                                            {"query info", test_query_info},
                                            {"EvtQuery", test_query},
                                            {"EvtSeek", test_seek},
                                            CU_TEST_INFO_NULL};
