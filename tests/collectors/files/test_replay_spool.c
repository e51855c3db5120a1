#include "collectors/files/replay_spool.h"
#include "tests/collectors/recorder.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

static void test_spool(void)
{
    struct replay_spool *spool = NULL;
    struct fault fault = {0};
    struct text path;
    CU_ASSERT_EQUAL_FATAL(replay_spool_new(&spool, &fault), 0);
    CU_ASSERT_EQUAL(replay_spool_write(spool, "ab\0", 3, &fault), 0);
    CU_ASSERT_EQUAL(replay_spool_write(spool, "", 0, &fault), 0);
    CU_ASSERT_EQUAL(replay_spool_write(spool, "\r\nc", 3, &fault), 0);
    CU_ASSERT_EQUAL_FATAL(replay_spool_finish(&path, spool, &fault), 0);
    char name[512];
    size_t size;
    (void)text_copy(name, sizeof(name), path);     /* it fits */
    char *bytes = recorder_read_file(name, &size); /* it can be opened under its name, and holds exactly this */
    CU_ASSERT(size == 6 && memcmp(bytes, "ab\0\r\nc", 6) == 0);
    free(bytes);
    replay_spool_free(spool);
    CU_ASSERT_PTR_NULL(fopen(name, "rb")); /* nothing stays behind */
    replay_spool_free(NULL);
}

static void test_is_needed(void)
{
    FILE *file = fopen(TEST_DATA "/background.xml", "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_FALSE(replay_spool_is_needed(file));
    (void)fclose(file); /* only read */
    file = fopen(TEST_NULL_DEVICE, "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT(replay_spool_is_needed(file));
    (void)fclose(file); /* only read */
}

static CU_TestInfo tests[] = {
    {"written, read by name, gone", test_spool},
    {"a device is no file to be opened again", test_is_needed},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return test_main("replay_spool", tests);
}
