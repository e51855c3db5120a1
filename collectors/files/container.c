#include "collectors/files/container.h"

#include "collectors/event_xml/event_xml.h"

#include <errno.h>
#include <stdlib.h>

/* Most bytes of a string, field or line: an event, and what escapes make of it. */
#define MAX_ITEM (4u * EVENT_XML_MAX_EVENT)

/* JSON in a string of JSON in a string: no deeper. */
#define MAX_NESTING 3u

/* Longest head of a syslog line. */
#define MAX_SYSLOG_HEAD 512u

struct container {
    enum container_kind kind;
    container_take *take;
    void *context;
    char *item; /* the string, field or line that is open */
    size_t used, room;
    bool is_open;     /* a quoted string or field */
    bool is_escaped;  /* JSON: a backslash was the last byte; CSV: a quote was */
    bool is_at_start; /* CSV: of a field */
    bool is_too_long;
    bool has_other;
    const char *trouble;
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

/* Index of "<Event" and a blank, '>' or '/', at or after from; text.len: there is none. */
static size_t find_event(struct text text, size_t from)
{
    for (size_t at = from; at + 7 <= text.len; at++) {
        const char *found = memchr(text.bytes + at, '<', text.len - at);
        if (found == NULL)
            break;
        at = (size_t)(found - text.bytes);
        if (at + 7 > text.len)
            break;
        char next = text.bytes[at + 6];
        if (begins(text, at, "<Event") && (is_space(next) || next == '>' || next == '/'))
            return at;
    }
    return text.len;
}

static size_t skip_space(struct text text)
{
    size_t at = begins(text, 0, "\xEF\xBB\xBF") ? 3 : 0;
    while (at < text.len && is_space(text.bytes[at]))
        at++;
    return at;
}

/* A '{' with a name or nothing in it, a '[' with anything but a number: "[2024-05-06" begins a line of a log. */
static bool is_json(struct text text, size_t at)
{
    if (at >= text.len || (text.bytes[at] != '{' && text.bytes[at] != '['))
        return false;
    bool is_array = text.bytes[at] == '[';
    do
        at++;
    while (at < text.len && is_space(text.bytes[at]));
    if (at == text.len || text.bytes[at] == '"')
        return true;
    return is_array ? text.bytes[at] == '{' || text.bytes[at] == '[' || text.bytes[at] == ']' : text.bytes[at] == '}';
}

/* Sets *name to what the XML declaration at the beginning of text says of the encoding; false: nothing. */
static bool declared(struct text *name, struct text text)
{
    size_t at = skip_space(text);
    if (!begins(text, at, "<?xml"))
        return false;
    struct text rest = {text.bytes + at, text.len - at};
    rest.len = text_find(rest, '>');
    for (at = 0; at + 8 < rest.len && !begins(rest, at, "encoding"); at++)
        ;
    for (at += 8; at < rest.len && rest.bytes[at] != '"' && rest.bytes[at] != '\''; at++)
        ;
    if (at + 1 >= rest.len)
        return false;
    *name = (struct text){rest.bytes + at + 1, rest.len - at - 1};
    name->len = text_find(*name, rest.bytes[at]);
    return true;
}

static enum container_kind kind_of_encoding(struct text name)
{
    static const struct {
        const char *name;
        enum container_kind kind;
    } known[] = {
        {"utf-8", CONTAINER_NONE},          {"utf8", CONTAINER_NONE},     {"us-ascii", CONTAINER_NONE},
        {"utf-16", CONTAINER_NONE}, /* its first bytes say what it is */
        {"utf-16le", CONTAINER_NONE},       {"utf-16be", CONTAINER_NONE}, {"unicode", CONTAINER_NONE},
        {"iso-8859-1", CONTAINER_LATIN1},   {"latin1", CONTAINER_LATIN1}, {"windows-1252", CONTAINER_WINDOWS_1252},
        {"cp1252", CONTAINER_WINDOWS_1252},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (text_equal_nocase(name, text_from(known[i].name)))
            return known[i].kind;
    return CONTAINER_UNKNOWN;
}

/* Is the first event of text in a quoted field whose quotes are doubled? */
static bool is_csv(struct text text, size_t event)
{
    bool is_open = false, is_at_start = true;
    for (size_t at = 0; at < event; at++) {
        char c = text.bytes[at];
        if (is_open && c == '"' && at + 1 < event && text.bytes[at + 1] == '"')
            at++;
        else if (is_open)
            is_open = c != '"';
        else if (c == '"' && is_at_start)
            is_open = true;
        is_at_start = !is_open && (c == ',' || c == ';' || c == '\t' || c == '\n');
    }
    return is_open;
}

/* Is what stands before an event in its line the head of a line of syslog: "<13>...", "Mar  5 14:23:11 host tag: ",
 * "2019-03-05T14:23:11+00:00 host tag: "? (RFC 3164, RFC 5424, rsyslog's templates.) */
static bool is_syslog_head(struct text head)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (head.len < 16 || head.len > MAX_SYSLOG_HEAD)
        return false;
    for (size_t i = 0; i < 36; i += 3)
        if (memcmp(head.bytes, months + i, 3) == 0 && head.bytes[3] == ' ' && head.bytes[9] == ':')
            return true;
    const char *b = head.bytes;
    return (b[0] == '<' && b[1] >= '0' && b[1] <= '9') || (b[4] == '-' && b[7] == '-' && b[10] == 'T' && b[13] == ':');
}

/* Where the line of text that holds at begins. */
static size_t line_of(struct text text, size_t at)
{
    while (at > 0 && text.bytes[at - 1] != '\n')
        at--;
    return at;
}

enum container_kind container_kind(struct text head, char *name, size_t size)
{
    struct text encoding;
    size_t first = skip_space(head), event = find_event(head, 0);
    if (is_json(head, first))
        return CONTAINER_JSON;
    if (declared(&encoding, head)) {
        enum container_kind kind = kind_of_encoding(encoding);
        if (kind == CONTAINER_UNKNOWN)
            (void)text_copy(name, size, encoding); /* cut where longer */
        return kind;
    }
    if (event == head.len || head.bytes[first] == '<')
        return event < head.len && is_syslog_head((struct text){head.bytes, event}) ? CONTAINER_SYSLOG : CONTAINER_NONE;
    size_t line = line_of(head, event);
    if (is_csv(head, event))
        return CONTAINER_CSV;
    return is_syslog_head((struct text){head.bytes + line, event - line}) ? CONTAINER_SYSLOG : CONTAINER_NONE;
}

int container_new(struct container **out, enum container_kind kind, container_take *take, void *context)
{
    struct container *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return -ENOMEM;
    c->kind = kind;
    c->take = take;
    c->context = context;
    c->is_at_start = true;
    *out = c;
    return 0;
}

void container_free(struct container *c)
{
    if (c == NULL)
        return;
    free(c->item);
    free(c);
}

const char *container_trouble(const struct container *c)
{
    return c->has_other ? "not all of it is JSON, as its beginning is: XML stands outside of strings" : c->trouble;
}

static int put(struct container *c, const char *bytes, size_t size)
{
    if (c->is_too_long || size > MAX_ITEM - c->used) {
        c->trouble = "a string or line that is longer than any event was left out";
        c->is_too_long = true;
        return 0;
    }
    if (size > c->room - c->used) {
        size_t room = 2 * c->room + size + 256;
        char *item = realloc(c->item, room);
        if (item == NULL)
            return -ENOMEM;
        c->item = item;
        c->room = room;
    }
    memcpy(c->item + c->used, bytes, size);
    c->used += size;
    return 0;
}

/* Four hexadecimal digits at at; false: there are none. */
static bool hexadecimal(struct text text, size_t at, uint32_t *value)
{
    *value = 0;
    if (text.len - at < 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef";
        char c = text.bytes[at + i], folded = c >= 'A' && c <= 'F' ? (char)(c + 32) : c;
        const char *digit = c == '\0' ? NULL : strchr(digits, folded);
        if (digit == NULL)
            return false;
        *value = *value << 4 | (uint32_t)(digit - digits);
    }
    return true;
}

/* The character of "\uXXXX" at at, which moves on after it and its second half. */
static uint32_t unicode_escape(struct text text, size_t *at)
{
    uint32_t first, second;
    if (!hexadecimal(text, *at + 2, &first)) {
        *at += 2;
        return TEXT_REPLACEMENT;
    }
    *at += 6;
    if (first >= 0xD800 && first < 0xDC00 && begins(text, *at, "\\u") && hexadecimal(text, *at + 2, &second) &&
        second >= 0xDC00 && second < 0xE000) {
        *at += 6;
        return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    }
    return first;
}

/* Writes a JSON string's content without its escapes over itself; it gets no longer. Returns its size. */
static size_t unescape(char *bytes, size_t size)
{
    struct text text = {bytes, size};
    size_t to = 0;
    for (size_t at = 0; at < size;) {
        if (bytes[at] != '\\' || at + 1 == size) {
            bytes[to++] = bytes[at++];
            continue;
        }
        if (bytes[at + 1] == 'u') {
            to += text_encode(bytes + to, unicode_escape(text, &at)); /* at most 4 bytes for 6 */
            continue;
        }
        static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
        const char *name = bytes[at + 1] == '\0' ? NULL : strchr(names, bytes[at + 1]);
        bytes[to++] = name == NULL ? bytes[at + 1] : values[name - names];
        at += 2;
    }
    return to;
}

static int take_json_string(struct container *c, char *bytes, size_t size, unsigned depth);

/* JSON that is a whole string of JSON. */
static int take_inner(struct container *c, char *bytes, size_t size, unsigned depth)
{
    int rc = 0;
    for (size_t at = 0; rc == 0 && at < size; at++) {
        if (bytes[at] != '"')
            continue;
        size_t begin = ++at;
        while (at < size && bytes[at] != '"')
            at += bytes[at] == '\\' && at + 1 < size ? 2 : 1;
        rc = take_json_string(c, bytes + begin, (at < size ? at : size) - begin, depth + 1);
    }
    return rc;
}

static int take_json_string(struct container *c, char *bytes, size_t size, unsigned depth)
{
    size = unescape(bytes, size);
    struct text text = {bytes, size};
    size_t first = skip_space(text);
    if (depth < MAX_NESTING && is_json(text, first))
        return take_inner(c, bytes, size, depth);
    return find_event(text, 0) < size ? c->take(c->context, text, true) : 0;
}

/* The open string, field or line ends. */
static int end_item(struct container *c)
{
    int rc = 0;
    if (!c->is_too_long && c->kind == CONTAINER_JSON)
        rc = take_json_string(c, c->item, c->used, 0);
    else if (!c->is_too_long && c->used > 0)
        rc = c->take(c->context, (struct text){c->item, c->used}, true);
    c->used = 0;
    c->is_open = c->is_escaped = c->is_too_long = false;
    return rc;
}

static int feed_json(struct container *c, const char *bytes, size_t size)
{
    int rc = 0;
    for (size_t at = 0; rc == 0 && at < size;) {
        if (!c->is_open) {
            const char *quote = memchr(bytes + at, '"', size - at);
            size_t next = quote == NULL ? size : (size_t)(quote - bytes) + 1;
            c->has_other = c->has_other || memchr(bytes + at, '<', next - at) != NULL; /* no JSON has it there */
            at = next;
            c->is_open = quote != NULL;
            continue;
        }
        size_t begin = at;
        for (; at < size && (c->is_escaped || bytes[at] != '"'); at++)
            c->is_escaped = !c->is_escaped && bytes[at] == '\\';
        rc = put(c, bytes + begin, at - begin);
        if (rc == 0 && at < size) {
            at++;
            rc = end_item(c);
        }
    }
    return rc;
}

/* CSV: quoted fields, without their quotes, each alone; what is not quoted, a line at a time. */
static int feed_csv(struct container *c, const char *bytes, size_t size)
{
    int rc = 0;
    for (size_t at = 0; rc == 0 && at < size; at++) {
        char byte = bytes[at];
        if (c->is_open && byte == '"' && !c->is_escaped) {
            c->is_escaped = true;
        } else if (c->is_open && c->is_escaped && byte != '"') {
            rc = end_item(c);
            c->is_at_start = byte == ',' || byte == ';' || byte == '\t' || byte == '\n';
        } else if (c->is_open) {
            c->is_escaped = false;
            rc = put(c, &byte, 1);
        } else if (byte == '"' && c->is_at_start) {
            rc = end_item(c);
            c->is_open = true;
            c->is_at_start = false;
        } else {
            c->is_at_start = byte == ',' || byte == ';' || byte == '\t' || byte == '\n';
            rc = put(c, &byte, 1);
            if (rc == 0 && byte == '\n')
                rc = end_item(c);
        }
    }
    return rc;
}

/* Undoes rsyslog's escapes of control characters, "#012" in octal, after the head of a line. */
static int end_line(struct container *c)
{
    struct text line = {c->item, c->used};
    size_t event = find_event(line, 0), to = event;
    if (c->is_too_long || event == line.len || !is_syslog_head((struct text){line.bytes, event}))
        return end_item(c);
    for (size_t at = event; at < line.len; at++) {
        const char *b = line.bytes + at;
        bool is_escape = line.len - at >= 4 && b[0] == '#' && b[1] == '0' && b[2] >= '0' && b[2] <= '3' &&
                         b[3] >= '0' && b[3] <= '7';
        c->item[to++] = is_escape ? (char)((b[2] - '0') * 8 + b[3] - '0') : b[0];
        at += is_escape ? 3 : 0;
    }
    c->used = to;
    return end_item(c);
}

static int feed_syslog(struct container *c, const char *bytes, size_t size)
{
    int rc = 0;
    for (size_t at = 0; rc == 0 && at < size;) {
        const char *end = memchr(bytes + at, '\n', size - at);
        size_t next = end == NULL ? size : (size_t)(end - bytes) + 1;
        rc = put(c, bytes + at, next - at);
        if (rc == 0 && end != NULL)
            rc = end_line(c);
        at = next;
    }
    return rc;
}

/* What windows-1252 has where ISO-8859-1 has control characters (encoding.spec.whatwg.org/index-windows-1252.txt). */
static uint32_t windows_1252(unsigned char byte)
{
    static const uint16_t high[32] = {0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                      0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
                                      0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                      0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
    return byte >= 0x80 && byte < 0xA0 ? high[byte - 0x80] : byte;
}

static int feed_code_page(struct container *c, const char *bytes, size_t size)
{
    char block[4096];
    size_t used = 0;
    int rc = 0;
    for (size_t at = 0; rc == 0 && at < size; at++) {
        unsigned char byte = (unsigned char)bytes[at];
        used += text_encode(block + used, c->kind == CONTAINER_WINDOWS_1252 ? windows_1252(byte) : byte);
        if (used > sizeof(block) - 4 || at + 1 == size) {
            rc = c->take(c->context, (struct text){block, used}, false);
            used = 0;
        }
    }
    return rc;
}

int container_feed(struct container *c, const char *bytes, size_t size)
{
    switch (c->kind) {
    case CONTAINER_JSON:
        return feed_json(c, bytes, size);
    case CONTAINER_CSV:
        return feed_csv(c, bytes, size);
    case CONTAINER_SYSLOG:
        return feed_syslog(c, bytes, size);
    default:
        return feed_code_page(c, bytes, size);
    }
}

int container_end(struct container *c)
{
    if (c->kind == CONTAINER_SYSLOG)
        return end_line(c);
    return c->kind == CONTAINER_LATIN1 || c->kind == CONTAINER_WINDOWS_1252 || c->used == 0 ? 0 : end_item(c);
}
