/*
 * output_webhook: alerts as a JSON array, NDJSON or a CloudEvents batch, POSTed to a URL; 2xx means taken. With a
 * signing key each request is signed as Standard Webhooks has it
 * (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md).
 */
#include "transport/document/document.h"
#include "transport/https/url.h"
#include "transport/outputs/output_http.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* "between 24 bytes and 64 bytes", in base64 after "whsec_". */
#define MIN_KEY 24u
#define MAX_KEY 64u

/* How a request carries its alerts. */
enum webhook_format { FORMAT_JSON, FORMAT_NDJSON, FORMAT_CLOUDEVENTS };
_Static_assert(sizeof(enum webhook_format) == sizeof(unsigned), "as SETTING_ENUM keeps it");

struct webhook_settings {
    enum webhook_format format;
    char *signing_key; /* secret; NULL: none */
};

static const char *const formats[] = {"json", "ndjson", "cloudevents", NULL}; /* enum webhook_format */

static const struct setting settings_table[] = {
    SETTING_AS_WORD("format", SETTING_ENUM, struct webhook_settings, format, formats, "json"),
    SETTING_AS_SECRET("signing-key", struct webhook_settings, signing_key, "none", 128),
};

struct webhook {
    struct output_http http;
    enum webhook_format format;
    unsigned char key[MAX_KEY + 3]; /* EVP_DecodeBlock() may write what = stands for */
    size_t key_size;                /* 0: no signature */
};

/* The headers of a signature. */
struct signature {
    char id[96], timestamp[48], value[128];
};

static void webhook_close(void *state)
{
    struct webhook *webhook = state;
    output_http_close(&webhook->http);
    OPENSSL_cleanse(webhook->key, sizeof(webhook->key));
    free(webhook);
}

static int read_key(struct webhook *webhook, const char *text)
{
    static const char prefix[] = "whsec_";
    if (strncmp(text, prefix, sizeof(prefix) - 1) != 0)
        return -EINVAL;
    text += sizeof(prefix) - 1;
    size_t size = strlen(text), padding = 0;
    while (padding < 2 && padding < size && text[size - 1 - padding] == '=')
        padding++;
    if (size % 4 != 0 || size / 4 * 3 > sizeof(webhook->key))
        return -EINVAL;
    int decoded = EVP_DecodeBlock(webhook->key, (const unsigned char *)text, (int)size);
    if (decoded < 0 || (size_t)decoded - padding < MIN_KEY || (size_t)decoded - padding > MAX_KEY)
        return -EINVAL;
    webhook->key_size = (size_t)decoded - padding;
    return 0;
}

static int webhook_open(void **state, const struct output_settings *settings, struct fault *fault)
{
    struct webhook *webhook = calloc(1, sizeof(*webhook));
    if (webhook == NULL)
        return -ENOMEM;
    const struct webhook_settings *own = settings->own;
    webhook->format = own->format;
    int rc = own->signing_key == NULL ? 0 : read_key(webhook, own->signing_key);
    if (rc < 0)
        fault_set(fault, "output_open", EINVAL, text_from(settings->name),
                  "signing-key is whsec_ and 24 to 64 bytes in base64: echo whsec_$(openssl rand -base64 32)");
    else
        rc = output_http_open(&webhook->http, settings, settings->https.url, NULL, fault);
    if (rc < 0)
        webhook_close(webhook);
    else
        *state = webhook;
    return rc;
}

static void webhook_cancel(void *state)
{
    output_http_cancel(&((struct webhook *)state)->http);
}

/* "/tripline/hosts/exch01.corp.example.com": source and id together tell one event from all others, and the source is
 * the host where it happened, whichever agent read it. NULL: no memory. */
static json_t *source_of(const struct output_alert *alert)
{
    const char *host = document_text(alert->ecs, "host.name");
    char *escaped = url_escape(host[0] == '\0' ? "-" : host);
    char *source = escaped == NULL ? NULL : output_http_join("/tripline/hosts/", escaped);
    json_t *value = source == NULL ? NULL : json_string(source);
    free(source);
    free(escaped);
    return value;
}

/* CloudEvents 1.0 (github.com/cloudevents/spec, cloudevents/formats/json-format.md). NULL: no memory. */
static json_t *cloudevent_of(const struct output_alert *alert)
{
    char account[256];
    json_t *event =
        json_pack("{s:s,s:s,s:o,s:s,s:s,s:s,s:O}", "specversion", "1.0", "id", alert->id, "source", source_of(alert),
                  "type", document_type(alert->ecs), "time", document_text(alert->ecs, "@timestamp"), "datacontenttype",
                  "application/json", "data", alert->data);
    document_account(account, sizeof(account), alert->ecs);
    if (event != NULL && account[0] != '\0' && json_object_set_new(event, "subject", json_string(account)) < 0) {
        json_decref(event);
        event = NULL;
    }
    return event;
}

