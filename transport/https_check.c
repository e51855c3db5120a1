#include "transport/https_check.h"

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

int https_check_url(char origin[HTTPS_ORIGIN_SIZE], const char *url, struct fault *fault)
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
    else if (strcmp(scheme, "https") != 0)
        rc = wrong(fault, "url", "alerts are sent by https:// alone");
    else if (snprintf(origin, HTTPS_ORIGIN_SIZE, "https://%s:%s", host, port) >= HTTPS_ORIGIN_SIZE)
        rc = wrong(fault, "url", "the host's name is too long");
    else
        rc = 0;
    curl_free(port);
    curl_free(host);
    curl_free(scheme);
    curl_url_cleanup(parsed);
    return rc;
}

/* PEM's password callback (openssl.org/docs/man3.0/man3/pem_password_cb.html): without one OpenSSL would ask the
 * terminal. */
static int give_password(char *to, int size, int is_writing, void *context)
{
    const char *password = ((const struct https_settings *)context)->key_password;
    (void)is_writing;
    if (password == NULL || strlen(password) >= (size_t)size)
        return -1;
    return (int)text_copy(to, (size_t)size, text_from(password));
}

static BIO *memory_of(const char *pem, size_t size)
{
    return size > INT_MAX ? NULL : BIO_new_mem_buf(pem, (int)size);
}

/* How many certificates are in pem; the first, if wanted, goes to the caller. */
static size_t count_certificates(const char *pem, size_t size, X509 **first)
{
    size_t count = 0;
    X509 *certificate;
    struct https_settings no_password = {0};
    BIO *bio = memory_of(pem, size);
    while (bio != NULL && (certificate = PEM_read_bio_X509(bio, NULL, give_password, &no_password)) != NULL) {
        if (count++ == 0 && first != NULL)
            *first = certificate;
        else
            X509_free(certificate);
    }
    BIO_free(bio);
    ERR_clear_error(); /* the end of the text is one, too */
    return count;
}

/* The private key in pem, or NULL and why. */
static EVP_PKEY *read_key(const struct https_settings *settings, const char **why)
{
    struct https_settings copy = *settings; /* for the callback, which is handed no const */
    BIO *bio = memory_of(settings->key_pem, settings->key_pem_size);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, give_password, &copy);
    unsigned long code = ERR_peek_last_error();
    BIO_free(bio);
    *why = NULL;
    if (key == NULL && settings->key_password == NULL && ERR_GET_LIB(code) == ERR_LIB_PEM &&
        (ERR_GET_REASON(code) == PEM_R_BAD_PASSWORD_READ || ERR_GET_REASON(code) == PEM_R_PROBLEMS_GETTING_PASSWORD))
        *why = "the client's private key is encrypted and there is no password for it";
    else if (key == NULL && settings->key_password != NULL)
        *why = "the client's private key can't be read: wrong password, or damaged";
    else if (key == NULL)
        *why = "there is no private key that can be read in the client's key file (PEM is wanted)";
    ERR_clear_error();
    return key;
}

static int check_client(const struct https_settings *settings, const char *origin, struct fault *fault)
{
    X509 *certificate = NULL;
    EVP_PKEY *key = NULL;
    const char *why = NULL;
    if (settings->certificate_pem == NULL && settings->key_pem == NULL)
        return 0;
    if (settings->certificate_pem == NULL || settings->key_pem == NULL)
        why = "a client certificate and its private key are only good together";
    else if (count_certificates(settings->certificate_pem, settings->certificate_pem_size, &certificate) == 0)
        why = "there is no certificate in the client's certificate file (PEM is wanted)";
    else if ((key = read_key(settings, &why)) != NULL && X509_check_private_key(certificate, key) != 1)
        why =
            "the client's private key does not belong to its certificate (whose file must begin with the client's own)";
    ERR_clear_error();
    EVP_PKEY_free(key);
    X509_free(certificate);
    return why == NULL ? 0 : wrong(fault, origin, why);
}

int https_check_pem(const struct https_settings *settings, const char *origin, struct fault *fault)
{
    if (settings->ca_pem != NULL && count_certificates(settings->ca_pem, settings->ca_pem_size, NULL) == 0)
        return wrong(fault, origin, "there is no certificate in the authorities' file (PEM is wanted)");
    return check_client(settings, origin, fault);
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
