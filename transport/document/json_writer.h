/*
 * json_writer: a JSON document written value by value into one growing buffer, for documents that are made for each
 * alert. No memory is taken for a value. (Documents made seldom, and all reading, are Jansson's.)
 *
 * What comes out is byte for byte what Jansson's json_dumps() makes of the same values with JSON_COMPACT: without
 * spaces; quote, backslash and control characters escaped (\uXXXX with upper-case digits where JSON has no letter), all
 * else raw.
 *
 * Values of an object have a key; the document itself and values of an array have none: NULL. Keys are the program's
 * own: no outside text, ASCII without quote, backslash and control characters, none twice in an object. This is not
 * looked at; but calls in an order that gives no JSON trip an assert.
 *
 * A failure is reported once, by json_writer_finish().
 */
#ifndef TRANSPORT_DOCUMENT_JSON_WRITER_H
#define TRANSPORT_DOCUMENT_JSON_WRITER_H

#include "detect/base/text.h"

/* Most objects and arrays that are open in one another: an alert has 4. More trip an assert. */
#define JSON_WRITER_MAX_DEPTH 8u

/* Most bytes of a key. A longer one trips an assert. */
#define JSON_WRITER_MAX_KEY 64u

/*
 * Most bytes of a document and its NUL; a longer one fails with -ENOMEM. An alert with 50 texts of ENCODE_MAX_TEXT
 * characters, each 6 bytes long when escaped, has 10 MB.
 */
#define JSON_WRITER_MAX_SIZE (64u * 1024u * 1024u)

/* Its members are the writer's own. */
struct json_writer {
    char *bytes;
    size_t size, room;
    size_t max_text;
    bool is_failed; /* once true, bytes hold no document */
    bool has_key;   /* json_writer_key() wrote the key of what comes next */
    unsigned depth;
    char closing[JSON_WRITER_MAX_DEPTH];  /* of each open object and array: the bracket that ends it */
    size_t starts[JSON_WRITER_MAX_DEPTH]; /* and where it began, with its comma and key */
};

/* Begins. max_text: most characters (code points) of a text; the rest of it is cut off. */
void json_writer_init(struct json_writer *writer, size_t max_text);

/* Frees what was written and not handed over by json_writer_finish(). */
void json_writer_clear(struct json_writer *writer);

void json_writer_object(struct json_writer *writer, const char *key);
void json_writer_object_end(struct json_writer *writer);

/* The same; but an object that has stayed empty is taken back with its key. The document itself can't be. */
void json_writer_object_end_filled(struct json_writer *writer);

void json_writer_array(struct json_writer *writer, const char *key);
void json_writer_array_end(struct json_writer *writer);

/* Each lone surrogate (WTF-8) and each byte that is not UTF-8 becomes U+FFFD; a NUL stays. An absent text is "". */
void json_writer_text(struct json_writer *writer, const char *key, struct text text);

/* The same, with A-Z as a-z. */
void json_writer_text_lower(struct json_writer *writer, const char *key, struct text text);

void json_writer_number(struct json_writer *writer, const char *key, int64_t number);
void json_writer_bool(struct json_writer *writer, const char *key, bool is_true);

/*
 * The key of the member that the next call writes, which is given no key (NULL): one that is not known beforehand, and
 * may hold anything. At most JSON_WRITER_MAX_KEY characters of it.
 */
void json_writer_key(struct json_writer *writer, struct text key);

/*
 * Members that are the same in many documents need be written only once. A mark is a place between two members of an
 * object, of which at least one stands before it; since: the bytes of the members written after the mark, the writer's
 * own until the next call, absent if it has failed; again: writes such bytes, at such a place, of any document.
 */
size_t json_writer_mark(const struct json_writer *writer);
struct text json_writer_since(const struct json_writer *writer, size_t mark);
void json_writer_again(struct json_writer *writer, struct text members);

/*
 * Ends the document, which must be whole. Returns 0 and *out, valid UTF-8 with a NUL, which the caller frees, and
 * *size, its bytes without the NUL; or -ENOMEM. The writer has nothing to clear then.
 */
int json_writer_finish(char **out, size_t *size, struct json_writer *writer);

#endif
