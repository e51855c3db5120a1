/*
 * coverage: what a source of events leaves a leg to see: which of the columns that its condition reads are always empty
 * in events of a kind, and whether the leg can be true of them all the same.
 */
#ifndef DETECT_RULE_COVERAGE_H
#define DETECT_RULE_COVERAGE_H

#include "detect/rule/leg.h"

enum coverage {
    COVERAGE_NONE,     /* the leg reads no events of this kind */
    COVERAGE_NEVER,    /* what must stand in the event for the leg to be true stands in none of this kind */
    COVERAGE_DEGRADED, /* some columns are always empty */
    COVERAGE_FULL
};

/* "none", "can never fire", "degraded", "can fire". Static. */
const char *coverage_name(enum coverage coverage);

/* "4688", "forwarded 4688", "Sysmon 1", "ETW", "other events". Static. */
const char *coverage_kind_name(enum event_kind kind);

/* Is this column always empty in events of kind? Of EVENT_OTHER nothing is known. */
bool coverage_is_empty(const struct columns *columns, unsigned column, enum event_kind kind);

/* needs: of the leg (rule_set_leg), or NULL. */
enum coverage coverage_of(const struct leg *leg, const struct expr_needs *needs, const struct columns *columns,
                          enum event_kind kind);

#endif
