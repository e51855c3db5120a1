/* builder: a text that grows in an arena. What does not fit makes it fail; nothing need be checked but the end. */
#ifndef DETECT_BASE_BUILDER_H
#define DETECT_BASE_BUILDER_H

#include "detect/base/arena.h"
#include "detect/base/text.h"
#include <stdbool.h>

struct builder {
    struct arena *arena;
    char *bytes;
    size_t len, size;
    bool is_failed; /* the arena's limit was reached */
};

static inline struct builder builder_in(struct arena *arena)
{
    return (struct builder){.arena = arena};
}

void builder_text(struct builder *builder, struct text text);
void builder_string(struct builder *builder, const char *string);
void builder_byte(struct builder *builder, char byte);

/* A code point as UTF-8 (surrogates as WTF-8). */
void builder_point(struct builder *builder, uint32_t code_point);

/* As decimal digits. */
void builder_number(struct builder *builder, int64_t number);

/* Formats as printf does; at most 511 bytes, cut where longer. */
__attribute__((format(printf, 2, 3))) void builder_format(struct builder *builder, const char *format, ...);

/* What was built, ended by a NUL beyond its length; "" where nothing came; absent when it failed. */
struct text builder_end(struct builder *builder);

#endif
