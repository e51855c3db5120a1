#include "detect/powershell/powershell_blocks.h"
#include "tests/test.h"

#include <stdlib.h>

static struct powershell_blocks *blocks;
static const struct event *given;

/* An event 4104 of those values. */
static enum powershell_taken take_of(struct powershell_blocks *into, const char *computer, const char *id,
                                     const char *number, const char *total, struct text text, uint64_t now_ms)
{
    enum powershell_taken taken;
    const struct event_datum data[] = {{text_from("MessageNumber"), text_from(number)},
                                       {text_from("MessageTotal"), text_from(total)},
                                       {text_from("ScriptBlockText"), text},
                                       {text_from("ScriptBlockId"), text_from(id)},
                                       {text_from("Path"), text_from("")}};
    struct event event = {.kind = EVENT_OTHER, .event_id = 4104, .data = data, .data_count = 5};
    event.record_id = number[0] == '1' ? 100 : 200;
    event.field[EVENT_PROVIDER] = text_from("Microsoft-Windows-PowerShell");
    event.field[EVENT_CHANNEL] = text_from("C");
    event.field[EVENT_COMPUTER] = text_from(computer);
    CU_ASSERT_EQUAL_FATAL(powershell_blocks_take(into, &taken, &event, now_ms), 0);
    return taken;
}

static enum powershell_taken take(const char *id, uint32_t number, uint32_t total, struct text text, uint64_t now_ms)
{
    char numbers[2][TEXT_NUMBER_SIZE];
    const char *n = text_from_number(numbers[0], number).bytes, *of = text_from_number(numbers[1], total).bytes;
    return take_of(blocks, "host", id, n, of, text, now_ms);
}

static enum powershell_taken part(const char *id, uint32_t number, uint32_t total, const char *text, uint64_t now_ms)
{
    return take(id, number, total, text_from(text), now_ms);
}

static struct text given_text(void)
{
    return event_data(given, text_from("ScriptBlockText"));
}

static bool next_of(struct powershell_blocks *of, const char *text, uint32_t parts, bool is_whole, uint64_t now_ms,
                    bool is_end)
{
    bool is = powershell_blocks_next(of, &given, now_ms, is_end) == 1 && text_equal(given_text(), text_from(text)) &&
              given->joined.parts == parts && given->joined.is_whole == is_whole;
    return is;
}

/* Is the next block this one? It is dealt with. */
static bool next_is(const char *text, uint32_t parts, bool is_whole, uint64_t now_ms)
{
    bool is = next_of(blocks, text, parts, is_whole, now_ms, false);
    powershell_blocks_done(blocks, now_ms);
    return is;
}

static bool none(uint64_t now_ms)
{
    return powershell_blocks_next(blocks, &given, now_ms, false) == 0;
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
    CU_ASSERT_EQUAL_FATAL(powershell_blocks_next(blocks, &given, 0, false), 1);
    CU_ASSERT(given_text().len == POWERSHELL_BLOCKS_MAX_BYTES && given->joined.parts == 2 && !given->joined.is_whole);
    powershell_blocks_done(blocks, 0);
    CU_ASSERT_EQUAL(powershell_blocks_size(blocks), 0);
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

/* Parts of 200 KB: 8 MiB of them is the limit before 64 blocks are. */
static void test_memory(void)
{
    enum { SIZE = 200000 };
    char id[16], *large = malloc(SIZE);
    unsigned handed = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(large);
    memset(large, 'x', SIZE);
    begin();
    for (unsigned i = 0; i < POWERSHELL_BLOCKS_OPEN; i++) {
        snprintf(id, sizeof(id), "%u", i);
        CU_ASSERT_EQUAL(take(id, 1, 2, (struct text){large, SIZE}, 0), POWERSHELL_TAKEN_KEPT);
        while (powershell_blocks_next(blocks, &given, 0, false) == 1) {
            char oldest[16];
            snprintf(oldest, sizeof(oldest), "%u", handed++);
            CU_ASSERT(text_equal(event_data(given, text_from("ScriptBlockId")), text_from(oldest)));
            powershell_blocks_done(blocks, 0);
        }
        CU_ASSERT(powershell_blocks_size(blocks) <= POWERSHELL_BLOCKS_MAX_TOTAL);
    }
    CU_ASSERT(handed > 20 && handed < 30);
    free(large);
}

/* Many parts, or parts that never end. */
static void test_endless(void)
{
    begin();
    for (uint32_t i = 1; i < POWERSHELL_BLOCKS_MAX_PARTS; i++) {
        CU_ASSERT_EQUAL(part("a", i, 1000000, "", 0), POWERSHELL_TAKEN_KEPT);
        CU_ASSERT(none(0));
    }
    (void)part("a", POWERSHELL_BLOCKS_MAX_PARTS, 1000000, "", 0);
    CU_ASSERT(next_is("", POWERSHELL_BLOCKS_MAX_PARTS, false, 0));
    uint64_t now_ms = 0;
    for (uint32_t i = 1; now_ms < POWERSHELL_BLOCKS_AGE_MS; i++, now_ms += 20000) {
        CU_ASSERT_EQUAL(part("b", i, 1000000, "b", now_ms), POWERSHELL_TAKEN_KEPT);
        CU_ASSERT(none(now_ms));
    }
    CU_ASSERT(next_is("bbbbbb", 6, false, POWERSHELL_BLOCKS_AGE_MS));
}

/* What was not dealt with is given again; its event is the first part's. */
static void test_again(void)
{
    begin();
    (void)part("a", 2, 2, "two", 0);
    (void)part("a", 1, 2, "one ", 0);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT(next_of(blocks, "one two", 2, true, 0, false));
        CU_ASSERT(given->record_id == 100 && given->joined.total == 2);
        CU_ASSERT(text_equal(given->field[EVENT_COMPUTER], text_from("host")));
        CU_ASSERT(event_data(given, text_from("Path")).bytes != NULL);
    }
    powershell_blocks_done(blocks, 0);
    powershell_blocks_done(blocks, 0); /* nothing was given */
    CU_ASSERT(none(0));
    CU_ASSERT_EQUAL(part("a", 1, 2, "one ", 0), POWERSHELL_TAKEN_AGAIN);
    (void)part("b", 2, 3, "b", 0);
    CU_ASSERT(none(0));
    CU_ASSERT(next_of(blocks, "b", 1, false, 0, true)); /* the end */
    powershell_blocks_done(blocks, 0);
    CU_ASSERT_EQUAL(powershell_blocks_next(blocks, &given, 0, true), 0);
}

