#include "collectors/event_xml/event_xml_kind.h"

#include <string.h>

/* Shortens *rest by what it begins with; false: it doesn't begin so. */
static bool take(struct text *rest, const char *with)
{
    size_t length = strlen(with);
    if (rest->len < length || memcmp(rest->bytes, with, length) != 0)
        return false;
    *rest = (struct text){rest->bytes + length, rest->len - length};
    return true;
}

/* Shortens *rest to after the first c and sets *before to what stood before it; false: there is none. */
static bool take_until(struct text *rest, char c, struct text *before)
{
    size_t length = text_find(*rest, c);
    if (length == rest->len)
        return false;
    *before = (struct text){rest->bytes, length};
    *rest = (struct text){rest->bytes + length + 1, rest->len - length - 1};
    return true;
}

static void take_spaces(struct text *rest)
{
    while (rest->len > 0 && strchr(" \t\r\n", rest->bytes[0]) != NULL && rest->bytes[0] != '\0')
        *rest = (struct text){rest->bytes + 1, rest->len - 1};
}

/* Sets *size to how much of event was looked at. */
static bool peek(const struct kinds_entry **entry, size_t *size, struct text event)
{
    struct text rest = event, tag, provider, id;
    uint64_t number;
    if (!take(&rest, "<Event") || !take_until(&rest, '>', &tag) || memchr(tag.bytes, '<', tag.len) != NULL)
        return false;
    if (tag.len > 0 && tag.bytes[tag.len - 1] == '/')
        return false;
    take_spaces(&rest);
    if (!take(&rest, "<System>"))
        return false;
    take_spaces(&rest);
    if (!take(&rest, "<Provider Name=") || rest.len == 0 || (rest.bytes[0] != '"' && rest.bytes[0] != '\''))
        return false;
    char quote = rest.bytes[0];
    (void)take(&rest, quote == '"' ? "\"" : "'"); /* just seen there */
    if (!take_until(&rest, quote, &provider) || text_find(provider, '&') < provider.len ||
        !take_until(&rest, '>', &tag))
        return false;
    if (tag.len == 0 || tag.bytes[tag.len - 1] != '/')
        return false;
    take_spaces(&rest);
    if (!take(&rest, "<EventID") || !take_until(&rest, '>', &tag) || !take_until(&rest, '<', &id))
        return false;
    /* Only digits stand in an id that Windows writes; anything else may mean another text (a blank, a reference). */
    if (!text_to_number(&number, id) || number > UINT32_MAX)
        return false;
    if (!take(&rest, "/EventID>") || (tag.len > 0 && tag.bytes[0] != ' '))
        return false;
    *entry = kinds_find(provider, (uint32_t)number);
    *size = event.len - rest.len;
    return true;
}

bool event_xml_kind_peek(const struct kinds_entry **entry, struct text event)
{
    size_t size;
    return peek(entry, &size, event);
}

bool event_xml_kind_recall(const struct kinds_entry **entry, struct event_xml_kind_memory *memory, struct text event)
{
    size_t size;
    if (memory->size > 0 && event.len >= memory->size && memcmp(event.bytes, memory->beginning, memory->size) == 0) {
        *entry = memory->entry;
        return true;
    }
    if (!peek(entry, &size, event))
        return false;
    if (size <= sizeof(memory->beginning)) {
        memcpy(memory->beginning, event.bytes, size);
        memory->size = size;
        memory->entry = *entry;
    }
    return true;
}
