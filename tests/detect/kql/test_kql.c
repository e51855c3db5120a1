#include "detect/kql/kql.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DATA 16

/* An event as a test writes it: "security 4688 CommandLine=... NewProcessName=...", its parts between tabs. */
struct sample {
    struct event event;
    struct event_datum data[MAX_DATA];
};

static const struct {
    const char *name;
    enum event_kind kind;
    const char *provider, *channel;
} kinds[] = {
    {"security", EVENT_SECURITY_4688, "Microsoft-Windows-Security-Auditing", "Security"},
    {"forwarded", EVENT_FORWARDED_4688, "Microsoft-Windows-Security-Auditing", "Security"},
    {"sysmon", EVENT_SYSMON_1, "Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational"},
    {"other", EVENT_OTHER, "Microsoft-Windows-Security-Auditing", "Security"},
    {"powershell", EVENT_OTHER, "Microsoft-Windows-PowerShell", "Microsoft-Windows-PowerShell/Operational"},
};

static const struct {
    const char *name;
    enum event_field field;
} fields[] = {
    {"CommandLine", EVENT_COMMAND_LINE},
    {"NewProcessName", EVENT_IMAGE},
    {"Image", EVENT_IMAGE},
    {"ParentProcessName", EVENT_PARENT_IMAGE},
    {"ParentImage", EVENT_PARENT_IMAGE},
    {"ParentCommandLine", EVENT_PARENT_COMMAND_LINE},
    {"SubjectUserName", EVENT_SUBJECT_NAME},
    {"SubjectDomainName", EVENT_SUBJECT_DOMAIN},
    {"User", EVENT_USER},
};

static void add_part(struct sample *sample, struct text part)
{
    size_t equals = text_find(part, '=');
    struct text name = {part.bytes, equals}, value = {part.bytes + equals + 1, part.len - equals - 1};
    CU_ASSERT_FATAL(equals < part.len && sample->event.data_count < MAX_DATA);
    sample->data[sample->event.data_count++] = (struct event_datum){.name = name, .value = value};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (sample->event.kind != EVENT_OTHER && text_equal(name, text_from(fields[i].name)))
            sample->event.field[fields[i].field] = value;
}

static void make(struct sample *sample, const char *text)
{
    memset(sample, 0, sizeof *sample);
    struct text rest = text_from(text);
    size_t end = text_find(rest, ' ');
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (text_equal((struct text){rest.bytes, end}, text_from(kinds[i].name))) {
            sample->event.kind = kinds[i].kind;
            sample->event.field[EVENT_PROVIDER] = text_from(kinds[i].provider);
            sample->event.field[EVENT_CHANNEL] = text_from(kinds[i].channel);
        }
    sample->event.field[EVENT_COMPUTER] = text_from("srv1.example.org");
    sample->event.time = 133000000000000000;
    sample->event.event_id = (uint32_t)strtoul(rest.bytes + end + 1, NULL, 10);
    sample->event.data = sample->data;
    size_t tab = text_find(rest, '\t');
    while (tab < rest.len) {
        rest = (struct text){rest.bytes + tab + 1, rest.len - tab - 1};
        tab = text_find(rest, '\t');
        add_part(sample, (struct text){rest.bytes, tab});
    }
}

#define PROCESS                                                                                                        \
    "security 4688\tSubjectUserName=ann\tSubjectDomainName=CORP\tNewProcessName=C:\\Windows\\System32\\net.exe"        \
    "\tCommandLine=net.exe user bob Passw0rd /add\tParentProcessName=C:\\Windows\\System32\\cmd.exe"
#define FORWARDED "forwarded 4688\tCommandLine=reg add HKLM\\x\tNewProcessName=C:\\a\\reg.exe"
#define SYSMON                                                                                                         \
    "sysmon 1\tRuleName=-\tUtcTime=x\tProcessGuid={1}\tProcessId=7\tImage=C:\\a\\b.exe\tCommandLine=b.exe -p1 -q"      \
    "\tHashes=SHA1=AA,SHA256=BB,IMPHASH=CC\tParentImage=C:\\p\\q.exe\tParentCommandLine=q.exe z\tUser=CORP\\ann"