/* The same id of other computers is another block. */
static void test_computers(void)
{
    begin();
    (void)take_of(blocks, "x", "a", "1", "2", text_from("1"), 0);
    (void)take_of(blocks, "y", "a", "2", "2", text_from("2"), 0);
    CU_ASSERT(none(0));
    CU_ASSERT_EQUAL(powershell_blocks_count(blocks), 2);
    (void)take_of(blocks, "x", "a", "2", "2", text_from("x"), 0);
    CU_ASSERT(next_is("1x", 2, true, 0));
    powershell_blocks_free(blocks); /* with blocks that wait */
    blocks = NULL;
}

static void test_adopt(void)
{
    struct powershell_blocks *other = NULL;
    begin();
    CU_ASSERT_EQUAL_FATAL(powershell_blocks_new(&other), 0);
    (void)take_of(other, "host", "a", "1", "3", text_from("1"), 0);
    (void)take_of(other, "host", "a", "2", "3", text_from("2"), 0);
    (void)take_of(other, "host", "b", "1", "2", text_from("b"), 0);
    (void)part("a", 3, 3, "3", 0);
    (void)part("a", 2, 3, "2", 0);
    CU_ASSERT_EQUAL(powershell_blocks_adopt(blocks, other), 1);
    CU_ASSERT(none(0));
    CU_ASSERT_EQUAL(powershell_blocks_adopt(blocks, other), 1);
    CU_ASSERT_EQUAL(powershell_blocks_adopt(blocks, other), 0);
    CU_ASSERT_EQUAL(powershell_blocks_size(other), 0);
    CU_ASSERT(next_of(blocks, "123", 3, true, 0, false) && given->record_id == 100);
    powershell_blocks_done(blocks, 0);
    CU_ASSERT(next_of(blocks, "b", 1, false, 0, true));
    powershell_blocks_done(blocks, 0);
    CU_ASSERT_EQUAL(powershell_blocks_size(blocks), 0);
    powershell_blocks_free(other);
}

/* What is no part of a block. */
static void test_others(void)
{
    begin();
    CU_ASSERT_EQUAL(take_of(blocks, "h", "", "1", "2", text_from("x"), 0), POWERSHELL_TAKEN_WHOLE); /* no id */
    CU_ASSERT_EQUAL(take_of(blocks, "h", "a", "x", "2", text_from("x"), 0), POWERSHELL_TAKEN_WHOLE);
    CU_ASSERT_EQUAL(take_of(blocks, "h", "a", "1", "99999999999", text_from("x"), 0), POWERSHELL_TAKEN_WHOLE);
    CU_ASSERT_EQUAL(take_of(blocks, "h", "a", "1", "2", (struct text){NULL, 0}, 0), POWERSHELL_TAKEN_WHOLE);
    struct event event = {.kind = EVENT_OTHER, .event_id = 4104};
    CU_ASSERT_FALSE(powershell_blocks_is_logged(&event));
    event.field[EVENT_PROVIDER] = text_from("PowerShellCore");
    CU_ASSERT(powershell_blocks_is_logged(&event));
    event.event_id = 4103;
    CU_ASSERT_FALSE(powershell_blocks_is_logged(&event));
}

static void test_encrypted(void)
{
    CU_ASSERT(powershell_blocks_is_encrypted(text_from("-----BEGIN CMS-----\nMII")));
    CU_ASSERT_FALSE(powershell_blocks_is_encrypted(text_from("-----BEGIN CMS----")));
    CU_ASSERT_FALSE(powershell_blocks_is_encrypted(text_from(" -----BEGIN CMS-----")));
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"parts", test_parts},     {"time", test_time},
                                        {"bounds", test_bounds},   {"memory", test_memory},
                                        {"endless", test_endless}, {"again", test_again},
                                        {"adopt", test_adopt},     {"computers", test_computers},
                                        {"others", test_others},   {"encrypted", test_encrypted},
                                        CU_TEST_INFO_NULL};
    return test_main("powershell_blocks", tests);
}
