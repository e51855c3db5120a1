#include "transport/document/json_writer.h"

#include "tests/test.h"
#include "tests/transport/document/growths.h"
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define R "\xEF\xBF\xBD" /* U+FFFD */
#define MAX_TEXT 100u

static struct json_writer begun(void)
{
    struct json_writer w;
    json_writer_init(&w, MAX_TEXT);
    return w;
}

/* Ends the document, which must be want. */
static void is_document(struct json_writer *w, const char *want, size_t want_size)
{
    char *out = NULL;
    size_t size = 0;
    CU_ASSERT_EQUAL_FATAL(json_writer_finish(&out, &size, w), 0);
    json_writer_clear(w); /* nothing */
    CU_ASSERT_EQUAL(out[size], '\0');
    if (size != want_size || memcmp(out, want, size) != 0) {
        fprintf(stderr, "%s\nnot %s\n", out, want);
        CU_FAIL("another document");
    }
    free(out);
}

#define is_json(w, want) is_document(w, want, strlen(want))

static void test_values(void)
{
    struct json_writer w = begun();
    json_writer_object(&w, NULL);
    json_writer_text(&w, "text", text_from("plain"));
    json_writer_number(&w, "zero", 0);
    json_writer_number(&w, "most", INT64_MAX);
    json_writer_number(&w, "least", INT64_MIN);
    json_writer_array(&w, "array");
    json_writer_number(&w, NULL, -1);
    json_writer_bool(&w, NULL, true);
    json_writer_object(&w, NULL);
    json_writer_object_end(&w);
    json_writer_text(&w, NULL, text_from("x"));
    json_writer_array(&w, NULL);
    json_writer_array_end(&w);
    json_writer_array_end(&w);
    json_writer_bool(&w, "no", false);
    json_writer_object_end(&w);
    is_json(&w, "{\"text\":\"plain\",\"zero\":0,\"most\":9223372036854775807,\"least\":-9223372036854775808,"
                "\"array\":[-1,true,{},\"x\",[]],\"no\":false}");
}

/* A document need not be an object. */
static void test_lone_values(void)
{
    struct json_writer w = begun();
    json_writer_text(&w, NULL, text_from(NULL));
    is_json(&w, "\"\"");
    w = begun();
    json_writer_bool(&w, NULL, false);
    is_json(&w, "false");
    w = begun();
    json_writer_array(&w, NULL);
    json_writer_array_end(&w);
    is_json(&w, "[]");
}

/* Taken back with comma and key, wherever it stands; what has something in it stays. */
static void test_filled(void)
{
    struct json_writer w = begun();
    json_writer_object(&w, NULL);
    json_writer_object(&w, "first");
    json_writer_object_end_filled(&w);
    json_writer_object(&w, "outer");
    json_writer_object(&w, "inner");
    json_writer_object_end_filled(&w);
    json_writer_object_end_filled(&w);
    json_writer_number(&w, "a", 1);
    json_writer_object(&w, "middle");
    json_writer_object_end_filled(&w);
    json_writer_object(&w, "kept");
    json_writer_text(&w, "b", text_from("{"));
    json_writer_object_end_filled(&w);
    json_writer_object(&w, "last");
    json_writer_object_end_filled(&w);
    json_writer_object(&w, "empty");
    json_writer_object_end(&w);
    json_writer_object_end(&w);
    is_json(&w, "{\"a\":1,\"kept\":{\"b\":\"{\"},\"empty\":{}}");
}

