/*
 * kql: the query of a Microsoft Sentinel rule -> legs of typed expressions over single events, or all that is wrong
 * with it. What the language is and what it means for one event: docs/rule-language.md.
 */
#ifndef DETECT_KQL_KQL_H
#define DETECT_KQL_KQL_H

#include "detect/kql/kql_fault.h"
#include "detect/rule/beside.h"
#include "detect/rule/leg.h"

struct kql_options {
    struct expr_place at; /* where line 1, column 1 of the query stands in the rule's file: notes tell of the file */
    const struct rule_beside *beside; /* data(): by the address that externaldata names; may be NULL */
    const struct text *wanted;        /* columns that the result should have if they can be had (entities) */
    size_t wanted_count;
};

/*
 * Compiles query: adds its legs to out, in the query's order. Mistakes and warnings go to notes, with places in the
 * rule's file; kql_fault_class() gives the class of a note's code.
 * A leg on a table whose events are not read here is left out with a warning (W401); so is one whose mistakes
 * beside->accepts() all.
 * All that is made lives in arena; columns gets what the legs read.
 * Returns 0, also with warnings; -EINVAL: mistakes; -ENOMEM.
 */
int kql_compile(struct legs *out, struct arena *arena, struct columns *columns, struct text query,
                const struct kql_options *options, struct notes *notes);

/* A column that an expression by itself may use. */
struct kql_variable {
    struct text name;
    enum value_type type;
    unsigned column; /* number for expr_row.column */
};

/*
 * Compiles one scalar expression over columns[0..count-1]. Places in faults count from the expression's beginning.
 * Returns 0; -EINVAL with faults; -ENOMEM.
 */
int kql_expression(struct expr **out, struct arena *arena, struct text text, const struct kql_variable *columns,
                   size_t count, struct kql_faults *faults);

#endif
