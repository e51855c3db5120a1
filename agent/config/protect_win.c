#include "agent/config/protect.h"

#include <windows.h>

#include <dpapi.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* Mixed in, so that what another program sealed is never taken for ours; no secret. */
static BYTE purpose[] = "Tripline secret 1";

/* Before the secret itself: Windows need not notice each change of what it sealed. */
static const char mark[] = "tripline:";
#define MARK_SIZE (sizeof(mark) - 1)

static int fail(const char *call, int rc, const char *what, struct fault *fault)
{
    fault_set(fault, call, (long)GetLastError(), text_from("dpapi:"), what);
    return rc;
}

int protect_seal(char **out, const void *secret, size_t size, struct fault *fault)
{
    DATA_BLOB entropy = {sizeof(purpose), purpose}, sealed = {0, NULL};
    BYTE *plain = malloc(MARK_SIZE + size);
    if (plain == NULL)
        return -ENOMEM;
    memcpy(plain, mark, MARK_SIZE);
    memcpy(plain + MARK_SIZE, secret, size);
    DATA_BLOB in = {(DWORD)(MARK_SIZE + size), plain};
    BOOL done = CryptProtectData(&in, L"Tripline", &entropy, NULL, NULL,
                                 CRYPTPROTECT_LOCAL_MACHINE | CRYPTPROTECT_UI_FORBIDDEN, &sealed);
    int rc = done ? 0 : fail("CryptProtectData", -EIO, "Windows could not seal it", fault);
    OPENSSL_cleanse(plain, MARK_SIZE + size);
    free(plain);
    if (rc < 0)
        return rc;
    /* EVP_EncodeBlock() writes 4 bytes for each 3 begun, and a NUL. */
    char *base64 = malloc(((size_t)sealed.cbData + 2) / 3 * 4 + 1);
    if (base64 == NULL)
        rc = -ENOMEM;
    else
        (void)EVP_EncodeBlock((unsigned char *)base64, sealed.pbData, (int)sealed.cbData); /* its length is known */
    LocalFree(sealed.pbData);
    if (rc == 0)
        *out = base64;
    return rc;
}

int protect_open(char **out, const char *base64, struct fault *fault)
{
    DATA_BLOB entropy = {sizeof(purpose), purpose}, plain = {0, NULL};
    size_t size = strlen(base64);
    BYTE *bytes = malloc(size + 1);
    if (bytes == NULL)
        return -ENOMEM;
    int length = size > INT_MAX ? -1 : EVP_DecodeBlock(bytes, (const unsigned char *)base64, (int)size);
    for (size_t i = size; length > 0 && i > 0 && base64[i - 1] == '='; i--)
        length--; /* it counts the padding */
    DATA_BLOB in = {length > 0 ? (DWORD)length : 0, bytes};
    int rc = 0;
    if (length <= 0 || !CryptUnprotectData(&in, NULL, &entropy, NULL, NULL, CRYPTPROTECT_UI_FORBIDDEN, &plain))
        rc = fail("CryptUnprotectData", -EINVAL,
                  "it was not sealed on this host by \"tripline protect\", or is damaged", fault);
    free(bytes);
    if (rc < 0)
        return rc;
    if (plain.cbData < MARK_SIZE || memcmp(plain.pbData, mark, MARK_SIZE) != 0 ||
        memchr(plain.pbData, '\0', plain.cbData) != NULL) {
        rc = fail("CryptUnprotectData", -EINVAL, "it is damaged", fault);
    } else {
        *out = text_dup((struct text){(const char *)plain.pbData + MARK_SIZE, plain.cbData - MARK_SIZE});
        rc = *out == NULL ? -ENOMEM : 0;
    }
    OPENSSL_cleanse(plain.pbData, plain.cbData);
    LocalFree(plain.pbData);
    return rc;
}

void protect_hide_typing(int is_hidden)
{
    DWORD mode = 0;
    HANDLE console = GetStdHandle(STD_INPUT_HANDLE);
    if (!GetConsoleMode(console, &mode))
        return; /* a pipe or a file */
    mode = is_hidden ? mode & ~(DWORD)ENABLE_ECHO_INPUT : mode | ENABLE_ECHO_INPUT;
    (void)SetConsoleMode(console, mode); /* then it shows what is typed */
}
