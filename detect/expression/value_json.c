/* JSON text to a dynamic. */
#include "detect/base/builder.h"
#include "detect/expression/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct arena *arena;
    struct text text;
    size_t at;
    bool is_full; /* the arena is */
};

/* A list that is being read: chunks of items, counted. */
struct chunk {
    struct chunk *next;
    struct dynamic_member items[8];
};

struct list {
    struct chunk *first, *last;
    size_t count;
};

static void skip_space(struct reader *r)
{
    while (r->at < r->text.len && strchr(" \t\r\n", r->text.bytes[r->at]) != NULL && r->text.bytes[r->at] != '\0')
        r->at++;
}

static bool takes(struct reader *r, char c)
{
    if (r->at == r->text.len || r->text.bytes[r->at] != c)
        return false;
    r->at++;
    return true;
}

static bool takes_word(struct reader *r, const char *word)
{
    size_t len = strlen(word);
    if (r->text.len - r->at < len || memcmp(r->text.bytes + r->at, word, len) != 0)
        return false;
    r->at += len;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

/* Four hexadecimal digits. */
static bool read_unit(struct reader *r, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        int digit = r->at < r->text.len ? hex_digit(r->text.bytes[r->at]) : -1;
        if (digit < 0)
            return false;
        *unit = *unit * 16 + (uint32_t)digit;
    }
    return true;
}

/* What follows a backslash. */
static bool read_escape(struct reader *r, struct builder *to)
{
    static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    if (r->at == r->text.len)
        return false;
    char c = r->text.bytes[r->at++];
    const char *letter = c == '\0' ? NULL : strchr(letters, c);
    if (letter != NULL) {
        builder_byte(to, bytes[letter - letters]);
        return true;
    }
    uint32_t unit, low;
    if (c != 'u' || !read_unit(r, &unit))
        return false;
    size_t after = r->at;
    if (unit >= 0xD800 && unit <= 0xDBFF && takes_word(r, "\\u") && read_unit(r, &low) && low >= 0xDC00 &&
        low <= 0xDFFF)
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    else
        r->at = after;
    builder_point(to, unit);
    return true;
}

/* A string; *at is after its first quote. */
static bool read_string(struct reader *r, struct text *out)
{
    size_t from = r->at;
    struct builder to = builder_in(r->arena);
    bool is_copied = false;
    for (; r->at < r->text.len; r->at++) {
        char c = r->text.bytes[r->at];
        if (c != '"' && c != '\\' && (unsigned char)c >= 0x20)
            continue;
        if ((unsigned char)c < 0x20)
            return false;
        struct text part = {r->text.bytes + from, r->at - from};
        r->at++;
        if (c == '"' && !is_copied) {
            *out = part;
            return true;
        }
        builder_text(&to, part);
        is_copied = true;
        if (c == '"') {
            *out = builder_end(&to);
            r->is_full = r->is_full || to.is_failed;
            return !to.is_failed;
        }
        if (!read_escape(r, &to))
            return false;
        from = r->at--;
    }
    return false;
}

static size_t skip_digits(struct reader *r)
{
    size_t from = r->at;
    while (r->at < r->text.len && r->text.bytes[r->at] >= '0' && r->text.bytes[r->at] <= '9')
        r->at++;
    return r->at - from;
}

static bool read_number(struct reader *r, struct dynamic *out)
{
    size_t from = r->at;
    bool is_whole = true;
    (void)takes(r, '-'); /* allowed, not required */
    size_t first = r->at, digits = skip_digits(r);
    if (digits == 0 || (digits > 1 && r->text.bytes[first] == '0'))
        return false;
    if (takes(r, '.')) {
        is_whole = false;
        if (skip_digits(r) == 0)
            return false;
    }
    if (takes(r, 'e') || takes(r, 'E')) {
        is_whole = false;
        if (!takes(r, '-'))
            (void)takes(r, '+'); /* allowed, not required */
        if (skip_digits(r) == 0)
            return false;
    }
    struct text number = {r->text.bytes + from, r->at - from};
    if (is_whole && value_read_long(&out->number, number)) {
        out->kind = DYNAMIC_LONG;
        return true;
    }
    out->kind = DYNAMIC_REAL;
    return value_read_real(&out->real, number);
}

static struct dynamic_member *add(struct reader *r, struct list *list)
{
    size_t within = list->count % 8;
    if (within == 0) {
        struct chunk *chunk = arena_alloc(r->arena, sizeof(*chunk));
        if (chunk == NULL) {
            r->is_full = true;
            return NULL;
        }
        chunk->next = NULL;
        if (list->last == NULL)
            list->first = chunk;
        else
            list->last->next = chunk;
        list->last = chunk;
    }
    list->count++;
    return &list->last->items[within];
}

