/* regex_translate: a pattern of the dialect of Rust's regex crate as one of PCRE2's; for regex.c. */
#ifndef DETECT_RULE_REGEX_TRANSLATE_H
#define DETECT_RULE_REGEX_TRANSLATE_H

#include "detect/base/builder.h"
#include "detect/expression/regex.h"
#include <stdint.h>

/*
 * Appends the translation to out, to literal the longest run of plain characters that each match holds, and sets
 * *repeats to the sum of the counts of its {n,m}. flags: of enum regex_flag, those that are on from the start. Returns
 * 0, or -EINVAL with *fault set. Whether arenas' limits were reached, the builders know.
 */
int regex_translate(struct builder *out, struct builder *literal, unsigned *repeats, struct text pattern,
                    unsigned flags, struct regex_fault *fault);

/* Sets *fault to a message about the character at byte at; returns -EINVAL. */
int regex_refuse(struct regex_fault *fault, struct text pattern, size_t at, const char *message);

/* Deepest groups within groups. */
#define REGEX_MAX_NESTING 64

struct regex_translator {
    struct text pattern;
    size_t at;
    struct builder *out;
    struct regex_fault *fault;
    unsigned depth, groups;
    bool nocase[REGEX_MAX_NESTING + 1];    /* flag i, of each group that is open */
    bool multiline[REGEX_MAX_NESTING + 1]; /* flag m */
    bool can_repeat;                       /* something stands before that a quantifier can follow */
    size_t atom;                           /* where in out that begins; SIZE_MAX: it is a group */
    unsigned repeats;                      /* sum of the counts of {n,m} */
    /* The literal: the run that is being read, and the best. */
    struct builder run;
    size_t run_points, last_size; /* characters in it; bytes of its last one */
    struct text best;
    size_t best_points;
    /* The best one before each open group, and whether a | stands in it: then what is in it need not stand. */
    struct text before[REGEX_MAX_NESTING + 1];
    size_t before_points[REGEX_MAX_NESTING + 1];
    bool has_alternative[REGEX_MAX_NESTING + 1];
};

/* The byte ahead of *at, or -1 at the end. */
static inline int regex_peek(const struct regex_translator *t, size_t ahead)
{
    size_t at = t->at + ahead;
    return at < t->pattern.len ? (unsigned char)t->pattern.bytes[at] : -1;
}

static inline bool regex_is_alnum(int c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/*
 * What follows a backslash (*at), within a class or not. A character: *c, and class[0] is NUL. A class of characters:
 * its text in class.
 */
int regex_read_escape(struct regex_translator *t, uint32_t *c, char class[64]);

/* Translates a class; *at is after its bracket. */
int regex_put_class(struct regex_translator *t);

#endif