static const struct {
    const char *text;
    size_t len;
    const char *want;
} texts[] = {
    {"", 0, ""},
    {"\"\\/\b\f\n\r\t", 8, "\\\"\\\\/\\b\\f\\n\\r\\t"},
    {"a\0b", 3, "a\\u0000b"},
    {"\x01\x0B\x1F \x7F", 5, "\\u0001\\u000B\\u001F \\u007F"},
    {"\xC2\x80\xC2\x9B\xC2\x9F\xC2\xA0", 8, "\\u0080\\u009B\\u009F\xC2\xA0"}, /* C1: terminals obey them */
    {"\xE2\x80\xAE\xE2\x81\xA6\xE2\x80\xA8\xE2\x80\x90", 12, "\\u202E\\u2066\\u2028\xE2\x80\x90"},
    {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xEF\xBF\xBD", 12, "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80" R},
    {"a\xED\xA0\xBD\xED\xB0\x80z", 8, "a" R R "z"}, /* lone surrogates, WTF-8 */
    {"\xFF\xFE\x80", 3, R R R},                     /* never UTF-8 */
    {"a\xE2\x82", 3, "a" R R},                      /* cut off: a byte each */
    {"\xC0\xAF\xE0\x80\x80", 5, R R R R R},         /* overlong */
    {"\xF4\x90\x80\x80", 4, R R R R},               /* above U+10FFFF */
    {"C:\\Windows\\System32\\a.exe \"quoted\" and longer than that", 55,
     "C:\\\\Windows\\\\System32\\\\a.exe \\\"quoted\\\" and longer than that"},
};

static void test_texts(void)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char want[256];
        struct json_writer w = begun();
        json_writer_text(&w, NULL, (struct text){texts[i].text, texts[i].len});
        snprintf(want, sizeof(want), "\"%s\"", texts[i].want);
        is_json(&w, want);
    }
}

