/*
 * beside: what stands beside a rule's file, for those who compile it.
 */
#ifndef DETECT_RULE_BESIDE_H
#define DETECT_RULE_BESIDE_H

#include "detect/base/text.h"
#include <stdbool.h>

/* Each may be NULL: there is none. */
struct rule_beside {
    void *context;
    /* May this leg (1 and up) be left out although it has the mistake code? From the sibling file NAME.accept. */
    bool (*accepts)(void *context, size_t leg, const char *code);
    /* The bytes of NAME.data/sha256.csv, valid until the rule is compiled; absent: not there, or not of that SHA-256. */
    struct text (*data)(void *context, struct text sha256);
};

#endif
