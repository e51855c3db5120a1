/*
 * vectors: rows with the answer that Kusto gives, built in, in the notation of a file for "tripline verify" (verify.h).
 * Sources: docs/rule-semantics.md and Microsoft's pages on has, has_all and string operators
 * (learn.microsoft.com/kusto/query/datatypes-string-operators, has-operator, has-all-operator); the rest follows from
 * the rules stated there.
 */
#ifndef AGENT_VERIFY_VECTORS_H
#define AGENT_VERIFY_VECTORS_H

/* Each ends with NULL. */
extern const char *const vectors_has[];     /* haystack, needle, expected */
extern const char *const vectors_has_all[]; /* command_line, expected */
extern const char *const vectors_entity[];  /* computer, account, and the five columns made of them */

#endif
