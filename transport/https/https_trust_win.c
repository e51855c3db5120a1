/*
 * Contracts: learn.microsoft.com/windows/win32/api/wincrypt, CertGetCertificateChain, CertVerifyCertificateChainPolicy
 * (CERT_CHAIN_POLICY_SSL); openssl.org/docs/man3.0/man3, SSL_CTX_set_cert_verify_callback, X509_STORE_CTX_new.
 */
#include "transport/https/https_trust.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <string.h>

#define CERT_CHAIN_PARA_HAS_EXTRA_FIELDS
#include <windows.h>

#include <wincrypt.h>

/* Longest that crypt32 may take to fetch one root or intermediate, ms: the handshake waits meanwhile. */
#define FETCH_TIMEOUT_MS 10000u

/* A certificate as Windows wants it, in store; the caller frees it. NULL: no memory, or it is none. */
static PCCERT_CONTEXT windows_certificate(X509 *certificate, HCERTSTORE store)
{
    unsigned char *der = NULL;
    PCCERT_CONTEXT out = NULL;
    int size = i2d_X509(certificate, &der);
    if (size > 0 && !CertAddEncodedCertificateToStore(store, X509_ASN_ENCODING, der, (DWORD)size,
                                                      CERT_STORE_ADD_USE_EXISTING, &out))
        out = NULL;
    OPENSSL_free(der);
    return out;
}

static void add_sent(HCERTSTORE store, STACK_OF(X509) * sent)
{
    for (int i = 0; sent != NULL && i < sk_X509_num(sent); i++) {
        PCCERT_CONTEXT one = windows_certificate(sk_X509_value(sent, i), store);
        if (one != NULL)
            CertFreeCertificateContext(one);
    }
}

/* Is one of the chain in the store of those that are distrusted by name? Windows looks there by itself; it costs little
 * to be sure. */
static bool is_disallowed(const CERT_SIMPLE_CHAIN *chain)
{
    HCERTSTORE store = CertOpenSystemStoreW(0, L"Disallowed");
    bool found = false;
    for (DWORD i = 0; store != NULL && i < chain->cElement && !found; i++) {
        PCCERT_CONTEXT one = CertFindCertificateInStore(store, X509_ASN_ENCODING, 0, CERT_FIND_EXISTING,
                                                        chain->rgpElement[i]->pCertContext, NULL);
        found = one != NULL;
        if (one != NULL)
            CertFreeCertificateContext(one);
    }
    if (store != NULL)
        CertCloseStore(store, 0);
    return found;
}

/* Windows' verdict in OpenSSL's numbers, which https_fault() has words for. */
static int verdict_of(DWORD code, X509 *certificate)
{
    switch (code) {
    case ERROR_SUCCESS:
        return X509_V_OK;
    case (DWORD)CERT_E_UNTRUSTEDROOT:
    case (DWORD)CERT_E_CHAINING:
    case (DWORD)CERT_E_UNTRUSTEDCA:
        return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    case (DWORD)CERT_E_EXPIRED:
    case (DWORD)CERT_E_VALIDITYPERIODNESTING:
        return X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0 ? X509_V_ERR_CERT_NOT_YET_VALID
                                                                           : X509_V_ERR_CERT_HAS_EXPIRED;
    case (DWORD)CERT_E_REVOKED:
    case (DWORD)CRYPT_E_REVOKED:
    case (DWORD)TRUST_E_EXPLICIT_DISTRUST:
        return X509_V_ERR_CERT_REVOKED;
    case (DWORD)CERT_E_WRONG_USAGE:
    case (DWORD)CERT_E_PURPOSE:
        return X509_V_ERR_INVALID_PURPOSE;
    case (DWORD)CERT_E_INVALID_NAME:
        return X509_V_ERR_PERMITTED_VIOLATION;
    default:
        return X509_V_ERR_APPLICATION_VERIFICATION;
    }
}

/* Whether the certificate is one for a TLS server, from a root that Windows trusts; libcurl compares the name. */
static int judge(PCCERT_CHAIN_CONTEXT chain, X509 *certificate)
{
    SSL_EXTRA_CERT_CHAIN_POLICY_PARA server = {.cbSize = sizeof(server), .dwAuthType = AUTHTYPE_SERVER};
    CERT_CHAIN_POLICY_PARA policy = {.cbSize = sizeof(policy), .pvExtraPolicyPara = &server};
    CERT_CHAIN_POLICY_STATUS status = {.cbSize = sizeof(status)};
    if (chain->cChain == 0 || chain->rgpChain[0]->cElement == 0)
        return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    if (is_disallowed(chain->rgpChain[0]))
        return X509_V_ERR_CERT_REVOKED;
    if (!CertVerifyCertificateChainPolicy(CERT_CHAIN_POLICY_SSL, chain, &policy, &status))
        return X509_V_ERR_APPLICATION_VERIFICATION;
    return verdict_of(status.dwError, certificate);
}

