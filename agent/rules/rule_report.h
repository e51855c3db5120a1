/* rule_report: what there is to say of loaded rule files, for people and as JSON. */
#ifndef AGENT_RULES_RULE_REPORT_H
#define AGENT_RULES_RULE_REPORT_H

#include "agent/rules/rule_load.h"

#include <jansson.h>
#include <stdio.h>

/*
 * Every mistake and warning of a file as "file:line:column: code: what", with the line and a caret; of a rule without
 * mistakes its legs: table, what must stand in an event, and for each kind whether it can fire.
 */
void rule_report_text(FILE *to, const struct rule_load *load, const struct rule_load_file *file);

/* The same as an object: file, ok, errors, warnings, legs; of a rule without mistakes also id, name, version, severity,
 * format. NULL: no memory. */
json_t *rule_report_json(const struct rule_load *load, const struct rule_load_file *file);

/* One rule of a set as an object, for lists. NULL: no memory. */
json_t *rule_report_rule(const struct rule_load *load, const struct rule_load_file *file);

#endif
