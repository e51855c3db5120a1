/*
 * output_otlp: OpenTelemetry's protocol over HTTP, logs as JSON (github.com/open-telemetry/opentelemetry-proto v1.11.0,
 * docs/specification.md and opentelemetry/proto/logs/v1/logs.proto): 64-bit numbers are decimal texts, enums numbers.
 */
#include "transport/document/document.h"
#include "transport/https/url.h"
#include "transport/outputs/output_http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* SEVERITY_NUMBER_INFO, _WARN and _ERROR in logs.proto. */
enum severity { SEVERITY_INFO = 9, SEVERITY_WARN = 13, SEVERITY_ERROR = 17 };

/* Deepest a document may be; ours are four deep. */
#define MAX_DEPTH 16

struct otlp {
    struct output_http http;
};

/* A record's attributes, and where they stand in the document: OpenTelemetry's names where it has one. */
static const char *const attributes[][2] = {
    {"event.id", "event.id"},
    {"security_rule.uuid", "rule.uuid"},
    {"security_rule.name", "rule.name"},
    {"security_rule.version", "rule.version"},
    {"host.name", "host.name"},
    {"user.name", "user.name"},
    {"user.domain", "user.domain"},
    {"process.executable.path", "process.executable"},
    {"process.pid", "process.pid"},
    {"tripline.test", "tripline.test"},
};

static void otlp_close(void *state)
{
    struct otlp *otlp = state;
    output_http_close(&otlp->http);
    free(otlp);
}

static int otlp_open(void **state, const struct output_settings *settings, struct fault *fault)
{
    char *url = NULL;
    struct otlp *otlp = calloc(1, sizeof(*otlp));
    int rc = otlp == NULL ? -ENOMEM : url_make(&url, settings->https.url, "/v1/logs", NULL);
    if (rc == 0)
        rc = output_http_open(&otlp->http, settings, url, NULL, fault);
    output_http_wipe(url);
    if (rc < 0)
        free(otlp);
    else
        *state = otlp;
    return rc;
}

static void otlp_cancel(void *state)
{
    output_http_cancel(&((struct otlp *)state)->http);
}

static json_t *any_value(json_t *value, unsigned depth);

/* {"key":...,"value":{...}}; NULL: no memory. */
static json_t *key_value(const char *key, json_t *value, unsigned depth)
{
    return json_pack("{s:s,s:o}", "key", key, "value", any_value(value, depth));
}

static json_t *values_of(json_t *container, unsigned depth)
{
    json_t *list = json_array(), *inner;
    const char *key;
    size_t i;
    int rc = 0;
    json_array_foreach(container, i, inner) rc |= json_array_append_new(list, any_value(inner, depth));
    json_object_foreach(container, key, inner) rc |= json_array_append_new(list, key_value(key, inner, depth));
    if (rc != 0) {
        json_decref(list);
        list = NULL;
    }
    return list;
}

/* value as common.proto's AnyValue; NULL: no memory. */
static json_t *any_value(json_t *value, unsigned depth)
{
    char number[32];
    if (json_is_string(value))
        return json_pack("{s:O}", "stringValue", value);
    if (json_is_boolean(value))
        return json_pack("{s:O}", "boolValue", value);
    if (json_is_real(value))
        return json_pack("{s:O}", "doubleValue", value);
    if (json_is_integer(value)) {
        snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
        return json_pack("{s:s}", "intValue", number);
    }
    if (depth >= MAX_DEPTH || json_is_null(value) || value == NULL)
        return json_object(); /* an AnyValue without a value is "empty" */
    return json_pack("{s:{s:o}}", json_is_array(value) ? "arrayValue" : "kvlistValue", "values",
                     values_of(value, depth + 1));
}

static int severity_number(const char *level)
{
    if (strcmp(level, "High") == 0)
        return SEVERITY_ERROR;
    return strcmp(level, "Medium") == 0 ? SEVERITY_WARN : SEVERITY_INFO;
}

