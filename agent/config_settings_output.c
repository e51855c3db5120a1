/* The elements of <outputs> and their settings. */
#include "agent/config_internal.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define IN(field) offsetof(struct config_output, field)

static const char *const formats[] = {"json", "ndjson", NULL}; /* enum output_format */
static const char *const encodings[] = {"ecs", NULL};          /* enum output_encoding */
static const char *const no_yes[] = {"no", "yes", NULL};

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
#define OUTPUT                                                                                                         \
    {.name = "name", .kind = CONFIG_NAME, .store = CONFIG_CHARS, .offset = IN(name), .low = 1, .high = 64},            \
        WORD("encoding", CONFIG_ENCODING, encoding, encodings, "ecs"),                                                 \
        NUMBER("max-batch-alerts", CONFIG_SIZE, max_batch_alerts, "100", 1, 1000, 1),                                  \
        NUMBER("max-batch-kilobytes", CONFIG_SIZE, max_batch_bytes, "512", 1, 16384, 1024),                            \
        DURATION("max-batch-age", max_batch_age_ms, "1s", 0, 60, 1000)

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
        DURATION("timeout", timeout_ms, "30s", 1, 300, 1000),                                                          \
        DURATION("connect-timeout", connect_timeout_ms, "10s", 1, 300, 1000)

#define GZIP(value) WORD("gzip", CONFIG_BOOL, gzip, no_yes, value)
#define USER TEXT("user", user, "none", 256), SECRET("password", password, "none", 1024)

static const struct config_setting webhook[] = {OUTPUT, CONNECTION,
                                                WORD("format", CONFIG_FORMAT, format, formats, "json"), GZIP("no")};

static const struct config_setting clickhouse[] = {OUTPUT,
                                                   CONNECTION,
                                                   GZIP("yes"),
                                                   USER,
                                                   INITIAL("database", database, "default", 64),
                                                   INITIAL("table", table, "tripline_alerts", 64)};

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
