/*
 * config_internal: the settings as a table, which the parser, its messages and its tests read. A new setting is a line
 * in config_settings.c or config_settings_output.c, in config/tripline.xml and in config/tripline.xsd; a test holds the
 * three together.
 */
#ifndef AGENT_CONFIG_CONFIG_INTERNAL_H
#define AGENT_CONFIG_CONFIG_INTERNAL_H

#include "agent/config/config.h"

enum config_element_id {
    CONFIG_TRIPLINE,
    CONFIG_STATE,
    CONFIG_LOG,
    CONFIG_DOCTOR,
    CONFIG_HEARTBEAT,
    CONFIG_METRICS,
    CONFIG_LIMITS,
    CONFIG_EVENTLOG,
    CONFIG_ETW,
    CONFIG_EXCHANGE,
    CONFIG_RULES,
    CONFIG_MATCHING,
    CONFIG_PROXY,
    CONFIG_OUTPUTS, /* up to here: their struct is the config itself */
    CONFIG_CHANNEL,
    CONFIG_RULE,
    CONFIG_WEBHOOK, /* from here on: config_settings_output.c */
    CONFIG_CLICKHOUSE,
    CONFIG_ELASTICSEARCH,
    CONFIG_SPLUNK_HEC,
    CONFIG_ALERTMANAGER,
    CONFIG_OTLP,
    CONFIG_AZURE_LOGS,
    CONFIG_FILE,
    CONFIG_HEADER, /* what may stand in any output that speaks HTTP */
    CONFIG_FAILOVER,
    CONFIG_ELEMENT_COUNT,
    CONFIG_ANY_OUTPUT /* as a parent */
};

/* Windows' own limit for a path (learn.microsoft.com: Maximum Path Length Limitation), units of up to 3 bytes. */
#define CONFIG_MAX_PATH (3u * 32767u)

enum config_kind {
    CONFIG_TEXT,     /* low..high bytes, without control characters */
    CONFIG_NAME,     /* the same, of A-Z a-z 0-9 _ - */
    CONFIG_TOKEN,    /* the same, of what a header's name may hold */
    CONFIG_PATH,     /* text; a relative path is seen from the config file's directory */
    CONFIG_URL,      /* https://host[:port][/path][?query] */
    CONFIG_WORD,     /* one of words */
    CONFIG_NUMBER,   /* low..high, as written */
    CONFIG_DURATION, /* low..high seconds, written with s, m, h or d */
    CONFIG_LOOKBACK, /* the same, or "all" or "none" */
    CONFIG_AGE,      /* the same, or "none", which is 0 */
    CONFIG_PIN       /* base64 of 32 bytes */
};

/* How a value is kept in its struct. */
enum config_store {
    CONFIG_CHARS,
    CONFIG_BOOL,
    CONFIG_LEVEL,
    CONFIG_FORMAT,
    CONFIG_ENCODING,
    CONFIG_PROXY_LOGIN,
    CONFIG_UNSIGNED,
    CONFIG_SIZE,
    CONFIG_U64,
    CONFIG_NOWHERE
};

struct config_setting {
    const char *name;
    enum config_kind kind;
    enum config_store store;
    size_t offset;       /* in its element's struct */
    const char *initial; /* the default, as one would write it; NULL: see absent */
    const char *absent;  /* what holds without it, in words, when there is no default text; NULL: it is required */
    bool is_secret;      /* its value stands in no message */
    uint64_t low, high;
    uint64_t scale;           /* what one as written (a second, for durations) is in the struct */
    const char *const *words; /* ends with NULL; a word's index is its value */
};

struct config_element {
    const char *name;
    enum config_element_id parent; /* its own id for the root */
    unsigned most;                 /* how many in one parent */
    const struct config_setting *settings;
    size_t count;
};

extern const struct config_element config_output_elements[CONFIG_ELEMENT_COUNT - CONFIG_WEBHOOK];

/* id: not CONFIG_ELEMENT_COUNT and beyond. */
const struct config_element *config_element(enum config_element_id id);
bool config_may_stand_in(enum config_element_id id, enum config_element_id parent);

/* The element that output was made of. */
enum config_element_id config_element_of(const struct config_output *output);

/* A <header> before it becomes "Name: value". */
struct config_header {
    char *name, *value;
};

/* A <failover>. */
struct config_failover {
    char *url;
};

/* Most characters of a reason or a range. */
#define CONFIG_MAX_REASON 512

/*
 * Sets setting in target (its element's struct) from value; a text that was there is freed. file: as in config_parse.
 * Returns 0; -EINVAL with reason ("what is wrong; what would be right"); -ENOMEM.
 */
int config_set(void *target, const struct config_setting *setting, const char *value, const char *file,
               char reason[CONFIG_MAX_REASON]);

/* Sets all defaults of element in target, which is zeroed or has been set before. Returns 0 or -ENOMEM. */
int config_set_defaults(void *target, enum config_element_id element);

/* Overwrites and frees the texts of element in target. */
void config_clear(void *target, enum config_element_id element);

/* Overwrites and frees; NULL is allowed. */
void config_wipe(char *text);

/* The values that setting takes, in words: "1 to 1000", "yes, no". */
void config_range(char to[CONFIG_MAX_REASON], const struct config_setting *setting);

/* NULL, or why value is no https:// URL that we send to, nor an http:// one of this host itself: "what is wrong; what
 * would be right". */
const char *config_url_fault(const char *value);

/* Adds a mistake; the message is cut where longer than CONFIG_MAX_REASON * 2. Returns 0 or -ENOMEM. */
int config_errors_add(struct config_errors *errors, unsigned long line, unsigned long column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts them in order of appearance. */
void config_errors_sort(struct config_errors *errors);

/* Copies value for a message: at most 60 bytes, control characters as '?', in double quotes. Returns to. */
#define CONFIG_QUOTED_SIZE 80
const char *config_quoted(char to[CONFIG_QUOTED_SIZE], const char *value);

#endif
