#include "transport/https/https_cover.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct https_cover {
    char *bytes; /* size, and a NUL */
    unsigned char *pad;
    size_t size;
    bool is_open;
};

/* Covers what is open, opens what is covered. */
static void turn(struct https_cover *cover)
{
    for (size_t i = 0; i < cover->size; i++)
        cover->bytes[i] = (char)((unsigned char)cover->bytes[i] ^ cover->pad[i]);
    cover->is_open = !cover->is_open;
}

int https_cover_new(struct https_cover **out, const void *secret, size_t size)
{
    if (size > INT_MAX)
        return -EINVAL;
    struct https_cover *cover = calloc(1, sizeof(*cover));
    if (cover == NULL)
        return -ENOMEM;
    cover->bytes = malloc(size + 1);
    cover->pad = malloc(size + 1);
    int rc = cover->bytes == NULL || cover->pad == NULL ? -ENOMEM : 0;
    if (rc == 0 && RAND_bytes(cover->pad, (int)size) != 1)
        rc = -EIO;
    if (rc < 0) {
        https_cover_free(cover);
        return rc;
    }
    memcpy(cover->bytes, secret, size);
    cover->bytes[size] = '\0';
    cover->size = size;
    cover->is_open = true;
    turn(cover);
    *out = cover;
    return 0;
}

void https_cover_free(struct https_cover *cover)
{
    if (cover == NULL)
        return;
    if (cover->size > 0)
        OPENSSL_cleanse(cover->bytes, cover->size);
    free(cover->pad);
    free(cover->bytes);
    free(cover);
}

char *https_cover_open(struct https_cover *cover)
{
    if (cover == NULL)
        return NULL;
    assert(!cover->is_open);
    turn(cover);
    return cover->bytes;
}

void https_cover_close(struct https_cover *cover)
{
    if (cover == NULL)
        return;
    assert(cover->is_open);
    turn(cover);
}

size_t https_cover_size(const struct https_cover *cover)
{
    return cover == NULL ? 0 : cover->size;
}
