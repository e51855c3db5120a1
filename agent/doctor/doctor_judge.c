/* What the answers mean. Each check says one thing; what can't be read is a warning, never good. */
#include "agent/doctor/doctor.h"

#include <stdarg.h>
#include <string.h>

#define TICKS_PER_SECOND 10000000u /* of event times */

/* A clock that is wrong by more makes alerts hard to set beside other logs; by far more, certificates fail. */
#define CLOCK_WARNING_S 30
#define CLOCK_BAD_S 300

#define EXPIRY_WARNING_DAYS 21

/* Smallest Security log that is not remarked upon, bytes: with process auditing 20 MB, Windows' default, last an hour
 * on a busy server. */
#define SMALL_LOG (64u * 1024u * 1024u)

#define AUDIT_MEND "auditpol /set /subcategory:{0CCE922B-69AE-11D9-BED3-505054503030} /success:enable"
#define COMMAND_LINE_MEND                                                                                              \
    "reg add HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Policies\\System\\Audit /v "                          \
    "ProcessCreationIncludeCmdLine_Enabled /t REG_DWORD /d 1 /f"
#define ADMIN_MEND "run \"tripline doctor\" from a console that was started as administrator"

struct doctor_line *doctor_add(struct doctor_report *r, enum doctor_level level, const char *id, const char *object)
{
    static struct doctor_line spare; /* more lines than there is room for: written over, but counted */
    struct doctor_line *line = r->count < DOCTOR_MAX_LINES ? &r->lines[r->count++] : &spare;
    *line = (struct doctor_line){.level = level};
    (void)snprintf(line->id, sizeof(line->id), "%s%s%.80s", id, *object == '\0' ? "" : ":", object);
    r->good += level == DOCTOR_GOOD;
    r->warning += level == DOCTOR_WARNING;
    r->bad += level == DOCTOR_BAD;
    return line;
}

#define SAY(field, ...) (void)snprintf((field), sizeof(field), __VA_ARGS__) /* cut where longer */

void doctor_add_unreadable(struct doctor_report *r, const char *id, const char *object, const char *what)
{
    struct doctor_line *line = doctor_add(r, DOCTOR_WARNING, id, object);
    SAY(line->what, "%s can't be read", what);
    SAY(line->why, "whether this host sees the attack is not known");
    SAY(line->mend, ADMIN_MEND);
}

/* How old an event may be that shows that its kind is still written. */
#define RECENT_S 3600u

static unsigned age_minutes(const struct doctor_answers *a, uint64_t time)
{
    return time > a->now ? 0 : (unsigned)((a->now - time) / TICKS_PER_SECOND / 60);
}

bool doctor_is_recent(const struct doctor_answers *a, const struct doctor_channel *c)
{
    return c->has_process_event == DOCTOR_ON && c->newest_time != 0 &&
           (c->newest_time > a->now || a->now - c->newest_time < RECENT_S * (uint64_t)TICKS_PER_SECOND);
}

static bool has_sysmon_events(const struct doctor_answers *a)
{
    for (size_t i = 0; i < a->channel_count; i++)
        if (strstr(a->channels[i].name, "Sysmon") != NULL && a->channels[i].has_process_event == DOCTOR_ON)
            return true;
    return false;
}

static const struct doctor_channel *find_channel(const struct doctor_answers *a, const char *name)
{
    for (size_t i = 0; i < a->channel_count; i++)
        if (strcmp(a->channels[i].name, name) == 0)
            return &a->channels[i];
    return NULL;
}

/*
 * The agent may not ask for the audit policy (SeSecurityPrivilege, which it does not have; learn.microsoft.com:
 * AuditQuerySystemPolicy), but it sees what the policy does: are there new events?
 */
