/*
 * Microsoft Sentinel, "Email access via active sync": an attacker adds his own phone to the devices that may
 * synchronise a mailbox, as in the Solorigate intrusions. What each line means, with sources: docs/rule-semantics.md.
 *
 * Origin: github.com/Azure/Azure-Sentinel, Detections/MultipleDataSources/EmailAccessviaActiveSync.yaml (MIT, see
 * NOTICE).
 */
#include "detect/rule/rule.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KIND(kind) (1u << (kind))

static const struct rule_attack tactics[] = {{"TA0004", "Privilege Escalation"}};

static const struct rule_attack techniques[] = {
    {"T1068", "Exploitation for Privilege Escalation"},
    {"T1078", "Valid Accounts"},
};

static const char *const terms[] = {"Set-CASMailbox", "ActiveSyncAllowedDeviceIDs", "add"};

/* The branches that test the new process's own command line come first: their row describes the matching process. */
static const struct rule_branch branches[] = {
    {1, "SecurityEvent", RULE_ROW_SECURITY_EVENT, KIND(EVENT_SECURITY_4688), EVENT_COMMAND_LINE, false},
    {2, "WindowsEvent", RULE_ROW_WINDOWS_EVENT, KIND(EVENT_FORWARDED_4688), EVENT_COMMAND_LINE, false},
    {4, "Event: Microsoft-Windows-Sysmon", RULE_ROW_SYSMON, KIND(EVENT_SYSMON_1), EVENT_COMMAND_LINE, false},
    {3, "DeviceProcessEvents", RULE_ROW_DEVICE_PROCESS_OWN, KIND(EVENT_ETW_PROCESS), EVENT_COMMAND_LINE, true},
    {3, "DeviceProcessEvents", RULE_ROW_DEVICE_PROCESS, KIND(EVENT_SYSMON_1) | KIND(EVENT_ETW_PROCESS),
     EVENT_PARENT_COMMAND_LINE, false},
};

const struct rule rule_email_access_active_sync = {
    .id = "2f561e20-d97b-4b13-b02d-18b34af6e87c",
    .name = "Email access via active sync",
    .version = "1.2.1",
    .severity = "Medium",
    .severity_ecs = 47,
    .author = "Microsoft Security Research",
    .ruleset = "Azure-Sentinel",
    .reference = "https://github.com/Azure/Azure-Sentinel/blob/master/Detections/MultipleDataSources/"
                 "EmailAccessviaActiveSync.yaml",
    .upstream_commit = "133f58a9099fb5e47c0e51b4b63ecaddeb99420e",
    .upstream_version = "1.1.2",
    .upstream_sha256 = "c81615ded560cadaf7cbf26ca1f727ac88eecb3f2be5156535cbc5e44d5052dd",
    .tactics = tactics,
    .tactic_count = COUNT(tactics),
    .techniques = techniques,
    .technique_count = COUNT(techniques),
    .terms = terms,
    .term_count = COUNT(terms),
    .branches = branches,
    .branch_count = COUNT(branches),
};