static bool end_array(struct reader *r, const struct list *list, struct dynamic *out)
{
    struct dynamic *items = arena_zeroed(r->arena, list->count, sizeof(*items));
    if (items == NULL) {
        r->is_full = true;
        return false;
    }
    const struct chunk *chunk = list->first;
    for (size_t i = 0; i < list->count; i++) {
        items[i] = chunk->items[i % 8].value;
        if (i % 8 == 7)
            chunk = chunk->next;
    }
    *out = (struct dynamic){.kind = DYNAMIC_ARRAY, .count = list->count, .items = items};
    return true;
}

static int by_name(const void *a, const void *b)
{
    const struct dynamic_member *const *x = a, *const *y = b;
    struct text m = (*x)->name, n = (*y)->name;
    int order = memcmp(m.bytes, n.bytes, m.len < n.len ? m.len : n.len);
    if (order != 0)
        return order;
    if (m.len != n.len)
        return m.len < n.len ? -1 : 1;
    return *x < *y ? -1 : 1;
}

/* Of members with one name the first keeps its place and takes the last one's value. Sorted, so that a bag of many
 * names costs no square of their number. */
static bool drop_repeated(struct reader *r, struct dynamic_member *members, size_t *count)
{
    struct dynamic_member **order = arena_zeroed(r->arena, *count, sizeof(struct dynamic_member *));
    bool *is_dropped = arena_zeroed(r->arena, *count, sizeof(*is_dropped));
    if (order == NULL || is_dropped == NULL) {
        r->is_full = true;
        return false;
    }
    for (size_t i = 0; i < *count; i++)
        order[i] = &members[i];
    if (*count > 1)
        qsort(order, *count, sizeof(struct dynamic_member *), by_name);
    for (size_t i = 0, first = 0; i < *count; i++) {
        if (i == 0 || !text_equal(order[i]->name, order[first]->name)) {
            first = i;
            continue;
        }
        order[first]->value = order[i]->value;
        is_dropped[order[i] - members] = true;
    }
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (!is_dropped[i])
            members[kept++] = members[i];
    *count = kept;
    return true;
}

static bool end_bag(struct reader *r, const struct list *list, struct dynamic *out)
{
    struct dynamic_member *members = arena_zeroed(r->arena, list->count, sizeof(*members));
    if (members == NULL) {
        r->is_full = true;
        return false;
    }
    const struct chunk *chunk = list->first;
    for (size_t i = 0; i < list->count; i++) {
        members[i] = chunk->items[i % 8];
        if (i % 8 == 7)
            chunk = chunk->next;
    }
    size_t count = list->count;
    if (!drop_repeated(r, members, &count))
        return false;
    *out = (struct dynamic){.kind = DYNAMIC_BAG, .count = count, .members = members};
    return true;
}

static bool read_value(struct reader *r, struct dynamic *out, unsigned depth);

/* The items or members up to close; *at is after the opening bracket. */
static bool read_list(struct reader *r, struct dynamic *out, char close, unsigned depth)
{
    struct list list = {NULL, NULL, 0};
    bool is_bag = close == '}';
    if (depth >= VALUE_MAX_DEPTH)
        return false;
    skip_space(r);
    for (bool is_open = !takes(r, close); is_open;) {
        struct dynamic_member *item = add(r, &list);
        if (item == NULL)
            return false;
        skip_space(r);
        if (is_bag) {
            if (!takes(r, '"') || !read_string(r, &item->name))
                return false;
            skip_space(r);
            if (!takes(r, ':'))
                return false;
        }
        if (!read_value(r, &item->value, depth + 1))
            return false;
        skip_space(r);
        if (takes(r, close))
            is_open = false;
        else if (!takes(r, ','))
            return false;
    }
    return is_bag ? end_bag(r, &list, out) : end_array(r, &list, out);
}

static bool read_value(struct reader *r, struct dynamic *out, unsigned depth)
{
    memset(out, 0, sizeof(*out));
    skip_space(r);
    if (r->at == r->text.len)
        return false;
    if (takes(r, '{'))
        return read_list(r, out, '}', depth);
    if (takes(r, '['))
        return read_list(r, out, ']', depth);
    if (takes(r, '"')) {
        out->kind = DYNAMIC_STRING;
        return read_string(r, &out->text);
    }
    out->kind = DYNAMIC_BOOL;
    out->boolean = true;
    if (takes_word(r, "true"))
        return true;
    out->boolean = false;
    if (takes_word(r, "false"))
        return true;
    out->kind = DYNAMIC_NULL;
    if (takes_word(r, "null"))
        return true;
    return read_number(r, out);
}

int value_from_json(struct value *out, struct arena *arena, struct text json)
{
    struct reader r = {.arena = arena, .text = json};
    struct dynamic *value = arena_alloc(arena, sizeof(*value));
    if (value == NULL)
        return -ENOMEM;
    bool is_read = read_value(&r, value, 0);
    if (!is_read)
        return r.is_full ? -ENOMEM : -EINVAL;
    skip_space(&r);
    if (r.at != json.len)
        return -EINVAL;
    *out = value_dynamic(value);
    return 0;
}
