#include "collectors/event_xml/event_xml.h"
#include "tests/collectors/recorder.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ATTACK                                                                                                         \
    "powershell.exe -PSConsoleFile exshell.psc1 -Command \"Set-CASMailbox -Identity user@example.com "                 \
    "-ActiveSyncAllowedDeviceIDs @{add='XXXXXXXXXXXXX'}\""
#define BENIGN "cmd.exe /c echo 1 & dir \"C:\\a b\" > out.txt"
#define POWERSHELL "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
#define SECURITY_PROVIDER "Microsoft-Windows-Security-Auditing"
#define FFFD "\xEF\xBF\xBD"

static const struct text absent;

/* A 4688 made of parts that a test changes. */
#define SYSTEM_4688                                                                                                    \
    "<System><Provider Name='" SECURITY_PROVIDER "'/><EventID>4688</EventID><EventRecordID>7</EventRecordID>"          \
    "<Channel>Security</Channel></System>"
#define EVENT_4688(data) "<Event>" SYSTEM_4688 "<EventData>" data "</EventData></Event>"

static struct recorder recorder;

/* Feeds bytes in chunks of step bytes, ends the stream; returns the counts. */
static struct event_xml_counts feed(const char *bytes, size_t size, size_t step, struct text read_from,
                                    const struct rule_set *rules)
{
    struct event_xml *x = NULL;
    struct collector_sink sink = recorder_sink(&recorder);
    recorder_clear(&recorder);
    CU_ASSERT_EQUAL_FATAL(event_xml_new(&x, &sink, text_from("test.xml"), read_from, rules), 0);
    for (size_t at = 0; at < size; at += step)
        CU_ASSERT_EQUAL_FATAL(event_xml_feed(x, bytes + at, size - at < step ? size - at : step), 0);
    CU_ASSERT_EQUAL(event_xml_end(x), 0);
    struct event_xml_counts counts = event_xml_counts(x);
    event_xml_free(x);
    return counts;
}

static struct event_xml_counts feed_string(const char *xml)
{
    return feed(xml, strlen(xml), strlen(xml) + 1, absent, NULL);
}

static struct event_xml_counts feed_file(const char *name, struct text read_from)
{
    char path[256];
    size_t size;
    snprintf(path, sizeof(path), "%s/events/%s", TEST_DATA, name);
    char *bytes = recorder_read_file(path, &size);
    struct event_xml_counts counts = feed(bytes, size, size, read_from, NULL);
    free(bytes);
    return counts;
}

static bool counts_are(struct event_xml_counts counts, uint64_t events, uint64_t process, uint64_t bad)
{
    bool are = counts.events == events && counts.process == process && counts.bad == bad;
    if (!are)
        fprintf(stderr, "\n  events %llu process %llu bad %llu\n", (unsigned long long)counts.events,
                (unsigned long long)counts.process, (unsigned long long)counts.bad);
    return are && recorder.report_count == bad;
}

static void test_4688_fields(void)
{
    CU_ASSERT(counts_are(feed_file("4688-v2.xml", absent), 1, 1, 0));
    const struct event *e = &recorder.events[0];
    CU_ASSERT_EQUAL(e->kind, EVENT_SECURITY_4688);
    CU_ASSERT_EQUAL(e->event_id, 4688);
    CU_ASSERT(e->has_record_id && e->record_id == 103);
    uint64_t time = 0;
    CU_ASSERT(event_time_parse(&time, text_from("2022-08-10T12:27:14.8726726Z")));
    CU_ASSERT(e->time == time && time != 0);
    CU_ASSERT(e->has_pid && e->pid == 0x25a4);
    CU_ASSERT(e->has_parent_pid && e->parent_pid == 0x1544);
    static const char *const want[EVENT_FIELD_COUNT] = {
        [EVENT_PROVIDER] = SECURITY_PROVIDER,
        [EVENT_CHANNEL] = "Security",
        [EVENT_COMPUTER] = "EXCH01.corp.example.com",
        [EVENT_COMMAND_LINE] = BENIGN,
        [EVENT_IMAGE] = "C:\\Windows\\System32\\cmd.exe",
        [EVENT_SUBJECT_SID] = "S-1-5-21-1004336348-1177238915-682003330-1104",
        [EVENT_SUBJECT_NAME] = "anna.berg",
        [EVENT_SUBJECT_DOMAIN] = "CORP",
        [EVENT_TARGET_SID] = "S-1-0-0",
        [EVENT_TARGET_NAME] = "-",
        [EVENT_TARGET_DOMAIN] = "-",
        [EVENT_LOGON_ID] = "0x3e7a1",
        [EVENT_PARENT_IMAGE] = "C:\\Windows\\System32\\cmd.exe",
        [EVENT_VERSION] = "2",
        [EVENT_LEVEL] = "0",
        [EVENT_TASK] = "13312",
        [EVENT_OPCODE] = "0",
        [EVENT_KEYWORDS] = "0x8020000000000000",
        [EVENT_LOGGER_PID] = "4",
        [EVENT_LOGGER_TID] = "232",
        [EVENT_PROCESS_ID_TEXT] = "0x25a4",
        [EVENT_PARENT_PROCESS_ID_TEXT] = "0x1544",
        [EVENT_TOKEN_ELEVATION_TYPE] = "%%1937",
        [EVENT_TARGET_LOGON_ID] = "0x0",
        [EVENT_MANDATORY_LABEL] = "S-1-16-12288",
        [EVENT_INTEGRITY] = "High",
    };
    for (size_t f = 0; f < EVENT_FIELD_COUNT; f++)
        CU_ASSERT(recorder_has(&recorder, 0, (enum event_field)f, want[f]));
}

