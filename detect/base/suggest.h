/* suggest: the name that a mistyped one was probably meant to be. */
#ifndef DETECT_BASE_SUGGEST_H
#define DETECT_BASE_SUGGEST_H

#include <stddef.h>

/* Longest word looked at, bytes; a longer one is like none. */
#define SUGGEST_MAX_WORD 64

/*
 * The one of names[0..count-1] that takes the fewest letters changed, added, left out or two swapped to become word, in
 * any case of A-Z; NULL when even the nearest takes more than a third of its letters.
 */
const char *suggest_nearest(const char *word, const char *const *names, size_t count);

#endif
