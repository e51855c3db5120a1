#include "transport/https.h"

#include "transport/https_check.h"
#include "transport/https_internal.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/x509_vfy.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest wait that an answer can ask for: a day. */
#define MAX_RETRY_AFTER_S 86400

/* How often a running request looks whether it was cancelled although nobody woke it, ms. */
#define POLL_MS 1000

struct https {
    CURL *easy;
    CURLM *multi;                 /* runs easy, and can be woken from another thread; keeps the connection */
    struct curl_slist *headers;   /* those of the settings */
    char *ca, *certificate, *key; /* PEM, that curl reads at each new connection */
    size_t ca_size, certificate_size, key_size;
    char origin[HTTPS_ORIGIN_SIZE];
    char error[CURL_ERROR_SIZE];
    struct https_reply *reply; /* of the request that runs */
    atomic_bool is_cancelled;
};

int https_start_up(void)
{
#ifdef SIGPIPE
    /* A connection that breaks while OpenSSL writes must not end the process; with CURLOPT_NOSIGNAL libcurl leaves
     * that to the program (curl.se/libcurl/c/CURLOPT_NOSIGNAL.html). */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return -EIO;
#endif
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -EIO;
}

void https_clean_up(void)
{
    curl_global_cleanup();
}

/* curl's write callback: keeps what fits, takes the rest as well. */
static size_t take_body(char *bytes, size_t one, size_t count, void *context)
{
    struct https_reply *reply = ((struct https *)context)->reply;
    size_t room = HTTPS_MAX_REPLY - reply->size;
    size_t size = count < room ? count : room;
    memcpy(reply->body + reply->size, bytes, size);
    reply->size += size;
    return one * count; /* one is always 1 */
}

/* Sets an option and notes its first failure. */
#define SET(code, https, option, value)                                                                                \
    do {                                                                                                               \
        if ((code) == CURLE_OK)                                                                                        \
            (code) = curl_easy_setopt((https)->easy, option, value);                                                   \
    } while (0)

static CURLcode set_blob(struct https *https, CURLoption option, char *pem, size_t size)
{
    /* Not copied: our copy lives as long as the handle, and its secret is wiped at the end. */
    struct curl_blob blob = {pem, size, CURL_BLOB_NOCOPY};
    return curl_easy_setopt(https->easy, option, &blob);
}

