/* Expressions over all operators and functions, made of any bytes. */
#include "tests/detect/expression/expr_random.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)expr_random_run(data, size < 400 ? size : 400); /* how many were bools says nothing here */
    return 0;
}
