#include "detect/powershell/powershell_word.h"
#include "tests/test.h"

static void test_kinds(void)
{
    CU_ASSERT(powershell_word_is_keyword(text_from("return")) && powershell_word_is_keyword(text_from("end")));
    CU_ASSERT_FALSE(powershell_word_is_keyword(text_from("returns")));
    CU_ASSERT_FALSE(powershell_word_is_keyword(text_from("if")));
    CU_ASSERT(powershell_word_is_clause(text_from("if")) && powershell_word_is_clause(text_from("param")));
    CU_ASSERT_FALSE(powershell_word_is_clause(text_from("return")));
    CU_ASSERT_FALSE(powershell_word_is_clause(text_from("")));
}

static void test_setter(void)
{
    static const struct {
        const char *word;
        bool is;
    } cases[] = {{"set-casmailbox", true},
                 {"m\\set-casmailbox", true},
                 {"a\\b\\set-onpremcasmailbox", true},
                 {"set-2casmailbox", true},
                 {"set-casmailboxplan", false},
                 {"get-casmailbox", false},
                 {"set-x-casmailbox", false},
                 {"set-casmailbox\\x", false},
                 {"casmailbox", false},
                 {"setcasmailbox", false},
                 {"set-", false},
                 {"", false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        CU_ASSERT_EQUAL(powershell_word_is_setter(text_from(cases[i].word), text_from("casmailbox")), cases[i].is);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"kinds", test_kinds}, {"setter", test_setter}, CU_TEST_INFO_NULL};
    return test_main("powershell_word", tests);
}
