/*
 * rule_sentinel: a file of Microsoft Sentinel, read as a tree, -> a rule. Its query goes to detect/kql.
 */
#ifndef DETECT_RULES_RULE_SENTINEL_H
#define DETECT_RULES_RULE_SENTINEL_H

#include "detect/rules/rule_file.h"

/* Fills rule of root. Returns 0 (with warnings maybe), -EINVAL: mistakes, in notes; -ENOMEM. */
int rule_sentinel_compile(struct rule *rule, struct columns *columns, const struct node *root,
                          const struct rule_beside *beside, struct notes *notes);

#endif
