/* The line that says how far a scan is. Ctrl-C: tests/agent/cli/test_program.py. */
#include "agent/scan/scan_watch.h"
#include "tests/test.h"

#include <string.h>

static void test_line(void)
{
    static const struct {
        uint64_t bytes, all_bytes, files, all_files, alerts;
        double seconds;
        const char *line;
    } cases[] = {
        {0, 0, 0, 1, 0, 0, "0 of 1 files, 0.0 MB, 0 MB/s, 0 alerts"},
        {0, 5000000, 0, 1, 0, 1, "0 of 1 files, 0.0 of 5.0 MB, 0 MB/s, 0 alerts"},
        {1500000, 0, 2, 3, 1, 0.5, "2 of 3 files, 1.5 MB, 3 MB/s, 1 alert"}, /* a pipe: nobody knows how much comes */
        {200000000, 1000000000, 1, 9, 42, 2, "1 of 9 files, 200.0 of 1000.0 MB, 100 MB/s, 8 s left, 42 alerts"},
        {3000000, 2000000, 1, 1, 0, 1, "1 of 1 files, 3.0 MB, 3 MB/s, 0 alerts"}, /* it grew */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scan_progress p = {0};
        char line[160];
        atomic_store(&p.bytes, cases[i].bytes);
        atomic_store(&p.all_bytes, cases[i].all_bytes);
        atomic_store(&p.files, cases[i].files);
        atomic_store(&p.all_files, cases[i].all_files);
        atomic_store(&p.alerts, cases[i].alerts);
        CU_ASSERT_STRING_EQUAL(scan_watch_line(line, sizeof(line), &p, cases[i].seconds), cases[i].line);
    }
}

/* A scan that ends by itself ends its watcher, which has written nothing. */
static void test_short(void)
{
    struct scan_progress p = {0};
    struct scan_watch *watch = NULL;
    FILE *to = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(to);
    CU_ASSERT_EQUAL_FATAL(scan_watch_new(&watch, &p, to), 0);
    scan_watch_free(watch);
    CU_ASSERT(!atomic_load(&p.is_ended));
    CU_ASSERT_EQUAL(ftell(to), 0);
    CU_ASSERT_EQUAL(fclose(to), 0);
    scan_watch_free(NULL);
}

static CU_TestInfo tests[] = {{"the line", test_line}, {"a short scan", test_short}, CU_TEST_INFO_NULL};

int main(void)
{
    return test_main("scan_watch", tests);
}
