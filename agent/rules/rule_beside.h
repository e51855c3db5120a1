/*
 * rule_beside: the files beside a rule file x.yaml, for its compiler:
 *   x.accept         legs that may be left out: lines "LEG CODE", such as "2 K301"; # begins a comment
 *   x.data/          frozen lists of externaldata: SHA256.csv each, its name being the SHA-256 of its bytes;
 * x.data/index says which is which, in lines "SHA256 ADDRESS". A list alone needs no index.
 */
#ifndef AGENT_RULES_RULE_BESIDE_H
#define AGENT_RULES_RULE_BESIDE_H

#include "detect/rule/beside.h"
#include "detect/rule/note.h"

/* Largest x.accept and index, largest list, bytes; most lists of a rule. */
#define RULE_BESIDE_MAX_TEXT ((size_t)64 << 10)
#define RULE_BESIDE_MAX_DATA ((size_t)16 << 20)
#define RULE_BESIDE_MAX_LISTS 32

struct rule_beside_files {
    struct rule_beside beside;          /* its context is this struct: it must not be moved */
    char *stem;                         /* the rule's path without .yaml */
    char *accept;                       /* the text of x.accept; NULL: none */
    char *lists[RULE_BESIDE_MAX_LISTS]; /* those that were asked for */
    size_t list_count;
};

/* Looks beside the rule file path; mistakes in x.accept go to notes. Returns 0 or -ENOMEM. */
int rule_beside_open(struct rule_beside_files *files, const char *path, struct notes *notes);

void rule_beside_close(struct rule_beside_files *files);

#endif
