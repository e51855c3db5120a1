/* Directories and names with '*': what is read of them. */
#include "agent/scan/scan_paths.h"
#include "agent/system/file.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TOP "test_scan_paths.d"

static void make(const char *path)
{
    FILE *file = NULL;
    CU_ASSERT_EQUAL_FATAL(file_open(&file, path, "wb"), 0);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

/* The names that path gives, less TOP and with '/' for every separator. */
static void check(const char *path, int want_rc, const char *want, size_t others)
{
    struct scan_paths paths = {0};
    char got[512] = "";
    int rc = scan_paths_add(&paths, path);
    CU_ASSERT_EQUAL(rc, want_rc);
    for (size_t i = 0; i < paths.count; i++) {
        const char *name = strstr(paths.list[i], TOP);
        size_t used = strlen(got);
        (void)snprintf(got + used, sizeof(got) - used, "%s ", name == NULL ? paths.list[i] : name + sizeof(TOP));
    }
    for (char *c = got; *c != '\0'; c++)
        *c = *c == '\\' ? '/' : *c;
    CU_ASSERT_STRING_EQUAL(got, want);
    if (strcmp(got, want) != 0)
        fprintf(stderr, "\n  %s: %s ", path, got);
    CU_ASSERT_EQUAL(paths.others, others);
    scan_paths_clear(&paths);
}

static void test_paths(void)
{
    (void)file_make_directory(TOP); /* may be there of a run before */
    (void)file_make_directory(TOP "/b");
    make(TOP "/a.EVTX");
    make(TOP "/b/c.xml.gz");
    make(TOP "/b/d.exe");
    make(TOP "/e.json");
    check(TOP, 0, "a.EVTX b/c.xml.gz e.json ", 1);
    check(TOP "/b", 0, "b/c.xml.gz ", 1);
    check(TOP "/*.evtx", 0, "a.EVTX ", 0);
    check(TOP "/b/?.*", 0, "b/c.xml.gz b/d.exe ", 0); /* what is named so is read, whatever it is */
    check(TOP "/*.nothing", -ENOENT, "", 0);
    check(TOP "/a.EVTX", 0, "a.EVTX ", 0);
    check(TOP "/no such file", 0, "no such file ", 0);
    check("-", 0, "- ", 0);
}

static CU_TestInfo tests[] = {{"paths", test_paths}, CU_TEST_INFO_NULL};

int main(void)
{
    return test_main("scan_paths", tests);
}
