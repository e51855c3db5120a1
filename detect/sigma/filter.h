/*
 * filter: Sigma's filter documents: conditions that narrow rules which stand in other files.
 * Source: Sigma filters specification 2.1.0. The specification's text leaves open whether a filter's condition keeps or
 * drops what it matches; its reference implementation (pySigma) and sigmahq.io/docs/meta/filters join it to the rule's
 * with "and", and so does this. "rules: any" is version 2.2's.
 */
#ifndef DETECT_SIGMA_FILTER_H
#define DETECT_SIGMA_FILTER_H

#include "detect/sigma/piece.h"

/*
 * Joins to the condition of the rule whose document is root the conditions of those filters that apply to it.
 * Returns 0; -EINVAL: one of them does not compile with this rule's fields, the mistakes are in job->notes; -ENOMEM.
 */
int filter_apply(struct piece *condition, struct job *job, const struct node *root, const struct node *const *filters,
                 size_t count);

#endif
