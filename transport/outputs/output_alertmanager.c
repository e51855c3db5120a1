/*
 * output_alertmanager: Prometheus Alertmanager, API v2, POST /api/v2/alerts
 * (github.com/prometheus/alertmanager, api/v2/openapi.yaml). Two alerts with the same labels are one to it, so the id
 * is among them: nothing is merged, and a repeat is the same alert.
 */
#include "detect/event/event.h"
#include "transport/document/document.h"
#include "transport/https/url.h"
#include "transport/outputs/output_http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest text of an annotation, bytes: they end in mails and chats. */
#define MAX_ANNOTATION 1024

struct alertmanager_settings {
    char *user, *password; /* secret; NULL: none */
    unsigned resolve_after_s;
};

static const struct setting settings_table[] = {
    SETTING_AS_TEXT("user", struct alertmanager_settings, user, "none", 256),
    SETTING_AS_SECRET("password", struct alertmanager_settings, password, "none", 1024),
    SETTING_AS_DURATION("resolve-after", struct alertmanager_settings, resolve_after_s, "1h", 60, 30u * 86400u, 1),
};

struct alertmanager {
    struct output_http http;
    unsigned resolve_after_s;
};

static void alertmanager_close(void *state)
{
    struct alertmanager *alertmanager = state;
    output_http_close(&alertmanager->http);
    free(alertmanager);
}

static int alertmanager_open(void **state, const struct output_settings *settings, struct fault *fault)
{
    const struct alertmanager_settings *own = settings->own;
    char *url = NULL, *header = NULL;
    struct alertmanager *alertmanager = calloc(1, sizeof(*alertmanager));
    int rc = alertmanager == NULL ? -ENOMEM : url_make(&url, settings->https.url, "/api/v2/alerts", NULL);
    if (rc == 0 && own->user != NULL)
        rc = output_http_basic(&header, own->user, own->password == NULL ? "" : own->password);
    if (rc == 0)
        rc = output_http_open(&alertmanager->http, settings, url, header, fault);
    output_http_wipe(header);
    output_http_wipe(url);
    if (rc < 0) {
        free(alertmanager);
        return rc;
    }
    alertmanager->resolve_after_s = own->resolve_after_s;
    *state = alertmanager;
    return 0;
}

static void alertmanager_cancel(void *state)
{
    output_http_cancel(&((struct alertmanager *)state)->http);
}

/* Adds text at path as key unless it is empty, cut at a character's begin; returns 0 or -1. */
static int add(json_t *object, const char *key, const char *text)
{
    char cut[MAX_ANNOTATION + 1];
    (void)text_copy(cut, sizeof(cut), text_from(text)); /* for people to read: the alert itself is elsewhere whole */
    return cut[0] == '\0' ? 0 : json_object_set_new(object, key, json_string(cut));
}

static json_t *labels_of(const struct output_alert *alert)
{
    char account[MAX_ANNOTATION + 1], severity[32];
    json_t *labels = json_object();
    bool is_test = document_at(alert->ecs, "tripline.test") != NULL; /* a route may lead it to nobody */
    size_t size = text_copy(severity, sizeof(severity), text_from(document_text(alert->ecs, "log.level")));
    for (size_t i = 0; i < size; i++)
        if (severity[i] >= 'A' && severity[i] <= 'Z')
            severity[i] = (char)(severity[i] + ('a' - 'A'));
    bool good = add(labels, "alertname", document_text(alert->ecs, "rule.name")) == 0 &&
                add(labels, "alert_id", alert->id) == 0 && add(labels, "severity", severity) == 0 &&
                add(labels, "rule_id", document_text(alert->ecs, "rule.id")) == 0 &&
                add(labels, "host", document_text(alert->ecs, "host.name")) == 0 &&
                add(labels, "account", document_account(account, sizeof(account), alert->ecs)) == 0 &&
                add(labels, "test", is_test ? "true" : "") == 0 && add(labels, "source", "tripline") == 0;
    if (!good) {
        json_decref(labels);
        labels = NULL;
    }
    return labels;
}

static json_t *annotations_of(const struct output_alert *alert)
{
    char rule[256], host[256], account[256], summary[MAX_ANNOTATION + 1];
    json_t *annotations = json_object();
    (void)text_copy(rule, sizeof(rule), text_from(document_text(alert->ecs, "rule.name"))); /* the label has it whole */
    (void)text_copy(host, sizeof(host), text_from(document_text(alert->ecs, "host.name")));
    document_account(account, sizeof(account), alert->ecs);
    snprintf(summary, sizeof(summary), "%s on %s by %s", rule, host[0] == '\0' ? "an unknown host" : host,
             account[0] == '\0' ? "an unknown account" : account);
    bool good = add(annotations, "summary", summary) == 0 &&
                add(annotations, "command_line", document_text(alert->ecs, "process.command_line")) == 0 &&
                add(annotations, "executable", document_text(alert->ecs, "process.executable")) == 0 &&
                add(annotations, "parent_executable", document_text(alert->ecs, "process.parent.executable")) == 0 &&
                add(annotations, "runbook_url", document_text(alert->ecs, "rule.reference")) == 0;
    if (!good) {
        json_decref(annotations);
        annotations = NULL;
    }
    return annotations;
}

static json_t *posting_of(const struct alertmanager *alertmanager, const struct output_alert *alert)
{
    char ends[EVENT_TIME_SIZE];
    /* An alert whose end has passed is not told to anybody: so the end counts from now, not from the event. */
    event_time_format(ends, event_time_now() + alertmanager->resolve_after_s * UINT64_C(10000000));
    return json_pack("{s:o,s:o,s:s,s:s}", "labels", labels_of(alert), "annotations", annotations_of(alert), "startsAt",
                     document_text(alert->ecs, "@timestamp"), "endsAt", ends);
}

static void alertmanager_send(void *state, const struct output_alert *alerts, size_t count,
                              struct output_result *result)
{
    struct alertmanager *alertmanager = state;
    struct output_body body = {.bytes = NULL};
    struct https_request request = {.content_type = "application/json"};
    size_t posted = 0;
    for (size_t i = 0; i < count; i++) {
        if (document_is_follow_up(alerts[i].ecs) || document_is_heartbeat(alerts[i].ecs))
            continue; /* a follow-up: somebody was told already; a heartbeat: nobody is to be told */
        output_body_add_text(&body, posted++ == 0 ? "[" : ",");
        output_body_add_json(&body, posting_of(alertmanager, &alerts[i]));
    }
    output_body_add_text(&body, "]");
    if (posted == 0)
        result->outcome = OUTPUT_DELIVERED;
    else
        (void)output_http_send_alerts(&alertmanager->http, &body, &request, alerts, count,
                                      result); /* result says it all */
    output_body_free(&body);
}

const struct output_type output_alertmanager = {
    .name = "alertmanager",
    .settings = settings_table,
    .setting_count = sizeof(settings_table) / sizeof(settings_table[0]),
    .settings_size = sizeof(struct alertmanager_settings),
    .speaks_http = true,
    .max_batch_kilobytes = OUTPUT_MAX_KILOBYTES,
    .open = alertmanager_open,
    .close = alertmanager_close,
    .send = alertmanager_send,
    .cancel = alertmanager_cancel,
};
