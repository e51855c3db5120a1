#define PCRE2_CODE_UNIT_WIDTH 8
#include "tests/detect/sigma/slow_value.h"

#include "detect/base/unicode.h"

#include <assert.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

#define MANY 0x80000001u
#define ONE 0x80000002u
#define VARIANTS 700

/* A text in code points; or bytes, after an encoding. */
struct points {
    uint32_t *at;
    size_t count;
};

/* All that a value has become. */
struct many {
    struct points items[VARIANTS];
    size_t count;
};

static bool has(const char *modifiers, const char *word)
{
    char wanted[24];
    (void)snprintf(wanted, sizeof wanted, "|%s|", word);
    return strstr(modifiers, wanted) != NULL;
}

/* All that the value under test takes; free_all() gives it back. */
static void *owned[100000];
static size_t owned_count;

static struct points room(size_t count)
{
    struct points points = {calloc(count + 1, sizeof *points.at), 0};
    assert(points.at != NULL && owned_count < sizeof owned / sizeof owned[0]);
    owned[owned_count++] = points.at;
    return points;
}

static void free_all(void)
{
    while (owned_count > 0)
        free(owned[--owned_count]);
}

static struct points points_of(struct text text, bool is_folded)
{
    struct points points = room(text.len);
    for (size_t at = 0; at < text.len;) {
        uint32_t c = text_decode(text, &at);
        points.at[points.count++] = is_folded ? unicode_fold(c) : c;
    }
    return points;
}

/* Wildcards and backslashes, by the five sentences of the specification. */
static struct points parsed(struct text text)
{
    struct points raw = points_of(text, false), points = room(raw.count);
    for (size_t i = 0; i < raw.count;) {
        uint32_t c = raw.at[i];
        if (c == '\\') {
            size_t run = 0;
            while (i + run < raw.count && raw.at[i + run] == '\\')
                run++;
            bool before_wildcard = i + run < raw.count && (raw.at[i + run] == '*' || raw.at[i + run] == '?');
            /* two are one; a single one that is left is plain, or makes the wildcard after it plain */
            for (size_t k = 0; k < run / 2; k++)
                points.at[points.count++] = '\\';
            i += run;
            if (run % 2 == 1)
                points.at[points.count++] = before_wildcard ? raw.at[i++] : '\\';
            continue;
        }
        points.at[points.count++] = c == '*' ? MANY : c == '?' ? ONE : c;
        i++;
    }
    return points;
}

static bool is_dash(uint32_t c)
{
    return c == '-' || c == '/' || c == 0x2013 || c == 0x2014 || c == 0x2015;
}

static bool is_word(uint32_t c)
{
    return c < 0x110000 && (c == '_' || unicode_is_word(c));
}

/* All spellings of the dashes from i on. */
static void dashes(struct many *to, struct points text, size_t i)
{
    static const uint32_t all[] = {'-', '/', 0x2013, 0x2014, 0x2015};
    while (i < text.count && !(is_dash(text.at[i]) && i + 1 < text.count && is_word(text.at[i + 1]) &&
                               !(i > 0 && is_word(text.at[i - 1]))))
        i++;
    if (i >= text.count) {
        assert(to->count < VARIANTS);
        to->items[to->count++] = text;
        return;
    }
    for (size_t k = 0; k < 5; k++) {
        struct points other = room(text.count);
        memcpy(other.at, text.at, text.count * sizeof *text.at);
        other.count = text.count;
        other.at[i] = all[k];
        dashes(to, other, i + 1);
    }
}

