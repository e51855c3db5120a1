#include "transport/https/https_internal.h"

#include <errno.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

/* What a failed check of the server's certificate means. */
static const char *explain_certificate(long verify_result, bool asks_system)
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
        return asks_system
                   ? "the server's certificate comes from no trusted authority: this system knows none that issued "
                     "it; name it by ca-file, or let Windows fetch it (certutil -generateSSTFromWU roots.sst "
                     "shows whether it can)"
                   : "the server's certificate comes from no trusted authority";
    case X509_V_ERR_INVALID_PURPOSE:
        return "the server's certificate is not for servers";
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
        return "the authority may not issue certificates for this name";
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        return "the server's certificate is too weak (RSA below 2048 bits, or SHA-1)";
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

/* The proxy's answer to CONNECT if it was no, else NULL. libcurl's result for it is CURLE_RECV_ERROR in older versions,
 * CURLE_COULDNT_CONNECT in 8.21. */
static const char *explain_proxy(const struct https *https)
{
    long status = 0;
    if (curl_easy_getinfo(https->easy, CURLINFO_HTTP_CONNECTCODE, &status) != CURLE_OK || status < 300)
        return NULL;
    if (status == 407)
        return https->proxy_login != NULL ? "the proxy does not accept our user and password"
                                          : "the proxy wants a user and a password, and none are set";
    return "the proxy does not let us through";
}

/* An answer that is no TLS at all, in OpenSSL's words (ssl/record). */
static bool speaks_plain(const char *error)
{
    return strstr(error, "wrong version number") != NULL || strstr(error, "packet length too long") != NULL ||
           strstr(error, "http request") != NULL;
}

/* The connection, or the way to make it secure, broke. */
static int classify_broken(const struct https *https, CURLcode code, const char **words)
{
    long header_size = 0;
    /* This one alert, on a connection that was made already, is about renegotiation. */
    bool is_late = (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR) &&
                   strstr(https->error, "alert handshake failure") != NULL;
    if (!is_late && is_client_alert(https->error)) {
        *words = https->certificate == NULL ? "the server asks for a client certificate"
                                            : "the server does not accept the client certificate";
        return -EACCES;
    }
    if (code != CURLE_SEND_ERROR && code != CURLE_RECV_ERROR) {
        *words = speaks_plain(https->error)
                     ? "no TLS connection: the server answers without TLS at this port; is it the "
                       "right one?"
                     : "no TLS connection";
        return -EACCES;
    }
    /* With TLS 1.3 the server's reason may be lost with the connection: before any byte of an answer. */
    (void)curl_easy_getinfo(https->easy, CURLINFO_HEADER_SIZE, &header_size); /* stays 0 */
    *words = https->certificate != NULL || header_size > 0
                 ? "the connection broke"
                 : "the connection broke (does the server want a client certificate?)";
    return -EPIPE;
}

/* curl's result as an errno value, and in words. */
static int classify(const struct https *https, CURLcode code, const char **words)
{
    long verify_result = X509_V_OK;
    *words = explain_proxy(https);
    if (*words != NULL)
        return -EACCES;
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        *words = "the name was not found";
        return -EHOSTUNREACH;
    case CURLE_OPERATION_TIMEDOUT:
        *words = "no answer in time";
        return -ETIMEDOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
        (void)curl_easy_getinfo(https->easy, CURLINFO_SSL_VERIFYRESULT, &verify_result); /* stays X509_V_OK */
        *words = explain_certificate(verify_result, https->ca == NULL);
        return -EACCES;
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        *words = "the server's public key is none of the pinned ones";
        return -EACCES;
    case CURLE_SSL_INVALIDCERTSTATUS:
        *words = "the server's stapled OCSP answer is missing, too old, or says that the certificate was revoked";
        return -EACCES;
    case CURLE_COULDNT_CONNECT:
        *words = "no connection: refused, or no way there";
        return -ECONNREFUSED;
    case CURLE_PROXY:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return classify_broken(https, code, words);
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        *words = "the connection was closed before the answer";
        return -EPIPE;
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9 */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_TOO_LARGE:
        *words = "the server's answer is no HTTP that can be read: is this the right port?";
        return -EIO;
    case CURLE_BAD_CONTENT_ENCODING:
        *words = "the server's answer has another encoding than it says";
        return -EIO;
    case CURLE_WRITE_ERROR: /* take_body() had enough */
        *words = "the answer has no end";
        return -EIO;
    case CURLE_OUT_OF_MEMORY:
        *words = "no memory";
        return -ENOMEM;
    default:
        *words = "the request failed";
        return -EIO;
    }
}

int https_fault(const struct https *https, CURLcode code, struct fault *fault)
{
    const char *words;
    char detail[CURL_ERROR_SIZE + 256]; /* with the longest of the words */
    int rc = classify(https, code, &words);
    snprintf(detail, sizeof(detail), "%s: %s", words,
             https->error[0] != '\0' ? https->error : curl_easy_strerror(code));
    fault_set(fault, "POST", code, text_from(https->origin), detail);
    return rc;
}
