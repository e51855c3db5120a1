/*
 * regex: regular expressions in the dialect that Kusto documents (Rust's regex crate;
 * learn.microsoft.com/kusto/query/regex), run by PCRE2 with limits, without its JIT.
 *
 * Whether one stands in a text is asked of PCRE2's DFA matcher, in one pass over the text: no pattern can make that
 * cost more than the text's length times the pattern's. Where it stands and what its groups hold comes from PCRE2's
 * other matcher, which has a limit on its steps. Both count a limit as REGEX_LIMIT, never as "no". What the dialect
 * lacks is refused: look-around, back-references, possessive and atomic groups, the flag x, classes within classes, &&
 * -- ~~ in a class. \d \w \s \b and (?i) are Unicode's. Texts that are not UTF-8 are matched with U+FFFD in place of
 * what is not.
 */
#ifndef DETECT_RULE_REGEX_H
#define DETECT_RULE_REGEX_H

#include "detect/base/arena.h"
#include "detect/base/text.h"
#include <stdbool.h>
#include <stddef.h>

#define REGEX_MAX_PATTERN 16384 /* bytes */
#define REGEX_MAX_GROUPS 16     /* kusto/query/regex; not for REGEX_PCRE */
#define REGEX_MAX_REPEAT 1000   /* of {n,m} */

enum regex_flag {
    REGEX_NOCASE = 1,    /* (?i) */
    REGEX_DOTALL = 2,    /* (?s) */
    REGEX_MULTILINE = 4, /* (?m) */
    REGEX_PCRE = 8,      /* the pattern is PCRE2's own dialect: look-around is allowed, back-references are not */
    REGEX_AT_START = 16, /* only a match at the text's beginning counts */
    REGEX_AT_END = 32,   /* only a match that reaches the text's end counts */
};

/* Why a pattern is refused. */
struct regex_fault {
    size_t character; /* of the pattern, from 1 */
    char message[128];
};

struct regex; /* never changes once made */

enum regex_answer {
    REGEX_NO,
    REGEX_YES,
    REGEX_LIMIT, /* a limit was reached, or scratch's */
};

/* A part of a text; from > to: a group that took no part. */
struct regex_span {
    size_t from, to; /* bytes */
};

/* Compiles pattern, into arena. Returns 0, -EINVAL (refused: *fault says why), -ENOMEM; *out is then left as it was. */
int regex_new(const struct regex **out, struct arena *arena, struct text pattern, unsigned flags,
              struct regex_fault *fault);

/* Number of groups that capture. */
unsigned regex_groups(const struct regex *regex);

/* The number of the group of that name, or -1. */
int regex_group_number(const struct regex *regex, struct text name);

/* The rarest text, folded by unicode_fold, that stands in any letter case in each text that matches; empty: none
 * known. */
struct text regex_literal(const struct regex *regex);

/* Does it match somewhere in text? What it takes of scratch it gives back. */
enum regex_answer regex_matches(const struct regex *regex, struct text text, struct arena *scratch);

/* text as the functions below want it: itself if it is UTF-8, else a copy in scratch. Absent: scratch's limit. */
struct text regex_subject(struct text text, struct arena *scratch);

/*
 * The first match at or after byte from of subject (of regex_subject), the leftmost, of those the one that Perl would
 * find. spans[0] is all of it, spans[i] group i; count of them are filled.
 */
enum regex_answer regex_find(const struct regex *regex, struct text subject, size_t from, struct regex_span *spans,
                             size_t count, struct arena *scratch);

#endif
