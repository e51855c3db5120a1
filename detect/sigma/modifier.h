/*
 * modifier: the key of a detection item: a field's name and the modifiers after it, "CommandLine|contains|all".
 * Source: Sigma specification 2.1, modifiers appendix 2.1.0.
 */
#ifndef DETECT_SIGMA_MODIFIER_H
#define DETECT_SIGMA_MODIFIER_H

#include "detect/sigma/piece.h"

/* Most modifiers of a key: more than there are kinds that can be together. */
#define MODIFIER_MAX 16

enum modifier {
    MODIFIER_ALL,
    MODIFIER_NEQ,
    MODIFIER_CONTAINS,
    MODIFIER_STARTSWITH,
    MODIFIER_ENDSWITH,
    MODIFIER_CASED,
    MODIFIER_WINDASH,
    MODIFIER_EXPAND,
    MODIFIER_UTF16LE,
    MODIFIER_UTF16BE,
    MODIFIER_UTF16,
    MODIFIER_BASE64,
    MODIFIER_BASE64OFFSET,
    MODIFIER_RE,
    MODIFIER_RE_I,
    MODIFIER_RE_M,
    MODIFIER_RE_S,
    MODIFIER_CIDR,
    MODIFIER_EXISTS,
    MODIFIER_FIELDREF,
    MODIFIER_LT,
    MODIFIER_LTE,
    MODIFIER_GT,
    MODIFIER_GTE,
    MODIFIER_MINUTE,
    MODIFIER_HOUR,
    MODIFIER_DAY,
    MODIFIER_WEEK,
    MODIFIER_MONTH,
    MODIFIER_YEAR,
    MODIFIER_COUNT
};

struct modifiers {
    struct text field;                /* absent: a keyword, which is looked for in the whole event */
    struct expr_place place;          /* of the key */
    enum modifier step[MODIFIER_MAX]; /* in the key's order */
    size_t count;
};

/*
 * Reads a key and checks that its modifiers go together. key NULL: a keyword without modifiers.
 * Returns 0, or -EINVAL: the mistakes are in job->notes.
 */
int modifier_parse(struct modifiers *out, struct job *job, const struct node *key);

bool modifier_has(const struct modifiers *modifiers, enum modifier modifier);

/* The first of them from first to last that is there, or MODIFIER_COUNT. */
enum modifier modifier_among(const struct modifiers *modifiers, enum modifier first, enum modifier last);

/* "contains"; static. */
const char *modifier_name(enum modifier modifier);

#endif