static CURLcode set_tls(struct https *https, const struct https_settings *settings)
{
    CURLcode code = CURLE_OK;
    SET(code, https, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(code, https, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(code, https, CURLOPT_SSL_VERIFYHOST, 2L);
    if (https->ca != NULL) {
        /* CAPATH has a default of its own that would be trusted as well. */
        SET(code, https, CURLOPT_CAPATH, NULL);
        if (code == CURLE_OK)
            code = set_blob(https, CURLOPT_CAINFO_BLOB, https->ca, https->ca_size);
    } else {
        /* Windows' ROOT store; it would be added to a CA that is given, so never both. With OpenSSL on other systems it
         * does nothing (curl.se/libcurl/c/CURLOPT_SSL_OPTIONS.html). */
        SET(code, https, CURLOPT_SSL_OPTIONS, (long)CURLSSLOPT_NATIVE_CA);
    }
    if (https->certificate != NULL && code == CURLE_OK)
        code = set_blob(https, CURLOPT_SSLCERT_BLOB, https->certificate, https->certificate_size);
    if (https->key != NULL && code == CURLE_OK)
        code = set_blob(https, CURLOPT_SSLKEY_BLOB, https->key, https->key_size);
    if (https->key != NULL && settings->key_password != NULL)
        SET(code, https, CURLOPT_KEYPASSWD, settings->key_password);
    return code;
}

static CURLcode set_all(struct https *https, const struct https_settings *settings)
{
    CURLcode code = CURLE_OK;
    SET(code, https, CURLOPT_URL, settings->url);
    SET(code, https, CURLOPT_PROTOCOLS_STR, "https");
    SET(code, https, CURLOPT_FOLLOWLOCATION, 0L);
    SET(code, https, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(code, https, CURLOPT_POST, 1L);
    SET(code, https, CURLOPT_USERAGENT, settings->user_agent);
    SET(code, https, CURLOPT_NOSIGNAL, 1L);
    SET(code, https, CURLOPT_NOPROGRESS, 1L);
    SET(code, https, CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_timeout_ms);
    SET(code, https, CURLOPT_TIMEOUT_MS, (long)settings->timeout_ms);
    SET(code, https, CURLOPT_TCP_KEEPALIVE, 1L);
    SET(code, https, CURLOPT_QUICK_EXIT, 1L); /* a timeout or cancel does not wait for the resolver's thread */
    SET(code, https, CURLOPT_ERRORBUFFER, https->error);
    SET(code, https, CURLOPT_WRITEFUNCTION, take_body);
    SET(code, https, CURLOPT_WRITEDATA, https);
    return code == CURLE_OK ? set_tls(https, settings) : code;
}

/* Appends to the list; the list stays when there is no memory. */
static int add_header(struct curl_slist **list, const char *header)
{
    struct curl_slist *longer = curl_slist_append(*list, header);
    if (longer == NULL)
        return -ENOMEM;
    *list = longer;
    return 0;
}

static int copy_pem(char **out, size_t *out_size, const char *pem, size_t size)
{
    if (pem == NULL)
        return 0;
    *out = malloc(size + 1);
    if (*out == NULL)
        return -ENOMEM;
    memcpy(*out, pem, size);
    (*out)[size] = '\0';
    *out_size = size;
    return 0;
}

static int copy_settings(struct https *https, const struct https_settings *settings, struct fault *fault)
{
    int rc = copy_pem(&https->ca, &https->ca_size, settings->ca_pem, settings->ca_pem_size);
    if (rc == 0)
        rc = copy_pem(&https->certificate, &https->certificate_size, settings->certificate_pem,
                      settings->certificate_pem_size);
    if (rc == 0)
        rc = copy_pem(&https->key, &https->key_size, settings->key_pem, settings->key_pem_size);
    for (size_t i = 0; rc == 0 && i < settings->header_count; i++) {
        rc = https_check_header(settings->headers[i], fault);
        if (rc == 0)
            rc = add_header(&https->headers, settings->headers[i]);
    }
    return rc;
}

int https_open(struct https **out, const struct https_settings *settings, struct fault *fault)
{
    struct https *https = calloc(1, sizeof(*https));
    if (https == NULL)
        return -ENOMEM;
    atomic_init(&https->is_cancelled, false);
    int rc = https_check_url(https->origin, settings->url, fault);
    if (rc == 0)
        rc = https_check_pem(settings, https->origin, fault);
    if (rc == 0)
        rc = copy_settings(https, settings, fault);
    if (rc < 0)
        goto out;

    https->easy = curl_easy_init();
    https->multi = curl_multi_init();
    if (https->easy == NULL || https->multi == NULL) {
        rc = -ENOMEM;
        goto out;
    }
    CURLcode code = set_all(https, settings);
    if (code != CURLE_OK) {
        fault_set(fault, "curl_easy_setopt", code, text_from(https->origin), curl_easy_strerror(code));
        rc = code == CURLE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
    }
out:
    if (rc < 0)
        https_close(https);
    else
        *out = https;
    return rc;
}

/* Headers may hold secrets, keys do. */
static void wipe(char *secret, size_t size)
{
    if (secret != NULL)
        OPENSSL_cleanse(secret, size);
    free(secret);
}

void https_close(struct https *https)
{
    if (https == NULL)
        return;
    curl_easy_cleanup(https->easy);
    (void)curl_multi_cleanup(https->multi); /* fails only for what is no handle */
    for (struct curl_slist *header = https->headers; header != NULL; header = header->next)
        OPENSSL_cleanse(header->data, strlen(header->data));
    curl_slist_free_all(https->headers);
    wipe(https->key, https->key_size);
    free(https->certificate);
    free(https->ca);
    free(https);
}

void https_cancel(struct https *https)
{
    atomic_store(&https->is_cancelled, true);
    (void)curl_multi_wakeup(https->multi); /* if that fails, the request looks again after POLL_MS */
}

/* What a failed check of the server's certificate means; NULL: nothing to add. */
static const char *explain_certificate(long verify_result)
{
    switch (verify_result) {
    case X509_V_OK:              /* the chain is good, so it was the name, which libcurl looks at by itself ... */
    case X509_V_ERR_UNSPECIFIED: /* ... and leaves this (lib/vtls/openssl.c) */
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "the server's certificate is for another host name";
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "the server's certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "the server's certificate is not valid yet (is the clock right?)";
    case X509_V_ERR_CERT_REVOKED:
        return "the server's certificate was revoked";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return "the server's certificate comes from no trusted authority";
    default:
        return "the server's certificate is not good";
    }
}

/* A TLS alert that the server sent about us; both the words of OpenSSL 3.0 and later (ssl/ssl_stat.c). */
static bool is_client_alert(const char *error)
{
    static const char *const alerts[] = {
        "alert certificate required", "alert bad certificate",         "alert unknown ca",
        "alert certificate expired",  "alert certificate revoked",     "alert certificate unknown",
        "alert handshake failure",    "alert unsupported certificate", "alert access denied"};
    for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
        if (strstr(error, alerts[i]) != NULL)
            return true;
    return false;
}

/* curl's result as an errno value, and in words. */
static int classify(const struct https *https, CURLcode code, const char **words)
{
    long verify_result = X509_V_OK;
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        *words = "the name was not found";
        return -EHOSTUNREACH;
    case CURLE_COULDNT_CONNECT:
        *words = "no connection: refused, or no way there";
        return -ECONNREFUSED;
    case CURLE_OPERATION_TIMEDOUT:
        *words = "no answer in time";
        return -ETIMEDOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
        (void)curl_easy_getinfo(https->easy, CURLINFO_SSL_VERIFYRESULT, &verify_result); /* stays X509_V_OK */
        *words = explain_certificate(verify_result);
        return -EACCES;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        if (is_client_alert(https->error)) {
            *words = https->certificate == NULL ? "the server asks for a client certificate"
                                                : "the server does not accept the client certificate";
            return -EACCES;
        }
        if (code != CURLE_SEND_ERROR && code != CURLE_RECV_ERROR) {
            *words = "no TLS connection";
            return -EACCES;
        }
        /* With TLS 1.3 the server's reason may be lost with the connection. */
        *words = https->certificate != NULL ? "the connection broke"
                                            : "the connection broke (does the server want a client certificate?)";
        return -EPIPE;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        *words = "the connection was closed before the answer";
        return -EPIPE;
    case CURLE_OUT_OF_MEMORY:
        *words = "no memory";
        return -ENOMEM;
    default:
        *words = "the request failed";
        return -EIO;
    }
}

static int report(const struct https *https, CURLcode code, struct fault *fault)
{
    const char *words;
    char detail[CURL_ERROR_SIZE + 128];
    int rc = classify(https, code, &words);
    snprintf(detail, sizeof(detail), "%s: %s", words,
             https->error[0] != '\0' ? https->error : curl_easy_strerror(code));
    fault_set(fault, "POST", code, text_from(https->origin), detail);
    return rc;
}

static int report_cancelled(const struct https *https, struct fault *fault)
{
    fault_set(fault, "POST", ECANCELED, text_from(https->origin), "broken off");
    return -ECANCELED;
}

/* Runs the prepared request to its end: 0 and *code, or -ECANCELED. */
static int perform(struct https *https, CURLcode *code)
{
    int running = 1;
    CURLMcode multi_code = curl_multi_add_handle(https->multi, https->easy);
    if (multi_code != CURLM_OK) {
        *code = multi_code == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
        return 0;
    }
    *code = CURLE_FAILED_INIT;
    while (running > 0 && multi_code == CURLM_OK && !atomic_load(&https->is_cancelled)) {
        multi_code = curl_multi_perform(https->multi, &running);
        if (multi_code == CURLM_OK && running > 0)
            multi_code = curl_multi_poll(https->multi, NULL, 0, POLL_MS, NULL);
    }
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(https->multi, &left)) != NULL)
        if (message->msg == CURLMSG_DONE)
            *code = message->data.result;
    (void)curl_multi_remove_handle(https->multi, https->easy); /* it was added above */
    return running > 0 && atomic_load(&https->is_cancelled) ? -ECANCELED : 0;
}

