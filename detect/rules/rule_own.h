/*
 * rule_own: what the key "tripline" of a rule in Sentinel's form says. Sentinel has no such key; what stands there is
 * for this program:
 *
 *   ruleset: where the rule comes from, as alerts name it
 *   upstream: version, commit and sha256 of the published text that this one was compared with
 *   columns: the columns of the result, in the documents' order; one that a leg lacks is empty
 *   attached-to: the id of a rule whose alert of the same event names this one, which then makes none of its own
 *   mends: further legs, which are not in the rule as it was published: query, kind (of the events that they read) and
 *     leg (the number under which documents name them)
 */
#ifndef DETECT_RULES_RULE_OWN_H
#define DETECT_RULES_RULE_OWN_H

#include "detect/kql/kql.h"
#include "detect/rule/node.h"
#include "detect/rule/rule.h"

/*
 * Reads what root's key says of rule, whose legs are compiled; options: those of its query. Mistakes go to notes.
 * Returns 0, also with mistakes in notes or without such a key; -ENOMEM.
 */
int rule_own_read(struct rule *rule, struct columns *columns, const struct node *root,
                  const struct kql_options *options, struct notes *notes);

#endif
