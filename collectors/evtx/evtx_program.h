/*
 * evtx_program: binary XML -> a list of steps that are quick to go through for each record.
 *
 * A template definition is read once a chunk and kept; what a record holds without a template (forwarded events) is
 * read for it alone. Nothing is copied: steps name places in the chunk.
 * Source: MS-EVEN6 section 2.2.12 (BinXml); libyal's documentation "Windows XML Event Log (EVTX)", section 4.
 */
#ifndef COLLECTORS_FILES_EVTX_PROGRAM_H
#define COLLECTORS_FILES_EVTX_PROGRAM_H

#include "collectors/evtx/evtx_chunk.h"

/* Tokens of binary XML; the flag says that more follows (attributes, another attribute, more text). */
enum evtx_token {
    EVTX_TOKEN_END = 0x00,
    EVTX_TOKEN_ELEMENT = 0x01,
    EVTX_TOKEN_CONTENT = 0x02, /* the start tag ends, content follows */
    EVTX_TOKEN_EMPTY = 0x03,   /* the start tag ends, and so does the element */
    EVTX_TOKEN_ELEMENT_END = 0x04,
    EVTX_TOKEN_TEXT = 0x05,
    EVTX_TOKEN_ATTRIBUTE = 0x06,
    EVTX_TOKEN_CDATA = 0x07,
    EVTX_TOKEN_CHARACTER = 0x08,
    EVTX_TOKEN_ENTITY = 0x09,
    EVTX_TOKEN_PI_TARGET = 0x0A,
    EVTX_TOKEN_PI_DATA = 0x0B,
    EVTX_TOKEN_INSTANCE = 0x0C,
    EVTX_TOKEN_SUBSTITUTION = 0x0D,
    EVTX_TOKEN_OPTIONAL = 0x0E, /* a substitution that takes its attribute with it where it has no value */
    EVTX_TOKEN_FRAGMENT = 0x0F,
    EVTX_TOKEN_MORE = 0x40
};

/* The type of a value; the flag: an array of them. */
enum evtx_type {
    EVTX_NULL = 0x00,
    EVTX_STRING = 0x01,
    EVTX_ANSI_STRING = 0x02,
    EVTX_INT8 = 0x03,
    EVTX_UINT8 = 0x04,
    EVTX_INT16 = 0x05,
    EVTX_UINT16 = 0x06,
    EVTX_INT32 = 0x07,
    EVTX_UINT32 = 0x08,
    EVTX_INT64 = 0x09,
    EVTX_UINT64 = 0x0A,
    EVTX_REAL32 = 0x0B,
    EVTX_REAL64 = 0x0C,
    EVTX_BOOL = 0x0D,
    EVTX_BINARY = 0x0E,
    EVTX_GUID = 0x0F,
    EVTX_SIZE = 0x10,
    EVTX_FILETIME = 0x11,
    EVTX_SYSTEMTIME = 0x12,
    EVTX_SID = 0x13,
    EVTX_HEX32 = 0x14,
    EVTX_HEX64 = 0x15,
    EVTX_XML = 0x21, /* binary XML */
    EVTX_ARRAY = 0x80
};

/* UTF-16 in the chunk, at any address. */
struct evtx_units {
    uint32_t at;
    uint16_t count;
};

enum evtx_step_kind {
    EVTX_STEP_ELEMENT,   /* its name; end: the step after it */
    EVTX_STEP_ATTRIBUTE, /* its name; end: the step after its value */
    EVTX_STEP_CONTENT,   /* the start tag ends */
    EVTX_STEP_TEXT,
    EVTX_STEP_ENTITY, /* its name */
    EVTX_STEP_SUBSTITUTION,
    EVTX_STEP_INSTANCE, /* of a template; units.at: where it begins */
    EVTX_STEP_ELEMENT_END
};

#define EVTX_NO_NUMBER 0xFFFFu

struct evtx_step {
    uint8_t kind;     /* enum evtx_step_kind */
    bool is_optional; /* SUBSTITUTION */
    bool is_name;     /* TEXT: names a namespace, a datum, the provider or the channel (evtx_template.c) */
    uint16_t number;  /* SUBSTITUTION: of the value; ELEMENT: of the value without which it is left out */
    uint16_t only;    /* ELEMENT, ATTRIBUTE: the number of the value that is all its content; else EVTX_NO_NUMBER */
    struct evtx_units units;
    uint32_t end; /* relative to the program's first step */
};

/* Most steps of one program; the largest known templates have under 2,000. More: it can't be read. */
#define EVTX_PROGRAM_MAX_STEPS 16384u

/* Deepest element that is read. */
#define EVTX_MAX_DEPTH 64u

/* A growing list of steps, of one program or more. All zero: empty. */
struct evtx_steps {
    struct evtx_step *list;
    size_t count, room;
};

/* A place in a chunk up to which bytes may be read. */
struct evtx_cursor {
    const unsigned char *bytes; /* the chunk's */
    size_t at, end;
};

/* What stands in an instance of a template. */
struct evtx_instance {
    uint32_t definition; /* offset of the template's definition */
    uint32_t id;         /* the first bytes of its GUID */
    size_t count;        /* of values */
    size_t types;        /* where their sizes and types begin, four bytes each */
    size_t values;       /* where the first value begins; the others follow */
};

/* Reads the instance whose token is at the cursor, which then stands after it. NULL, or why it can't be read. */
const char *evtx_instance_read(struct evtx_instance *out, struct evtx_cursor *cursor);

/* Sets body to the binary XML of the definition of a template. NULL, or why it can't be read. */
const char *evtx_definition_read(struct evtx_cursor *body, struct evtx_chunk chunk,
                                 const struct evtx_instance *instance);

/*
 * Appends the steps of one element, whose token is at the cursor, which then stands after it; or, with is_template, of
 * all that a definition holds. Names and text may lie anywhere in the chunk, the rest before the cursor's end.
 * Returns NULL, or why it can't be read (static): nothing was then appended. *error: 0 or -ENOMEM.
 */
const char *evtx_program_read(struct evtx_steps *steps, struct evtx_cursor *cursor, struct evtx_chunk chunk,
                              bool is_template, int *error);

#endif
