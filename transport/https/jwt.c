#include "transport/https/jwt.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long an assertion is good, s. */
#define GOOD_FOR_S 600

struct jwt_key {
    EVP_PKEY *key;
    char thumbprint[64]; /* base64url of the certificate's SHA-256 */
};

/* RFC 7515 section 2: base64url without padding; the caller frees it. NULL: no memory. */
static char *base64url(const unsigned char *bytes, size_t size)
{
    char *text = size > INT_MAX / 2 ? NULL : malloc((size + 2) / 3 * 4 + 1);
    if (text == NULL)
        return NULL;
    size_t len = (size_t)EVP_EncodeBlock((unsigned char *)text, bytes, (int)size);
    while (len > 0 && text[len - 1] == '=')
        len--;
    text[len] = '\0';
    for (size_t i = 0; i < len; i++)
        text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
    return text;
}

/* No question to the terminal. */
static int no_password(char *to, int size, int is_writing, void *context)
{
    (void)to;
    (void)size;
    (void)is_writing;
    (void)context;
    return -1;
}

static X509 *read_certificate(const char *pem, size_t size)
{
    BIO *bio = size > INT_MAX ? NULL : BIO_new_mem_buf(pem, (int)size);
    X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, no_password, NULL);
    BIO_free(bio);
    return certificate;
}

static EVP_PKEY *read_key(const char *pem, size_t size)
{
    BIO *bio = size > INT_MAX ? NULL : BIO_new_mem_buf(pem, (int)size);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    BIO_free(bio);
    return key;
}

static int set_thumbprint(struct jwt_key *key, const X509 *certificate)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    char *text = X509_digest(certificate, EVP_sha256(), digest, &size) == 1 ? base64url(digest, size) : NULL;
    if (text == NULL)
        return -ENOMEM;
    snprintf(key->thumbprint, sizeof(key->thumbprint), "%s", text);
    free(text);
    return 0;
}

int jwt_key_open(struct jwt_key **out, const char *certificate_pem, size_t certificate_size, const char *key_pem,
                 size_t key_size, struct fault *fault)
{
    const char *wrong = NULL;
    struct jwt_key *key = calloc(1, sizeof(*key));
    if (key == NULL)
        return -ENOMEM;
    X509 *certificate = read_certificate(certificate_pem, certificate_size);
    key->key = read_key(key_pem, key_size);
    if (certificate == NULL)
        wrong = "there is no certificate that can be read (PEM is wanted)";
    else if (key->key == NULL || EVP_PKEY_get_base_id(key->key) != EVP_PKEY_RSA)
        wrong = "there is no RSA private key that can be read (PEM without a password is wanted)";
    else if (X509_check_private_key(certificate, key->key) != 1)
        wrong = "the private key does not belong to the certificate";
    int rc = wrong != NULL ? -EINVAL : set_thumbprint(key, certificate);
    ERR_clear_error();
    X509_free(certificate);
    if (wrong != NULL)
        fault_set(fault, "jwt_key_open", EINVAL, text_from(NULL), wrong);
    if (rc < 0)
        jwt_key_close(key);
    else
        *out = key;
    return rc;
}

void jwt_key_close(struct jwt_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->key);
    free(key);
}

/* base64url of value, which is taken over; NULL: no memory. */
static char *part_of(json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    char *part = text == NULL ? NULL : base64url((const unsigned char *)text, strlen(text));
    free(text);
    json_decref(value);
    return part;
}

static json_t *claims_of(const char *client_id, const char *audience, uint64_t now_s)
{
    unsigned char random[16];
    if (RAND_bytes(random, sizeof(random)) != 1)
        return NULL;
    char *id = base64url(random, sizeof(random));
    json_t *claims =
        json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:I}", "aud", audience, "iss", client_id, "sub", client_id, "jti", id,
                  "nbf", (json_int_t)now_s, "iat", (json_int_t)now_s, "exp", (json_int_t)now_s + GOOD_FOR_S);
    free(id);
    return claims;
}

/* PS256 (RFC 7518 section 3.5): RSASSA-PSS with SHA-256 and a salt as long as that. */
static char *sign(const struct jwt_key *key, const char *text)
{
    unsigned char *signature = NULL;
    size_t size = 0;
    char *part = NULL;
    EVP_PKEY_CTX *inner = NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestSignInit(context, &inner, EVP_sha256(), NULL, key->key) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, RSA_PSS_SALTLEN_DIGEST) != 1 ||
        EVP_DigestSign(context, NULL, &size, (const unsigned char *)text, strlen(text)) != 1)
        goto out;
    signature = malloc(size);
    if (signature != NULL && EVP_DigestSign(context, signature, &size, (const unsigned char *)text, strlen(text)) == 1)
        part = base64url(signature, size);
out:
    ERR_clear_error();
    free(signature);
    EVP_MD_CTX_free(context);
    return part;
}

int jwt_assertion(char **out, const struct jwt_key *key, const char *client_id, const char *audience, uint64_t now_s)
{
    char *header = part_of(json_pack("{s:s,s:s,s:s}", "alg", "PS256", "typ", "JWT", "x5t#S256", key->thumbprint));
    char *claims = part_of(claims_of(client_id, audience, now_s)), *text = NULL, *signature = NULL, *token = NULL;
    int rc = header == NULL || claims == NULL ? -ENOMEM : 0;
    if (rc == 0) {
        size_t size = strlen(header) + strlen(claims) + 2;
        text = malloc(size);
        if (text != NULL)
            snprintf(text, size, "%s.%s", header, claims);
        signature = text == NULL ? NULL : sign(key, text);
        rc = text == NULL ? -ENOMEM : signature == NULL ? -EIO : 0;
    }
    if (rc == 0) {
        size_t size = strlen(text) + strlen(signature) + 2;
        token = malloc(size);
        if (token != NULL)
            snprintf(token, size, "%s.%s", text, signature);
        rc = token == NULL ? -ENOMEM : 0;
    }
    free(signature);
    free(text);
    free(claims);
    free(header);
    if (rc == 0)
        *out = token;
    return rc;
}
