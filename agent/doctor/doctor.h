/*
 * doctor: can this host see what the rules look for, and can it tell anybody? doctor_win.c and doctor_posix.c fetch the
 * answers of the system, doctor_network.c those of the outputs; doctor_judge() is plain C and says what they mean. What
 * can't be read is said to be so: it is never taken for good.
 */
#ifndef AGENT_DOCTOR_DOCTOR_H
#define AGENT_DOCTOR_DOCTOR_H

#include "agent/config/config.h"
#include "agent/guard/state_guard.h"
#include "transport/https/https_probe.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum doctor_answer { DOCTOR_UNREADABLE, DOCTOR_OFF, DOCTOR_ON };

struct doctor_channel {
    char name[256];
    enum doctor_answer is_there; /* UNREADABLE: the service does not say */
    enum doctor_answer may_read; /* OFF: access is denied */
    enum doctor_answer is_enabled;
    enum doctor_answer keeps_old; /* ON: a full log takes no new records */
    uint64_t max_bytes;           /* 0: not known */
    bool has_wrapped;             /* records have been overwritten already */
    uint64_t oldest_time;         /* of the oldest record, as struct event's; 0: not known */
    /* The newest process creation in it: 4688 in Security, 1 in Sysmon's. */
    enum doctor_answer has_process_event; /* UNREADABLE: not looked for, or could not be */
    enum doctor_answer has_command_line;  /* of the newest one */
    uint64_t newest_time;                 /* of the newest one; 0: not known */
};

/* Sysmon, as its service and its own events tell (4: its state changed; 255: an error of its own). */
struct doctor_sysmon {
    enum doctor_answer has_service, is_running;
    bool is_native;      /* Windows' own, an optional feature of Windows 11 and Server 2025 since March 2026 */
    bool is_offered;     /* this Windows is one that may have it */
    bool has_program;    /* %WINDIR%\System32\sysmon.exe is there: the feature is enabled */
    char service[32];    /* "Sysmon64", "Sysmon" */
    uint64_t state_time; /* of the newest event 4; 0: none */
    char state[32];      /* what it says: "Started", "Stopped" */
    uint64_t error_time; /* of the newest event 255; 0: none */
    char error[200];     /* what it says */
};

struct doctor_output {
    char name[65];
    bool is_reachable;
    char trouble[256]; /* why not */
    struct https_facts facts;
};

/* One path that must not be anybody's to write. */
struct doctor_path {
    char path[512];
    enum doctor_answer is_safe;          /* OFF: the agent would refuse it (state_guard.h) */
    char reason[STATE_GUARD_MAX_REASON]; /* why, and the command that mends it; or why it can't be looked at */
};

/* What shows the cmdlet itself: docs/exchange.md. */
struct doctor_cmdlets {
    enum doctor_answer logs_blocks, logs_modules; /* PowerShell's policies for events 4104 and 4103 */
    struct doctor_channel management;             /* "MSExchange Management"; asked where Exchange is installed */
    bool wants_files, has_directory;              /* by the config; it names their directory */
    enum doctor_answer may_read_files;            /* OFF: access is denied; UNREADABLE: not there too */
    char files[512];                              /* their directory */
};

struct doctor_answers {
    bool is_windows;
    uint64_t now;
    enum doctor_answer audits_processes;    /* audit policy, subcategory Process Creation, success */
    enum doctor_answer keeps_command_lines; /* ProcessCreationIncludeCmdLine_Enabled */
    enum doctor_answer has_sysmon;          /* its channel is registered */
    struct doctor_sysmon sysmon;
    enum doctor_answer may_log_on; /* the service's account, by "Log on as a service"; only administrators see that */
    enum doctor_answer is_member;  /* of Event Log Readers: NT SERVICE\Tripline; UNREADABLE too where it needs not be */
    enum doctor_answer has_group;  /* the agent's token has that group */
    char readers[128];             /* that group's name in this Windows' language */
    enum doctor_answer is_exchange; /* an Exchange server is installed */
    struct doctor_cmdlets cmdlets;
    uint64_t lookback_s; /* of the config; UINT64_MAX: all */
    struct doctor_channel channels[CONFIG_MAX_CHANNELS];
    size_t channel_count;
    uint64_t disk_free,
        disk_wanted; /* bytes at the state directory; free 0: not known. wanted: what the limits allow */
    struct doctor_output outputs[CONFIG_MAX_OUTPUTS];
    size_t output_count;
    struct doctor_path paths[3]; /* config file, state directory, program */
    size_t path_count;
    bool wants_etw, wants_etw_sysmon, wants_etw_security; /* by the config */
    json_t *token;  /* status_token() of the running agent, or else of this process; NULL: not to be had */
    bool is_agent;  /* it is the agent's */
    bool is_inside; /* it is the agent that asks, not a person: what only administrators may read is no fault */
};

