/*
 * event: one event, whichever log, file or session it came from.
 *
 * What all events have is the System part; what those of a kind have in common has a canonical field; everything that
 * the event itself brought is in its data. Everything is borrowed: an event is valid until the call that it was handed
 * to returns.
 * Sources of the raw fields: docs/rule-semantics.md, "Raw events".
 */
#ifndef DETECT_EVENT_EVENT_H
#define DETECT_EVENT_EVENT_H

#include "detect/base/text.h"
#include <stdbool.h>
#include <stdint.h>

/* What kind of record an event is: detect/event/kinds.h says which events of which logs are of a kind. */
enum event_kind {
    EVENT_SECURITY_4688,  /* Security-Auditing 4688, read from the Security channel of this host */
    EVENT_FORWARDED_4688, /* the same, read from any other channel (Windows Event Forwarding) */
    EVENT_SYSMON_1,       /* Microsoft-Windows-Sysmon event 1 */
    EVENT_ETW_PROCESS,    /* a kernel process event of ETW */
    EVENT_OTHER,          /* any other event: its System part and its own data are all that is known of it */
    EVENT_KIND_COUNT
};

/*
 * Canonical fields; in brackets the raw names of Security 4688 and of Sysmon 1. All are text as it stands in the log;
 * what is needed as a number stands in struct event too. The kernel's own process events have those with "ETW".
 */
enum event_field {
    EVENT_PROVIDER,             /* System/Provider/@Name */
    EVENT_CHANNEL,              /* System/Channel: where the event was written first */
    EVENT_COMPUTER,             /* System/Computer: where it happened */
    EVENT_VERSION,              /* System/Version, of the event's template */
    EVENT_LEVEL,                /* System/Level: "4" is information */
    EVENT_TASK,                 /* System/Task */
    EVENT_OPCODE,               /* System/Opcode */
    EVENT_KEYWORDS,             /* System/Keywords, "0x8020000000000000" */
    EVENT_ACTIVITY_ID,          /* System/Correlation/@ActivityID */
    EVENT_LOGGER_PID,           /* System/Execution/@ProcessID: of the process that wrote the event */
    EVENT_LOGGER_TID,           /* System/Execution/@ThreadID */
    EVENT_LOGGER_SID,           /* System/Security/@UserID: the account that wrote it */
    EVENT_COMMAND_LINE,         /* of the new process [CommandLine, CommandLine], ETW */
    EVENT_IMAGE,                /* full path of the new process [NewProcessName, Image], ETW */
    EVENT_PROCESS_GUID,         /* [-, ProcessGuid] */
    EVENT_PROCESS_ID_TEXT,      /* as pid [NewProcessId, ProcessId] */
    EVENT_CURRENT_DIRECTORY,    /* of the new process [-, CurrentDirectory] */
    EVENT_INTEGRITY,            /* Low, Medium, High, System [made of MandatoryLabel, IntegrityLevel] */
    EVENT_MANDATORY_LABEL,      /* the same as a SID, S-1-16-12288 [MandatoryLabel, -] */
    EVENT_TOKEN_ELEVATION_TYPE, /* %%1936 and others [TokenElevationType, -] */
    EVENT_TERMINAL_SESSION,     /* [-, TerminalSessionId] */
    EVENT_ORIGINAL_NAME,        /* of the image's version resource, as the next four [-, OriginalFileName] */
    EVENT_COMPANY,              /* [-, Company] */
    EVENT_PRODUCT,              /* [-, Product] */
    EVENT_DESCRIPTION,          /* [-, Description] */
    EVENT_FILE_VERSION,         /* [-, FileVersion] */
    EVENT_HASHES,               /* of the image, "SHA256=...,IMPHASH=..." [-, Hashes] */
    EVENT_SHA256,               /* the parts of EVENT_HASHES */
    EVENT_SHA1,
    EVENT_MD5,
    EVENT_IMPHASH,
    EVENT_USER,                   /* account of the new process, domain\name [-, User] */
    EVENT_SUBJECT_SID,            /* the creator's account [SubjectUserSid, -] */
    EVENT_SUBJECT_NAME,           /* [SubjectUserName, -] */
    EVENT_SUBJECT_DOMAIN,         /* [SubjectDomainName, -] */
    EVENT_TARGET_SID,             /* account of the new process, S-1-0-0 where it is the creator's [TargetUserSid, -] */
    EVENT_TARGET_NAME,            /* [TargetUserName, -] */
    EVENT_TARGET_DOMAIN,          /* [TargetDomainName, -] */
    EVENT_LOGON_ID,               /* of the creator's session [SubjectLogonId, LogonId] */
    EVENT_TARGET_LOGON_ID,        /* of the new process's session, 0x0 where it is the creator's [TargetLogonId, -] */
    EVENT_LOGON_GUID,             /* [-, LogonGuid] */
    EVENT_PARENT_IMAGE,           /* full path of the creator [ParentProcessName, ParentImage], ETW */
    EVENT_PARENT_COMMAND_LINE,    /* [-, ParentCommandLine], ETW */
    EVENT_PARENT_USER,            /* domain\name [-, ParentUser] */
    EVENT_PARENT_GUID,            /* [-, ParentProcessGuid] */
    EVENT_PARENT_PROCESS_ID_TEXT, /* as parent_pid [ProcessId, ParentProcessId] */
    EVENT_USER_SID,               /* account of the new process; ETW alone */
    EVENT_PARENT_USER_SID,        /* of the creator; ETW alone */
    EVENT_GRANDPARENT_IMAGE,      /* of the creator's creator; ETW alone */
    EVENT_GRANDPARENT_COMMAND_LINE, /* ETW alone */
    EVENT_CLAIMED_PARENT_IMAGE,     /* of the process claimed_parent_pid; ETW alone */
    EVENT_FIELD_COUNT
};

