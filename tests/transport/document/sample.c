#include "tests/transport/document/sample.h"

#include "detect/rules/rule_builtin.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND "powershell.exe -Command \"Set-CASMailbox -Identity u -ActiveSyncAllowedDeviceIDs @{add='X'}\""
#define POWERSHELL "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"

void sample_alert(struct sample *sample)
{
    uint64_t created;
    struct sha256 sha256 = {0};
    if (!event_time_parse(&created, text_from("2022-08-10T12:27:15.1019999Z")) ||
        alert_make(&sample->alert, &sample->match, rule_set_columns(sample_rules()), &sample->event, created) < 0 ||
        alert_id(sample->id, &sha256, &sample->alert) < 0) {
        fprintf(stderr, "sample: no alert\n");
        exit(1);
    }
    sha256_clear(&sha256);
}

static void set(struct sample *sample, enum event_field field, const char *text)
{
    sample->event.field[field] = text_from(text);
}

static struct rule_set *rules;

static void forget_rules(void)
{
    rule_set_free(rules);
}

const struct rule_set *sample_rules(void)
{
    if (rules == NULL && (rule_builtin_set(&rules, NULL) < 0 || atexit(forget_rules) != 0)) {
        fprintf(stderr, "sample: no rules\n");
        exit(1);
    }
    return rules;
}

static void begin(struct sample *sample, unsigned leg)
{
    memset(sample, 0, sizeof(*sample));
    sample->match.rule = rule_set_at(sample_rules(), 0);
    sample->match.legs = SAMPLE_LEG(leg);
    if (!event_time_parse(&sample->event.time, text_from("2022-08-10T12:27:14.8726726Z")))
        exit(1);
    set(sample, EVENT_COMPUTER, "EXCH01.corp.example.com");
    sample->event.has_record_id = true;
    sample->event.record_id = 237286;
    sample->event.has_pid = sample->event.has_parent_pid = true;
    sample->event.pid = 9636;
    sample->event.parent_pid = 5444;
}

void sample_4688(struct sample *sample)
{
    begin(sample, 1);
    sample->event.kind = EVENT_SECURITY_4688;
    sample->event.event_id = 4688;
    set(sample, EVENT_PROVIDER, "Microsoft-Windows-Security-Auditing");
    set(sample, EVENT_CHANNEL, "Security");
    set(sample, EVENT_COMMAND_LINE, COMMAND);
    set(sample, EVENT_IMAGE, POWERSHELL);
    set(sample, EVENT_SUBJECT_SID, "S-1-5-21-1377283216-344919071-3415362939-1104");
    set(sample, EVENT_SUBJECT_NAME, "dadmin");
    set(sample, EVENT_SUBJECT_DOMAIN, "CONTOSO");
    set(sample, EVENT_TARGET_SID, "S-1-0-0");
    set(sample, EVENT_TARGET_NAME, "-");
    set(sample, EVENT_TARGET_DOMAIN, "-");
    set(sample, EVENT_LOGON_ID, "0x4a5af0");
    set(sample, EVENT_PARENT_IMAGE, "C:\\Windows\\System32\\cmd.exe");
}

void sample_sysmon(struct sample *sample)
{
    begin(sample, 4);
    sample->event.kind = EVENT_SYSMON_1;
    sample->event.event_id = 1;
    set(sample, EVENT_PROVIDER, "Microsoft-Windows-Sysmon");
    set(sample, EVENT_CHANNEL, "Microsoft-Windows-Sysmon/Operational");
    set(sample, EVENT_COMMAND_LINE, COMMAND);
    set(sample, EVENT_IMAGE, POWERSHELL);
    set(sample, EVENT_PROCESS_GUID, "{b3b1a7a4-1f3e-62f3-c200-000000001500}");
    set(sample, EVENT_USER, "CONTOSO\\dadmin");
    set(sample, EVENT_PARENT_IMAGE, "C:\\Windows\\System32\\cmd.exe");
    set(sample, EVENT_PARENT_COMMAND_LINE, "cmd.exe /k");
    set(sample, EVENT_PARENT_GUID, "{b3b1a7a4-1f3e-62f3-c100-000000001500}");
    set(sample, EVENT_PARENT_USER, "CONTOSO\\boss");
}

void sample_device_process(struct sample *sample)
{
    sample_sysmon(sample);
    sample->match.legs = SAMPLE_LEG(3);
    set(sample, EVENT_COMMAND_LINE, "whoami");
    set(sample, EVENT_IMAGE, "C:\\Windows\\System32\\whoami.exe");
    set(sample, EVENT_PARENT_COMMAND_LINE, COMMAND);
    set(sample, EVENT_PARENT_IMAGE, POWERSHELL);
}

void sample_etw(struct sample *sample)
{
    sample_device_process(sample);
    sample->match.legs = SAMPLE_LEG(3) | SAMPLE_LEG(5);
    sample->event.kind = EVENT_ETW_PROCESS;
    sample->event.event_id = 0;
    sample->event.has_record_id = false;
    sample->event.has_claimed_parent = true;
    sample->event.claimed_parent_pid = 600;
    set(sample, EVENT_PROVIDER, "Windows Kernel Trace");
    set(sample, EVENT_CHANNEL, NULL);
    set(sample, EVENT_PROCESS_GUID, NULL);
    set(sample, EVENT_PARENT_GUID, NULL);
    set(sample, EVENT_COMMAND_LINE, COMMAND);
    set(sample, EVENT_IMAGE, POWERSHELL);
    set(sample, EVENT_PARENT_IMAGE, "C:\\Windows\\System32\\cmd.exe");
    set(sample, EVENT_GRANDPARENT_IMAGE, "services.exe");
    set(sample, EVENT_CLAIMED_PARENT_IMAGE, "explorer.exe");
    set(sample, EVENT_USER_SID, "S-1-5-21-1-2-1104");
    set(sample, EVENT_PARENT_USER_SID, "S-1-5-18");
}
