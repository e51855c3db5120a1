/*
 * evtx_value: a value of a record -> the text that Windows renders of it.
 *
 * Hexadecimal numbers have no padding and small letters, GUIDs braces and large letters, times seven digits of a second
 * and Z, binary values large hexadecimal letters. Source: docs/event-xml.md.
 */
#ifndef COLLECTORS_FILES_EVTX_VALUE_H
#define COLLECTORS_FILES_EVTX_VALUE_H

#include "collectors/evtx/evtx_program.h"
#include "detect/base/text.h"

/* Most bytes that the text of a value of size bytes takes, with a NUL. */
#define EVTX_VALUE_MAX(size) (3u * (size_t)(size) + 64u)

/*
 * Writes the text of a value to to, which has room for EVTX_VALUE_MAX(size). Strings come as they are, in UTF-8 (WTF-8
 * where they are no UTF-16), less the NULs that end them. What does not have the size of its type, or has an unknown
 * type, comes as its bytes in hexadecimal.
 */
struct text evtx_value_text(char *to, unsigned type, const unsigned char *bytes, size_t size);

/* The same for UTF-16 at any address; to: room for EVTX_VALUE_MAX(2 * count). */
struct text evtx_value_units(char *to, const unsigned char *bytes, size_t count);

#endif
