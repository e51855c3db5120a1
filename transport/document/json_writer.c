#include "transport/document/json_writer.h"

#include "detect/base/vector.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Room of the first buffer, bytes: most alerts fit. */
#define FIRST_ROOM 4096u

/* Most bytes of a run of plain ones that is copied at once. */
#define RUN 64u

/* Room that is looked for before each step: a key and what may follow at once, or a run and a character escaped. */
#define STEP 96u

_Static_assert(VECTOR_SIZE == 16, "load_part() makes one of two numbers");
_Static_assert(RUN % VECTOR_SIZE == 0 && RUN + sizeof("\\u0000\"") <= STEP, "a run fits, a character, and the quote");
_Static_assert(sizeof(",\"\":-") + JSON_WRITER_MAX_KEY + TEXT_NUMBER_SIZE <= STEP, "a key fits, and a number after it");

void json_writer_init(struct json_writer *w, size_t max_text)
{
    *w = (struct json_writer){.max_text = max_text};
}

void json_writer_clear(struct json_writer *w)
{
    free(w->bytes);
    w->bytes = NULL;
}

__attribute__((noinline)) static bool grow(struct json_writer *w)
{
    size_t room = w->room == 0 ? FIRST_ROOM : 2 * w->room;
    char *bytes = w->is_failed || room > JSON_WRITER_MAX_SIZE ? NULL : realloc(w->bytes, room);
    w->is_failed = bytes == NULL;
    if (w->is_failed)
        return false;
    w->bytes = bytes;
    w->room = room;
    return true;
}

/* Is there room for STEP more bytes? */
static inline bool has_room(struct json_writer *w)
{
    return w->room - w->size >= STEP || grow(w);
}

static void put(struct json_writer *w, char c)
{
    w->bytes[w->size++] = c;
}

static void put_all(struct json_writer *w, struct text bytes)
{
    memcpy(w->bytes + w->size, bytes.bytes, bytes.len);
    w->size += bytes.len;
}

/* Less than a vector, NULs after it. Put together in registers: loading what was just stored in parts waits for them.
 */
static vector load_part(const char *from, size_t count)
{
    uint64_t low = 0, high = 0;
    uint32_t first, last;
    if (count >= sizeof(low)) {
        memcpy(&low, from, sizeof(low));
        memcpy(&high, from + count - sizeof(high), sizeof(high));
        high = count == sizeof(low) ? 0 : high >> 8 * (VECTOR_SIZE - count);
    } else if (count >= sizeof(first)) {
        memcpy(&first, from, sizeof(first));
        memcpy(&last, from + count - sizeof(last), sizeof(last));
        low = first | (uint64_t)last << 8 * (count - sizeof(last)); /* where they overlap they are equal */
    } else {
        while (count-- > 0)
            low = low << 8 | (unsigned char)from[count];
    }
    return _mm_set_epi64x((long long)high, (long long)low);
}

/* Stores a vector and returns which of its bytes don't stand in JSON as they are: bit i of byte i. */
static uint32_t put_vector(char *to, vector all)
{
    memcpy(to, &all, sizeof(all));
    vector marks = vector_or(vector_equal(all, vector_of('"')), vector_equal(all, vector_of('\\')));
    marks = vector_or(marks, vector_equal(all, vector_of(0x7F)));
    uint32_t plain = vector_mask(vector_and_not(vector_above(all, vector_of(0x1F)), marks));
    return ~plain & (uint32_t)((UINT64_C(1) << VECTOR_SIZE) - 1);
}

/* Copies the bytes at from, count at most and no more than RUN, that stand in JSON as they are, up to the first that
 * doesn't. Returns how many; what lies after them in to changes too, up to a vector. */
static size_t put_plain(char *to, const char *from, size_t count)
{
    size_t done = 0;
    for (; count - done >= VECTOR_SIZE && done < RUN; done += VECTOR_SIZE) {
        uint32_t others = put_vector(to + done, vector_load(from + done));
        if (others != 0)
            return done + (size_t)__builtin_ctz(others);
    }
    if (done == RUN)
        return done;
    /* NUL is none that stands as it is, so no more than count are counted. */
    return done + (size_t)__builtin_ctz(put_vector(to + done, load_part(from + done, count - done)));
}

/* Characters that JSON lets stand as they are and a terminal obeys: DEL, the control characters U+0080 to U+009F
 * (U+009B begins a sequence as ESC [ does), what turns the direction of writing, and separators of lines. */
static bool moves_terminals(uint32_t code_point)
{
    return (code_point >= 0x7F && code_point <= 0x9F) || code_point == 0x61C || code_point == 0x200E ||
           code_point == 0x200F || (code_point >= 0x2028 && code_point <= 0x202E) ||
           (code_point >= 0x2066 && code_point <= 0x2069);
}

/* Writes code_point as it stands in a text: at most 6 bytes. Returns how many. */
static size_t put_character(char *to, uint32_t code_point)
{
    static const char letters[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    static const char digits[] = "0123456789ABCDEF";
    bool is_mark = code_point == '"' || code_point == '\\';
    if (code_point >= 0x20 && !is_mark && !moves_terminals(code_point))
        return text_encode(to, code_point);
    to[0] = '\\';
    to[1] = is_mark ? (char)code_point : code_point < sizeof(letters) ? letters[code_point] : '\0';
    if (to[1] != '\0')
        return 2;
    to[1] = 'u';
    for (unsigned i = 0; i < 4; i++)
        to[2 + i] = digits[code_point >> (12 - 4 * i) & 0x0Fu];
    return 6;
}

static void lower(char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] >= 'A' && bytes[i] <= 'Z')
            bytes[i] = (char)(bytes[i] + ('a' - 'A'));
}

