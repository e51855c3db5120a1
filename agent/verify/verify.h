/*
 * verify: rows of texts with the answer expected, compared with what detect/ says.
 *
 * A row is tab-separated; in its texts \\ \t \n \r \0 are the usual characters, \uXXXX and \UXXXXXXXX a code point
 * (a pair of surrogates one character), \xHH one raw byte. Five kinds, each also with one more column, "source":
 *   haystack needle expected
 *   command_line expected                     (all terms of the rule)
 *   computer account host_name domain_index host_name_domain account_name account_domain
 *   id kind expression field_types fields_json expected_json     (verify_expression.h; told by its header alone)
 *   id event_type fields_json expected_rules op severity why    (verify_cmdlet.h; the same)
 *   rule_file query_line query_column class construct            (verify_refusal.h; the same, and without escapes)
 * expected: 1 or 0. Matching is done in UTF-8 and in UTF-16, and both must be as expected.
 */
#ifndef AGENT_VERIFY_VERIFY_H
#define AGENT_VERIFY_VERIFY_H

#include "detect/base/text.h"
#include <stdio.h>

enum verify_kind {
    VERIFY_UNKNOWN,
    VERIFY_HAS,
    VERIFY_HAS_ALL,
    VERIFY_ENTITY,
    VERIFY_EXPRESSION,
    VERIFY_REFUSAL,
    VERIFY_CMDLET
};

/* One run; the caller sets name, mismatches_to, faults_to, perhaps rules, and zeroes the rest. */
struct verify {
    const char *name;      /* of the file, in messages */
    FILE *mismatches_to;   /* "name:line: ..." */
    FILE *faults_to;       /* the same, for rows that can't be read */
    enum verify_kind kind; /* VERIFY_UNKNOWN: told by the first line, which may name the columns */
    const char *rules;     /* directory of the rule files that rows name, or NULL */
    unsigned long line;    /* of the row that was read last */
    unsigned long rows, mismatches, malformed;
    struct rule_set *cmdlets; /* our rules for cmdlets, once a row asks for them */
    struct rule_set *builtin; /* the built-in rules, the same */
    unsigned long supported;  /* of the rows: what they say is refused is supported by now */
};

/* One line without its end. Returns 0 whatever came of it, or -ENOMEM. verify_clear() when done. */
int verify_line(struct verify *v, struct text line);

/* Frees what lines needed. */
void verify_clear(struct verify *v);

/* All lines of a file's content, which may end in CR LF each and begin with a byte order mark. Empty lines are skipped.
 * Returns as above. */
int verify_lines(struct verify *v, struct text content);

#endif
