/*
 * has: is a term in a text as a whole word, in any letter case? The KQL operators has and has_all.
 *
 * "Explorer" is not in "KustoExplorerQuery"; "add" is in "@{add='x'}" and in "a_add".
 * Source: docs/rule-semantics.md, "has and has_all" (recorded verdicts of a real Kusto engine).
 * A word edge is where a letter or decimal digit (Unicode L*, Nd) does not continue; where the term's own edge is
 * neither, no word edge is asked for. Letters fold one to one (Unicode simple case folding), never between ASCII and
 * the rest.
 */
#ifndef DETECT_SEARCH_HAS_H
#define DETECT_SEARCH_HAS_H

#include "detect/base/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most terms in one list: KQL looks at no more than 256 distinct values
 * (learn.microsoft.com/kusto/query/has-all-operator). */
#define HAS_MAX_TERMS 256

/* Longest term, code points: far above any real one; it bounds the time that a hostile text can cost. */
#define HAS_MAX_TERM_LENGTH 65536

struct has_all; /* never changes once made: any number of threads may match with it */

/*
 * Makes a matcher for terms[0..count-1], which are copied. count: 1..HAS_MAX_TERMS. An empty term is in every text.
 * Returns 0 and sets *out, which the caller frees with has_all_free().
 * -EINVAL: count or a term's length out of range. -ENOMEM. *out is then left as it was.
 */
int has_all_new(struct has_all **out, const struct text *terms, size_t count);

/* Frees h; NULL is allowed. */
void has_all_free(struct has_all *h);

/* Is every term in text? Allocates nothing; time grows with text.len times the longest term at worst. */
bool has_all_match(const struct has_all *h, struct text text);

/* The same for UTF-16: a lone surrogate is an edge. */
bool has_all_match_utf16(const struct has_all *h, const uint16_t *units, size_t count);

#endif