static void test_4688_versions(void)
{
    CU_ASSERT(counts_are(feed_file("4688-v0.xml", absent), 1, 1, 0));
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_COMMAND_LINE, NULL));
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_IMAGE, POWERSHELL));
    CU_ASSERT(counts_are(feed_file("4688-v1.xml", absent), 1, 1, 0));
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_COMMAND_LINE, BENIGN));
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_PARENT_IMAGE, NULL));
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_TARGET_SID, NULL));
}

static void test_sysmon_fields(void)
{
    CU_ASSERT(counts_are(feed_file("sysmon-parent-user.xml", absent), 1, 1, 0));
    const struct event *e = &recorder.events[0];
    CU_ASSERT_EQUAL(e->kind, EVENT_SYSMON_1);
    CU_ASSERT_EQUAL(e->event_id, 1);
    CU_ASSERT(e->has_record_id && e->record_id == 201);
    CU_ASSERT(e->has_pid && e->pid == 9636);
    CU_ASSERT(e->has_parent_pid && e->parent_pid == 5444);
    static const char *const want[EVENT_FIELD_COUNT] = {
        [EVENT_PROVIDER] = "Microsoft-Windows-Sysmon",
        [EVENT_CHANNEL] = "Microsoft-Windows-Sysmon/Operational",
        [EVENT_COMPUTER] = "EXCH01.corp.example.com",
        [EVENT_COMMAND_LINE] = BENIGN,
        [EVENT_IMAGE] = POWERSHELL,
        [EVENT_PROCESS_GUID] = "{a57649d1-a3f2-62f3-1b0c-000000001a00}",
        [EVENT_USER] = "CORP\\anna.berg",
        [EVENT_LOGON_ID] = "0x3e7a1",
        [EVENT_PARENT_IMAGE] = "C:\\Windows\\System32\\cmd.exe",
        [EVENT_PARENT_COMMAND_LINE] = "\"C:\\Windows\\system32\\cmd.exe\" ", /* the blank at the end stays */
        [EVENT_PARENT_USER] = "CORP\\anna.berg",
        [EVENT_PARENT_GUID] = "{a57649d1-a3e0-62f3-1a0c-000000001a00}",
        [EVENT_VERSION] = "5",
        [EVENT_LEVEL] = "0",
        [EVENT_TASK] = "1",
        [EVENT_OPCODE] = "0",
        [EVENT_KEYWORDS] = "0x8020000000000000",
        [EVENT_LOGGER_PID] = "4",
        [EVENT_LOGGER_TID] = "232",
        [EVENT_PROCESS_ID_TEXT] = "9636",
        [EVENT_FILE_VERSION] = "10.0.20348.1",
        [EVENT_DESCRIPTION] = "Windows PowerShell",
        [EVENT_PRODUCT] = "Microsoft® Windows® Operating System",
        [EVENT_COMPANY] = "Microsoft Corporation",
        [EVENT_ORIGINAL_NAME] = "PowerShell.EXE",
        [EVENT_CURRENT_DIRECTORY] = "C:\\Users\\anna.berg\\",
        [EVENT_LOGON_GUID] = "{a57649d1-a2f0-62f3-a1e7-030000000000}",
        [EVENT_TERMINAL_SESSION] = "2",
        [EVENT_INTEGRITY] = "High",
        [EVENT_HASHES] = "SHA256=0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A",
        [EVENT_PARENT_PROCESS_ID_TEXT] = "5444",
        [EVENT_SHA256] = "0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A",
    };
    for (size_t f = 0; f < EVENT_FIELD_COUNT; f++)
        CU_ASSERT(recorder_has(&recorder, 0, (enum event_field)f, want[f]));
    CU_ASSERT(counts_are(feed_file("sysmon-no-parent-user.xml", absent), 1, 1, 0));
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_PARENT_USER, NULL));
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_COMMAND_LINE, BENIGN));
}