#define LOGON "other 4624\tTargetUserName=eve\tTargetDomainName=CORP\tLogonType=3\tSubjectUserName=-"
#define SCRIPT "powershell 4104\tScriptBlockText=iex (iwr http://x)\tPath="

static const struct {
    const char *query, *event;
    int expected;
} cases[] = {
    {"SecurityEvent | where EventID == 4688 | where CommandLine has 'bob'", PROCESS, 1},
    {"SecurityEvent | where EventID == 4688 | where CommandLine has 'bo'", PROCESS, 0},
    {"SecurityEvent | where EventID == '4688' and Process =~ 'NET.exe'", PROCESS, 1},
    {"SecurityEvent | where Account == 'CORP\\\\ann' and AccountType == 'User'", PROCESS, 1},
    {"SecurityEvent | where EventID == 4624 and LogonType == 3 and Account =~ 'corp\\\\EVE'", LOGON, 1},
    {"SecurityEvent | where EventID == 4624 and LogonType == 2", LOGON, 0},
    {"SecurityEvent | where EventID in (4624, 4625)", PROCESS, 0},
    {"DeviceProcessEvents | where FileName =~ 'net.exe' and InitiatingProcessFileName == 'cmd.exe'", PROCESS, 1},
    {"DeviceProcessEvents | where FolderPath endswith '\\\\b.exe' | where AccountName == 'ann' and AccountDomain == "
     "'CORP'",
     SYSMON, 1},
    {"DeviceProcessEvents | where InitiatingProcessCommandLine has 'z'", SYSMON, 1},
    {"imProcessCreate | where CommandLine has_all ('user', '/add') | where EventType == 'ProcessCreated'", PROCESS, 1},
    {"_Im_ProcessCreate(commandline_has_any=dynamic(['nothing', 'bob']))", PROCESS, 1},
    {"_Im_ProcessCreate(commandline_has_any=dynamic(['nothing']))", PROCESS, 0},
    {"WindowsEvent | where EventID == 4688 and EventData has 'reg' | extend c = tostring(EventData.CommandLine) | "
     "where c "
     "has 'HKLM'",
     FORWARDED, 1},
    {"WindowsEvent | where EventID == 4688 | where EventData.CommandLine has 'HKCU'", FORWARDED, 0},
    {"WindowsEvent | where Channel == 'Microsoft-Windows-PowerShell/Operational' and EventID == 4104 | where "
     "EventData.ScriptBlockText has 'iwr'",
     SCRIPT, 1},
    {"WindowsEvent | where EventID == 4104 | where EventData['ScriptBlockText'] has 'iwr' and EventData.Data1 has "
     "'iex'",
     SCRIPT, 1},
    {"Event | where Source == 'Microsoft-Windows-Sysmon' and EventID == 1 | parse EventData with * 'Image\">' Image "
     "'<' * "
     "| where Image endswith 'b.exe'",
     SYSMON, 1},
    {"Event | where EventID == 1 | extend d = parse_xml(EventData).DataItem.EventData.Data | extend i = d[4]['#text'] "
     "| "
     "where i has 'b.exe'",
     SYSMON, 1},
    {"Event | where EventID == 1 | extend EventData = parse_xml(EventData).DataItem.EventData.Data | mv-expand "
     "bagexpansion=array EventData | evaluate bag_unpack(EventData) | extend Key=tostring(['@Name']), Value=['#text'] "
     "| "
     "evaluate pivot(Key, any(Value), TimeGenerated, Computer) | where CommandLine has 'p1' and Computer has 'srv1'",
     SYSMON, 1},
    {"Event | where EventID == 1 | extend e = parse_xml(EventData) | extend d = e.DataItem.EventData.Data | parse d "
     "with * "
     "'SHA256=' h '\",' * | where h has 'BB'",
     SYSMON, 1},
    /* lets, lambdas, unions, sub-queries */
    {"let t = 1d; let names = dynamic(['bob']); let f = (x:string) { x has_any (names) }; SecurityEvent | where "
     "TimeGenerated > ago(t) | where f(CommandLine)",
     PROCESS, 1},
    {"let p = () { SecurityEvent | where EventID == 4688 | project c = CommandLine }; p | where c has 'bob'", PROCESS,
     1},
    {"let p = (n:string, T:(CommandLine:string)) { T | where CommandLine has n }; p('bob', (SecurityEvent | where "
     "EventID "
     "== 4688))",
     PROCESS, 1},
    {"union isfuzzy=true (DeviceFileEvents | where x == 1), (SecurityEvent | where EventID == 4688) | where "
     "CommandLine has "
     "'bob'",
     PROCESS, 1},
    {"union (SecurityEvent | extend a = 'x'), (DeviceProcessEvents | extend b = 'y') | where isempty(b) and a == 'x'",
     PROCESS, 1},
    {"let l = datatable(n:string, k:int)['bob', 1, 'eve', 2]; SecurityEvent | where CommandLine has_any ((l | where k "
     "== 1 "
     "| project n))",
     PROCESS, 1},
    {"let l = datatable(n:string, k:int)['bob', 1, 'eve', 2]; SecurityEvent | where CommandLine has_any ((l | where k "
     "== 2 "
     "| project n))",
     PROCESS, 0},
    {"materialize(SecurityEvent | where EventID == 4688) | filter CommandLine contains 'add'", PROCESS, 1},
    /* shapes */
    {"SecurityEvent | project-rename c = CommandLine | where c has 'bob'", PROCESS, 1},
    {"SecurityEvent | extend CommandLine = 'x' | where CommandLine has 'bob'", PROCESS, 0},
    {"SecurityEvent | project-keep Comm* | where CommandLine has 'bob'", PROCESS, 1},
    {"SecurityEvent | summarize count() by c = CommandLine, Computer | where c has 'bob' | top 1 by count_", PROCESS,
     1},
    {"SecurityEvent | summarize makeset(CommandLine) by Computer | where set_CommandLine has 'bob'", PROCESS, 1},
    {"SecurityEvent | where iff(column_ifexists('Nope', 'y') == 'y', true, false)", PROCESS, 1},
    {"SecurityEvent | parse CommandLine with * 'user ' who ' ' rest | where who == 'bob' and rest == 'Passw0rd /add'",
     PROCESS, 1},
    {"SecurityEvent | parse-where CommandLine with 'net.exe ' what ' /add' | where what == 'user bob Passw0rd'",
     PROCESS, 1},
    {"SecurityEvent | parse-where CommandLine with 'net1' what", PROCESS, 0},
    {"SecurityEvent | parse kind=regex flags=i CommandLine with * 'USER ' who ' ' * | where who == 'bob'", PROCESS, 1},
    {"SecurityEvent | mv-expand w = split(CommandLine, ' ') | where w startswith 'Pass' and w endswith '0rd'", PROCESS,
     1},
    {"SecurityEvent | mv-expand w = split(CommandLine, ' ') | where w == 'user' and w == 'bob'", PROCESS, 0},
    /* time */
    {"SecurityEvent | where TimeGenerated > ago(1h) and TimeGenerated between (ago(1d) .. now())", PROCESS, 1},
    {"let s = todatetime('{{StartTimeISO}}'); let e = todatetime('{{EndTimeISO}}'); SecurityEvent | where "
     "TimeGenerated "
     "between ((s - 7d) .. e)",
     PROCESS, 1},
    {"SecurityEvent | where TimeGenerated > datetime(2200-01-01)", PROCESS, 0},
};

