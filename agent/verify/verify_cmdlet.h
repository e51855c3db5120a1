/*
 * verify_cmdlet: a recorded or invented event of a cmdlet, and which of our rules it must fire.
 *
 * Columns: id, event_type, fields_json, expected_rules (ids with commas between them, "-": none), op, severity, why.
 * event_type: mgmt (MSExchange Management: provider, channel, event_id, data: a list of texts), sys104 (System 104: its
 * data), ps4103, ps4104 (their data; or parts: a list of {n, total, id, text}), ps800, ps400 (data: a list), proc (a
 * new process: CommandLine), cmdletinfra (the columns of a row). op and severity are the columns Operation and Severity
 * of the row of the rule that is named first.
 */
#ifndef AGENT_VERIFY_VERIFY_CMDLET_H
#define AGENT_VERIFY_VERIFY_CMDLET_H

#include "detect/rule/rule_set.h"

/* What came of one row, in words: "tl-eas-01 replace medium", or "- - -". */
#define VERIFY_CMDLET_SIZE 256

/*
 * Runs the event through set's rules whose id begins with "tl-eas-". is gets what came of it, should what the row
 * expects. Returns 0; -EINVAL: the row can't be read, *fault says why; -ENOMEM.
 */
int verify_cmdlet(char is[VERIFY_CMDLET_SIZE], char should[VERIFY_CMDLET_SIZE], const char **fault,
                  const struct rule_set *set, const struct text *columns);

/* Compiles our rules, those that are off too. Returns 0; the caller frees *out with rule_set_free(); or -ENOMEM. */
int verify_cmdlet_rules(struct rule_set **out);

#define VERIFY_CMDLET_HEADER "id\tevent_type\tfields_json\texpected_rules\top\tseverity\twhy"

/* How many columns a row has. */
#define VERIFY_CMDLET_COLUMNS 7

#endif
