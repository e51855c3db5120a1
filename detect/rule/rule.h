/*
 * rule: a detection rule as constant data. Each rule stands in one file of detect/rules/.
 */
#ifndef DETECT_RULE_RULE_H
#define DETECT_RULE_RULE_H

#include "detect/event/event.h"
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

/* A tactic or technique of MITRE ATT&CK. */
struct rule_attack {
    const char *id;
    const char *name;
};

struct rule {
    const char *id;
    const char *name;
    const char *version;
    const char *severity;  /* the source's own word */
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

/* All rules of this program; *count gets their number. Static. */
const struct rule *const *rules_all(size_t *count);

extern const struct rule rule_email_access_active_sync;

#endif
