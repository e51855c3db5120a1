/*
 * output_elasticsearch: the _bulk API with "create" and our id as _id, into a data stream
 * (elastic.co/docs/api, "Bulk index or delete documents"). Its answer is 200 even when alerts failed: each is looked
 * at.
 */
#include "transport/https/url.h"
#include "transport/outputs/output_http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct elasticsearch_settings {
    char *user, *password; /* secret; NULL: none */
    char *api_key;         /* secret; NULL: none */
    char *index;
};

static const struct setting settings_table[] = {
    SETTING_AS_TEXT("user", struct elasticsearch_settings, user, "none", 256),
    SETTING_AS_SECRET("password", struct elasticsearch_settings, password, "none", 1024),
    SETTING_AS_SECRET("api-key", struct elasticsearch_settings, api_key, "none", 1024),
    SETTING_AS_INITIAL("index", struct elasticsearch_settings, index, "logs-tripline.alerts-default", 255),
};

struct elasticsearch {
    struct output_http http;
    char *index;
};

static void elasticsearch_close(void *state)
{
    struct elasticsearch *elasticsearch = state;
    output_http_close(&elasticsearch->http);
    free(elasticsearch->index);
    free(elasticsearch);
}

/* An API key, or else a user's password, or none. */
static int make_header(char **header, const struct elasticsearch_settings *own)
{
    if (own->api_key != NULL) {
        *header = output_http_join("Authorization: ApiKey ", own->api_key);
        return *header == NULL ? -ENOMEM : 0;
    }
    if (own->user != NULL)
        return output_http_basic(header, own->user, own->password == NULL ? "" : own->password);
    return 0;
}

/* Elasticsearch answers with id, api_key and encoded, and only the last may stand in a header. */
static int check_key(const struct output_settings *settings, struct fault *fault)
{
    const struct elasticsearch_settings *own = settings->own;
    if (own->api_key == NULL || strchr(own->api_key, ':') == NULL)
        return 0;
    fault_set(fault, "output_open", EINVAL, text_from(settings->name),
              "api-key is id:key; write both in base64, the \"encoded\" of Elasticsearch's answer");
    return -EINVAL;
}

static int elasticsearch_open(void **state, const struct output_settings *settings, struct fault *fault)
{
    /* Only what is read of the answer, so that it stays small. */
    static const char *const query[] = {
        "filter_path=errors,items.*.status,items.*.failure_store,items.*.error.type,items.*.error.reason", NULL};
    char *url = NULL, *header = NULL;
    struct elasticsearch *elasticsearch = calloc(1, sizeof(*elasticsearch));
    if (elasticsearch == NULL)
        return -ENOMEM;
    elasticsearch->index = text_dup(text_from(((const struct elasticsearch_settings *)settings->own)->index));
    int rc = elasticsearch->index == NULL ? -ENOMEM : check_key(settings, fault);
    if (rc == 0)
        rc = url_make(&url, settings->https.url, "/_bulk", query);
    if (rc == 0)
        rc = make_header(&header, settings->own);
    if (rc == 0)
        rc = output_http_open(&elasticsearch->http, settings, url, header, fault);
    output_http_wipe(header);
    output_http_wipe(url);
    if (rc < 0)
        elasticsearch_close(elasticsearch);
    else
        *state = elasticsearch;
    return rc;
}

static void elasticsearch_cancel(void *state)
{
    output_http_cancel(&((struct elasticsearch *)state)->http);
}

static enum output_outcome outcome_of(long status)
{
    if ((status >= 200 && status <= 299) || status == 409) /* 409: our id is there already */
        return OUTPUT_DELIVERED;
    /* The index or the account is at fault, not the alert: an operator must mend it. */
    if (status == 401 || status == 403 || status == 404 || status == 408 || status == 425 || status == 429)
        return OUTPUT_RETRY;
    return status >= 400 && status <= 499 ? OUTPUT_REFUSED : OUTPUT_RETRY;
}

