#include "agent/cli/cli.h"

#include "agent/doctor/doctor.h"
#include "agent/system/file.h"
#include "agent/system/plain.h"
#include "detect/event/event.h"
#include "transport/https/https.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print(const struct doctor_report *report, uint64_t now, bool as_json)
{
    if (!as_json) {
        doctor_print(stdout, report);
        return report->bad > 0 ? 1 : 0;
    }
    json_t *document = doctor_json(report, now);
    char *text = document == NULL ? NULL : json_dumps(document, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    json_decref(document);
    if (text == NULL) {
        plain_printf(stderr, "tripline doctor: out of memory\n");
        return 1;
    }
    plain_printf(stdout, "%s\n", text);
    free(text);
    return report->bad > 0 ? 1 : 0;
}

static int examine(const char *path, bool as_json)
{
    struct config *config = NULL;
    struct config_errors errors = {NULL, 0};
    int code = 1, rc = config_load(&config, path, &errors);
    if (rc < 0) {
        config_errors_print(stderr, path, &errors);
        if (errors.count == 0)
            plain_printf(stderr, "%s: %s\n", path, strerror(-rc));
    }
    config_errors_free(&errors);
    struct doctor_answers *answers = calloc(1, sizeof(*answers));
    struct doctor_report *report = calloc(1, sizeof(*report));
    if (rc == 0 && (answers == NULL || report == NULL || https_start_up() < 0)) {
        plain_printf(stderr, "tripline doctor: out of memory\n");
    } else if (rc == 0) {
        doctor_ask(answers, config, path, false, NULL);
        doctor_judge(report, answers);
        code = print(report, answers->now, as_json);
        https_clean_up();
    }
    free(report);
    if (answers != NULL)
        doctor_answers_clear(answers);
    free(answers);
    config_free(config);
    return code;
}

int cli_doctor(int argc, char **argv)
{
    const char *config = NULL;
    char *standard = NULL;
    bool as_json = false;
    for (int i = 1; i < argc; i++) {
        int rc = cli_option(&config, argc, argv, &i, "--config");
        if (rc < 0)
            return cli_usage(argv[0], "--config wants a file", NULL);
        if (rc == 0 && strcmp(argv[i], "--json") != 0)
            return cli_usage(argv[0], "takes --json and --config F, not", argv[i]);
        as_json |= rc == 0;
    }
    int rc = config == NULL ? file_default_config(&standard) : 0;
    if (rc < 0) {
        plain_printf(stderr, "tripline doctor: the usual place of the config is not known: %s\n", strerror(-rc));
        return 1;
    }
    int code = examine(config == NULL ? standard : config, as_json);
    free(standard);
    return code;
}
