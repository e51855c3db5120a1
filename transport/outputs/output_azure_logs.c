/*
 * output_azure_logs: Azure Monitor's Logs Ingestion API, the way into a Log Analytics workspace and so into Microsoft
 * Sentinel (learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview).
 */
#include "transport/https/oauth.h"
#include "transport/https/url.h"
#include "transport/outputs/output_http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "1 MB per call, compressed and uncompressed" (azure-monitor-limits-custom-logs); a million is under both readings. */
#define MAX_CALL 1000000u

struct azure_logs_settings {
    char *tenant, *client_id;
    char *client_secret;                     /* secret; NULL: none */
    char *signing_certificate, *signing_key; /* files, both or none */
    char *rule_id, *stream, *login_url, *scope;
};

static const struct setting settings_table[] = {
    SETTING_AS_TEXT("tenant", struct azure_logs_settings, tenant, NULL, 256),
    SETTING_AS_TEXT("client-id", struct azure_logs_settings, client_id, NULL, 256),
    SETTING_AS_SECRET("client-secret", struct azure_logs_settings, client_secret, "none", 1024),
    SETTING_AS_FILE("signing-certificate", struct azure_logs_settings, signing_certificate, "none"),
    SETTING_AS_FILE("signing-key", struct azure_logs_settings, signing_key, "none"),
    SETTING_AS_TEXT("rule-id", struct azure_logs_settings, rule_id, NULL, 256),
    SETTING_AS_TEXT("stream", struct azure_logs_settings, stream, NULL, 256),
    SETTING_AS_URL("login-url", struct azure_logs_settings, login_url, "https://login.microsoftonline.com"),
    SETTING_AS_INITIAL("scope", struct azure_logs_settings, scope, "https://monitor.azure.com/.default", 256),
};

/* Azure takes 1 MB a call. */
#define MAX_KILOBYTES 900

/* Who it is, it shows by a secret or by a certificate. */
static const char *check_login(const void *settings, const char **setting)
{
    const struct azure_logs_settings *own = settings;
    bool has_certificate = own->signing_certificate != NULL;
    if (has_certificate != (own->signing_key != NULL)) {
        *setting = has_certificate ? "signing-certificate" : "signing-key";
        return "signing-certificate and signing-key are only good together; write both or none";
    }
    if (has_certificate == (own->client_secret != NULL))
        return "<azure_logs> wants either client-secret, or signing-certificate and signing-key; write one of them";
    return NULL;
}

struct azure_logs {
    struct output_http http;
    struct jwt_key *key; /* NULL with a secret */
    struct oauth *oauth;
};

static void azure_logs_close(void *state)
{
    struct azure_logs *azure = state;
    oauth_close(azure->oauth);
    jwt_key_close(azure->key);
    output_http_close(&azure->http);
    free(azure);
}

/* The token endpoint sees neither the output's headers nor its client certificate. */
static int open_oauth(struct azure_logs *azure, const struct output_settings *settings, struct fault *fault)
{
    const struct azure_logs_settings *own = settings->own;
    char *url = NULL;
    size_t size = strlen(own->tenant) + sizeof("//oauth2/v2.0/token");
    char *path = malloc(size);
    if (path == NULL)
        return -ENOMEM;
    snprintf(path, size, "/%s/oauth2/v2.0/token", own->tenant);
    int rc = url_make(&url, own->login_url, path, NULL);
    free(path);
    if (rc == 0) {
        struct oauth_settings set = {.https = settings->https,
                                     .client_id = own->client_id,
                                     .scope = own->scope,
                                     .client_secret = own->client_secret,
                                     .key = azure->key};
        set.https.url = url;
        set.https.headers = NULL;
        set.https.header_count = 0;
        set.https.certificate_pem = NULL;
        set.https.key_pem = NULL;
        rc = oauth_open(&azure->oauth, &set, fault);
    }
    free(url);
    return rc;
}

