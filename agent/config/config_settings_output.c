/* The elements of <outputs> and their settings. */
#include "agent/config/config_internal.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define IN(field) offsetof(struct config_output, field)

static const char *const formats[] = {"json", "ndjson", "cloudevents", NULL}; /* enum output_format */
static const char *const encodings[] = {"ecs", "ocsf", "sentinel", NULL};     /* enum output_encoding */
static const char *const no_yes[] = {"no", "yes", NULL};
static const char *const no_loopback[] = {"no", "loopback", NULL};

/* One text: its name, its place, what holds without it (NULL: required), most bytes. */
#define TEXT(setting, field, without, most)                                                                            \
    {                                                                                                                  \
        .name = (setting), .kind = CONFIG_TEXT, .store = CONFIG_CHARS, .offset = IN(field), .absent = (without),       \
        .low = 1, .high = (most)                                                                                       \
    }
#define SECRET(setting, field, without, most)                                                                          \
    {                                                                                                                  \
        .name = (setting), .kind = CONFIG_TEXT, .store = CONFIG_CHARS, .offset = IN(field), .absent = (without),       \
        .is_secret = true, .low = 1, .high = (most)                                                                    \
    }
#define INITIAL(setting, field, value, most)                                                                           \
    {                                                                                                                  \
        .name = (setting), .kind = CONFIG_TEXT, .store = CONFIG_CHARS, .offset = IN(field), .initial = (value),        \
        .low = 1, .high = (most)                                                                                       \
    }
#define PATH(setting, field, without)                                                                                  \
    {                                                                                                                  \
        .name = (setting), .kind = CONFIG_PATH, .store = CONFIG_CHARS, .offset = IN(field), .absent = (without),       \
        .low = 1, .high = CONFIG_MAX_PATH                                                                              \
    }
#define WORD(setting, where, field, list, value)                                                                       \
    {                                                                                                                  \
        .name = (setting), .kind = CONFIG_WORD, .store = (where), .offset = IN(field), .initial = (value),             \
        .words = (list)                                                                                                \
    }
#define DURATION(setting, field, value, least, most, unit)                                                             \
    {                                                                                                                  \
        .name = (setting), .kind = CONFIG_DURATION, .store = CONFIG_UNSIGNED, .offset = IN(field), .initial = (value), \
        .low = (least), .high = (most), .scale = (unit)                                                                \
    }
#define NUMBER(setting, where, field, value, least, most, unit)                                                        \
    {                                                                                                                  \
        .name = (setting), .kind = CONFIG_NUMBER, .store = (where), .offset = IN(field), .initial = (value),           \
        .low = (least), .high = (most), .scale = (unit)                                                                \
    }

/* What every output has. */
#define OUTPUT(most_kilobytes)                                                                                         \
    {.name = "name", .kind = CONFIG_NAME, .store = CONFIG_CHARS, .offset = IN(name), .low = 1, .high = 64},            \
        NUMBER("max-batch-alerts", CONFIG_SIZE, max_batch_alerts, "100", 1, 1000, 1),                                  \
        NUMBER("max-batch-kilobytes", CONFIG_SIZE, max_batch_bytes, "512", 1, most_kilobytes, 1024),                   \
        DURATION("max-batch-age", max_batch_age_ms, "1s", 0, 60, 1000)
#define MOST_KILOBYTES 16384

/* What every output has that speaks HTTP. 1023: OpenSSL's PEM_BUFSIZE, 1024, with a NUL. */
#define CONNECTION                                                                                                     \
    {.name = "url",                                                                                                    \
     .kind = CONFIG_URL,                                                                                               \
     .store = CONFIG_CHARS,                                                                                            \
     .offset = IN(url),                                                                                                \
     .is_secret = true,                                                                                                \
     .low = 9,                                                                                                         \
     .high = 2048},                                                                                                    \
        PATH("ca-file", ca_file, "the system's authorities"), PATH("client-certificate", client_certificate, "none"),  \
        PATH("client-key", client_key, "none"), SECRET("client-key-password", client_key_password, "none", 1023),      \
        {.name = "pin", .kind = CONFIG_PIN, .store = CONFIG_CHARS, .offset = IN(pin), .absent = "none", .high = 44},   \
        {.name = "pin-next",                                                                                           \
         .kind = CONFIG_PIN,                                                                                           \
         .store = CONFIG_CHARS,                                                                                        \
         .offset = IN(pin_next),                                                                                       \
         .absent = "none",                                                                                             \
         .high = 44},                                                                                                  \
        WORD("ocsp-staple", CONFIG_BOOL, ocsp_staple, no_yes, "no"),                                                   \
        WORD("allow-plaintext", CONFIG_BOOL, allow_plaintext, no_loopback, "no"),                                      \
        DURATION("timeout", timeout_ms, "30s", 1, 300, 1000),                                                          \
        DURATION("connect-timeout", connect_timeout_ms, "10s", 1, 300, 1000)

#define ENCODING(value) WORD("encoding", CONFIG_ENCODING, encoding, encodings, value)
#define GZIP(value) WORD("gzip", CONFIG_BOOL, gzip, no_yes, value)
#define USER TEXT("user", user, "none", 256), SECRET("password", password, "none", 1024)