static struct arena *arena;
static struct columns *columns;

static int compile(struct legs *legs, struct notes *notes, const char *query)
{
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)64 << 20), 0);
    CU_ASSERT_EQUAL_FATAL(columns_new(&columns), 0);
    memset(legs, 0, sizeof *legs);
    memset(notes, 0, sizeof *notes);
    notes->arena = arena;
    struct kql_options options = {.at = {1, 1}};
    return kql_compile(legs, arena, columns, text_from(query), &options, notes);
}

static void end(void)
{
    columns_free(columns);
    arena_free(arena);
}

static bool matches(const struct legs *legs, const struct event *event)
{
    struct arena *scratch;
    struct column_row row;
    bool is_match = false;
    CU_ASSERT_EQUAL_FATAL(arena_new(&scratch, EXPR_SCRATCH_BYTES), 0);
    column_row_of(&row, columns, event, event->time);
    for (size_t i = 0; i < legs->count; i++)
        if (leg_takes(&legs->items[i], event))
            is_match |= expr_truth(legs->items[i].condition, &row.row, scratch) == TRUTH_TRUE;
    arena_free(scratch);
    return is_match;
}

static void test_cases(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct legs legs;
        struct notes notes;
        struct sample sample;
        int rc = compile(&legs, &notes, cases[i].query);
        make(&sample, cases[i].event);
        CU_ASSERT_EQUAL(rc, 0);
        int is = rc == 0 && matches(&legs, &sample.event);
        CU_ASSERT_EQUAL(is, cases[i].expected);
        if (rc != 0 || is != cases[i].expected)
            fprintf(stderr, "%s\n  rc %d, is %d: %s %s\n", cases[i].query, rc, is,
                    notes.error_count > 0 ? notes.errors[0].code : "",
                    notes.error_count > 0 ? notes.errors[0].message : "");
        end();
    }
}