/* The settings' headers, then this request's own. The copies must not outlive the request. */
static int request_headers(struct curl_slist **list, const struct https *https, const struct https_request *request)
{
    char line[256];
    int rc = 0;
    for (const struct curl_slist *header = https->headers; rc == 0 && header != NULL; header = header->next)
        rc = add_header(list, header->data);
    if (rc == 0)
        rc = add_header(list, "Expect:"); /* no pause before a long body (curl.se/libcurl/c/CURLOPT_HTTPHEADER.html) */
    const char *const own[][2] = {{"Content-Type", request->content_type},
                                  {"Content-Encoding", request->content_encoding},
                                  {"Idempotency-Key", request->idempotency_key}};
    for (size_t i = 0; rc == 0 && i < sizeof(own) / sizeof(own[0]); i++) {
        if (own[i][1] == NULL)
            continue;
        if (snprintf(line, sizeof(line), "%s: %s", own[i][0], own[i][1]) >= (int)sizeof(line))
            return -EINVAL;
        rc = add_header(list, line);
    }
    return rc;
}

static void free_headers(struct curl_slist *list)
{
    for (struct curl_slist *header = list; header != NULL; header = header->next)
        OPENSSL_cleanse(header->data, strlen(header->data));
    curl_slist_free_all(list);
}

