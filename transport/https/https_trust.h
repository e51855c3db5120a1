/*
 * https_trust: whom to trust where no authorities are named (https_trust_win.c, https_trust_posix.c).
 *
 * On Windows that is Windows' own judgement, not a list of its: most public roots are not in the store ROOT until
 * crypt32 has met a certificate that needs one and has fetched it (learn.microsoft.com/windows-server/identity/ad-cs/
 * certificate-trust; curl's KNOWN_BUGS, "Native CA roots incomplete"). So crypt32 is asked for the chain, with what it
 * distrusts by name, and OpenSSL then verifies that chain, whose root alone it trusts: keys too short, wrong purposes
 * and times are refused by either.
 */
#ifndef TRANSPORT_HTTPS_HTTPS_TRUST_H
#define TRANSPORT_HTTPS_HTTPS_TRUST_H

#include <openssl/ssl.h>

/* From now on handshakes of tls are judged so. Where Windows is not, nothing changes: OpenSSL's store decides. */
void https_trust_use_system(SSL_CTX *tls);

#endif
