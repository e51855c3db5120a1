/* config_parse: the state of one run of the parser, shared by config_parse.c (XML) and config_build.c (settings). */
#ifndef AGENT_CONFIG_CONFIG_PARSE_H
#define AGENT_CONFIG_CONFIG_PARSE_H

#include "agent/config/config_internal.h"

#include <expat.h>

/* tripline, outputs, webhook, header: no known element lies deeper. */
#define CONFIG_MAX_DEPTH 4

struct config_parse {
    XML_Parser parser;
    struct text xml;  /* without a byte order mark */
    const char *name; /* of the file */
    bool opens_files; /* look whether the files named can be read? */
    struct config *config;
    struct config_errors *errors;
    int rc; /* -ENOMEM ends the run */
    enum config_element_id stack[CONFIG_MAX_DEPTH];
    unsigned depth;
    unsigned skipped;                       /* depth inside an element that is not known */
    unsigned seen[CONFIG_ELEMENT_COUNT];    /* in the present parent */
    size_t first_at[CONFIG_ELEMENT_COUNT];  /* byte offset of the first of them */
    size_t channel_at[CONFIG_MAX_CHANNELS]; /* byte offset of each */
    size_t output_at[CONFIG_MAX_OUTPUTS];
    size_t root_at; /* byte offset of <tripline> */
    char *shown;    /* a copy of xml in which NULs stand for what is secret */
    bool has_root;
    bool has_unknown_output; /* its name is the mistake, not that there is no output */
};

/* config_parse() and config_load() in one: opens_files as above. */
int config_parse_text(struct config **out, struct text xml, const char *name, bool opens_files,
                      struct config_errors *errors);

/* A config with all defaults but channels and the state's directory. Returns 0 or a negative errno value. */
int config_new(struct config **out);

/* Adds a mistake at byte offset; too many, or no memory, ends the run. */
void config_parse_fault(struct config_parse *p, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* An element that stands where it may begins at byte tag with these attributes (expat's list). */
void config_build_start(struct config_parse *p, enum config_element_id element, const char **attributes, size_t tag);

/* The whole text was read without a mistake in its XML: what one element alone can't tell, and default channels. */
void config_build_finish(struct config_parse *p);

#endif
