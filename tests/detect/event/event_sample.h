/* One event of each kind for tests: made up, with the published Solorigate command line. */
#ifndef TESTS_DETECT_EVENT_EVENT_SAMPLE_H
#define TESTS_DETECT_EVENT_EVENT_SAMPLE_H

#include "detect/event/event.h"

#define SAMPLE_ATTACK                                                                                                  \
    "powershell.exe -PSConsoleFile exshell.psc1 -Command \"Set-CASMailbox -Identity user@example.com "                 \
    "-ActiveSyncAllowedDeviceIDs @{add='XXXXXXXXXXXXX'}\""

static inline struct event sample_event(enum event_kind kind)
{
    struct event e = {.kind = kind, .event_id = 4688, .has_record_id = true, .record_id = 237286};
    e.time = 133046368348726726u; /* 2022-08-10T12:27:14.8726726Z */
    e.has_pid = e.has_parent_pid = true;
    e.pid = 9636;
    e.parent_pid = 5444;
    e.field[EVENT_COMPUTER] = text_from("EXCH01.corp.example.com");
    e.field[EVENT_IMAGE] = text_from("C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe");
    e.field[EVENT_PARENT_IMAGE] = text_from("C:\\Windows\\System32\\cmd.exe");
    e.field[EVENT_COMMAND_LINE] = text_from(SAMPLE_ATTACK);
    if (kind == EVENT_SYSMON_1) {
        e.event_id = 1;
        e.field[EVENT_PROVIDER] = text_from("Microsoft-Windows-Sysmon");
        e.field[EVENT_CHANNEL] = text_from("Microsoft-Windows-Sysmon/Operational");
        e.field[EVENT_USER] = text_from("CONTOSO\\dadmin");
        e.field[EVENT_PARENT_USER] = text_from("CONTOSO\\parent");
        e.field[EVENT_PARENT_COMMAND_LINE] = text_from("cmd.exe");
        e.field[EVENT_PROCESS_GUID] = text_from("{00000000-0000-0000-0000-000000000001}");
    } else {
        e.field[EVENT_PROVIDER] = text_from("Microsoft-Windows-Security-Auditing");
        e.field[EVENT_CHANNEL] = text_from("Security");
        e.field[EVENT_SUBJECT_SID] = text_from("S-1-5-21-1377283216-344919071-3415362939-1104");
        e.field[EVENT_SUBJECT_NAME] = text_from("dadmin");
        e.field[EVENT_SUBJECT_DOMAIN] = text_from("CONTOSO");
        e.field[EVENT_TARGET_SID] = text_from("S-1-0-0");
        e.field[EVENT_TARGET_NAME] = text_from("-");
        e.field[EVENT_TARGET_DOMAIN] = text_from("-");
    }
    return e;
}

#endif
