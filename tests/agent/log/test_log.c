#include "agent/log/log.h"

#include "agent/system/file.h"
#include "tests/test.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DIRECTORY "test_log.tmp"
#define PATH DIRECTORY "/t.log"
#define MEGABYTE (1024u * 1024u)

static char *content(const char *path, size_t *size)
{
    char *read = NULL;
    size_t got = 0;
    if (file_read(&read, &got, path, 64u * MEGABYTE) != 0)
        return NULL;
    if (size != NULL)
        *size = got;
    return read;
}

static void clean(void)
{
    static const char *const names[] = {PATH, PATH ".1", PATH ".2", PATH ".3"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)file_remove(names[i]); /* most are not there */
}

/* "dddd-dd-ddTdd:dd:dd.dddZ INFO  T1001 text\n" */
static bool has_shape(const char *line, const char *rest)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddZ ";
    for (size_t i = 0; shape[i] != '\0'; i++)
        if (shape[i] == 'd' ? line[i] < '0' || line[i] > '9' : line[i] != shape[i])
            return false;
    return strcmp(line + sizeof(shape) - 1, rest) == 0;
}

static void test_line(void)
{
    struct log *log = NULL;
    clean();
    CU_ASSERT_EQUAL_FATAL(log_open(&log, PATH, MEGABYTE, 3, LOG_DEBUG, false), 0);
    log_write(log, LOG_INFO, 1001, "%s %d", "text", 7);
    char *read = content(PATH, NULL); /* before it is closed */
    CU_ASSERT_FATAL(read != NULL && has_shape(read, "INFO  T1001 text 7\n"));
    free(read);
    log_close(log);
    /* Appended to, each level with its name. */
    static const struct {
        enum log_level level;
        const char *rest;
    } levels[] = {{LOG_ERROR, "ERROR T9999 x\n"}, {LOG_WARNING, "WARN  T9999 x\n"}, {LOG_DEBUG, "DEBUG T9999 x\n"}};
    for (size_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL_FATAL(log_open(&log, PATH, MEGABYTE, 3, LOG_DEBUG, false), 0);
        log_write(log, levels[i].level, 9999, "x");
        log_close(log);
        read = content(PATH, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(read);
        CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(read, levels[i].rest));
        CU_ASSERT(has_shape(strstr(read, levels[i].rest) - 25, levels[i].rest));
        free(read);
    }
}

static void test_change(void)
{
    struct log *log = NULL;
    clean();
    CU_ASSERT_EQUAL_FATAL(log_open(&log, PATH, MEGABYTE, 3, LOG_ERROR, false), 0);
    log_write(log, LOG_INFO, 1, "not this");
    CU_ASSERT_NOT_EQUAL(log_change(log, DIRECTORY "/no/such/t.log", MEGABYTE, 3, LOG_INFO), 0);
    log_write(log, LOG_ERROR, 1, "as before");
    CU_ASSERT_EQUAL(log_change(log, PATH ".1", MEGABYTE, 3, LOG_INFO), 0);
    log_write(log, LOG_INFO, 1, "elsewhere");
    log_close(log);
    char *first = content(PATH, NULL), *second = content(PATH ".1", NULL);
    CU_ASSERT_FATAL(first != NULL && second != NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(first, "as before"));
    CU_ASSERT_PTR_NULL(strstr(first, "not this"));
    CU_ASSERT_PTR_NULL(strstr(first, "elsewhere"));
    CU_ASSERT_PTR_NOT_NULL(strstr(second, "elsewhere"));
    free(second);
    free(first);
}

static unsigned watched;

static void watch(void *context, enum log_level level, unsigned id, const char *text)
{
    watched += level == LOG_ERROR && id == 1234 && strcmp(text, "seen 5") == 0 && context == &watched;
}

static void test_watch(void)
{
    struct log *log = NULL;
    clean();
    CU_ASSERT_EQUAL_FATAL(log_open(&log, PATH, MEGABYTE, 3, LOG_ERROR, false), 0);
    log_watch(log, watch, &watched);
    log_write(log, LOG_ERROR, 1234, "seen %d", 5);
    log_write(log, LOG_WARNING, 1234, "seen %d", 5); /* not written, so not watched */
    CU_ASSERT_EQUAL(watched, 1);
    log_close(log);
}

static void test_level(void)
{
    struct log *log = NULL;
    clean();
    CU_ASSERT_EQUAL_FATAL(log_open(&log, PATH, MEGABYTE, 3, LOG_WARNING, false), 0);
    log_write(log, LOG_INFO, 1, "not this");
    log_write(log, LOG_WARNING, 1, "this");
    log_write(log, LOG_ERROR, 1, "and that");
    log_close(log);
    char *read = content(PATH, NULL);
    CU_ASSERT_FATAL(read != NULL);
    CU_ASSERT(strstr(read, "not this") == NULL && strstr(read, "T0001 this") != NULL &&
              strstr(read, "and that") != NULL);
    free(read);
    log_write(NULL, LOG_ERROR, 1, "nowhere");
    log_close(NULL);
    CU_ASSERT_EQUAL_FATAL(log_open(&log, NULL, MEGABYTE, 1, LOG_ERROR, false), 0); /* no file */
    log_write(log, LOG_ERROR, 1, "nowhere");
    log_close(log);
}

