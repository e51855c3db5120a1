#include "agent/doctor/doctor.h"

#include "agent/guard/token.h"
#include "agent/health/status_file.h"
#include "agent/health/status_text.h"
#include "agent/system/file.h"
#include "agent/system/plain.h"
#include "detect/event/event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 79u

/* As the service finds them, whoever asks. */
static void ask_path(struct doctor_answers *a, const char *path,
                     int (*check)(const char *, const struct state_guard_self *, char *))
{
    struct state_guard_self self;
    struct doctor_path *p = &a->paths[a->path_count++];
    state_guard_read_service(&self);
    (void)text_copy(p->path, sizeof(p->path), text_from(path)); /* cut where longer */
    int rc = check(path, &self, p->reason);
    p->is_safe = rc == 0 ? DOCTOR_ON : rc == -EPERM ? DOCTOR_OFF : DOCTOR_UNREADABLE;
}

static void ask_paths(struct doctor_answers *a, const struct config *config, const char *path)
{
    char *program = NULL;
    ask_path(a, path, state_guard_check_config_as);
    ask_path(a, config->state_directory, state_guard_check_state_as);
    if (file_program(&program) == 0)
        ask_path(a, program, state_guard_check_program_as);
    free(program);
}

/* The running agent tells it in its status; the agent itself, or where none runs, looks for itself. */
static void ask_token(struct doctor_answers *a, const struct config *config)
{
    char *path = NULL;
    json_t *status = NULL;
    struct token_facts *facts = NULL;
    struct fault fault = {0};
    if (file_join(&path, config->state_directory, STATUS_FILE_NAME) == 0 && status_read(&status, path) == 0) {
        unsigned pid = (unsigned)json_integer_value(json_object_get(status, "pid"));
        uint64_t begin = (uint64_t)json_integer_value(json_object_get(status, "process_begin"));
        a->is_agent = process_is_alive(pid, begin);
        if (a->is_agent && pid != process_pid())
            a->token = json_incref(json_object_get(status, "token"));
    }
    if (a->token == NULL && token_read(&facts, &fault) == 0)
        a->token = status_token(facts);
    token_free(facts);
    json_decref(status);
    free(path);
}

/* Does the agent's own token have the group by which it reads? Only where it is a member that it has to be. */
static void ask_group(struct doctor_answers *a)
{
    const json_t *groups = json_object_get(a->token, "groups");
    const char *sid = json_string_value(json_object_get(a->token, "sid"));
    if ((!a->is_agent && !a->is_inside) || a->readers[0] == '\0' || sid == NULL ||
        strcmp(sid, STATE_GUARD_SERVICE_SID) != 0)
        return;
    a->has_group = DOCTOR_OFF;
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const char *group = json_string_value(json_array_get(groups, i));
        if (group != NULL && strncmp(group, TOKEN_EVENT_LOG_READERS, strlen(TOKEN_EVENT_LOG_READERS)) == 0)
            a->has_group = DOCTOR_ON;
    }
}

void doctor_answers_clear(struct doctor_answers *answers)
{
    json_decref(answers->token);
    answers->token = NULL;
}

void doctor_ask(struct doctor_answers *answers, const struct config *config, const char *path, bool is_inside,
                const atomic_bool *cancel)
{
    memset(answers, 0, sizeof(*answers));
    answers->is_inside = is_inside;
    answers->now = event_time_now();
    answers->lookback_s = config->lookback_s;
    answers->disk_wanted = 2u * config->store_max_bytes + config->log_max_bytes * config->log_files; /* store_sql.h */
    answers->wants_etw = config->etw.enabled;
    answers->wants_etw_sysmon = config->etw.sysmon;
    answers->wants_etw_security = config->etw.security;
    doctor_ask_system(answers, config);
    ask_paths(answers, config, path);
    ask_token(answers, config);
    ask_group(answers);
    doctor_ask_outputs(answers, config, cancel);
}

const char *doctor_level_name(enum doctor_level level)
{
    static const char *const names[] = {
        [DOCTOR_GOOD] = "good", [DOCTOR_WARNING] = "warning", [DOCTOR_BAD] = "bad", [DOCTOR_BLIND] = "blind"};
    return names[level];
}

void doctor_print(FILE *to, const struct doctor_report *report)
{
    static const char *const marks[] = {[DOCTOR_GOOD] = "  good     ",
                                        [DOCTOR_WARNING] = "  WARNING  ",
                                        [DOCTOR_BAD] = "  BAD      ",
                                        [DOCTOR_BLIND] = "  -        "};
    bool has_heading = false;
    for (size_t i = 0; i < report->count; i++) {
        const struct doctor_line *line = &report->lines[i];
        if (line->level == DOCTOR_BLIND && !has_heading) {
            plain_printf(to, "\nWhat this host cannot see, whatever is set:\n");
            has_heading = true;
        }
        status_print_wrapped(to, marks[line->level], "           ", line->what, WIDTH);
        if (line->why[0] != '\0')
            status_print_wrapped(to, "           ", "           ", line->why, WIDTH);
        if (line->mend[0] != '\0')
            plain_printf(to, "           > %s\n", line->mend); /* to be copied: in one piece */
    }
    plain_printf(to, "\n%u good, %u warning%s, %u bad\n", report->good, report->warning,
                 report->warning == 1 ? "" : "s", report->bad);
}

json_t *doctor_json(const struct doctor_report *report, uint64_t checked)
{
    json_t *lines = json_array();
    int rc = 0;
    for (size_t i = 0; i < report->count; i++) {
        const struct doctor_line *line = &report->lines[i];
        rc |=
            json_array_append_new(lines, json_pack("{s:o, s:s, s:o, s:o, s:o}", "id", status_string(line->id), "level",
                                                   doctor_level_name(line->level), "what", status_string(line->what),
                                                   "why", status_string(line->why), "mend", status_string(line->mend)));
    }
    json_t *document =
        json_pack("{s:i, s:i, s:i, s:o, s:o}", "good", (int)report->good, "warning", (int)report->warning, "bad",
                  (int)report->bad, "checked", status_time(checked), "lines", lines);
    if (rc == 0)
        return document;
    json_decref(document);
    return NULL;
}
