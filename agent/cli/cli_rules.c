#include "agent/cli/cli.h"

#include "agent/cli/cli_rules_test.h"
#include "agent/rules/rule_explain.h"
#include "agent/rules/rule_load.h"
#include "agent/rules/rule_report.h"
#include "agent/system/plain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME "tripline rules"

struct options {
    bool is_json;
    bool is_plain;         /* list: without the built-in rules */
    const char *directory; /* --rules */
    const char **paths;    /* of argv */
    size_t count;
};

/* Options and paths after the sub-verb. Returns 0 or CLI_USAGE. */
static int options_read(struct options *o, int argc, char **argv)
{
    bool only_files = false;
    for (int i = 2; i < argc; i++) {
        const char *value;
        int is_rules = only_files ? 0 : cli_option(&value, argc, argv, &i, "--rules");
        if (is_rules < 0)
            return cli_usage(argv[0], "--rules wants a directory of rule files", NULL);
        if (is_rules > 0)
            o->directory = value;
        else if (!only_files && strcmp(argv[i], "--json") == 0)
            o->is_json = true;
        else if (!only_files && strcmp(argv[i], "--") == 0)
            only_files = true;
        else if (!only_files && argv[i][0] == '-' && argv[i][1] != '\0')
            return cli_usage(argv[0], "knows no option", argv[i]);
        else
            o->paths[o->count++] = argv[i];
    }
    return 0;
}

static int load_rules(struct rule_load **load, const struct rule_load_settings *settings)
{
    char text[512];
    struct fault fault = {0};
    int rc = rule_load_new(load, settings, &fault);
    if (rc < 0)
        plain_printf(stderr, NAME ": %s\n",
                     fault.call != NULL ? fault_text(&fault, text, sizeof(text)) : strerror(-rc));
    return rc;
}

/* Prints object on one line and frees it. Returns 0 or -ENOMEM. */
static int print_json(json_t *object)
{
    char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(object);
    if (text == NULL) {
        plain_printf(stderr, NAME ": out of memory\n");
        return -ENOMEM;
    }
    plain_printf(stdout, "%s\n", text);
    free(text);
    return 0;
}

static int check(const struct options *o)
{
    struct rule_load *load = NULL;
    const struct rule_load_settings settings = {.paths = o->paths, .path_count = o->count};
    if (o->count == 0)
        return cli_usage("rules", "check wants one rule file or more, or directories of them", NULL);
    int rc = load_rules(&load, &settings);
    if (rc < 0)
        return 1;
    for (size_t i = 0; rc == 0 && i < load->count; i++) {
        if (o->is_json)
            rc = print_json(rule_report_json(load, &load->files[i]));
        else
            rule_report_text(stdout, load, &load->files[i]);
    }
    size_t mistaken = load->mistaken, count = load->count;
    rule_load_free(load);
    plain_printf(stderr, NAME " check: %u file%s, %u with mistakes\n", (unsigned)count, count == 1 ? "" : "s",
                 (unsigned)mistaken);
    if (count == 0)
        plain_printf(stderr, NAME " check: no rule file (*.yml, *.yaml) is there\n");
    return rc < 0 || mistaken > 0 || count == 0 ? 1 : 0;
}

static void print_rule(const struct rule_load_file *file)
{
    const struct rule *rule = file->rule;
    plain_printf(stdout, "%s %-10s %-13s %s%s%s%s\n", rule->id, rule->version, rule->severity, rule->name,
                 file->is_off ? " (off: " : "",
                 !file->is_off       ? ""
                 : rule->is_disabled ? "enabled: false"
                                     : rule->status,
                 file->is_off ? ")" : "");
    if (rule->author != NULL)
        plain_printf(stdout, "    by %s%s%s\n", rule->author, rule->license == NULL ? "" : ", ",
                     rule->license == NULL ? "" : rule->license);
    plain_printf(stdout, "    %s%s\n", file->path,
                 file->is_older ? " (an earlier version: the file has mistakes)" : "");
}

static int list(const struct options *o)
{
    struct rule_load *load = NULL;
    const struct rule_load_settings settings = {
        .directory = o->directory, .paths = o->paths, .path_count = o->count, .has_builtin = true};
    int rc = load_rules(&load, &settings);
    if (rc < 0)
        return 1;
    for (size_t i = 0; rc == 0 && i < load->count; i++) {
        if (load->files[i].is_replaced || (load->files[i].is_extra && notes_ok(&load->files[i].notes)))
            continue;
        if (load->files[i].rule == NULL)
            plain_printf(stderr, "%s: has mistakes: see tripline rules check\n", load->files[i].path);
        else if (o->is_json)
            rc = print_json(rule_report_rule(load, &load->files[i]));
        else
            print_rule(&load->files[i]);
    }
    plain_printf(stderr, NAME " list: %u rules, set %.16s\n", (unsigned)rule_set_count(load->set), load->hash);
    rule_load_free(load);
    return rc < 0 ? 1 : 0;
}

/* explain ID [EVENTFILE]: without --rules of the built-in rules. All events are looked at, so no candidates. */
static int explain(const struct options *o)
{
    struct rule_load *load = NULL;
    struct fault fault = {0};
    char text[512];
    unsigned long events = 0;
    if (o->count < 1 || o->count > 2)
        return cli_usage("rules", "explain wants the id of a rule, and maybe a file of events", NULL);
    const struct rule_load_settings settings = {.paths = &o->directory,
                                                .path_count = o->directory != NULL,
                                                .has_builtin = o->directory == NULL,
                                                .only = o->paths[0],
                                                .options = {.is_plain = true}};
    if (load_rules(&load, &settings) < 0)
        return 1;
    if (rule_set_count(load->set) == 0) {
        plain_printf(stderr, NAME " explain: no rule without mistakes has the id %s%s\n", o->paths[0],
                     o->directory == NULL ? "; --rules names a directory of rule files" : "");
        rule_load_free(load);
        return 1;
    }
    int rc = o->count == 1 ? rule_explain(stdout, load, 0)
                           : rule_explain_events(stdout, &events, load, 0, o->paths[1], &fault);
    if (rc < 0)
        plain_printf(stderr, NAME " explain: %s\n",
                     fault.call != NULL ? fault_text(&fault, text, sizeof(text)) : strerror(-rc));
    else if (o->count == 2)
        plain_printf(stderr, NAME " explain: %lu events of the kinds that the rule reads%s\n", events,
                     events > RULE_EXPLAIN_MAX_EVENTS ? "; the first are shown" : "");
    rule_load_free(load);
    return rc < 0 ? 1 : 0;
}

static int test(const struct options *o)
{
    if (o->count == 0)
        return cli_usage("rules", "test wants one rule file or more, or directories of them", NULL);
    return cli_rules_test(o->paths, o->count, o->is_json);
}

int cli_rules(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(const struct options *o);
    } verbs[] = {{"check", check}, {"list", list}, {"explain", explain}, {"test", test}};
    struct options o = {.paths = calloc((size_t)argc, sizeof(*o.paths))};
    if (o.paths == NULL) {
        plain_printf(stderr, NAME ": out of memory\n");
        return 1;
    }
    int code = argc < 2 ? cli_usage(argv[0], "wants check, list, explain or test", NULL) : options_read(&o, argc, argv);
    for (size_t i = 0; code == 0; i++) {
        if (i == sizeof(verbs) / sizeof(verbs[0])) {
            code = cli_usage(argv[0], "knows check, list, explain and test, not", argv[1]);
        } else if (strcmp(argv[1], verbs[i].name) == 0) {
            code = verbs[i].run(&o);
            break;
        }
    }
    free(o.paths);
    return code;
}