static json_t *record_of(const struct output_alert *alert)
{
    char time[32], observed[32];
    json_t *list = json_array();
    int rc = 0;
    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
        json_t *value = document_at(alert->ecs, attributes[i][1]);
        if (value != NULL)
            rc |= json_array_append_new(list, key_value(attributes[i][0], value, 0));
    }
    if (rc != 0) {
        json_decref(list);
        return NULL;
    }
    snprintf(time, sizeof(time), "%llu00", (unsigned long long)document_time(alert->ecs, "@timestamp"));
    snprintf(observed, sizeof(observed), "%llu00", (unsigned long long)document_time(alert->ecs, "event.created"));
    const char *level = document_is_heartbeat(alert->ecs) ? "Informational" : document_text(alert->ecs, "log.level");
    return json_pack("{s:s,s:s,s:i,s:s,s:s,s:o,s:o}", "timeUnixNano", time, "observedTimeUnixNano", observed,
                     "severityNumber", severity_number(level), "severityText", level, "eventName",
                     document_type(alert->ecs), "body", any_value(alert->data, 0), "attributes", list);
}

static void build_body(struct output_body *body, const struct output_alert *alerts, size_t count)
{
    const char *version = document_text(alerts[0].ecs, "agent.version");
    output_body_add_text(body, "{\"resourceLogs\":[{\"resource\":{\"attributes\":[");
    output_body_add_json(body, json_pack("{s:s,s:{s:s}}", "key", "service.name", "value", "stringValue", "tripline"));
    output_body_add_text(body, ",");
    output_body_add_json(body, json_pack("{s:s,s:{s:s}}", "key", "service.version", "value", "stringValue", version));
    if (document_text(alerts[0].ecs, "agent.id")[0] != '\0') {
        output_body_add_text(body, ",");
        output_body_add_json(body, json_pack("{s:s,s:{s:s}}", "key", "service.instance.id", "value", "stringValue",
                                             document_text(alerts[0].ecs, "agent.id")));
    }
    output_body_add_text(body, "]},\"scopeLogs\":[{\"scope\":{\"name\":\"tripline\"},\"logRecords\":[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            output_body_add_text(body, ",");
        output_body_add_json(body, record_of(&alerts[i]));
    }
    output_body_add_text(body, "]}]}]}");
}

/* A number as JSON's 64-bit numbers come: a text, or a number by those who do not know better. */
static long long number_of(const json_t *value)
{
    return json_is_string(value) ? strtoll(json_string_value(value), NULL, 10) : json_integer_value(value);
}

/* What 200 really meant: rejected records are not to be sent again as they are, so their batch is halved until they
 * stand alone. */
static void read_answer(struct otlp *otlp, size_t count, struct output_result *result)
{
    if (otlp->http.reply.size == 0)
        return; /* an empty message, as protobuf writes it: all is well */
    json_t *reply = output_http_reply(&otlp->http);
    const json_t *partial = json_object_get(reply, "partialSuccess");
    if (reply == NULL) {
        output_http_unconfirmed(result, "the answer is no OTLP answer");
    } else if (number_of(json_object_get(partial, "rejectedLogRecords")) > 0) {
        const char *why = json_string_value(json_object_get(partial, "errorMessage"));
        if (why != NULL)
            output_answer_set(result->answer, why, strlen(why));
        output_http_refuse(result, count, "log records were rejected (partial success)");
    }
    json_decref(reply);
}

/* The specification lets only these be tried again: 429, 502, 503, 504. What an operator must mend waits too. */
static bool is_final(long status)
{
    static const long waits[] = {401, 403, 404, 407, 408, 425, 429, 502, 503, 504};
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
        if (waits[i] == status)
            return false;
    return status >= 400;
}

static void otlp_send(void *state, const struct output_alert *alerts, size_t count, struct output_result *result)
{
    struct otlp *otlp = state;
    struct output_body body = {.bytes = NULL};
    struct https_request request = {.content_type = "application/json"};
    build_body(&body, alerts, count);
    int rc = output_http_send_alerts(&otlp->http, &body, &request, alerts, count, result);
    if (rc == 0 && result->outcome == OUTPUT_DELIVERED)
        read_answer(otlp, count, result);
    else if (rc == 0 && result->outcome == OUTPUT_RETRY && is_final(result->status))
        output_http_refuse(result, count, "OTLP does not let this status be tried again");
    output_body_free(&body);
}

const struct output_type output_otlp = {
    .name = "otlp",
    .speaks_http = true,
    .encoding = "ecs",
    .gzip = "yes",
    .max_batch_kilobytes = OUTPUT_MAX_KILOBYTES,
    .open = otlp_open,
    .close = otlp_close,
    .send = otlp_send,
    .cancel = otlp_cancel,
};
