/*
 * config_internal: the settings as a table, which the parser, its messages and its tests read. A new setting is a line
 * in config_settings.c, in config_settings_output.c (what several outputs have) or in the output's own file
 * (transport/outputs/output_*.c), in config/tripline.xml and in config/tripline.xsd; a test holds them together.
 */
#ifndef AGENT_CONFIG_CONFIG_INTERNAL_H
#define AGENT_CONFIG_CONFIG_INTERNAL_H

#include "agent/config/config.h"
#include "detect/base/setting.h"
#include "transport/outputs/output_type.h"

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
    CONFIG_HEADER, /* what may stand in any output that speaks HTTP; these two: config_settings_output.c */
    CONFIG_FAILOVER,
    CONFIG_OUTPUT, /* from here on: one for each output_type_at() */
    CONFIG_ELEMENT_COUNT = CONFIG_OUTPUT + OUTPUT_TYPE_COUNT,
    CONFIG_ANY_OUTPUT /* as a parent */
};

struct config_element {
    const char *name;
    enum config_element_id parent; /* its own id for the root */
    unsigned most;                 /* how many in one parent */
    const struct setting *settings;
    size_t count;
};

/* id: CONFIG_HEADER and beyond. Any thread. */
const struct config_element *config_output_element(enum config_element_id id);

/* id: not CONFIG_ELEMENT_COUNT and beyond. */
const struct config_element *config_element(enum config_element_id id);
bool config_may_stand_in(enum config_element_id id, enum config_element_id parent);

/* The element that output was made of. */
enum config_element_id config_element_of(const struct config_output *output);

/* Where the value of setting is kept in target, its element's struct: there, or in its output's own one. */
void *config_field(const void *target, const struct setting *setting);

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

/* Largest certificate or key file, bytes; a bundle of every public authority is about 220 KB. */
#define CONFIG_MAX_PEM (4u * 1024u * 1024u)

/* Most settings of one element. */
#define CONFIG_MAX_SETTINGS 40

/*
 * Sets setting in target (its element's struct) from value; a text that was there is freed. file: as in config_parse.
 * Returns 0; -EINVAL with reason ("what is wrong; what would be right"); -ENOMEM.
 */
int config_set(void *target, const struct setting *setting, const char *value, const char *file,
               char reason[CONFIG_MAX_REASON]);

/* Sets all defaults of element in target, which is zeroed or has been set before. Returns 0 or -ENOMEM. */
int config_set_defaults(void *target, enum config_element_id element);

/* Overwrites and frees the texts of element in target. */
void config_clear(void *target, enum config_element_id element);

/* Overwrites and frees; NULL is allowed. */
void config_wipe(char *text);

/* The values that setting takes, in words: "1 to 1000", "yes, no". */
void config_range(char to[CONFIG_MAX_REASON], const struct setting *setting);

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
