/*
 * rule_builtin: the texts of the rules that are compiled in, as rule_file_compile() takes them.
 */
#ifndef DETECT_RULES_RULE_BUILTIN_H
#define DETECT_RULES_RULE_BUILTIN_H

#include "detect/base/text.h"

/* The texts, ended by an absent one: detect/rules/CMakeLists.txt lists their files. */
extern const struct text rule_builtin_texts[];

/* Text number i, static; false: there is none. */
bool rule_builtin_at(struct text *out, size_t i);

#endif
