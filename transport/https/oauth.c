#include "transport/https/oauth.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long before its end a token is not used any more, s; of a short-lived one the last tenth. */
#define RENEW_BEFORE_S 300

struct oauth {
    struct https *https;
    char *url, *client_id, *scope, *client_secret;
    struct jwt_key *key;
    char *token;           /* or NULL */
    struct timespec until; /* the token is used before this */
    struct https_reply reply;
};

static void wipe(char *secret)
{
    if (secret != NULL)
        OPENSSL_cleanse(secret, strlen(secret));
    free(secret);
}

int oauth_open(struct oauth **out, const struct oauth_settings *settings, struct fault *fault)
{
    struct oauth *oauth = calloc(1, sizeof(*oauth));
    if (oauth == NULL)
        return -ENOMEM;
    oauth->key = settings->key;
    oauth->url = text_dup(text_from(settings->https.url));
    oauth->client_id = text_dup(text_from(settings->client_id));
    oauth->scope = text_dup(text_from(settings->scope));
    oauth->client_secret = text_dup(text_from(settings->client_secret == NULL ? "" : settings->client_secret));
    bool good = oauth->url != NULL && oauth->client_id != NULL && oauth->scope != NULL && oauth->client_secret != NULL;
    int rc = good ? https_open(&oauth->https, &settings->https, fault) : -ENOMEM;
    if (rc < 0)
        oauth_close(oauth);
    else
        *out = oauth;
    return rc;
}

void oauth_close(struct oauth *oauth)
{
    if (oauth == NULL)
        return;
    https_close(oauth->https);
    OPENSSL_cleanse(oauth->reply.body, sizeof(oauth->reply.body));
    wipe(oauth->token);
    wipe(oauth->client_secret);
    free(oauth->scope);
    free(oauth->client_id);
    free(oauth->url);
    free(oauth);
}

void oauth_forget(struct oauth *oauth)
{
    wipe(oauth->token);
    oauth->token = NULL;
}

void oauth_cancel(struct oauth *oauth)
{
    https_cancel(oauth->https);
}

/* name=value, escaped (the form's own + for a space is not needed), after what is there. Returns the whole, or NULL
 * without memory; form is used up. */
static char *add_field(char *form, const char *name, const char *value)
{
    char *escaped = form == NULL ? NULL : curl_easy_escape(NULL, value, 0);
    size_t size = escaped == NULL ? 0 : strlen(form) + strlen(name) + strlen(escaped) + 3;
    char *longer = escaped == NULL ? NULL : malloc(size);
    if (longer != NULL)
        snprintf(longer, size, "%s%s%s=%s", form, form[0] == '\0' ? "" : "&", name, escaped);
    if (escaped != NULL)
        OPENSSL_cleanse(escaped, strlen(escaped));
    curl_free(escaped);
    wipe(form);
    return longer;
}

