/*
 * output_splunk_hec: Splunk's HTTP Event Collector (help.splunk.com, "Format events for HTTP Event Collector", "HTTP
 * Event Collector REST API endpoints", "About HTTP Event Collector Indexer Acknowledgment"). With ack an alert is
 * delivered when the indexer says so.
 */
#include "transport/document/document.h"
#include "transport/https/url.h"
#include "transport/outputs/output_http.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How the indexer is asked for its acknowledgement, ms: from the first pause on twice as long each time; and when it is
 * given up, so that the alerts are sent again. */
#define ACK_FIRST_MS 100u
#define ACK_MOST_MS 10000u
#define ACK_GIVE_UP_MS 300000u

struct splunk_hec {
    struct output_http http;
    bool ack;
    char *url, *ack_url;
    char *index, *source, *sourcetype; /* index may be NULL */
    char channel[64];                  /* a header */
};

static void splunk_hec_close(void *state)
{
    struct splunk_hec *hec = state;
    output_http_close(&hec->http);
    output_http_wipe(hec->url);
    output_http_wipe(hec->ack_url);
    free(hec->index);
    free(hec->source);
    free(hec->sourcetype);
    free(hec);
}

/* A random UUID (RFC 9562, version 4): acknowledgements are counted within a channel. */
static int make_channel(char channel[64])
{
    unsigned char b[16];
    if (RAND_bytes(b, sizeof(b)) != 1)
        return -EIO;
    b[6] = (unsigned char)((b[6] & 0x0Fu) | 0x40u);
    b[8] = (unsigned char)((b[8] & 0x3Fu) | 0x80u);
    snprintf(channel, 64,
             "X-Splunk-Request-Channel: %02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
    return 0;
}

static int copy_texts(struct splunk_hec *hec, const struct output_settings *settings)
{
    int rc = url_make(&hec->url, settings->https.url, "/services/collector/event", NULL);
    if (rc == 0)
        rc = url_make(&hec->ack_url, settings->https.url, "/services/collector/ack", NULL);
    if (rc < 0)
        return rc;
    hec->ack = settings->ack;
    hec->source = text_dup(text_from(settings->source));
    hec->sourcetype = text_dup(text_from(settings->sourcetype));
    hec->index = settings->index == NULL ? NULL : text_dup(text_from(settings->index));
    if (hec->source == NULL || hec->sourcetype == NULL || (hec->index == NULL && settings->index != NULL))
        return -ENOMEM;
    return make_channel(hec->channel);
}

static int splunk_hec_open(void **state, const struct output_settings *settings, struct fault *fault)
{
    struct splunk_hec *hec = calloc(1, sizeof(*hec));
    char *header = output_http_join("Authorization: Splunk ", settings->token);
    int rc = hec == NULL || header == NULL ? -ENOMEM : copy_texts(hec, settings);
    if (rc == 0)
        rc = output_http_open(&hec->http, settings, hec->url, header, fault);
    output_http_wipe(header);
    if (rc < 0 && hec != NULL)
        splunk_hec_close(hec);
    if (rc == 0)
        *state = hec;
    return rc;
}

static void splunk_hec_cancel(void *state)
{
    output_http_cancel(&((struct splunk_hec *)state)->http);
}

/* {"time":1725000000.123,"host":...,"event":{...}}; fields: flat texts that can be searched without reading the event.
 */
static void add_event(struct output_body *body, const struct splunk_hec *hec, const struct output_alert *alert)
{
    char time[64];
    uint64_t ms = document_time(alert->ecs, "@timestamp") / 10000u;
    snprintf(time, sizeof(time), "{\"time\":%llu.%03u,\"host\":", (unsigned long long)(ms / 1000),
             (unsigned)(ms % 1000));
    output_body_add_text(body, time);
    output_body_add_json(body, json_string(document_text(alert->ecs, "host.name")));
    output_body_add_text(body, ",\"source\":");
    output_body_add_json(body, json_string(hec->source));
    output_body_add_text(body, ",\"sourcetype\":");
    output_body_add_json(body, json_string(hec->sourcetype));
    if (hec->index != NULL) {
        output_body_add_text(body, ",\"index\":");
        output_body_add_json(body, json_string(hec->index));
    }
    output_body_add_text(body, ",\"fields\":");
    json_t *fields = json_pack("{s:s,s:s}", "alert_id", alert->id, "kind", document_text(alert->ecs, "event.kind"));
    if (fields != NULL && (document_copy(fields, "rule_id", alert->ecs, "rule.id") < 0 ||
                           (document_at(alert->ecs, "tripline.test") != NULL &&
                            json_object_set_new(fields, "test", json_string("true")) < 0))) {
        json_decref(fields);
        fields = NULL;
    }
    output_body_add_json(body, fields);
    output_body_add_text(body, ",\"event\":");
    output_body_add(body, alert->document, alert->size);
    output_body_add_text(body, "}\n");
}

/* 400 for something else than the events themselves: an operator must mend it. */
static bool is_setting_at_fault(json_int_t code)
{
    /* incorrect index, no channel, bad channel, acknowledgement is off */
    return code == 7 || code == 10 || code == 11 || code == 14;
}

/* One question for ack. Returns 1: it is there; 0: not yet; -EPROTO or as https_post(). */
static int ask(struct splunk_hec *hec, json_int_t ack, struct output_result *result)
{
    char body[64], key[32];
    const char *const headers[] = {hec->channel};
    snprintf(body, sizeof(body), "{\"acks\":[%lld]}", (long long)ack);
    snprintf(key, sizeof(key), "%lld", (long long)ack);
    struct https_request request = {.body = body,
                                    .size = strlen(body),
                                    .content_type = "application/json",
                                    .url = hec->ack_url,
                                    .headers = headers,
                                    .header_count = 1};
    int rc = https_post(hec->http.https, &request, &hec->http.reply, &result->fault);
    if (rc < 0)
        return rc;
    json_t *reply = output_http_reply(&hec->http);
    const json_t *state = json_object_get(json_object_get(reply, "acks"), key);
    result->status = hec->http.reply.status;
    if (result->status == 200 && json_is_boolean(state))
        rc = json_is_true(state) ? 1 : 0;
    else if (result->status == 429 || result->status >= 500)
        rc = 0; /* it is still there to be asked */
    else
        rc = -EPROTO;
    json_decref(reply);
    return rc;
}

/* The indexer acknowledges, or the alerts are to be sent again. */
static void wait_for_ack(struct splunk_hec *hec, json_int_t ack, struct output_result *result)
{
    unsigned waited_ms = 0, pause_ms = ACK_FIRST_MS;
    int rc = 0;
    while (rc == 0 && waited_ms < ACK_GIVE_UP_MS) {
        rc = https_pause(hec->http.https, pause_ms);
        waited_ms += pause_ms;
        pause_ms = 2 * pause_ms > ACK_MOST_MS ? ACK_MOST_MS : 2 * pause_ms;
        if (rc == 0)
            rc = ask(hec, ack, result);
    }
    if (rc == 1)
        result->outcome = OUTPUT_DELIVERED;
    else if (rc == 0 || rc == -EPROTO)
        output_http_unconfirmed(result, rc == 0 ? "the indexer did not acknowledge in time"
                                                : "the indexer could not be asked for its acknowledgement");
    else
        result->outcome = OUTPUT_RETRY; /* the fault is there */
}

static void read_answer(struct splunk_hec *hec, struct output_result *result)
{
    json_t *reply = output_http_reply(&hec->http);
    const json_t *code = json_object_get(reply, "code"), *ack = json_object_get(reply, "ackId");
    if (result->outcome == OUTPUT_DELIVERED) {
        if (!json_is_integer(code) || json_integer_value(code) != 0)
            output_http_unconfirmed(result, "the answer does not say that the events were taken");
        else if (hec->ack && !json_is_integer(ack))
            output_http_unconfirmed(result, "no ackId: is acknowledgement on for this token?");
        else if (hec->ack)
            wait_for_ack(hec, json_integer_value(ack), result);
    } else if (result->status == 400 && is_setting_at_fault(json_integer_value(code))) {
        output_http_unconfirmed(result, "Splunk does not like this output's index, channel or ack");
    }
    json_decref(reply);
}

static void splunk_hec_send(void *state, const struct output_alert *alerts, size_t count, struct output_result *result)
{
    struct splunk_hec *hec = state;
    struct output_body body = {.bytes = NULL};
    const char *const headers[] = {hec->channel};
    struct https_request request = {.content_type = "application/json", .headers = headers, .header_count = 1};
    for (size_t i = 0; i < count; i++)
        add_event(&body, hec, &alerts[i]);
    if (output_http_send_alerts(&hec->http, &body, &request, alerts, count, result) == 0)
        read_answer(hec, result);
    output_body_free(&body);
}

const struct output_type output_splunk_hec = {
    .name = "splunk_hec",
    .open = splunk_hec_open,
    .close = splunk_hec_close,
    .send = splunk_hec_send,
    .cancel = splunk_hec_cancel,
};