/* What is refused: every mistake as line:column:code, in order; and a part of the first one's message. */
static const struct {
    const char *query, *faults, *said;
} refused[] = {
    {"SecurityEvent\n| where CommandLin has 'x'", "2:9:K201", "did you mean \"CommandLine\""},
    {"SecurityEvent | where commandline has 'x'", "1:23:K201", "case counts"},
    {"SecurityEvents | where EventID == 1", "1:1:K202", "did you mean \"SecurityEvent\""},
    {"SecurityEvent | where tostrin(EventID) == '1'", "1:23:K120", "did you mean"},
    {"SecurityEvent | where series_fit_line(EventID) == 1", "1:23:K120", "there is no function"},
    {"SecurityEvent | where row_number() == 1", "1:23:K106", "not supported"},
    {"SecurityEvent | where EventID == 4688\n| join kind=inner (SecurityEvent) on Computer\n| where nope(1)",
     "2:3:K301 3:9:K120", "\"join\" needs state across events"},
    {"SecurityEvent | join (SigninLogs) on Account", "1:17:K203", "not on this host"},
    {"SecurityEvent | lookup (datatable(a:string)['x']) on $left.Account == $right.a", "1:17:K301", "lookup"},
    {"SigninLogs | where x == 1", "1:1:K204", "no process leg"},
    {"union SigninLogs, AuditLogs", "1:1:K204", "no process leg"},
    {"find in (DeviceProcessEvents) where SHA1 == 'x'", "1:1:K204", "no process leg"},
    {"SecurityEvent | summarize n = count() by Computer | where n > 5", "1:53:K302", "threshold"},
    {"SecurityEvent | summarize n = count() by Computer | where n < 5", "1:53:K303", "usual"},
    {"SecurityEvent | summarize n = dcount(Account) by Computer | extend m = n * 2 | where m >= 5 and Computer has 'x'",
     "1:80:K302", "threshold"},
    {"SecurityEvent | make-series count() on TimeGenerated step 1h", "1:17:K303", "make-series"},
    {"SecurityEvent | where TimeGenerated between (ago(14d) .. ago(1d))", "1:37:K303", "past"},
    {"SecurityEvent | where TimeGenerated < ago(1d)", "1:37:K303", "past"},
    {"let h = SecurityEvent | where EventID == 1 | distinct Computer; SecurityEvent | where Computer in (h)",
     "1:100:K301", "sub-query"},
    {"let h = SigninLogs | distinct Computer; SecurityEvent | where Computer in (h)", "1:76:K203", "not on this host"},
    {"let h = externaldata(a:string)['https://x/y.csv']; SecurityEvent | where CommandLine has_any (h)", "1:95:K304",
     "freeze"},
    {"let n = toscalar(SecurityEvent | count); SecurityEvent | where EventID > n", "1:74:K301", "toscalar"},
    {"SecurityEvent | where EventID > toscalar(SecurityEvent | count)", "1:33:K301", "toscalar"},
    {"SecurityEvent | mv-apply x on (where 1 == 1)", "1:17:K305", "mv-apply"},
    {"SecurityEvent | invoke f()", "1:17:K203", "invoke"},
    {"SecurityEvent | evaluate autocluster()", "1:26:K104", "autocluster"},
    {"SecurityEvent | where CommandLine", "1:17:K205", "must be true or false"},
    {"SecurityEvent | where CommandLine == 5", "1:35:K210", ""},
    {"SecurityEvent | where CommandLine matches regex '(?=x)'", "1:49:K123", ""},
    {"SecurityEvent | where arraylength(split(CommandLine, 'x')) > 1", "1:23:K120", "array_length"},
    {"let x = 5; let y = x; SecurityEvent | where z == y", "1:45:K201", "there is no column"},
    {"SecurityEvent | where EventID == 4624 | join (SecurityEvent) on Computer", "1:1:K204 1:41:K301",
     "process creation"},
    {"Event | where EventData has 'x'", "1:25:K204", "XML"},
};

