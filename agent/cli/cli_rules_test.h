/* cli_rules_test: the verb "rules test". */
#ifndef AGENT_CLI_CLI_RULES_TEST_H
#define AGENT_CLI_CLI_RULES_TEST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Runs the tests of the rules in those files and directories and prints each result. Returns the exit code: 0 only if
 * there are tests and all passed, and no file has mistakes.
 */
int cli_rules_test(const char *const *paths, size_t count, bool is_json);

#endif
