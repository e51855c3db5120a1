/*
 * event_tree: one event's XML as a tree of elements, by libexpat.
 *
 * Windows writes characters into event XML that XML 1.0 has no way to say: control characters and lone surrogates. In
 * a channel's file they stand raw, or as references such as &#1;. They are hidden from expat as characters of a private
 * plane (U+10E000..U+10E7FF, U+10F000..U+10F01F, which a file must not use itself) and brought back in the tree.
 */
#ifndef TESTS_WINSIM_EVENT_TREE_H
#define TESTS_WINSIM_EVENT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREE_NONE UINT32_MAX

struct tree_attribute {
    uint32_t name, value; /* offsets of tree text */
};

struct tree_node {
    uint32_t name, text; /* offsets of tree text; text is empty where there are children */
    uint32_t attributes, attribute_count;
    uint32_t parent, first_child, last_child, next; /* nodes, or TREE_NONE */
    bool is_null;                                   /* written <X/>: Windows writes so a value that is not there */
};

struct event_tree {
    struct tree_node *nodes; /* nodes[0] is Event */
    struct tree_attribute *attributes;
    char *text; /* NUL-terminated texts, one after the other */
    size_t node_count, node_room, attribute_count, attribute_room, text_size, text_room;
};

/* Parses line[0..size-1]. Returns the tree, which the caller frees, or NULL with *why set to a text of expat's. */
struct event_tree *event_tree_new(const char *line, size_t size, const char **why);

/* Frees tree; NULL is allowed. */
void event_tree_free(struct event_tree *tree);

/* WTF-8, owned by the tree. attribute: NULL if node has none of that name. */
const char *event_tree_name(const struct event_tree *tree, uint32_t node);
const char *event_tree_text(const struct event_tree *tree, uint32_t node);
const char *event_tree_attribute(const struct event_tree *tree, uint32_t node, const char *name);

/* The first child of node with that name, or TREE_NONE. */
uint32_t event_tree_child(const struct event_tree *tree, uint32_t node, const char *name);

/*
 * The line as EvtRender writes it, into out, which has room for size units: a reference stands for its character, and
 * only & < > stay escaped. Returns the units written; no NUL is added.
 */
size_t event_tree_render(uint16_t *out, const char *line, size_t size);

#endif
