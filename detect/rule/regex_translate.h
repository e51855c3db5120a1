/* regex_translate: a pattern of the dialect of Rust's regex crate as one of PCRE2's; for regex.c. */
#ifndef DETECT_RULE_REGEX_TRANSLATE_H
#define DETECT_RULE_REGEX_TRANSLATE_H

#include "detect/base/builder.h"
#include "detect/rule/regex.h"

/*
 * Appends the translation to out, to literal the longest run of plain characters that each match holds, and sets
 * *repeats to the sum of the counts of its {n,m}. flags: of enum regex_flag, those that are on from the start. Returns
 * 0, or -EINVAL with *fault set. Whether arenas' limits were reached, the builders know.
 */
int regex_translate(struct builder *out, struct builder *literal, unsigned *repeats, struct text pattern,
                    unsigned flags, struct regex_fault *fault);

/* Sets *fault to a message about the character at byte at; returns -EINVAL. */
int regex_refuse(struct regex_fault *fault, struct text pattern, size_t at, const char *message);

#endif