/* The request's body, which the caller wipes and frees. Returns 0, -ENOMEM or -EIO. */
static int make_form(char **out, const struct oauth *oauth)
{
    char *assertion = NULL;
    if (oauth->key != NULL) {
        int rc = jwt_assertion(&assertion, oauth->key, oauth->client_id, oauth->url, (uint64_t)time(NULL));
        if (rc < 0)
            return rc;
    }
    char *form = add_field(text_dup(text_from("")), "grant_type", "client_credentials");
    form = add_field(form, "client_id", oauth->client_id);
    form = add_field(form, "scope", oauth->scope);
    if (assertion == NULL) {
        form = add_field(form, "client_secret", oauth->client_secret);
    } else {
        form = add_field(form, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        form = add_field(form, "client_assertion", assertion);
    }
    wipe(assertion);
    *out = form;
    return form == NULL ? -ENOMEM : 0;
}

/* What may stand in a header after "Bearer " (RFC 6750, section 2.1, allows less): one word of visible ASCII. */
static bool is_token(const char *token)
{
    for (const char *c = token; *c != '\0'; c++)
        if (*c < '!' || *c > '~') /* bytes above ASCII are negative or above '~' */
            return false;
    return *token != '\0';
}

/* Keeps the token of an answer of 200. Returns 0, -ENOMEM or -EACCES. */
static int take_token(struct oauth *oauth)
{
    json_t *reply = json_loadb(oauth->reply.body, oauth->reply.size, 0, NULL);
    const char *token = json_string_value(json_object_get(reply, "access_token"));
    const char *type = json_string_value(json_object_get(reply, "token_type"));
    json_t *life = json_object_get(reply, "expires_in"); /* a number; older endpoints of Azure write a text */
    long long life_s = json_is_string(life) ? strtoll(json_string_value(life), NULL, 10) : json_integer_value(life);
    bool is_good =
        token != NULL && is_token(token) && type != NULL && text_equal_nocase(text_from(type), text_from("Bearer"));
    int rc = is_good ? 0 : -EACCES;
    if (rc == 0) {
        long long early_s = life_s / 10 < RENEW_BEFORE_S ? life_s / 10 : RENEW_BEFORE_S;
        (void)clock_gettime(CLOCK_MONOTONIC, &oauth->until); /* fails only for an unknown clock */
        if (life_s > 0 && life_s < 1000000)
            oauth->until.tv_sec += (time_t)(life_s - early_s);
        oauth->token = text_dup(text_from(token));
        rc = oauth->token == NULL ? -ENOMEM : 0;
    }
    json_decref(reply);
    OPENSSL_cleanse(oauth->reply.body, sizeof(oauth->reply.body));
    return rc;
}

/* Why there is no token, by an answer of RFC 6749, section 5.2: with Entra's own words, which begin with the number
 * that its documentation explains (AADSTS...) and never repeat the secret. */
static void refusal(char *to, size_t size, const struct oauth *oauth)
{
    json_t *reply = json_loadb(oauth->reply.body, oauth->reply.size, 0, NULL);
    const char *words = json_string_value(json_object_get(reply, "error_description"));
    const char *error = json_string_value(json_object_get(reply, "error"));
    struct text said = text_from(words != NULL ? words : error != NULL ? error : "");
    if (said.len == 0) {
        (void)text_copy(to, size, text_from("are tenant, client-id and its secret right?")); /* cut where longer */
    } else {
        const char *hint =
            words != NULL && strstr(words, "AADSTS700024") != NULL ? "is the clock right? it says: " : "it says: ";
        size_t used = text_copy(to, size, text_from(hint));
        used += text_copy(to + used, size - used, said);
        for (size_t i = 0; i < used; i++)
            to[i] = (unsigned char)to[i] < ' ' || to[i] == 0x7F ? ' ' : to[i];
    }
    json_decref(reply);
}

static bool is_good(const struct oauth *oauth)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return oauth->token != NULL && now.tv_sec < oauth->until.tv_sec;
}

int oauth_token(const char **token, struct oauth *oauth, long *status, unsigned *retry_after_ms, struct fault *fault)
{
    char *form = NULL;
    *status = 0;
    *retry_after_ms = 0;
    if (is_good(oauth)) {
        *token = oauth->token;
        return 0;
    }
    oauth_forget(oauth);
    int rc = make_form(&form, oauth);
    if (rc == 0) {
        struct https_request request = {
            .body = form, .size = strlen(form), .content_type = "application/x-www-form-urlencoded"};
        rc = https_post(oauth->https, &request, &oauth->reply, fault);
    } else {
        fault_set(fault, "oauth_token", -rc, text_from(NULL), "the request for a token could not be made");
    }
    wipe(form);
    if (rc < 0)
        return rc;
    *status = oauth->reply.status;
    *retry_after_ms = oauth->reply.retry_after_ms;
    char why[200];
    refusal(why, sizeof(why), oauth);
    rc = oauth->reply.status == 200 ? take_token(oauth) : -EACCES;
    if (rc < 0) {
        char detail[sizeof(fault->detail)];
        snprintf(detail, sizeof(detail), "no token: HTTP %ld: %s", *status, why);
        fault_set(fault, "POST", *status, text_from(NULL), detail);
        return rc;
    }
    *token = oauth->token;
    return 0;
}
