/*
 * metadata: what a Sigma document says of itself: all keys but logsource and detection.
 * Source: Sigma specification 2.1, "Components".
 */
#ifndef DETECT_SIGMA_METADATA_H
#define DETECT_SIGMA_METADATA_H

#include "detect/rule/node.h"
#include "detect/rule/rule.h"

/*
 * Fills rule of the document's root, a map, and checks all of its keys. A key that nobody knows is a warning, as the
 * specification allows such; one that looks like a known one misspelt is a mistake. A rule without an id gets one made
 * of its title. Returns 0 (mistakes are in notes), or -ENOMEM.
 */
int metadata_read(struct rule *rule, const struct node *root, struct notes *notes);

/* The keys of a filter document alone: title, id and so on. */
void metadata_check_filter(const struct node *root, struct notes *notes);

#endif
