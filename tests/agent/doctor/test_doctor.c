#include "agent/doctor/doctor.h"

#include "detect/event/event.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#define HOUR (3600u * 10000000ull)
#define SYSMON "Microsoft-Windows-Sysmon/Operational"

static struct doctor_answers answers;
static struct doctor_report report;

static struct doctor_channel *add_channel(const char *name)
{
    struct doctor_channel *c = &answers.channels[answers.channel_count++];
    *c = (struct doctor_channel){.is_there = DOCTOR_ON,
                                 .may_read = DOCTOR_ON,
                                 .is_enabled = DOCTOR_ON,
                                 .keeps_old = DOCTOR_OFF,
                                 .max_bytes = 1u << 30,
                                 .oldest_time = answers.now - 100 * HOUR,
                                 .has_process_event = DOCTOR_ON,
                                 .has_command_line = DOCTOR_ON,
                                 .newest_time = answers.now - HOUR / 30};
    snprintf(c->name, sizeof(c->name), "%s", name);
    return c;
}

/* A host on which all is well. */
static void well(void)
{
    memset(&answers, 0, sizeof(answers));
    answers.is_windows = true;
    answers.now = event_time_now();
    answers.audits_processes = answers.keeps_command_lines = answers.has_sysmon = DOCTOR_ON;
    answers.is_exchange = DOCTOR_OFF;
    answers.lookback_s = 24 * 3600;
    add_channel("Security");
    add_channel(SYSMON);
    answers.cmdlets.logs_blocks = answers.cmdlets.logs_modules = DOCTOR_OFF; /* no Exchange here: no fault */
    answers.cmdlets.wants_files = true;
    answers.disk_free = 1u << 30;
    answers.disk_wanted = 1u << 29;
    answers.output_count = 1;
    answers.outputs[0] = (struct doctor_output){
        .name = "central",
        .is_reachable = true,
        .facts = {.status = 405, .tls = "TLSv1.3", .has_expiry = true, .expiry_days = 90, .has_clock = true}};
    answers.path_count = 3;
    for (size_t i = 0; i < 3; i++)
        answers.paths[i] = (struct doctor_path){.path = "C:\\ProgramData\\Tripline", .is_safe = DOCTOR_ON};
}

static const struct doctor_line *line(const char *id)
{
    doctor_judge(&report, &answers);
    for (size_t i = 0; i < report.count; i++)
        if (strcmp(report.lines[i].id, id) == 0)
            return &report.lines[i];
    return NULL;
}

/* The line of id is of this level; unless it is good it says why, and its command holds mend. */
static bool is(const char *id, enum doctor_level level, const char *mend)
{
    const struct doctor_line *found = line(id);
    bool good = found != NULL && found->level == level;
    if (good && level != DOCTOR_GOOD)
        good = found->why[0] != '\0' && found->mend[0] != '\0' && strstr(found->mend, mend) != NULL;
    if (!good)
        printf("\n  %s: %s: %s > %s\n", id, found == NULL ? "absent" : doctor_level_name(found->level),
               found == NULL ? "" : found->why, found == NULL ? "" : found->mend);
    return good;
}

static void test_well(void)
{
    static const char *const ids[] = {"audit-policy",    "command-lines",  "sysmon",        "channel:Security",
                                      "channel:" SYSMON, "output:central", "clock:central", "disk",
                                      "config-acl",      "state-acl",      "program-acl"};
    well();
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        CU_ASSERT_TRUE(is(ids[i], DOCTOR_GOOD, ""));
    CU_ASSERT_EQUAL(report.bad, 0);
    CU_ASSERT_EQUAL(report.warning, 0);
    CU_ASSERT_EQUAL(report.good, sizeof(ids) / sizeof(ids[0]));
    const struct doctor_line *blind = line("open-shell");
    CU_ASSERT_FATAL(blind != NULL && blind->level == DOCTOR_BLIND);
    CU_ASSERT_PTR_NOT_NULL(strstr(blind->why, "MSExchange Management"));
}