static void judge_policy_by_evidence(struct doctor_report *r, const struct doctor_answers *a, enum doctor_level lacking)
{
    const struct doctor_channel *c = find_channel(a, "Security");
    struct doctor_line *line;
    if (c == NULL || c->may_read != DOCTOR_ON || c->has_process_event == DOCTOR_UNREADABLE)
        return; /* of Security nothing is known: its own line says why */
    if (doctor_is_recent(a, c)) {
        line = doctor_add(r, DOCTOR_GOOD, "audit-policy", "");
        SAY(line->what, "process creation is audited: the newest event 4688 is %u minutes old",
            age_minutes(a, c->newest_time));
        return;
    }
    const struct doctor_channel *sysmon = find_channel(a, "Microsoft-Windows-Sysmon/Operational");
    bool is_sure = sysmon != NULL && doctor_is_recent(a, sysmon);
    line = doctor_add(r, is_sure ? lacking : DOCTOR_WARNING, "audit-policy", "");
    if (c->has_process_event == DOCTOR_OFF)
        SAY(line->what, "Security holds no event 4688%s", is_sure ? ", though Sysmon saw processes begin" : "");
    else
        SAY(line->what, "Security has had no event 4688 for %u minutes%s", age_minutes(a, c->newest_time),
            is_sure ? ", though Sysmon saw processes begin" : "");
    SAY(line->why, "the audit policy seems to have been switched off; without it the Security log shows no process");
    SAY(line->mend, AUDIT_MEND);
}

static void judge_policy(struct doctor_report *r, const struct doctor_answers *a)
{
    /* With Sysmon watching, what Windows' own log lacks is worth a warning only. */
    enum doctor_level lacking = has_sysmon_events(a) ? DOCTOR_WARNING : DOCTOR_BAD;
    struct doctor_line *line;
    if (a->audits_processes == DOCTOR_UNREADABLE && a->is_inside) {
        judge_policy_by_evidence(r, a, lacking);
    } else if (a->audits_processes == DOCTOR_UNREADABLE) {
        doctor_add_unreadable(r, "audit-policy", "", "the audit policy");
    } else if (a->audits_processes == DOCTOR_OFF) {
        line = doctor_add(r, lacking, "audit-policy", "");
        SAY(line->what, "process creation is not audited: Security has no event 4688");
        SAY(line->why, "without it the Security log shows no process at all");
        SAY(line->mend, AUDIT_MEND);
    } else {
        line = doctor_add(r, DOCTOR_GOOD, "audit-policy", "");
        SAY(line->what, "process creation is audited (event 4688)");
    }
}

static void judge_command_lines(struct doctor_report *r, const struct doctor_answers *a)
{
    enum doctor_level lacking = has_sysmon_events(a) ? DOCTOR_WARNING : DOCTOR_BAD;
    struct doctor_line *line;
    if (a->keeps_command_lines == DOCTOR_UNREADABLE) {
        doctor_add_unreadable(r, "command-lines", "", "ProcessCreationIncludeCmdLine_Enabled");
    } else if (a->keeps_command_lines == DOCTOR_OFF) {
        line = doctor_add(r, lacking, "command-lines", "");
        SAY(line->what, "event 4688 has no command line (ProcessCreationIncludeCmdLine_Enabled is off, as by default)");
        SAY(line->why, "the rule looks at command lines: without them 4688 shows the attack to nobody");
        SAY(line->mend, COMMAND_LINE_MEND);
    } else {
        line = doctor_add(r, DOCTOR_GOOD, "command-lines", "");
        SAY(line->what, "event 4688 has the command line");
    }
}

