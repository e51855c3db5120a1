#include "collectors/eventlog/eventlog_bookmark.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char read_word[] = " read=";

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool starts_with(struct text text, const char *word)
{
    size_t size = strlen(word);
    return text.len >= size && memcmp(text.bytes, word, size) == 0;
}

static struct text after(struct text text, size_t bytes)
{
    return (struct text){text.bytes + bytes, text.len - bytes};
}

/* A decimal number, all of text. */
static bool parse_number(uint64_t *out, struct text text)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)(text.bytes[i] - '0');
        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return text.len > 0;
}

/* The next attribute of a start tag; *rest then begins after it. False: the tag ends here. */
static bool next_attribute(struct text *rest, struct text *name, struct text *value)
{
    while (rest->len > 0 && is_space(rest->bytes[0]))
        *rest = after(*rest, 1);
    size_t equals = text_find(*rest, '=');
    if (equals + 1 >= rest->len || text_find(*rest, '>') < equals)
        return false;
    *name = (struct text){rest->bytes, equals};
    while (name->len > 0 && is_space(name->bytes[name->len - 1]))
        name->len--;
    struct text from = after(*rest, equals + 1);
    while (from.len > 0 && is_space(from.bytes[0]))
        from = after(from, 1);
    if (from.len == 0 || (from.bytes[0] != '\'' && from.bytes[0] != '"'))
        return false;
    *value = after(from, 1);
    size_t end = text_find(*value, from.bytes[0]);
    if (end == value->len)
        return false;
    *rest = after(*value, end + 1);
    value->len = end;
    return true;
}

/* Is this <Bookmark ...> the channel's, with a record? tag begins after the element's name. */
static bool read_bookmark(uint64_t *record, struct text tag, struct text channel)
{
    struct text name, value;
    bool is_ours = false, has_record = false;
    uint64_t id = 0;
    while (next_attribute(&tag, &name, &value)) {
        if (text_equal(name, text_from("Channel")))
            is_ours = text_equal_nocase(value, channel);
        else if (text_equal(name, text_from("RecordId")))
            has_record = parse_number(&id, value);
    }
    if (is_ours && has_record)
        *record = id;
    return is_ours && has_record;
}

int eventlog_bookmark_record(uint64_t *record, struct text bookmark, struct text channel)
{
    static const char element[] = "<Bookmark";
    struct text rest = bookmark;
    while (rest.len > 0) {
        rest = after(rest, text_find(rest, '<'));
        if (!starts_with(rest, element)) {
            rest = after(rest, rest.len > 0 ? 1 : 0);
            continue;
        }
        rest = after(rest, sizeof(element) - 1);
        if (rest.len > 0 && is_space(rest.bytes[0]) && read_bookmark(record, rest, channel))
            return 0;
    }
    return -EINVAL;
}

int eventlog_bookmark_parse(struct eventlog_bookmark *out, struct text kept, struct text channel)
{
    struct text bookmark = kept, tail;
    uint64_t record, read = 0;
    while (bookmark.len > 0 && bookmark.bytes[bookmark.len - 1] != '>')
        bookmark.len--;
    tail = after(kept, bookmark.len);
    if (eventlog_bookmark_record(&record, bookmark, channel) < 0)
        return -EINVAL;
    if (starts_with(tail, read_word) && !parse_number(&read, after(tail, sizeof(read_word) - 1)))
        return -EINVAL;
    *out = (struct eventlog_bookmark){bookmark, record, read > record ? read : record};
    return 0;
}

int eventlog_bookmark_format(char **out, struct text bookmark, uint64_t read)
{
    size_t size = bookmark.len + sizeof(read_word) + 20;
    char *text = malloc(size);
    if (text == NULL)
        return -ENOMEM;
    if (bookmark.len > 0)
        memcpy(text, bookmark.bytes, bookmark.len);
    snprintf(text + bookmark.len, size - bookmark.len, "%s%" PRIu64, read_word, read);
    *out = text;
    return 0;
}

int eventlog_bookmark_make(char **out, struct text channel, uint64_t record)
{
    size_t size = channel.len + 128; /* the words below and 20 digits */
    char *text = malloc(size);
    if (text == NULL)
        return -ENOMEM;
    snprintf(text, size,
             "<BookmarkList>\r\n  <Bookmark Channel='%.*s' RecordId='%" PRIu64
             "' IsCurrent='true'/>\r\n</BookmarkList>",
             (int)channel.len, channel.bytes, record);
    *out = text;
    return 0;
}
