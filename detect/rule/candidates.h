/*
 * candidates: which legs may be true of an event, by what must stand in it (expr_required). Part of rule_set.
 */
#ifndef DETECT_RULE_CANDIDATES_H
#define DETECT_RULE_CANDIDATES_H

#include "detect/rule/leg.h"

struct candidates; /* never changes once made: any number of threads may use it */

/* Makes them for legs[0..count-1], which like columns must outlive it. Returns 0 or -ENOMEM. */
int candidates_new(struct candidates **out, const struct columns *columns, const struct leg *const *legs, size_t count);

/* Frees c; NULL is allowed. */
void candidates_free(struct candidates *c);

/* What must stand in an event for leg number i to be true; NULL: nothing is known, the leg is always on. */
const struct expr_needs *candidates_needs(const struct candidates *c, size_t leg);

/* The legs that are always on for events of that kind. */
const uint32_t *candidates_always(const struct candidates *c, enum event_kind kind, size_t *count);

/* Calls hit with the number of each other leg that may be true of event, any number of times for each; also with legs
 * that take no such event. */
void candidates_each(const struct candidates *c, const struct event *event, void (*hit)(void *context, uint32_t leg),
                     void *context);

/* Can literal be looked for in raw bytes? */
bool candidates_is_raw(const struct expr_literal *literal);

/* As rule_set_bytes_find() and rule_set_utf16_may_match(). */
size_t candidates_bytes_find(const struct candidates *c, struct text bytes, size_t from);
bool candidates_utf16_may_match(const struct candidates *c, const uint16_t *units, size_t count);

/* Bytes of the tables. */
size_t candidates_size(const struct candidates *c);

#endif
