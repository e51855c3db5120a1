#include "agent/config/config_internal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DAY 86400u
#define IN(type, field) offsetof(type, field)

static const char *const levels[] = {"error", "warning", "info", "debug", NULL}; /* enum log_level */
static const char *const no_yes[] = {"no", "yes", NULL};
static const char *const readings[] = {"corrected", "faithful", NULL};
static const char *const versions[] = {"1", NULL};

static const struct setting tripline[] = {
    {.name = "version", .kind = SETTING_WORD, .store = SETTING_NOWHERE, .words = versions},
};

static const struct setting state[] = {
    {.name = "directory",
     .kind = SETTING_PATH,
     .store = SETTING_CHARS,
     .offset = IN(struct config, state_directory),
     .absent = "C:\\ProgramData\\Tripline\\state",
     .low = 1,
     .high = SETTING_MAX_PATH},
    {.name = "max-alerts",
     .kind = SETTING_NUMBER,
     .store = SETTING_U64,
     .offset = IN(struct config, store_max_alerts),
     .initial = "100000",
     .low = 1,
     .high = 10000000,
     .scale = 1},
    {.name = "max-megabytes",
     .kind = SETTING_NUMBER,
     .store = SETTING_U64,
     .offset = IN(struct config, store_max_bytes),
     .initial = "256",
     .low = 1,
     .high = 65536,
     .scale = 1024u * 1024u},
    {.name = "max-age",
     .kind = SETTING_AGE,
     .store = SETTING_U64,
     .offset = IN(struct config, store_max_age_s),
     .initial = "none",
     .low = 60,
     .high = 3650u * DAY,
     .scale = 1},
};

static const char *const proxy_logins[] = {"none", "basic", "system", NULL}; /* enum https_proxy_login */

static const struct setting proxy[] = {
    {.name = "url",
     .kind = SETTING_TEXT,
     .store = SETTING_CHARS,
     .offset = IN(struct config, proxy.url),
     .initial = "environment",
     .low = 1,
     .high = 300},
    {.name = "login",
     .kind = SETTING_WORD,
     .store = SETTING_ENUM,
     .offset = IN(struct config, proxy.login),
     .initial = "none",
     .words = proxy_logins},
    {.name = "user",
     .kind = SETTING_TEXT,
     .store = SETTING_CHARS,
     .offset = IN(struct config, proxy.user),
     .absent = "none",
     .low = 1,
     .high = 256},
    {.name = "password",
     .kind = SETTING_TEXT,
     .store = SETTING_CHARS,
     .offset = IN(struct config, proxy.password),
     .absent = "none",
     .is_secret = true,
     .low = 1,
     .high = 1024},
    {.name = "bypass",
     .kind = SETTING_TEXT,
     .store = SETTING_CHARS,
     .offset = IN(struct config, proxy.bypass),
     .absent = "NO_PROXY of the environment",
     .low = 1,
     .high = 4096},
};

static const struct setting outputs[] = {
    {.name = "start-spread",
     .kind = SETTING_DURATION,
     .store = SETTING_UNSIGNED,
     .offset = IN(struct config, start_spread_ms),
     .initial = "10s",
     .low = 0,
     .high = 600,
     .scale = 1000},
};

static const struct setting log_settings[] = {
    {.name = "level",
     .kind = SETTING_WORD,
     .store = SETTING_ENUM,
     .offset = IN(struct config, log_level),
     .initial = "info",
     .words = levels},
    {.name = "file",
     .kind = SETTING_PATH,
     .store = SETTING_CHARS,
     .offset = IN(struct config, log_file),
     .absent = "tripline.log in the state directory",
     .low = 1,
     .high = SETTING_MAX_PATH},
    {.name = "max-megabytes",
     .kind = SETTING_NUMBER,
     .store = SETTING_U64,
     .offset = IN(struct config, log_max_bytes),
     .initial = "10",
     .low = 1,
     .high = 1024,
     .scale = 1024u * 1024u},
    {.name = "files",
     .kind = SETTING_NUMBER,
     .store = SETTING_UNSIGNED,
     .offset = IN(struct config, log_files),
     .initial = "5",
     .low = 1,
     .high = 100,
     .scale = 1},
};

