/* May the agent use ETW? docs/etw.md has the table and its sources. */
#include "agent/doctor/doctor.h"

#include <string.h>

#define SYSTEM "S-1-5-18"
#define ADMINISTRATORS "S-1-5-32-544"
#define LOGGING_USERS "S-1-5-32-559" /* Performance Log Users */
#define PROFILE "SeSystemProfilePrivilege"

#define SYSTEM_MEND                                                                                                    \
    "sc config Tripline obj= LocalSystem && sc privs Tripline SeChangeNotifyPrivilege/" PROFILE                        \
    " && tripline stop && tripline start"

#define SAY(field, ...) (void)snprintf((field), sizeof(field), __VA_ARGS__) /* cut where longer */

/* A group ("SID NAME") or a privilege, switched on or off, but no group that only denies. */
static bool has(const json_t *token, const char *list, const char *word)
{
    const json_t *rights = json_object_get(token, list);
    size_t size = strlen(word);
    for (size_t i = 0; i < json_array_size(rights); i++) {
        const char *right = json_string_value(json_array_get(rights, i));
        if (strncmp(right, word, size) == 0 && (right[size] == '\0' || right[size] == ' ' || right[size] == '(') &&
            strstr(right, "(deny only)") == NULL)
            return true;
    }
    return false;
}

static void judge(struct doctor_report *r, const struct doctor_answers *a, const char *source, bool is_allowed,
                  const char *lacks)
{
    const char *account = json_string_value(json_object_get(a->token, "account"));
    struct doctor_line *line = doctor_add(r, is_allowed ? DOCTOR_GOOD : DOCTOR_BAD, "etw", source);
    if (is_allowed) {
        SAY(line->what, "%s may be read by %.200s", source, account);
        return;
    }
    SAY(line->what, "%s can't be read: %.200s lacks %s", source, account, lacks);
    SAY(line->why, "%s",
        a->is_agent ? "this source sees nothing; the Event Log goes on"
                    : "no agent runs, so this is said of who asks here; the service may have other rights");
    SAY(line->mend, "%s", a->is_agent ? SYSTEM_MEND : "tripline start");
}

void doctor_judge_etw(struct doctor_report *r, const struct doctor_answers *a)
{
    if (!a->wants_etw)
        return;
    if (!json_is_object(a->token)) {
        struct doctor_line *line = doctor_add(r, DOCTOR_WARNING, "etw", "");
        SAY(line->what, "which rights the agent has can't be read");
        SAY(line->why, "whether ETW may be read is not known");
        SAY(line->mend, "run \"tripline doctor\" from a console that was started as administrator");
        return;
    }
    const char *sid = json_string_value(json_object_get(a->token, "sid"));
    bool is_system = sid != NULL && strcmp(sid, SYSTEM) == 0;
    bool is_user = is_system || has(a->token, "groups", ADMINISTRATORS) || has(a->token, "groups", LOGGING_USERS);
    bool has_profile = has(a->token, "privileges", PROFILE);
    judge(r, a, "ETW kernel", is_user && has_profile,
          has_profile ? "membership in Performance Log Users" : "the privilege " PROFILE);
    if (a->wants_etw_sysmon)
        judge(r, a, "ETW Sysmon", is_user, "membership in Performance Log Users");
    if (a->wants_etw_security)
        judge(r, a, "ETW EventLog-Security", is_system, "LocalSystem's rights, which even administrators have not");
}
