#include "transport/https/https_identity.h"
#include "transport/https/https_internal.h"
#include "transport/https/https_trust.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for "sha256//" and 44 characters, twice, and what is between. */
#define PINS_SIZE 128

/* curl's callback before each handshake. */
static CURLcode prepare_tls(CURL *easy, void *context, void *data)
{
    SSL_CTX *tls = context;
    const struct https *https = data;
    (void)easy;
    if (https->ca == NULL)
        https_trust_use_system(tls);
    SSL_CTX_set_security_level(tls, 2);                      /* no RSA or DH below 2048 bits, no SHA-1 in signatures */
    (void)SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION); /* returns the options that hold now */
    /* libcurl takes a connection that is cut off for the end of an answer that names no length. */
    (void)SSL_CTX_clear_options(tls, SSL_OP_IGNORE_UNEXPECTED_EOF); /* as above */
    /* OpenSSL knows the hybrid since 3.5; an older one refuses the whole list. */
    if (SSL_CTX_set1_groups_list(tls, "X25519MLKEM768:X25519:P-256:P-384") != 1 &&
        SSL_CTX_set1_groups_list(tls, "X25519:P-256:P-384") != 1)
        return CURLE_SSL_CIPHER;
    return CURLE_OK;
}

static CURLcode set_blob(struct https *https, CURLoption option, char *pem, size_t size)
{
    /* Not copied: ours lives as long as the handle. */
    struct curl_blob blob = {pem, size, CURL_BLOB_NOCOPY};
    return curl_easy_setopt(https->easy, option, &blob);
}

static CURLcode set_pins(struct https *https, const struct https_settings *settings)
{
    char pins[PINS_SIZE] = "";
    size_t used = 0;
    for (size_t i = 0; i < 2; i++) {
        if (settings->pins[i] == NULL)
            continue;
        int size = snprintf(pins + used, sizeof(pins) - used, "%ssha256//%s", used > 0 ? ";" : "", settings->pins[i]);
        if (size < 0 || (size_t)size >= sizeof(pins) - used)
            return CURLE_BAD_FUNCTION_ARGUMENT;
        used += (size_t)size;
    }
    return used == 0 ? CURLE_OK : curl_easy_setopt(https->easy, CURLOPT_PINNEDPUBLICKEY, pins);
}

