/*
 * matcher: all rules at once, built in and loaded, against an event, or against a text that may be part of one.
 * A matcher never changes once made: any number of threads may use it. Matching allocates nothing.
 */
#ifndef DETECT_RULE_MATCHER_H
#define DETECT_RULE_MATCHER_H

#include "detect/event/event.h"
#include "detect/rule/rule_set.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct matcher;

/* One rule that an event fulfils, and how. */
struct match {
    const struct rule *rule;
    unsigned branches;          /* of a rule that is built in: bit i for rule->branches[i]; never 0 */
    const struct rule_set *set; /* of a rule that was loaded; NULL: it is built in */
    uint64_t legs;              /* of a rule that was loaded: bit i for leg i */
    uint64_t failed;            /* and those whose answer could not be had; legs is 0 where there are only such */
};

/*
 * Makes a matcher for rules[0..count-1], which are built in, and those of set (NULL: none); all must outlive it.
 * Returns 0, -EINVAL (a rule's terms) or -ENOMEM.
 */
int matcher_new_with(struct matcher **out, const struct rule *const *rules, size_t count, const struct rule_set *set);

/* The same without a set. */
int matcher_new(struct matcher **out, const struct rule *const *rules, size_t count);

/* Frees m; NULL is allowed. */
void matcher_free(struct matcher *m);

/* The rules that are built in. */
size_t matcher_rule_count(const struct matcher *m);

/* Writes the rules that are built in and that event fulfils to out[0..matcher_rule_count-1]; returns how many. */
size_t matcher_match(const struct matcher *m, const struct event *event, struct match *out);

/* What a thread needs to match with all rules. Returns 0 or -ENOMEM. */
struct matcher_scratch;
int matcher_scratch_new(struct matcher_scratch **out, const struct matcher *m);
void matcher_scratch_free(struct matcher_scratch *scratch); /* NULL is allowed */

/* The rules that event fulfils. now: the time, as an event's. *out gets the list, valid until the next call with
 * scratch. Returns how many. */
size_t matcher_match_all(const struct matcher *m, const struct event *event, uint64_t now,
                         struct matcher_scratch *scratch, const struct match **out);

/* Can an event fulfil a rule at all, by its kind, id, provider and channel? Process creations always can. */
bool matcher_wants(const struct matcher *m, const struct event *event);

/* The loaded rules; NULL: there are none. */
const struct rule_set *matcher_set(const struct matcher *m);

/* Could a field with this text, UTF-16, fulfil a rule that is built in? Exact: true only if all terms of a rule are in
 * it. */
bool matcher_text_matches_utf16(const struct matcher *m, const uint16_t *units, size_t count);

/* The same for UTF-8. */
bool matcher_text_matches(const struct matcher *m, struct text text);

/*
 * Could these raw bytes (UTF-8, any number of events) hold a match? For each rule its longest term is looked for, in
 * any letter case, without regard to word edges. False is certain as long as no letter is written as a character
 * reference; a term with a sign that XML escapes by a name ('<', '>', '&', quotes) is never looked for.
 */
bool matcher_bytes_may_match(const struct matcher *m, struct text bytes);

/* The same, telling where: the index of the first such term at or after from; bytes.len: there is none, false above.
 */
size_t matcher_bytes_find(const struct matcher *m, struct text bytes, size_t from);

#endif
