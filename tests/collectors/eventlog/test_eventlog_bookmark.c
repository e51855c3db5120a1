#include "collectors/eventlog/eventlog_bookmark.h"

#include "tests/test.h"

static bool record(const char *bookmark, uint64_t *out)
{
    return eventlog_bookmark_record(out, text_from(bookmark));
}

static void test_good(void)
{
    uint64_t got = 0;
    CU_ASSERT_TRUE(record("<BookmarkList>\r\n  <Bookmark Channel='Security' RecordId='151' IsCurrent='true'/>\r\n"
                          "</BookmarkList>",
                          &got));
    CU_ASSERT_EQUAL(got, 151);
    CU_ASSERT_TRUE(record("<Bookmark Channel=\"a\" RecordId=\"18446744073709551615\"/>", &got));
    CU_ASSERT_EQUAL(got, UINT64_MAX);
}

static void test_bad(void)
{
    static const char *const bad[] = {
        "",
        "<BookmarkList/>",
        "<Bookmark RecordId=",
        "<Bookmark RecordId='",
        "<Bookmark RecordId=''",
        "<Bookmark RecordId='12",
        "<Bookmark RecordId='12\"",
        "<Bookmark RecordId=12 ",
        "<Bookmark RecordId='1x'/>",
        "<Bookmark RecordId='18446744073709551616'/>",
        "<Bookmark RecordId='1'/><Bookmark RecordId='2'/>",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint64_t got = 7;
        CU_ASSERT_FALSE(record(bad[i], &got));
        CU_ASSERT_EQUAL(got, 7);
    }
    uint64_t got = 7;
    CU_ASSERT_FALSE(record(NULL, &got));
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"good", test_good}, {"bad", test_bad}, {NULL, NULL}};
    return test_main("eventlog_bookmark", tests);
}