/* One event, one line, whatever the text holds. */
static void test_text(void)
{
    struct log *log = NULL;
    char large[3 * LOG_MAX_LINE];
    size_t size = 0;
    clean();
    CU_ASSERT_EQUAL_FATAL(log_open(&log, PATH, MEGABYTE, 3, LOG_INFO, false), 0);
    log_write(log, LOG_INFO, 1, "%s", "a\nb\r\t\x1B[31m\x7F \xC3\xA4 \xFF \xE4\xB8\xBB");
    char *read = content(PATH, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(read);
    CU_ASSERT_PTR_NOT_NULL(strstr(read, "a\\x0Ab\\x0D\\x09\\x1B[31m\\x7F \xC3\xA4 \xEF\xBF\xBD \xE4\xB8\xBB\n"));
    free(read);
    /* Cut at a character: three bytes each, at three different places. */
    for (size_t shift = 0; shift < 3; shift++) {
        memset(large, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof(large); i += 3)
            memcpy(large + i, "\xE4\xB8\xBB", 4);
        log_write(log, LOG_INFO, 1, "%s", large);
        size_t before = size;
        read = content(PATH, &size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(read);
        CU_ASSERT(size - before <= LOG_MAX_LINE && size - before > LOG_MAX_LINE - 4);
        CU_ASSERT_STRING_EQUAL(read + size - 7, "\xE4\xB8\xBB...\n");
        free(read);
    }
    log_close(log);
}

static void test_rotation(void)
{
    struct log *log = NULL;
    char text[1000];
    size_t size = 0, total = 0;
    clean();
    memset(text, 'y', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    CU_ASSERT_EQUAL_FATAL(log_open(&log, PATH, 10000, 3, LOG_INFO, false), 0);
    for (int i = 0; i < 25; i++) /* 9 lines a file */
        log_write(log, LOG_INFO, 1, "%d %s", i, text);
    log_close(log);
    static const struct {
        const char *path, *first;
    } files[] = {{PATH ".2", "T0001 0 "}, {PATH ".1", "T0001 9 "}, {PATH, "T0001 18 "}};
    for (size_t i = 0; i < 3; i++) {
        char *read = content(files[i].path, &size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(read);
        CU_ASSERT(size <= 10000);
        CU_ASSERT(strncmp(read + 31, files[i].first, strlen(files[i].first)) == 0);
        total += size;
        free(read);
    }
    CU_ASSERT(total > 25000);
    /* The size of what is there counts; the oldest goes. */
    CU_ASSERT_EQUAL_FATAL(log_open(&log, PATH, 10000, 3, LOG_INFO, false), 0);
    for (int i = 25; i < 30; i++)
        log_write(log, LOG_INFO, 1, "%d %s", i, text);
    log_close(log);
    char *read = content(PATH ".2", &size);
    CU_ASSERT_FATAL(read != NULL);
    CU_ASSERT(strncmp(read + 31, "T0001 9 ", 8) == 0);
    free(read);
    CU_ASSERT_PTR_NULL(content(PATH ".3", NULL));
}

static void test_one_file(void)
{
    struct log *log = NULL;
    char text[1000];
    size_t size = 0;
    clean();
    memset(text, 'z', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    CU_ASSERT_EQUAL_FATAL(log_open(&log, PATH, 5000, 1, LOG_INFO, false), 0);
    for (int i = 0; i < 5; i++)
        log_write(log, LOG_INFO, 1, "%d %s", i, text);
    log_close(log);
    char *read = content(PATH, &size);
    CU_ASSERT_FATAL(read != NULL);
    CU_ASSERT(size < 2000 && strncmp(read + 31, "T0001 4 ", 8) == 0);
    free(read);
    CU_ASSERT_PTR_NULL(content(PATH ".1", NULL));
}

#define THREADS 4
#define LINES 500

static void *write_many(void *context)
{
    for (int i = 0; i < LINES; i++)
        log_write(context, LOG_INFO, 1, "begin %d end", i);
    return NULL;
}

static void test_threads(void)
{
    struct log *log = NULL;
    pthread_t threads[THREADS];
    size_t lines = 0;
    clean();
    CU_ASSERT_EQUAL_FATAL(log_open(&log, PATH, 40000, 4, LOG_INFO, false), 0);
    for (int i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, write_many, log), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    log_close(log);
    static const char *const names[] = {PATH, PATH ".1", PATH ".2", PATH ".3"};
    for (size_t i = 0; i < 4; i++) { /* every line whole, none lost */
        char *read = content(names[i], NULL);
        for (char *line = read, *end; line != NULL && *line != '\0'; line = end + 1) {
            end = strchr(line, '\n');
            CU_ASSERT_FATAL(end != NULL);
            CU_ASSERT(memcmp(line + 31, "T0001 begin ", 12) == 0 && memcmp(end - 4, " end", 4) == 0);
            lines++;
        }
        free(read);
    }
    CU_ASSERT_EQUAL(lines, THREADS * LINES);
}

static void test_refused(void)
{
    struct log *log = NULL;
    CU_ASSERT_EQUAL(log_open(&log, PATH, LOG_MAX_LINE - 1, 3, LOG_INFO, false), -EINVAL);
    CU_ASSERT_EQUAL(log_open(&log, PATH, LOG_MAX_LINE, 0, LOG_INFO, false), -EINVAL);
    CU_ASSERT_EQUAL(log_open(&log, DIRECTORY, MEGABYTE, 3, LOG_INFO, false), -EISDIR);
    CU_ASSERT_EQUAL(log_open(&log, DIRECTORY "/absent/t.log", MEGABYTE, 3, LOG_INFO, false), -ENOENT);
    CU_ASSERT_PTR_NULL(log);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"a line", test_line},       {"levels", test_level},         {"change", test_change},
        {"watch", test_watch},       {"texts", test_text},           {"rotation", test_rotation},
        {"one file", test_one_file}, {"many threads", test_threads}, {"refused", test_refused},
        CU_TEST_INFO_NULL,
    };
    return file_make_directory(DIRECTORY) == 0 ? test_main("log", tests) : 1;
}
