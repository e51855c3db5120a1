/*
 * rule_extras: files among the rules that are no rules but say something of Sigma rules: filter documents, and values
 * of placeholders (a map "vars", the form that Sigma's own processing pipelines have).
 */
#ifndef AGENT_RULES_RULE_EXTRAS_H
#define AGENT_RULES_RULE_EXTRAS_H

#include "detect/sigma/sigma.h"

struct rule_extras {
    struct sigma_extras sigma; /* for the compiler; valid until rule_extras_clear() */
    struct arena *arena;
    struct columns *columns; /* of checks alone */
    const struct node **filters;
    size_t room;
};

/* Returns 0 or -ENOMEM; rule_extras_clear() in both cases. */
int rule_extras_open(struct rule_extras *extras);
void rule_extras_clear(struct rule_extras *extras);

/*
 * Is a file such a one? By its contents alone; a file that is no YAML is not.
 * If it is, its mistakes go to notes, and without mistakes it counts from now on. Of several files of placeholders the
 * first counts; another is a mistake. Returns 1: it is; 2: it says which events test a rule (rule_test.h), and is not
 * read here; 0: it is neither; -ENOMEM.
 */
int rule_extras_take(struct rule_extras *extras, struct text bytes, struct notes *notes);

#endif
