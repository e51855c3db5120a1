/*
 * like: text patterns with wildcards, as Sigma writes them, plus a wildcard for the dashes that Windows' commands take.
 *
 *   *   any characters, or none
 *   ?   any one character (a code point; an invalid byte counts as one)
 *   \-  any one of - / U+2013 U+2014 U+2015
 *   \*  \?  \\  the character itself
 *
 * A pattern is for the whole text. Letter case does not count, by simple Unicode folding (detect/base/unicode.h),
 * unless the pattern is cased.
 */
#ifndef DETECT_RULE_LIKE_H
#define DETECT_RULE_LIKE_H

#include "detect/base/arena.h"
#include "detect/base/text.h"

#include <stdbool.h>

/* What stands in a pattern's place besides a code point. */
#define LIKE_ANY 0x110000u
#define LIKE_ONE 0x110001u
#define LIKE_DASH 0x110002u

struct like {
    const uint32_t *element; /* code points (folded, unless cased) and LIKE_ANY, LIKE_ONE, LIKE_DASH */
    size_t count;
    bool is_cased;
};

/*
 * Compiles a pattern into arena. A backslash before any other character, or at the end, is a plain backslash.
 * Returns 0, or -ENOMEM with *out left as it was.
 */
int like_compile(struct like *out, struct arena *arena, struct text pattern, bool is_cased);

/* Does the whole text fit? An absent text fits no pattern. Steps: at most text.len times like->count. */
bool like_matches(const struct like *like, struct text text);

/* Is it a character that Windows' commands take for a dash before an option? */
bool like_is_dash(uint32_t code_point);

/*
 * The longest run of plain characters (as UTF-8, in arena, folded unless cased) that must stand in every text that
 * fits; empty when there is none. Returns 0, or -ENOMEM with *out left as it was.
 */
int like_literal(struct text *out, struct arena *arena, const struct like *like);

#endif
