#include "agent/system/plain.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool plain_is_invisible(uint32_t point)
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

/* One character as it may be seen; returns its bytes. */
#define PIECE_SIZE 16
static size_t piece_of(char piece[PIECE_SIZE], uint32_t point)
{
    if (!plain_is_invisible(point))
        return text_encode(piece, point);
    return (size_t)snprintf(piece, PIECE_SIZE, point < 0x80 ? "\\x%02X" : "{U+%04X}", (unsigned)point);
}

size_t plain_copy(char *to, size_t room, struct text text)
{
    size_t used = 0, last = 0; /* last: the last place that leaves room for "..." and a NUL */
    for (size_t at = 0; at < text.len;) {
        char piece[PIECE_SIZE];
        size_t size = piece_of(piece, text_decode(text, &at));
        if (used + size + 1 > room) {
            memcpy(to + last, "...", 4);
            return last + 3;
        }
        memcpy(to + used, piece, size);
        used += size;
        last = used + 4 <= room ? used : last;
    }
    to[used] = '\0';
    return used;
}

static void print(FILE *to, const char *text, bool keeps_lines)
{
    struct text all = text_from(text);
    for (size_t at = 0; at < all.len;) {
        char piece[PIECE_SIZE];
        uint32_t point = text_decode(all, &at);
        bool is_kept = keeps_lines && (point == '\n' || point == '\t');
        size_t size = is_kept ? text_encode(piece, point) : piece_of(piece, point);
        (void)fwrite(piece, 1, size, to); /* as fprintf() to a terminal: nobody to tell */
    }
}

void plain_print(FILE *to, const char *text)
{
    print(to, text == NULL ? "" : text, false);
}

void plain_printf(FILE *to, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    char *text = size < 0 ? NULL : malloc((size_t)size + 1);
    if (text != NULL && vsnprintf(text, (size_t)size + 1, format, again) == size)
        print(to, text, true);
    free(text);
    va_end(again);
    va_end(arguments);
}
