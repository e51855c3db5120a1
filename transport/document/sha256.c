#include "transport/document/sha256.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdint.h>

int sha256_init(struct sha256 *sha256)
{
    if (sha256->context != NULL) /* without a name OpenSSL begins again with the algorithm that it has */
        return EVP_DigestInit_ex(sha256->context, NULL, NULL) == 1 ? 0 : -EIO;
    sha256->context = EVP_MD_CTX_new();
    if (sha256->context != NULL && EVP_DigestInit_ex(sha256->context, EVP_sha256(), NULL) == 1)
        return 0;
    sha256_clear(sha256); /* a context without an algorithm can't begin again */
    return -EIO;
}

void sha256_clear(struct sha256 *sha256)
{
    EVP_MD_CTX_free(sha256->context);
    sha256->context = NULL;
}

int sha256_add(struct sha256 *sha256, const void *bytes, size_t size)
{
    if (size == 0)
        return 0;
    return EVP_DigestUpdate(sha256->context, bytes, size) == 1 ? 0 : -EIO;
}

int sha256_add_field(struct sha256 *sha256, const void *bytes, size_t size)
{
    unsigned char length[8];
    for (unsigned i = 0; i < sizeof(length); i++)
        length[i] = (unsigned char)((uint64_t)size >> (8 * i));
    int rc = sha256_add(sha256, length, sizeof(length));
    return rc < 0 ? rc : sha256_add(sha256, bytes, size);
}

int sha256_hex(char hex[SHA256_HEX_SIZE], struct sha256 *sha256)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_DigestFinal_ex(sha256->context, digest, &size) != 1 || size != (SHA256_HEX_SIZE - 1) / 2)
        return -EIO;
    for (unsigned i = 0; i < size; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 0x0F];
    }
    hex[2 * size] = '\0';
    return 0;
}

int sha256_of(char hex[SHA256_HEX_SIZE], const void *bytes, size_t size)
{
    struct sha256 sha256 = {0};
    int rc = sha256_init(&sha256);
    if (rc == 0)
        rc = sha256_add(&sha256, bytes, size);
    if (rc == 0)
        rc = sha256_hex(hex, &sha256);
    sha256_clear(&sha256);
    return rc;
}
