#include "detect/base/utf8.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

int utf8_clean(char **out, size_t *size, struct text text)
{
    if (text.len > (SIZE_MAX - 1) / 3)
        return -ENOMEM;
    char *to = malloc(3 * text.len + 1); /* an invalid byte becomes the three of U+FFFD; nothing grows more */
    if (to == NULL)
        return -ENOMEM;
    size_t len = 0;
    for (size_t at = 0; at < text.len;)
        len += text_encode(to + len, text_decode(text, &at));
    to[len] = '\0';
    *out = to;
    *size = len;
    return 0;
}

size_t utf8_prefix(const char *utf8, size_t size, size_t code_points)
{
    size_t seen = 0;
    for (size_t i = 0; i < size; i++)
        if (((unsigned char)utf8[i] & 0xC0u) != 0x80 && seen++ == code_points)
            return i;
    return size;
}
