/* Whom the client trusts where no authorities are named: handshakes in memory, with OpenSSL's own store empty. */
#include <windows.h>

#include <wincrypt.h>

/* After them: they take names of OpenSSL's, which then takes them back. */
#include "tests/test.h"
#include "transport/https/https_trust.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <string.h>

#define DAY_S 86400L

/* An authority, and what it issued; another one, and its. */
static EVP_PKEY *root_key, *leaf_key, *weak_key;
static X509 *root, *leaf, *expired, *weak, *client_only, *banned, *strange_root, *strange_leaf;

static void extend(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    CU_ASSERT_PTR_NOT_NULL_FATAL(extension);
    CU_ASSERT_EQUAL(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* issuer NULL: itself. usage NULL: an authority. */
static X509 *issue(const X509 *issuer, const char *name, EVP_PKEY *key, long begin_s, long end_s, const char *usage)
{
    static long serial = 1;
    X509 *certificate = X509_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(certificate);
    X509_NAME *subject = X509_NAME_new();
    (void)X509_set_version(certificate, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), begin_s);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), end_s);
    (void)X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    (void)X509_set_subject_name(certificate, subject);
    (void)X509_set_issuer_name(certificate, issuer == NULL ? subject : X509_get_subject_name(issuer));
    (void)X509_set_pubkey(certificate, key);
    extend(certificate, NID_basic_constraints, usage == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (usage != NULL)
        extend(certificate, NID_ext_key_usage, usage);
    extend(certificate, NID_key_usage, usage == NULL ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    CU_ASSERT(X509_sign(certificate, root_key, EVP_sha256()) > 0);
    X509_NAME_free(subject);
    return certificate;
}

static void make_certificates(void)
{
    root_key = EVP_EC_gen("P-256");
    leaf_key = EVP_EC_gen("P-256");
    weak_key = EVP_RSA_gen(1024);
    CU_ASSERT_TRUE_FATAL(root_key != NULL && leaf_key != NULL && weak_key != NULL);
    root = issue(NULL, "Tripline test authority", root_key, -DAY_S, DAY_S, NULL);
    leaf = issue(root, "good.example", leaf_key, -DAY_S, DAY_S, "serverAuth");
    expired = issue(root, "expired.example", leaf_key, -2 * DAY_S, -DAY_S, "serverAuth");
    weak = issue(root, "weak.example", weak_key, -DAY_S, DAY_S, "serverAuth");
    client_only = issue(root, "client.example", leaf_key, -DAY_S, DAY_S, "clientAuth");
    banned = issue(root, "banned.example", leaf_key, -DAY_S, DAY_S, "serverAuth");
    strange_root = issue(NULL, "Tripline strange authority", root_key, -DAY_S, DAY_S, NULL);
    strange_leaf = issue(strange_root, "good.example", leaf_key, -DAY_S, DAY_S, "serverAuth");
}

/* Puts certificate into the user's store of that name, or takes it out again. */
static void place(const wchar_t *name, X509 *certificate, bool is_in)
{
    unsigned char *der = NULL;
    int size = i2d_X509(certificate, &der);
    HCERTSTORE store = CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_CURRENT_USER, name);
    CU_ASSERT_TRUE_FATAL(size > 0 && store != NULL);
    PCCERT_CONTEXT wanted = CertCreateCertificateContext(X509_ASN_ENCODING, der, (DWORD)size);
    if (is_in) {
        CU_ASSERT_TRUE(CertAddCertificateContextToStore(store, wanted, CERT_STORE_ADD_REPLACE_EXISTING, NULL));
    } else {
        PCCERT_CONTEXT found =
            CertFindCertificateInStore(store, X509_ASN_ENCODING, 0, CERT_FIND_EXISTING, wanted, NULL);
        CU_ASSERT_TRUE(found != NULL && CertDeleteCertificateFromStore(found)); /* frees it */
    }
    CertFreeCertificateContext(wanted);
    CertCloseStore(store, 0);
    OPENSSL_free(der);
}

/* A handshake with a server that shows certificate; returns the client's verdict: X509_V_OK only where it was made.
 * known: what OpenSSL's store has; or NULL. */
