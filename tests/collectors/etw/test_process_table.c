#include "collectors/etw/process_table.h"
#include "tests/test.h"

#include <errno.h>
#include <string.h>

#define SECOND 10000000ull
#define BEGIN (1000000ull * SECOND)

static const struct process_table_limits large = {1000, 1000000};

static struct process_table *table_of(struct process_table_limits limits)
{
    struct process_table *t = NULL;
    CU_ASSERT_FATAL(process_table_new(&t, &limits) == 0);
    return t;
}

static struct process_entry entry(uint32_t pid, uint64_t created, const char *command_line)
{
    return (struct process_entry){.pid = pid,
                                  .parent_pid = 4,
                                  .created = created,
                                  .image = text_from("a.exe"),
                                  .command_line = text_from(command_line),
                                  .user = text_from("S-1-5-18")};
}

static void start(struct process_table *t, uint32_t pid, uint64_t created, const char *command_line)
{
    struct process_entry e = entry(pid, created, command_line);
    CU_ASSERT(process_table_start(t, &e) == 0);
}

/* What find gives: its command line, or "none". */
static const char *line(const struct process_table *t, uint32_t pid, uint64_t time)
{
    static char copy[64];
    const struct process_entry *e = process_table_find(t, pid, time);
    if (e == NULL)
        return "none";
    (void)text_copy(copy, sizeof(copy), e->command_line);
    return copy;
}

static void test_life(void)
{
    struct process_table *t = table_of(large);
    char text[] = "one";
    start(t, 8, BEGIN, text);
    text[0] = 'X'; /* it has its own copy */
    CU_ASSERT_STRING_EQUAL(line(t, 8, BEGIN), "one");
    CU_ASSERT_STRING_EQUAL(line(t, 8, BEGIN - 1), "none"); /* not yet */
    CU_ASSERT_STRING_EQUAL(line(t, 12, BEGIN), "none");
    const struct process_entry *e = process_table_find(t, 8, BEGIN);
    CU_ASSERT_FATAL(e != NULL);
    CU_ASSERT(e->parent_pid == 4 && e->created == BEGIN && e->ended == 0 && !e->is_match);
    CU_ASSERT(text_equal(e->image, text_from("a.exe")) && text_equal(e->user, text_from("S-1-5-18")));
    process_table_end(t, 8, BEGIN + 5 * SECOND);
    CU_ASSERT_STRING_EQUAL(line(t, 8, BEGIN + 4 * SECOND), "one"); /* a child reported after its parent's end */
    CU_ASSERT_STRING_EQUAL(line(t, 8, BEGIN + 6 * SECOND), "one"); /* within the slack */
    CU_ASSERT_STRING_EQUAL(line(t, 8, BEGIN + 8 * SECOND), "none");
    process_table_end(t, 99, BEGIN); /* not known: nothing */
    struct process_table_counts c = process_table_counts(t);
    CU_ASSERT(c.entries == 1 && c.ended == 1 && c.bytes == strlen("a.exeoneS-1-5-18"));
    process_table_free(t);
    process_table_free(NULL);
}

static void test_pid_reuse(void)
{
    struct process_table *t = table_of(large);
    start(t, 8, BEGIN, "first");
    process_table_end(t, 8, BEGIN + SECOND);
    start(t, 8, BEGIN + 2 * SECOND, "second");
    start(t, 8, BEGIN + 4 * SECOND, "third"); /* the second's end was lost */
    CU_ASSERT_STRING_EQUAL(line(t, 8, BEGIN + SECOND / 2), "first");
    CU_ASSERT_STRING_EQUAL(line(t, 8, BEGIN + 3 * SECOND), "second");
    CU_ASSERT_STRING_EQUAL(line(t, 8, BEGIN + 5 * SECOND), "third");
    process_table_end(t, 8, BEGIN + 6 * SECOND); /* the one that runs */
    CU_ASSERT_STRING_EQUAL(line(t, 8, BEGIN + 60 * SECOND), "none");
    CU_ASSERT_EQUAL(process_table_counts(t).ended, 3);
    process_table_free(t);
}

static void test_ended_go_in_time(void)
{
    struct process_table *t = table_of(large);
    start(t, 8, BEGIN, "one");
    process_table_end(t, 8, BEGIN);
    start(t, 12, BEGIN + PROCESS_TABLE_KEEP_ENDED, "two");
    CU_ASSERT_STRING_EQUAL(line(t, 8, BEGIN), "one");
    process_table_end(t, 12, BEGIN + PROCESS_TABLE_KEEP_ENDED + 1);
    CU_ASSERT_STRING_EQUAL(line(t, 8, BEGIN), "none");
    struct process_table_counts c = process_table_counts(t);
    CU_ASSERT(c.entries == 1 && c.evicted == 0 && c.evicted_running == 0);
    process_table_free(t);
}

