/* output_webhook: the documents as they are, as a JSON array or NDJSON, POSTed to a URL; 2xx means taken. */
#include "transport/output_http.h"

#include <errno.h>
#include <stdlib.h>

struct webhook {
    struct output_http http;
    enum output_format format;
};

static void webhook_close(void *state)
{
    struct webhook *webhook = state;
    output_http_close(&webhook->http);
    free(webhook);
}

static int webhook_open(void **state, const struct output_settings *settings, struct fault *fault)
{
    struct webhook *webhook = calloc(1, sizeof(*webhook));
    if (webhook == NULL)
        return -ENOMEM;
    webhook->format = settings->format;
    int rc = output_http_open(&webhook->http, settings, settings->https.url, NULL, fault);
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

/* [a,b] or a line each. The documents themselves hold no line break (encode_ecs.h). */
static void build_body(struct output_body *body, enum output_format format, const struct output_alert *alerts,
                       size_t count)
{
    bool lines = format == OUTPUT_NDJSON;
    if (!lines)
        output_body_add_text(body, "[");
    for (size_t i = 0; i < count; i++) {
        output_body_add(body, alerts[i].document, alerts[i].size);
        output_body_add_text(body, lines ? "\n" : i + 1 < count ? "," : "]");
    }
}

static void webhook_send(void *state, const struct output_alert *alerts, size_t count, struct output_result *result)
{
    struct webhook *webhook = state;
    struct output_body body = {.bytes = NULL};
    struct https_request request = {.content_type =
                                        webhook->format == OUTPUT_NDJSON ? "application/x-ndjson" : "application/json"};
    build_body(&body, webhook->format, alerts, count);
    (void)output_http_send_alerts(&webhook->http, &body, &request, alerts, count, result); /* result says it all */
    output_body_free(&body);
}

const struct output_type output_webhook = {
    .name = "webhook",
    .open = webhook_open,
    .close = webhook_close,
    .send = webhook_send,
    .cancel = webhook_cancel,
};
