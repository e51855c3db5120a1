#include "transport/https/https_identity.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

/* As read, before it is written anew. */
struct parts {
    X509 *certificate;
    STACK_OF(X509) * chain;
    EVP_PKEY *key;
};

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

static BIO *memory_of(const char *bytes, size_t size)
{
    return size > INT_MAX ? NULL : BIO_new_mem_buf(bytes, (int)size);
}

/* The private key in key_pem, or NULL and why. */
static EVP_PKEY *read_key(const struct https_settings *settings, const char **why)
{
    struct https_settings copy = *settings; /* for the callback, which is handed no const */
    BIO *bio = memory_of(settings->key_pem, settings->key_pem_size);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, give_password, &copy);
    unsigned long code = ERR_peek_last_error();
    BIO_free(bio);
    if (key == NULL && settings->key_password == NULL && ERR_GET_LIB(code) == ERR_LIB_PEM &&
        (ERR_GET_REASON(code) == PEM_R_BAD_PASSWORD_READ || ERR_GET_REASON(code) == PEM_R_PROBLEMS_GETTING_PASSWORD))
        *why = "the client's private key is encrypted and there is no password for it";
    else if (key == NULL && settings->key_password != NULL)
        *why = "the client's private key can't be read: wrong password, or damaged";
    else if (key == NULL)
        *why = "there is no private key that can be read in the client's key file (PEM is wanted)";
    return key;
}

/* The certificates of certificate_pem: the first is the client's own. */
static int read_certificates(struct parts *parts, const struct https_settings *settings)
{
    struct https_settings no_password = {0};
    X509 *next;
    BIO *bio = memory_of(settings->certificate_pem, settings->certificate_pem_size);
    int rc = bio == NULL ? -ENOMEM : 0;
    parts->chain = sk_X509_new_null();
    if (parts->chain == NULL)
        rc = -ENOMEM;
    while (rc == 0 && (next = PEM_read_bio_X509(bio, NULL, give_password, &no_password)) != NULL) {
        if (parts->certificate == NULL) {
            parts->certificate = next;
        } else if (sk_X509_push(parts->chain, next) == 0) {
            X509_free(next);
            rc = -ENOMEM;
        }
    }
    BIO_free(bio);
    return rc;
}

static int read_pem(struct parts *parts, const struct https_settings *settings, const char **why)
{
    int rc = read_certificates(parts, settings);
    if (rc < 0)
        return rc;
    if (parts->certificate == NULL)
        *why = "there is no certificate in the client's certificate file (PEM or .p12 is wanted)";
    else if ((parts->key = read_key(settings, why)) != NULL &&
             X509_check_private_key(parts->certificate, parts->key) != 1)
        *why =
            "the client's private key does not belong to its certificate (whose file must begin with the client's own)";
    return 0;
}

static void read_p12(struct parts *parts, const struct https_settings *settings, const char **why)
{
    BIO *bio = memory_of(settings->certificate_pem, settings->certificate_pem_size);
    PKCS12 *p12 = bio == NULL ? NULL : d2i_PKCS12_bio(bio, NULL);
    if (p12 == NULL)
        *why = "the client's certificate file is neither PEM nor .p12";
    else if (PKCS12_verify_mac(p12, settings->key_password, -1) != 1 &&
             !(settings->key_password == NULL && PKCS12_verify_mac(p12, "", 0) == 1))
        *why = "the client's .p12 can't be read: wrong or no password, or damaged";
    else if (PKCS12_parse(p12, settings->key_password, &parts->key, &parts->certificate, &parts->chain) != 1)
        *why = "the client's .p12 can't be read: export it with AES (its old ciphers are not supported)";
    else if (parts->key == NULL || parts->certificate == NULL)
        *why = "the client's .p12 lacks the certificate or its private key";
    PKCS12_free(p12);
    BIO_free(bio);
}

/* What bio holds, as the caller's own. */
static int take_over(char **out, size_t *size, BIO *bio)
{
    char *bytes = NULL;
    long length = BIO_get_mem_data(bio, &bytes);
    char *copy = length <= 0 ? NULL : malloc((size_t)length + 1);
    if (copy == NULL)
        return -ENOMEM;
    memcpy(copy, bytes, (size_t)length);
    copy[length] = '\0';
    *out = copy;
    *size = (size_t)length;
    return 0;
}

static int write_all(struct https_identity *identity, const struct parts *parts)
{
    BIO *certificate = BIO_new(BIO_s_mem()), *key = BIO_new(BIO_s_secmem());
    int rc = certificate == NULL || key == NULL ? -ENOMEM : 0;
    if (rc == 0 && PEM_write_bio_X509(certificate, parts->certificate) != 1)
        rc = -ENOMEM;
    for (int i = 0; rc == 0 && i < sk_X509_num(parts->chain); i++)
        if (PEM_write_bio_X509(certificate, sk_X509_value(parts->chain, i)) != 1)
            rc = -ENOMEM;
    if (rc == 0 && PEM_write_bio_PKCS8PrivateKey(key, parts->key, NULL, NULL, 0, NULL, NULL) != 1)
        rc = -ENOMEM;
    if (rc == 0)
        rc = take_over(&identity->certificate, &identity->certificate_size, certificate);
    if (rc == 0)
        rc = take_over(&identity->key, &identity->key_size, key);
    BIO_free(key); /* overwrites what it held */
    BIO_free(certificate);
    return rc;
}

static bool is_pem(const char *bytes, size_t size)
{
    static const char begin[] = "-----BEGIN ";
    for (size_t i = 0; i + sizeof(begin) - 1 <= size; i++)
        if (memcmp(bytes + i, begin, sizeof(begin) - 1) == 0)
            return true;
    return false;
}

int https_identity_read(struct https_identity *identity, const struct https_settings *settings, const char *origin,
                        struct fault *fault)
{
    struct parts parts = {NULL, NULL, NULL};
    const char *why = NULL;
    int rc = 0;
    if (settings->certificate_pem == NULL && settings->key_pem == NULL)
        return 0;
    bool is_p12 = settings->certificate_pem != NULL && settings->key_pem == NULL &&
                  !is_pem(settings->certificate_pem, settings->certificate_pem_size);
    if (is_p12)
        read_p12(&parts, settings, &why);
    else if (settings->certificate_pem == NULL || settings->key_pem == NULL)
        why = "a client certificate and its private key are only good together";
    else
        rc = read_pem(&parts, settings, &why);
    ERR_clear_error(); /* the end of a PEM text is one, too */
    if (why != NULL) {
        fault_set(fault, "https_open", EINVAL, text_from(origin), why);
        rc = -EINVAL;
    }
    if (rc == 0)
        rc = write_all(identity, &parts);
    EVP_PKEY_free(parts.key);
    sk_X509_pop_free(parts.chain, X509_free);
    X509_free(parts.certificate);
    return rc;
}

void https_identity_clear(struct https_identity *identity)
{
    if (identity->key != NULL)
        OPENSSL_cleanse(identity->key, identity->key_size);
    free(identity->key);
    free(identity->certificate);
    memset(identity, 0, sizeof(*identity));
}
