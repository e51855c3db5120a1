/*
 * term: where does a text stand in another: as KQL's has, hasprefix, contains, startswith, =~ and their _cs forms ask.
 *
 * Letters fold one to one (unicode_fold) unless the case counts; nothing is normalised. A word edge is where a letter
 * or decimal digit (Unicode L*, Nd) does not continue; where the term's own end is neither, no edge is asked for.
 */
#ifndef DETECT_SEARCH_TERM_H
#define DETECT_SEARCH_TERM_H

#include "detect/base/arena.h"
#include "detect/base/text.h"
#include <stdbool.h>

/* Longest term, code points. */
#define TERM_MAX_POINTS 65536

enum term_flag {
    TERM_CASED = 1,      /* the letters' case counts */
    TERM_EDGE_LEFT = 2,  /* a word must begin with it */
    TERM_EDGE_RIGHT = 4, /* a word must end with it */
};

struct term; /* never changes once made */

/*
 * A term of text, in arena (what it is made of included). An empty one is everywhere. flags: of enum term_flag.
 * Returns 0, -EINVAL (longer than TERM_MAX_POINTS) or -ENOMEM (the arena's limit) with *out left as it was.
 */
int term_new(const struct term **out, struct arena *arena, struct text text, unsigned flags);

/* Does it stand in text? Time grows with text.len times the term's length at worst. */
bool term_in(const struct term *term, struct text text);

/* Does text begin with it, end with it, is it the same? Edges are not asked for. */
bool term_starts(const struct term *term, struct text text);
bool term_ends(const struct term *term, struct text text);
bool term_equals(const struct term *term, struct text text);

/* a in lower case by unicode_fold, in arena; absent: the arena's limit. */
struct text term_fold(struct text text, struct arena *arena);

/* Are they the same but for the case? Allocates nothing. */
bool term_same(struct text a, struct text b);

#endif
