/* rule_paths: names of files and directories -> the rule files in them. */
#ifndef AGENT_RULES_RULE_PATHS_H
#define AGENT_RULES_RULE_PATHS_H

#include "detect/base/fault.h"
#include <stddef.h>
#include <stdint.h>

/* All zero is an empty list. */
struct rule_paths {
    char **items;
    size_t count, room;
};

/*
 * Adds path, or, if it is a directory, its *.yml and *.yaml files and those of its directories, in the byte order of
 * their names. Names that begin with a dot are left out. Returns 0, -ENOMEM, -E2BIG (RULE_LOAD_MAX_FILES,
 * RULE_LOAD_MAX_DEPTH), or what reading failed with; *fault says where.
 */
int rule_paths_add(struct rule_paths *paths, const char *path, struct fault *fault);

/* The same for what must be a directory. */
int rule_paths_add_directory(struct rule_paths *paths, const char *path, struct fault *fault);

/* A number that changes when a file in directory or below it is added, removed, or written. Returns 0 or a negative
 * errno value. */
int rule_paths_stamp(uint64_t *stamp, const char *directory);

void rule_paths_clear(struct rule_paths *paths);

#endif