static CURLcode set_tls(struct https *https, const struct https_settings *settings)
{
    CURLcode code = CURLE_OK;
    HTTPS_SET(code, https, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    HTTPS_SET(code, https, CURLOPT_SSL_VERIFYPEER, 1L);
    HTTPS_SET(code, https, CURLOPT_SSL_VERIFYHOST, 2L);
    HTTPS_SET(code, https, CURLOPT_SSL_VERIFYSTATUS, settings->wants_staple ? 1L : 0L);
    HTTPS_SET(code, https, CURLOPT_SSL_SESSIONID_CACHE, settings->wants_staple ? 0L : 1L); /* a resumed one has none */
    HTTPS_SET(code, https, CURLOPT_SSL_CTX_FUNCTION, prepare_tls);
    HTTPS_SET(code, https, CURLOPT_SSL_CTX_DATA, https);
    if (code == CURLE_OK)
        code = set_pins(https, settings);
    if (https->ca != NULL) {
        /* CAPATH has a default of its own that would be trusted as well. */
        HTTPS_SET(code, https, CURLOPT_CAPATH, NULL);
        if (code == CURLE_OK)
            code = set_blob(https, CURLOPT_CAINFO_BLOB, https->ca, https->ca_size);
    } /* else prepare_tls has Windows asked; its stores as libcurl reads them (CURLSSLOPT_NATIVE_CA) lack most roots,
         and trust intermediates */
    if (https->certificate != NULL && code == CURLE_OK)
        code = set_blob(https, CURLOPT_SSLCERT_BLOB, https->certificate, https->certificate_size);
    if (https->key != NULL && code == CURLE_OK) {
        code = set_blob(https, CURLOPT_SSLKEY_BLOB, https_cover_open(https->key), https_cover_size(https->key));
        https_cover_close(https->key); /* where it lies stays the same */
    }
    return code;
}

static CURLcode set_proxy(struct https *https, const struct https_settings *settings, bool is_http)
{
    CURLcode code = CURLE_OK;
    if (is_http) { /* loopback: nothing may come between */
        HTTPS_SET(code, https, CURLOPT_PROXY, "");
        return code;
    }
    if (settings->proxy != NULL)
        HTTPS_SET(code, https, CURLOPT_PROXY, settings->proxy);
    if (settings->no_proxy != NULL)
        HTTPS_SET(code, https, CURLOPT_NOPROXY, settings->no_proxy);
    HTTPS_SET(code, https, CURLOPT_HTTPPROXYTUNNEL, 1L);
    HTTPS_SET(code, https, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (settings->proxy_login == HTTPS_PROXY_SYSTEM) {
        HTTPS_SET(code, https, CURLOPT_PROXYAUTH, (long)(CURLAUTH_NEGOTIATE | CURLAUTH_NTLM));
        HTTPS_SET(code, https, CURLOPT_PROXYUSERPWD, ":"); /* who we are (curl.se/libcurl/c/CURLOPT_PROXYAUTH.html) */
    }
    return code;
}

static CURLcode set_all(struct https *https, const struct https_settings *settings)
{
    CURLcode code = CURLE_OK;
    bool is_http = strncmp(https->origin, "http:", 5) == 0;
    HTTPS_SET(code, https, CURLOPT_PROTOCOLS_STR, is_http ? "http" : "https");
    HTTPS_SET(code, https, CURLOPT_FOLLOWLOCATION, 0L);
    HTTPS_SET(code, https, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    HTTPS_SET(code, https, CURLOPT_POST, 1L);
    HTTPS_SET(code, https, CURLOPT_USERAGENT, settings->user_agent);
    HTTPS_SET(code, https, CURLOPT_NOSIGNAL, 1L);
    HTTPS_SET(code, https, CURLOPT_NOPROGRESS, 1L);
    HTTPS_SET(code, https, CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_timeout_ms);
    HTTPS_SET(code, https, CURLOPT_TIMEOUT_MS, (long)settings->timeout_ms);
    HTTPS_SET(code, https, CURLOPT_TCP_KEEPALIVE, 1L);
    HTTPS_SET(code, https, CURLOPT_QUICK_EXIT, 1L); /* a timeout or cancel does not wait for the resolver's thread */
    HTTPS_SET(code, https, CURLOPT_ERRORBUFFER, https->error);
    if (code == CURLE_OK)
        code = set_proxy(https, settings, is_http);
    return code == CURLE_OK ? set_tls(https, settings) : code;
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

static int cover_headers(struct https *https, const struct https_settings *settings, struct fault *fault)
{
    size_t size = 0, used = 0;
    for (size_t i = 0; i < settings->header_count; i++) {
        int rc = https_check_header(settings->headers[i], fault);
        if (rc < 0)
            return rc;
        size += strlen(settings->headers[i]) + 1;
    }
    char *all = malloc(size + 1);
    if (all == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < settings->header_count; i++) {
        size_t one = strlen(settings->headers[i]) + 1;
        memcpy(all + used, settings->headers[i], one);
        used += one;
    }
    int rc = https_cover_new(&https->headers, all, size);
    OPENSSL_cleanse(all, size);
    free(all);
    return rc;
}

/* "Proxy-Authorization: Basic ..." (RFC 7617), our own: of a user and a password libcurl would keep copies. */
static int cover_proxy_login(struct https *https, const struct https_settings *settings, struct fault *fault)
{
    static const char begin[] = "Proxy-Authorization: Basic ";
    const char *user = settings->proxy_user, *password = settings->proxy_password;
    if (settings->proxy_login != HTTPS_PROXY_BASIC)
        return 0;
    if (user == NULL || password == NULL || strchr(user, ':') != NULL) {
        fault_set(fault, "https_open", EINVAL, text_from("proxy"),
                  "a proxy's user (without a colon) and password are only good together");
        return -EINVAL;
    }
    size_t size = strlen(user) + strlen(password) + 2, room = sizeof(begin) + (size + 2) / 3 * 4;
    char *both = malloc(size), *header = malloc(room);
    int rc = both == NULL || header == NULL ? -ENOMEM : 0;
    if (rc == 0) {
        snprintf(both, size, "%s:%s", user, password);
        memcpy(header, begin, sizeof(begin) - 1);
        int length = EVP_EncodeBlock((unsigned char *)header + sizeof(begin) - 1, (unsigned char *)both, (int)size - 1);
        rc = https_cover_new(&https->proxy_login, header, sizeof(begin) - 1 + (size_t)length);
        OPENSSL_cleanse(both, size);
        OPENSSL_cleanse(header, room);
    }
    free(header);
    free(both);
    return rc;
}

static int set_options(struct https *https, const struct https_settings *settings, struct fault *fault)
{
    CURLcode code = set_all(https, settings);
    if (code == CURLE_OK)
        return 0;
    /* The one thing asked for that the Linux program's libcurl lacks. */
    const char *words = code == CURLE_NOT_BUILT_IN
                            ? "login=\"system\" at a proxy: this program's libcurl can't, the Windows program's can"
                            : curl_easy_strerror(code);
    fault_set(fault, "curl_easy_setopt", code, text_from(https->origin), words);
    return code == CURLE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
}

int https_settings_apply(struct https *https, const struct https_settings *settings, struct fault *fault)
{
    struct https_identity identity = {0};
    int rc = https_check_authorities(settings, https->origin, fault);
    if (rc == 0)
        rc = https_identity_read(&identity, settings, https->origin, fault);
    if (rc == 0)
        rc = copy_pem(&https->ca, &https->ca_size, settings->ca_pem, settings->ca_pem_size);
    if (rc == 0)
        rc = copy_pem(&https->certificate, &https->certificate_size, identity.certificate, identity.certificate_size);
    if (rc == 0 && identity.key != NULL)
        rc = https_cover_new(&https->key, identity.key, identity.key_size);
    if (rc == 0)
        rc = cover_headers(https, settings, fault);
    if (rc == 0)
        rc = cover_proxy_login(https, settings, fault);
    if (rc == 0)
        rc = set_options(https, settings, fault);
    https_identity_clear(&identity);
    return rc;
}
