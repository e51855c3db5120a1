/*
 * rule: a detection rule, compiled of its text.
 */
#ifndef DETECT_RULE_RULE_H
#define DETECT_RULE_RULE_H

#include "detect/rule/attack.h"
#include "detect/rule/leg.h"
#include <stddef.h>

/* Where a rule's text comes from. */
enum rule_format { RULE_SENTINEL, RULE_SIGMA };

/* A Sentinel entity mapping: "the identifier FullName of an Account is in this column of the row". */
struct rule_entity {
    const char *type;       /* "Account", "Host", "IP", ... */
    const char *identifier; /* "FullName", "Sid", "HostName", ... */
    const char *column;
};

/* A column of the row under a name of the rule's own (customDetails). */
struct rule_detail {
    const char *name, *column;
};

/* A rule: what it is called, and its legs. Nothing here changes once it is compiled; all lives in arena. Texts are
 * NUL-terminated, and NULL where the rule has none unless it says otherwise. */
struct rule {
    enum rule_format format;
    struct arena *arena;     /* of the rule alone; owned by whoever compiled it */
    const char *source;      /* the file it stands in, or "built in"; never NULL */
    struct expr_place place; /* of its id */
    const char *description; /* one line or more */
    const char *status;      /* Sigma: "stable", "test", "experimental", "deprecated", "unsupported" */
    const char *kind;        /* Sentinel: "Scheduled", "NRT", "Hunting" */
    bool is_disabled;        /* Sentinel: "enabled: false": off unless somebody asks for it by its id */
    const char *license;
    const char *const *references;
    size_t reference_count;
    const char *const *false_positives; /* what is known to fire it without an attack */
    size_t false_positive_count;
    const struct rule_entity *entities;
    size_t entity_count;
    const struct rule_detail *details;
    size_t detail_count;
    struct legs legs; /* numbered from 1 in messages and documents, in the order in which the text has them */

    const char *id;
    const char *name;
    const char *version;
    const char *severity_column; /* of the row, which has an alert's severity instead of the rule's; NULL: none */
    const char *attached_to; /* the rule's id whose alert of the same event names this rule; then it has none itself */
    const char *severity;    /* "Informational", "Low", "Medium", "High", "Critical" */
    unsigned severity_ecs;   /* event.severity, 0 to 100 */
    const char *author;
    const char *ruleset;
    const char *reference; /* where the rule is published */
    const char *
        upstream_commit; /* the last text that this port was compared with, whole: commit of the ruleset's repository */
    const char *upstream_version; /* the version that text names */
    const char *upstream_sha256;  /* of that file, hexadecimal */
    const struct rule_attack *tactics;
    size_t tactic_count;
    const struct rule_attack *techniques;
    size_t technique_count;
};

/* Frees a compiled rule and all that came from it; NULL is allowed. */
void rule_free(struct rule *rule);

/* Sets severity and severity_ecs by a word of Sentinel or Sigma, in any letter case ("Medium", "critical",
 * "informational"). False: there is no such severity. */
bool rule_severity_set(struct rule *rule, struct text word);

/* The severity of that word as documents have it. False: there is no such one. */
bool rule_severity_word(const char **severity, unsigned *ecs, struct text word);

/* The severity's rank, 0 (Informational) to 4 (Critical); -1: none of them. For min-severity. */
int rule_severity_rank(struct text word);

/*
 * Adds a tactic ("InitialAccess", "initial-access", "TA0001") or a technique ("T1078", "t1078.004") of ATT&CK; one that
 * is there already is not added again. False: it is not known, or memory is short.
 */
bool rule_attack_add(struct rule *rule, struct text word);

#endif