static const struct setting doctor[] = {
    {.name = "interval",
     .kind = SETTING_DURATION,
     .store = SETTING_U64,
     .offset = IN(struct config, doctor_s),
     .initial = "1d",
     .low = 0,
     .high = 30 * DAY,
     .scale = 1},
};

static const struct setting heartbeat[] = {
    {.name = "interval",
     .kind = SETTING_DURATION,
     .store = SETTING_U64,
     .offset = IN(struct config, heartbeat_s),
     .initial = "60s",
     .low = 0,
     .high = DAY,
     .scale = 1},
};

static const struct setting metrics[] = {
    {.name = "file",
     .kind = SETTING_PATH,
     .store = SETTING_CHARS,
     .offset = IN(struct config, metrics_file),
     .absent = "none",
     .low = 1,
     .high = SETTING_MAX_PATH},
};

static const struct setting limits[] = {
    {.name = "cpu-percent",
     .kind = SETTING_NUMBER,
     .store = SETTING_UNSIGNED,
     .offset = IN(struct config, cpu_percent),
     .initial = "5",
     .low = 1,
     .high = 100,
     .scale = 1},
    {.name = "memory-megabytes",
     .kind = SETTING_NUMBER,
     .store = SETTING_U64,
     .offset = IN(struct config, memory_bytes),
     .initial = "64",
     .low = 16,
     .high = 4096,
     .scale = 1024u * 1024u},
};

static const struct setting eventlog[] = {
    {.name = "lookback",
     .kind = SETTING_LOOKBACK,
     .store = SETTING_U64,
     .offset = IN(struct config, lookback_s),
     .initial = "24h",
     .low = 1,
     .high = 3650u * DAY,
     .scale = 1},
    {.name = "retry",
     .kind = SETTING_DURATION,
     .store = SETTING_UNSIGNED,
     .offset = IN(struct config, retry_ms),
     .initial = "60s",
     .low = 1,
     .high = DAY,
     .scale = 1000},
};

static const struct setting etw[] = {
    {.name = "enabled",
     .kind = SETTING_WORD,
     .store = SETTING_BOOL,
     .offset = IN(struct config, etw.enabled),
     .initial = "no",
     .words = no_yes},
    {.name = "sysmon",
     .kind = SETTING_WORD,
     .store = SETTING_BOOL,
     .offset = IN(struct config, etw.sysmon),
     .initial = "yes",
     .words = no_yes},
    {.name = "security",
     .kind = SETTING_WORD,
     .store = SETTING_BOOL,
     .offset = IN(struct config, etw.security),
     .initial = "yes",
     .words = no_yes},
    {.name = "min-buffers",
     .kind = SETTING_NUMBER,
     .store = SETTING_UNSIGNED,
     .offset = IN(struct config, etw.min_buffers),
     .initial = "64",
     .low = 2,
     .high = 1024,
     .scale = 1},
    {.name = "max-buffers",
     .kind = SETTING_NUMBER,
     .store = SETTING_UNSIGNED,
     .offset = IN(struct config, etw.max_buffers),
     .initial = "256",
     .low = 2,
     .high = 4096,
     .scale = 1},
    {.name = "flush-milliseconds",
     .kind = SETTING_NUMBER,
     .store = SETTING_UNSIGNED,
     .offset = IN(struct config, etw.flush_ms),
     .initial = "1000",
     .low = 5,
     .high = 1000,
     .scale = 1},
};

static const struct setting exchange[] = {
    {.name = "cmdlet-logs",
     .kind = SETTING_WORD,
     .store = SETTING_BOOL,
     .offset = IN(struct config, exchange_logs),
     .initial = "yes",
     .words = no_yes},
    {.name = "directory",
     .kind = SETTING_PATH,
     .store = SETTING_CHARS,
     .offset = IN(struct config, exchange_directory),
     .absent = "where Exchange is installed",
     .low = 1,
     .high = SETTING_MAX_PATH},
};

static const struct setting rules[] = {
    {.name = "directory",
     .kind = SETTING_PATH,
     .store = SETTING_CHARS,
     .offset = IN(struct config, rules_directory),
     .absent = "none",
     .low = 1,
     .high = SETTING_MAX_PATH},
    {.name = "builtin",
     .kind = SETTING_WORD,
     .store = SETTING_BOOL,
     .offset = IN(struct config, rules_builtin),
     .initial = "yes",
     .words = no_yes},
};

