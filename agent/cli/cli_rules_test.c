#include "agent/cli/cli_rules_test.h"

#include "agent/rules/rule_test.h"
#include "agent/system/plain.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct show {
    bool is_json;
    int rc; /* -ENOMEM, or writing failed */
};

static void show_json(struct show *show, const struct rule_test_result *result)
{
    json_t *object = json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:I, s:I, s:b}", "rule", result->file->rule->id,
                               "file", result->file->path, "info", result->info, "test", result->name, "events",
                               result->events, "problem", result->problem, "wanted", (json_int_t)result->wanted,
                               "found", (json_int_t)result->found, "passed", result->is_passed);
    char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(object);
    if (text == NULL)
        show->rc = -1;
    else
        plain_printf(stdout, "%s\n", text);
    free(text);
}

static void show_result(void *context, const struct rule_test_result *result)
{
    struct show *show = context;
    if (show->is_json) {
        show_json(show, result);
        return;
    }
    plain_printf(stdout, "%s: %s", result->is_passed ? "passed" : "FAILED", result->file->path);
    if (result->name != NULL)
        plain_printf(stdout, ": \"%s\"", result->name);
    if (result->problem != NULL)
        plain_printf(stdout, ": %s: %s\n", result->events == NULL ? result->info : result->events, result->problem);
    else if (result->wanted < 0)
        plain_printf(stdout, ": %lu matches in %s\n", result->found, result->events);
    else
        plain_printf(stdout, ": %lu of %ld matches in %s\n", result->found, result->wanted, result->events);
}

int cli_rules_test(const char *const *paths, size_t count, bool is_json)
{
    struct rule_load *load = NULL;
    struct rule_test_counts counts;
    struct fault fault = {0};
    char text[512];
    struct show show = {.is_json = is_json};
    const struct rule_load_settings settings = {.paths = paths, .path_count = count};
    int rc = rule_load_new(&load, &settings, &fault);
    if (rc < 0) {
        plain_printf(stderr, "tripline rules test: %s\n",
                     fault.call != NULL ? fault_text(&fault, text, sizeof(text)) : strerror(-rc));
        return 1;
    }
    rc = rule_test_run(&counts, load, show_result, &show);
    if (rc < 0 || show.rc < 0)
        plain_printf(stderr, "tripline rules test: out of memory\n");
    plain_printf(stderr, "tripline rules test: %u rules, %u with tests; %u tests, %u failed", (unsigned)counts.rules,
                 (unsigned)counts.tested, (unsigned)counts.tests, (unsigned)counts.failed);
    if (load->mistaken > 0)
        plain_printf(stderr, "; %u files with mistakes (tripline rules check names them)", (unsigned)load->mistaken);
    plain_printf(stderr, "\n");
    bool is_good = rc == 0 && show.rc == 0 && counts.failed == 0 && counts.tests > 0 && load->mistaken == 0;
    rule_load_free(load);
    return is_good ? 0 : 1;
}
