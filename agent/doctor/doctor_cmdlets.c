/*
 * What this host can show of the cmdlet itself: PowerShell's own logging and, on an Exchange server, its log and its
 * cmdlet files (docs/exchange.md). Without Exchange and without a policy that is no fault: it is said once.
 * Policies: learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_logging_windows.
 */
#include "agent/doctor/doctor.h"

#include <string.h>

#define SAY(field, ...) (void)snprintf((field), sizeof(field), __VA_ARGS__) /* cut where longer */

#define POLICY "HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell\\"
#define MANAGEMENT "MSExchange Management"

/* A log that covers less than this may be overwritten before an outage of the agent ends; in 100 ns. */
#define COVERED (24u * 3600u * UINT64_C(10000000))

static void judge_policy(struct doctor_report *r, enum doctor_answer answer, bool is_exchange, bool is_blocks)
{
    const char *id = is_blocks ? "script-blocks" : "module-log", *event = is_blocks ? "4104" : "4103";
    const char *name = is_blocks ? "script block logging" : "module logging";
    if (answer == DOCTOR_UNREADABLE) {
        doctor_add_unreadable(r, id, "",
                              is_blocks ? "the policy of script block logging" : "the policy of module logging");
        return;
    }
    struct doctor_line *line = doctor_add(r,
                                          answer == DOCTOR_ON ? DOCTOR_GOOD
                                          : is_exchange       ? DOCTOR_WARNING
                                                              : DOCTOR_BLIND,
                                          id, "");
    SAY(line->what, "PowerShell's %s (event %s) is switched %s", name, event, answer == DOCTOR_ON ? "on" : "off");
    if (answer == DOCTOR_ON)
        return;
    SAY(line->why, "%s",
        is_blocks ? "what a script or an open shell does is in no command line; rules for scripts see nothing"
                  : "parameters as PowerShell bound them, abbreviated or put together, stand there alone");
    if (is_blocks)
        SAY(line->mend, "reg add \"" POLICY "ScriptBlockLogging\" /v EnableScriptBlockLogging /t REG_DWORD /d 1 /f");
    else
        SAY(line->mend, "reg add \"" POLICY "ModuleLogging\" /v EnableModuleLogging /t REG_DWORD /d 1 /f && "
                        "reg add \"" POLICY "ModuleLogging\\ModuleNames\" /v * /t REG_SZ /d * /f");
}

/* How far back the log goes that Exchange writes each cmdlet into, health probes among them. */
static void judge_span(struct doctor_report *r, const struct doctor_answers *a)
{
    const struct doctor_channel *c = &a->cmdlets.management;
    uint64_t span = c->oldest_time != 0 && a->now > c->oldest_time ? a->now - c->oldest_time : 0;
    bool is_short = c->has_wrapped && span > 0 && span < COVERED;
    struct doctor_line *line = doctor_add(r, is_short ? DOCTOR_WARNING : DOCTOR_GOOD, "exchange-log", "");
    SAY(line->what, MANAGEMENT " can be read; it has %llu MB and goes %llu hours back",
        (unsigned long long)(c->max_bytes >> 20), (unsigned long long)(span / (3600u * UINT64_C(10000000))));
    if (!is_short)
        return;
    SAY(line->why, "what happens while the agent is down for longer is overwritten before it is read");
    SAY(line->mend, "wevtutil sl \"" MANAGEMENT "\" /ms:268435456");
}

static void judge_exchange_log(struct doctor_report *r, const struct doctor_answers *a)
{
    const struct doctor_channel *c = &a->cmdlets.management;
    struct doctor_line *line;
    if (c->is_there == DOCTOR_OFF) {
        line = doctor_add(r, DOCTOR_BAD, "exchange-log", "");
        SAY(line->what, "Exchange is installed, and its log " MANAGEMENT " is not there");
        SAY(line->why, "it is the one place where each cmdlet is written down, however it was run");
        SAY(line->mend, "Get-WinEvent -ListLog \"MSExchange*\"      shows which logs there are");
    } else if (c->may_read == DOCTOR_OFF) {
        line = doctor_add(r, DOCTOR_BAD, "exchange-log", "");
        SAY(line->what, MANAGEMENT " may not be read by this account");
        SAY(line->why, "it is the one place where each cmdlet is written down, however it was run");
        SAY(line->mend, DOCTOR_GROUP_MEND, a->readers[0] == '\0' ? "Event Log Readers" : a->readers);
    } else if (c->is_there == DOCTOR_UNREADABLE || c->may_read == DOCTOR_UNREADABLE) {
        doctor_add_unreadable(r, "exchange-log", "", MANAGEMENT);
    } else if (c->is_enabled == DOCTOR_OFF) {
        line = doctor_add(r, DOCTOR_BAD, "exchange-log", "");
        SAY(line->what, MANAGEMENT " is switched off");
        SAY(line->why, "Windows writes nothing into it");
        SAY(line->mend, "wevtutil sl \"" MANAGEMENT "\" /e:true");
    } else {
        judge_span(r, a);
    }
}

static void judge_files(struct doctor_report *r, const struct doctor_cmdlets *c)
{
    struct doctor_line *line;
    if (!c->wants_files) {
        line = doctor_add(r, DOCTOR_BLIND, "exchange-files", "");
        SAY(line->what, "the config switches Exchange's cmdlet files off: runs of the local snap-in are not seen");
    } else if (c->may_read_files == DOCTOR_ON) {
        line = doctor_add(r, DOCTOR_GOOD, "exchange-files", "");
        SAY(line->what, "Exchange's cmdlet files can be read: %.300s", c->files);
    } else {
        line = doctor_add(r, DOCTOR_WARNING, "exchange-files", "");
        SAY(line->what, "Exchange's cmdlet files %s: %.260s",
            c->may_read_files == DOCTOR_OFF ? "may not be read by this account"
                                            : "are not there, or can't be looked at",
            c->files);
        SAY(line->why, "a cmdlet that the local snap-in ran stands there, and by default nowhere else");
        SAY(line->mend, "icacls \"%.500s\" /grant \"NT SERVICE\\Tripline:(OI)(CI)(RX)\"", c->files);
    }
}

void doctor_judge_cmdlets(struct doctor_report *r, const struct doctor_answers *a)
{
    bool is_exchange = a->is_exchange == DOCTOR_ON;
    judge_policy(r, a->cmdlets.logs_blocks, is_exchange, true);
    judge_policy(r, a->cmdlets.logs_modules, is_exchange, false);
    if (is_exchange)
        judge_exchange_log(r, a);
    if (is_exchange || a->cmdlets.has_directory)
        judge_files(r, &a->cmdlets);
}
