#include "agent/doctor.h"

#include "agent/status_file.h"
#include "agent/status_text.h"
#include "detect/event.h"

#include <string.h>

#define WIDTH 79u

void doctor_ask(struct doctor_answers *answers, const struct config *config, const char *path,
                const atomic_bool *cancel)
{
    memset(answers, 0, sizeof(*answers));
    answers->now = event_time_now();
    answers->lookback_s = config->lookback_s;
    answers->disk_wanted = 2u * config->store_max_bytes + config->log_max_bytes * config->log_files; /* store_sql.h */
    doctor_ask_system(answers, config, path);
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
            fprintf(to, "\nWhat this host cannot see, whatever is set:\n");
            has_heading = true;
        }
        status_print_wrapped(to, marks[line->level], "           ", line->what, WIDTH);
        if (line->why[0] != '\0')
            status_print_wrapped(to, "           ", "           ", line->why, WIDTH);
        if (line->mend[0] != '\0')
            fprintf(to, "           > %s\n", line->mend); /* to be copied: in one piece */
    }
    fprintf(to, "\n%u good, %u warning%s, %u bad\n", report->good, report->warning, report->warning == 1 ? "" : "s",
            report->bad);
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
