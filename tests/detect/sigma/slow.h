/*
 * slow: a second evaluator of Sigma rules, for tests: it walks the YAML tree for each event over names and values, and
 * is written from the specification alone (version 2.1), without any of detect/sigma. Slow, and made to be read.
 */
#ifndef TESTS_DETECT_SIGMA_SLOW_H
#define TESTS_DETECT_SIGMA_SLOW_H

#include "detect/rule/node.h"

struct slow_field {
    struct text name, value;
};

struct slow_event {
    const struct slow_field *fields; /* what the event has; a field that is not here is lacking */
    size_t count;
    struct text whole; /* all of the event, for keywords */
};

/* Does the detection of the rule (a document's root) match? The rule has no mistakes. */
bool slow_matches(const struct node *root, const struct slow_event *event);

#endif