/* What shows the cmdlet itself: on any host said, on an Exchange server wanted. */
static void test_cmdlets(void)
{
    struct doctor_cmdlets *c = &answers.cmdlets;
    well();
    CU_ASSERT(line("script-blocks")->level == DOCTOR_BLIND && line("module-log")->level == DOCTOR_BLIND);
    CU_ASSERT_PTR_NOT_NULL(strstr(line("script-blocks")->mend, "EnableScriptBlockLogging"));
    CU_ASSERT(line("exchange-log") == NULL && line("exchange-files") == NULL);
    c->logs_blocks = DOCTOR_ON;
    CU_ASSERT_TRUE(is("script-blocks", DOCTOR_GOOD, ""));
    c->logs_blocks = DOCTOR_UNREADABLE;
    CU_ASSERT_TRUE(is("script-blocks", DOCTOR_WARNING, "administrator"));
    c->logs_blocks = DOCTOR_OFF;
    answers.is_exchange = DOCTOR_ON;
    CU_ASSERT_TRUE(is("script-blocks", DOCTOR_WARNING, "EnableScriptBlockLogging"));
    CU_ASSERT_TRUE(is("module-log", DOCTOR_WARNING, "EnableModuleLogging"));
    CU_ASSERT_TRUE(is("exchange-log", DOCTOR_WARNING, "")); /* nothing could be asked */
    c->management = (struct doctor_channel){.is_there = DOCTOR_ON, .may_read = DOCTOR_ON, .is_enabled = DOCTOR_ON};
    c->management.max_bytes = 20u << 20;
    c->management.oldest_time = answers.now - 5 * HOUR;
    CU_ASSERT_TRUE(is("exchange-log", DOCTOR_GOOD, ""));
    CU_ASSERT_PTR_NOT_NULL(strstr(line("exchange-log")->what, "20 MB and goes 5 hours back"));
    c->management.has_wrapped = true;
    CU_ASSERT_TRUE(is("exchange-log", DOCTOR_WARNING, "wevtutil sl \"MSExchange Management\" /ms:"));
    c->management.is_enabled = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("exchange-log", DOCTOR_BAD, "/e:true"));
    c->management.may_read = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("exchange-log", DOCTOR_BAD, "Event Log Readers"));
    c->management.is_there = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("exchange-log", DOCTOR_BAD, "Get-WinEvent"));
    snprintf(c->files, sizeof(c->files), "D:\\Exchange\\Cmdlet");
    CU_ASSERT_TRUE(is("exchange-files", DOCTOR_WARNING, "icacls \"D:\\Exchange"));
    c->may_read_files = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("exchange-files", DOCTOR_WARNING, "icacls"));
    CU_ASSERT_PTR_NOT_NULL(strstr(line("exchange-files")->what, "may not be read"));
    c->may_read_files = DOCTOR_ON;
    CU_ASSERT_TRUE(is("exchange-files", DOCTOR_GOOD, ""));
    c->wants_files = false;
    CU_ASSERT_EQUAL(line("exchange-files")->level, DOCTOR_BLIND);
    well();
    c->has_directory = true;
    CU_ASSERT_PTR_NOT_NULL(line("exchange-files"));
}

static void test_audit_policy(void)
{
    well();
    answers.audits_processes = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("audit-policy", DOCTOR_WARNING, "auditpol /set")); /* Sysmon sees it still */
    answers.channels[1].has_process_event = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("audit-policy", DOCTOR_BAD, "auditpol /set"));
    answers.audits_processes = DOCTOR_UNREADABLE;
    CU_ASSERT_TRUE(is("audit-policy", DOCTOR_WARNING, "administrator"));
}

