/* Lines that a full disk did not take are counted (Linux: /dev/full). */
#include "agent/log/log.h"
#include "agent/system/file.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH "test_log_lost.tmp"

static void test_lost(void)
{
    struct log *log = NULL;
    char *read = NULL;
    size_t size = 0;
    (void)file_remove(PATH); /* left from before */
    CU_ASSERT_EQUAL_FATAL(symlink("/dev/full", PATH), 0);
    CU_ASSERT_EQUAL_FATAL(log_open(&log, PATH, 100000, 2, LOG_INFO, false), 0);
    log_write(log, LOG_INFO, 1, "first");
    log_write(log, LOG_INFO, 1, "second");
    CU_ASSERT_EQUAL(file_remove(PATH), 0); /* there is room again */
    log_write(log, LOG_INFO, 1, "third");
    log_write(log, LOG_INFO, 1, "fourth");
    log_close(log);
    CU_ASSERT_EQUAL_FATAL(file_read(&read, &size, PATH, 10000), 0);
    const char *lost = strstr(read, "WARN  T1000 2 lines could not be written here\n"),
               *third = strstr(read, "T0001 third\n");
    CU_ASSERT(lost != NULL && third != NULL && lost < third);
    CU_ASSERT(strstr(read, "first") == NULL && strstr(read, "T0001 fourth\n") != NULL);
    CU_ASSERT(lost != NULL && strstr(strchr(lost, '\n'), "could not") == NULL); /* said once */
    free(read);
    CU_ASSERT_EQUAL(file_remove(PATH), 0);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"lines that were lost", test_lost}, CU_TEST_INFO_NULL};
    return test_main("log, lost lines", tests);
}
