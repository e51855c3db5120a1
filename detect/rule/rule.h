/*
 * rule: a detection rule as constant data. Each rule stands in one file of detect/rules/.
 */
#ifndef DETECT_RULE_RULE_H
#define DETECT_RULE_RULE_H

#include "detect/event/event.h"
#include "detect/rule/attack.h"
#include "detect/rule/leg.h"
#include <stddef.h>

/* Most branches that one rule has: they are numbered in the bits of an unsigned. */
#define RULE_MAX_BRANCHES 16

/* Which event the row of a branch is about: names the columns it fills (docs/rule-semantics.md, "The rule's row"). */
enum rule_row {
    RULE_ROW_SECURITY_EVENT,
    RULE_ROW_WINDOWS_EVENT,
    RULE_ROW_DEVICE_PROCESS,
    RULE_ROW_SYSMON,
    RULE_ROW_DEVICE_PROCESS_OWN /* as DEVICE_PROCESS for a child of the event's process, whether or not it has one */
};

/* "In events of this kind, this field must hold all terms." */
struct rule_branch {
    unsigned number;  /* as docs/rule-semantics.md counts them, 1 and up */
    const char *type; /* the row's column Type */
    enum rule_row row;
    unsigned kinds;         /* bit 1u << enum event_kind for each kind it reads */
    enum event_field field; /* the text that is tested */
    bool is_corrected;      /* not in the rule as it is written: mends quirk Q8 (docs/rule-semantics.md) */
};

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
    const char *severity;  /* "Informational", "Low", "Medium", "High", "Critical" */
    unsigned severity_ecs; /* event.severity, 0 to 100 */
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
    const char *const *terms; /* has_all: all of them, in any order and any letter case */
    size_t term_count;
    const struct rule_branch *branches; /* the one whose row describes the matching process best comes first */
    size_t branch_count;                /* at most RULE_MAX_BRANCHES */
};

/* Frees a compiled rule and all that came from it; NULL is allowed. */
void rule_free(struct rule *rule);

/* Sets severity and severity_ecs by a word of Sentinel or Sigma, in any letter case ("Medium", "critical",
 * "informational"). False: there is no such severity. */
bool rule_severity_set(struct rule *rule, struct text word);

/* The severity's rank, 0 (Informational) to 4 (Critical); -1: none of them. For min-severity. */
int rule_severity_rank(struct text word);

/*
 * Adds a tactic ("InitialAccess", "initial-access", "TA0001") or a technique ("T1078", "t1078.004") of ATT&CK; one that
 * is there already is not added again. False: it is not known, or memory is short.
 */
bool rule_attack_add(struct rule *rule, struct text word);

/* All rules of this program; *count gets their number. Static. */
const struct rule *const *rules_all(size_t *count);

extern const struct rule rule_email_access_active_sync;

#endif
