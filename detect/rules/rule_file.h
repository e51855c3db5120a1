/*
 * rule_file: the text of a rule file -> a compiled rule. What the file is, its contents say: a map with "query" is a
 * rule of Microsoft Sentinel, one with "detection" a Sigma rule.
 *
 * Sentinel files are taken byte for byte as Microsoft publishes them
 * (github.com/Azure/Azure-Sentinel/wiki/Query-Style-Guide): keys that are not known are warnings. Sigma files:
 * detect/sigma/sigma.h.
 */
#ifndef DETECT_RULES_RULE_FILE_H
#define DETECT_RULES_RULE_FILE_H

#include "detect/rule/beside.h"
#include "detect/rule/node.h"
#include "detect/rule/rule.h"

/* Memory that one rule may take once compiled, bytes; beyond it is a mistake of the file (K003). */
#define RULE_FILE_MAX_MEMORY ((size_t)64 << 20)

/*
 * Compiles bytes. name: of the file, for messages (copied). notes->arena must be set; notes may outlive the rule.
 * Returns 0 and *out, which the caller frees with rule_free(), even where there are warnings; -EINVAL: mistakes, in
 * notes; -ENOMEM.
 */
int rule_file_compile(struct rule **out, struct columns *columns, struct text bytes, const char *name,
                      const struct rule_beside *beside, struct notes *notes);

#endif
