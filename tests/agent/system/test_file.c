#include "agent/system/file.h"
#include "tests/test.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DIRECTORY "test_file.tmp"
/* "Größe 主機 😀": one, two, three and four bytes. */
#define NAME                                                                                                           \
    DIRECTORY "/Gr\xC3\xB6\xC3\x9F"                                                                                    \
              "e \xE4\xB8\xBB\xE6\xA9\x9F \xF0\x9F\x98\x80.txt"

static void put(const char *path, const char *mode, const char *content)
{
    FILE *file = NULL;
    CU_ASSERT_EQUAL_FATAL(file_open(&file, path, mode), 0);
    CU_ASSERT_EQUAL(fwrite(content, 1, strlen(content), file), strlen(content));
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static bool holds(const char *path, const char *content)
{
    char *read = NULL;
    size_t size = 0;
    if (file_read(&read, &size, path, 1000) != 0)
        return false;
    bool good = size == strlen(content) && strcmp(read, content) == 0;
    free(read);
    return good;
}

static void test_open(void)
{
    FILE *file = NULL;
    put(NAME, "w", "one\n");
    put(NAME, "ab", "two\r\n");
    CU_ASSERT_TRUE(holds(NAME, "one\ntwo\r\n")); /* binary: nothing is changed */
    put(NAME, "wb", "new");
    CU_ASSERT_TRUE(holds(NAME, "new"));
    CU_ASSERT_EQUAL(file_open(&file, DIRECTORY "/absent", "r"), -ENOENT);
    CU_ASSERT_EQUAL(file_open(&file, DIRECTORY "/absent/absent", "w"), -ENOENT);
    CU_ASSERT_EQUAL(file_open(&file, DIRECTORY, "r"), -EISDIR);
    CU_ASSERT_EQUAL(file_open(&file, DIRECTORY, "w"), -EISDIR);
    CU_ASSERT_EQUAL(file_open(&file, "", "r"), -ENOENT);
    CU_ASSERT_PTR_NULL(file);
}

static void test_open_while_open(void)
{
    FILE *writer = NULL, *reader = NULL;
    char read[8] = "";
    CU_ASSERT_EQUAL_FATAL(file_open(&writer, DIRECTORY "/open", "w"), 0);
    CU_ASSERT(fputs("abc", writer) >= 0 && fflush(writer) == 0);
    CU_ASSERT_EQUAL_FATAL(file_open(&reader, DIRECTORY "/open", "r"), 0);
    CU_ASSERT_EQUAL(fread(read, 1, sizeof(read), reader), 3);
    CU_ASSERT_EQUAL(fclose(reader), 0);
    CU_ASSERT_EQUAL(file_replace(DIRECTORY "/open", DIRECTORY "/moved"), 0); /* while it is written */
    CU_ASSERT(fputs("d", writer) >= 0);
    CU_ASSERT_EQUAL(fclose(writer), 0);
    CU_ASSERT_TRUE(holds(DIRECTORY "/moved", "abcd"));
    CU_ASSERT_EQUAL(file_remove(DIRECTORY "/moved"), 0);
}

static void test_read(void)
{
    char *read = NULL;
    size_t size = 0;
    put(NAME, "w", "12345");
    CU_ASSERT_EQUAL(file_read(&read, &size, NAME, 4), -EFBIG);
    CU_ASSERT_PTR_NULL(read);
    CU_ASSERT_EQUAL_FATAL(file_read(&read, &size, NAME, 5), 0);
    CU_ASSERT(size == 5 && strcmp(read, "12345") == 0);
    free(read);
    put(NAME, "w", "");
    CU_ASSERT_EQUAL_FATAL(file_read(&read, &size, NAME, 0), 0);
    CU_ASSERT(size == 0 && read[0] == '\0');
    free(read);
    read = NULL;
    CU_ASSERT_EQUAL(file_read(&read, &size, DIRECTORY "/absent", 5), -ENOENT);
    CU_ASSERT_EQUAL(file_read(&read, &size, DIRECTORY, 5), -EISDIR);
    /* Larger than the first buffer. */
    FILE *file = NULL;
    CU_ASSERT_EQUAL_FATAL(file_open(&file, NAME, "w"), 0);
    for (int i = 0; i < 200000; i++)
        fputc('a' + i % 26, file);
    CU_ASSERT_EQUAL(fclose(file), 0);
    CU_ASSERT_EQUAL(file_read(&read, &size, NAME, 199999), -EFBIG);
    CU_ASSERT_EQUAL_FATAL(file_read(&read, &size, NAME, 1000000), 0);
    CU_ASSERT_EQUAL(size, 200000);
    for (int i = 0; i < 200000; i++)
        if (read[i] != 'a' + i % 26)
            CU_FAIL_FATAL("a byte differs");
    free(read);
}

static void test_make_directory(void)
{
    CU_ASSERT_EQUAL(file_make_directory(DIRECTORY "/a/b/c"), 0);
    CU_ASSERT_EQUAL(file_make_directory(DIRECTORY "/a/b/c"), 0);
    CU_ASSERT_EQUAL(file_make_directory(DIRECTORY "/a/b/c/"), 0);
    put(DIRECTORY "/a/b/c/f", "w", "x");
    CU_ASSERT_EQUAL(file_make_directory(DIRECTORY "/a/b/c/f"), -ENOTDIR);
    CU_ASSERT(file_make_directory(DIRECTORY "/a/b/c/f/g") < 0);
    CU_ASSERT_EQUAL(file_make_directory(""), -ENOENT);
    CU_ASSERT_EQUAL(file_remove(DIRECTORY "/a/b/c/f"), 0);
    CU_ASSERT_EQUAL(file_remove(DIRECTORY "/a/b/c/f"), -ENOENT);
}

static void test_replace(void)
{
    put(NAME, "w", "old");
    put(DIRECTORY "/new", "w", "new");
    CU_ASSERT_EQUAL(file_replace(DIRECTORY "/new", NAME), 0);
    CU_ASSERT_TRUE(holds(NAME, "new"));
    CU_ASSERT_EQUAL(file_replace(DIRECTORY "/new", NAME), -ENOENT);
    CU_ASSERT_EQUAL(file_remove(NAME), 0);
}

/* Longer than 260 characters: more than Windows' older calls take. */
static void test_long_path(void)
{
    char path[700] = DIRECTORY;
    for (int i = 0; i < 5; i++) {
        size_t used = strlen(path);
        snprintf(path + used, sizeof(path) - used, "/%0100d", i);
        CU_ASSERT_EQUAL(file_make_directory(path), 0);
    }
    size_t used = strlen(path);
    snprintf(path + used, sizeof(path) - used, "/file");
    put(path, "w", "deep");
    CU_ASSERT_TRUE(holds(path, "deep"));
    CU_ASSERT_EQUAL(file_remove(path), 0);
}

static void test_resolve(void)
{
    char *path = NULL, *again = NULL;
    CU_ASSERT_EQUAL_FATAL(file_resolve(&path, "dir/config.xml", "ca.pem"), 0);
    CU_ASSERT_STRING_EQUAL(path, "dir/ca.pem");
    free(path);
    CU_ASSERT_EQUAL_FATAL(file_resolve(&path, "config.xml", "ca.pem"), 0);
    CU_ASSERT_STRING_EQUAL(path, "ca.pem");
    free(path);
    CU_ASSERT_EQUAL_FATAL(file_resolve(&path, "dir/config.xml", "/etc/ca.pem"), 0);
    CU_ASSERT_STRING_EQUAL(path, "/etc/ca.pem");
    free(path);
    CU_ASSERT_EQUAL_FATAL(file_join(&path, "dir", "name"), 0);
    CU_ASSERT_EQUAL(strlen(path), 8);
    CU_ASSERT_EQUAL_FATAL(file_join(&again, "dir/", "name"), 0);
    CU_ASSERT_STRING_EQUAL(again, "dir/name");
    free(path);
    free(again);
}

static void test_places(void)
{
    char *program = NULL, *config = NULL, *state = NULL;
    CU_ASSERT_EQUAL_FATAL(file_program(&program), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(program, "test_file"));
    CU_ASSERT_EQUAL_FATAL(file_default_config(&config), 0);
    CU_ASSERT_EQUAL_FATAL(file_default_state(&state), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(config, "ripline"));
    CU_ASSERT_PTR_NOT_NULL(strstr(config, "tripline.xml"));
    CU_ASSERT_PTR_NOT_NULL(strstr(state, "ripline"));
    free(program);
    free(config);
    free(state);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"directories", test_make_directory},
        {"open", test_open},
        {"read and rename what is open", test_open_while_open},
        {"read", test_read},
        {"replace", test_replace},
        {"long paths", test_long_path},
        {"relative paths", test_resolve},
        {"places", test_places},
        CU_TEST_INFO_NULL,
    };
    return file_make_directory(DIRECTORY) == 0 ? test_main("file", tests) : 1;
}
