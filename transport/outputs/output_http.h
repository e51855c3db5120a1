/*
 * output_http: what the outputs that speak HTTP have in common: bodies, compression, and what an answer's status means.
 */
#ifndef TRANSPORT_OUTPUTS_OUTPUT_HTTP_H
#define TRANSPORT_OUTPUTS_OUTPUT_HTTP_H

#include "transport/document/sha256.h"
#include "transport/outputs/output_type.h"

/* A body that grows. Begin with {0}; once memory was short it stays failed. */
struct output_body {
    char *bytes; /* freed by output_body_free() */
    size_t size, room;
    bool failed;
};

void output_body_add(struct output_body *body, const char *bytes, size_t size);
void output_body_add_text(struct output_body *body, const char *text);
/* On one line, compact; takes over value. NULL, as for want of memory, fails the body. */
void output_body_add_json(struct output_body *body, json_t *value);
void output_body_free(struct output_body *body);

/* Replaces body by its gzip form (RFC 1952). Returns 0, -ENOMEM, -EFBIG or -EIO. */
int output_body_compress(struct output_body *body);

struct output_http {
    struct https *https;
    bool gzip;
    struct https_reply reply; /* of the last request: too large for a stack */
};

/* https.url of the settings replaced by url, and extra_header (or NULL) added to its headers. As output_open(). */
int output_http_open(struct output_http *http, const struct output_settings *settings, const char *url,
                     const char *extra_header, struct fault *fault);
void output_http_close(struct output_http *http);
void output_http_cancel(struct output_http *http);

/*
 * Posts body, compressed if wanted and request names no content_encoding, with the rest of request, and fills result by
 * the status alone: DELIVERED means 2xx, and the kind may find in http->reply that it was not so. Returns 0 when an
 * answer came; otherwise result says what was wrong.
 */
int output_http_send(struct output_http *http, struct output_body *body, const struct https_request *request,
                     size_t count, struct output_result *result);

/* The same for a key of the alerts' own as Idempotency-Key: the alert's id, or for several the digest of theirs. */
int output_http_send_alerts(struct output_http *http, struct output_body *body, const struct https_request *request,
                            const struct output_alert *alerts, size_t count, struct output_result *result);

/* The same batch always has the same key, and another body another one. Returns 0 or -EIO. */
int output_http_key(char key[SHA256_HEX_SIZE], const struct output_alert *alerts, size_t count);

/* For an answer of 2xx that does not confirm: result becomes RETRY with why. */
void output_http_unconfirmed(struct output_result *result, const char *why);

/* The alerts themselves are at fault: result becomes SPLIT, or for a single one REFUSED, with why. */
void output_http_refuse(struct output_result *result, size_t count, const char *why);

/* The last answer's body, which the caller releases; NULL: no JSON object, or one that is too large. */
json_t *output_http_reply(const struct output_http *http);

/* Puts text into answer, what can't be printed as a space. */
void output_answer_set(char answer[OUTPUT_MAX_ANSWER + 1], const char *text, size_t size);

/* "Authorization: Basic ..." (RFC 7617) into *out, which the caller wipes and frees. Returns 0 or -ENOMEM. */
int output_http_basic(char **out, const char *user, const char *password);

/* first and second as one text, which the caller wipes and frees with output_http_wipe(); NULL: no memory. */
char *output_http_join(const char *first, const char *second);
void output_http_wipe(char *secret);

#endif
