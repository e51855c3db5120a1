/* Secrets by reference: where they come from, whom they are kept from, and what is said when they can't be had. */
#include "agent/config/secret.h"

#include "agent/config/config_internal.h"
#include "agent/config/protect.h"
#include "tests/test.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_NAME "test_secret.txt"

static struct fault fault;

static void write_file(const char *text, size_t size, mode_t mode)
{
    FILE *file = fopen(FILE_NAME, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(text, 1, size, file), size);
    CU_ASSERT_EQUAL(fclose(file), 0);
    CU_ASSERT_EQUAL(chmod(FILE_NAME, mode), 0);
}

static void reads(const char *value, const char *want)
{
    char *secret = NULL;
    CU_ASSERT_EQUAL(secret_read(&secret, value, &fault), 0);
    CU_ASSERT(secret != NULL && strcmp(secret, want) == 0);
    config_wipe(secret);
}

static void fails(const char *value, int rc, const char *words)
{
    char *secret = NULL, text[512];
    memset(&fault, 0, sizeof(fault));
    CU_ASSERT_EQUAL(secret_read(&secret, value, &fault), rc);
    CU_ASSERT_PTR_NULL(secret);
    (void)fault_text(&fault, text, sizeof(text));
    CU_ASSERT_PTR_NULL(strstr(text, "hunter2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, words));
}

static void test_literal(void)
{
    reads("hunter2", "hunter2");
    reads("my profile:is red", "my profile:is red"); /* no scheme of ours */
    reads(" hunter2", " hunter2");                   /* blanks wherever they are pasted */
    reads("  a  b  ", "  a  b  ");
    reads(" ", " ");
    CU_ASSERT_PTR_NULL(secret_fault(" hunter2"));
    CU_ASSERT(!secret_is_reference(" hunter2"));
    CU_ASSERT(secret_is_reference(" env:X") && secret_is_reference("Bearer file:x"));
}

static void test_file(void)
{
    write_file("hunter2\r\n", 9, 0600);
    reads("file:" FILE_NAME, "hunter2");
    reads("Bearer file:" FILE_NAME, "Bearer hunter2");
    reads("Authorization: Bearer file:" FILE_NAME, "Authorization: Bearer hunter2");
    write_file("hunter2", 7, 0400);
    reads("file:" FILE_NAME, "hunter2");
    write_file("", 0, 0600);
    fails("file:" FILE_NAME, -EINVAL, "empty");
    write_file("\n", 1, 0600);
    fails("file:" FILE_NAME, -EINVAL, "empty");
    write_file("hunter2\nhunter2", 15, 0600);
    fails("file:" FILE_NAME, -EINVAL, "line break");
    write_file("hunter2\0x", 9, 0600);
    fails("file:" FILE_NAME, -EINVAL, "NUL");
    fails("file:absent.txt", -ENOENT, "absent.txt");
}

static void test_others_can_read(void)
{
    static const mode_t modes[] = {0644, 0640, 0604, 0620};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        write_file("hunter2", 7, modes[i]);
        fails("file:" FILE_NAME, -EACCES, "others can read it too");
    }
}

static void test_too_long(void)
{
    static char text[SECRET_MAX + 2];
    memset(text, 'x', sizeof(text));
    write_file(text, SECRET_MAX + 1, 0600);
    fails("file:" FILE_NAME, -EFBIG, "too long");
    write_file(text, SECRET_MAX, 0600);
    text[SECRET_MAX] = '\0';
    reads("file:" FILE_NAME, text);
}

static void test_environment(void)
{
    CU_ASSERT_EQUAL(setenv("TRIPLINE_TEST_SECRET", "hunter2", 1), 0);
    reads("env:TRIPLINE_TEST_SECRET", "hunter2");
    CU_ASSERT_EQUAL(setenv("TRIPLINE_TEST_SECRET", "", 1), 0);
    fails("env:TRIPLINE_TEST_SECRET", -EINVAL, "empty");
    CU_ASSERT_EQUAL(unsetenv("TRIPLINE_TEST_SECRET"), 0);
    fails("env:TRIPLINE_TEST_SECRET", -ENOENT, "TRIPLINE_TEST_SECRET");
}

/* DPAPI is Windows' alone. */
static void test_dpapi(void)
{
    char *sealed = NULL;
    CU_ASSERT_EQUAL(protect_seal(&sealed, "hunter2", 7, &fault), -ENOTSUP);
    CU_ASSERT_PTR_NULL(sealed);
    fails("dpapi:AAAA", -ENOTSUP, "only Windows");
}

static void test_faults(void)
{
    static const char *const good[] = {"x", "dpapi:AA==", "Bearer file:a b", "env:A", "a:file:", "file:x"};
    static const char *const bad[] = {"dpapi:", "dpapi:A!", "file:", "Bearer env:", "env:A=B"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        CU_ASSERT_PTR_NULL(secret_fault(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT_PTR_NOT_NULL(secret_fault(bad[i]));
}

static void located(const char *value, const char *want)
{
    char *made = NULL;
    CU_ASSERT_EQUAL_FATAL(secret_locate(&made, value, "/etc/tripline/tripline.xml"), 0);
    CU_ASSERT_STRING_EQUAL(made, want);
    free(made);
}

static void test_locate(void)
{
    located("Bearer file:a b.txt", "Bearer file:/etc/tripline/a b.txt");
    located("file:/x", "file:/x");
    located("env:A", "env:A");
    located("hunter2", "hunter2");
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"the value itself", test_literal},
        {"file", test_file},
        {"a file that others can read", test_others_can_read},
        {"longest", test_too_long},
        {"environment", test_environment},
        {"dpapi", test_dpapi},
        {"what can be no reference", test_faults},
        {"relative paths", test_locate},
        CU_TEST_INFO_NULL,
    };
    int code = test_main("secret", tests);
    (void)remove(FILE_NAME); /* as a test that failed may have left it */
    return code;
}
