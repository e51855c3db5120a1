#include "agent/config/config_place.h"

void config_place(unsigned long *line, unsigned long *column, struct text xml, size_t offset)
{
    *line = *column = 1;
    for (size_t i = 0; i < offset && i < xml.len; i++) {
        if (xml.bytes[i] == '\n' || (xml.bytes[i] == '\r' && (i + 1 == xml.len || xml.bytes[i + 1] != '\n'))) {
            ++*line;
            *column = 1;
        } else if (((unsigned char)xml.bytes[i] & 0xC0) != 0x80) { /* not inside a character */
            ++*column;
        }
    }
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_space(struct text xml, size_t at)
{
    while (at < xml.len && is_space(xml.bytes[at]))
        at++;
    return at;
}

/* After the name that begins at byte at. */
static size_t skip_name(struct text xml, size_t at)
{
    while (at < xml.len && !is_space(xml.bytes[at]) && xml.bytes[at] != '=' && xml.bytes[at] != '>' &&
           xml.bytes[at] != '/')
        at++;
    return at;
}

struct text config_place_value(struct text xml, size_t at)
{
    const struct text none = {xml.bytes + xml.len, 0};
    at = skip_space(xml, skip_name(xml, at));
    if (at >= xml.len || xml.bytes[at] != '=')
        return none;
    at = skip_space(xml, at + 1);
    if (at >= xml.len || (xml.bytes[at] != '"' && xml.bytes[at] != '\''))
        return none;
    struct text value = {xml.bytes + at + 1, xml.len - at - 1};
    size_t size = text_find(value, xml.bytes[at]);
    return size < value.len ? (struct text){value.bytes, size} : none;
}

/* After the closing quote of the value of the attribute whose name begins at byte at; xml.len if there is none. */
static size_t skip_attribute(struct text xml, size_t at)
{
    struct text value = config_place_value(xml, at);
    size_t end = (size_t)(value.bytes + value.len - xml.bytes);
    return end < xml.len ? end + 1 : xml.len;
}

size_t config_place_attribute(struct text xml, size_t tag, size_t index)
{
    size_t at = skip_space(xml, skip_name(xml, tag + 1));
    for (; index > 0 && at < xml.len; index--)
        at = skip_space(xml, skip_attribute(xml, at));
    return at < xml.len && xml.bytes[at] != '>' && xml.bytes[at] != '/' ? at : tag;
}
