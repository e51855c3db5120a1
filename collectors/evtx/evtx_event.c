#include "collectors/evtx/evtx_event.h"

#include "collectors/evtx/evtx_value.h"
#include "collectors/evtx/evtx_xml.h"

#include <errno.h>
#include <stdlib.h>

/* Most attributes of an element that are looked at; Windows writes three at most. */
#define MAX_ATTRIBUTES 16u

struct evtx_event {
    struct event_xml_values *values;
    struct evtx_buffer texts; /* of one element and its attributes, or of one value */
};

int evtx_event_new(struct evtx_event **out, const struct event_xml_wanted *asks)
{
    struct evtx_event *e = calloc(1, sizeof(*e));
    if (e == NULL)
        return -ENOMEM;
    int rc = event_xml_values_new(&e->values, asks);
    if (rc < 0) {
        free(e);
        return rc;
    }
    *out = e;
    return 0;
}

void evtx_event_free(struct evtx_event *e)
{
    if (e == NULL)
        return;
    event_xml_values_free(e->values);
    free(e->texts.bytes);
    free(e);
}

/* Appends the text of a node to what is kept of this element; it ends with a NUL, which the next one overwrites. */
static void append(struct evtx_event *e, const struct evtx_node *node)
{
    char *to = e->texts.bytes + e->texts.used;
    struct text text = node->kind == EVTX_NODE_VALUE ? evtx_value_text(to, node->type, node->bytes, node->size)
                                                     : evtx_value_units(to, node->bytes, node->size / 2);
    e->texts.used += text.len;
}

/* Bytes that the texts of an element and its attributes may take. *end: its first node that is none of these. */
static size_t room_of(const struct evtx_node *nodes, size_t count, size_t from, size_t *end)
{
    size_t room = 0, i = from;
    do
        room += EVTX_VALUE_MAX(nodes[i].size);
    while (++i < count && (nodes[i].kind == EVTX_NODE_ATTRIBUTE || nodes[i].kind == EVTX_NODE_VALUE));
    *end = i;
    return room;
}

/* An element begins at *i, which moves on after its attributes. */
static int start(struct evtx_event *e, const struct evtx_node *nodes, size_t count, size_t *i)
{
    const char *attributes[2 * MAX_ATTRIBUTES + 1] = {NULL};
    size_t given = 0, end;
    e->texts.used = 0;
    int rc = evtx_buffer_reserve(&e->texts, room_of(nodes, count, *i, &end));
    if (rc < 0)
        return rc;
    append(e, &nodes[*i]);
    for (size_t at = *i + 1; at < end && given < MAX_ATTRIBUTES; given++) {
        attributes[2 * given] = e->texts.bytes + ++e->texts.used;
        append(e, &nodes[at++]);
        attributes[2 * given + 1] = e->texts.bytes + ++e->texts.used;
        e->texts.bytes[e->texts.used] = '\0';
        while (at < end && nodes[at].kind == EVTX_NODE_VALUE)
            append(e, &nodes[at++]);
    }
    event_xml_values_start(e->values, nodes[*i].depth, e->texts.bytes, attributes);
    *i = end;
    return 0;
}

static int add_value(struct evtx_event *e, const struct evtx_node *node)
{
    e->texts.used = 0;
    int rc = evtx_buffer_reserve(&e->texts, EVTX_VALUE_MAX(node->size));
    if (rc < 0)
        return rc;
    append(e, node);
    event_xml_values_text(e->values, e->texts.bytes, e->texts.used);
    return 0;
}

/* The size of a document that has room for all names and values of the record, and for as many elements. */
static size_t size_of(const struct evtx_node *nodes, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += EVTX_VALUE_MAX(nodes[i].size);
    return size;
}

int evtx_event_read(struct event *event, bool *is_wanted, const char **why, struct evtx_event *e,
                    const struct evtx_node *nodes, size_t count)
{
    int rc = event_xml_values_reserve(e->values, size_of(nodes, count));
    event_xml_values_begin(e->values);
    for (size_t i = 0; rc == 0 && i < count;) {
        if (nodes[i].kind == EVTX_NODE_ELEMENT) {
            rc = start(e, nodes, count, &i);
            continue;
        }
        if (nodes[i].kind == EVTX_NODE_VALUE)
            rc = add_value(e, &nodes[i]);
        else if (nodes[i].kind == EVTX_NODE_ELEMENT_END)
            event_xml_values_end(e->values, nodes[i].depth);
        i++;
    }
    if (rc == 0)
        *is_wanted = event_xml_values_take(event, e->values);
    *why = rc == 0 && *is_wanted ? event_xml_values_fault(e->values) : NULL;
    return rc;
}
