#include "agent/run/run_internal.h"

#include "agent/config/config_compare.h"
#include "agent/log/messages.h"
#include "agent/system/file.h"
#include "transport/document/sha256.h"

#include <stdlib.h>
#include <string.h>

/* The config file is looked at this often, ms. */
#define LOOK_MS 500u

/* How long a request that is under way may take to end before its sender gives way to a new one, ms. If it is broken
 * off the central collector may get its alerts twice, under the same ids. */
#define CHANGE_GRACE_MS 10000u

static void refuse(struct run *r, const char *why)
{
    log_write(r->log, LOG_ERROR, MESSAGE_CONFIG_KEPT, "%s is not taken, what was in force stays: %s", r->config_path,
              why);
    monitor_config_refused(r->monitor);
}

static struct config *load(struct run *r)
{
    struct config *config = NULL;
    char reason[STATE_GUARD_MAX_REASON];
    if (state_guard_check_config(r->config_path, r->set.foreground, reason) < 0) {
        refuse(r, reason);
        return NULL;
    }
    struct config_errors errors = {NULL, 0};
    int rc = config_load(&config, r->config_path, &errors);
    if (rc < 0) {
        refuse(r, errors.count > 0 ? "it has mistakes" : strerror(-rc));
        for (size_t i = 0; i < errors.count; i++)
            log_write(r->log, LOG_ERROR, MESSAGE_CONFIG_BAD, "%s:%lu:%lu: %s", r->config_path, errors.list[i].line,
                      errors.list[i].column, errors.list[i].message);
    }
    config_errors_free(&errors);
    return config;
}

/* The store for the outputs and limits of config; no sender runs. */
static int adapt_store(struct run *r, const struct config *config, struct fault *fault)
{
    const char *names[CONFIG_MAX_OUTPUTS];
    for (size_t i = 0; i < config->output_count; i++)
        names[i] = config->outputs[i].name;
    struct store_settings set = {.path = "",
                                 .outputs = names,
                                 .output_count = config->output_count,
                                 .max_alerts = config->store_max_alerts,
                                 .max_bytes = config->store_max_bytes,
                                 .max_age_s = config->store_max_age_s};
    return store_adapt(r->store, &set, fault);
}

/* From here on there is no way back: what fails ends the agent, which the service manager starts anew. */
static enum run_problem fail(struct run *r, enum run_problem problem, const struct fault *fault)
{
    char text[512];
    log_write(r->log, LOG_ERROR, MESSAGE_START_FAILED, "the new config could not be put in force, ending: %s",
              fault_text(fault, text, sizeof(text)));
    return problem;
}

static enum run_problem change_outputs(struct run *r, const struct config *config, struct outputs *outputs)
{
    struct fault fault = {0};
    int rc = 0;
    outputs_stop(r->outputs, CHANGE_GRACE_MS);
    r->outputs = outputs;
    if (!config_same_output_names(r->config, config) || !config_same_limits(r->config, config))
        rc = adapt_store(r, config, &fault);
    if (rc < 0)
        return fail(r, RUN_BAD_STORE, &fault);
    rc = outputs_start(r->outputs, r->store, &fault);
    return rc < 0 ? fail(r, RUN_BAD_OUTPUT, &fault) : RUN_GOOD;
}

static int change_log(struct run *r, const struct config *config)
{
    char *path = NULL;
    int rc = config->log_file == NULL ? file_join(&path, config->state_directory, "tripline.log") : 0;
    if (rc == 0)
        rc = log_change(r->log, config->log_file == NULL ? path : config->log_file, config->log_max_bytes,
                        config->log_files, config->log_level);
    free(path);
    return rc;
}

/* Puts config, which is good, in force; takes it over. refreshed: so many outputs were begun anew though outputs is
 * NULL. */