/* One alert's part of the answer. */
static void read_item(struct output_item *item, const json_t *answer)
{
    const json_t *create = json_object_get(answer, "create"), *error = json_object_get(create, "error");
    const char *type = json_string_value(json_object_get(error, "type"));
    const char *reason = json_string_value(json_object_get(error, "reason"));
    char words[OUTPUT_MAX_ANSWER + 1];
    item->status = (long)json_integer_value(json_object_get(create, "status"));
    const char *store = json_string_value(json_object_get(create, "failure_store"));
    bool is_aside = store != NULL && strcmp(store, "used") == 0; /* 201, but not where anybody searches */
    item->outcome = is_aside ? OUTPUT_REFUSED : outcome_of(item->status);
    snprintf(words, sizeof(words), "%s%s%s%s", is_aside ? "put into the data stream's failure store" : "",
             type == NULL ? "" : type, reason == NULL ? "" : ": ", reason == NULL ? "" : reason);
    output_answer_set(item->answer, words, strlen(words));
}

/* What 200 really meant. */
static void read_answer(struct elasticsearch *elasticsearch, size_t count, struct output_result *result)
{
    json_t *reply = output_http_reply(&elasticsearch->http);
    const json_t *items = json_object_get(reply, "items");
    size_t failed = 0;
    if (json_array_size(items) != count) {
        if (elasticsearch->http.reply.size == HTTPS_MAX_REPLY && count > 1)
            output_http_refuse(result, count, "the answer is too long to be read whole");
        else
            output_http_unconfirmed(result, "the answer does not say of each alert whether it was taken");
        json_decref(reply);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        read_item(&result->items[i], json_array_get(items, i));
        if (result->items[i].outcome != OUTPUT_DELIVERED && failed++ == 0) {
            char detail[192];
            result->status = result->items[i].status;
            memcpy(result->answer, result->items[i].answer, sizeof(result->answer));
            snprintf(detail, sizeof(detail), "an alert of the batch was answered with %ld%s", result->status,
                     result->status == 403   ? ": may this account write (create) into this data stream?"
                     : result->status == 404 ? ": is there such an index or data stream, and may it be made?"
                                             : "");
            result->is_for_operator = result->status == 403 || result->status == 404;
            fault_set(&result->fault, "POST", result->status, text_from(NULL), detail);
        }
    }
    result->outcome = failed > 0 ? OUTPUT_MIXED : OUTPUT_DELIVERED;
    json_decref(reply);
}

static void elasticsearch_send(void *state, const struct output_alert *alerts, size_t count,
                               struct output_result *result)
{
    struct elasticsearch *elasticsearch = state;
    struct output_body body = {.bytes = NULL};
    struct https_request request = {.content_type = "application/x-ndjson"};
    for (size_t i = 0; i < count; i++) {
        output_body_add_json(&body,
                             json_pack("{s:{s:s,s:s}}", "create", "_index", elasticsearch->index, "_id", alerts[i].id));
        output_body_add_text(&body, "\n");
        output_body_add(&body, alerts[i].document, alerts[i].size);
        output_body_add_text(&body, "\n");
    }
    int rc = output_http_send_alerts(&elasticsearch->http, &body, &request, alerts, count, result);
    if (rc == 0 && result->outcome == OUTPUT_DELIVERED)
        read_answer(elasticsearch, count, result);
    output_body_free(&body);
}

const struct output_type output_elasticsearch = {
    .name = "elasticsearch",
    .settings = settings_table,
    .setting_count = sizeof(settings_table) / sizeof(settings_table[0]),
    .settings_size = sizeof(struct elasticsearch_settings),
    .speaks_http = true,
    .encoding = "ecs",
    .gzip = "yes",
    .max_batch_kilobytes = OUTPUT_MAX_KILOBYTES,
    .open = elasticsearch_open,
    .close = elasticsearch_close,
    .send = elasticsearch_send,
    .cancel = elasticsearch_cancel,
};
