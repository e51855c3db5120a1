#include "collectors/event_xml/event_xml_split.h"
#include "collectors/event_xml/event_xml_delimiter.h"
#include "collectors/event_xml/event_xml_reference.h"

#include <stdint.h>
#include <string.h>

/* Most white space taken in "</Event   >": none is ever written; without a bound a tag's end could be far off. */
#define MAX_TAG_SPACE 64u

#define DOCTYPE "<!DOCTYPE"

static const struct {
    const char *begin, *end;
} sections[SECTION_COUNT] = {
    [SECTION_COMMENT] = {"<!--", "-->"},
    [SECTION_CDATA] = {"<![CDATA[", "]]>"},
    [SECTION_INSTRUCTION] = {"<?", "?>"},
};

static bool begins(struct text text, size_t at, const char *with)
{
    size_t length = strlen(with);
    return text.len - at >= length && memcmp(text.bytes + at, with, length) == 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum event_xml_section event_xml_section_at(struct text text, size_t at)
{
    if (text.len - at < 2 || (text.bytes[at + 1] != '!' && text.bytes[at + 1] != '?'))
        return SECTION_NONE; /* as nearly everywhere */
    for (size_t i = 0; i < SECTION_COUNT; i++)
        if (begins(text, at, sections[i].begin))
            return (enum event_xml_section)i;
    return SECTION_NONE;
}

size_t event_xml_section_mark(enum event_xml_section section)
{
    return strlen(sections[section].begin);
}

size_t event_xml_section_end(enum event_xml_section section, struct text text, size_t from)
{
    const char *end = sections[section].end;
    size_t length = strlen(end);
    for (size_t at = from; at < text.len;) {
        at += text_find((struct text){text.bytes + at, text.len - at}, '>') + 1;
        if (at <= text.len && at >= from + length && memcmp(text.bytes + at - length, end, length) == 0)
            return at;
    }
    return SIZE_MAX;
}

/* Offset after the start tag at offset start if that is a whole element ("<Event ... />"), else SIZE_MAX. */
static size_t empty_element_end(struct text text, size_t start)
{
    char quote = '\0';
    for (size_t i = start + 1; i < text.len; i++) {
        char c = text.bytes[i];
        if (c == '<')
            return SIZE_MAX;
        if (quote != '\0')
            quote = c == quote ? '\0' : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>')
            return text.bytes[i - 1] == '/' ? i + 1 : SIZE_MAX;
    }
    return SIZE_MAX;
}

void event_xml_splitter_start(struct event_xml_splitter *f)
{
    *f = (struct event_xml_splitter){.section = SECTION_NONE, .lanes = lanes_here()};
}

/* The event that was open ends at f->at; goes back to a section of it that may hide events. All kinds of sections are
 * ignored until here the second time, so that no byte is looked at more than twice. */
static void close_event(struct event_xml_splitter *f)
{
    f->is_open = false;
    if (!f->has_suspect)
        return;
    for (size_t i = 0; i < SECTION_COUNT; i++)
        f->unclosed[i] = f->at > f->unclosed[i] ? f->at : f->unclosed[i];
    f->at = f->suspect + 2;
    f->has_suspect = false;
}

static enum event_xml_found found_event(struct event_xml_splitter *f, struct text region, size_t end, size_t max_event,
                                        struct event_xml_part *part)
{
    bool is_too_long = end - f->start > max_event;
    *part = (struct event_xml_part){{region.bytes + f->start, end - f->start}, f->hides, NULL};
    if (is_too_long)
        part->fault = "event is too long";
    f->at = end;
    close_event(f);
    return is_too_long ? FOUND_BAD : FOUND_EVENT;
}

/*
 * The open event has no end: it is bad, unless its start tag was all of it. A section that it left open is looked
 * through again as if it were none, so that only this event is lost; unclosed[] keeps that from being done over and
 * over.
 */
static enum event_xml_found found_no_end(struct event_xml_splitter *f, struct text region, size_t max_event,
                                         const char *fault, struct event_xml_part *part)
{
    size_t end = empty_element_end(region, f->start);
    enum event_xml_section section = f->section;
    f->section = SECTION_NONE;
    if (end != SIZE_MAX)
        return found_event(f, region, end, max_event, part);
    *part = (struct event_xml_part){{region.bytes + f->start, f->at - f->start}, f->hides, fault};
    if (section != SECTION_NONE && !f->has_suspect) {
        f->unclosed[section] = f->at;
        f->at = f->section_start + 2;
    }
    close_event(f);
    return FOUND_BAD;
}

/* Could an event begin in text? */
static bool may_hold_event(struct text text)
{
    for (size_t at = 0; (at += text_find((struct text){text.bytes + at, text.len - at}, '<')) < text.len; at++)
        if (begins(text, at, "<Event"))
            return true;
    return false;
}

/* Moves after the end of the open section if it is there; false: not yet. */
static bool leave_section(struct event_xml_splitter *f, struct text region, size_t max_event)
{
    struct text reach = region;
    if (reach.len - f->start > max_event)
        reach.len = f->start + max_event;
    size_t end = f->at < reach.len ? event_xml_section_end(f->section, reach, f->at) : SIZE_MAX;
    if (end != SIZE_MAX) {
        struct text inside = {region.bytes + f->section_start + 2, end - f->section_start - 2};
        if (!f->has_suspect && may_hold_event(inside)) {
            f->has_suspect = true;
            f->suspect = f->section_start;
        }
        f->at = end;
        f->section = SECTION_NONE;
        return true;
    }
    size_t overlap = strlen(sections[f->section].end) - 1; /* the end's first bytes may be the region's last */
    if (reach.len > f->at + overlap)
        f->at = reach.len - overlap;
    return false;
}

/* "<!" or "<?" inside the open event. */
static void enter_section(struct event_xml_splitter *f, struct text region)
{
    f->hides = HIDES_ANYWHERE;
    enum event_xml_section section = event_xml_section_at(region, f->at);
    if (section == SECTION_NONE || f->at < f->unclosed[section]) {
        f->at += 2;
        return;
    }
    f->section = section;
    f->section_start = f->at;
    f->at += event_xml_section_mark(section);
}

/* Offset after "</Event" and its '>'; text.len + 1: not all of it is there; 0: something else follows the name. */
static size_t end_tag_end(struct text text, size_t at)
{
    size_t first = at + 7, i = first;
    while (i < text.len && i - first < MAX_TAG_SPACE && is_space(text.bytes[i]))
        i++;
    if (i == text.len)
        return text.len + 1;
    return text.bytes[i] == '>' ? i + 1 : 0;
}

/* Goes on after a mark inside the open event. FOUND_NOTHING: look for the next one. *is_short: more bytes are needed.
 */
static enum event_xml_found mark_in_event(struct event_xml_splitter *f, struct text region, size_t max_event,
                                          struct event_xml_part *part, bool *is_short)
{
    unsigned long value;
    size_t length, end;
    switch (region.bytes[f->at + 1]) {
    case '!':
    case '?':
        enter_section(f, region);
        return FOUND_NOTHING;
    case '#':
        do { /* often many in a row, as line ends */
            length = 2;
            if ((!event_xml_reference(region, f->at, &value, &length) || value >= 0x20) && f->hides == HIDES_NOTHING)
                f->hides = HIDES_IN_REFERENCES;
            f->at += length;
        } while (region.len - f->at >= EVENT_XML_DELIMITER_SIZE && begins(region, f->at, "&#"));
        return FOUND_NOTHING;
    case 'E':
        return found_no_end(f, region, max_event, "event is not closed where the next one begins", part);
    default:
        end = end_tag_end(region, f->at);
        *is_short = end > region.len;
        if (end == 0)
            f->at += 2;
        return end == 0 || *is_short ? FOUND_NOTHING : found_event(f, region, end, max_event, part);
    }
}

/* A mark between events. True: a DOCTYPE. */
static bool mark_outside(struct event_xml_splitter *f, struct text region, struct event_xml_part *part)
{
    size_t at = f->at;
    f->at += 2;
    if (region.bytes[at + 1] == 'E') {
        f->is_open = true;
        f->hides = HIDES_NOTHING;
        f->start = at;
        return false;
    }
    if (!begins(region, at, DOCTYPE))
        return false;
    *part = (struct event_xml_part){{region.bytes + at, strlen(DOCTYPE)}, HIDES_NOTHING, NULL};
    return true;
}

enum event_xml_found event_xml_splitter_next(struct event_xml_splitter *f, struct text region, bool is_last,
                                             size_t max_event, struct event_xml_part *part)
{
    bool is_short = false;
    while (!is_short) {
        if ((f->section != SECTION_NONE && !leave_section(f, region, max_event)) ||
            !event_xml_find_mark(region, &f->at, is_last, f->lanes))
            break;
        enum event_xml_found found = FOUND_NOTHING;
        if (f->is_open)
            found = mark_in_event(f, region, max_event, part, &is_short);
        else if (mark_outside(f, region, part))
            found = FOUND_DOCTYPE;
        if (found != FOUND_NOTHING)
            return found;
    }
    if (f->is_open && is_last)
        return found_no_end(f, region, max_event, "event is not closed", part);
    if (f->is_open && region.len - f->start > max_event)
        return found_no_end(f, region, max_event, "event is too long", part);
    return FOUND_NOTHING;
}

size_t event_xml_splitter_done(const struct event_xml_splitter *f)
{
    return f->is_open ? f->start : f->at;
}

void event_xml_splitter_drop(struct event_xml_splitter *f, size_t count)
{
    f->at -= count;
    f->start -= f->is_open ? count : f->start;
    f->suspect -= f->has_suspect ? count : f->suspect;
    f->section_start -= f->section != SECTION_NONE ? count : f->section_start;
    for (size_t i = 0; i < SECTION_COUNT; i++)
        f->unclosed[i] -= f->unclosed[i] < count ? f->unclosed[i] : count;
}
