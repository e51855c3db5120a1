#include "transport/outputs/output_http.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

void output_body_add(struct output_body *body, const char *bytes, size_t size)
{
    if (body->failed)
        return;
    if (size > body->room - body->size) {
        size_t room = body->room < 4096 ? 4096 : body->room;
        while (room - body->size < size && room <= SIZE_MAX / 2)
            room *= 2;
        char *grown = room - body->size < size ? NULL : realloc(body->bytes, room);
        if (grown == NULL) {
            body->failed = true;
            return;
        }
        body->bytes = grown;
        body->room = room;
    }
    memcpy(body->bytes + body->size, bytes, size);
    body->size += size;
}

void output_body_add_text(struct output_body *body, const char *text)
{
    output_body_add(body, text, strlen(text));
}

/* Jansson's way to write. */
static int add_piece(const char *bytes, size_t size, void *body)
{
    output_body_add(body, bytes, size);
    return ((struct output_body *)body)->failed ? -1 : 0;
}

void output_body_add_json(struct output_body *body, json_t *value)
{
    if (value == NULL || json_dump_callback(value, add_piece, body, JSON_COMPACT | JSON_ENCODE_ANY) < 0)
        body->failed = true;
    json_decref(value);
}

void output_body_free(struct output_body *body)
{
    free(body->bytes);
    *body = (struct output_body){.bytes = NULL};
}

int output_body_compress(struct output_body *body)
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
        *body = (struct output_body){.bytes = (char *)to, .size = stream.total_out, .room = bound};
        to = NULL;
    }
    free(to);
    (void)deflateEnd(&stream); /* Z_DATA_ERROR only for a stream that was not finished */
    return rc;
}

int output_http_open(struct output_http *http, const struct output_settings *settings, const char *url,
                     const char *extra_header, struct fault *fault)
{
    struct https_settings https = settings->https;
    const char **headers = calloc(https.header_count + 1, sizeof(*headers));
    if (headers == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < https.header_count; i++)
        headers[i] = https.headers[i];
    if (extra_header != NULL)
        headers[https.header_count++] = extra_header;
    https.headers = headers;
    https.url = url;
    http->gzip = settings->gzip;
    int rc = https_open(&http->https, &https, fault);
    free(headers);
    return rc;
}

void output_http_close(struct output_http *http)
{
    https_close(http->https);
}

void output_http_cancel(struct output_http *http)
{
    https_cancel(http->https);
}

int output_http_key(char key[SHA256_HEX_SIZE], const struct output_alert *alerts, size_t count)
{
    struct sha256 sha256 = {0};
    if (count == 1 && !alerts[0].is_shortened) {
        (void)text_copy(key, SHA256_HEX_SIZE, text_from(alerts[0].id)); /* same size */
        return 0;
    }
    int rc = sha256_init(&sha256);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = sha256_add_field(&sha256, alerts[i].id, strlen(alerts[i].id));
    if (rc == 0 && alerts[0].is_shortened)
        rc = sha256_add_field(&sha256, "shortened", strlen("shortened"));
    if (rc == 0)
        rc = sha256_hex(key, &sha256);
    sha256_clear(&sha256);
    return rc;
}

/* nginx answers 400 where its client's certificate is missing or bad, and says so in the page
 * (src/http/ngx_http_special_response.c): that is for an operator to mend, and no alert is at fault. */
static bool is_about_certificate(const struct https_reply *reply)
{
    return reply->status == 400 && strstr(reply->body, "SSL certificate") != NULL;
}

/* Does the collector speak of what was sent, so that the same will never be taken? Else it is about who sends (401,
 * 403, 407), where to (404, 405, 410, 421), or about time (408, 425, 429), and is tried again. 501: as good as a 4xx.
 */
static bool is_about_alerts(long status)
{
    static const long others[] = {401, 403, 404, 405, 407, 408, 410, 421, 425, 429};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (status == others[i])
            return false;
    return (status >= 400 && status <= 499) || status == 501;
}

static enum output_outcome outcome_of(const struct https_reply *reply, size_t count)
{
    long status = reply->status;
    if (status >= 200 && status <= 299)
        return OUTPUT_DELIVERED;
    if (is_about_certificate(reply))
        return OUTPUT_RETRY;
    if (is_about_alerts(status))
        return count > 1 ? OUTPUT_SPLIT : OUTPUT_REFUSED;
    return OUTPUT_RETRY;
}

/* What the operator can do about status; NULL: nothing more to say. */
static const char *advice(long status)
{
    switch (status) {
    case 401:
        return "the collector does not know us: are the headers or credentials of this output right?";
    case 403:
        return "the collector does not allow it: may this account or certificate write there?";
    case 404:
        return "there is nothing at this URL, or what this output names (table, index, rule) is not there";
    case 405:
        return "this URL takes no POST: is its path right?";
    case 406:
    case 415:
        return "the collector, or a gateway before it, does not take what is sent in this form";
    case 429:
        return "the collector asks for patience";
    default:
        break;
    }
    if (status >= 300 && status <= 399)
        return "the collector points elsewhere, which is not followed: set the right URL";
    return status >= 500 ? "the collector has trouble" : NULL;
}