static void test_refused(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct legs legs;
        struct notes notes;
        char is[256] = "";
        size_t len = 0;
        CU_ASSERT_EQUAL(compile(&legs, &notes, refused[i].query), -EINVAL);
        for (size_t k = 0; k < notes.error_count; k++)
            len += (size_t)snprintf(is + len, sizeof is - len, "%s%u:%u:%s", k > 0 ? " " : "",
                                    notes.errors[k].place.line, notes.errors[k].place.column, notes.errors[k].code);
        CU_ASSERT_STRING_EQUAL(is, refused[i].faults);
        bool is_said = notes.error_count > 0 && strstr(notes.errors[0].message, refused[i].said) != NULL;
        CU_ASSERT(is_said);
        if (strcmp(is, refused[i].faults) != 0 || !is_said)
            fprintf(stderr, "%s\n  %s: %s\n", refused[i].query, is,
                    notes.error_count > 0 ? notes.errors[0].message : "");
        end();
    }
}

/* Warnings, as codes in order. */
static const struct {
    const char *query, *warnings;
} warned[] = {
    {"union SigninLogs, (SecurityEvent | where EventID == 4688)", "W401"},
    {"SecurityEvent | where EventID == 4688 | summarize count() by Computer", "W403"},
    {"SecurityEvent | where EventID == 4688 | extend a = nope(1)", "W402"},
    {"SecurityEvent | where EventID == 1 and 1 == 2", "W404"},
    {"SecurityEvent | where TimeGenerated > ago(1d)", "W404"},
    {"SecurityEvent | take 5 | where EventID == 4688", "W405"},
    {"SecurityEvent | where EventID == '4688'", "W406"},
    {"SecurityEvent | where EventID == 4688", ""},
};

static void test_warned(void)
{
    for (size_t i = 0; i < sizeof warned / sizeof warned[0]; i++) {
        struct legs legs;
        struct notes notes;
        char is[128] = "";
        size_t len = 0;
        CU_ASSERT_EQUAL(compile(&legs, &notes, warned[i].query), 0);
        for (size_t k = 0; k < notes.warning_count; k++)
            len += (size_t)snprintf(is + len, sizeof is - len, "%s%s", k > 0 ? " " : "", notes.warnings[k].code);
        CU_ASSERT_STRING_EQUAL(is, warned[i].warnings);
        if (strcmp(is, warned[i].warnings) != 0)
            fprintf(stderr, "%s\n  %s\n", warned[i].query, is);
        end();
    }
}

