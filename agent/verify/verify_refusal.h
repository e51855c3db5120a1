/* verify_refusal: rows of rules that must be refused, with the place and the class of a mistake that must be told. */
#ifndef AGENT_VERIFY_VERIFY_REFUSAL_H
#define AGENT_VERIFY_VERIFY_REFUSAL_H

#include "agent/verify/verify.h"

/* The first line of such a file. */
#define VERIFY_REFUSAL_HEADER "rule_file\tquery_line\tquery_column\tclass\tconstruct"

/*
 * One row: a rule file of v->rules, line and column in its query, the class (kql_fault_class), the construct. It agrees
 * if compiling the rule tells of a mistake of that class at that place, or if the construct is a function or an
 * expansion of rows that is supported (v->supported counts those). Returns 0 whatever came of it, or -ENOMEM.
 */
int verify_refusal_row(struct verify *v, struct text line);

#endif