/* The agent may not ask for the policy: what it does is there to be seen. */
static void test_evidence(void)
{
    well();
    answers.is_inside = true;
    answers.audits_processes = DOCTOR_UNREADABLE;
    CU_ASSERT_TRUE(is("audit-policy", DOCTOR_GOOD, ""));
    CU_ASSERT_PTR_NOT_NULL(strstr(line("audit-policy")->what, "2 minutes old"));
    answers.channels[0].newest_time = answers.now - 2 * HOUR; /* switched off since, and Sysmon goes on */
    CU_ASSERT_TRUE(is("audit-policy", DOCTOR_WARNING, "auditpol /set"));
    CU_ASSERT_PTR_NOT_NULL(strstr(line("audit-policy")->what, "no event 4688 for 120 minutes, though Sysmon"));
    answers.channels[0].has_process_event = DOCTOR_OFF;
    answers.channels[0].newest_time = 0;
    CU_ASSERT_TRUE(is("audit-policy", DOCTOR_WARNING, "auditpol /set"));
    answers.channel_count = 1; /* no other witness: it seems so */
    CU_ASSERT_TRUE(is("audit-policy", DOCTOR_WARNING, "auditpol /set"));
    answers.channels[0].has_process_event = DOCTOR_UNREADABLE; /* a search that took too long says nothing */
    CU_ASSERT_PTR_NULL(line("audit-policy"));
    answers.channels[0].may_read = DOCTOR_OFF;
    CU_ASSERT_PTR_NULL(line("audit-policy"));
    answers.channel_count = 0;
    CU_ASSERT_PTR_NULL(line("audit-policy"));
}

static void test_command_lines(void)
{
    well();
    answers.keeps_command_lines = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("command-lines", DOCTOR_WARNING, "ProcessCreationIncludeCmdLine_Enabled"));
    answers.channels[1].has_process_event = DOCTOR_UNREADABLE;
    CU_ASSERT_TRUE(is("command-lines", DOCTOR_BAD, "/d 1 /f"));
    answers.keeps_command_lines = DOCTOR_UNREADABLE;
    CU_ASSERT_TRUE(is("command-lines", DOCTOR_WARNING, "administrator"));
}

static void test_sysmon(void)
{
    well();
    answers.has_sysmon = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("sysmon", DOCTOR_GOOD, "")); /* Security has all */
    answers.keeps_command_lines = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("sysmon", DOCTOR_WARNING, "sysmon64"));
    answers.has_sysmon = DOCTOR_UNREADABLE;
    CU_ASSERT_TRUE(is("sysmon", DOCTOR_WARNING, "administrator"));
}

/* Windows' own and Sysinternals': the service and its last events, each with the right command. */
static void test_sysmon_service(void)
{
    well();
    struct doctor_sysmon *s = &answers.sysmon;
    *s = (struct doctor_sysmon){
        .has_service = DOCTOR_ON, .is_running = DOCTOR_ON, .service = "Sysmon", .is_native = true};
    CU_ASSERT_TRUE(is("sysmon", DOCTOR_GOOD, ""));
    CU_ASSERT_PTR_NOT_NULL(strstr(line("sysmon")->what, "Windows' own"));
    s->is_running = DOCTOR_OFF;
    s->state_time = answers.now - HOUR;
    snprintf(s->state, sizeof(s->state), "Stopped");
    CU_ASSERT_TRUE(is("sysmon", DOCTOR_BAD, "net start Sysmon"));
    CU_ASSERT_PTR_NOT_NULL(strstr(line("sysmon")->what, "Stopped"));
    s->error_time = answers.now - HOUR / 2; /* a config that it can't read */
    snprintf(s->error, sizeof(s->error), "Failed to read the rules");
    CU_ASSERT_TRUE(is("sysmon", DOCTOR_BAD, "sysmon.exe -c CONFIG.xml && net start Sysmon"));
    CU_ASSERT_PTR_NOT_NULL(strstr(line("sysmon")->what, "Failed to read the rules"));
    s->error_time = answers.now - 2 * HOUR; /* an old one, before the last stop */
    CU_ASSERT_TRUE(is("sysmon", DOCTOR_BAD, "net start Sysmon"));
    *s = (struct doctor_sysmon){.has_service = DOCTOR_ON, .is_running = DOCTOR_ON, .service = "Sysmon64"};
    CU_ASSERT_PTR_NULL(strstr(line("sysmon")->what, "Windows' own"));
    answers.channels[1].has_process_event = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("events:" SYSMON, DOCTOR_BAD, "sysmon64 -c"));
    s->is_native = true;
    CU_ASSERT_TRUE(is("events:" SYSMON, DOCTOR_BAD, "sysmon -c"));
}

