/*
 * rule_load: rule files and the built-in rules -> a sealed rule_set, and what there is to say of each file.
 *
 * Beside x.yaml may lie x.accept (which legs may be left out: a line "LEG CODE" each, # begins a comment) and x.data/
 * (frozen lists, SHA256.csv each).
 */
#ifndef AGENT_RULES_RULE_LOAD_H
#define AGENT_RULES_RULE_LOAD_H

#include "detect/base/fault.h"
#include "detect/rule/rule_set.h"
#include "transport/document/sha256.h"

/* Deepest directory below the one named, and most files: what is beyond is an error of the load. */
#define RULE_LOAD_MAX_DEPTH 16
#define RULE_LOAD_MAX_FILES 20000

struct rule_extras;

/* What the config says of one rule. */
struct rule_load_choice {
    const char *id;
    bool is_enabled;      /* also a rule that is off by itself */
    const char *severity; /* instead of the rule's own; NULL: that */
};

struct rule_load_settings {
    const char *directory;    /* its *.yml and *.yaml files, those of its directories too; NULL: none */
    const char *const *paths; /* files and directories; each file whatever its name is */
    size_t path_count;
    bool has_builtin;                       /* the built-in rules too; a file with the id of one stands for it */
    bool is_builtin_off;                    /* but only those that choices switch on */
    const char *only;                       /* the id of the one rule wanted, off or not; NULL: all that are not off */
    const struct rule_load_choice *choices; /* of rules that may not be there */
    size_t choice_count;
    struct rule_set_options options;
    /* Of an earlier load: a file with mistakes keeps the version that this one had; NULL: there is none. */
    const struct rule_load *before;
};

/* A file, or a built-in rule. */
struct rule_load_file {
    char *path;              /* as it is shown: "rules/x.yaml", "built in" */
    char *bytes;             /* its text, NUL-terminated; NULL: it can't be read */
    size_t size;             /* of bytes, without the NUL */
    int error;               /* below 0: it can't be read, and why */
    struct notes notes;      /* mistakes and warnings */
    const struct rule *rule; /* in the set, or off; NULL: it has mistakes and no earlier version */
    struct rule *owned;      /* rule where it is off: the set has the others; else NULL */
    bool is_extra;           /* a Sigma filter, placeholders, or tests: no rule itself */
    bool is_replaced;        /* a built-in rule for which a file stands */
    bool is_off;             /* switched off, or deprecated or unsupported and not asked for: not in the set */
    bool is_older;           /* rule is of an earlier version of the file, as this one has mistakes */
    char *good;              /* the bytes that rule was compiled of; may be bytes itself */
    size_t good_size;
};

struct rule_load {
    struct rule_set *set;
    struct rule_load_file *files; /* the built-in rules first, then in the byte order of the paths */
    size_t count;
    size_t files_read;          /* without the built-in rules */
    size_t mistaken;            /* files with mistakes, or that can't be read */
    struct rule_extras *extras; /* while it is loaded; then NULL */
    char hash[SHA256_HEX_SIZE]; /* over ids, versions and contents of the rules in the set, whatever the files' order */
};

/*
 * Loads. Mistakes in files are no error. Returns 0; -ENOMEM; -ENOENT, -EACCES ...: a directory or path can't be read,
 * *fault says which.
 */
int rule_load_new(struct rule_load **out, const struct rule_load_settings *settings, struct fault *fault);

/* Frees it with its set; NULL is allowed. */
void rule_load_free(struct rule_load *load);

#endif
