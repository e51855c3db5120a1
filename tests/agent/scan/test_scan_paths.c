/* Directories and names with '*': what is read of them. */
#include "agent/scan/scan_paths.h"
#include "agent/system/file.h"
#include "tests/collectors/files/zip_maker.h"
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

static void write_archive(const char *path, const struct zip_part *parts, size_t count, size_t less)
{
    static unsigned char archive[ZIP_MAKER_ROOM];
    FILE *file = NULL;
    size_t size = zip_maker(archive, parts, count, "", false) - less;
    CU_ASSERT_EQUAL_FATAL(file_open(&file, path, "wb"), 0);
    CU_ASSERT_EQUAL(fwrite(archive, 1, size, file), size);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static void test_archives(void)
{
    static const struct zip_part parts[] = {{.name = "logs/Security.evtx", .bytes = "x"},
                                            {.name = "logs/", .bytes = ""},
                                            {.name = "notes.txt", .bytes = "x"},
                                            {.name = "../in.ZIP", .bytes = "x"}};
    const char *directory = TOP "/z";
    (void)file_make_directory(TOP); /* may be there of a run before */
    (void)file_make_directory(directory);
    write_archive(TOP "/z/a.zip", parts, 4, 0);
    write_archive(TOP "/z/b.bin", parts, 1, 0); /* by its first bytes */
    write_archive(TOP "/z/cut.zip", parts, 4, 20);
    check(TOP "/z/a.zip", 0, "z/a.zip!logs/Security.evtx z/a.zip!../in.ZIP ", 1);
    check(TOP "/z/b.bin", 0, "z/b.bin!logs/Security.evtx ", 0);
    check(TOP "/z/cut.zip", 0, "z/cut.zip ", 0); /* nothing of it */
    check(TOP "/z", 0, "z/a.zip!logs/Security.evtx z/a.zip!../in.ZIP z/cut.zip ", 2);
    struct scan_paths paths = {0};
    CU_ASSERT_EQUAL(scan_paths_add(&paths, TOP "/z/cut.zip"), 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(paths.members[0].trouble);
    CU_ASSERT_PTR_NOT_NULL(strstr(paths.members[0].trouble, "breaks off"));
    CU_ASSERT_EQUAL(scan_paths_add(&paths, TOP "/z/a.zip"), 0);
    CU_ASSERT_PTR_NULL(paths.members[1].trouble);
    CU_ASSERT_STRING_EQUAL(paths.members[1].archive, TOP "/z/a.zip");
    scan_paths_clear(&paths);
    for (size_t i = 0; i < 3; i++) {
        static const char *const made[] = {TOP "/z/a.zip", TOP "/z/b.bin", TOP "/z/cut.zip"};
        CU_ASSERT_EQUAL(file_remove(made[i]), 0); /* the other test reads the directory above */
    }
}

static CU_TestInfo tests[] = {{"paths", test_paths}, {"archives", test_archives}, CU_TEST_INFO_NULL};

int main(void)
{
    return test_main("scan_paths", tests);
}