static void test_sysmon_absent(void)
{
    well();
    answers.has_sysmon = DOCTOR_OFF;
    answers.audits_processes = answers.keeps_command_lines = DOCTOR_OFF;
    answers.channels[0].has_process_event = DOCTOR_OFF;
    answers.sysmon.has_service = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("sysmon", DOCTOR_WARNING, "sysmon64 -accepteula -i"));
    answers.sysmon.is_offered = true;
    CU_ASSERT_TRUE(is("sysmon", DOCTOR_WARNING, "Dism /Online /Enable-Feature /FeatureName:Sysmon"));
    answers.sysmon.has_program = true;
    CU_ASSERT_TRUE(is("sysmon", DOCTOR_WARNING, "sysmon.exe -accepteula -i CONFIG.xml"));
    CU_ASSERT_PTR_NOT_NULL(strstr(line("sysmon")->what, "not set up"));
    answers.audits_processes = DOCTOR_UNREADABLE;
    answers.channels[0].has_process_event = DOCTOR_ON; /* the agent can't read the policy, but sees what it does */
    CU_ASSERT_TRUE(is("sysmon", DOCTOR_GOOD, ""));
}

/* "Log on as a service" and Event Log Readers, which Group Policy may rule. */
static void test_rights(void)
{
    well();
    CU_ASSERT_PTR_NULL(line("service-logon")); /* LocalSystem, or nobody may know */
    CU_ASSERT_PTR_NULL(line("readers-group"));
    answers.may_log_on = DOCTOR_ON;
    CU_ASSERT_TRUE(is("service-logon", DOCTOR_GOOD, ""));
    answers.may_log_on = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("service-logon", DOCTOR_BAD, "Log on as a service"));
    CU_ASSERT_PTR_NOT_NULL(strstr(line("service-logon")->what, "S-1-5-80-0"));
    snprintf(answers.readers, sizeof(answers.readers), "Ereignisprotokollleser");
    answers.has_group = answers.is_member = DOCTOR_ON;
    CU_ASSERT_TRUE(is("readers-group", DOCTOR_GOOD, ""));
    answers.is_member = DOCTOR_OFF; /* a policy that owns the group took it out */
    CU_ASSERT_TRUE(is("readers-group", DOCTOR_WARNING, "net localgroup \"Ereignisprotokollleser\""));
    answers.has_group = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("readers-group", DOCTOR_WARNING, "tripline start"));
    answers.channels[0].may_read = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("channel:Security", DOCTOR_BAD, "Ereignisprotokollleser"));
}

static void test_channel(void)
{
    well();
    struct doctor_channel *c = &answers.channels[0];
    c->is_there = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("channel:Security", DOCTOR_WARNING, ""));
    c->is_there = DOCTOR_ON;
    c->may_read = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("channel:Security", DOCTOR_BAD, "Event Log Readers"));
    c->may_read = DOCTOR_UNREADABLE;
    CU_ASSERT_TRUE(is("channel:Security", DOCTOR_WARNING, "administrator"));
    c->may_read = DOCTOR_ON;
    c->is_enabled = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("channel:Security", DOCTOR_BAD, "/e:true"));
    answers.channels[1].is_there = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("channel:" SYSMON, DOCTOR_WARNING, "sysmon64"));
    answers.channels[1].is_there = DOCTOR_UNREADABLE;
    CU_ASSERT_TRUE(is("channel:" SYSMON, DOCTOR_WARNING, "administrator"));
}

static void test_events(void)
{
    well();
    CU_ASSERT_PTR_NULL(line("events:Security"));
    answers.channels[1].has_process_event = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("events:" SYSMON, DOCTOR_BAD, "ProcessCreate"));
    answers.channels[0].has_process_event = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("events:Security", DOCTOR_WARNING, ""));
    answers.channels[0].has_process_event = DOCTOR_ON;
    answers.channels[0].has_command_line = DOCTOR_OFF;
    CU_ASSERT_TRUE(is("events:Security", DOCTOR_WARNING, "ProcessCreationIncludeCmdLine_Enabled"));
    answers.channels[0].has_process_event = DOCTOR_UNREADABLE;
    CU_ASSERT_PTR_NULL(line("events:Security"));
}

