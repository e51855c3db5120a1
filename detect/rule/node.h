/*
 * node: the YAML of a rule file as a tree with places, read by libyaml's parser.
 *
 * Only what rule files need: one document of maps, lists and scalars. Anchors, aliases, tags, several documents,
 * duplicate keys, keys that are no scalars, text that is not UTF-8 and what is over the limits below are mistakes with
 * their place (K001 to K006).
 */
#ifndef DETECT_RULE_NODE_H
#define DETECT_RULE_NODE_H

#include "detect/rule/note.h"

/* Largest file, bytes: a hundred times the largest public rule. */
#define NODE_MAX_BYTES ((size_t)1 << 20)

/* Most maps, lists and scalars of a file; deepest nesting. */
#define NODE_MAX_COUNT 50000
#define NODE_MAX_DEPTH 32

/* Most keys of one map. */
#define NODE_MAX_KEYS 1000

enum node_type { NODE_SCALAR, NODE_LIST, NODE_MAP };

enum node_style {
    NODE_PLAIN,   /* without quotes: may mean null, a number, true */
    NODE_QUOTED,  /* 'x' or "x" */
    NODE_LITERAL, /* | */
    NODE_FOLDED   /* > */
};

struct node {
    enum node_type type;
    struct expr_place place; /* where it begins; of a literal block its '|' */
    struct expr_place end;   /* just after it */
    /* NODE_SCALAR */
    struct text text; /* never absent; as YAML gives it, escapes resolved */
    enum node_style style;
    struct expr_place block; /* NODE_LITERAL: where line 1, column 1 of text stands in the file */
    /* NODE_LIST, NODE_MAP */
    const struct node *items; /* the values, in the file's order */
    const struct node *keys;  /* NODE_MAP: the key of each, a scalar */
    size_t count;
};

/*
 * Reads bytes. *root gets the document's node. Everything lives in notes' arena; texts are copied.
 * Returns 0; -EINVAL: mistakes, in notes; -ENOMEM.
 */
int node_parse(const struct node **root, struct text bytes, struct notes *notes);

/* The value of that key in map, or NULL. map may be NULL or of another type: NULL. */
const struct node *node_get(const struct node *map, const char *key);

/* The key's own node, or NULL. */
const struct node *node_key(const struct node *map, const char *key);

/* Is it a plain scalar that means null: nothing, ~, null, Null, NULL? */
bool node_is_null(const struct node *node);

#endif
