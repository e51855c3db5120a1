/* rule_explain: a rule's compiled conditions as text, and what they make of recorded events. */
#ifndef AGENT_RULES_RULE_EXPLAIN_H
#define AGENT_RULES_RULE_EXPLAIN_H

#include "agent/rules/rule_load.h"
#include <stdio.h>

/* Most events of a file that are explained; of more the first are. */
#define RULE_EXPLAIN_MAX_EVENTS 20

/* Prints each leg of rule, number i of load's set: table, events, condition, row. Returns 0 or -ENOMEM. */
int rule_explain(FILE *to, const struct rule_load *load, size_t i);

/*
 * For each event of the file at path that the rule reads: what each part of its conditions makes of it, with the
 * values. *events gets how many such events are there. Returns 0, -ENOMEM, or what reading failed with (*fault says
 * more).
 */
int rule_explain_events(FILE *to, unsigned long *events, const struct rule_load *load, size_t i, const char *path,
                        struct fault *fault);

#endif
