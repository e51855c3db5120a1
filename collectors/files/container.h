/*
 * container: event XML that lies in another form -> the XML itself. The form is recognised by the file's first bytes.
 *
 * JSON: strings that hold "<Event" (Winlogbeat's event.original, Wazuh, NXLog, OTel, Log Analytics, ConvertTo-Json),
 * also in JSON that is such a string itself. CSV: quoted fields (Log Analytics, Export-Csv; comma, semicolon or tab).
 * Lines of rsyslog: its #012 for a line end, where a syslog head stands before the event. Files that declare a
 * single-byte code page: ISO-8859-1 and windows-1252 are read as declared; others are refused by name. Sources: RFC
 * 8259; RFC 4180; rsyslog.com/doc, "$EscapeControlCharactersOnReceive"; encoding.spec.whatwg.org.
 */
#ifndef COLLECTORS_FILES_CONTAINER_H
#define COLLECTORS_FILES_CONTAINER_H

#include "detect/base/text.h"

enum container_kind {
    CONTAINER_NONE, /* event XML as it is */
    CONTAINER_JSON,
    CONTAINER_CSV,
    CONTAINER_SYSLOG,
    CONTAINER_LATIN1, /* ISO-8859-1 */
    CONTAINER_WINDOWS_1252,
    CONTAINER_UNKNOWN /* declares an encoding that is not known */
};

/* Bytes of a file that are looked at to tell its kind: an event begins in them. */
#define CONTAINER_HEAD (64u * 1024u)

/* The kind of the content that begins so, in UTF-8 or the encoding that it declares. CONTAINER_UNKNOWN: name[0..size-1]
 * gets the encoding's name, for a message. */
enum container_kind container_kind(struct text head, char *name, size_t size);

/* Takes what comes out. is_end: an event can't go on in what comes next. Returns 0 or a negative errno value. */
typedef int container_take(void *context, struct text xml, bool is_end);

struct container;

/* Makes one of a kind above CONTAINER_NONE and below CONTAINER_UNKNOWN. Returns 0 or -ENOMEM. */
int container_new(struct container **out, enum container_kind kind, container_take *take, void *context);

/* Frees c; NULL is allowed. */
void container_free(struct container *c);

/* Feeds the next bytes. Returns 0, -ENOMEM or what take returned. */
int container_feed(struct container *c, const char *bytes, size_t size);

/* All was fed. Returns as above. */
int container_end(struct container *c);

/* Why not all of it was understood (static); NULL: it was. After container_end. */
const char *container_trouble(const struct container *c);

#endif
