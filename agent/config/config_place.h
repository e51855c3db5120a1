/* config_place: where in an XML text something stands. */
#ifndef AGENT_CONFIG_CONFIG_PLACE_H
#define AGENT_CONFIG_CONFIG_PLACE_H

#include "detect/base/text.h"

/* Line and column, both from 1, of byte offset in xml; the column counts characters. */
void config_place(unsigned long *line, unsigned long *column, struct text xml, size_t offset);

/*
 * The byte offset of attribute number index (from 0) of the start tag at byte tag of xml, which expat has found
 * well-formed; tag itself if there is no such attribute.
 */
size_t config_place_attribute(struct text xml, size_t tag, size_t index);

/* The value, without its quotes, of the attribute whose name begins at byte at; empty if there is none. */
struct text config_place_value(struct text xml, size_t at);

#endif
