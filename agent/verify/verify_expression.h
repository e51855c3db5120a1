/*
 * verify_expression: rows of KQL expressions with the answer that Kusto's engine gives.
 *
 *   id kind expression field_types fields_json expected_json [source]
 *
 * kind "where": is the row of these fields kept? "value": the expression's value. field_types: "Name:type,..." with
 * KQL's types; fields_json: an object of the values, what is missing is null or "". There are no escapes but JSON's.
 */
#ifndef AGENT_VERIFY_VERIFY_EXPRESSION_H
#define AGENT_VERIFY_VERIFY_EXPRESSION_H

#include "agent/verify/verify.h"

/* The columns without "source", in this order. */
enum verify_expression_column {
    VERIFY_ID,
    VERIFY_EXPRESSION_KIND,
    VERIFY_TEXT,
    VERIFY_FIELD_TYPES,
    VERIFY_FIELDS,
    VERIFY_EXPECTED,
    VERIFY_EXPRESSION_COLUMNS,
};

/* One row; counts and tells mismatches and what can't be read in v. Returns 0 or -ENOMEM. */
int verify_expression(struct verify *v, const struct text *column);

#endif
