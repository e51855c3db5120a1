/* The token's parts; that its signature verifies is seen by the stand-in for Azure (tests/end_to_end/standins.py). */
#include "transport/https/jwt.h"

#include "tests/test.h"
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static struct fault fault;

/* PEM texts of a throw-away certificate. */
struct pair {
    char certificate[8192], key[8192];
};

static void text_of(char *to, size_t size, BIO *bio)
{
    int got = BIO_read(bio, to, (int)size - 1);
    CU_ASSERT_FATAL(got > 0);
    to[got] = '\0';
    BIO_free(bio);
}

static void make(struct pair *pair, EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    BIO *a = BIO_new(BIO_s_mem()), *b = BIO_new(BIO_s_mem());
    CU_ASSERT_FATAL(key != NULL && certificate != NULL && a != NULL && b != NULL);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, key);
    CU_ASSERT(X509_sign(certificate, key, EVP_sha256()) > 0);
    CU_ASSERT_EQUAL(PEM_write_bio_X509(a, certificate), 1);
    CU_ASSERT_EQUAL(PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL), 1);
    text_of(pair->certificate, sizeof(pair->certificate), a);
    text_of(pair->key, sizeof(pair->key), b);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static int open_pair(struct jwt_key **key, const char *certificate, const char *pem)
{
    return jwt_key_open(key, certificate, strlen(certificate), pem, strlen(pem), &fault);
}

static void test_assertion(void)
{
    static struct pair pair;
    struct jwt_key *key = NULL;
    char *first = NULL, *second = NULL;
    make(&pair, EVP_RSA_gen(2048));
    CU_ASSERT_EQUAL_FATAL(open_pair(&key, pair.certificate, pair.key), 0);
    CU_ASSERT_EQUAL_FATAL(jwt_assertion(&first, key, "client", "https://login/", 1700000000), 0);
    CU_ASSERT_EQUAL_FATAL(jwt_assertion(&second, key, "client", "https://login/", 1700000000), 0);
    CU_ASSERT_STRING_NOT_EQUAL(first, second); /* jti */
    size_t dots = 0;
    for (const char *c = first; *c != '\0'; c++)
        dots += *c == '.' ? 1 : 0;
    CU_ASSERT_EQUAL(dots, 2);
    CU_ASSERT_EQUAL(strspn(first, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."), strlen(first));
    CU_ASSERT_EQUAL(strlen(strrchr(first, '.') + 1), 342); /* 256 bytes */
    free(second);
    free(first);
    jwt_key_close(key);
}

static void test_bad_keys(void)
{
    static struct pair rsa, other, ec;
    struct jwt_key *key = NULL;
    make(&rsa, EVP_RSA_gen(2048));
    make(&other, EVP_RSA_gen(2048));
    make(&ec, EVP_EC_gen("P-256"));
    CU_ASSERT_EQUAL(open_pair(&key, rsa.certificate, other.key), -EINVAL);
    CU_ASSERT_EQUAL(open_pair(&key, ec.certificate, ec.key), -EINVAL);
    CU_ASSERT_EQUAL(open_pair(&key, "", rsa.key), -EINVAL);
    CU_ASSERT_EQUAL(open_pair(&key, rsa.certificate, "-----BEGIN PRIVATE KEY-----\nxx\n"), -EINVAL);
    CU_ASSERT_PTR_NULL(key);
    jwt_key_close(NULL);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"assertion", test_assertion},
        {"bad keys", test_bad_keys},
        CU_TEST_INFO_NULL,
    };
    return test_main("jwt", tests);
}
