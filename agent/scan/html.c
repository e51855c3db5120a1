#include "agent/scan/html.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Characters without a shape of their own that change how others look: soft hyphen, combining grapheme joiner, Arabic
 * letter mark, Hangul fillers, Khmer and Mongolian inherent ones, zero-width and bidirectional controls, line and
 * paragraph separators, fillers, variation selectors, tags. Sources: unicode.org/Public/UNIDATA/PropList.txt
 * (Bidi_Control) and DerivedCoreProperties.txt (Default_Ignorable_Code_Point). */
static bool is_invisible(uint32_t point)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1F},     {0x7F, 0x9F},       {0xAD, 0xAD},       {0x34F, 0x34F},     {0x61C, 0x61C},
        {0x115F, 0x1160}, {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F},   {0x2028, 0x202E},
        {0x2060, 0x206F}, {0x3164, 0x3164},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},
        {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (point >= ranges[i].first && point <= ranges[i].last)
            return true;
    return false;
}

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
    if (!is_invisible(point))
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
