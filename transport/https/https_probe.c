#include "transport/https/https_probe.h"

#include "transport/https/https_internal.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct probe {
    CURL *easy;
    struct https_facts *facts;
    time_t date; /* -1: none came */
    const atomic_bool *cancel;
};

/* The connection's own facts; it is only there while the request runs. */
static void read_tls(struct probe *probe)
{
    struct curl_tlssessioninfo *info = NULL;
    int days = 0, seconds = 0;
    if (curl_easy_getinfo(probe->easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || info == NULL ||
        info->backend != CURLSSLBACKEND_OPENSSL || info->internals == NULL)
        return;
    SSL *ssl = info->internals;
    (void)text_copy(probe->facts->tls, sizeof(probe->facts->tls), text_from(SSL_get_version(ssl))); /* short words */
    (void)text_copy(probe->facts->cipher, sizeof(probe->facts->cipher), text_from(SSL_get_cipher_name(ssl)));
    X509 *certificate = SSL_get1_peer_certificate(ssl);
    if (certificate != NULL && ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) == 1) {
        probe->facts->has_expiry = true;
        probe->facts->expiry_days = days;
    }
    X509_free(certificate);
}

/* curl's header callback, once a line. */
static size_t take_header(char *line, size_t one, size_t count, void *context)
{
    static const char name[] = "date:";
    struct probe *probe = context;
    size_t size = sizeof(name) - 1;
    if (probe->facts->tls[0] == '\0')
        read_tls(probe);
    if (count > size && text_equal_nocase((struct text){line, size}, text_from(name))) {
        char value[64];
        (void)text_copy(value, sizeof(value), (struct text){line + size, count - size}); /* a date is shorter */
        probe->date = curl_getdate(value, NULL);
    }
    return one * count; /* one is always 1 */
}

/* curl's progress callback, about once a second: anything but 0 ends the request. */
static int is_cancelled(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    const struct probe *probe = context;
    return probe->cancel != NULL && atomic_load(probe->cancel) ? 1 : 0;
}

/* https->easy is there. */
static int probe_server(struct https *https, struct https_facts *facts, const atomic_bool *cancel, struct fault *fault)
{
    struct probe probe = {https->easy, facts, -1, cancel};
    curl_off_t took_us = 0;
    struct curl_slist *proxy_headers = NULL;
    CURLcode code = CURLE_OK;
    HTTPS_SET(code, https, CURLOPT_URL, https->url);
    HTTPS_SET(code, https, CURLOPT_NOBODY, 1L);
    HTTPS_SET(code, https, CURLOPT_HEADERFUNCTION, take_header);
    HTTPS_SET(code, https, CURLOPT_HEADERDATA, &probe);
    HTTPS_SET(code, https, CURLOPT_XFERINFOFUNCTION, is_cancelled);
    HTTPS_SET(code, https, CURLOPT_XFERINFODATA, &probe);
    HTTPS_SET(code, https, CURLOPT_NOPROGRESS, 0L);
    if (https->proxy_login != NULL) {
        proxy_headers = curl_slist_append(NULL, https_cover_open(https->proxy_login));
        https_cover_close(https->proxy_login);
        HTTPS_SET(code, https, CURLOPT_PROXYHEADER, proxy_headers);
    }
    time_t before = time(NULL);
    if (code == CURLE_OK) {
        (void)https_cover_open(https->key); /* curl has its place */
        code = curl_easy_perform(probe.easy);
        https_cover_close(https->key);
    }
    time_t after = time(NULL);
    (void)curl_easy_setopt(https->easy, CURLOPT_PROXYHEADER, NULL); /* the list goes now, the handle later */
    if (proxy_headers != NULL)
        OPENSSL_cleanse(proxy_headers->data, strlen(proxy_headers->data));
    curl_slist_free_all(proxy_headers);
    if (code != CURLE_OK)
        return https_fault(https, code, fault);
    (void)curl_easy_getinfo(probe.easy, CURLINFO_RESPONSE_CODE, &facts->status); /* else they stay 0 */
    (void)curl_easy_getinfo(probe.easy, CURLINFO_TOTAL_TIME_T, &took_us);
    facts->took_ms = (unsigned)(took_us / 1000);
    if (probe.date == (time_t)-1)
        return 0;
    facts->has_clock = true;
    if (probe.date < before) /* whatever moment of the request the server means, it can't be right */
        facts->clock_s = (long)(probe.date - before);
    else if (probe.date > after)
        facts->clock_s = (long)(probe.date - after);
    return 0;
}

int https_probe(struct https *https, struct https_facts *facts, const atomic_bool *cancel, struct fault *fault)
{
    memset(facts, 0, sizeof(*facts));
    int rc = https_begin_request(https);
    if (rc == 0)
        rc = probe_server(https, facts, cancel, fault);
    https_end_request(https);
    return rc;
}