static void judge_events(struct doctor_report *r, const struct doctor_answers *a, const struct doctor_channel *c)
{
    const char *program = a->sysmon.is_native ? "sysmon" : "sysmon64";
    bool is_sysmon = strstr(c->name, "Sysmon") != NULL;
    if (c->has_process_event == DOCTOR_OFF) {
        struct doctor_line *line = doctor_add(r, is_sysmon ? DOCTOR_BAD : DOCTOR_WARNING, "events", c->name);
        SAY(line->what, "%s holds no process creation (event %s)", c->name, is_sysmon ? "1" : "4688");
        if (is_sysmon) {
            SAY(line->why, "Sysmon's config leaves event 1 out, so it sees no process for us");
            SAY(line->mend, "%s -c CONFIG.xml      with <ProcessCreate onmatch=\"exclude\"/> in CONFIG.xml", program);
        } else {
            SAY(line->why, "it should have one soon after the audit policy was switched on");
            SAY(line->mend, AUDIT_MEND);
        }
    } else if (c->has_process_event == DOCTOR_ON && c->has_command_line == DOCTOR_OFF) {
        struct doctor_line *line = doctor_add(r, DOCTOR_WARNING, "events", c->name);
        SAY(line->what, "the newest process creation in %s has no command line", c->name);
        SAY(line->why, "the rule looks at command lines; a few system processes have none");
        SAY(line->mend, "%s%s", is_sysmon ? program : COMMAND_LINE_MEND, is_sysmon ? " -c" : "");
    }
}

static void judge_retention(struct doctor_report *r, const struct doctor_answers *a, const struct doctor_channel *c)
{
    struct doctor_line *line;
    unsigned long long megabytes = c->max_bytes / (1024u * 1024u);
    if (c->keeps_old == DOCTOR_ON) {
        line = doctor_add(r, DOCTOR_BAD, "retention", c->name);
        SAY(line->what, "%s takes no new records when it is full (retention is on)", c->name);
        SAY(line->why, "from then on Windows records nothing, and there is nothing to see");
        SAY(line->mend, "wevtutil sl \"%s\" /rt:false", c->name);
    }
    uint64_t span_s = c->oldest_time == 0 || c->oldest_time > a->now ? 0 : (a->now - c->oldest_time) / TICKS_PER_SECOND;
    if (c->has_wrapped && span_s > 0 && a->lookback_s != UINT64_MAX && span_s < a->lookback_s) {
        line = doctor_add(r, DOCTOR_WARNING, "log-size", c->name);
        SAY(line->what, "%s goes back %.1f hours only; the lookback is %.1f", c->name, (double)span_s / 3600,
            (double)a->lookback_s / 3600);
        SAY(line->why, "after a longer outage of the agent events are overwritten unread");
        SAY(line->mend, "wevtutil sl \"%s\" /ms:%llu", c->name,
            (unsigned long long)(2u * 1024u * 1024u) * (megabytes + 1));
    } else if (c->max_bytes > 0 && c->max_bytes < SMALL_LOG && strcmp(c->name, "Security") == 0) {
        line = doctor_add(r, DOCTOR_WARNING, "log-size", c->name);
        SAY(line->what, "%s holds %llu MB at most", c->name, megabytes);
        SAY(line->why,
            "with process auditing that may be an hour on a busy server; it is the buffer when the agent or its "
            "outputs stand");
        SAY(line->mend, "wevtutil sl \"%s\" /ms:%u", c->name, 4u * SMALL_LOG);
    }
}

static void judge_channel(struct doctor_report *r, const struct doctor_answers *a, const struct doctor_channel *c)
{
    struct doctor_line *line;
    if (c->is_there == DOCTOR_OFF) {
        line = doctor_add(r, DOCTOR_WARNING, "channel", c->name);
        SAY(line->what, "%s is not there", c->name);
        SAY(line->why, "what it would hold is not seen; the agent looks again each minute");
        SAY(line->mend, "%s",
            strstr(c->name, "Sysmon") != NULL ? doctor_sysmon_mend(&a->sysmon)
                                              : "wevtutil el      lists the channels that there are");
        return;
    }
    if (c->may_read == DOCTOR_OFF) {
        line = doctor_add(r, DOCTOR_BAD, "channel", c->name);
        SAY(line->what, "%s may not be read by this account", c->name);
        SAY(line->why, "nothing in it is seen");
        SAY(line->mend, DOCTOR_GROUP_MEND, a->readers[0] == '\0' ? "Event Log Readers" : a->readers);
        return;
    }
    if (c->is_there == DOCTOR_UNREADABLE || c->may_read == DOCTOR_UNREADABLE) {
        doctor_add_unreadable(r, "channel", c->name, c->name);
        return;
    }
    if (c->is_enabled == DOCTOR_OFF) {
        line = doctor_add(r, DOCTOR_BAD, "channel", c->name);
        SAY(line->what, "%s is switched off", c->name);
        SAY(line->why, "Windows writes nothing into it");
        SAY(line->mend, "wevtutil sl \"%s\" /e:true", c->name);
    } else {
        line = doctor_add(r, DOCTOR_GOOD, "channel", c->name);
        SAY(line->what, "%s can be read", c->name);
    }
    judge_events(r, a, c);
    judge_retention(r, a, c);
}