static void test_kinds(void)
{
    static const struct {
        const char *file, *read_from;
        enum event_kind want;
    } cases[] = {
        {"attack-4688.xml", NULL, EVENT_SECURITY_4688},
        {"attack-4688.xml", "Security", EVENT_SECURITY_4688},
        {"attack-4688.xml", "ForwardedEvents", EVENT_FORWARDED_4688},
        {"attack-4688.xml", "", EVENT_FORWARDED_4688},
        {"attack-4688.xml", "security", EVENT_SECURITY_4688}, /* Windows takes any letter case */
        {"attack-forwarded-4688.xml", NULL, EVENT_FORWARDED_4688},
        {"attack-forwarded-4688.xml", "Security", EVENT_SECURITY_4688},
        {"attack-sysmon.xml", NULL, EVENT_SYSMON_1},
        {"attack-sysmon.xml", "Security", EVENT_SYSMON_1},
        {"attack-sysmon.xml", "ForwardedEvents", EVENT_SYSMON_1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CU_ASSERT(counts_are(feed_file(cases[i].file, text_from(cases[i].read_from)), 1, 1, 0));
        CU_ASSERT_EQUAL(recorder.events[0].kind, cases[i].want);
        CU_ASSERT(recorder_has(&recorder, 0, EVENT_COMMAND_LINE, ATTACK));
    }
}

static void test_forms(void)
{
    CU_ASSERT(counts_are(feed_file("pretty-crlf.xml", absent), 2, 2, 0));
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_COMMAND_LINE, ATTACK));
    CU_ASSERT(recorder.events[0].has_record_id && recorder.events[0].record_id == 301);
    CU_ASSERT(recorder_has(&recorder, 1, EVENT_COMMAND_LINE, ""));
    CU_ASSERT(counts_are(feed_file("forwarded-rendered.xml", absent), 1, 1, 0));
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_COMMAND_LINE, BENIGN)); /* the Message holds the attack */
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_PROVIDER, SECURITY_PROVIDER));
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_CHANNEL, "Security"));
    CU_ASSERT(counts_are(feed_file("user-data.xml", absent), 2, 1, 0));
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_COMMAND_LINE, NULL));
    CU_ASSERT(counts_are(feed_file("empty-data.xml", absent), 3, 3, 0));
    for (size_t i = 0; i < 3; i++)
        CU_ASSERT(recorder_has(&recorder, i, EVENT_COMMAND_LINE, ""));
}

static void test_bytes_that_xml_forbids(void)
{
    CU_ASSERT(counts_are(feed_file("control-characters.xml", absent), 1, 1, 0));
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_COMMAND_LINE,
                           "net user a" FFFD "b" FFFD "c" FFFD "d" FFFD "- /" FFFD "x" FFFD "y" FFFD "z" FFFD));
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_SUBJECT_NAME, "anna" FFFD "berg")); /* one surrogate in WTF-8 */
    CU_ASSERT(counts_are(feed_file("windows-1252.xml", absent), 1, 1, 0));
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_COMMAND_LINE,
                           "notepad.exe \"C:\\Users\\j.m" FFFD "ller\\" FFFD "berblick " FFFD " M" FFFD "rz.txt\""));
}

static void test_utf16(void)
{
    CU_ASSERT(counts_are(feed_file("utf16le.xml", absent), 1, 1, 0));
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_COMMAND_LINE, "cmd.exe /c echo \xF0\x9F\x98\x80 ключ"));
    CU_ASSERT(counts_are(feed_file("utf16be.xml", absent), 1, 1, 0));
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_COMMAND_LINE, ATTACK));
}

