#include "transport/https/https_check.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

static int wrong(struct fault *fault, const char *object, const char *what)
{
    fault_set(fault, "https_open", EINVAL, text_from(object), what);
    return -EINVAL;
}

/* The names and addresses that are this host itself. libcurl resolves localhost by itself to loopback addresses (since
 * 7.77; curl.se/changes.html), and a URL's IPv4 address is four decimal numbers by now. */
static bool is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
}

int https_check_url(char origin[HTTPS_ORIGIN_SIZE], const char *url, bool allows_http, struct fault *fault)
{
    char *scheme = NULL, *host = NULL, *port = NULL;
    int rc;
    CURLU *parsed = curl_url();
    if (parsed == NULL)
        return -ENOMEM;
    if (curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
        curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(parsed, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
        rc = wrong(fault, "url", "this is no URL; https://host[:port]/path is wanted");
    else if (strcmp(scheme, "http") == 0 && allows_http && !is_loopback(host))
        rc = wrong(fault, "url", "http:// goes to this host alone: localhost, 127.x.x.x or [::1]");
    else if (strcmp(scheme, "https") != 0 && !(strcmp(scheme, "http") == 0 && allows_http))
        rc = wrong(fault, "url", "alerts are sent by https:// alone");
    else if (snprintf(origin, HTTPS_ORIGIN_SIZE, "%s://%s:%s", scheme, host, port) >= HTTPS_ORIGIN_SIZE)
        rc = wrong(fault, "url", "the host's name is too long");
    else
        rc = 0;
    curl_free(port);
    curl_free(host);
    curl_free(scheme);
    curl_url_cleanup(parsed);
    return rc;
}

int https_check_authorities(const struct https_settings *settings, const char *origin, struct fault *fault)
{
    if (settings->ca_pem == NULL)
        return 0;
    /* No certificate needs a password; with none given, OpenSSL would ask the terminal for one. */
    BIO *bio = settings->ca_pem_size > INT_MAX ? NULL : BIO_new_mem_buf(settings->ca_pem, (int)settings->ca_pem_size);
    X509 *first = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, (char[]){""});
    bool is_good = first != NULL;
    X509_free(first);
    BIO_free(bio);
    ERR_clear_error();
    return is_good ? 0 : wrong(fault, origin, "there is no certificate in the authorities' file (PEM is wanted)");
}

/* A token of HTTP (RFC 9110 section 5.6.2). */
static bool is_token(const char *text, size_t size)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return size > 0 && strspn(text, allowed) >= size;
}

int https_check_header(const char *header, struct fault *fault)
{
    static const char *const own[] = {"Content-Type", "Content-Encoding",  "Content-Length",  "Expect",
                                      "Host",         "Transfer-Encoding", "Idempotency-Key", "User-Agent"};
    size_t name_size = text_find(text_from(header), ':');
    char name[64];
    if (header[name_size] == '\0' || !is_token(header, name_size))
        return wrong(fault, "header", "\"Name: value\" is wanted");
    (void)text_copy(name, sizeof(name), (struct text){header, name_size}); /* for messages alone */
    for (const char *c = header; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7F)
            return wrong(fault, name, "a line break or control character in this header");
    if (header[name_size + 1 + strspn(header + name_size + 1, " ")] == '\0')
        return wrong(fault, name, "this header has no value");
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (text_equal_nocase((struct text){header, name_size}, text_from(own[i])))
            return wrong(fault, name, "this header is the agent's own to set");
    return 0;
}
