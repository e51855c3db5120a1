/* The rules in force: loaded at the start, looked at now and then, changed between two batches. */
#include "agent/run/run_internal.h"

#include "agent/log/messages.h"
#include "agent/rules/rule_paths.h"
#include "detect/rule/matcher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The rules' directory is looked at this often, ms. */
#define LOOK_MS 1000u

/* Mistaken files named in the log at each load; beyond, they are counted. */
#define MAX_NAMED 20

/* Rules, with what matches them. */
struct made {
    struct rule_load *rules; /* NULL: no files */
    struct matcher *matcher;
};

static int load(struct rule_load **out, const struct run *r, const struct config *config, struct fault *fault)
{
    struct rule_load_choice *choices = calloc(config->rule_count + 1, sizeof(*choices));
    if (choices == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < config->rule_count; i++)
        choices[i] =
            (struct rule_load_choice){config->rules[i].id, config->rules[i].enabled, config->rules[i].severity};
    const struct rule_load_settings settings = {.directory = config->rules_directory,
                                                .choices = choices,
                                                .choice_count = config->rule_count,
                                                .options = {.is_as_written = config->is_faithful},
                                                .before = r->rules};
    int rc = rule_load_new(out, &settings, fault);
    free(choices);
    return rc;
}

/* Is the built-in rule switched off by its id? */
static bool is_builtin_off(const struct config *config, const struct rule *rule)
{
    for (size_t i = 0; i < config->rule_count; i++)
        if (text_equal_nocase(text_from(config->rules[i].id), text_from(rule->id)))
            return !config->rules[i].enabled;
    return !config->rules_builtin;
}

/* What the rules' directory looks like, before it is read: what changes meanwhile is seen later. */
static void stamp(struct run *r)
{
    r->rules_done = 0;
    if (r->config->rules_directory != NULL)
        (void)rule_paths_stamp(&r->rules_done, r->config->rules_directory); /* 0 then: any that can be read is new */
    r->rules_seen = r->rules_done;
}

static int make(struct made *out, const struct run *r, const struct config *config, struct fault *fault)
{
    struct made made = {NULL, NULL};
    size_t count = 0, used = 0;
    const struct rule *const *all = rules_all(&count);
    const struct rule **builtin = calloc(count + 1, sizeof(*builtin));
    int rc = builtin == NULL ? -ENOMEM : config->rules_directory == NULL ? 0 : load(&made.rules, r, config, fault);
    for (size_t i = 0; rc == 0 && i < count; i++)
        if (!is_builtin_off(config, all[i]) &&
            (made.rules == NULL || rule_set_find(made.rules->set, all[i]->id, NULL) == NULL))
            builtin[used++] = all[i]; /* a file with its id stands for it */
    if (rc == 0)
        rc = matcher_new_with(&made.matcher, builtin, used, made.rules == NULL ? NULL : made.rules->set);
    free(builtin); /* the matcher has its own list */
    if (rc < 0) {
        rule_load_free(made.rules);
        return rc;
    }
    *out = made;
    return 0;
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

/* What is in force now. */
static void say(const struct run *r)
{
    if (r->rules == NULL)
        return;
    say_mistakes(r, r->rules);
    log_write(r->log, LOG_INFO, MESSAGE_RULES, "rules in force: files=%u rules=%u mistaken=%u built-in=%u set=%.16s",
              (unsigned)r->rules->count, (unsigned)rule_set_count(r->rules->set), (unsigned)r->rules->mistaken,
              (unsigned)matcher_rule_count(r->matcher), r->rules->hash);
}

static void drop(struct run *r)
{
    matcher_free(r->matcher);
    rule_load_free(r->rules);
    r->matcher = NULL;
    r->rules = NULL;
}

enum run_problem run_rules_start(struct run *r)
{
    struct fault fault = {0};
    struct made made;
    char text[512];
    stamp(r);
    int rc = make(&made, r, r->config, &fault);
    if (rc < 0 && rc != -ENOMEM && r->config->rules_directory != NULL) {
        /* The built-in rules are better than nothing; the directory is looked at again. */
        log_write(r->log, LOG_ERROR, MESSAGE_RULES_KEPT,
                  "the rules can't be read, only the built-in ones are in force: %s",
                  fault_text(&fault, text, sizeof(text)));
        size_t count;
        const struct rule *const *all = rules_all(&count);
        made = (struct made){NULL, NULL};
        rc = matcher_new(&made.matcher, all, r->config->rules_builtin ? count : 0);
    }
    if (rc < 0)
        return RUN_NO_MEMORY;
    r->rules = made.rules;
    r->matcher = made.matcher;
    say(r);
    return RUN_GOOD;
}

void run_rules_stop(struct run *r)
{
    drop(r);
}

enum run_problem run_rules_change(struct run *r)
{
    struct fault fault = {0};
    struct made made;
    char text[512];
    stamp(r);
    int rc = make(&made, r, r->config, &fault);
    if (rc < 0) {
        log_write(r->log, LOG_ERROR, MESSAGE_RULES_KEPT, "the rules can't be read, what was in force stays: %s",
                  rc == -ENOMEM ? "no memory" : fault_text(&fault, text, sizeof(text)));
        return RUN_GOOD;
    }
    run_stop_sources(r); /* each begins after its last checkpoint again */
    drop(r);
    r->rules = made.rules;
    r->matcher = made.matcher;
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
