/*
 * pattern: one value of a Sigma detection on its way through the modifiers: a text with wildcards and, after an
 * encoding modifier, bytes. In a text a backslash makes "*", "?" and itself plain characters where it stands before one
 * of them, and is itself a plain character everywhere else. Source: Sigma specification 2.1, "String Wildcard",
 * "Escaping", and its modifiers appendix 2.1.0.
 */
#ifndef DETECT_SIGMA_PATTERN_H
#define DETECT_SIGMA_PATTERN_H

#include "detect/expression/like.h"

/* More texts than this out of one value (by dashes that are encoded, or placeholders) are refused. */
#define PATTERN_MAX_EXPANSIONS 625

struct pattern {
    uint32_t *element; /* code points and LIKE_ANY, LIKE_ONE, LIKE_DASH; with is_bytes: bytes */
    size_t count;
    bool is_bytes;
};

/* What of the event's field a pattern is compared with. */
enum pattern_shape {
    PATTERN_EQUALS,   /* no wildcards: the whole field */
    PATTERN_STARTS,   /* text* */
    PATTERN_ENDS,     /* *text */
    PATTERN_CONTAINS, /* *text* */
    PATTERN_PRESENT,  /* nothing but *: any text, the empty one too */
    PATTERN_LIKE,     /* anything else */
};

/* All of these return 0, or -ENOMEM with *out (or *value) left as it was; memory is arena's. */

/* Reads a text as a rule has it. */
int pattern_parse(struct pattern *out, struct arena *arena, struct text text);

/* A text whose every character is a plain one. */
int pattern_plain(struct pattern *out, struct arena *arena, struct text text);

/* Puts "*" before and after the text, where none stands yet. */
int pattern_surround(struct pattern *value, struct arena *arena, bool before, bool after);

/*
 * Each dash (- / U+2013 U+2014 U+2015) that begins an option becomes any of them: one after which a letter, digit or _
 * stands, and before which none stands.
 */
void pattern_windash(struct pattern *value);

/* How many LIKE_DASH stand in it. */
size_t pattern_dashes(const struct pattern *value);

/*
 * The text with its dashes spelt as number says: which = 0 to 5^dashes - 1. A text without dashes is copied.
 */
int pattern_dash_variant(struct pattern *out, struct arena *arena, const struct pattern *value, size_t which);

/* Has it wildcards? */
bool pattern_has_wildcard(const struct pattern *value);

enum pattern_encoding { PATTERN_UTF16LE, PATTERN_UTF16BE, PATTERN_UTF16_BOM };

/* Encodes the text, which has no wildcards and no dashes, as UTF-16: it becomes bytes. */
int pattern_encode(struct pattern *value, struct arena *arena, enum pattern_encoding encoding);

/*
 * The text or bytes as base64, as it stands when skip (0 to 2) unknown bytes are before it; of the characters at both
 * ends those that the unknown neighbours would change are left out, if is_inside. The text has no wildcards and no
 * dashes.
 */
int pattern_base64(struct pattern *out, struct arena *arena, const struct pattern *value, unsigned skip,
                   bool is_inside);

/* The shape, and into *text (UTF-8) what is compared: for PATTERN_LIKE a pattern as like_compile() takes it. */
int pattern_shape(enum pattern_shape *shape, struct text *text, struct arena *arena, const struct pattern *value);

#endif
