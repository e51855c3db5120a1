#include "agent/scan/scan_output.h"

#include "agent/system/file.h"
#include "tests/test.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATH "test_scan_output.tmp"

static char *written(void)
{
    char *read = NULL;
    size_t size = 0;
    return file_read(&read, &size, PATH, 256u << 20) == 0 ? read : NULL;
}

static void line(struct scan_output *o, size_t file, const char *text)
{
    CU_ASSERT_EQUAL(scan_output_line(o, file, text, strlen(text)), 0);
}

static void test_order(void)
{
    struct scan_output *o = NULL;
    FILE *to = NULL;
    CU_ASSERT_EQUAL_FATAL(file_open(&to, PATH, "w"), 0);
    CU_ASSERT_EQUAL_FATAL(scan_output_new(&o, to, 4), 0);
    line(o, 1, "b1");
    line(o, 0, "a1");
    char *read = written(); /* not yet enough */
    CU_ASSERT_STRING_EQUAL(read, "");
    free(read);
    scan_output_flush(o, 1); /* not its turn */
    scan_output_flush(o, 0);
    scan_output_flush(o, 0);
    read = written();
    CU_ASSERT_STRING_EQUAL(read, "a1\n");
    free(read);
    line(o, 2, "c1");
    line(o, 1, "b2");
    scan_output_done(o, 1);
    line(o, 0, "a2");
    scan_output_done(o, 0);
    read = written();
    CU_ASSERT_STRING_EQUAL(read, "a1\na2\nb1\nb2\nc1\n");
    free(read);
    line(o, 2, "c2");
    scan_output_done(o, 3); /* without a line */
    scan_output_done(o, 2);
    scan_output_free(o);
    CU_ASSERT_EQUAL(fclose(to), 0);
    read = written();
    CU_ASSERT_STRING_EQUAL(read, "a1\na2\nb1\nb2\nc1\nc2\n");
    free(read);
}

/* Much is written at once without being asked for. */
static void test_enough(void)
{
    struct scan_output *o = NULL;
    FILE *to = NULL;
    char text[1024];
    memset(text, 'x', sizeof(text));
    CU_ASSERT_EQUAL_FATAL(file_open(&to, PATH, "w"), 0);
    CU_ASSERT_EQUAL_FATAL(scan_output_new(&o, to, 1), 0);
    for (size_t size = 0; size < SCAN_OUTPUT_ENOUGH; size += sizeof(text) + 1) {
        char *read = written();
        CU_ASSERT_STRING_EQUAL(read, "");
        free(read);
        CU_ASSERT_EQUAL(scan_output_line(o, 0, text, sizeof(text)), 0);
    }
    char *read = written();
    CU_ASSERT(strlen(read) >= SCAN_OUTPUT_ENOUGH);
    free(read);
    scan_output_done(o, 0);
    scan_output_free(o);
    CU_ASSERT_EQUAL(fclose(to), 0);
}

/* What is kept is bounded: the second file waits for the first. */
struct job {
    struct scan_output *output;
    size_t file;
};

#define LARGE (1u << 20)
#define LARGE_LINES 40u /* 40 MiB: more than SCAN_OUTPUT_MAX_KEPT */

static void *write_large(void *context)
{
    struct job *job = context;
    char *text = malloc(LARGE);
    if (text == NULL)
        return (void *)"no memory";
    memset(text, 'a' + (int)job->file, LARGE);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < LARGE_LINES; i++)
        rc = scan_output_line(job->output, job->file, text, LARGE);
    scan_output_done(job->output, job->file);
    free(text);
    return rc == 0 ? NULL : (void *)"a line was refused";
}

static void test_bounded(void)
{
    struct scan_output *o = NULL;
    FILE *to = NULL;
    pthread_t thread;
    void *problem = NULL;
    CU_ASSERT_EQUAL_FATAL(file_open(&to, PATH, "w"), 0);
    CU_ASSERT_EQUAL_FATAL(scan_output_new(&o, to, 2), 0);
    struct job first = {o, 0}, second = {o, 1};
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, write_large, &second), 0);
    CU_ASSERT_PTR_NULL(write_large(&first));
    CU_ASSERT_EQUAL(pthread_join(thread, &problem), 0);
    CU_ASSERT_PTR_NULL(problem);
    scan_output_free(o);
    CU_ASSERT_EQUAL(fclose(to), 0);
    char *read = written();
    CU_ASSERT_PTR_NOT_NULL_FATAL(read);
    CU_ASSERT_EQUAL(strlen(read), (size_t)2 * LARGE_LINES * (LARGE + 1));
    CU_ASSERT(read[(size_t)LARGE_LINES * (LARGE + 1) - 2] == 'a' && read[(size_t)LARGE_LINES * (LARGE + 1)] == 'b');
    free(read);
}

/* Writing to what was opened for reading fails; so does each later line, and nobody waits for ever. */
static void test_failure(void)
{
    struct scan_output *o = NULL;
    FILE *to = NULL;
    CU_ASSERT_EQUAL_FATAL(file_open(&to, PATH, "r"), 0);
    CU_ASSERT_EQUAL_FATAL(scan_output_new(&o, to, 2), 0);
    CU_ASSERT_EQUAL(scan_output_error(o), 0);
    CU_ASSERT_EQUAL(scan_output_line(o, 0, "x", 1), 0);
    scan_output_flush(o, 0);
    CU_ASSERT(scan_output_error(o) < 0);
    CU_ASSERT(scan_output_line(o, 0, "x", 1) < 0);
    CU_ASSERT(scan_output_line(o, 1, "x", 1) < 0);
    scan_output_free(o);
    scan_output_free(NULL);
    CU_ASSERT_EQUAL_FATAL(scan_output_new(&o, to, 1), 0);
    CU_ASSERT_EQUAL(scan_output_line(o, 0, "x", 1), 0);
    scan_output_done(o, 0);
    CU_ASSERT(scan_output_error(o) < 0);
    scan_output_free(o);
    (void)fclose(to); /* may say once more that lines could not be written */
    CU_ASSERT_EQUAL(file_remove(PATH), 0);
}

/* A thread that waits for its turn goes on when the scan ends for another reason. */
static void test_fail(void)
{
    struct scan_output *o = NULL;
    FILE *to = NULL;
    pthread_t thread;
    void *problem = NULL;
    CU_ASSERT_EQUAL_FATAL(file_open(&to, PATH, "w"), 0);
    CU_ASSERT_EQUAL_FATAL(scan_output_new(&o, to, 2), 0);
    struct job second = {o, 1};
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, write_large, &second), 0);
    const struct timespec moment = {0, 50000000}; /* mostly it waits then; if not, it is refused all the same */
    (void)nanosleep(&moment, NULL);
    scan_output_fail(o, -ENOMEM);
    scan_output_fail(o, -EIO); /* the first one counts */
    CU_ASSERT_EQUAL(scan_output_error(o), -ENOMEM);
    CU_ASSERT_EQUAL(pthread_join(thread, &problem), 0);
    CU_ASSERT_PTR_NOT_NULL(problem);
    scan_output_free(o);
    CU_ASSERT_EQUAL(fclose(to), 0);
    CU_ASSERT_EQUAL(file_remove(PATH), 0);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"order", test_order},
                                        {"enough", test_enough},
                                        {"memory is bounded", test_bounded},
                                        {"failure", test_failure},
                                        {"ended for another reason", test_fail},
                                        CU_TEST_INFO_NULL};
    return test_main("scan_output", tests);
}
