#include "transport/https/https_internal.h"

#include <openssl/crypto.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Before each block: its size. As long as the strictest alignment. */
union head {
    size_t size;
    max_align_t align;
};

static void *take(size_t size)
{
    if (size > SIZE_MAX - sizeof(union head))
        return NULL;
    union head *head = malloc(sizeof(*head) + size);
    if (head == NULL)
        return NULL;
    head->size = size;
    return head + 1;
}

static void give_back(void *block)
{
    if (block == NULL)
        return;
    union head *head = (union head *)block - 1;
    OPENSSL_cleanse(block, head->size);
    free(head);
}

static void *take_zeroed(size_t count, size_t one)
{
    if (one != 0 && count > SIZE_MAX / one)
        return NULL;
    void *block = take(count * one);
    if (block != NULL)
        memset(block, 0, count * one);
    return block;
}

static void *resize(void *block, size_t size)
{
    void *larger = take(size);
    if (larger == NULL || block == NULL)
        return larger;
    size_t old = ((union head *)block - 1)->size;
    memcpy(larger, block, old < size ? old : size);
    give_back(block);
    return larger;
}

static char *copy(const char *text)
{
    size_t size = strlen(text) + 1;
    char *made = take(size);
    if (made != NULL)
        memcpy(made, text, size);
    return made;
}

CURLcode https_memory_start_up(void)
{
    return curl_global_init_mem(CURL_GLOBAL_DEFAULT, take, give_back, resize, copy, take_zeroed);
}
