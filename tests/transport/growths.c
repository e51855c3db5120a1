#include "tests/transport/growths.h"

#include <stddef.h>

long growths_left = -1;

void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_realloc(void *old, size_t size)
{
    if (growths_left == 0)
        return NULL;
    growths_left -= growths_left > 0;
    return __real_realloc(old, size);
}