static unsigned retry_after_ms(const struct https *https)
{
    curl_off_t seconds = 0;
    if (curl_easy_getinfo(https->easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds <= 0)
        return 0;
    return (unsigned)(seconds > MAX_RETRY_AFTER_S ? MAX_RETRY_AFTER_S : seconds) * 1000u;
}

int https_post(struct https *https, const struct https_request *request, struct https_reply *reply, struct fault *fault)
{
    struct curl_slist *headers = NULL;
    CURLcode code = CURLE_OK;
    reply->status = 0;
    reply->retry_after_ms = 0;
    reply->size = 0;
    reply->body[0] = '\0';
    if (atomic_load(&https->is_cancelled))
        return report_cancelled(https, fault);
    int rc = request_headers(&headers, https, request);
    if (rc < 0)
        goto out;

    https->error[0] = '\0';
    https->reply = reply;
    SET(code, https, CURLOPT_HTTPHEADER, headers);
    SET(code, https, CURLOPT_POSTFIELDS, request->body);
    SET(code, https, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->size);
    if (code == CURLE_OK)
        rc = perform(https, &code);
    reply->body[reply->size] = '\0';
    if (rc < 0) {
        rc = report_cancelled(https, fault);
    } else if (code != CURLE_OK) {
        rc = report(https, code, fault);
    } else {
        (void)curl_easy_getinfo(https->easy, CURLINFO_RESPONSE_CODE, &reply->status); /* stays 0 if it can't */
        reply->retry_after_ms = retry_after_ms(https);
    }
    (void)curl_easy_setopt(https->easy, CURLOPT_HTTPHEADER, NULL); /* the list goes now */
    (void)curl_easy_setopt(https->easy, CURLOPT_POSTFIELDS, NULL);
out:
    free_headers(headers);
    return rc;
}

CURL *https_easy(struct https *https)
{
    return https->easy;
}

int https_failure(const struct https *https, CURLcode code, struct fault *fault)
{
    return report(https, code, fault);
}