static void judge_clock(struct doctor_report *r, const struct doctor_output *o)
{
    long off = o->facts.clock_s, size = off < 0 ? -off : off;
    if (!o->facts.has_clock || size < CLOCK_WARNING_S) {
        struct doctor_line *line = doctor_add(r, DOCTOR_GOOD, "clock", o->name);
        SAY(line->what,
            o->facts.has_clock ? "the clock agrees with output %s" : "output %s says no time to compare with", o->name);
        return;
    }
    struct doctor_line *line = doctor_add(r, size < CLOCK_BAD_S ? DOCTOR_WARNING : DOCTOR_BAD, "clock", o->name);
    SAY(line->what, "this host's clock is %ld s %s output %s's", size, off > 0 ? "behind" : "ahead of", o->name);
    SAY(line->why, "times of alerts are wrong, and certificates may be refused");
    SAY(line->mend, "w32tm /resync");
}

static void judge_output(struct doctor_report *r, const struct doctor_output *o)
{
    struct doctor_line *line;
    if (!o->is_reachable) {
        line = doctor_add(r, DOCTOR_BAD, "output", o->name);
        SAY(line->what, "output %s can't be reached: %s", o->name, o->trouble);
        SAY(line->why, "alerts wait on this host's disk meanwhile; nobody sees them");
        SAY(line->mend, "curl.exe -v -I URL      shows where it ends: name, connection, TLS");
        return;
    }
    bool is_known = o->facts.status != 401 && o->facts.status != 403;
    line = doctor_add(r, is_known ? DOCTOR_GOOD : DOCTOR_WARNING, "output", o->name);
    SAY(line->what, "output %s answers (HTTP %ld to HEAD, %s, %s, %u ms)", o->name, o->facts.status, o->facts.tls,
        o->facts.cipher, o->facts.took_ms);
    if (!is_known) {
        SAY(line->why, "it does not know us, or does not say so to a HEAD request");
        SAY(line->mend, "tripline selftest      shows whether it takes alerts");
    }
    if (o->facts.has_expiry && o->facts.expiry_days < EXPIRY_WARNING_DAYS) {
        line = doctor_add(r, DOCTOR_WARNING, "certificate", o->name);
        SAY(line->what, "the certificate of output %s ends in %ld days", o->name, o->facts.expiry_days);
        SAY(line->why, "from then on no alert is delivered");
        SAY(line->mend, "curl.exe -v -I URL      shows it; whoever keeps that server renews it");
    }
    judge_clock(r, o);
}

/* The agent's own judgement of its config or state, which it starts with too. */
static void judge_path(struct doctor_report *r, const struct doctor_path *p, const char *id)
{
    const char *mend = strstr(p->reason, STATE_GUARD_MEND);
    struct doctor_line *line;
    if (p->is_safe == DOCTOR_ON) {
        line = doctor_add(r, DOCTOR_GOOD, id, "");
        SAY(line->what, "%.300s can be changed by administrators only", p->path);
        return;
    }
    if (p->is_safe == DOCTOR_UNREADABLE) {
        line = doctor_add(r, DOCTOR_WARNING, id, "");
        SAY(line->what, "who may change the agent's files can't be read: %.300s", p->reason);
        SAY(line->why, "whether others could switch the watch off is not known");
        SAY(line->mend, ADMIN_MEND);
        return;
    }
    int size = mend == NULL ? (int)strlen(p->reason) : (int)(mend - p->reason);
    line = doctor_add(r, DOCTOR_BAD, id, "");
    SAY(line->what, "%.*s", size, p->reason);
    SAY(line->why, "%s",
        strcmp(id, "program-acl") == 0
            ? "who can change it has his own code run as the service's account at its next start"
            : "who can change it can switch the watch off, or send the alerts elsewhere: the service does not start");
    SAY(line->mend, "%s",
        mend == NULL ? "tripline install      with CONFIG_FILE=PATH, after the service is uninstalled"
                     : mend + strlen(STATE_GUARD_MEND));
}

