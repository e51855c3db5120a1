/*
 * event_xml_split: where in a stream of bytes does each event begin and end? Knows tags, comments and CDATA, nothing
 * else of XML.
 *
 * An event begins at "<Event" and a white space, '>' or '/', and ends at "</Event>" outside of comments, CDATA and
 * processing instructions. Between events everything but a DOCTYPE is skipped. What opens a section can stand in text
 * that is none of ours, or in a comment between events; so a section never hides an event: one in which "<Event" stands
 * is looked through a second time as if it were no section.
 */
#ifndef COLLECTORS_EVENT_XML_EVENT_XML_SPLIT_H
#define COLLECTORS_EVENT_XML_EVENT_XML_SPLIT_H

#include "detect/base/lanes.h"
#include "detect/base/text.h"
#include <stdbool.h>
#include <stddef.h>

/* In which text between two marks "</Event>" means nothing. */
enum event_xml_section {
    SECTION_COMMENT,
    SECTION_CDATA,
    SECTION_INSTRUCTION,
    SECTION_COUNT,
    SECTION_NONE = SECTION_COUNT
};

enum event_xml_found {
    FOUND_NOTHING, /* all was looked at; splitter->at says how far, more bytes may bring more */
    FOUND_EVENT,   /* a whole event: part->text */
    FOUND_BAD,     /* an event without an end: part->fault says why; part->text is its beginning */
    FOUND_DOCTYPE  /* "<!DOCTYPE" between events: part->text is the mark itself */
};

/* Where a term can be in an event's values that is not in its bytes. */
enum event_xml_hiding {
    HIDES_NOTHING,
    HIDES_IN_REFERENCES, /* a character is written as a reference (other than a control character, which is in no word)
                          */
    HIDES_ANYWHERE       /* a comment, CDATA or processing instruction may part a word */
};

struct event_xml_part {
    struct text text;
    enum event_xml_hiding hides; /* FOUND_EVENT only */
    const char *fault;           /* static; FOUND_BAD only */
};

/* Offsets count from the first byte of the region that the caller gives. */
struct event_xml_splitter {
    size_t at;    /* looked at up to here */
    size_t start; /* the open event's first byte */
    bool is_open;
    enum event_xml_hiding hides;    /* the open event */
    enum event_xml_section section; /* the one open at the moment */
    size_t section_start;
    size_t unclosed[SECTION_COUNT]; /* up to here no section of this kind is taken for one */
    bool has_suspect;               /* a section of the open event holds what looks like an event ... */
    size_t suspect;                 /* ... and begins here */
    enum lanes lanes;               /* how marks are found; tests choose */
};

/* Sets f to the start of a stream. */
void event_xml_splitter_start(struct event_xml_splitter *f);

/*
 * The next thing in region, which the caller may lengthen at its end between calls, and shorten at its front by
 * event_xml_splitter_drop. is_last: nothing will follow the region. max_event: most bytes of one event.
 */
enum event_xml_found event_xml_splitter_next(struct event_xml_splitter *f, struct text region, bool is_last,
                                             size_t max_event, struct event_xml_part *part);

/* How many bytes at the region's front are no longer needed. */
size_t event_xml_splitter_done(const struct event_xml_splitter *f);

/* The region begins count bytes later than before; count is at most event_xml_splitter_done(). */
void event_xml_splitter_drop(struct event_xml_splitter *f, size_t count);

/* Which section begins at offset at of text; SECTION_NONE: none. */
enum event_xml_section event_xml_section_at(struct text text, size_t at);

/* Bytes of the mark that begins a section: 4 for "<!--". */
size_t event_xml_section_mark(enum event_xml_section section);

/* Offset after the end of a section, looked for from offset from, which is after its mark, to text.len; SIZE_MAX if
 * there is none. */
size_t event_xml_section_end(enum event_xml_section section, struct text text, size_t from);

#endif