/* A certificate of the chain at the end of list. Returns whether that went well. */
static bool push(STACK_OF(X509) * list, PCCERT_CONTEXT one)
{
    const unsigned char *der = one->pbCertEncoded;
    X509 *certificate = d2i_X509(NULL, &der, (long)one->cbCertEncoded);
    if (certificate != NULL && sk_X509_push(list, certificate) > 0)
        return true;
    X509_free(certificate);
    return false;
}

/* Verifies once more, by OpenSSL, along Windows' chain: its last is trusted, those between are not. */
static int verify_along(X509_STORE_CTX *context, const CERT_SIMPLE_CHAIN *chain)
{
    STACK_OF(X509) *between = sk_X509_new_null(), *root = sk_X509_new_null(),
                   *sent = X509_STORE_CTX_get0_untrusted(context);
    bool is_whole = between != NULL && root != NULL;
    for (DWORD i = 0; is_whole && i < chain->cElement; i++)
        is_whole = push(i + 1 == chain->cElement ? root : between, chain->rgpElement[i]->pCertContext);
    int result = 0;
    if (is_whole) {
        X509_STORE_CTX_set0_untrusted(context, between);
        X509_STORE_CTX_set0_trusted_stack(context, root);
        result = X509_verify_cert(context);
        X509_STORE_CTX_set0_untrusted(context, sent); /* ours go now; what was verified holds its own references */
    } else {
        X509_STORE_CTX_set_error(context, X509_V_ERR_OUT_OF_MEM);
    }
    sk_X509_pop_free(between, X509_free);
    sk_X509_pop_free(root, X509_free);
    return result > 0 ? 1 : 0;
}

/* The root that was found goes into OpenSSL's store too: an OCSP answer that the server staples is verified by it. */
static void remember_root(X509_STORE_CTX *context, const CERT_SIMPLE_CHAIN *chain)
{
    PCCERT_CONTEXT last = chain->rgpElement[chain->cElement - 1]->pCertContext;
    const unsigned char *der = last->pbCertEncoded;
    X509 *root = d2i_X509(NULL, &der, (long)last->cbCertEncoded);
    if (root != NULL)
        (void)X509_STORE_add_cert(X509_STORE_CTX_get0_store(context), root); /* there already, mostly */
    X509_free(root);
    ERR_clear_error();
}

/* OpenSSL's callback in the place of its own verification. */
static int verify(X509_STORE_CTX *context, void *unused)
{
    CERT_CHAIN_PARA wanted;
    char usage[] = szOID_PKIX_KP_SERVER_AUTH, *usages[] = {usage};
    PCCERT_CHAIN_CONTEXT chain = NULL;
    X509 *certificate = X509_STORE_CTX_get0_cert(context);
    HCERTSTORE store = CertOpenStore(CERT_STORE_PROV_MEMORY, 0, 0, CERT_STORE_CREATE_NEW_FLAG, NULL);
    PCCERT_CONTEXT leaf = store == NULL || certificate == NULL ? NULL : windows_certificate(certificate, store);
    int result = 0, verdict = X509_V_ERR_OUT_OF_MEM;
    (void)unused;
    memset(&wanted, 0, sizeof(wanted));
    wanted.cbSize = sizeof(wanted);
    wanted.dwUrlRetrievalTimeout = FETCH_TIMEOUT_MS;
    wanted.RequestedUsage.dwType = USAGE_MATCH_TYPE_OR;
    wanted.RequestedUsage.Usage.cUsageIdentifier = 1;
    wanted.RequestedUsage.Usage.rgpszUsageIdentifier = usages;
    if (leaf != NULL) {
        add_sent(store, X509_STORE_CTX_get0_untrusted(context));
        verdict = X509_V_ERR_APPLICATION_VERIFICATION;
        if (CertGetCertificateChain(NULL, leaf, NULL, store, &wanted, CERT_CHAIN_CACHE_END_CERT, NULL, &chain))
            verdict = judge(chain, certificate);
    }
    X509_STORE_CTX_set_error(context, verdict);
    if (verdict == X509_V_OK) {
        remember_root(context, chain->rgpChain[0]);
        result = verify_along(context, chain->rgpChain[0]);
    }
    if (chain != NULL)
        CertFreeCertificateChain(chain);
    if (leaf != NULL)
        CertFreeCertificateContext(leaf);
    if (store != NULL)
        CertCloseStore(store, 0);
    return result;
}

void https_trust_use_system(SSL_CTX *tls)
{
    SSL_CTX_set_cert_verify_callback(tls, verify, NULL);
}
