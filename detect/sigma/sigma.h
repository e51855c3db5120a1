/*
 * sigma: Sigma rules, as they are published: the tree of a YAML document -> a compiled rule.
 *
 * Sigma specification 2.1 for rules over single events. Correlations and aggregations are refused (K321, K320). A rule
 * whose log source no event here is of has no leg: it can never fire, which is a warning (W431). Strict: what is
 * misspelt or not known is a mistake with its place, never left out in silence.
 */
#ifndef DETECT_SIGMA_SIGMA_H
#define DETECT_SIGMA_SIGMA_H

#include "detect/rule/node.h"
#include "detect/rule/rule.h"

/* What other files say of a rule. */
struct sigma_extras {
    const struct node *const *filters; /* roots of filter documents that sigma_filter_check() has taken */
    size_t filter_count;
    const struct node *placeholders; /* for the modifier expand: a map, name to a value or a list of values; or NULL */
};

/* Is it a Sigma rule, a filter document, a file of placeholders (a map "vars")? By their keys alone. */
bool sigma_is_rule(const struct node *root);
bool sigma_is_filter(const struct node *root);
bool sigma_is_placeholders(const struct node *root);

/*
 * Fills rule, whose arena is set, with the document's metadata and its one leg (none: it can never fire). extras may be
 * NULL. The tree may go afterwards.
 * Returns 0 (also with warnings); -EINVAL: the mistakes are in notes; -ENOMEM.
 */
int sigma_compile(struct rule *rule, struct columns *columns, const struct node *root,
                  const struct sigma_extras *extras, struct notes *notes);

/*
 * Checks a filter document by itself: keys, selections, condition. Filters narrow rules: a rule that is named (by id or
 * name; "any": every rule of the log source) fires where its own condition and the filter's hold, so a filter that is
 * to leave events out says "not selection". One whose condition has no "not" is a warning (W435). Returns 0; -EINVAL:
 * the mistakes are in notes; -ENOMEM.
 */
int sigma_filter_check(struct columns *columns, const struct node *root, struct notes *notes);

#endif