static void test_log(void)
{
    well();
    struct doctor_channel *c = &answers.channels[0];
    c->keeps_old = DOCTOR_ON;
    CU_ASSERT_TRUE(is("retention:Security", DOCTOR_BAD, "/rt:false"));
    c->keeps_old = DOCTOR_UNREADABLE;
    CU_ASSERT_PTR_NULL(line("retention:Security"));
    c->oldest_time = answers.now - 2 * HOUR;
    CU_ASSERT_PTR_NULL(line("log-size:Security")); /* nothing was overwritten: the log is young */
    c->has_wrapped = true;
    CU_ASSERT_TRUE(is("log-size:Security", DOCTOR_WARNING, "/ms:"));
    answers.lookback_s = 3600;
    CU_ASSERT_PTR_NULL(line("log-size:Security"));
    answers.lookback_s = UINT64_MAX;
    CU_ASSERT_PTR_NULL(line("log-size:Security"));
    c->max_bytes = 20u << 20;
    CU_ASSERT_TRUE(is("log-size:Security", DOCTOR_WARNING, "/ms:268435456"));
    c->max_bytes = 0; /* not known */
    CU_ASSERT_PTR_NULL(line("log-size:Security"));
}

static void test_outputs(void)
{
    well();
    struct doctor_output *o = &answers.outputs[0];
    o->facts.status = 401;
    CU_ASSERT_TRUE(is("output:central", DOCTOR_WARNING, "selftest"));
    o->facts.expiry_days = 5;
    doctor_judge(&report, &answers);
    CU_ASSERT_PTR_NOT_NULL(line("certificate:central"));
    o->facts.clock_s = -31;
    CU_ASSERT_TRUE(is("clock:central", DOCTOR_WARNING, "w32tm"));
    CU_ASSERT_PTR_NOT_NULL(strstr(line("clock:central")->what, "ahead"));
    o->facts.clock_s = 301;
    CU_ASSERT_TRUE(is("clock:central", DOCTOR_BAD, "w32tm"));
    CU_ASSERT_PTR_NOT_NULL(strstr(line("clock:central")->what, "behind"));
    o->facts.has_clock = false;
    CU_ASSERT_TRUE(is("clock:central", DOCTOR_GOOD, ""));
    o->is_reachable = false;
    snprintf(o->trouble, sizeof(o->trouble), "no connection");
    CU_ASSERT_TRUE(is("output:central", DOCTOR_BAD, "curl"));
    CU_ASSERT_PTR_NULL(line("clock:central"));
}

static void test_host(void)
{
    well();
    answers.disk_free = 1000;
    CU_ASSERT_TRUE(is("disk", DOCTOR_WARNING, "max-megabytes"));
    answers.disk_free = 0;
    doctor_judge(&report, &answers);
    CU_ASSERT_EQUAL(line("disk")->level, DOCTOR_WARNING);
    answers.paths[0].is_safe = DOCTOR_OFF;
    snprintf(answers.paths[0].reason, sizeof(answers.paths[0].reason),
             "the config C:\\x can be changed by S-1-1-0" STATE_GUARD_MEND "icacls \"C:\\x\" /reset");
    CU_ASSERT_TRUE(is("config-acl", DOCTOR_BAD, "icacls"));
    CU_ASSERT_STRING_EQUAL(line("config-acl")->what, "the config C:\\x can be changed by S-1-1-0");
    CU_ASSERT_STRING_EQUAL(line("config-acl")->mend, "icacls \"C:\\x\" /reset");
    answers.is_windows = false;
    CU_ASSERT_TRUE(is("system", DOCTOR_BAD, "tripline scan"));
    answers.paths[1].is_safe = DOCTOR_UNREADABLE;
    CU_ASSERT_TRUE(is("state-acl", DOCTOR_WARNING, "administrator"));
}

