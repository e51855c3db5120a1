/*
 * rule_builtin: the texts of the rules that are compiled in, as rule_file_compile() takes them, and those rules alone
 * as a set.
 */
#ifndef DETECT_RULES_RULE_BUILTIN_H
#define DETECT_RULES_RULE_BUILTIN_H

#include "detect/rule/rule_set.h"

/* The texts, ended by an absent one: detect/rules/CMakeLists.txt lists their files. */
extern const struct text rule_builtin_texts[];

/* Where such a rule stands, as struct rule's source has it. */
#define RULE_BUILTIN_SOURCE "built in"

/* Text number i, static; false: there is none. */
bool rule_builtin_at(struct text *out, size_t i);

/*
 * Compiles them: a sealed set of those that are not off by themselves. options: NULL: none. Returns 0; -ENOMEM;
 * -EINVAL: a text has a mistake, which a build with passing tests has not.
 */
int rule_builtin_set(struct rule_set **out, const struct rule_set_options *options);

#endif
