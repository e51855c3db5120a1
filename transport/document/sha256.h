/*
 * sha256: SHA-256 over any number of pieces, as lower-case hexadecimal. By OpenSSL.
 */
#ifndef TRANSPORT_DOCUMENT_SHA256_H
#define TRANSPORT_DOCUMENT_SHA256_H

#include <stddef.h>

/* 64 hexadecimal digits and a NUL. */
#define SHA256_HEX_SIZE 65

struct evp_md_ctx_st; /* OpenSSL's EVP_MD_CTX */

/* All zero before the first sha256_init(). Who makes many digests keeps one: only the first looks the algorithm up. */
struct sha256 {
    struct evp_md_ctx_st *context;
};

/* Begins a digest, whatever was done before: sha256_clear() after the last, also when it failed. Returns 0, or -EIO
 * when OpenSSL fails. */
int sha256_init(struct sha256 *sha256);

/* Frees it; all zero again. */
void sha256_clear(struct sha256 *sha256);

/* Returns 0 or -EIO. */
int sha256_add(struct sha256 *sha256, const void *bytes, size_t size);

/* The length of bytes in 8 bytes, little-endian, and then bytes: pieces that can't run into each other. */
int sha256_add_field(struct sha256 *sha256, const void *bytes, size_t size);

/* Ends it. Returns 0 or -EIO. */
int sha256_hex(char hex[SHA256_HEX_SIZE], struct sha256 *sha256);

/* All of that for one piece. */
int sha256_of(char hex[SHA256_HEX_SIZE], const void *bytes, size_t size);

#endif
