#include "agent/scan/html.h"

#include "agent/system/plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct html *html, const char *bytes, size_t size)
{
    if (html->is_cut)
        return;
    if (html->room - html->size < size + 1) {
        size_t room = 2 * html->room + size + 1;
        char *larger = realloc(html->bytes, room);
        if (larger == NULL) {
            html->is_cut = true;
            return;
        }
        html->bytes = larger;
        html->room = room;
    }
    memcpy(html->bytes + html->size, bytes, size);
    html->size += size;
    html->bytes[html->size] = '\0';
}

void html_markup(struct html *html, const char *markup)
{
    add(html, markup, strlen(markup));
}

/* What stands for point where it can't stand for itself; NULL: it can. */
static const char *reference(char to[16], uint32_t point)
{
    switch (point) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        break;
    }
    if (!plain_is_invisible(point))
        return NULL;
    snprintf(to, 16, "{U+%04X}", (unsigned)point);
    return to;
}

void html_text(struct html *html, struct text text, size_t max_bytes)
{
    size_t at = 0;
    while (at < text.len && at < max_bytes) {
        char made[16], bytes[4];
        uint32_t point = text_decode(text, &at);
        const char *instead = reference(made, point);
        if (instead != NULL)
            html_markup(html, instead);
        else
            add(html, bytes, text_encode(bytes, point));
    }
    if (at < text.len)
        html_markup(html, "...");
}