static void test_bounded_entries(void)
{
    struct process_table *t = table_of((struct process_table_limits){4, 1000000});
    for (uint32_t i = 0; i < 4; i++)
        start(t, 8 + 4 * i, BEGIN + i, "x");
    process_table_end(t, 16, BEGIN + 10);
    process_table_end(t, 12, BEGIN + 11);
    CU_ASSERT_EQUAL(process_table_counts(t).entries, 4); /* an end needs no room */
    start(t, 100, BEGIN + 12, "x");
    CU_ASSERT_STRING_EQUAL(line(t, 16, BEGIN + 5), "none"); /* it ended first */
    CU_ASSERT_STRING_EQUAL(line(t, 12, BEGIN + 5), "x");
    start(t, 104, BEGIN + 13, "x");
    start(t, 108, BEGIN + 14, "x");
    struct process_table_counts c = process_table_counts(t);
    CU_ASSERT(c.entries == 4 && c.evicted == 2 && c.evicted_running == 1);
    CU_ASSERT_STRING_EQUAL(line(t, 8, BEGIN + 20), "none"); /* the oldest of those that run */
    CU_ASSERT_STRING_EQUAL(line(t, 20, BEGIN + 20), "x");
    process_table_free(t);
}

static void test_bounded_bytes(void)
{
    struct process_table *t = table_of((struct process_table_limits){1000, 100});
    struct process_entry e = {
        .pid = 8, .created = BEGIN, .command_line = text_from("0123456789012345678901234567890123456789")};
    for (uint32_t i = 0; i < 10; i++, e.pid += 4)
        CU_ASSERT(process_table_start(t, &e) == 0);
    struct process_table_counts c = process_table_counts(t);
    CU_ASSERT(c.entries == 2 && c.bytes == 80 && c.evicted_running == 8);
    e.command_line = text_from("012345678901234567890123456789012345678901234567890"); /* more than half of all room */
    CU_ASSERT(process_table_start(t, &e) == 0);
    CU_ASSERT_STRING_EQUAL(line(t, e.pid, BEGIN), "");
    process_table_free(t);
}

static void test_seed(void)
{
    struct process_table *t = table_of(large);
    struct process_entry e = {.pid = 8, .created = BEGIN, .command_line = text_from("one")};
    CU_ASSERT(process_table_seed(t, &e) == 0);
    struct process_entry more = {.pid = 8,
                                 .parent_pid = 20,
                                 .is_match = true,
                                 .image = text_from("b.exe"),
                                 .command_line = text_from("two"),
                                 .user = text_from("S-1-1-0")};
    CU_ASSERT(process_table_seed(t, &more) == 0);
    const struct process_entry *found = process_table_find(t, 8, BEGIN);
    CU_ASSERT_FATAL(found != NULL);
    CU_ASSERT(found->created == BEGIN && found->parent_pid == 20 && found->is_match);
    CU_ASSERT(text_equal(found->command_line, text_from("one")) && text_equal(found->image, text_from("b.exe")));
    CU_ASSERT(text_equal(found->user, text_from("S-1-1-0")));
    CU_ASSERT_EQUAL(process_table_counts(t).entries, 1);
    CU_ASSERT_EQUAL(process_table_counts(t).bytes, strlen("oneb.exeS-1-1-0"));
    struct process_entry other = entry(8, BEGIN + SECOND, "three"); /* created later: another process */
    CU_ASSERT(process_table_seed(t, &other) == 0);
    CU_ASSERT_STRING_EQUAL(line(t, 8, BEGIN), "one");
    CU_ASSERT_STRING_EQUAL(line(t, 8, BEGIN + SECOND), "three");
    struct process_entry unknown = {.pid = 12}; /* no creation time: it was there before all */
    CU_ASSERT(process_table_seed(t, &unknown) == 0);
    CU_ASSERT_STRING_EQUAL(line(t, 12, 1), "");
    process_table_free(t);
}

/* Many processes: the table finds each and stays within its limits. */
static void test_many(void)
{
    struct process_table *t = table_of((struct process_table_limits){5000, 10000000});
    for (uint32_t i = 1; i <= 100000; i++) {
        char text[16];
        snprintf(text, sizeof(text), "%u", i);
        start(t, 4 * (1 + i % 30000), BEGIN + i, text);
        if (strcmp(line(t, 4 * (1 + i % 30000), BEGIN + i), text) != 0)
            CU_FAIL("not found");
        if (i > 1000)
            process_table_end(t, 4 * (1 + (i - 1000) % 30000), BEGIN + i);
    }
    struct process_table_counts c = process_table_counts(t);
    CU_ASSERT(c.entries == 5000 && c.evicted_running == 0 && c.evicted == 95000);
    process_table_free(t);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"start, find, end", test_life},
                                        {"pid reuse", test_pid_reuse},
                                        {"ended ones go in time", test_ended_go_in_time},
                                        {"bounded in entries", test_bounded_entries},
                                        {"bounded in bytes", test_bounded_bytes},
                                        {"seed", test_seed},
                                        {"100,000 processes", test_many},
                                        CU_TEST_INFO_NULL};
    return test_main("process_table", tests);
}
