/* verify_row: one line of vectors -> its columns. */
#ifndef AGENT_VERIFY_VERIFY_ROW_H
#define AGENT_VERIFY_VERIFY_ROW_H

#include "detect/base/text.h"

/* computer ... account_domain, source */
#define VERIFY_MAX_COLUMNS 8

/* Splits line at its tabs; returns how many columns it has, and VERIFY_MAX_COLUMNS + 1 where there are more. */
size_t verify_row_split(struct text column[VERIFY_MAX_COLUMNS], struct text line);

/* Replaces the escapes of escaped; *out is in to, which has room for escaped.len bytes. NULL, or what is wrong. */
const char *verify_row_unescape(struct text *out, char *to, struct text escaped);

#endif
