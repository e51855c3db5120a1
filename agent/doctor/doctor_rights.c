/*
 * May the service's account do what it must: log on as a service, and read the Event Log by its group? Both are often
 * ruled by Group Policy, and take effect at the service's next start only. docs/security.md has the reasons.
 */
#include "agent/doctor/doctor.h"

#include <string.h>

#define SAY(field, ...) (void)snprintf((field), sizeof(field), __VA_ARGS__) /* cut where longer */

static void judge_logon(struct doctor_report *r, const struct doctor_answers *a)
{
    if (a->may_log_on == DOCTOR_UNREADABLE)
        return; /* only administrators see it; the service manager says so to whom it refuses */
    struct doctor_line *line =
        doctor_add(r, a->may_log_on == DOCTOR_ON ? DOCTOR_GOOD : DOCTOR_BAD, "service-logon", "");
    if (a->may_log_on == DOCTOR_ON) {
        SAY(line->what, "the service's account may log on as a service");
        return;
    }
    SAY(line->what, "NT SERVICE\\ALL SERVICES (S-1-5-80-0) is not among those who may log on as a service");
    SAY(line->why, "a policy rules it: at its next start the service ends with error 1069, and nothing is watched");
    SAY(line->mend, "secpol.msc or the GPO: Local Policies, User Rights Assignment, \"Log on as a service\": add NT "
                    "SERVICE\\ALL SERVICES; then gpupdate /force");
}

static void judge_group(struct doctor_report *r, const struct doctor_answers *a)
{
    const char *name = a->readers[0] == '\0' ? "Event Log Readers" : a->readers;
    struct doctor_line *line;
    if (a->has_group == DOCTOR_ON && a->is_member == DOCTOR_OFF) {
        line = doctor_add(r, DOCTOR_WARNING, "readers-group", "");
        SAY(line->what, "NT SERVICE\\Tripline is no member of %s any more", name);
        SAY(line->why,
            "the running agent keeps the right until its next start, and then can't read Security (does a Group "
            "Policy own that group?)");
        SAY(line->mend, DOCTOR_GROUP_MEND, name);
    } else if (a->has_group == DOCTOR_OFF) {
        line = doctor_add(r, DOCTOR_WARNING, "readers-group", "");
        SAY(line->what, "the agent runs without the group %s", name);
        SAY(line->why, a->is_member == DOCTOR_ON ? "it is a member since, which counts from its next start"
                                                 : "it can't read Security by it");
        SAY(line->mend, DOCTOR_GROUP_MEND, name);
    } else if (a->has_group == DOCTOR_ON) {
        line = doctor_add(r, DOCTOR_GOOD, "readers-group", "");
        SAY(line->what, "the agent reads the Event Log by the group %s", name);
    }
}

void doctor_judge_rights(struct doctor_report *r, const struct doctor_answers *a)
{
    judge_logon(r, a);
    judge_group(r, a);
}