/* text with its quotes, most characters of it; for the first quote there is room. */
static void put_text(struct json_writer *w, struct text text, size_t most, bool is_lower)
{
    put(w, '"');
    for (size_t at = 0; at < text.len && most > 0 && has_room(w);) {
        char *to = w->bytes + w->size;
        size_t left = text.len - at < most ? text.len - at : most;
        size_t plain = put_plain(to, text.bytes + at, left);
        if (is_lower)
            lower(to, plain);
        to += plain;
        at += plain;
        most -= plain;
        if (plain < left && plain < RUN) { /* else the run only ended */
            to += put_character(to, text_decode(text, &at));
            most--;
        }
        w->size = (size_t)(to - w->bytes);
    }
    put(w, '"'); /* for which the last step left room */
}

/* Nothing in what was begun last? A text ends with a quote, so these are brackets. */
static bool is_empty(const struct json_writer *w)
{
    return w->size > 0 && (w->bytes[w->size - 1] == '{' || w->bytes[w->size - 1] == '[');
}

/* What stands before a value. True: there is room for a bracket, a quote, a number or a word. */
static bool begin(struct json_writer *w, const char *key)
{
    bool is_in_object = w->depth > 0 && w->closing[w->depth - 1] == '}', has_key = w->has_key;
    assert(is_in_object == (key != NULL || has_key));
    w->has_key = false;
    assert(w->depth > 0 || w->size == 0);
    if (!has_room(w))
        return false;
    char *to = w->bytes + w->size;
    if (w->depth > 0 && !is_empty(w) && !has_key)
        *to++ = ',';
    if (key != NULL) {
        struct text name = text_from(key);
        assert(name.len <= JSON_WRITER_MAX_KEY);
        *to++ = '"';
        memcpy(to, name.bytes, name.len);
        to += name.len;
        *to++ = '"';
        *to++ = ':';
    }
    w->size = (size_t)(to - w->bytes);
    return true;
}

void json_writer_key(struct json_writer *w, struct text key)
{
    assert(w->depth > 0 && w->closing[w->depth - 1] == '}' && !w->has_key);
    w->has_key = true;
    if (!has_room(w))
        return;
    if (!is_empty(w))
        put(w, ',');
    put_text(w, key, JSON_WRITER_MAX_KEY, false);
    if (has_room(w))
        put(w, ':');
}

static void open_level(struct json_writer *w, const char *key, char opening, char closing)
{
    size_t start = w->size;
    assert(w->depth < JSON_WRITER_MAX_DEPTH);
    if (begin(w, key))
        put(w, opening);
    w->starts[w->depth] = start;
    w->closing[w->depth++] = closing;
}

static void close_level(struct json_writer *w, char closing)
{
    assert(w->depth > 0 && w->closing[w->depth - 1] == closing);
    w->depth--;
    if (has_room(w))
        put(w, closing);
}

void json_writer_object(struct json_writer *w, const char *key)
{
    open_level(w, key, '{', '}');
}

void json_writer_object_end(struct json_writer *w)
{
    close_level(w, '}');
}

void json_writer_object_end_filled(struct json_writer *w)
{
    bool was_empty = is_empty(w);
    assert(w->depth > 1);
    close_level(w, '}');
    if (was_empty)
        w->size = w->starts[w->depth];
}

void json_writer_array(struct json_writer *w, const char *key)
{
    open_level(w, key, '[', ']');
}

void json_writer_array_end(struct json_writer *w)
{
    close_level(w, ']');
}

void json_writer_text(struct json_writer *w, const char *key, struct text text)
{
    if (begin(w, key))
        put_text(w, text, w->max_text, false);
}

void json_writer_text_lower(struct json_writer *w, const char *key, struct text text)
{
    if (begin(w, key))
        put_text(w, text, w->max_text, true);
}

void json_writer_number(struct json_writer *w, const char *key, int64_t number)
{
    char digits[TEXT_NUMBER_SIZE];
    if (!begin(w, key))
        return;
    if (number < 0)
        put(w, '-');
    put_all(w, text_from_number(digits, number < 0 ? 0 - (uint64_t)number : (uint64_t)number));
}

void json_writer_bool(struct json_writer *w, const char *key, bool is_true)
{
    if (begin(w, key))
        put_all(w, text_from(is_true ? "true" : "false"));
}

/* Between two members of an object? */
static bool is_between(const struct json_writer *w)
{
    return w->is_failed || (w->depth > 0 && w->closing[w->depth - 1] == '}' && !is_empty(w));
}

size_t json_writer_mark(const struct json_writer *w)
{
    assert(is_between(w));
    return w->size;
}

struct text json_writer_since(const struct json_writer *w, size_t mark)
{
    assert(is_between(w));
    if (w->is_failed)
        return (struct text){NULL, 0};
    return (struct text){w->bytes + mark, w->size - mark};
}

void json_writer_again(struct json_writer *w, struct text members)
{
    assert(is_between(w));
    while (w->room - w->size < members.len + STEP)
        if (!grow(w))
            return;
    put_all(w, members);
}

int json_writer_finish(char **out, size_t *size, struct json_writer *w)
{
    assert(w->depth == 0 && (w->size > 0 || w->is_failed));
    if (w->is_failed) {
        json_writer_clear(w);
        return -ENOMEM;
    }
    w->bytes[w->size] = '\0';
    *out = w->bytes;
    *size = w->size;
    w->bytes = NULL;
    return 0;
}
