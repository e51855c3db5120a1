/*
 * matcher: all rules at once against an event, or against a text that may be part of one.
 * A matcher never changes once made: any number of threads may use it. Matching allocates nothing.
 */
#ifndef DETECT_RULE_MATCHER_H
#define DETECT_RULE_MATCHER_H

#include "detect/event/event.h"
#include "detect/rule/rule.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct matcher;

/* One rule that an event fulfils, and through which of its branches (bit i: rule->branches[i]; never 0). */
struct match {
    const struct rule *rule;
    unsigned branches;
};

/* Makes a matcher for rules[0..count-1], which must outlive it. Returns 0, -EINVAL (a rule's terms) or -ENOMEM. */
int matcher_new(struct matcher **out, const struct rule *const *rules, size_t count);

/* Frees m; NULL is allowed. */
void matcher_free(struct matcher *m);

/* The rules given to matcher_new. */
size_t matcher_rule_count(const struct matcher *m);

/* Writes the rules that event fulfils to out[0..matcher_rule_count-1]; returns how many. */
size_t matcher_match(const struct matcher *m, const struct event *event, struct match *out);

/* Could a field with this text, UTF-16, fulfil a rule? Exact: true only if all terms of a rule are in it. */
bool matcher_text_matches_utf16(const struct matcher *m, const uint16_t *units, size_t count);

/* The same for UTF-8. */
bool matcher_text_matches(const struct matcher *m, struct text text);

/*
 * Could these raw bytes (UTF-8, any number of events) hold a match? For each rule its longest term is looked for, in
 * any letter case, without regard to word edges. False is certain as long as no letter is written as a character
 * reference; a term with a sign that XML escapes by a name ('<', '>', '&', quotes) is never looked for.
 */
bool matcher_bytes_may_match(const struct matcher *m, struct text bytes);

/* The same, telling where: the index of the first such term at or behind from; bytes.len: there is none, false above.
 */
size_t matcher_bytes_find(const struct matcher *m, struct text bytes, size_t from);

#endif
