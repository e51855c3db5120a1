#include "detect/base/arena.h"
#include "detect/base/builder.h"
#include "tests/test.h"

#include <string.h>

static void test_alloc(void)
{
    struct arena *arena;
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, 100000), 0);
    unsigned char *first = arena_alloc(arena, 1), *second = arena_alloc(arena, 50000),
                  *third = arena_zeroed(arena, 3, 7);
    CU_ASSERT(first != NULL && second != NULL && third != NULL);
    CU_ASSERT((uintptr_t)first % ARENA_ALIGNMENT == 0 && (uintptr_t)second % ARENA_ALIGNMENT == 0);
    memset(second, 0xFF, 50000);
    CU_ASSERT(third[0] == 0 && third[20] == 0);
    CU_ASSERT_EQUAL(arena_used(arena), 16 + 50000 + 32);
    CU_ASSERT_PTR_NULL(arena_alloc(arena, 60000)); /* the limit */
    CU_ASSERT_PTR_NULL(arena_zeroed(arena, SIZE_MAX, 2));
    CU_ASSERT_PTR_NULL(arena_alloc(arena, SIZE_MAX));
    CU_ASSERT_PTR_NOT_NULL(arena_alloc(arena, 0));
    arena_free(arena);
    arena_free(NULL);
}

/* What was taken since a mark is given again. */
static void test_rewind(void)
{
    struct arena *arena;
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, 1000000), 0);
    struct arena_mark start = arena_mark(arena);
    void *first = arena_alloc(arena, 100);
    struct arena_mark mark = arena_mark(arena);
    void *second = arena_alloc(arena, 100), *large = arena_alloc(arena, 300000);
    memset(large, 1, 300000);
    arena_rewind(arena, mark);
    CU_ASSERT_EQUAL(arena_used(arena), 112);
    CU_ASSERT_PTR_EQUAL(arena_alloc(arena, 100), second);
    CU_ASSERT_PTR_EQUAL(arena_alloc(arena, 300000), large); /* its block was kept */
    arena_rewind(arena, start);
    CU_ASSERT_PTR_EQUAL(arena_alloc(arena, 100), first);
    arena_reset(arena);
    CU_ASSERT_EQUAL(arena_used(arena), 0);
    CU_ASSERT_PTR_EQUAL(arena_alloc(arena, 100), first);
    arena_free(arena);
}

static void test_builder(void)
{
    struct arena *arena;
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, 100000), 0);
    struct builder to = builder_in(arena);
    CU_ASSERT(text_equal(builder_end(&to), text_from("")) && builder_end(&to).bytes != NULL);
    builder_string(&to, "a");
    builder_byte(&to, '\0');
    builder_point(&to, 0xE9);
    builder_number(&to, INT64_MIN);
    builder_format(&to, "%d", 5);
    builder_text(&to, (struct text){NULL, 0});
    struct text is = builder_end(&to);
    CU_ASSERT(is.len == 25 && memcmp(is.bytes, "a\0\xC3\xA9-92233720368547758085", 26) == 0);
    for (int i = 0; i < 100000 && !to.is_failed; i++)
        builder_byte(&to, 'x');
    CU_ASSERT(to.is_failed && builder_end(&to).bytes == NULL);
    CU_ASSERT_PTR_NULL(arena_text(arena, (struct text){NULL, 0}).bytes);
    arena_free(arena);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"pieces", test_alloc},
                                        {"back to a mark", test_rewind},
                                        {"a text that grows", test_builder},
                                        CU_TEST_INFO_NULL};
    return test_main("arena", tests);
}
