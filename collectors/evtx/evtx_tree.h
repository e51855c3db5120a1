/*
 * evtx_tree: a record of an .evtx file -> its elements, attributes and values, in their order, as a flat list.
 *
 * Values stand as they lie in the chunk, with their types; strings are UTF-16, whole, whatever is in them. Templates
 * are read once a chunk. Bounded in depth, in nodes and in bytes, so that no record costs more than it may.
 */
#ifndef COLLECTORS_FILES_EVTX_TREE_H
#define COLLECTORS_FILES_EVTX_TREE_H

#include "collectors/evtx/evtx_template.h"

/* Most elements and attributes of a record: as event_xml reads of an event. */
#define EVTX_MAX_FIELDS 4096u

enum evtx_node_kind {
    EVTX_NODE_ELEMENT,   /* bytes, size: its name, UTF-16 */
    EVTX_NODE_ATTRIBUTE, /* its name; the values that follow are its value */
    EVTX_NODE_CONTENT,   /* the start tag ends: the values that follow are the element's */
    EVTX_NODE_VALUE,     /* type; several that follow one another are one text */
    EVTX_NODE_ELEMENT_END
};

struct evtx_node {
    uint8_t kind;   /* enum evtx_node_kind */
    uint8_t type;   /* VALUE: enum evtx_type, never EVTX_NULL, EVTX_XML nor an array */
    uint16_t depth; /* of the element: 1 for the event */
    uint32_t size;  /* bytes */
    const unsigned char *bytes;
};

struct evtx_tree;

/* Returns 0 or -ENOMEM. */
int evtx_tree_new(struct evtx_tree **out);

/* Frees tree; NULL is allowed. */
void evtx_tree_free(struct evtx_tree *tree);

/* The records that are read next lie in this chunk, whose bytes stay until the next call. */
void evtx_tree_chunk(struct evtx_tree *tree, struct evtx_chunk chunk);

/* The chunk's templates that were read so far, with which others may look at its records. */
struct evtx_templates *evtx_tree_templates(struct evtx_tree *tree);

/*
 * Reads a record of the chunk. Returns 0 with nodes[0..*count-1], which are the tree's until the next call; -EBADMSG
 * with *why (static): it can't be read; -ENOMEM.
 */
int evtx_tree_read(const struct evtx_node **nodes, size_t *count, struct evtx_tree *tree,
                   const struct evtx_record *record, const char **why);

#endif
