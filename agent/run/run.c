#include "agent/run/run_internal.h"

#include "agent/log/event_report.h"
#include "agent/log/messages.h"
#include "agent/run/run_guard.h"
#include "agent/run/selftest.h"
#include "agent/system/file.h"
#include "agent/system/plain.h"
#include "agent/system/version.h"
#include "transport/https/https.h"
#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One line in the log and one word for the exit code. */
static enum run_problem fail(struct run *r, enum run_problem problem, const char *what, const struct fault *fault)
{
    char text[512];
    log_write(r->log, LOG_ERROR, MESSAGE_START_FAILED, "not started: %s: %s", what,
              fault_text(fault, text, sizeof(text)));
    return problem;
}

/* What is wrong before there is a log, or with the place that it would lie in. */
static enum run_problem refuse(struct run *r, enum run_problem problem, const char *reason)
{
    if (r->set.foreground)
        plain_printf(stderr, "tripline: T%d not started: %s\n", MESSAGE_UNSAFE, reason);
    if (r->set.say != NULL)
        r->set.say(r->set.context, MESSAGE_UNSAFE, reason);
    return problem;
}

/* A service has no stderr: where even the config can't be read, the default place of the log is all there is. */
static void report_config(struct run *r, const struct config_errors *errors)
{
    char *directory = NULL, *path = NULL, reason[STATE_GUARD_MAX_REASON];
    if (file_default_state(&directory) != 0 || file_make_directory(directory) != 0 ||
        state_guard_check(directory, STATE_GUARD_STATE, r->set.foreground, reason) != 0 ||
        file_join(&path, directory, "tripline.log") != 0)
        path = NULL;
    if (log_open(&r->log, r->set.foreground ? NULL : path, 10u << 20, 5, LOG_INFO, r->set.foreground) < 0)
        r->log = NULL; /* then nobody can be told; the exit code says it */
    for (size_t i = 0; i < errors->count; i++)
        log_write(r->log, LOG_ERROR, MESSAGE_CONFIG_BAD, "%s:%lu:%lu: %s", r->config_path, errors->list[i].line,
                  errors->list[i].column, errors->list[i].message);
    free(path);
    free(directory);
}

static enum run_problem open_config(struct run *r)
{
    if (r->set.config_path == NULL && file_default_config(&r->config_path) < 0)
        return RUN_BAD_CONFIG;
    if (r->set.config_path != NULL)
        r->config_path = text_dup(text_from(r->set.config_path));
    if (r->config_path == NULL)
        return RUN_NO_MEMORY;
    char reason[STATE_GUARD_MAX_REASON];
    if (state_guard_check_config(r->config_path, r->set.foreground, reason) < 0)
        return refuse(r, RUN_UNSAFE, reason);
    struct config_errors errors = {0};
    int rc = config_load(&r->config, r->config_path, &errors);
    if (rc < 0)
        report_config(r, &errors);
    config_errors_free(&errors);
    return rc < 0 ? RUN_BAD_CONFIG : RUN_GOOD;
}

/* Each line of the log. */
static void on_line(void *context, enum log_level level, unsigned id, const char *text)
{
    struct run *r = context;
    if (!r->set.foreground && event_report_wants(level, id))
        event_report_write(level, id, text);
    if (level <= LOG_WARNING)
        health_logged(r->health, level == LOG_ERROR);
}

/* Before the log, which lies in the state directory too. */
static enum run_problem guard_state(struct run *r)
{
    char reason[STATE_GUARD_MAX_REASON];
    int rc = run_guard_state(&r->guard, r->config, r->set.foreground, reason);
    return rc < 0 ? refuse(r, rc == -EBUSY ? RUN_BUSY : RUN_UNSAFE, reason) : RUN_GOOD;
}