/* A value that the event itself brings: of EventData or UserData. */
struct event_datum {
    struct text name;  /* as the log writes it; absent: it has none (old providers), its place in the order counts */
    struct text value; /* never absent */
};

/* A text that the log splits over several events, put together (detect/powershell/powershell_blocks.h). */
struct event_joined {
    uint32_t parts, total; /* events that came, of how many; total 0: it is one event as the log has it */
    bool is_whole;         /* all came, and all of their text is there */
};

struct event {
    enum event_kind kind;
    uint32_t event_id;                    /* System/EventID; 0 for ETW */
    bool has_record_id;                   /* is record_id known? */
    uint64_t record_id;                   /* System/EventRecordID: the source log's own number */
    uint64_t time;                        /* when it happened: 100 ns since 1601-01-01 UTC (FILETIME); 0: not known */
    bool has_pid, has_parent_pid;         /* are pid and parent_pid known? */
    uint32_t pid, parent_pid;             /* of the new process and of its creator */
    uint64_t parent_time;                 /* when the creator began, as time; 0: not known */
    bool has_claimed_parent;              /* does the event name another parent than the process that created it? */
    uint32_t claimed_parent_pid;          /* which; anybody may set it (PROC_THREAD_ATTRIBUTE_PARENT_PROCESS) */
    bool is_from_values;                  /* the event could not be read whole: what fields it has came one by one */
    bool is_recovered;                    /* it was found in unused space of an .evtx file */
    struct event_joined joined;           /* of several events: the others' fields and data are the first one's */
    struct text field[EVENT_FIELD_COUNT]; /* absent where the event has no such field */
    const struct event_datum *data;       /* all of the event's own data, in its order; ETW: none */
    size_t data_count;
};

/* Is it the creation of a process? */
bool event_kind_is_process(enum event_kind kind);

/* The value of the first datum of that name, letter case counts; absent: there is none. */
struct text event_data(const struct event *event, struct text name);

/* Is a field's text other than what stands in the log, as it is made of another value there? */
bool event_field_is_made(enum event_field field);

/* The canonical name of a field, as ECS spells it where it has one ("process.command_line"); static. */
const char *event_field_name(enum event_field field);

/*
 * Reads an xs:dateTime with 0 to 9 fraction digits, or Sysmon's "2022-09-23 00:00:46.275", which is in UTC as one with
 * Z or " UTC" is; an offset ("+02:00") is taken off. Digits below 100 ns are dropped. Sets *time (as in struct event)
 * and returns true; false: not such a time, or a year outside 1601 to 9999.
 */
bool event_time_parse(uint64_t *time, struct text text);

/* Room that event_time_format needs: 2022-08-10T12:27:14.8726726Z and a NUL, rounded up. */
#define EVENT_TIME_SIZE 32

/* Writes time with seven fraction digits, as above. */
void event_time_format(char to[EVENT_TIME_SIZE], uint64_t time);

/* Reads the number of a process: decimal, or hexadecimal after 0x. False: not a number, or above 2^32-1. */
bool event_pid_parse(uint32_t *pid, struct text text);

/* This moment, by the system clock, as in struct event. */
uint64_t event_time_now(void);

#endif
