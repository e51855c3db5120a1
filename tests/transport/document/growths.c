#include "tests/transport/document/growths.h"

#include <stddef.h>

long growths_left = -1;

void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_realloc(void *old, size_t size)
{
    return growths_left-- == 0 ? NULL : __real_realloc(old, size);
}