static enum run_problem apply(struct run *r, struct config *config, struct outputs *outputs, size_t refreshed)
{
    enum run_problem problem = RUN_GOOD;
    bool is_changed = strcmp(r->config->sha256, config->sha256) != 0;
    bool has_new_sources = !config_same_sources(r->config, config);
    if (outputs != NULL)
        problem = change_outputs(r, config, outputs);
    struct config *former = r->config;
    r->config = config;
    if (outputs != NULL) {
        if (r->outputs_config != former)
            config_free(r->outputs_config);
        r->outputs_config = config;
    }
    if (former != r->outputs_config) /* outputs that stay read their secrets anew as it says */
        config_free(former);
    if (problem == RUN_GOOD && has_new_sources)
        problem = run_rules_change(r); /* and with them the sources */
    if (problem != RUN_GOOD)
        return problem;
    monitor_config(r->monitor, config, config->shown_sha256);
    if (is_changed)
        doctor_watch_wake(r->doctor);
    log_write(r->log, LOG_INFO, MESSAGE_CONFIG_TAKEN, "%s is in force now: %.16s...%s%s%s", r->config_path,
              config->shown_sha256, outputs != NULL || refreshed > 0 ? ", outputs begun anew" : "",
              has_new_sources ? ", sources begun anew" : "",
              outputs == NULL && refreshed == 0 && !has_new_sources ? ", nothing had to be begun anew" : "");
    return RUN_GOOD;
}

static enum run_problem reload(struct run *r, bool is_forced)
{
    struct fault fault = {0};
    struct outputs *outputs = NULL;
    char text[512];
    struct config *config = load(r);
    if (config == NULL)
        return RUN_GOOD;
    if (!config_same_directory(r->config, config)) {
        refuse(r, "the state directory can't be changed while the agent runs; stop and start it");
        config_free(config);
        return RUN_GOOD;
    }
    bool has_new_outputs = !config_same_outputs(r->config, config) || !config_same_limits(r->config, config);
    size_t refreshed = 0;
    int rc = has_new_outputs ? outputs_open(&outputs, config, r->log, r->health, &fault) : 0;
    /* Certificates and keys are read anew, for their files may have changed though the config has not. */
    if (rc == 0 && !has_new_outputs && is_forced)
        rc = outputs_refresh(&refreshed, r->outputs, CHANGE_GRACE_MS, &fault);
    if (rc == 0 && !config_same_log(r->config, config)) {
        rc = change_log(r, config);
        if (rc < 0)
            fault_set(&fault, "opening the log", -rc, text_from(config->log_file), strerror(-rc));
    }
    if (rc < 0) {
        refuse(r, fault_text(&fault, text, sizeof(text)));
        outputs_stop(outputs, 0);
        config_free(config);
        return RUN_GOOD;
    }
    return apply(r, config, outputs, refreshed);
}

/* SHA-256 of the file as it is now; empty when it can't be read (an editor is just replacing it). */
static void look(const struct run *r, char sha256[SHA256_HEX_SIZE])
{
    char *content = NULL;
    size_t size = 0;
    sha256[0] = '\0';
    if (file_read(&content, &size, r->config_path, CONFIG_MAX_SIZE) == 0 && sha256_of(sha256, content, size) < 0)
        sha256[0] = '\0';
    if (content != NULL)
        memset(content, 0, size); /* it may hold secrets */
    free(content);
}

enum run_problem run_tick(struct run *r, bool is_forced)
{
    char sha256[SHA256_HEX_SIZE];
    uint64_t now_ms = health_clock_ms();
    health_alive(r->health, RUN_THREAD, RUN_DUE_MS);
    r->is_forced_due |= is_forced;
    is_forced = r->is_forced_due && (!r->has_forced || now_ms - r->forced_ms >= RUN_FORCED_MS);
    enum run_problem problem = run_rules_tick(r);
    if (problem != RUN_GOOD)
        return problem;
    if (!is_forced && now_ms - r->looked_ms < LOOK_MS)
        return RUN_GOOD;
    if (is_forced) {
        r->forced_ms = now_ms;
        r->has_forced = true;
        r->is_forced_due = false;
    }
    r->looked_ms = now_ms;
    look(r, sha256);
    /* Seen twice alike: not one that is still being written. */
    bool is_stable = sha256[0] != '\0' && strcmp(sha256, r->seen_sha256) == 0;
    (void)text_copy(r->seen_sha256, sizeof(r->seen_sha256), text_from(sha256)); /* same size */
    if (!is_forced && (!is_stable || strcmp(sha256, r->done_sha256) == 0))
        return RUN_GOOD;
    (void)text_copy(r->done_sha256, sizeof(r->done_sha256), text_from(sha256)); /* same size */
    return reload(r, is_forced);
}