static void test_etw(void)
{
    static const struct {
        const char *sid, *group, *privilege;
        enum doctor_level kernel, sysmon, security;
    } cases[] = {
        {"S-1-5-18", "S-1-5-32-544 A", "SeSystemProfilePrivilege(off)", DOCTOR_GOOD, DOCTOR_GOOD, DOCTOR_GOOD},
        {"S-1-5-18", "S-1-1-0", "SeChangeNotifyPrivilege", DOCTOR_BAD, DOCTOR_GOOD, DOCTOR_GOOD},
        {"S-1-5-80-1", "S-1-5-32-559 P", "SeSystemProfilePrivilege", DOCTOR_GOOD, DOCTOR_GOOD, DOCTOR_BAD},
        {"S-1-5-80-1", "S-1-5-32-5591 P", "SeSystemProfilePrivilege", DOCTOR_BAD, DOCTOR_BAD, DOCTOR_BAD},
        {"S-1-5-21-1", "S-1-5-32-544 A(deny only)", "SeSystemProfilePrivilege", DOCTOR_BAD, DOCTOR_BAD, DOCTOR_BAD},
        {"S-1-5-21-1", "S-1-5-32-544", "SeChangeNotifyPrivilege", DOCTOR_BAD, DOCTOR_GOOD, DOCTOR_BAD},
    };
    well();
    CU_ASSERT_PTR_NULL(line("etw:ETW kernel"));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        answers.wants_etw = answers.wants_etw_sysmon = answers.wants_etw_security = answers.is_agent = true;
        answers.token = json_pack("{s:s, s:s, s:[s], s:[s]}", "sid", cases[i].sid, "account", "x", "groups",
                                  cases[i].group, "privileges", cases[i].privilege);
        CU_ASSERT_TRUE(is("etw:ETW kernel", cases[i].kernel, "sc privs Tripline"));
        CU_ASSERT_TRUE(is("etw:ETW Sysmon", cases[i].sysmon, "sc config Tripline"));
        CU_ASSERT_TRUE(is("etw:ETW EventLog-Security", cases[i].security, "obj= LocalSystem"));
        answers.wants_etw_sysmon = answers.wants_etw_security = answers.is_agent = false;
        CU_ASSERT_TRUE(is("etw:ETW kernel", cases[i].kernel, "tripline start"));
        CU_ASSERT_PTR_NULL(line("etw:ETW Sysmon"));
        CU_ASSERT_PTR_NULL(line("etw:ETW EventLog-Security"));
        doctor_answers_clear(&answers);
    }
    CU_ASSERT_TRUE(is("etw", DOCTOR_WARNING, "administrator"));
}

static void test_many(void)
{
    well();
    for (size_t i = answers.channel_count; i < CONFIG_MAX_CHANNELS; i++)
        add_channel("X")->keeps_old = DOCTOR_ON;
    doctor_judge(&report, &answers);
    CU_ASSERT_EQUAL(report.bad, CONFIG_MAX_CHANNELS - 2);
    CU_ASSERT(report.count <= DOCTOR_MAX_LINES);
}

static void test_words(void)
{
    char text[1024];
    well();
    answers.audits_processes = answers.keeps_command_lines = DOCTOR_OFF;
    answers.outputs[0].is_reachable = false;
    doctor_judge(&report, &answers);
    FILE *file = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    doctor_print(file, &report);
    rewind(file);
    while (fgets(text, sizeof(text), file) != NULL)
        CU_ASSERT(strlen(text) <= 81 || strstr(text, "  > ") != NULL);
    fclose(file);
    json_t *document = doctor_json(&report, answers.now);
    CU_ASSERT_PTR_NOT_NULL_FATAL(document);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(document, "bad")), report.bad);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(document, "lines")), report.count);
    json_decref(document);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"all is well", test_well},
        {"audit policy", test_audit_policy},
        {"cmdlets", test_cmdlets},
        {"command lines", test_command_lines},
        {"evidence of the audit policy", test_evidence},
        {"Sysmon", test_sysmon},
        {"Sysmon's service", test_sysmon_service},
        {"Sysmon absent", test_sysmon_absent},
        {"rights", test_rights},
        {"channels", test_channel},
        {"process events", test_events},
        {"log sizes", test_log},
        {"outputs", test_outputs},
        {"disk and rights", test_host},
        {"ETW", test_etw},
        {"many channels", test_many},
        {"words and JSON", test_words},
        {NULL, NULL},
    };
    return test_main("doctor", tests);
}
