#include "collectors/etw/etw_enabled.h"
#include "tests/test.h"

#include <string.h>

/* An answer, put together as Windows does. */
static unsigned char info[512];
static size_t size, instance;

static void put(size_t at, uint32_t value, size_t bytes)
{
    memcpy(info + at, &value, bytes);
}

static void begin(uint32_t instances)
{
    memset(info, 0, sizeof(info));
    put(0, instances, 4);
    size = 8;
    instance = 0;
}

static void add_instance(uint32_t entries)
{
    if (instance != 0)
        put(instance, (uint32_t)(size - instance), 4);
    instance = size;
    put(size + 4, entries, 4);
    put(size + 8, 1234, 4); /* its process */
    size += 16;
}

static void add_entry(uint32_t is_enabled, uint8_t level, uint16_t logger)
{
    put(size, is_enabled, 4);
    put(size + 4, level, 1);
    put(size + 6, logger, 2);
    size += 32;
}

static enum etw_enabled judge(void)
{
    return etw_enabled_judge(info, size, 7, 5);
}

static void test_judge(void)
{
    begin(1);
    add_instance(2);
    add_entry(1, 5, 3);
    add_entry(1, 5, 7);
    CU_ASSERT_EQUAL(judge(), ETW_ENABLED);
    begin(2); /* one of two instances is enough: a service that ends leaves another */
    add_instance(0);
    add_instance(1);
    add_entry(1, 0, 7); /* level 0: all */
    CU_ASSERT_EQUAL(judge(), ETW_ENABLED);
    begin(1); /* only for somebody else's session */
    add_instance(1);
    add_entry(1, 5, 3);
    CU_ASSERT_EQUAL(judge(), ETW_SWITCHED_OFF);
    begin(1);
    add_instance(1);
    add_entry(0, 5, 7);
    CU_ASSERT_EQUAL(judge(), ETW_SWITCHED_OFF);
    begin(1); /* for less than was asked for */
    add_instance(1);
    add_entry(1, 2, 7);
    CU_ASSERT_EQUAL(judge(), ETW_SWITCHED_OFF);
    begin(1);
    add_instance(0);
    CU_ASSERT_EQUAL(judge(), ETW_SWITCHED_OFF);
}

/* Answers that are cut or lie are no reason to say that somebody switched it off. */
static void test_damaged(void)
{
    begin(0);
    CU_ASSERT_EQUAL(judge(), ETW_ENABLED_UNKNOWN);
    begin(2);
    add_instance(1);
    add_entry(1, 5, 7);
    add_instance(1);
    add_entry(1, 5, 3);
    for (size_t whole = size; size > 0; size--)
        CU_ASSERT(judge() == (size == whole ? ETW_ENABLED : ETW_ENABLED_UNKNOWN));
    begin(2);
    add_instance(0xFFFFFFFFu);
    CU_ASSERT_EQUAL(judge(), ETW_ENABLED_UNKNOWN);
    begin(2);
    add_instance(0);
    put(instance, 0xFFFFFFF0u, 4); /* the next one, far past the end */
    CU_ASSERT_EQUAL(judge(), ETW_ENABLED_UNKNOWN);
    put(instance, 4, 4); /* or in this one */
    CU_ASSERT_EQUAL(judge(), ETW_ENABLED_UNKNOWN);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"judge", test_judge}, {"damaged", test_damaged}, {NULL, NULL}};
    return test_main("etw_enabled", tests);
}
