#include "detect/base/lanes.h"

enum lanes lanes_here(void)
{
    /* Asks the processor and, for AVX2, the system, which must save its registers. */
    return __builtin_cpu_supports("avx2") ? LANES_AVX2 : LANES_SSE2;
}
