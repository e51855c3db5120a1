/* The rules in force: loaded at the start, looked at now and then, changed between two batches. */
#include "agent/run/run_internal.h"

#include "agent/log/messages.h"
#include "agent/rules/rule_paths.h"
#include "detect/rules/rule_builtin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The rules' directory is looked at this often, ms. */
#define LOOK_MS 1000u

/* Mistaken files named in the log at each load; beyond, they are counted. */
#define MAX_NAMED 20

/* directory: NULL: the built-in rules alone. */
static int load(struct rule_load **out, const struct run *r, const char *directory, struct fault *fault)
{
    const struct config *config = r->config;
    struct rule_load_choice *choices = calloc(config->rule_count + 1, sizeof(*choices));
    if (choices == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < config->rule_count; i++)
        choices[i] =
            (struct rule_load_choice){config->rules[i].id, config->rules[i].enabled, config->rules[i].severity};
    const struct rule_load_settings settings = {.directory = directory,
                                                .has_builtin = true,
                                                .is_builtin_off = !config->rules_builtin,
                                                .choices = choices,
                                                .choice_count = config->rule_count,
                                                .options = {.is_as_written = config->is_faithful},
                                                .before = r->rules};
    int rc = rule_load_new(out, &settings, fault);
    free(choices);
    return rc;
}

/* What the rules' directory looks like, before it is read: what changes meanwhile is seen later. */
static void stamp(struct run *r)
{
    r->rules_done = 0;
    if (r->config->rules_directory != NULL)
        (void)rule_paths_stamp(&r->rules_done, r->config->rules_directory); /* 0 then: any that can be read is new */
    r->rules_seen = r->rules_done;
}

static void say_mistakes(const struct run *r, const struct rule_load *rules)
{
    size_t named = 0;
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule_load_file *file = &rules->files[i];
        if (file->error == 0 && notes_ok(&file->notes))
            continue;
        if (named++ >= MAX_NAMED)
            continue;
        const char *kept = file->is_older ? "; its last good version stays in force" : "; it is not in force";
        if (file->error < 0)
            log_write(r->log, LOG_ERROR, MESSAGE_RULE_BAD, "%s can't be read: %s%s", file->path, strerror(-file->error),
                      kept);
        else if (file->notes.error_count > 0)
            log_write(r->log, LOG_ERROR, MESSAGE_RULE_BAD, "%s:%u:%u: %s: %s%s", file->path,
                      file->notes.errors[0].place.line, file->notes.errors[0].place.column, file->notes.errors[0].code,
                      file->notes.errors[0].message, kept);
    }
    if (named > MAX_NAMED)
        log_write(r->log, LOG_ERROR, MESSAGE_RULE_BAD,
                  "and %u more rule files with mistakes; tripline rules check names them",
                  (unsigned)(named - MAX_NAMED));
}

static unsigned count_builtin(const struct rule_set *set)
{
    unsigned count = 0;
    for (size_t i = 0; i < rule_set_count(set); i++)
        count += strcmp(rule_set_at(set, i)->source, RULE_BUILTIN_SOURCE) == 0;
    return count;
}

/* What is in force now. */
static void say(const struct run *r)
{
    unsigned builtin = count_builtin(r->rules->set);
    say_mistakes(r, r->rules);
    log_write(r->log, LOG_INFO, MESSAGE_RULES, "rules in force: files=%u rules=%u mistaken=%u built-in=%u set=%.16s",
              (unsigned)r->rules->files_read, (unsigned)rule_set_count(r->rules->set) - builtin,
              (unsigned)r->rules->mistaken, builtin, r->rules->hash);
}

enum run_problem run_rules_start(struct run *r)
{
    struct fault fault = {0};
    char text[512];
    stamp(r);
    int rc = load(&r->rules, r, r->config->rules_directory, &fault);
    if (rc < 0 && rc != -ENOMEM && r->config->rules_directory != NULL) {
        /* The built-in rules are better than nothing; the directory is looked at again. */
        log_write(r->log, LOG_ERROR, MESSAGE_RULES_KEPT,
                  "the rules can't be read, only the built-in ones are in force: %s",
                  fault_text(&fault, text, sizeof(text)));
        rc = load(&r->rules, r, NULL, &fault);
    }
    if (rc < 0)
        return RUN_NO_MEMORY;
    say(r);
    return RUN_GOOD;
}

void run_rules_stop(struct run *r)
{
    rule_load_free(r->rules);
    r->rules = NULL;
}

enum run_problem run_rules_change(struct run *r)
{
    struct fault fault = {0};
    struct rule_load *rules = NULL;
    char text[512];
    stamp(r);
    int rc = load(&rules, r, r->config->rules_directory, &fault);
    if (rc < 0) {
        log_write(r->log, LOG_ERROR, MESSAGE_RULES_KEPT, "the rules can't be read, what was in force stays: %s",
                  rc == -ENOMEM ? "no memory" : fault_text(&fault, text, sizeof(text)));
        return RUN_GOOD;
    }
    run_stop_sources(r); /* each begins after its last checkpoint again */
    run_rules_stop(r);
    r->rules = rules;
    enum run_problem problem = run_start_sources(r);
    say(r);
    return problem;
}

enum run_problem run_rules_tick(struct run *r)
{
    uint64_t now_ms = health_clock_ms(), seen = 0;
    if (r->config->rules_directory == NULL || now_ms - r->rules_looked_ms < LOOK_MS)
        return RUN_GOOD;
    r->rules_looked_ms = now_ms;
    if (rule_paths_stamp(&seen, r->config->rules_directory) < 0)
        return RUN_GOOD;                    /* an unreadable directory changes nothing */
    bool is_stable = seen == r->rules_seen; /* not one that is still being written */
    r->rules_seen = seen;
    if (!is_stable || seen == r->rules_done)
        return RUN_GOOD;
    return run_rules_change(r);
}