/* The events that a leg reads, and its columns. */
static void test_sources(void)
{
    struct legs legs;
    struct notes notes;
    CU_ASSERT_EQUAL_FATAL(compile(&legs, &notes,
                                  "WindowsEvent | where Channel =~ 'A/B' and Provider == 'P' and EventID in "
                                  "(5, 6) | project TimeGenerated, x = EventID"),
                          0);
    CU_ASSERT_EQUAL_FATAL(legs.count, 1);
    CU_ASSERT_EQUAL_FATAL(legs.items[0].source_count, 1);
    const struct leg_source *source = &legs.items[0].sources[0];
    CU_ASSERT(text_equal(source->channel, text_from("A/B")) && text_equal(source->provider, text_from("P")));
    CU_ASSERT(source->event_id_count == 2 && source->event_ids[0] == 5 && source->event_ids[1] == 6);
    CU_ASSERT_EQUAL(source->kinds, UINT64_C(1) << EVENT_OTHER);
    CU_ASSERT_EQUAL_FATAL(legs.items[0].row_count, 2);
    CU_ASSERT(text_equal(legs.items[0].row[1].name, text_from("x")));
    end();
    CU_ASSERT_EQUAL_FATAL(compile(&legs, &notes, "SecurityEvent | where EventID == 4688 or EventID == 4689"), 0);
    CU_ASSERT_EQUAL_FATAL(legs.items[0].source_count, 2);
    CU_ASSERT(legs.items[0].sources[1].event_id_count == 1 && legs.items[0].sources[1].event_ids[0] == 4689);
    end();
    CU_ASSERT_EQUAL_FATAL(compile(&legs, &notes, "SecurityEvent | where EventID == 4688 and CommandLine has 'x'"), 0);
    CU_ASSERT_EQUAL(legs.items[0].source_count, 1);
    end();
}

static struct text frozen_data(void *context, struct text address)
{
    CU_ASSERT(text_equal(address, text_from("https://x/y.csv")));
    return text_from(context);
}

static void test_frozen(void)
{
    static char csv[] = "name,kind\r\n\"bob, \"\"b\"\"\",a\r\nann,b\r\n\r\n";
    static const char query[] =
        "let l = externaldata(name:string, kind:string)[@'https://x/y.csv'] with (format='csv', "
        "ignoreFirstRecord=true); SecurityEvent | where SubjectUserName in ((l | where kind == 'b' "
        "| project name))";
    struct rule_beside beside = {.context = csv, .data = frozen_data};
    struct kql_options options = {.at = {1, 1}, .beside = &beside};
    struct legs legs = {0};
    struct sample sample;
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)64 << 20), 0);
    CU_ASSERT_EQUAL_FATAL(columns_new(&columns), 0);
    struct notes notes = {.arena = arena};
    CU_ASSERT_EQUAL(kql_compile(&legs, arena, columns, text_from(query), &options, &notes), 0);
    make(&sample, PROCESS);
    CU_ASSERT(matches(&legs, &sample.event));
    make(&sample, "security 4688\tSubjectUserName=bob");
    CU_ASSERT(!matches(&legs, &sample.event));
    end();
}

static bool accept_join(void *context, size_t leg, const char *code)
{
    (void)context;
    return leg == 2 && strcmp(code, "K301") == 0;
}

static void test_accepted(void)
{
    static const char query[] =
        "union (SecurityEvent | where EventID == 4688), (SecurityEvent | join (SecurityEvent) on "
        "Computer)";
    struct rule_beside beside = {.accepts = accept_join};
    struct kql_options options = {.at = {10, 5}, .beside = &beside};
    struct legs legs = {0};
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)64 << 20), 0);
    CU_ASSERT_EQUAL_FATAL(columns_new(&columns), 0);
    struct notes notes = {.arena = arena};
    CU_ASSERT_EQUAL(kql_compile(&legs, arena, columns, text_from(query), &options, &notes), 0);
    CU_ASSERT_EQUAL(legs.count, 1);
    CU_ASSERT_EQUAL_FATAL(notes.warning_count, 1);
    CU_ASSERT_STRING_EQUAL(notes.warnings[0].code, "W401");
    CU_ASSERT(notes.warnings[0].place.line == 10 && notes.warnings[0].place.column > 5); /* of the file */
    end();
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"cases", test_cases},   {"refused", test_refused},   {"warned", test_warned}, {"sources", test_sources},
        {"frozen", test_frozen}, {"accepted", test_accepted}, CU_TEST_INFO_NULL};
    return test_main("kql", tests);
}