/* As UTF-16, or as UTF-8 with kind 0: bytes. */
static struct points bytes_of(struct points text, char kind)
{
    struct points bytes = room(4 * text.count + 2);
    if (kind == 'M') {
        bytes.at[bytes.count++] = 0xFF;
        bytes.at[bytes.count++] = 0xFE;
    }
    for (size_t i = 0; i < text.count; i++) {
        char utf8[4];
        uint32_t c = text.at[i];
        assert(c < 0x110000);
        if (kind == 0) {
            size_t size = text_encode(utf8, c);
            for (size_t k = 0; k < size; k++)
                bytes.at[bytes.count++] = (unsigned char)utf8[k];
            continue;
        }
        uint32_t units[2] = {c, 0};
        size_t count = 1;
        if (c >= 0x10000) {
            units[0] = 0xD7C0 + (c >> 10);
            units[1] = 0xDC00 + (c & 0x3FF);
            count = 2;
        }
        for (size_t k = 0; k < count; k++) {
            bytes.at[bytes.count++] = kind == 'B' ? units[k] >> 8 : units[k] & 255;
            bytes.at[bytes.count++] = kind == 'B' ? units[k] & 255 : units[k] >> 8;
        }
    }
    return bytes;
}

/* The base64 digits that stand for nothing but these bytes when shift bytes come before them; with pad: the whole text.
 */
static struct points base64(struct points bytes, size_t shift, bool pad)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct points coded = room(2 * bytes.count + 4);
    size_t bits = 8 * (bytes.count + shift);
    for (size_t k = 0; 6 * k < bits; k++) {
        unsigned digit = 0;
        for (size_t bit = 6 * k; bit < 6 * k + 6; bit++) {
            size_t byte = bit / 8;
            unsigned value = byte >= shift && byte - shift < bytes.count ? bytes.at[byte - shift] : 0;
            digit = digit << 1 | (value >> (7 - bit % 8) & 1);
        }
        if (pad || (6 * k >= 8 * shift && 6 * k + 6 <= bits))
            coded.at[coded.count++] = (unsigned char)digits[digit];
    }
    while (pad && coded.count % 4 != 0)
        coded.at[coded.count++] = '=';
    return coded;
}

/* Steps through the modifiers in their order. */
static void transform(struct many *texts, const char *modifiers)
{
    char word[24];
    bool is_bytes = false;
    for (const char *at = modifiers + 1; *at != '\0'; at += strlen(word) + 1) {
        (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(at, "|"), at);
        bool is_offset = strcmp(word, "base64offset") == 0, is_base64 = is_offset || strcmp(word, "base64") == 0;
        bool is_coded = strncmp(word, "utf16", 5) == 0 || strcmp(word, "wide") == 0;
        struct many to = {.count = 0};
        for (size_t i = 0; i < texts->count; i++) {
            struct points text = texts->items[i];
            if (strcmp(word, "windash") == 0) {
                dashes(&to, text, 0);
                continue;
            }
            if (is_coded)
                text = bytes_of(text, strcmp(word, "utf16be") == 0 ? 'B' : strcmp(word, "utf16") == 0 ? 'M' : 'L');
            if (is_base64 && !is_bytes)
                text = bytes_of(text, 0);
            for (size_t shift = 0; shift < (is_offset ? 3 : 1); shift++) {
                assert(to.count < VARIANTS);
                to.items[to.count++] = is_base64 ? base64(text, shift, !is_offset) : text;
            }
        }
        bool before = strcmp(word, "contains") == 0 || strcmp(word, "endswith") == 0;
        bool after = strcmp(word, "contains") == 0 || strcmp(word, "startswith") == 0;
        for (size_t i = 0; i < to.count && (before || after); i++) {
            struct points wider = room(to.items[i].count + 2);
            if (before)
                wider.at[wider.count++] = MANY;
            memcpy(wider.at + wider.count, to.items[i].at, to.items[i].count * sizeof *wider.at);
            wider.count += to.items[i].count;
            if (after)
                wider.at[wider.count++] = MANY;
            to.items[i] = wider;
        }
        is_bytes = is_coded || (is_bytes && !is_base64);
        *texts = to;
    }
}

