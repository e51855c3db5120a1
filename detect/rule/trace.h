/*
 * trace: what a match leaves in the raw bytes of a log: where nothing of any leg's stands, nothing need be read. Part
 * of rule_set.
 */
#ifndef DETECT_RULE_TRACE_H
#define DETECT_RULE_TRACE_H

#include "detect/rule/candidates.h"

struct traces; /* never changes once made: any number of threads may use it */

/* Makes them for legs[0..count-1], with what candidates, theirs, say that they need. Returns 0 or -ENOMEM. */
int traces_new(struct traces **out, const struct columns *columns, const struct leg *const *legs, size_t count,
               const struct candidates *candidates);

/* Frees t; NULL is allowed. */
void traces_free(struct traces *t);

/* Are the traces of leg number i ASCII words of what it needs, not only of its source's names? */
bool traces_of(const struct traces *t, size_t leg);

/* As rule_set_bytes_find() and rule_set_utf16_may_match(). */
size_t traces_find(const struct traces *t, struct text bytes, size_t from);
bool traces_in_utf16(const struct traces *t, const uint16_t *units, size_t count);

/* Bytes of the tables. */
size_t traces_size(const struct traces *t);

#endif
