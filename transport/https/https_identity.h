/*
 * https_identity: the client's certificate with its chain and its private key, from PEM texts or a .p12 (PKCS #12, RFC
 * 7292), as PEM texts without a password.
 */
#ifndef TRANSPORT_HTTPS_HTTPS_IDENTITY_H
#define TRANSPORT_HTTPS_HTTPS_IDENTITY_H

#include "transport/https/https.h"

struct https_identity {
    char *certificate, *key; /* NULL: none; NUL-terminated; key: a secret */
    size_t certificate_size, key_size;
};

/*
 * Reads them, and sees that they belong together. identity: all zero; https_identity_clear() afterwards in every case.
 * Returns 0; -EINVAL with fault (origin is its object), without any secret; -ENOMEM.
 */
int https_identity_read(struct https_identity *identity, const struct https_settings *settings, const char *origin,
                        struct fault *fault);

/* Overwrites and frees. */
void https_identity_clear(struct https_identity *identity);

#endif