static long handshake(X509 *certificate, EVP_PKEY *key, X509 *known)
{
    SSL_CTX *contexts[2] = {SSL_CTX_new(TLS_client_method()), SSL_CTX_new(TLS_server_method())};
    BIO *to_server = NULL, *to_client = NULL;
    SSL_CTX_set_security_level(contexts[1], 0); /* it shows whatever it is told to */
    CU_ASSERT_EQUAL(SSL_CTX_use_certificate(contexts[1], certificate), 1);
    CU_ASSERT_EQUAL(SSL_CTX_use_PrivateKey(contexts[1], key), 1);
    SSL_CTX_set_verify(contexts[0], SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_security_level(contexts[0], 2);
    if (known != NULL)
        CU_ASSERT_EQUAL(X509_STORE_add_cert(SSL_CTX_get_cert_store(contexts[0]), known), 1);
    https_trust_use_system(contexts[0]);
    SSL *client = SSL_new(contexts[0]), *server = SSL_new(contexts[1]);
    CU_ASSERT_EQUAL_FATAL(BIO_new_bio_pair(&to_server, 0, &to_client, 0), 1);
    SSL_set_bio(client, to_server, to_server);
    SSL_set_bio(server, to_client, to_client);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    int done = 0;
    for (unsigned i = 0; i < 20 && done != 1; i++) {
        done = SSL_do_handshake(client);
        (void)SSL_do_handshake(server);
    }
    long verdict = SSL_get_verify_result(client);
    CU_ASSERT_EQUAL(done == 1, verdict == X509_V_OK);
    SSL_free(server);
    SSL_free(client);
    SSL_CTX_free(contexts[0]);
    SSL_CTX_free(contexts[1]);
    return verdict;
}

/* OpenSSL knows nobody, and Windows finds the root. Placed before the first question: Wine looks at the store once. */
static void test_windows_knows(void)
{
    place(L"Root", root, true);
    CU_ASSERT_EQUAL(handshake(leaf, leaf_key, NULL), X509_V_OK);
}

/* What OpenSSL's store holds is nothing to trust by itself; nor is what Windows holds as an intermediate. */
static void test_no_more_than_windows(void)
{
    CU_ASSERT_EQUAL(handshake(strange_leaf, leaf_key, NULL), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    CU_ASSERT_EQUAL(handshake(strange_leaf, leaf_key, strange_root), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    place(L"CA", strange_root, true);
    CU_ASSERT_EQUAL(handshake(strange_leaf, leaf_key, NULL), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    place(L"CA", strange_root, false);
}

/* What Windows might let pass OpenSSL does not, and the other way round. */
static void test_bad_ones(void)
{
    CU_ASSERT_EQUAL(handshake(expired, leaf_key, NULL), X509_V_ERR_CERT_HAS_EXPIRED);
    CU_ASSERT_EQUAL(handshake(weak, weak_key, NULL), X509_V_ERR_EE_KEY_TOO_SMALL);
    CU_ASSERT_EQUAL(handshake(client_only, leaf_key, NULL), X509_V_ERR_INVALID_PURPOSE);
}

/* By name, the certificate or who issued it. Last: Wine does not forget it. */
static void test_disallowed(void)
{
    CU_ASSERT_EQUAL(handshake(banned, leaf_key, NULL), X509_V_OK);
    place(L"Disallowed", banned, true);
    CU_ASSERT_EQUAL(handshake(banned, leaf_key, NULL), X509_V_ERR_CERT_REVOKED);
    CU_ASSERT_EQUAL(handshake(leaf, leaf_key, NULL), X509_V_OK);
    place(L"Disallowed", root, true);
    CU_ASSERT_EQUAL(handshake(leaf, leaf_key, NULL), X509_V_ERR_CERT_REVOKED);
    place(L"Disallowed", banned, false);
    place(L"Disallowed", root, false);
    place(L"Root", root, false);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"certificates", make_certificates},
                                        {"Windows knows", test_windows_knows},
                                        {"no more than Windows", test_no_more_than_windows},
                                        {"bad ones", test_bad_ones},
                                        {"disallowed", test_disallowed},
                                        {NULL, NULL}};
    return test_main("https_trust", tests);
}