/* Can the pattern be laid over the whole text? reached[i]: the first i characters of the text are used up. */
static bool covers(struct points pattern, struct points text, bool is_folded)
{
    char *reached = calloc(text.count + 1, 1);
    assert(reached != NULL);
    reached[0] = 1;
    for (size_t p = 0; p < pattern.count; p++) {
        uint32_t wanted = pattern.at[p] < 0x110000 && is_folded ? unicode_fold(pattern.at[p]) : pattern.at[p];
        if (wanted == MANY) {
            for (size_t i = 1; i <= text.count; i++)
                reached[i] = (char)(reached[i] | reached[i - 1]);
            continue;
        }
        for (size_t i = text.count; i > 0; i--)
            reached[i] = (char)(reached[i - 1] && (wanted == ONE || text.at[i - 1] == wanted));
        reached[0] = 0;
    }
    bool does = reached[text.count];
    free(reached);
    return does;
}

static bool test_regex(struct text field, struct text pattern, const char *modifiers)
{
    int error;
    PCRE2_SIZE offset;
    char wrapped[4096];
    bool is_inside = has(modifiers, "contains");
    int length =
        snprintf(wrapped, sizeof wrapped, "%s(?:%.*s)%s", !is_inside && has(modifiers, "startswith") ? "\\A" : "",
                 (int)pattern.len, pattern.bytes, !is_inside && has(modifiers, "endswith") ? "\\z" : "");
    assert(length > 0 && (size_t)length < sizeof wrapped);
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF;
    options |= has(modifiers, "i") ? PCRE2_CASELESS : 0;
    options |= has(modifiers, "m") ? PCRE2_MULTILINE : 0;
    options |= has(modifiers, "s") ? PCRE2_DOTALL : 0;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)wrapped, (size_t)length, options, &error, &offset, NULL);
    assert(code != NULL);
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
    int rc = pcre2_match(code, (PCRE2_SPTR)field.bytes, field.len, 0, 0, data, NULL);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return rc > 0;
}

/* Decimal, or after 0x. */
static bool number_of(double *number, struct text text)
{
    char copy[64], *end;
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    (void)text_copy(copy, sizeof copy, text);
    if (copy[0] == ' ' || strspn(copy, "+-.0123456789xXabcdefABCDEF") != strlen(copy) ||
        strpbrk(copy, "0123456789") == NULL)
        return false;
    *number = strtod(copy, &end);
    return *end == '\0';
}

static bool test_number(struct text field, struct text value, const char *modifiers)
{
    double is, wanted;
    if (!number_of(&is, field) || !number_of(&wanted, value))
        return false;
    return has(modifiers, "lt")    ? is < wanted
           : has(modifiers, "lte") ? is <= wanted
           : has(modifiers, "gt")  ? is > wanted
                                   : is >= wanted;
}

bool slow_value_test(struct text field, struct text value, bool is_plain, bool is_keyword, const char *modifiers)
{
    double number[2];
    if (has(modifiers, "re"))
        return test_regex(field, value, modifiers);
    if (has(modifiers, "lt") || has(modifiers, "lte") || has(modifiers, "gt") || has(modifiers, "gte"))
        return test_number(field, value, modifiers);
    if (is_plain && (strcmp(modifiers, "|") == 0 || strcmp(modifiers, "|neq|") == 0) && number_of(&number[1], value) &&
        number_of(&number[0], field) && number[0] == number[1])
        return true;
    static struct many texts;
    texts.count = 1;
    texts.items[0] = parsed(value);
    transform(&texts, modifiers);
    if (is_keyword)
        transform(&texts, "|contains|");
    bool is_folded = !has(modifiers, "cased"), does = false;
    struct points is = points_of(field, is_folded);
    for (size_t i = 0; i < texts.count && !does; i++)
        does = covers(texts.items[i], is, is_folded);
    free_all();
    return does;
}

bool slow_value_compare(struct text field, struct text other, const char *modifiers)
{
    bool is_folded = !has(modifiers, "cased");
    struct points is = points_of(field, is_folded), pattern = points_of(other, is_folded);
    struct many texts = {.items = {pattern}, .count = 1};
    transform(&texts, has(modifiers, "contains")     ? "|contains|"
                      : has(modifiers, "startswith") ? "|startswith|"
                      : has(modifiers, "endswith")   ? "|endswith|"
                                                     : "|");
    bool does = covers(texts.items[0], is, is_folded);
    free_all();
    return does;
}
