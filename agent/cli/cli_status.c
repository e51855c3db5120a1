#include "agent/cli/cli.h"

#include "agent/config/config.h"
#include "agent/health/status_file.h"
#include "agent/health/status_text.h"
#include "agent/system/file.h"
#include "agent/system/plain.h"
#include "detect/event/event.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The agent may be replacing the file at this very moment: tried again this often. */
#define READ_TRIES 5

/* Where the agent of that config keeps its state. Of the usual config, if it has mistakes, the usual place: the agent
 * runs on with what was there before. One that was named must be good: else another agent would be shown. */
static int state_directory(char **out, const char *config_path)
{
    struct config *config = NULL;
    struct config_errors errors = {NULL, 0};
    char *standard = NULL;
    int rc = config_path == NULL ? file_default_config(&standard) : 0;
    if (rc == 0)
        rc = config_load(&config, config_path == NULL ? standard : config_path, &errors);
    if (rc == 0)
        rc = (*out = text_dup(text_from(config->state_directory))) == NULL ? -ENOMEM : 0;
    else if (config_path == NULL)
        rc = file_default_state(out);
    else
        config_errors_print(stderr, config_path, &errors);
    config_errors_free(&errors);
    config_free(config);
    free(standard);
    return rc;
}

static int read_status(json_t **out, const char *path)
{
    int rc = -EIO;
    for (int i = 0; i < READ_TRIES; i++) {
        rc = status_read(out, path);
        if (rc == 0 || rc == -ENOENT)
            break;
    }
    return rc;
}

static int print_json(json_t *document, const struct status_judgement *judgement)
{
    json_t *reasons = json_array();
    int rc = 0;
    for (size_t i = 0; i < judgement->count; i++)
        rc |= json_array_append_new(reasons, status_string(judgement->reasons[i]));
    rc |= json_object_set_new(document, "verdict", json_string(status_word(judgement->verdict)));
    rc |= json_object_set_new(document, "verdict_code", json_integer(judgement->verdict));
    rc |= json_object_set_new(document, "reasons", reasons);
    char *text = rc == 0 ? json_dumps(document, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;
    if (text == NULL) {
        plain_printf(stderr, "tripline status: out of memory\n");
        return STATUS_UNKNOWN;
    }
    plain_printf(stdout, "%s\n", text);
    free(text);
    return (int)judgement->verdict;
}

static int show(const char *path, bool as_json)
{
    json_t *document = NULL;
    struct status_judgement *judgement = calloc(1, sizeof(*judgement));
    int rc = judgement == NULL ? -ENOMEM : read_status(&document, path);
    if (rc < 0) {
        if (rc == -ENOENT)
            plain_printf(stderr, "tripline status: there is no %s: the agent has never run with this state directory\n",
                         path);
        else if (rc == -EBADMSG)
            plain_printf(stderr, "tripline status: %s is damaged, or of another version of this program\n", path);
        else
            plain_printf(stderr, "tripline status: %s can't be read: %s%s\n", path, strerror(-rc),
                         rc == -EACCES ? "; it is for administrators" : "");
        free(judgement);
        return STATUS_UNKNOWN;
    }
    uint64_t now = event_time_now();
    unsigned pid = (unsigned)json_integer_value(json_object_get(document, "pid"));
    uint64_t begin = (uint64_t)json_integer_value(json_object_get(document, "process_begin"));
    status_judge(judgement, document, now, process_is_alive(pid, begin));
    int code = (int)judgement->verdict;
    if (as_json)
        code = print_json(document, judgement);
    else
        status_print(stdout, document, judgement, now);
    json_decref(document);
    free(judgement);
    return code;
}

int cli_status(int argc, char **argv)
{
    const char *config = NULL;
    bool as_json = false;
    for (int i = 1; i < argc; i++) {
        int rc = cli_option(&config, argc, argv, &i, "--config");
        if (rc < 0)
            return cli_usage(argv[0], "--config wants a file", NULL);
        if (rc == 0 && strcmp(argv[i], "--json") != 0)
            return cli_usage(argv[0], "takes --json and --config F, not", argv[i]);
        as_json |= rc == 0;
    }
    char *directory = NULL, *path = NULL;
    int rc = state_directory(&directory, config);
    if (rc == 0)
        rc = file_join(&path, directory, STATUS_FILE_NAME);
    int code = STATUS_UNKNOWN;
    if (rc < 0)
        plain_printf(stderr, "tripline status: the state directory is not known: %s\n", strerror(-rc));
    else
        code = show(path, as_json);
    free(path);
    free(directory);
    return code;
}
