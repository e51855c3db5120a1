#include "collectors/etw/nt_path.h"
#include "tests/test.h"

static void test_paths(void)
{
    static const struct {
        const char *path, *want;
    } cases[] = {
        {"\\Device\\HarddiskVolume4\\Windows\\x.exe", "C:\\Windows\\x.exe"},
        {"\\device\\harddiskvolume4\\x.exe", "C:\\x.exe"},
        {"\\Device\\HarddiskVolume41\\x.exe", "D:\\x.exe"},
        {"\\Device\\HarddiskVolume42\\x.exe", "\\Device\\HarddiskVolume42\\x.exe"},
        {"\\Device\\HarddiskVolume4", "\\Device\\HarddiskVolume4"},
        {"\\SystemRoot\\System32\\smss.exe", "C:\\Windows\\System32\\smss.exe"},
        {"\\??\\C:\\x.exe", "C:\\x.exe"},
        {"x.exe", "x.exe"},
        {"", ""},
    };
    const struct nt_device devices[] = {{'C', text_from("\\Device\\HarddiskVolume4")},
                                        {'D', text_from("\\Device\\HarddiskVolume41")}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char to[64];
        struct text got =
            nt_path_to_dos(to, sizeof(to), text_from(cases[i].path), devices, 2, text_from("C:\\Windows"));
        CU_ASSERT(got.bytes == to && text_equal(got, text_from(cases[i].want)));
        CU_ASSERT_STRING_EQUAL(to, cases[i].want);
    }
    char small[8];
    CU_ASSERT_STRING_EQUAL(nt_path_to_dos(small, sizeof(small), text_from("\\Device\\HarddiskVolume4\\abcdefgh"),
                                          devices, 2, text_from(""))
                               .bytes,
                           "C:\\abcd");
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"paths", test_paths}, CU_TEST_INFO_NULL};
    return test_main("nt_path", tests);
}
