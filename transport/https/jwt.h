/*
 * jwt: a client assertion: a JSON Web Token (RFC 7519) by which a client shows that it has its certificate's private
 * key, as Microsoft Entra ID wants it (learn.microsoft.com/entra/identity-platform/certificate-credentials): PS256, and
 * the certificate's SHA-256 thumbprint. By OpenSSL.
 */
#ifndef TRANSPORT_HTTPS_JWT_H
#define TRANSPORT_HTTPS_JWT_H

#include "detect/base/fault.h"
#include <stddef.h>
#include <stdint.h>

struct jwt_key;

/* PEM texts; the key is an RSA key and belongs to the certificate. Returns 0; -EINVAL with fault; -ENOMEM. */
int jwt_key_open(struct jwt_key **out, const char *certificate_pem, size_t certificate_size, const char *key_pem,
                 size_t key_size, struct fault *fault);
void jwt_key_close(struct jwt_key *key); /* NULL is allowed */

/*
 * *out: the token, which the caller frees, good for ten minutes from now_s (seconds since 1970). audience: the token
 * endpoint's URL. Returns 0, -ENOMEM, or -EIO when OpenSSL fails.
 */
int jwt_assertion(char **out, const struct jwt_key *key, const char *client_id, const char *audience, uint64_t now_s);

#endif
