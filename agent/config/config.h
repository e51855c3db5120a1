/*
 * config: config/tripline.xml as a struct. Every setting, its default and its range: the comments of that file.
 */
#ifndef AGENT_CONFIG_CONFIG_H
#define AGENT_CONFIG_CONFIG_H

#include "agent/log/log.h"
#include "detect/base/text.h"
#include "transport/outputs/output.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONFIG_MAX_CHANNELS 63 /* EVENTLOG_MAX_CHANNELS */
#define CONFIG_MAX_OUTPUTS 16  /* STORE_MAX_OUTPUTS */
#define CONFIG_MAX_RULES 5000  /* named in the config */
#define CONFIG_MAX_HEADERS 32  /* of one output */
#define CONFIG_MAX_FAILOVER 8  /* OUTPUT_MAX_FAILOVER */

/* Mistakes collected in one file; beyond, reading it ends. */
#define CONFIG_MAX_ERRORS 50

/* Most bytes of a config file. */
#define CONFIG_MAX_SIZE (1024u * 1024u)

struct config_channel {
    char *name;  /* "Security" */
    char *query; /* XPath; NULL: the default for this channel (kinds_query), or all events */
};

/* One element of <outputs>: what output_open() wants, under the same names, but for the files, which are named and not
 * yet read. What only some kinds have is in own. */
struct config_output {
    char *name, *type, *url;                         /* type: the element's name; url is NULL for a file */
    char *ca_file, *client_certificate, *client_key; /* paths, or NULL; certificate and key only together */
    char *client_key_password;                       /* secret */
    char *pin, *pin_next;                            /* base64 of a SHA-256, or NULL */
    bool ocsp_staple, allow_plaintext;
    char **headers; /* "Name: value"; secrets */
    size_t header_count;
    char **failover; /* URLs */
    size_t failover_count;
    enum output_encoding encoding;
    bool gzip;
    unsigned timeout_ms, connect_timeout_ms;
    size_t max_batch_alerts, max_batch_bytes;
    unsigned max_batch_age_ms;
    void *own; /* what its kind has beyond these: output_type.settings says what */
};

/* How outputs get out. */
struct config_proxy {
    char *url; /* "http://host[:port]", "none", or "environment" */
    enum https_proxy_login login;
    char *user, *password; /* password: secret */
    char *bypass;          /* NULL: NO_PROXY of the environment */
};

/* What is read by Event Tracing for Windows: docs/etw.md. */
struct config_etw {
    bool enabled, sysmon, security;
    unsigned min_buffers, max_buffers, flush_ms;
};

/* What is said of one rule. */
struct config_rule {
    char *id;
    bool enabled;   /* also of a rule that is off by itself */
    char *severity; /* instead of the rule's own; NULL: that */
};

struct config {
    char *state_directory; /* store and log lie here */
    bool is_state_default; /* the config says nothing of it: file_default_state() */
    char *log_file;        /* NULL: tripline.log in state_directory */
    enum log_level log_level;
    uint64_t log_max_bytes;
    unsigned log_files;
    uint64_t doctor_s;    /* between two rounds of the doctor; 0: none, also at start */
    uint64_t heartbeat_s; /* between two heartbeats; 0: none */
    char *metrics_file;   /* NULL: none */
    unsigned cpu_percent; /* of one core, averaged over a minute; 100: no limit */
    uint64_t memory_bytes;
    uint64_t lookback_s; /* UINT64_MAX: all; 0: none */
    unsigned retry_ms;   /* channels that are absent or denied are tried again, all channels' settings looked at */
    struct config_channel channels[CONFIG_MAX_CHANNELS];
    size_t channel_count;
    struct config_etw etw;
    bool exchange_logs;       /* Exchange's cmdlet log files are followed where a rule reads them */
    char *exchange_directory; /* theirs; NULL: Exchange's own, if it is installed */
    char *rules_directory;    /* of rule files; NULL: none */
    bool rules_builtin;       /* the built-in rules too */
    struct config_rule *rules;
    size_t rule_count;
    bool is_faithful; /* each match is an alert, as the rule is written; else one for each process */
    uint64_t store_max_alerts, store_max_bytes;
    uint64_t store_max_age_s; /* 0: none */
    struct config_proxy proxy;
    unsigned start_spread_ms;
    struct config_output outputs[CONFIG_MAX_OUTPUTS];
    size_t output_count;
    char sha256[65]; /* of the file that it was read from, hexadecimal; empty if it was not. Tells a changed file; stays
                        in the process, for a short secret could be guessed by it */
    char shown_sha256[65]; /* for others: of the file without the secrets that stand in it as they are */
};

/* Where and what is wrong; kept in order of appearance. No message holds a secret or a URL. */
struct config_error {
    unsigned long line, column; /* 1 and up, column in characters; 0: the file as a whole */
    char *message;              /* "what is wrong; what would be right" */
};

struct config_errors {
    struct config_error *list;
    size_t count;
};

/*
 * Reads the file at path (UTF-8) and looks whether the files that it names can be read. All mistakes are collected, not
 * only the first. A path in it is seen from its own directory.
 * Returns 0 and *out, which the caller frees with config_free(). -EINVAL: *errors has at least one; *out is left as it
 * was. -ENOENT, -EACCES, -EISDIR, -EFBIG ...: the file can't be read; *errors says so with line 0. -ENOMEM. The caller
 * frees *errors with config_errors_free() in every case.
 */
int config_load(struct config **out, const char *path, struct config_errors *errors);

/* The same for text in memory; name stands for the file in nothing but relative paths (its directory). Opens nothing.
 */
int config_parse(struct config **out, struct text xml, const char *name, struct config_errors *errors);

/* The value of output's setting as one would write it, for a text or a word; NULL: it has none, or no such setting. */
const char *config_output_text(const struct config_output *output, const char *setting);

/* Overwrites secrets before it frees. NULL is allowed. */
void config_free(struct config *config);
void config_errors_free(struct config_errors *errors);

/* One line each: "path:line:column: message", or "path: message" for the file as a whole. */
void config_errors_print(FILE *to, const char *path, const struct config_errors *errors);

#endif
