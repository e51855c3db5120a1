/*
 * piece: a part of a Sigma condition on its way to the whole: its expression, and which event ids it asks for.
 * job: what the compiling of one Sigma document works with.
 */
#ifndef DETECT_SIGMA_PIECE_H
#define DETECT_SIGMA_PIECE_H

#include "detect/expression/column.h"
#include "detect/rule/node.h"

struct logsource;

struct job {
    struct arena *arena; /* the rule's */
    struct columns *columns;
    struct notes *notes;
    const struct logsource *source; /* which fields there are */
    bool is_4688;   /* of process creations: of those that Security writes, whose accounts come in parts */
    bool has_parts; /* set where a field was asked for that these make of parts */
    const struct node *placeholders; /* map of names to a value or a list of values; NULL: none */
};

struct piece {
    struct expr *expr; /* of type bool, never null */
    bool has_ids;      /* is it true of events of these ids alone? */
    const uint32_t *ids;
    size_t id_count; /* 0 with has_ids: of no event at all */
};

/* All return 0; -EINVAL: refused, the mistake is in job->notes; -ENOMEM. Then *out is left as it was. */

/* The operator or function over args, as expr_call(). */
int piece_call(struct expr **out, struct job *job, const char *name, struct expr *const *args, size_t count,
               struct expr_place place);

/* name(field, constant text), and the same of a field alone with a NULL text. */
int piece_test(struct expr **out, struct job *job, const char *name, struct expr *field, const struct text *text,
               struct expr_place place);

/* All, some, and not: count is 1 or more. */
int piece_all(struct piece *out, struct job *job, const struct piece *parts, size_t count, struct expr_place place);
int piece_some(struct piece *out, struct job *job, const struct piece *parts, size_t count, struct expr_place place);
int piece_not(struct piece *out, struct job *job, const struct piece *part, struct expr_place place);

#endif
