/*
 * Is Sysmon there, and does it run? Windows' own (an optional feature of Windows 11 and Server 2025) and Sysinternals'
 * have the same events and commands, but other names and ways to install.
 * learn.microsoft.com/windows/security/operating-system- security/sysmon;
 * learn.microsoft.com/sysinternals/downloads/sysmon (events 4 and 255).
 */
#include "agent/doctor/doctor.h"

#include <string.h>

#define SAY(field, ...) (void)snprintf((field), sizeof(field), __VA_ARGS__) /* cut where longer */

const char *doctor_sysmon_mend(const struct doctor_sysmon *s)
{
    if (s->has_program)
        return "sysmon.exe -accepteula -i CONFIG.xml";
    return s->is_offered ? "Dism /Online /Enable-Feature /FeatureName:Sysmon && sysmon.exe -accepteula -i CONFIG.xml"
                         : "sysmon64 -accepteula -i";
}

static void judge_absent(struct doctor_report *r, const struct doctor_answers *a)
{
    bool has_4688 = a->audits_processes == DOCTOR_ON && a->keeps_command_lines == DOCTOR_ON;
    for (size_t i = 0; i < a->channel_count && a->audits_processes == DOCTOR_UNREADABLE; i++)
        has_4688 |= strcmp(a->channels[i].name, "Security") == 0 && doctor_is_recent(a, &a->channels[i]) &&
                    a->channels[i].has_command_line == DOCTOR_ON;
    struct doctor_line *line = doctor_add(r, has_4688 ? DOCTOR_GOOD : DOCTOR_WARNING, "sysmon", "");
    if (has_4688) {
        SAY(line->what, "Sysmon is not installed; Security has what is needed");
        return;
    }
    SAY(line->what, a->sysmon.has_program ? "Windows' Sysmon is enabled and not set up" : "Sysmon is not installed");
    SAY(line->why, "it is a second witness of each process, and here the first one is not sure");
    SAY(line->mend, "%s", doctor_sysmon_mend(&a->sysmon));
}

/* The service is there and does not run; its driver may be loaded all the same. */
static void judge_stopped(struct doctor_report *r, const struct doctor_sysmon *s)
{
    bool is_broken = s->error_time != 0 && s->error_time >= s->state_time;
    struct doctor_line *line = doctor_add(r, DOCTOR_BAD, "sysmon", "");
    if (is_broken)
        SAY(line->what, "Sysmon's service %.31s does not run; its last word (event 255): %.200s", s->service, s->error);
    else
        SAY(line->what, "Sysmon's service %.31s does not run%s%.31s", s->service,
            s->state_time != 0 ? "; its last event 4 says: " : "", s->state);
    SAY(line->why, "%s",
        is_broken ? "a config that it can't read ends it soon after each start of Windows; nothing is seen "
                    "by it until then"
                  : "nothing is seen by it until it runs again");
    const char *program = s->is_native ? "sysmon.exe" : "sysmon64";
    if (is_broken)
        SAY(line->mend, "%s -c CONFIG.xml && net start %.31s", program, s->service);
    else
        SAY(line->mend, "net start %.31s", s->service);
}

void doctor_judge_sysmon(struct doctor_report *r, const struct doctor_answers *a)
{
    const struct doctor_sysmon *s = &a->sysmon;
    if (s->has_service == DOCTOR_ON && s->is_running == DOCTOR_OFF) {
        judge_stopped(r, s);
    } else if (s->has_service == DOCTOR_ON) {
        struct doctor_line *line = doctor_add(r, DOCTOR_GOOD, "sysmon", "");
        SAY(line->what, s->is_running == DOCTOR_ON ? "%s runs (service %.31s)" : "%s is installed (service %.31s)",
            s->is_native ? "Windows' own Sysmon" : "Sysmon", s->service);
    } else if (a->has_sysmon == DOCTOR_ON) { /* under a service's name that was chosen: its events tell */
        struct doctor_line *line = doctor_add(r, DOCTOR_GOOD, "sysmon", "");
        SAY(line->what, "Sysmon is installed");
    } else if (a->has_sysmon == DOCTOR_UNREADABLE) {
        doctor_add_unreadable(r, "sysmon", "", "whether Sysmon is installed");
    } else {
        judge_absent(r, a);
    }
}
