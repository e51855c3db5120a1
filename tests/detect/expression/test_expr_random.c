#include "tests/detect/expression/expr_random.h"
#include "tests/test.h"

/* Programs of the same bytes each time. */
#define PROGRAMS 10000

static void test_programs(void)
{
    uint64_t state = 0x9E3779B97F4A7C15u;
    unsigned bools = 0;
    for (unsigned i = 0; i < PROGRAMS; i++) {
        unsigned char bytes[96];
        for (size_t k = 0; k < sizeof(bytes); k++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes[k] = (unsigned char)(state >> 32);
        }
        bools += expr_random_run(bytes, sizeof(bytes));
    }
    CU_ASSERT(bools > PROGRAMS);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"programs of any bytes", test_programs}, CU_TEST_INFO_NULL};
    return test_main("expr_random", tests);
}
