/* rule_paths: names of files and directories -> the rule files in them. */
#ifndef AGENT_RULES_RULE_PATHS_H
#define AGENT_RULES_RULE_PATHS_H

#include "detect/base/fault.h"
#include <stddef.h>

/* All zero is an empty list. */
struct rule_paths {
    char **items;
    size_t count, room;
};

/*
 * Adds path, or, if it is a directory, its *.yml and *.yaml files and those of its directories, in the byte order of their
 * names. Names that begin with a dot are left out. Returns 0, -ENOMEM, -E2BIG (RULE_LOAD_MAX_FILES, RULE_LOAD_MAX_DEPTH), or
 * what reading failed with; *fault says where.
 */
int rule_paths_add(struct rule_paths *paths, const char *path, struct fault *fault);

void rule_paths_clear(struct rule_paths *paths);

#endif
