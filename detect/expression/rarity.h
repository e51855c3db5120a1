/*
 * rarity: how often may a text be expected in Windows' events? For choosing, among the texts that a rule needs, the one
 * that few events have. An estimate: a table of common terms, and else the text's length.
 */
#ifndef DETECT_RULE_RARITY_H
#define DETECT_RULE_RARITY_H

#include "detect/base/text.h"

/* The higher, the more events have it: about 1000 is all of them, 1 hardly one. text: lower case. */
unsigned rarity_cost(struct text text);

#endif
