/* kql_result: what a leg comes to: its condition, the events it reads, the columns of its result. For kql.c alone. */
#ifndef DETECT_KQL_KQL_RESULT_H
#define DETECT_KQL_KQL_RESULT_H

#include "detect/kql/kql_bind.h"
#include "detect/rule/leg.h"

/* All the leg's filters as one. Failed: told of in the binder's faults. */
struct kql_value kql_result_condition(struct kql_binder *binder, struct kql_leg *leg);

/* Which events the leg reads. has_other: does the rule have a leg on the other of SecurityEvent and WindowsEvent? Each
 * then reads its own 4688s, else both. */
void kql_result_sources(struct kql_binder *binder, const struct kql_leg *leg, bool has_other, struct leg *out);

/* The columns of the result, those that can be had; warnings for the others. */
void kql_result_row(struct kql_binder *binder, struct kql_leg *leg, const struct text *wanted, size_t wanted_count,
                    struct leg *out);

#endif