static void judge_host(struct doctor_report *r, const struct doctor_answers *a)
{
    struct doctor_line *line;
    if (a->disk_free == 0) {
        line = doctor_add(r, DOCTOR_WARNING, "disk", "");
        SAY(line->what, "the room on the state directory's disk can't be read");
        SAY(line->why, "a full disk stops the outbox, and with it reading");
        SAY(line->mend, ADMIN_MEND);
    } else if (a->disk_free < a->disk_wanted) {
        line = doctor_add(r, DOCTOR_WARNING, "disk", "");
        SAY(line->what, "the state directory's disk has %llu MB left; outbox and logs may grow to %llu MB",
            (unsigned long long)(a->disk_free >> 20), (unsigned long long)(a->disk_wanted >> 20));
        SAY(line->why, "a full disk stops the outbox, and with it reading");
        SAY(line->mend, "set max-megabytes of <state> and <log> lower, or move the state directory");
    } else {
        line = doctor_add(r, DOCTOR_GOOD, "disk", "");
        SAY(line->what, "the disk has room (%llu MB free)", (unsigned long long)(a->disk_free >> 20));
    }
    for (size_t i = 0; i < a->path_count; i++)
        judge_path(r, &a->paths[i], i == 0 ? "config-acl" : i == 1 ? "state-acl" : "program-acl");
}

/* What no setting of this host can make visible. */
static void say_blind(struct doctor_report *r, const struct doctor_answers *a)
{
    struct doctor_line *line = doctor_add(r, DOCTOR_BLIND, "open-shell", "");
    SAY(line->what, "a Set-CASMailbox typed into an Exchange shell that is open already creates no process%s",
        a->is_exchange == DOCTOR_ON ? " (this host is an Exchange server)" : "");
    SAY(line->why,
        "so do remote PowerShell and the web console: the log \"MSExchange Management\" of the Mailbox server "
        "shows those, where the agent runs there");
    line = doctor_add(r, DOCTOR_BLIND, "encoded", "");
    SAY(line->what,
        "a command line that hides its words (powershell -EncodedCommand, a script file) does not hold them");
    SAY(line->why,
        "Microsoft's rule looks for words in command lines; rules tl-eas-05 (base64) and 03 (PowerShell's event 4104) "
        "see those");
    line = doctor_add(r, DOCTOR_BLIND, "other-hosts", "");
    SAY(line->what, "other hosts are seen only where their events are forwarded to this one, or the agent runs there");
}

void doctor_judge(struct doctor_report *r, const struct doctor_answers *a)
{
    memset(r, 0, sizeof(*r));
    if (a->is_windows) {
        judge_policy(r, a);
        judge_command_lines(r, a);
        doctor_judge_sysmon(r, a);
        doctor_judge_rights(r, a);
        for (size_t i = 0; i < a->channel_count; i++)
            judge_channel(r, a, &a->channels[i]);
        doctor_judge_etw(r, a);
        doctor_judge_cmdlets(r, a);
    } else {
        struct doctor_line *line = doctor_add(r, DOCTOR_BAD, "system", "");
        SAY(line->what, "this system has no Windows Event Log: nothing is watched here");
        SAY(line->why, "on other systems the program reads exported logs only");
        SAY(line->mend, "tripline scan FILE...");
    }
    for (size_t i = 0; i < a->output_count; i++)
        judge_output(r, &a->outputs[i]);
    judge_host(r, a);
    say_blind(r, a);
}