static const struct setting rule[] = {
    {.name = "id",
     .kind = SETTING_TEXT,
     .store = SETTING_CHARS,
     .offset = IN(struct config_rule, id),
     .low = 1,
     .high = 100},
    {.name = "enabled",
     .kind = SETTING_WORD,
     .store = SETTING_BOOL,
     .offset = IN(struct config_rule, enabled),
     .initial = "yes",
     .words = no_yes},
    {.name = "severity",
     .kind = SETTING_TEXT,
     .store = SETTING_CHARS,
     .offset = IN(struct config_rule, severity),
     .absent = "the rule's own",
     .low = 1,
     .high = 20},
};

static const struct setting matching[] = {
    {.name = "reading",
     .kind = SETTING_WORD,
     .store = SETTING_BOOL,
     .offset = IN(struct config, is_faithful),
     .initial = "corrected",
     .words = readings},
};

static const struct setting channel[] = {
    /* 255: learn.microsoft.com/windows/win32/wes/eventmanifestschema-channeltype-complextype; units of up to 3 bytes */
    {.name = "name",
     .kind = SETTING_TEXT,
     .store = SETTING_CHARS,
     .offset = IN(struct config_channel, name),
     .low = 1,
     .high = 3u * 255u},
    {.name = "query",
     .kind = SETTING_TEXT,
     .store = SETTING_CHARS,
     .offset = IN(struct config_channel, query),
     .absent = "what the rules need",
     .low = 1,
     .high = 8192},
};

static const struct config_element config_elements[CONFIG_HEADER] = {
    [CONFIG_TRIPLINE] = {"tripline", CONFIG_TRIPLINE, 1, tripline, COUNT(tripline)},
    [CONFIG_STATE] = {"state", CONFIG_TRIPLINE, 1, state, COUNT(state)},
    [CONFIG_LOG] = {"log", CONFIG_TRIPLINE, 1, log_settings, COUNT(log_settings)},
    [CONFIG_DOCTOR] = {"doctor", CONFIG_TRIPLINE, 1, doctor, COUNT(doctor)},
    [CONFIG_HEARTBEAT] = {"heartbeat", CONFIG_TRIPLINE, 1, heartbeat, COUNT(heartbeat)},
    [CONFIG_METRICS] = {"metrics", CONFIG_TRIPLINE, 1, metrics, COUNT(metrics)},
    [CONFIG_LIMITS] = {"limits", CONFIG_TRIPLINE, 1, limits, COUNT(limits)},
    [CONFIG_EVENTLOG] = {"eventlog", CONFIG_TRIPLINE, 1, eventlog, COUNT(eventlog)},
    [CONFIG_ETW] = {"etw", CONFIG_TRIPLINE, 1, etw, COUNT(etw)},
    [CONFIG_EXCHANGE] = {"exchange", CONFIG_TRIPLINE, 1, exchange, COUNT(exchange)},
    [CONFIG_RULES] = {"rules", CONFIG_TRIPLINE, 1, rules, COUNT(rules)},
    [CONFIG_MATCHING] = {"matching", CONFIG_TRIPLINE, 1, matching, COUNT(matching)},
    [CONFIG_CHANNEL] = {"channel", CONFIG_EVENTLOG, CONFIG_MAX_CHANNELS, channel, COUNT(channel)},
    [CONFIG_RULE] = {"rule", CONFIG_RULES, CONFIG_MAX_RULES, rule, COUNT(rule)},
    [CONFIG_PROXY] = {"proxy", CONFIG_TRIPLINE, 1, proxy, COUNT(proxy)},
    [CONFIG_OUTPUTS] = {"outputs", CONFIG_TRIPLINE, 1, outputs, COUNT(outputs)},
};

const struct config_element *config_element(enum config_element_id id)
{
    return id < CONFIG_HEADER ? &config_elements[id] : config_output_element(id);
}

bool config_may_stand_in(enum config_element_id id, enum config_element_id parent)
{
    enum config_element_id wanted = config_element(id)->parent;
    if (id == CONFIG_TRIPLINE)
        return false;
    return wanted == parent || (wanted == CONFIG_ANY_OUTPUT && parent >= CONFIG_OUTPUT &&
                                output_type_at(parent - CONFIG_OUTPUT)->speaks_http);
}
