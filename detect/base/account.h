/*
 * account: the name of an account, as logs write it, taken apart: domain\name or name@domain.
 */
#ifndef DETECT_BASE_ACCOUNT_H
#define DETECT_BASE_ACCOUNT_H

#include "detect/base/text.h"

/*
 * Sets *domain and *name to parts of account; absent where it has none, or "-", which logs write for nothing. The first
 * backslash alone splits; without one the last '@' does (a UPN), if something stands on both sides of it.
 */
void account_split(struct text *domain, struct text *name, struct text account);

/* "-" and "" as absent; any other text as it is. */
struct text account_or_absent(struct text text);

#endif
