/* output_webhook: the documents as they are, as a JSON array or NDJSON, POSTed to a URL; 2xx means taken. */
#include "transport/output_type.h"

#include "transport/sha256.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct webhook {
    struct https *https;
    enum output_format format;
    bool gzip;
    struct https_reply reply; /* of the last request: too large for a stack */
};

struct buffer {
    char *bytes;
    size_t size;
};

static int webhook_open(void **state, const struct output_settings *settings, struct fault *fault)
{
    struct webhook *webhook = calloc(1, sizeof(*webhook));
    if (webhook == NULL)
        return -ENOMEM;
    webhook->format = settings->format;
    webhook->gzip = settings->gzip;
    int rc = https_open(&webhook->https, &settings->https, fault);
    if (rc < 0) {
        free(webhook);
        return rc;
    }
    *state = webhook;
    return 0;
}

static void webhook_close(void *state)
{
    struct webhook *webhook = state;
    https_close(webhook->https);
    free(webhook);
}

static void webhook_cancel(void *state)
{
    struct webhook *webhook = state;
    https_cancel(webhook->https);
}

/* [a,b] or a line each. The documents themselves hold no line break (encode_ecs.h). */
static int build_body(struct buffer *body, enum output_format format, const struct store_item *items, size_t count)
{
    size_t size = 2; /* the brackets */
    for (size_t i = 0; i < count; i++)
        size += items[i].size + 1;
    char *to = malloc(size);
    if (to == NULL)
        return -ENOMEM;
    body->bytes = to;
    if (format == OUTPUT_JSON_ARRAY)
        *to++ = '[';
    for (size_t i = 0; i < count; i++) {
        memcpy(to, items[i].document, items[i].size);
        to += items[i].size;
        if (format == OUTPUT_NDJSON)
            *to++ = '\n';
        else
            *to++ = i + 1 < count ? ',' : ']';
    }
    body->size = (size_t)(to - body->bytes);
    return 0;
}

/* Replaces body by its gzip form (RFC 1952). */
static int compress_body(struct buffer *body)
{
    z_stream stream;
    memset(&stream, 0, sizeof(stream));
    if (body->size > UINT_MAX)
        return -EFBIG;
    /* 15: the largest window; 16 more: gzip's frame instead of zlib's (zlib.h, deflateInit2). */
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return -ENOMEM;
    uLong bound = deflateBound(&stream, (uLong)body->size);
    unsigned char *to = bound > UINT_MAX ? NULL : malloc(bound);
    int rc = to == NULL ? -ENOMEM : 0;
    if (rc == 0) {
        stream.next_in = (unsigned char *)body->bytes;
        stream.avail_in = (uInt)body->size;
        stream.next_out = to;
        stream.avail_out = (uInt)bound;
        rc = deflate(&stream, Z_FINISH) == Z_STREAM_END ? 0 : -EIO;
    }
    if (rc == 0) {
        free(body->bytes);
        *body = (struct buffer){(char *)to, stream.total_out};
        to = NULL;
    }
    free(to);
    (void)deflateEnd(&stream); /* Z_DATA_ERROR only for a stream that was not finished */
    return rc;
}

/* The alert's id, or for several the digest of theirs: the same batch always has the same key. */
static int batch_key(char key[SHA256_HEX_SIZE], const struct store_item *items, size_t count)
{
    struct sha256 sha256;
    if (count == 1) {
        (void)text_copy(key, SHA256_HEX_SIZE, text_from(items[0].id)); /* same size */
        return 0;
    }
    int rc = sha256_init(&sha256);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = sha256_add_field(&sha256, items[i].id, strlen(items[i].id));
    if (rc == 0)
        rc = sha256_hex(key, &sha256);
    sha256_clear(&sha256);
    return rc;
}

static enum output_outcome outcome_of(long status, size_t count)
{
    if (status >= 200 && status <= 299)
        return OUTPUT_DELIVERED;
    if (status == 400 || status == 413 || status == 422)
        return count > 1 ? OUTPUT_SPLIT : OUTPUT_REFUSED;
    return OUTPUT_RETRY;
}

/* What the operator can do about status; NULL: nothing more to say. */
static const char *advice(long status)
{
    switch (status) {
    case 401:
        return "the collector does not know us: are the headers of this output right?";
    case 403:
        return "the collector does not allow it: may this account or certificate write there?";
    case 404:
        return "there is nothing at this URL";
    case 429:
        return "the collector asks for patience";
    default:
        break;
    }
    if (status >= 300 && status <= 399)
        return "the collector points elsewhere, which is not followed: set the right URL";
    return status >= 500 ? "the collector has trouble" : NULL;
}

/* Fills the rest of result from an answer. */
static void judge(const struct https_reply *reply, size_t count, struct output_result *result)
{
    result->status = reply->status;
    result->outcome = outcome_of(reply->status, count);
    result->retry_after_ms = result->outcome == OUTPUT_RETRY ? reply->retry_after_ms : 0;
    size_t size = text_copy(result->answer, sizeof(result->answer), (struct text){reply->body, reply->size});
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)result->answer[i] < ' ' || result->answer[i] == 0x7F)
            result->answer[i] = ' ';
    if (result->outcome != OUTPUT_DELIVERED) {
        char detail[160];
        const char *more = advice(reply->status);
        snprintf(detail, sizeof(detail), "HTTP %ld%s%s", reply->status, more == NULL ? "" : ": ",
                 more == NULL ? "" : more);
        fault_set(&result->fault, "POST", reply->status, text_from(NULL), detail);
    }
}

static void webhook_send(void *state, const struct store_item *items, size_t count, struct output_result *result)
{
    struct webhook *webhook = state;
    struct buffer body = {NULL, 0};
    char key[SHA256_HEX_SIZE];
    int rc = batch_key(key, items, count);
    if (rc == 0)
        rc = build_body(&body, webhook->format, items, count);
    if (rc == 0 && webhook->gzip)
        rc = compress_body(&body);
    if (rc < 0) {
        fault_set(&result->fault, "output_webhook", rc, text_from(NULL), "the request could not be made");
        goto out; /* the outcome stays RETRY */
    }

    struct https_request request = {
        .body = body.bytes,
        .size = body.size,
        .content_type = webhook->format == OUTPUT_NDJSON ? "application/x-ndjson" : "application/json",
        .content_encoding = webhook->gzip ? "gzip" : NULL,
        .idempotency_key = key,
    };
    rc = https_post(webhook->https, &request, &webhook->reply, &result->fault);
    if (rc == 0)
        judge(&webhook->reply, count, result);
out:
    free(body.bytes);
}

const struct output_type output_webhook = {
    .name = "webhook",
    .open = webhook_open,
    .close = webhook_close,
    .send = webhook_send,
    .cancel = webhook_cancel,
};
