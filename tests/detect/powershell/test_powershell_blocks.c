#include "detect/powershell/powershell_blocks.h"
#include "tests/test.h"

#include <stdlib.h>

static struct powershell_blocks *blocks;
static struct powershell_block block;

static enum powershell_taken take(const char *id, uint32_t number, uint32_t total, struct text text, uint64_t now_ms)
{
    enum powershell_taken taken;
    struct powershell_part part = {text_from("C"), text_from(id), number, total, text};
    CU_ASSERT_EQUAL_FATAL(powershell_blocks_take(blocks, &taken, &part, now_ms), 0);
    return taken;
}

static enum powershell_taken part(const char *id, uint32_t number, uint32_t total, const char *text, uint64_t now_ms)
{
    return take(id, number, total, text_from(text), now_ms);
}

/* Is the next block this one? */
static bool next_is(const char *text, uint32_t parts, bool is_whole, uint64_t now_ms)
{
    return powershell_blocks_next(blocks, &block, now_ms) && text_equal(block.text, text_from(text)) &&
           block.parts == parts && block.is_whole == is_whole;
}

static bool none(uint64_t now_ms)
{
    return !powershell_blocks_next(blocks, &block, now_ms);
}

static void begin(void)
{
    powershell_blocks_free(blocks);
    blocks = NULL;
    CU_ASSERT_EQUAL_FATAL(powershell_blocks_new(&blocks), 0);
}

static void test_parts(void)
{
    begin();
    CU_ASSERT_EQUAL(part("a", 1, 1, "x", 0), POWERSHELL_TAKEN_WHOLE);
    CU_ASSERT_EQUAL(part("a", 0, 2, "x", 0), POWERSHELL_TAKEN_WHOLE);
    CU_ASSERT_EQUAL(part("a", 3, 2, "x", 0), POWERSHELL_TAKEN_WHOLE);
    CU_ASSERT_EQUAL(part("a", 1, 0, "x", 0), POWERSHELL_TAKEN_WHOLE);
    CU_ASSERT(none(0));
    CU_ASSERT_EQUAL(part("a", 1, 2, "one ", 0), POWERSHELL_TAKEN_KEPT);
    CU_ASSERT_EQUAL(part("b", 1, 2, "other ", 0), POWERSHELL_TAKEN_KEPT);
    CU_ASSERT(none(0));
    CU_ASSERT_EQUAL(part("a", 2, 2, "two", 0), POWERSHELL_TAKEN_KEPT);
    CU_ASSERT(next_is("one two", 2, true, 0));
    CU_ASSERT(none(0));
    CU_ASSERT_EQUAL(part("b", 2, 2, "", 0), POWERSHELL_TAKEN_KEPT); /* the last part may be empty */
    CU_ASSERT(next_is("other ", 2, true, 0));
    CU_ASSERT_EQUAL(part("c", 3, 3, "3", 0), POWERSHELL_TAKEN_KEPT);
    CU_ASSERT_EQUAL(part("c", 1, 3, "1", 0), POWERSHELL_TAKEN_KEPT);
    CU_ASSERT_EQUAL(part("c", 1, 3, "1", 0), POWERSHELL_TAKEN_AGAIN);
    CU_ASSERT_EQUAL(part("c", 2, 3, "2", 0), POWERSHELL_TAKEN_KEPT);
    CU_ASSERT(next_is("123", 3, true, 0));
}

static void test_time(void)
{
    begin();
    (void)part("a", 1, 3, "1", 0);
    (void)part("a", 3, 3, "3", 1000);
    CU_ASSERT(none(1000 + POWERSHELL_BLOCKS_IDLE_MS - 1));
    CU_ASSERT(next_is("13", 2, false, 1000 + POWERSHELL_BLOCKS_IDLE_MS));
    CU_ASSERT_EQUAL(block.total, 3);
    uint64_t at = 1000 + POWERSHELL_BLOCKS_IDLE_MS;
    CU_ASSERT_EQUAL(part("a", 2, 3, "2", at + POWERSHELL_BLOCKS_MEMORY_MS - 1), POWERSHELL_TAKEN_AGAIN);
    CU_ASSERT_EQUAL(part("a", 2, 3, "2", at + POWERSHELL_BLOCKS_MEMORY_MS), POWERSHELL_TAKEN_KEPT);
}

static void test_bounds(void)
{
    char id[16], *large = malloc(POWERSHELL_BLOCKS_MAX_BYTES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(large);
    memset(large, 'x', POWERSHELL_BLOCKS_MAX_BYTES);
    begin();
    CU_ASSERT_EQUAL(take("l", 1, 3, (struct text){large, POWERSHELL_BLOCKS_MAX_BYTES}, 0), POWERSHELL_TAKEN_KEPT);
    CU_ASSERT(none(0));
    CU_ASSERT_EQUAL(take("l", 2, 3, text_from("y"), 0), POWERSHELL_TAKEN_KEPT);
    CU_ASSERT(powershell_blocks_next(blocks, &block, 0));
    CU_ASSERT(block.text.len == POWERSHELL_BLOCKS_MAX_BYTES && block.parts == 2 && !block.is_whole);
    free(large);

    for (unsigned i = 0; i < POWERSHELL_BLOCKS_OPEN; i++) {
        snprintf(id, sizeof(id), "%u", i);
        (void)part(id, 1, 2, id, 100 + i);
    }
    CU_ASSERT(none(200));
    (void)part("more", 1, 2, "more", 200);
    CU_ASSERT(next_is("0", 1, false, 200)); /* the one that has waited longest */
    CU_ASSERT(none(200));
    (void)part("1", 2, 2, "!", 200);
    CU_ASSERT(next_is("1!", 2, true, 200));
}

static void test_channels(void)
{
    enum powershell_taken taken;
    struct powershell_part other = {text_from("D"), text_from("a"), 2, 2, text_from("2")};
    begin();
    (void)part("a", 1, 2, "1", 0);
    CU_ASSERT_EQUAL(powershell_blocks_take(blocks, &taken, &other, 0), 0);
    CU_ASSERT_EQUAL(taken, POWERSHELL_TAKEN_KEPT);
    CU_ASSERT(none(0));
    powershell_blocks_free(blocks); /* with blocks that wait */
    blocks = NULL;
}

static void test_encrypted(void)
{
    CU_ASSERT(powershell_blocks_is_encrypted(text_from("-----BEGIN CMS-----\nMII")));
    CU_ASSERT_FALSE(powershell_blocks_is_encrypted(text_from("-----BEGIN CMS----")));
    CU_ASSERT_FALSE(powershell_blocks_is_encrypted(text_from(" -----BEGIN CMS-----")));
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"parts", test_parts},         {"time", test_time},
                                        {"bounds", test_bounds},       {"channels", test_channels},
                                        {"encrypted", test_encrypted}, CU_TEST_INFO_NULL};
    return test_main("powershell_blocks", tests);
}