/* [a,b] or a line each. The documents themselves hold no line break (encode_ecs.h). */
static void build_body(struct output_body *body, enum webhook_format format, const struct output_alert *alerts,
                       size_t count)
{
    bool lines = format == FORMAT_NDJSON;
    if (!lines)
        output_body_add_text(body, "[");
    for (size_t i = 0; i < count; i++) {
        if (format == FORMAT_CLOUDEVENTS)
            output_body_add_json(body, cloudevent_of(&alerts[i]));
        else
            output_body_add(body, alerts[i].document, alerts[i].size);
        output_body_add_text(body, lines ? "\n" : i + 1 < count ? "," : "]");
    }
}

/* v1,base64(HMAC-SHA256(key, id.timestamp.body)): over the body as it is sent. Returns 0, -ENOMEM or -EIO. */
static int sign(struct signature *signature, const struct webhook *webhook, const char *id,
                const struct output_body *body)
{
    struct output_body text = {.bytes = NULL};
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    char now[24];
    snprintf(now, sizeof(now), "%lld", (long long)time(NULL));
    output_body_add_text(&text, id);
    output_body_add_text(&text, ".");
    output_body_add_text(&text, now);
    output_body_add_text(&text, ".");
    output_body_add(&text, body->bytes, body->size);
    int rc = text.failed ? -ENOMEM : 0;
    if (rc == 0 && HMAC(EVP_sha256(), webhook->key, (int)webhook->key_size, (const unsigned char *)text.bytes,
                        text.size, digest, &size) == NULL)
        rc = -EIO;
    output_body_free(&text);
    if (rc < 0)
        return rc;
    snprintf(signature->id, sizeof(signature->id), "webhook-id: %s", id);
    snprintf(signature->timestamp, sizeof(signature->timestamp), "webhook-timestamp: %s", now);
    int used = snprintf(signature->value, sizeof(signature->value), "webhook-signature: v1,");
    (void)EVP_EncodeBlock((unsigned char *)signature->value + used, digest, (int)size); /* 44 bytes and a NUL */
    return 0;
}

/* Compresses and signs body as wanted, and completes request, whose headers point into signature. */
static int prepare(struct https_request *request, struct signature *signature, struct webhook *webhook,
                   struct output_body *body)
{
    int rc = body->failed ? -ENOMEM : 0;
    if (rc == 0 && webhook->http.gzip) {
        rc = output_body_compress(body);
        request->content_encoding = "gzip";
    }
    if (rc == 0 && webhook->key_size > 0) {
        rc = sign(signature, webhook, request->idempotency_key, body);
        request->header_count = 3;
    }
    return rc;
}

static void webhook_send(void *state, const struct output_alert *alerts, size_t count, struct output_result *result)
{
    static const char *const types[] = {"application/json", "application/x-ndjson",
                                        "application/cloudevents-batch+json"};
    struct webhook *webhook = state;
    struct output_body body = {.bytes = NULL};
    struct signature signature;
    char key[SHA256_HEX_SIZE];
    const char *const headers[] = {signature.id, signature.timestamp, signature.value};
    struct https_request request = {.content_type = types[webhook->format], .idempotency_key = key, .headers = headers};
    build_body(&body, webhook->format, alerts, count);
    int rc = output_http_key(key, alerts, count);
    if (rc == 0)
        rc = prepare(&request, &signature, webhook, &body);
    if (rc == 0)
        (void)output_http_send(&webhook->http, &body, &request, count, result); /* result says it all */
    else
        fault_set(&result->fault, "output_webhook", -rc, text_from(NULL), "the request could not be made");
    output_body_free(&body);
}

const struct output_type output_webhook = {
    .name = "webhook",
    .settings = settings_table,
    .setting_count = sizeof(settings_table) / sizeof(settings_table[0]),
    .settings_size = sizeof(struct webhook_settings),
    .speaks_http = true,
    .encoding = "ecs",
    .gzip = "no",
    .max_batch_kilobytes = OUTPUT_MAX_KILOBYTES,
    .open = webhook_open,
    .close = webhook_close,
    .send = webhook_send,
    .cancel = webhook_cancel,
};
