/*
 * condition: what must hold of the search identifiers: "selection and not 1 of filter_*".
 *
 * From weakest to strongest: or, and, not, "1 of" and "all of", parentheses; these words in any letter case. A pattern
 * after "of" is a whole name with * for any characters; it and "them" leave out names that begin with _. Source: Sigma
 * specification 2.1, "Condition".
 */
#ifndef DETECT_SIGMA_CONDITION_H
#define DETECT_SIGMA_CONDITION_H

#include "detect/sigma/detection.h"

/* Deepest nesting of parentheses and nots; deeper ones are refused. */
#define CONDITION_MAX_DEPTH 32

/*
 * Compiles a condition and marks the identifiers that it names as used.
 * Returns 0; -EINVAL: refused (the mistakes are in job->notes), or an identifier that it names was; -ENOMEM.
 */
int condition_compile(struct piece *out, struct job *job, const struct node *text,
                      const struct identifiers *identifiers);

#endif
