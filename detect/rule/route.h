/*
 * route: which legs may be true of an event by its kind, id, channel and provider alone. Legs of the same sources have
 * the same route. Part of rule_set.
 */
#ifndef DETECT_RULE_ROUTE_H
#define DETECT_RULE_ROUTE_H

#include "detect/rule/leg.h"

struct routes; /* never changes once made: any number of threads may use it */

/* Makes them for legs[0..count-1], which must outlive it. Returns 0 or -ENOMEM. */
int routes_new(struct routes **out, const struct leg *const *legs, size_t count);

/* Frees r; NULL is allowed. */
void routes_free(struct routes *r);

size_t routes_count(const struct routes *r);

/* Words of 64 bits that a set of routes takes; at least 1. */
size_t routes_words(const struct routes *r);

/* The route of leg number i, below routes_count(). */
uint32_t routes_of(const struct routes *r, size_t leg);

/* Is an event on any route? */
bool routes_any(const struct routes *r, const struct event *event);

/* Remembers the answers for the events seen of late; one for each thread. Returns 0 or -ENOMEM. */
struct route_cache;
int route_cache_new(struct route_cache **out, const struct routes *r);
void route_cache_free(struct route_cache *cache); /* NULL is allowed */

/* The set of the routes that take event: bit i % 64 of word i / 64 for route i. Valid until the next call with cache.
 */
const uint64_t *routes_take(const struct routes *r, struct route_cache *cache, const struct event *event);

/* Is route in a set of them? */
static inline bool routes_has(const uint64_t *set, size_t route)
{
    return (set[route / 64] >> route % 64 & 1) != 0;
}

#endif
