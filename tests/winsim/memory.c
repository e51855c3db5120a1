#include "tests/winsim/winsim.h"

#include <stdlib.h>
#include <string.h>

void *winsim_alloc(size_t size)
{
    void *memory = calloc(1, size > 0 ? size : 1);
    if (memory == NULL)
        winsim_abort("winsim: out of memory (%zu bytes)", size);
    return memory;
}

void *winsim_grow(void *old, size_t size)
{
    void *memory = realloc(old, size > 0 ? size : 1);
    if (memory == NULL)
        winsim_abort("winsim: out of memory (%zu bytes)", size);
    return memory;
}

char *winsim_copy(const char *text, size_t size)
{
    char *copy = winsim_alloc(size + 1);
    memcpy(copy, text, size);
    return copy;
}

void winsim_reserve(void **array, size_t count, size_t *room, size_t element_size)
{
    if (count < *room)
        return;
    *room = *room == 0 ? 16 : *room * 2;
    *array = winsim_grow(*array, *room * element_size);
}
