/*
 * attack: names of MITRE ATT&CK's tactics and techniques.
 *
 * The table holds what rules for Windows name, of enterprise ATT&CK 19; ids that 19 revoked keep their last names, as
 * rules still write them. Source: attack.mitre.org, (c) The MITRE Corporation; see NOTICE.
 */
#ifndef DETECT_RULE_ATTACK_H
#define DETECT_RULE_ATTACK_H

#include "detect/base/text.h"

/* A tactic or technique. */
struct rule_attack {
    const char *id;   /* "TA0001", "T1078.004" */
    const char *name; /* "Initial Access"; a sub-technique's own name alone */
};

/* The version of ATT&CK that the table follows: "19". */
extern const char attack_version[];

/*
 * A tactic by its id or its name, in any letter case and with or without spaces, hyphens and underscores: "TA0001",
 * "InitialAccess", "initial-access". "DefenseEvasion" is what TA0005 was called until 18. NULL: there is none. Static.
 */
const struct rule_attack *attack_tactic(struct text word);

/* A technique or sub-technique by its id, in any letter case: "T1078", "t1078.004". NULL: it is not in the table.
 * Static. */
const struct rule_attack *attack_technique(struct text id);

/* All of them, in order of id. */
extern const struct rule_attack attack_techniques[];
extern const size_t attack_technique_count;

/* Has the text the form of a technique's id, T and four digits, and maybe a dot and three? */
bool attack_is_technique(struct text id);

#endif
