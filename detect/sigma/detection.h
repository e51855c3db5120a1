/*
 * detection: the search identifiers of a Sigma document: maps of lines (all must fit), lists of maps or keywords (one
 * must).
 */
#ifndef DETECT_SIGMA_DETECTION_H
#define DETECT_SIGMA_DETECTION_H

#include "detect/sigma/piece.h"

struct identifier {
    struct text name;
    struct expr_place place;
    struct piece piece; /* its expr is NULL where the identifier was refused */
    bool is_used;       /* does a condition name it? */
};

struct identifiers {
    struct identifier *items;
    size_t count;
};

/*
 * Compiles each entry of a map but those that are named in others[0..other_count-1]. Entries with mistakes are
 * there too, so that a condition can name them.
 * Returns 0; -EINVAL: refused, the mistakes are in job->notes, *out is filled all the same; -ENOMEM.
 */
int detection_compile(struct identifiers *out, struct job *job, const struct node *map, const char *const *others,
                      size_t other_count);

#endif
