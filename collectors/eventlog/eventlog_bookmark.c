#include "collectors/eventlog/eventlog_bookmark.h"

#include <string.h>

static const char attribute[] = " RecordId=";

/* Behind the next attribute at or after byte at; text.len + 1: there is none. */
static size_t find(struct text text, size_t at)
{
    for (size_t size = sizeof(attribute) - 1; at + size <= text.len; at++)
        if (memcmp(text.bytes + at, attribute, size) == 0)
            return at + size;
    return text.len + 1;
}

bool eventlog_bookmark_record(uint64_t *record, struct text bookmark)
{
    size_t at = find(bookmark, 0), digits = 0;
    uint64_t value = 0;
    if (at >= bookmark.len || find(bookmark, at) <= bookmark.len)
        return false;
    char quote = bookmark.bytes[at++];
    if (quote != '\'' && quote != '"')
        return false;
    for (; at < bookmark.len && bookmark.bytes[at] >= '0' && bookmark.bytes[at] <= '9'; at++, digits++) {
        unsigned digit = (unsigned)(bookmark.bytes[at] - '0');
        if (value > (UINT64_MAX - digit) / 10u)
            return false;
        value = value * 10u + digit;
    }
    if (digits == 0 || at >= bookmark.len || bookmark.bytes[at] != quote)
        return false;
    *record = value;
    return true;
}
