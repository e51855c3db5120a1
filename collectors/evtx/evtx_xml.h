/*
 * evtx_xml: the elements of a record -> XML in the form that Windows renders it in: one line, attributes in single
 * quotes, "&", "<" and ">" escaped, everything else as it is.
 */
#ifndef COLLECTORS_FILES_EVTX_XML_H
#define COLLECTORS_FILES_EVTX_XML_H

#include "collectors/evtx/evtx_tree.h"
#include "detect/base/text.h"

/* Room for texts that is used again and again. All zero: empty. */
struct evtx_buffer {
    char *bytes;
    size_t used, room;
};

/* Makes room for size more bytes. Returns 0 or -ENOMEM. */
int evtx_buffer_reserve(struct evtx_buffer *buffer, size_t size);

/*
 * Writes the XML to buffer, from its beginning, and sets *xml to it. A lone surrogate becomes U+FFFD; a NUL and other
 * control characters stay, as Windows leaves them. Returns 0 or -ENOMEM.
 */
int evtx_xml_write(struct text *xml, struct evtx_buffer *buffer, const struct evtx_node *nodes, size_t count);

#endif