static const struct config_setting webhook[] = {
    OUTPUT(MOST_KILOBYTES),
    CONNECTION,
    ENCODING("ecs"),
    WORD("format", CONFIG_FORMAT, format, formats, "json"),
    GZIP("no"),
    SECRET("signing-key", signing_key, "none", 128),
};

static const struct config_setting clickhouse[] = {
    OUTPUT(MOST_KILOBYTES),
    CONNECTION,
    ENCODING("ecs"),
    GZIP("yes"),
    USER,
    INITIAL("database", database, "default", 64),
    INITIAL("table", table, "tripline_alerts", 64),
};

static const struct config_setting elasticsearch[] = {
    OUTPUT(MOST_KILOBYTES),
    CONNECTION,
    ENCODING("ecs"),
    GZIP("yes"),
    USER,
    SECRET("api-key", api_key, "none", 1024),
    INITIAL("index", index, "logs-tripline.alerts-default", 255),
};

static const struct config_setting splunk_hec[] = {
    OUTPUT(MOST_KILOBYTES),
    CONNECTION,
    ENCODING("ecs"),
    GZIP("yes"),
    SECRET("token", token, NULL, 256),
    WORD("ack", CONFIG_BOOL, ack, no_yes, "yes"),
    TEXT("index", index, "the token's", 255),
    INITIAL("source", source, "tripline", 255),
    INITIAL("sourcetype", sourcetype, "tripline:alert", 255),
};

static const struct config_setting alertmanager[] = {
    OUTPUT(MOST_KILOBYTES),
    CONNECTION,
    USER,
    DURATION("resolve-after", resolve_after_s, "1h", 60, 30u * 86400u, 1),
};

static const struct config_setting otlp[] = {OUTPUT(MOST_KILOBYTES), CONNECTION, ENCODING("ecs"), GZIP("yes")};

/* 900: Azure takes 1 MB a call. */
static const struct config_setting azure_logs[] = {
    OUTPUT(900),
    CONNECTION,
    ENCODING("sentinel"),
    GZIP("yes"),
    TEXT("tenant", tenant, NULL, 256),
    TEXT("client-id", client_id, NULL, 256),
    SECRET("client-secret", client_secret, "none", 1024),
    PATH("signing-certificate", signing_certificate, "none"),
    PATH("signing-key", signing_key_file, "none"),
    TEXT("rule-id", rule_id, NULL, 256),
    TEXT("stream", stream, NULL, 256),
    {.name = "login-url",
     .kind = CONFIG_URL,
     .store = CONFIG_CHARS,
     .offset = IN(login_url),
     .initial = "https://login.microsoftonline.com",
     .low = 9,
     .high = 2048},
    INITIAL("scope", scope, "https://monitor.azure.com/.default", 256),
};

static const struct config_setting file[] = {
    OUTPUT(MOST_KILOBYTES),
    ENCODING("ecs"),
    PATH("path", path, NULL),
    NUMBER("max-megabytes", CONFIG_U64, max_file_bytes, "100", 1, 65536, 1024u * 1024u),
    NUMBER("files", CONFIG_UNSIGNED, files, "5", 1, 100, 1),
};

static const struct config_setting header[] = {
    {.name = "name",
     .kind = CONFIG_TOKEN,
     .store = CONFIG_CHARS,
     .offset = offsetof(struct config_header, name),
     .low = 1,
     .high = 256},
    {.name = "value",
     .kind = CONFIG_TEXT,
     .store = CONFIG_CHARS,
     .offset = offsetof(struct config_header, value),
     .is_secret = true,
     .low = 1,
     .high = 8192}, /* what common servers take for one line of a header */
};

static const struct config_setting failover[] = {
    {.name = "url",
     .kind = CONFIG_URL,
     .store = CONFIG_CHARS,
     .offset = offsetof(struct config_failover, url),
     .is_secret = true,
     .low = 9,
     .high = 2048},
};

#define PLACE(id) [(id)-CONFIG_WEBHOOK]
#define KIND(id, settings) PLACE(id) = {#settings, CONFIG_OUTPUTS, CONFIG_MAX_OUTPUTS, settings, COUNT(settings)}

const struct config_element config_output_elements[CONFIG_ELEMENT_COUNT - CONFIG_WEBHOOK] = {
    KIND(CONFIG_WEBHOOK, webhook),
    KIND(CONFIG_CLICKHOUSE, clickhouse),
    KIND(CONFIG_ELASTICSEARCH, elasticsearch),
    KIND(CONFIG_SPLUNK_HEC, splunk_hec),
    KIND(CONFIG_ALERTMANAGER, alertmanager),
    KIND(CONFIG_OTLP, otlp),
    KIND(CONFIG_AZURE_LOGS, azure_logs),
    KIND(CONFIG_FILE, file),
    PLACE(CONFIG_HEADER) = {"header", CONFIG_ANY_OUTPUT, CONFIG_MAX_HEADERS, header, COUNT(header)},
    PLACE(CONFIG_FAILOVER) = {"failover", CONFIG_ANY_OUTPUT, CONFIG_MAX_FAILOVER, failover, COUNT(failover)},
};

enum config_element_id config_element_of(const struct config_output *output)
{
    unsigned id = CONFIG_WEBHOOK;
    while (id + 1 < CONFIG_HEADER && strcmp(config_element((enum config_element_id)id)->name, output->type) != 0)
        id++;
    return (enum config_element_id)id;
}
