/*
 * rule_test: rules and the recorded events that must fire them.
 *
 * A rule's tests stand in an info.yml in the form of SigmaHQ's regression data
 * (github.com/SigmaHQ/sigma-specification, sigmahq/sigmahq-regression-convention.md): regression_tests_info, a list of
 * name, type, match_count, path. A Sigma rule names it by regression_tests_path; any rule x.yaml may have it in
 * x.test/info.yml. Both paths are looked for in the directory of the file that names them and in each one above it.
 * type: evtx, or xml; the kind is recognised by the contents. Without match_count the rule must fire at least
 * once.
 */
#ifndef AGENT_RULES_RULE_TEST_H
#define AGENT_RULES_RULE_TEST_H

#include "agent/rules/rule_load.h"

/* One test, or what is wrong with the info.yml. Valid for the call. */
struct rule_test_result {
    const struct rule_load_file *file;
    const char *info;    /* path of the info.yml */
    const char *name;    /* of the test; NULL: the info.yml itself is wrong */
    const char *events;  /* path of the events' file, as written; NULL: none */
    const char *problem; /* NULL: the events could be read */
    long wanted;         /* matches; -1: at least one */
    unsigned long found;
    bool is_passed;
};

struct rule_test_counts {
    size_t rules, tested; /* rules in the set; those of them with tests */
    size_t tests, failed;
};

/*
 * Runs the tests of all rules of load and tells each result. Events found in unused space of an .evtx don't count.
 * Returns 0, also where tests fail, or -ENOMEM.
 */
int rule_test_run(struct rule_test_counts *counts, const struct rule_load *load,
                  void (*tell)(void *context, const struct rule_test_result *result), void *context);

#endif
