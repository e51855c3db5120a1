#include "detect/base/builder.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Makes room for more bytes and the NUL. */
static bool has_room(struct builder *builder, size_t more)
{
    if (builder->is_failed)
        return false;
    if (more < builder->size - builder->len)
        return true;
    size_t size = builder->size == 0 ? 64 : 2 * builder->size;
    if (size < builder->len + more + 1)
        size = builder->len + more + 1;
    char *bytes = arena_alloc(builder->arena, size);
    if (bytes == NULL) {
        builder->is_failed = true;
        return false;
    }
    if (builder->len > 0)
        memcpy(bytes, builder->bytes, builder->len);
    builder->bytes = bytes;
    builder->size = size;
    return true;
}

void builder_text(struct builder *builder, struct text text)
{
    if (text.len == 0 || !has_room(builder, text.len))
        return;
    memcpy(builder->bytes + builder->len, text.bytes, text.len);
    builder->len += text.len;
}

void builder_string(struct builder *builder, const char *string)
{
    builder_text(builder, text_from(string));
}

void builder_byte(struct builder *builder, char byte)
{
    if (has_room(builder, 1))
        builder->bytes[builder->len++] = byte;
}

void builder_point(struct builder *builder, uint32_t code_point)
{
    char bytes[4];
    builder_text(builder, (struct text){bytes, text_encode(bytes, code_point)});
}

void builder_number(struct builder *builder, int64_t number)
{
    char digits[TEXT_NUMBER_SIZE];
    if (number < 0)
        builder_byte(builder, '-');
    builder_text(builder, text_from_number(digits, number < 0 ? 0 - (uint64_t)number : (uint64_t)number));
}

void builder_format(struct builder *builder, const char *format, ...)
{
    char line[512];
    va_list values;
    va_start(values, format);
    int len = vsnprintf(line, sizeof(line), format, values);
    va_end(values);
    if (len > 0)
        builder_text(builder, (struct text){line, (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1});
}

struct text builder_end(struct builder *builder)
{
    if (!has_room(builder, 0))
        return (struct text){NULL, 0};
    builder->bytes[builder->len] = '\0';
    return (struct text){builder->bytes, builder->len};
}
