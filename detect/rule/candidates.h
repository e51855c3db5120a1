/*
 * candidates: which legs may be true of an event, by what must stand in it (expr_required). Part of rule_set.
 */
#ifndef DETECT_RULE_CANDIDATES_H
#define DETECT_RULE_CANDIDATES_H

#include "detect/rule/route.h"

struct candidates; /* never changes once made: any number of threads may use it */

/* Makes them for legs[0..count-1], which like columns and routes (theirs) must outlive it. Returns 0 or -ENOMEM. */
int candidates_new(struct candidates **out, const struct columns *columns, const struct leg *const *legs, size_t count,
                   const struct routes *routes);

/* Frees c; NULL is allowed. */
void candidates_free(struct candidates *c);

/* What must stand in an event for leg number i to be true; NULL: nothing is known, the leg is always on. */
const struct expr_needs *candidates_needs(const struct candidates *c, size_t leg);

/* Calls hit with the number of each leg that may be true of event and whose route is in taken (routes_take), any number
 * of times for each. What it needs of scratch stays taken. */
void candidates_each(const struct candidates *c, const struct event *event, const uint64_t *taken,
                     struct arena *scratch, void (*hit)(void *context, uint32_t leg), void *context);

/* Bytes of the tables. */
size_t candidates_size(const struct candidates *c);

#endif