/* BLIND: no state of this host can mend it; said so that nobody believes otherwise. */
enum doctor_level { DOCTOR_GOOD, DOCTOR_WARNING, DOCTOR_BAD, DOCTOR_BLIND };

#define DOCTOR_MAX_LINES 128

struct doctor_line {
    char id[96]; /* stable: "audit-policy", "channel:Security" ... */
    enum doctor_level level;
    char what[384];  /* a sentence without its full stop */
    char why[384];   /* why it matters; empty for what is good */
    char mend[1024]; /* the command that mends it, or empty */
};

struct doctor_report {
    struct doctor_line lines[DOCTOR_MAX_LINES];
    size_t count;
    unsigned good, warning, bad;
};

/* Fills answers (large: on the heap; doctor_answers_clear() when done) for config, whose file is at path. The network
 * is asked too, each output for at most its connect-timeout and timeout; cancel as in https_probe(). is_inside: the
 * agent asks, and what only administrators may know is told by evidence. */
void doctor_ask(struct doctor_answers *answers, const struct config *config, const char *path, bool is_inside,
                const atomic_bool *cancel);

void doctor_answers_clear(struct doctor_answers *answers);

void doctor_judge(struct doctor_report *report, const struct doctor_answers *answers);

/* At most 80 columns, commands excepted: those stay whole. */
void doctor_print(FILE *to, const struct doctor_report *report);

/* {"good", "warning", "bad", "checked", "lines": [...]}; NULL when memory is short. */
json_t *doctor_json(const struct doctor_report *report, uint64_t checked);

/* Static. */
const char *doctor_level_name(enum doctor_level level);

/* Its lines about Sysmon (doctor_sysmon.c). */
void doctor_judge_sysmon(struct doctor_report *report, const struct doctor_answers *answers);

/* Its lines about the service's rights: its account's and its group's (doctor_rights.c). */
void doctor_judge_rights(struct doctor_report *report, const struct doctor_answers *answers);

/* How Sysmon comes onto this host. Static. */
const char *doctor_sysmon_mend(const struct doctor_sysmon *sysmon);

/* For printf: the name of the group. */
#define DOCTOR_GROUP_MEND "net localgroup \"%s\" \"NT SERVICE\\Tripline\" /add && tripline stop && tripline start"

/* The line that says that what can't be read. */
void doctor_add_unreadable(struct doctor_report *report, const char *id, const char *object, const char *what);

/* Has the channel had a process creation within the last hour? On a Windows that runs some process begins each hour. */
bool doctor_is_recent(const struct doctor_answers *answers, const struct doctor_channel *channel);

/* Its lines about what shows a cmdlet (doctor_cmdlets.c). */
void doctor_judge_cmdlets(struct doctor_report *report, const struct doctor_answers *answers);

/* Its lines about ETW, where the config wants it (doctor_etw.c). */
void doctor_judge_etw(struct doctor_report *report, const struct doctor_answers *answers);
struct doctor_line *doctor_add(struct doctor_report *report, enum doctor_level level, const char *id,
                               const char *object);

/* The system's half (doctor_win.c, doctor_posix.c): all but outputs. */
void doctor_ask_system(struct doctor_answers *answers, const struct config *config);

/* The outputs (doctor_network.c). https_start_up() was called. */
void doctor_ask_outputs(struct doctor_answers *answers, const struct config *config, const atomic_bool *cancel);

#endif
