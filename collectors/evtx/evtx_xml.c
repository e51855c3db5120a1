#include "collectors/evtx/evtx_xml.h"

#include "collectors/evtx/evtx_value.h"

#include <errno.h>
#include <stdlib.h>

/* Longest escape of one byte: "&quot;" and "&apos;". */
#define MAX_ESCAPE 6u

int evtx_buffer_reserve(struct evtx_buffer *buffer, size_t size)
{
    if (buffer->room - buffer->used >= size)
        return 0;
    size_t room = 2 * buffer->room > buffer->used + size ? 2 * buffer->room : buffer->used + size;
    char *bytes = realloc(buffer->bytes, room);
    if (bytes == NULL)
        return -ENOMEM;
    buffer->bytes = bytes;
    buffer->room = room;
    return 0;
}

/* There is room. */
static void put(struct evtx_buffer *b, const char *bytes, size_t size)
{
    memcpy(b->bytes + b->used, bytes, size);
    b->used += size;
}

static void put_string(struct evtx_buffer *b, const char *string)
{
    put(b, string, strlen(string));
}

static const char *escape_of(char c, bool is_attribute)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '\'':
        return is_attribute ? "&apos;" : NULL;
    default:
        return NULL;
    }
}

/* A surrogate as text_from_utf16() writes it: no UTF-8. */
static bool is_surrogate(struct text text, size_t at)
{
    return text.len - at >= 3 && text.bytes[at] == '\xED' && (unsigned char)text.bytes[at + 1] >= 0xA0;
}

static void put_escaped(struct evtx_buffer *b, struct text text, bool is_attribute)
{
    size_t done = 0;
    for (size_t at = 0; at < text.len; at++) {
        const char *escape = escape_of(text.bytes[at], is_attribute);
        if (escape == NULL && is_surrogate(text, at))
            escape = "\xEF\xBF\xBD";
        if (escape == NULL)
            continue;
        put(b, text.bytes + done, at - done);
        put_string(b, escape);
        at += text.bytes[at] == '\xED' ? 2 : 0;
        done = at + 1;
    }
    put(b, text.bytes + done, text.len - done);
}

/* Most bytes that a node takes: its text is kept after its escaped form while that is written. */
static size_t room_of(const struct evtx_node *node)
{
    return (1 + MAX_ESCAPE) * EVTX_VALUE_MAX(node->size);
}

static struct text text_of(struct evtx_buffer *b, const struct evtx_node *node)
{
    char *to = b->bytes + b->room - EVTX_VALUE_MAX(node->size);
    if (node->kind == EVTX_NODE_VALUE)
        return evtx_value_text(to, node->type, node->bytes, node->size);
    return evtx_value_units(to, node->bytes, node->size / 2);
}

/* What is open while nodes are written. */
struct writing {
    struct evtx_buffer *buffer;
    size_t names[EVTX_MAX_DEPTH + 1]; /* the nodes of the open elements */
    size_t depth;
    bool is_attribute;
};

static void end_attribute(struct writing *w)
{
    if (w->is_attribute)
        put_string(w->buffer, "'");
    w->is_attribute = false;
}

static void write_end(struct writing *w, const struct evtx_node *nodes, size_t i)
{
    const struct evtx_node *name = &nodes[w->names[--w->depth]];
    /* Windows writes an element of the template that has no content as <x/>, and Data with an empty value in full. */
    bool is_data = name->size == 8 && memcmp(name->bytes, "D\0a\0t\0a\0", 8) == 0;
    if (nodes[i - 1].kind == EVTX_NODE_CONTENT && !is_data) {
        w->buffer->used--;
        put_string(w->buffer, "/>");
        return;
    }
    put_string(w->buffer, "</");
    struct text text = text_of(w->buffer, name);
    put_escaped(w->buffer, text, false);
    put_string(w->buffer, ">");
}

static void write_node(struct writing *w, const struct evtx_node *nodes, size_t i)
{
    const struct evtx_node *node = &nodes[i];
    switch (node->kind) {
    case EVTX_NODE_ELEMENT:
        put_string(w->buffer, "<");
        put_escaped(w->buffer, text_of(w->buffer, node), false);
        w->names[w->depth++] = i;
        return;
    case EVTX_NODE_ATTRIBUTE:
        end_attribute(w);
        put_string(w->buffer, " ");
        put_escaped(w->buffer, text_of(w->buffer, node), false);
        put_string(w->buffer, "='");
        w->is_attribute = true;
        return;
    case EVTX_NODE_CONTENT:
        end_attribute(w);
        put_string(w->buffer, ">");
        return;
    case EVTX_NODE_VALUE:
        put_escaped(w->buffer, text_of(w->buffer, node), w->is_attribute);
        return;
    default:
        write_end(w, nodes, i);
    }
}

int evtx_xml_write(struct text *xml, struct evtx_buffer *buffer, const struct evtx_node *nodes, size_t count)
{
    struct writing w = {.buffer = buffer};
    buffer->used = 0;
    for (size_t i = 0; i < count; i++) {
        const struct evtx_node *name =
            nodes[i].kind == EVTX_NODE_ELEMENT_END && w.depth > 0 ? &nodes[w.names[w.depth - 1]] : &nodes[i];
        int rc = evtx_buffer_reserve(buffer, room_of(name) + 4);
        if (rc < 0)
            return rc;
        write_node(&w, nodes, i);
    }
    *xml = (struct text){buffer->bytes, buffer->used};
    return 0;
}