/* {endpoint}/dataCollectionRules/{rule id}/streams/{stream}?api-version=2023-01-01 */
static int make_url(char **url, const struct output_settings *settings)
{
    static const char *const query[] = {"api-version=2023-01-01", NULL};
    const struct azure_logs_settings *own = settings->own;
    size_t size = strlen(own->rule_id) + strlen(own->stream) + sizeof("/dataCollectionRules//streams/");
    char *path = malloc(size);
    if (path == NULL)
        return -ENOMEM;
    snprintf(path, size, "/dataCollectionRules/%s/streams/%s", own->rule_id, own->stream);
    int rc = url_make(url, settings->https.url, path, query);
    free(path);
    return rc;
}

static int azure_logs_open(void **state, const struct output_settings *settings, struct fault *fault)
{
    const struct azure_logs_settings *own = settings->own;
    char *url = NULL;
    const char *setting = NULL, *wrong = check_login(own, &setting);
    if (wrong != NULL) {
        fault_set(fault, "output_open", EINVAL, text_from(settings->name), wrong);
        return -EINVAL;
    }
    struct azure_logs *azure = calloc(1, sizeof(*azure));
    if (azure == NULL)
        return -ENOMEM;
    int rc = 0;
    if (own->signing_certificate != NULL)
        rc = jwt_key_open(&azure->key, own->signing_certificate, strlen(own->signing_certificate), own->signing_key,
                          strlen(own->signing_key), fault);
    if (rc == 0)
        rc = open_oauth(azure, settings, fault);
    if (rc == 0)
        rc = make_url(&url, settings);
    if (rc == 0)
        rc = output_http_open(&azure->http, settings, url, NULL, fault);
    free(url);
    if (rc < 0)
        azure_logs_close(azure);
    else
        *state = azure;
    return rc;
}

static void azure_logs_cancel(void *state)
{
    struct azure_logs *azure = state;
    oauth_cancel(azure->oauth);
    output_http_cancel(&azure->http);
}

/* With a token in hand. */
static void send_with(struct azure_logs *azure, const char *token, struct output_body *body,
                      const struct output_alert *alerts, size_t count, struct output_result *result)
{
    char *header = output_http_join("Authorization: Bearer ", token);
    if (header == NULL) {
        fault_set(&result->fault, "output_azure_logs", ENOMEM, text_from(NULL), "no memory");
        return;
    }
    const char *const headers[] = {header};
    struct https_request request = {.content_type = "application/json", .headers = headers, .header_count = 1};
    int rc = output_http_send_alerts(&azure->http, body, &request, alerts, count, result);
    if (rc == 0 && result->status == 401)
        oauth_forget(azure->oauth); /* revoked before its time, perhaps */
    output_http_wipe(header);
}

static void azure_logs_send(void *state, const struct output_alert *alerts, size_t count, struct output_result *result)
{
    struct azure_logs *azure = state;
    struct output_body body = {.bytes = NULL};
    const char *token;
    for (size_t i = 0; i < count; i++) {
        output_body_add_text(&body, i == 0 ? "[" : ",");
        output_body_add(&body, alerts[i].document, alerts[i].size);
    }
    output_body_add_text(&body, "]");
    if (!body.failed && body.size > MAX_CALL)
        output_http_refuse(result, count, "longer than a call to Azure may be");
    else if (oauth_token(&token, azure->oauth, &result->status, &result->retry_after_ms, &result->fault) == 0)
        send_with(azure, token, &body, alerts, count, result);
    else
        result->is_for_operator = result->status >= 400 && result->status <= 403;
    output_body_free(&body);
}

const struct output_type output_azure_logs = {
    .name = "azure_logs",
    .settings = settings_table,
    .setting_count = sizeof(settings_table) / sizeof(settings_table[0]),
    .settings_size = sizeof(struct azure_logs_settings),
    .speaks_http = true,
    .encoding = "sentinel",
    .gzip = "yes",
    .max_batch_kilobytes = MAX_KILOBYTES,
    .check = check_login,
    .open = azure_logs_open,
    .close = azure_logs_close,
    .send = azure_logs_send,
    .cancel = azure_logs_cancel,
};