static void test_truncated(void)
{
    CU_ASSERT(counts_are(feed_file("truncated.xml", absent), 4, 2, 2));
    CU_ASSERT(recorder.events[0].record_id == 800 && recorder.events[1].record_id == 802);
    size_t size;
    char *bytes = recorder_read_file(TEST_DATA "/events/truncated.xml", &size);
    CU_ASSERT_EQUAL(recorder.reports[0].kind, COLLECTOR_BAD_EVENT);
    CU_ASSERT_STRING_EQUAL(recorder.reports[0].source, "test.xml");
    CU_ASSERT_STRING_EQUAL(recorder.reports[0].fault.object, "test.xml");
    CU_ASSERT_STRING_EQUAL(recorder.reports[0].fault.detail, "event is not closed where the next one begins");
    CU_ASSERT_EQUAL(recorder.reports[0].offset, strstr(bytes + 1, "<Event ") - bytes);
    CU_ASSERT_STRING_EQUAL(recorder.reports[1].fault.detail, "event is not closed");
    CU_ASSERT_EQUAL(recorder.reports[1].offset, size - 400);
    free(bytes);
}

static void test_bad_events(void)
{
    static const struct {
        const char *xml;
        uint64_t events, process, bad;
    } cases[] = {
        {"<Event><a></b></Event>" EVENT_4688(""), 2, 1, 1},
        {"<Event><a>&undefined;</a></Event>" EVENT_4688(""), 2, 1, 1},
        {"<Event><!DOCTYPE x></Event>" EVENT_4688(""), 2, 1, 1},
        {"<Event><!ENTITY x 'y'></Event>" EVENT_4688(""), 2, 1, 1},
        {"<Event>&#x41</Event>" EVENT_4688(""), 2, 1, 1},
        {"<Event>&#;</Event>" EVENT_4688(""), 2, 1, 1},
        {"<Event><!-- </Event>" EVENT_4688(""), 2, 1, 1}, /* a section that is never closed: only its event is lost */
        {"<Event><![CDATA[ </Event>" EVENT_4688(""), 2, 1, 1},
        {"<Event><? </Event>" EVENT_4688(""), 2, 1, 1},
        {"<Event", 0, 0, 0},
        {"<Event ", 1, 0, 1},
        {"<Event></Event", 1, 0, 1},
        {"<Event></Event x>" EVENT_4688(""), 2, 1, 1},
        {"<!DOCTYPE Events [<!ENTITY a 'add'>]>" EVENT_4688("<Data Name='CommandLine'>&a;</Data>") EVENT_4688(""), 2, 1,
         2},
        {"", 0, 0, 0},
        {"plain text, no events", 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (!counts_are(feed_string(cases[i].xml), cases[i].events, cases[i].process, cases[i].bad))
            CU_FAIL(cases[i].xml);
    CU_ASSERT(counts_are(feed_string("<Event><a></b></Event>"), 1, 0, 1));
    CU_ASSERT_STRING_EQUAL(recorder.reports[0].fault.call, "XML_Parse");
    CU_ASSERT_STRING_EQUAL(recorder.reports[0].fault.detail, "mismatched tag");
    CU_ASSERT(counts_are(feed_string("<Event>" SYSTEM_4688 "</Event>"), 1, 0, 1));
    CU_ASSERT_STRING_EQUAL(recorder.reports[0].fault.detail, "it has no data");
    CU_ASSERT(counts_are(feed_string("<Event>" SYSTEM_4688 "<ProcessingErrorData/></Event>"), 1, 0, 1));
    CU_ASSERT_PTR_NOT_NULL(strstr(recorder.reports[0].fault.detail, "do not fit their template"));
    CU_ASSERT(counts_are(feed_string(" <!DOCTYPE x>"), 0, 0, 1));
    CU_ASSERT_STRING_EQUAL(recorder.reports[0].fault.detail, "document type definitions are refused");
    CU_ASSERT_EQUAL(recorder.reports[0].offset, 1);
}

static void test_not_process_creations(void)
{
    static const char *const cases[] = {
        "<Event/>",
        "<Event><System><Provider Name='Other'/><EventID>4688</EventID></System></Event>",
        "<Event><System><Provider Name='" SECURITY_PROVIDER "x'/><EventID>4688</EventID></System></Event>",
        "<Event><System><Provider Name='microsoft-windows-security-auditing'/><EventID>4688</EventID></System></Event>",
        "<Event><System><Provider Name='" SECURITY_PROVIDER "'/><EventID>4689</EventID></System></Event>",
        "<Event><System><Provider Name='" SECURITY_PROVIDER "'/><EventID>1</EventID></System></Event>",
        "<Event><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>4688</EventID></System></Event>",
        "<Event><System><Provider Name='" SECURITY_PROVIDER "'/></System></Event>",
        "<Event><System><EventID>4688</EventID></System></Event>",
        "<Event><RenderingInfo><Provider Name='" SECURITY_PROVIDER "'/><EventID>4688</EventID></RenderingInfo></Event>",
        "<Event><x>" SYSTEM_4688 "</x></Event>",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (!counts_are(feed_string(cases[i]), 1, 0, 0))
            CU_FAIL(cases[i]);
}

static void test_values(void)
{
    static const struct {
        const char *xml, *command_line;
    } cases[] = {
        {EVENT_4688("<Data Name='CommandLine'> a\tb\n c </Data>"), " a\tb\n c "},
        {EVENT_4688("<Data Name='CommandLine'>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#13;&#10;</Data>"), "<>&\"'AB\r\n"},
        {EVENT_4688("<Data Name='CommandLine'>a</Data><Data Name='CommandLine'>b</Data>"), "a"},
        {EVENT_4688("<Data Name='CommandLine'/><Data Name='CommandLine'>b</Data>"), ""},
        {EVENT_4688("<Data Name='commandline'>a</Data><Data>b</Data><Date Name='CommandLine'>c</Date>"), NULL},
        {EVENT_4688("<x><Data Name='CommandLine'>a</Data></x>"), NULL},
        {EVENT_4688("<Data Name='CommandLine'><![CDATA[a</Event>&#1;b]]></Data>"), "a</Event>&#1;b"},
        {EVENT_4688("<Data Name='CommandLine'>a<!-- </Event> <Events> -->b</Data>"), "ab"},
        {EVENT_4688("<Data Name='CommandLine'>a<!--></Event>-->b</Data>"), "ab"}, /* "<!-->" doesn't end it */
        {EVENT_4688("<Data Name='CommandLine'>a<?x </Event>?>b</Data>"), "ab"},
        {EVENT_4688("<Data Name='CommandLine'>a<b>c</b>d</Data>"), "a" FFFD "c" FFFD "d"},
        {EVENT_4688("<Data Type='x' Name=\"CommandLine\" >a</Data>"), "a"},
        {"<Event xmlns='u' xmlns:e='v'><EventData><Data Name='CommandLine'>a</Data></EventData>" SYSTEM_4688 "</Event>",
         "a"},
        {"<Event\r\n\txmlns:e='v'><e:System><e:Provider Name='" SECURITY_PROVIDER "'/><e:EventID Qualifiers='0'>\n4688 "
         "</e:EventID></e:System><e:EventData><e:Data Name='CommandLine'>a</e:Data></e:EventData></Event >",
         "a"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (!counts_are(feed_string(cases[i].xml), 1, 1, 0) ||
            !recorder_has(&recorder, 0, EVENT_COMMAND_LINE, cases[i].command_line))
            CU_FAIL(cases[i].xml);
}

static void test_numbers_that_are_missing(void)
{
    static const char *const cases[] = {
        "<Event><System><Provider Name='" SECURITY_PROVIDER "'/><EventID>4688</EventID></System><EventData/></Event>",
        "<Event><System><Provider Name='" SECURITY_PROVIDER "'/><EventID>4688</EventID><TimeCreated/>"
        "<EventRecordID/></System><EventData><Data Name='NewProcessId'/><Data Name='ProcessId'/></EventData></Event>",
        "<Event><System><Provider Name='" SECURITY_PROVIDER "'/><EventID>4688</EventID><TimeCreated SystemTime=''/>"
        "<EventRecordID>18446744073709551616</EventRecordID></System><EventData><Data Name='NewProcessId'>0x</Data>"
        "<Data Name='ProcessId'>-1</Data></EventData></Event>",
        "<Event><System><Provider Name='" SECURITY_PROVIDER "'/><EventID>4688</EventID>"
        "<EventRecordID>1x</EventRecordID></System><EventData/></Event>",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CU_ASSERT(counts_are(feed_string(cases[i]), 1, 1, 0));
        const struct event *e = &recorder.events[0];
        if (e->time != 0 || e->has_record_id || e->has_pid || e->has_parent_pid)
            CU_FAIL(cases[i]);
    }
    CU_ASSERT(
        counts_are(feed_string("<Event><System><Provider Name='" SECURITY_PROVIDER "'/><EventID>4688</EventID>"
                               "<EventRecordID>18446744073709551615</EventRecordID></System><EventData/></Event>"),
                   1, 1, 0));
    CU_ASSERT(recorder.events[0].has_record_id && recorder.events[0].record_id == UINT64_MAX);
    /* As libevtx writes numbers: padded to the width of their type. */
    CU_ASSERT(counts_are(feed_string(EVENT_4688("<Data Name='NewProcessId'>0x00000000000025a4</Data>")), 1, 1, 0));
    CU_ASSERT(recorder.events[0].has_pid && recorder.events[0].pid == 0x25a4);
}

static void test_sink_and_stream(void)
{
    struct event_xml *x = NULL;
    struct collector_sink sink = recorder_sink(&recorder);
    recorder_clear(&recorder);
    CU_ASSERT_EQUAL_FATAL(event_xml_new(&x, &sink, text_from("a"), absent, NULL), 0);
    static const char good[] = EVENT_4688(""), cut[] = "<Event>", bad[] = "xx<Event><a></Event>";
    /* After the end the next stream starts anew: what was open is not continued, offsets count from 0. */
    CU_ASSERT_EQUAL(event_xml_feed(x, cut, strlen(cut)), 0);
    CU_ASSERT_EQUAL(event_xml_end(x), 0);
    CU_ASSERT_EQUAL(event_xml_feed(x, bad, strlen(bad)), 0);
    CU_ASSERT_EQUAL(event_xml_end(x), 0);
    event_xml_place(x, 40);
    CU_ASSERT_EQUAL(event_xml_feed(x, bad, strlen(bad)), 0);
    CU_ASSERT_EQUAL(event_xml_end(x), 0);
    CU_ASSERT_EQUAL(event_xml_feed(x, bad, strlen(bad)), 0);
    CU_ASSERT_EQUAL(event_xml_end(x), 0);
    CU_ASSERT_EQUAL_FATAL(recorder.report_count, 4);
    CU_ASSERT_EQUAL(recorder.reports[0].offset, 0);
    CU_ASSERT_EQUAL(recorder.reports[1].offset, 2);
    CU_ASSERT_EQUAL(recorder.reports[2].offset, 42);
    CU_ASSERT_EQUAL(recorder.reports[3].offset, 2);
    /* Each stream has its own encoding. */
    CU_ASSERT_EQUAL(event_xml_feed(x, "<\0E\0v\0e\0n\0t\0/\0>\0", 16), 0);
    CU_ASSERT_EQUAL(event_xml_end(x), 0);
    CU_ASSERT_EQUAL(event_xml_feed(x, "<Event/>", 8), 0);
    CU_ASSERT_EQUAL(event_xml_end(x), 0);
    CU_ASSERT_EQUAL(event_xml_counts(x).events, 6);
    recorder.answer = -ENOSPC;
    CU_ASSERT_EQUAL(event_xml_feed(x, good, strlen(good)), 0); /* '>' is the last byte: not yet sure it is the end */
    CU_ASSERT_EQUAL(event_xml_feed(x, "\n", 1), -ENOSPC);
    CU_ASSERT_EQUAL(event_xml_counts(x).events, 7);
    event_xml_free(x);
    event_xml_free(NULL);
    recorder_clear(&recorder);
}

/* Feeds xml, of which all events are wanted. */
static void feed_all(const char *xml)
{
    struct event_xml *x = NULL;
    recorder_clear(&recorder);
    recorder.wants_all = true;
    struct collector_sink sink = recorder_sink(&recorder);
    CU_ASSERT_EQUAL_FATAL(event_xml_new(&x, &sink, text_from("test.xml"), absent, NULL), 0);
    CU_ASSERT_EQUAL(event_xml_feed(x, xml, strlen(xml)), 0);
    CU_ASSERT_EQUAL(event_xml_end(x), 0);
    CU_ASSERT_EQUAL(event_xml_counts(x).taken, recorder.event_count);
    event_xml_free(x);
}

/* Are the data of event 0 these, name=value by line, "=value" where there is no name? */
static bool data_are(const char *want)
{
    char got[1024] = "";
    const struct event *e = &recorder.events[0];
    for (size_t i = 0; i < e->data_count; i++)
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s=%s\n",
                 e->data[i].name.bytes == NULL ? "" : e->data[i].name.bytes, e->data[i].value.bytes);
    if (strcmp(got, want) != 0)
        fprintf(stderr, "\n  got\n%s", got);
    return strcmp(got, want) == 0;
}

static void test_any_event(void)
{
    static const struct {
        const char *xml, *data;
        uint32_t id;
    } cases[] = {
        {"<Event><System><Provider Name='MSExchange CmdletLogs'/><EventID Qualifiers='16388'>1</EventID>"
         "<Channel>MSExchange Management</Channel></System><EventData><Data>Set-CASMailbox</Data><Data/>"
         "<Data>-Identity \"u\" </Data><Binary>0D0A</Binary></EventData></Event>",
         "=Set-CASMailbox\n=\n=-Identity \"u\" \nBinary=0D0A\n", 1},
        /* UserData: elements that have none inside, without their prefix. */
        {"<Event><System><Provider Name='Microsoft-Windows-Eventlog'/><EventID>104</EventID></System><UserData>"
         "<LogFileCleared xmlns='u'><SubjectUserName>x</SubjectUserName><a:Channel>Se<![CDATA[cur]]>ity</a:Channel>"
         "<Deep>no<Er>1</Er>no<Er>2</Er></Deep><BackupPath/></LogFileCleared></UserData></Event>",
         "SubjectUserName=x\nChannel=Security\nEr=1\nEr=2\nBackupPath=\n", 104},
        {"<Event><EventData><Data Name='A'>1<b>2</b>3</Data></EventData><System><Provider Name='p'/>"
         "<EventID> 5 </EventID></System></Event>",
         "A=1\xEF\xBF\xBD"
         "2\xEF\xBF\xBD"
         "3\n",
         5},
        {"<Event><System><Provider Name='p'/><EventID>4294967295</EventID></System></Event>", "", UINT32_MAX},
        /* A 4688's fields are those of its EventData. */
        {"<Event>" SYSTEM_4688 "<UserData><x><CommandLine>no</CommandLine></x></UserData></Event>", "", 4688},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        feed_all(cases[i].xml);
        CU_ASSERT_EQUAL_FATAL(recorder.event_count, 1);
        CU_ASSERT_EQUAL(recorder.events[0].event_id, cases[i].id);
        CU_ASSERT_EQUAL(recorder.events[0].kind, cases[i].id == 4688 ? EVENT_SECURITY_4688 : EVENT_OTHER);
        CU_ASSERT(data_are(cases[i].data));
    }
    feed_all("<Event><System><Provider Name='p'/><EventID>4294967296</EventID></System></Event>");
    CU_ASSERT_EQUAL(recorder.event_count, 0);
}

static void test_data(void)
{
    feed_all(EVENT_4688("<Data Name='CommandLine'>a</Data><Data Name='X'>1</Data><Data Name='CommandLine'>b</Data>"
                        "<Data Name='MandatoryLabel'>S-1-16-4096</Data><Data>2</Data>"));
    CU_ASSERT(data_are("CommandLine=a\nX=1\nCommandLine=b\nMandatoryLabel=S-1-16-4096\n=2\n"));
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_COMMAND_LINE, "a"));
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_INTEGRITY, "Low"));
    CU_ASSERT(text_equal(event_data(&recorder.events[0], text_from("X")), text_from("1")));
    CU_ASSERT(event_data(&recorder.events[0], text_from("x")).bytes == NULL);
}

static CU_TestInfo tests[] = {
    {"every field of a 4688", test_4688_fields},
    {"4688 versions 0 and 1", test_4688_versions},
    {"every field of a Sysmon 1, with and without ParentUser", test_sysmon_fields},
    {"kind by channel, attack line kept exactly", test_kinds},
    {"forms of export", test_forms},
    {"bytes that XML forbids become U+FFFD", test_bytes_that_xml_forbids},
    {"UTF-16", test_utf16},
    {"truncated events cost only themselves", test_truncated},
    {"bad events are reported, the stream goes on", test_bad_events},
    {"what is no process creation", test_not_process_creations},
    {"any event: data with and without names, UserData", test_any_event},
    {"an event's data and its canonical fields", test_data},
    {"values", test_values},
    {"numbers that are missing or no numbers", test_numbers_that_are_missing},
    {"sink errors, end and place", test_sink_and_stream},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    int rc = test_main("event_xml", tests);
    recorder_clear(&recorder);
    return rc;
}