static enum run_problem open_log(struct run *r)
{
    const struct config *c = r->config;
    char *path = c->log_file == NULL ? NULL : text_dup(text_from(c->log_file));
    if (path == NULL && (c->log_file != NULL || file_join(&path, c->state_directory, "tripline.log") < 0))
        return RUN_NO_MEMORY;
    int rc = log_open(&r->log, path, c->log_max_bytes, c->log_files, c->log_level, r->set.foreground);
    if (rc == 0) {
        log_watch(r->log, on_line, r);
        run_guard_rights(c, r->log);
    } else {
        char reason[STATE_GUARD_MAX_REASON];
        snprintf(reason, sizeof(reason), "%.600s: the log can't be written: %s", path, strerror(-rc));
        plain_printf(stderr, "tripline: %s\n", reason);
        if (r->set.say != NULL) /* a service has no stderr */
            r->set.say(r->set.context, MESSAGE_START_FAILED, reason);
    }
    free(path);
    return rc < 0 ? RUN_BAD_LOG : RUN_GOOD;
}

/* A random UUID (RFC 9562, version 4) that stays with the store. */
static int make_agent_id(struct run *r, struct fault *fault)
{
    unsigned char b[16];
    char id[37];
    if (RAND_bytes(b, sizeof(b)) != 1) {
        fault_set(fault, "RAND_bytes", 0, text_from(NULL), NULL);
        return -EIO;
    }
    b[6] = (unsigned char)((b[6] & 0x0Fu) | 0x40u);
    b[8] = (unsigned char)((b[8] & 0x3Fu) | 0x80u);
    snprintf(id, sizeof(id), "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
             b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
    return store_value(r->store, "agent.id", id, &r->agent_id, fault);
}

/* Under the store's lock. */
static void store_rescued(void *context, const struct store_rescue *rescue)
{
    struct run *r = context;
    char text[512];
    log_write(r->log, LOG_ERROR, MESSAGE_STORE_RESCUED,
              "the outbox was damaged; it is now %s, and a new one goes on with alerts=%llu deadletters=%llu "
              "bookmarks=%llu from it and copied-bookmarks=%llu; alerts that can't be read: %llu or more: %s",
              rescue->moved_to, (unsigned long long)rescue->alerts, (unsigned long long)rescue->dead,
              (unsigned long long)rescue->bookmarks, (unsigned long long)rescue->copies,
              (unsigned long long)rescue->unreadable, fault_text(rescue->fault, text, sizeof(text)));
}

/* As above. */
static void store_overflowed(void *context, const char *output, uint64_t count)
{
    struct run *r = context;
    health_output_overflowed(r->health, output, count);
    log_write(
        r->log, LOG_ERROR, MESSAGE_OVERFLOWED,
        "output %s: took nothing for so long that the outbox was full; its oldest are kept as dead letters, so that "
        "reading goes on for the others: alerts=%llu",
        output, (unsigned long long)count);
}

static enum run_problem open_store(struct run *r)
{
    const char *names[CONFIG_MAX_OUTPUTS];
    struct fault fault = {0};
    for (size_t i = 0; i < r->config->output_count; i++)
        names[i] = r->config->outputs[i].name;
    char *path = NULL;
    if (file_join(&path, r->config->state_directory, "tripline.db") < 0)
        return RUN_NO_MEMORY;
    struct store_settings set = {.path = path,
                                 .outputs = names,
                                 .output_count = r->config->output_count,
                                 .max_alerts = r->config->store_max_alerts,
                                 .max_bytes = r->config->store_max_bytes,
                                 .max_age_s = r->config->store_max_age_s,
                                 .context = r,
                                 .rescued = store_rescued,
                                 .overflowed = store_overflowed};
    int rc = store_open(&r->store, &set, &fault);
    if (rc == 0)
        rc = make_agent_id(r, &fault);
    free(path);
    return rc < 0 ? fail(r, RUN_BAD_STORE, "the outbox", &fault) : RUN_GOOD;
}

static enum run_problem start_outputs(struct run *r)
{
    struct fault fault = {0};
    if (https_start_up() < 0)
        return fail(r, RUN_BAD_OUTPUT, "libcurl", &fault);
    r->is_https_up = true;
    r->outputs_config = r->config;
    int rc = outputs_open(&r->outputs, r->config, r->log, r->health, &fault);
    if (rc == 0)
        rc = outputs_start(r->outputs, r->store, &fault);
    return rc < 0 ? fail(r, RUN_BAD_OUTPUT, "an output", &fault) : RUN_GOOD;
}

static enum run_problem make_rules(struct run *r)
{
    if (file_join(&r->selftest_path, r->config->state_directory, SELFTEST_FILE_NAME) < 0)
        return RUN_NO_MEMORY;
    r->agent = (struct encode_agent){version_number, r->agent_id};
    return run_rules_start(r);
}

enum run_problem run_start_sources(struct run *r)
{
    struct fault fault = {0};
    if (!r->config->is_faithful && witness_new(&r->witness, r->store, r->log, &fault) < 0)
        return fail(r, RUN_BAD_STORE, "the join of witnesses", &fault);
    struct pipeline_settings set = {.rules = r->rules->set,
                                    .store = r->store,
                                    .agent = &r->agent,
                                    .log = r->log,
                                    .health = r->health,
                                    .selftest_path = r->selftest_path,
                                    .witness = r->witness};
    int rc = sources_start(&r->sources, r->config, &set, &fault);
    if (rc == -ENOTSUP) {
        char text[512];
        log_write(r->log, LOG_WARNING, MESSAGE_NO_SOURCES, "nothing is watched, only the outbox is sent: %s",
                  fault_text(&fault, text, sizeof(text)));
        return RUN_GOOD;
    }
    return rc < 0 ? fail(r, RUN_BAD_SOURCE, "the sources", &fault) : RUN_GOOD;
}

void run_stop_sources(struct run *r)
{
    sources_stop(r->sources);
    witness_free(r->witness);
    r->sources = NULL;
    r->witness = NULL;
}

static enum run_problem start_monitor(struct run *r)
{
    struct monitor_settings set = {
        .health = r->health, .store = r->store, .log = r->log, .agent_id = r->agent_id, .config_path = r->config_path};
    return monitor_start(&r->monitor, &set, r->config, r->config->shown_sha256) < 0 ? RUN_NO_MEMORY : RUN_GOOD;
}

static void on_doctor(void *context, json_t *report)
{
    monitor_doctor(context, report);
}

static enum run_problem start_doctor(struct run *r)
{
    struct doctor_watch_settings set = {
        .log = r->log, .config_path = r->config_path, .done = on_doctor, .context = r->monitor};
    return doctor_watch_start(&r->doctor, &set) < 0 ? RUN_NO_MEMORY : RUN_GOOD;
}

enum run_problem run_start(struct run **out, const struct run_settings *settings)
{
    static enum run_problem (*const steps[])(struct run *) = {open_config,       guard_state,   open_log,
                                                              open_store,        start_outputs, make_rules,
                                                              run_start_sources, start_monitor, start_doctor};
    struct run *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return RUN_NO_MEMORY;
    r->set = *settings;
    enum run_problem problem = health_new(&r->health) < 0 ? RUN_NO_MEMORY : RUN_GOOD;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && problem == RUN_GOOD; i++) {
        problem = steps[i](r);
        if (settings->progress != NULL)
            settings->progress(settings->context);
    }
    if (problem != RUN_GOOD) {
        run_stop(r, 0);
        return problem;
    }
    log_write(r->log, LOG_INFO, MESSAGE_STARTED, "tripline %s (%s) started: config=%s agent=%s", version_number,
              version_commit, r->config_path, r->agent_id);
    r->is_started = true;
    (void)text_copy(r->done_sha256, sizeof(r->done_sha256), text_from(r->config->sha256)); /* same size */
    *out = r;
    return RUN_GOOD;
}

void run_stop(struct run *r, unsigned grace_ms)
{
    if (r == NULL)
        return;
    if (r->monitor != NULL) /* it sees to it that the end comes */
        health_alive(r->health, RUN_THREAD, RUN_DUE_MS);
    doctor_watch_stop(r->doctor);
    run_stop_sources(r);
    run_rules_stop(r);
    outputs_stop(r->outputs, grace_ms);
    monitor_stop(r->monitor);
    if (r->is_https_up)
        https_clean_up();
    store_close(r->store);
    free(r->selftest_path);
    free(r->agent_id);
    if (r->is_started)
        log_write(r->log, LOG_INFO, MESSAGE_STOPPED, "tripline stopped");
    log_close(r->log);
    health_free(r->health);
    state_guard_release(r->guard);
    if (r->outputs_config != r->config)
        config_free(r->outputs_config);
    config_free(r->config);
    free(r->config_path);
    free(r);
}
