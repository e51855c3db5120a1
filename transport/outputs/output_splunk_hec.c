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
#include <time.h>

/* How often the indexer is asked for its acknowledgement, ms: from the first pause on twice as long each time; and when
 * it is given up, so that the alerts are sent again. */
#define ACK_FIRST_MS 100u
#define ACK_MOST_MS 10000u
#define ACK_GIVE_UP_MS 300000u

/* A token without acknowledgement takes the events and gives no word of them: each try is one more copy in the index,
 * so the next one comes after this time, ms, or when the config was changed. */
#define NO_ACK_MS 600000u

struct splunk_hec_settings {
    char *token; /* secret */
    bool ack;    /* wait until the indexer has it */
    char *index, *source, *sourcetype;
};

static const struct setting settings_table[] = {
    SETTING_AS_SECRET("token", struct splunk_hec_settings, token, NULL, 256),
    SETTING_AS_WORD("ack", SETTING_BOOL, struct splunk_hec_settings, ack, output_no_yes, "yes"),
    SETTING_AS_TEXT("index", struct splunk_hec_settings, index, "the token's", 255),
    SETTING_AS_INITIAL("source", struct splunk_hec_settings, source, "tripline", 255),
    SETTING_AS_INITIAL("sourcetype", struct splunk_hec_settings, sourcetype, "tripline:alert", 255),
};

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

/* Two addresses are made of the URL, and some write one of them there: what begins with /services/collector goes. */
static int make_urls(struct splunk_hec *hec, const char *url)
{
    char *base = text_dup(text_from(url));
    char *query = base == NULL ? NULL : strchr(base, '?'),
         *collector = base == NULL ? NULL : strstr(base, "/services/collector");
    if (base == NULL)
        return -ENOMEM;
    if (collector != NULL && (query == NULL || collector < query)) {
        const char *rest = query == NULL ? "" : query;
        memmove(collector, rest, strlen(rest) + 1);
    }
    int rc = url_make(&hec->url, base, "/services/collector/event", NULL);
    if (rc == 0)
        rc = url_make(&hec->ack_url, base, "/services/collector/ack", NULL);
    free(base);
    return rc;
}

static int copy_texts(struct splunk_hec *hec, const struct output_settings *settings)
{
    const struct splunk_hec_settings *own = settings->own;
    int rc = make_urls(hec, settings->https.url);
    if (rc < 0)
        return rc;
    hec->ack = own->ack;
    hec->source = text_dup(text_from(own->source));
    hec->sourcetype = text_dup(text_from(own->sourcetype));
    hec->index = own->index == NULL ? NULL : text_dup(text_from(own->index));
    if (hec->source == NULL || hec->sourcetype == NULL || (hec->index == NULL && own->index != NULL))
        return -ENOMEM;
    return make_channel(hec->channel);
}

static int splunk_hec_open(void **state, const struct output_settings *settings, struct fault *fault)
{
    const struct splunk_hec_settings *own = settings->own;
    struct splunk_hec *hec = calloc(1, sizeof(*hec));
    struct output_settings with_cookies = *settings;
    char *header = output_http_join("Authorization: Splunk ", own->token);
    /* An indexer knows its own acknowledgements alone: a balancer must lead the questions to where the events went
     * (help.splunk.com, "About HTTP Event Collector Indexer Acknowledgment": "sticky sessions"). */
    with_cookies.https.keeps_cookies = true;
    int rc = hec == NULL || header == NULL ? -ENOMEM : copy_texts(hec, settings);
    if (rc == 0)
        rc = output_http_open(&hec->http, &with_cookies, hec->url, header, fault);
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

/* What of this output an operator must mend by the answer's code; NULL: the code is about the events, or time
 * (help.splunk.com, "Format events for HTTP Event Collector", "Possible error codes"). */
static const char *setting_at_fault(json_int_t code)
{
    switch (code) {
    case 1:
        return "Splunk says (code 1) that the token is disabled";
    case 2:
    case 3:
        return "Splunk says (code 2, 3) that the token is missing or malformed";
    case 4:
    case 21:
        return "Splunk says (code 4, 21) that the token is not valid";
    case 22:
        return "Splunk says (code 22) that the token is disabled";
    case 7:
        return "Splunk says (code 7) that the token may not write into this index: see index=";
    case 10:
        return "Splunk says (code 10) that the request's channel is missing: does something on the way drop headers?";
    case 11:
        return "Splunk says (code 11) that the request's channel is not valid";
    case 14:
        return "Splunk says (code 14) that acknowledgement is off for this token: switch it on there, or write "
               "ack=\"no\"";
    default:
        return NULL;
    }
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

static uint64_t ms_since(const struct timespec *then)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* fails only for an unknown clock */
    return (uint64_t)(now.tv_sec - then->tv_sec) * 1000u + (uint64_t)((now.tv_nsec - then->tv_nsec) / 1000000L);
}

/* The indexer acknowledges, or the alerts are to be sent again. */
static void wait_for_ack(struct splunk_hec *hec, json_int_t ack, struct output_result *result)
{
    struct timespec begin;
    unsigned pause_ms = ACK_FIRST_MS;
    int rc = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);          /* fails only for an unknown clock */
    while (rc == 0 && ms_since(&begin) < ACK_GIVE_UP_MS) { /* by the clock: the questions take time too */
        rc = https_pause(hec->http.https, pause_ms);
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
        else if (hec->ack && !json_is_integer(ack)) {
            output_http_unconfirmed(result, "no ackId: switch acknowledgement on for this token, or write ack=\"no\"");
            result->is_for_operator = true;
            result->retry_after_ms = NO_ACK_MS;
        } else if (hec->ack)
            wait_for_ack(hec, json_integer_value(ack), result);
    } else if (result->status >= 400 && result->status <= 499 && setting_at_fault(json_integer_value(code)) != NULL) {
        output_http_unconfirmed(result, setting_at_fault(json_integer_value(code)));
        result->is_for_operator = true;
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
    .settings = settings_table,
    .setting_count = sizeof(settings_table) / sizeof(settings_table[0]),
    .settings_size = sizeof(struct splunk_hec_settings),
    .speaks_http = true,
    .encoding = "ecs",
    .gzip = "yes",
    .max_batch_kilobytes = OUTPUT_MAX_KILOBYTES,
    .open = splunk_hec_open,
    .close = splunk_hec_close,
    .send = splunk_hec_send,
    .cancel = splunk_hec_cancel,
};
