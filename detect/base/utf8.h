/*
 * utf8: text from outside -> valid UTF-8, as JSON demands it (RFC 8259 section 8.1).
 */
#ifndef DETECT_BASE_UTF8_H
#define DETECT_BASE_UTF8_H

#include "detect/base/text.h"
#include <stddef.h>

/*
 * A NUL-terminated copy of text in which each lone surrogate (WTF-8) and each byte that is not UTF-8 is U+FFFD; a NUL
 * stays. An absent text gives an empty one. Returns 0 and *out, which the caller frees, and *size, its bytes without
 * the NUL; or -ENOMEM.
 */
int utf8_clean(char **out, size_t *size, struct text text);

/* How many bytes the first code_points characters of valid UTF-8 take; size if there are no more than those. */
size_t utf8_prefix(const char *utf8, size_t size, size_t code_points);

#endif
