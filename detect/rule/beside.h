/*
 * beside: what stands beside a rule's file, for those who compile it.
 */
#ifndef DETECT_RULE_BESIDE_H
#define DETECT_RULE_BESIDE_H

#include "detect/base/text.h"
#include <stdbool.h>

struct sigma_extras; /* detect/sigma/sigma.h */

/* Each may be NULL: there is none. */
struct rule_beside {
    void *context;
    /* Sigma's filters and placeholders, which stand in files of their own. */
    const struct sigma_extras *sigma;
    /* May this leg (1 and up) be left out although it has the mistake code? From the sibling file NAME.accept. */
    bool (*accepts)(void *context, size_t leg, const char *code);
    /* The frozen copy of the list at address, which NAME.data/ holds, valid until the rule is compiled; absent: there
     * is none, or not with the SHA-256 that its name says. */
    struct text (*data)(void *context, struct text address);
};

#endif