void output_answer_set(char answer[OUTPUT_MAX_ANSWER + 1], const char *text, size_t size)
{
    size = text_copy(answer, OUTPUT_MAX_ANSWER + 1, (struct text){text, size});
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)answer[i] < ' ' || answer[i] == 0x7F)
            answer[i] = ' ';
}

/* Fills the rest of result from an answer. */
static void judge(const struct https_reply *reply, size_t count, struct output_result *result)
{
    result->status = reply->status;
    result->outcome = outcome_of(reply, count);
    result->retry_after_ms = result->outcome == OUTPUT_RETRY ? reply->retry_after_ms : 0;
    output_answer_set(result->answer, reply->body, reply->size);
    if (result->outcome != OUTPUT_DELIVERED) {
        char detail[160];
        const char *more = is_about_certificate(reply) ? "the collector wants another client certificate, or one at all"
                                                       : advice(reply->status);
        snprintf(detail, sizeof(detail), "HTTP %ld%s%s", reply->status, more == NULL ? "" : ": ",
                 more == NULL ? "" : more);
        fault_set(&result->fault, "POST", reply->status, text_from(NULL), detail);
    }
}

int output_http_send(struct output_http *http, struct output_body *body, const struct https_request *request,
                     size_t count, struct output_result *result)
{
    struct https_request full = *request;
    int rc = body->failed ? -ENOMEM : 0;
    if (rc == 0 && http->gzip && full.content_encoding == NULL) {
        rc = output_body_compress(body);
        full.content_encoding = "gzip";
    }
    if (rc < 0) {
        fault_set(&result->fault, "output_http_send", rc, text_from(NULL), "the request could not be made");
        return rc; /* the outcome stays RETRY */
    }
    full.body = body->bytes;
    full.size = body->size;
    rc = https_post(http->https, &full, &http->reply, &result->fault);
    if (rc == 0)
        judge(&http->reply, count, result);
    return rc;
}

int output_http_send_alerts(struct output_http *http, struct output_body *body, const struct https_request *request,
                            const struct output_alert *alerts, size_t count, struct output_result *result)
{
    struct https_request full = *request;
    char key[SHA256_HEX_SIZE];
    int rc = output_http_key(key, alerts, count);
    if (rc < 0) {
        fault_set(&result->fault, "output_http_key", rc, text_from(NULL), "the request could not be made");
        return rc;
    }
    full.idempotency_key = key;
    return output_http_send(http, body, &full, count, result);
}

void output_http_unconfirmed(struct output_result *result, const char *why)
{
    result->outcome = OUTPUT_RETRY;
    fault_set(&result->fault, "POST", result->status, text_from(NULL), why);
}

char *output_http_join(const char *first, const char *second)
{
    size_t size = strlen(first) + strlen(second) + 1;
    char *joined = malloc(size);
    if (joined != NULL)
        snprintf(joined, size, "%s%s", first, second);
    return joined;
}

void output_http_wipe(char *secret)
{
    if (secret != NULL)
        OPENSSL_cleanse(secret, strlen(secret));
    free(secret);
}

int output_http_basic(char **out, const char *user, const char *password)
{
    static const char begin[] = "Authorization: Basic ";
    char *colon = output_http_join(user, ":");
    char *plain = colon == NULL ? NULL : output_http_join(colon, password);
    size_t size = plain == NULL ? 0 : strlen(plain);
    /* EVP_EncodeBlock() writes 4 bytes for each 3 begun, and a NUL. */
    char *header = plain == NULL || size > INT_MAX / 2 ? NULL : malloc(sizeof(begin) + (size + 2) / 3 * 4);
    int rc = header == NULL ? -ENOMEM : 0;
    if (rc == 0) {
        memcpy(header, begin, sizeof(begin) - 1);
        (void)EVP_EncodeBlock((unsigned char *)header + sizeof(begin) - 1, (const unsigned char *)plain, (int)size);
        *out = header;
    }
    output_http_wipe(plain);
    free(colon);
    return rc;
}

json_t *output_http_reply(const struct output_http *http)
{
    if (http->reply.size == HTTPS_MAX_REPLY)
        return NULL; /* it may have been cut */
    json_t *reply = json_loadb(http->reply.body, http->reply.size, JSON_ALLOW_NUL, NULL);
    if (reply != NULL && !json_is_object(reply)) {
        json_decref(reply);
        reply = NULL;
    }
    return reply;
}

void output_http_refuse(struct output_result *result, size_t count, const char *why)
{
    result->outcome = count > 1 ? OUTPUT_SPLIT : OUTPUT_REFUSED;
    fault_set(&result->fault, "POST", result->status, text_from(NULL), why);
}
