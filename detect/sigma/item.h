/*
 * item: one line of a detection: a field with its modifiers, and the value or values that it is compared with.
 */
#ifndef DETECT_SIGMA_ITEM_H
#define DETECT_SIGMA_ITEM_H

#include "detect/sigma/modifier.h"

/*
 * Compiles the line. key NULL: value is one or more keywords. Several values: one of them must fit, with the modifier
 * all each of them.
 *
 * A null value means that the event lacks the field; an empty one that it has it, empty. No other comparison is true of
 * a field that the event lacks. neq is the opposite of the line without it, so it is true of a field that is lacking.
 * Numbers (unquoted) also equal a field that holds the same number written otherwise (0x1F4 and 500).
 * Returns 0; -EINVAL: refused, the mistakes are in job->notes; -ENOMEM.
 */
int item_compile(struct piece *out, struct job *job, const struct node *key, const struct node *value);

/* The same for one text value, with the modifiers that change or place text (item_text.c). */
int item_text(struct piece *out, struct job *job, const struct modifiers *modifiers, struct expr *field,
              const struct node *value);

#endif
