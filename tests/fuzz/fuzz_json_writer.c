/*
 * Texts from outside in a document: Jansson reads back the tree that the writer was given.
 * The first byte says how long a text may be; each next one begins a value: bits 0-2 which, the rest of it how long its
 * text is.
 */
#include "transport/document/json_writer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void must(bool is_true)
{
    if (!is_true)
        abort();
}

/* The text as it must be read back. */
static json_t *json_of(struct text text, size_t most)
{
    char *clean = malloc(3 * text.len + 1);
    size_t size = 0;
    must(clean != NULL);
    for (size_t at = 0; at < text.len && most > 0; most--)
        size += text_encode(clean + size, text_decode(text, &at));
    json_t *value = json_stringn(clean, size);
    must(value != NULL);
    free(clean);
    return value;
}

/* Writes one value of the array to w and tree. */
static void put(struct json_writer *w, json_t *tree, unsigned which, struct text text, size_t most)
{
    json_t *object = json_object();
    if (which < 4) {
        json_writer_text(w, NULL, text);
        must(json_array_append_new(tree, json_of(text, most)) == 0);
    } else if (which == 4) {
        int64_t number = 0;
        memcpy(&number, text.bytes, text.len < sizeof(number) ? text.len : sizeof(number));
        json_writer_number(w, NULL, number);
        must(json_array_append_new(tree, json_integer(number)) == 0);
    } else {
        json_writer_object(w, NULL);
        if (which == 5) {
            json_writer_text(w, "text", text);
            must(json_object_set_new(object, "text", json_of(text, most)) == 0);
        }
        if (which == 7)
            json_writer_object_end_filled(w);
        else
            json_writer_object_end(w);
        must(which == 7 || json_array_append(tree, object) == 0);
    }
    json_decref(object);
}

/* Nothing stands in it that a terminal obeys (json_writer.c): DEL, and what C0 and C1 have. */
static bool is_calm(struct text json)
{
    for (size_t at = 0; at < json.len;) {
        uint32_t c = text_decode(json, &at);
        if (c < 0x20 || (c >= 0x7F && c <= 0x9F))
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_size)
{
    if (input_size < 1)
        return 0;
    struct json_writer w;
    json_t *tree = json_array();
    char *out = NULL;
    size_t most = input[0], size = 0;
    json_writer_init(&w, most);
    json_writer_array(&w, NULL);
    for (size_t at = 1; at < input_size;) {
        unsigned which = input[at] & 7u;
        size_t len = 5u * (input[at] >> 3);
        at++;
        len = len > input_size - at ? input_size - at : len;
        char *text = malloc(len == 0 ? 1 : len); /* of exactly that size, so that a read beyond it shows */
        must(text != NULL);
        memcpy(text, input + at, len);
        put(&w, tree, which, (struct text){text, len}, most);
        free(text);
        at += len;
    }
    json_writer_array_end(&w);
    must(json_writer_finish(&out, &size, &w) == 0);
    json_t *back = json_loadb(out, size, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    must(back != NULL && json_equal(back, tree) && is_calm((struct text){out, size}));
    json_decref(back);
    json_decref(tree);
    free(out);
    return 0;
}