/* The text as it must be read back: valid, and cut after most characters. */
static json_t *json_of(struct text text, size_t most)
{
    char *clean = malloc(3 * text.len + 1);
    size_t size = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(clean);
    for (size_t at = 0; at < text.len && most > 0; most--)
        size += text_encode(clean + size, text_decode(text, &at));
    json_t *value = json_stringn(clean, size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(value);
    free(clean);
    return value;
}

/* json, which is freed, with what terminals obey written as Jansson does not: \\uXXXX. */
static char *escaped(char *json)
{
    char *to = malloc(6 * strlen(json) + 1);
    size_t size = 0;
    for (size_t at = 0; json[at] != '\0';) {
        uint32_t c = text_decode(text_from(json), &at);
        bool is_in = (c >= 0x7F && c <= 0x9F) || c == 0x61C || (c & ~1u) == 0x200E || (c >= 0x2028 && c <= 0x202E) ||
                     (c >= 0x2066 && c <= 0x2069);
        size += is_in ? (size_t)snprintf(to + size, 7, "\\u%04X", (unsigned)c) : text_encode(to + size, c);
    }
    return free(json), to[size] = '\0', to;
}

/* Ends the document, which must be tree, to the byte and read back; releases tree. */
static void is_tree(struct json_writer *w, json_t *tree)
{
    char *want = escaped(json_dumps(tree, JSON_COMPACT | JSON_ENCODE_ANY)), *out = NULL;
    size_t size = 0;
    CU_ASSERT_EQUAL_FATAL(json_writer_finish(&out, &size, w), 0);
    CU_ASSERT_EQUAL_FATAL(size, strlen(want));
    CU_ASSERT_EQUAL(memcmp(out, want, size + 1), 0);
    json_t *back = json_loadb(out, size, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    CU_ASSERT(json_equal(back, tree));
    json_decref(back);
    json_decref(tree);
    free(want);
    free(out);
}

/* Each byte at each place of a text of each length: what is looked at 16 bytes, or 64, at a time ends somewhere. */
static void test_places(void)
{
    char bytes[83];
    for (size_t len = 1; len <= sizeof(bytes); len++)
        for (size_t at = 0; at < len; at++)
            for (unsigned c = 0; c<256; c += len> 34 ? 13 : 1) {
                char *text = malloc(len); /* to the byte, so that a look beyond its end is seen */
                CU_ASSERT_PTR_NOT_NULL_FATAL(text);
                memset(text, 'x', len);
                text[at] = (char)c;
                struct json_writer w = begun();
                json_writer_text(&w, NULL, (struct text){text, len});
                is_tree(&w, json_of((struct text){text, len}, MAX_TEXT));
                free(text);
            }
}

/* Characters are counted, of whatever size, also where one is escaped or invalid. */
static void test_cut(void)
{
    static const char *const pieces[] = {"a", "\"", "\x01", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xFF"};
    for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++)
        for (size_t plain = 0; plain < 2 * MAX_TEXT; plain++) {
            char text[4 * 2 * MAX_TEXT];
            size_t len = plain;
            memset(text, 'x', plain);
            for (size_t i = plain; i < 2 * MAX_TEXT; i++, len += strlen(pieces[p]))
                memcpy(text + len, pieces[p], strlen(pieces[p]));
            struct json_writer w = begun();
            json_writer_text(&w, NULL, (struct text){text, len});
            is_tree(&w, json_of((struct text){text, len}, MAX_TEXT));
        }
}

static void test_lower(void)
{
    struct json_writer w = begun();
    json_writer_array(&w, NULL);
    json_writer_text_lower(&w, NULL, text_from("@AZ[`az{ \x1F \xC3\x84 ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
    json_writer_text(&w, NULL, text_from("ABC"));
    json_writer_text_lower(&w, NULL,
                           text_from("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ"));
    json_writer_array_end(&w);
    is_json(&w, "[\"@az[`az{ \\u001F \xC3\x84 abcdefghijklmnopqrstuvwxyz\",\"ABC\","
                "\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\"]");
}

/* The longest key, and a document as deep as one may be. */
static void test_longest(void)
{
    char key[JSON_WRITER_MAX_KEY + 1], want[1024] = "";
    struct json_writer w = begun();
    memset(key, 'k', JSON_WRITER_MAX_KEY);
    key[JSON_WRITER_MAX_KEY] = '\0';
    json_writer_object(&w, NULL);
    size_t len = (size_t)snprintf(want, sizeof(want), "{");
    for (unsigned i = 1; i < JSON_WRITER_MAX_DEPTH; i++) {
        json_writer_object(&w, key);
        len += (size_t)snprintf(want + len, sizeof(want) - len, "\"%s\":{", key);
    }
    for (unsigned i = 0; i < JSON_WRITER_MAX_DEPTH; i++) {
        json_writer_object_end(&w);
        len += (size_t)snprintf(want + len, sizeof(want) - len, "}");
    }
    is_json(&w, want);
}

static uint32_t seed = 1;

static uint32_t random_below(uint32_t count)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % count;
}

/* A text of what is dangerous and what is not; the caller frees its bytes. */
static struct text random_text(void)
{
    static const char *const pieces[] = {
        "\"",       "\\",           "\xED\xA0\xBD",     "\xFF",
        "\xC0\xAF", "\xE2\x82",     "\xEF\xBF",         "\xF0\x9F\x98",
        "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "plain text of more than sixteen bytes"};
    const size_t room = 600;
    char *bytes = malloc(room);
    size_t len = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    for (uint32_t i = random_below(14); i > 0; i--) {
        const char *piece = pieces[random_below(sizeof(pieces) / sizeof(pieces[0]))];
        if (random_below(3) == 0) {
            bytes[len++] = (char)random_below(256);
            continue;
        }
        memcpy(bytes + len, piece, strlen(piece));
        len += strlen(piece);
    }
    char *exact = realloc(bytes, len + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
    return (struct text){exact, len};
}

/* A value of w with that key, and the same as a tree. */
static json_t *random_value(struct json_writer *w, const char *key, unsigned depth);

static void fill(struct json_writer *w, json_t *tree, unsigned depth)
{
    for (uint32_t i = 0, count = random_below(7); i < count; i++) {
        char key[16];
        snprintf(key, sizeof(key), "key%u", i);
        json_t *value = random_value(w, json_is_object(tree) ? key : NULL, depth);
        if (json_is_array(tree))
            CU_ASSERT_EQUAL_FATAL(json_array_append_new(tree, value), 0);
        if (json_is_object(tree) && value != NULL)
            CU_ASSERT_EQUAL_FATAL(json_object_set_new(tree, key, value), 0);
    }
}

static json_t *random_value(struct json_writer *w, const char *key, unsigned depth)
{
    json_t *value = NULL;
    uint32_t kind = random_below(depth + 1 < JSON_WRITER_MAX_DEPTH ? 7 : 4);
    if (kind < 2) {
        struct text text = random_text();
        json_writer_text(w, key, text);
        value = json_of(text, MAX_TEXT);
        free((char *)text.bytes);
    } else if (kind == 2) {
        int64_t number = (int64_t)((uint64_t)random_below(1u << 24) << random_below(40)) - (1 << 20);
        json_writer_number(w, key, number);
        value = json_integer(number);
    } else if (kind == 3) {
        bool is_true = random_below(2) == 0;
        json_writer_bool(w, key, is_true);
        value = json_boolean(is_true);
    } else if (kind == 4) {
        json_writer_array(w, key);
        fill(w, value = json_array(), depth + 1);
        json_writer_array_end(w);
    } else {
        json_writer_object(w, key);
        fill(w, value = json_object(), depth + 1);
        if (key == NULL || kind == 5) {
            json_writer_object_end(w);
        } else {
            json_writer_object_end_filled(w);
            if (json_object_size(value) == 0) {
                json_decref(value);
                value = NULL;
            }
        }
    }
    return value;
}

static void test_as_jansson(void)
{
    for (int i = 0; i < 20000; i++) {
        struct json_writer w = begun();
        is_tree(&w, random_value(&w, NULL, 0));
    }
}

/* Wherever in a value the buffer is full, it grows. */
static void test_grows(void)
{
    char *plain = malloc(5000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plain);
    memset(plain, 'p', 5000);
    for (size_t len = 3500; len < 4200; len++) {
        struct json_writer w;
        struct text text = {plain, len};
        json_writer_init(&w, SIZE_MAX);
        json_writer_object(&w, NULL);
        json_writer_text(&w, "text", text);
        json_writer_number(&w, "a key of a number, as long as the longest and as wide as 64 byte", INT64_MIN);
        json_writer_array(&w, "InitiatingProcessParentFileName and a very long key, 64 bytes: k");
        json_writer_text(&w, NULL, text_from("\x01\x02\x03\x04"));
        json_writer_bool(&w, NULL, true);
        json_writer_object(&w, NULL);
        json_writer_object_end(&w);
        json_writer_array_end(&w);
        json_writer_object_end(&w);
        is_tree(&w,
                json_pack("{s:o,s:I,s:[s,b,{}]}", "text", json_of(text, SIZE_MAX),
                          "a key of a number, as long as the longest and as wide as 64 byte", (json_int_t)INT64_MIN,
                          "InitiatingProcessParentFileName and a very long key, 64 bytes: k", "\x01\x02\x03\x04", 1));
    }
    free(plain);
}

/* A document of as many texts of 1 MiB; what json_writer_finish() says to it. */
static int finish_of(unsigned count, const char *mebibyte, char **out, size_t *size)
{
    struct json_writer w;
    json_writer_init(&w, SIZE_MAX);
    json_writer_object(&w, NULL);
    json_writer_array(&w, "texts");
    for (unsigned i = 0; i < count; i++)
        json_writer_text(&w, NULL, (struct text){mebibyte, 1u << 20});
    json_writer_array_end(&w);
    json_writer_object(&w, "o");
    json_writer_object_end_filled(&w);
    json_writer_object_end(&w);
    return json_writer_finish(out, size, &w);
}

static void test_too_long(void)
{
    char *mebibyte = malloc(1u << 20), *out = NULL;
    size_t size = 77;
    CU_ASSERT_PTR_NOT_NULL_FATAL(mebibyte);
    memset(mebibyte, 'm', 1u << 20);
    CU_ASSERT_EQUAL(finish_of(64, mebibyte, &out, &size), -ENOMEM);
    CU_ASSERT(out == NULL && size == 77);
    CU_ASSERT_EQUAL(finish_of(63, mebibyte, &out, &size), 0);
    CU_ASSERT(size > 63u << 20 && strlen(out) == size);
    free(out);
    free(mebibyte);
}

/* Whichever growth fails, once: -ENOMEM at the end, the values in between do no harm, nothing leaks, *out stays. */
static void test_out_of_memory(void)
{
    char *mebibyte = calloc(1, 1u << 20), *out = NULL;
    int rc = -ENOMEM;
    long needed = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(mebibyte);
    for (; rc == -ENOMEM && needed < 100; needed++) {
        size_t size = 77;
        growths_left = needed;
        rc = finish_of(2, mebibyte, &out, &size);
        growths_left = -1;
        CU_ASSERT(rc == 0 || (rc == -ENOMEM && out == NULL && size == 77));
    }
    CU_ASSERT_EQUAL(rc, 0);
    CU_ASSERT(needed > 10);
    free(out);
    free(mebibyte);
}

/* Members of one document in another, whatever room each has: a text of size bytes stands among them. */
static void again(size_t size, long growths)
{
    char *bytes = malloc(size), *kept = NULL, *out = NULL;
    struct json_writer w;
    size_t kept_size = 0, out_size = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    memset(bytes, 'x', size);
    for (int round = 0; round < 2; round++) {
        json_writer_init(&w, SIZE_MAX);
        json_writer_object(&w, NULL);
        json_writer_number(&w, "a", round);
        growths_left = growths;
        if (round == 0) {
            size_t mark = json_writer_mark(&w);
            json_writer_text(&w, "b", (struct text){bytes, size});
            json_writer_object(&w, "c");
            json_writer_object_end(&w);
            struct text members = json_writer_since(&w, mark);
            CU_ASSERT_EQUAL(members.bytes == NULL, growths == 0);
            kept_size = members.len;
            kept = malloc(kept_size + 1);
            CU_ASSERT_PTR_NOT_NULL_FATAL(kept);
            if (kept_size > 0)
                memcpy(kept, members.bytes, kept_size);
        } else {
            json_writer_again(&w, (struct text){kept, kept_size});
        }
        growths_left = -1;
        json_writer_bool(&w, "d", true);
        json_writer_object_end(&w);
        int rc = json_writer_finish(&out, &out_size, &w);
        CU_ASSERT_EQUAL(rc, growths == 0 && (round == 0 || kept_size > 0) ? -ENOMEM : 0);
        if (rc < 0)
            continue;
        char head[] = "{\"a\":0,\"b\":\"", tail[] = "\",\"c\":{},\"d\":true}";
        head[5] = (char)('0' + round);
        CU_ASSERT(growths == 0 ||
                  (out_size == strlen(head) + size + strlen(tail) && memcmp(out, head, strlen(head)) == 0 &&
                   memcmp(out + strlen(head), bytes, size) == 0 && strcmp(out + strlen(head) + size, tail) == 0));
        free(out);
    }
    free(kept);
    free(bytes);
}

static void test_again(void)
{
    again(1, -1);
    for (size_t size = 3800; size < 4200; size++) /* around the first room's end */
        again(size, -1);
    again(100000, -1);
    again(100000, 0);
}

static void test_clear(void)
{
    struct json_writer w = begun();
    json_writer_object(&w, NULL);
    json_writer_clear(&w); /* given up halfway; whether all is freed the sanitizer says */
    CU_ASSERT_PTR_NULL(w.bytes);
    json_writer_clear(&w);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"values", test_values},
        {"a value alone", test_lone_values},
        {"what stays empty is taken back", test_filled},
        {"texts", test_texts},
        {"each byte at each place", test_places},
        {"texts are cut", test_cut},
        {"lower case", test_lower},
        {"the longest key, the deepest document", test_longest},
        {"as Jansson", test_as_jansson},
        {"grows", test_grows},
        {"too long", test_too_long},
        {"out of memory", test_out_of_memory},
        {"members again", test_again},
        {"clear", test_clear},
        CU_TEST_INFO_NULL,
    };
    return test_main("json_writer", tests);
}
