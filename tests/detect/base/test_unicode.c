#include "detect/base/unicode.h"
#include "detect/base/unicode_tables.h"
#include "tests/test.h"

static void test_words(void)
{
    static const uint32_t yes[] = {'0',    '9',    'A',     'z',     0xAA,    0xB5,    0xE9,
                                   0x130,  0x44F,  0x663,   0x4E2D,  0xAC00,  0xD7A3,  0xFB01,
                                   0xFF11, 0xFF21, 0x1D4D7, 0x1D7CE, 0x20000, 0x2A6DF, 0x30000};
    /* underscore, No, Nl, marks, format characters, symbols, private use, unassigned, replacement */
    static const uint32_t no[] = {'/',    ':',    '@',    '[',    '_',    '`',    '{',     0xB2,
                                  0xB3,   0xBD,   0xD7,   0xF7,   0x301,  0x200B, 0xAD,    0x2460,
                                  0x2167, 0x20DD, 0x2122, 0xE000, 0xFFFD, 0x378,  0x1F600, 0x10FFFF};
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        CU_ASSERT(unicode_is_word(yes[i]));
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        CU_ASSERT(!unicode_is_word(no[i]));
}

static void test_fold(void)
{
    static const uint32_t pairs[][2] = {
        {'A', 'a'},       {'Z', 'z'},         {'@', '@'},       {0xC9, 0xE9},     {0xD7, 0xD7},         {0x41F, 0x43F},
        {0x100, 0x101},   {0x101, 0x101},     {0x102, 0x103},   {0x178, 0xFF},    {0x1E9E, 0xDF},       {0x3C2, 0x3C3},
        {0xFF21, 0xFF41}, {0x10400, 0x10428}, {0x13A0, 0x13A0}, {0xAB70, 0x13A0}, {0x10FFFF, 0x10FFFF}, {0x130, 0x130},
        {0x131, 0x131},   {0x17F, 0x17F},     {0x212A, 0x212A}, /* never into ASCII */
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        CU_ASSERT(unicode_fold(pairs[i][0]) == pairs[i][1]);
    for (uint32_t c = 0x80; c <= 0x10FFFF; c++)
        if (unicode_fold(c) < 0x80)
            CU_FAIL("a character folds into ASCII");
}

static void test_case(void)
{
    /* {c, upper, lower}; the German sharp s has no simple upper case, the last sigma is lower case already. */
    static const uint32_t rows[][3] = {
        {'a', 'A', 'a'},          {'Z', 'Z', 'z'},       {'[', '[', '['},       {0xE9, 0xC9, 0xE9},
        {0xDF, 0xDF, 0xDF},       {0x3C2, 0x3A3, 0x3C2}, {0x3A3, 0x3A3, 0x3C3}, {0x131, 0x131, 0x131},
        {0x130, 0x130, 0x130},    {0x17F, 0x17F, 0x17F}, {0xFF, 0x178, 0xFF},   {0x10428, 0x10400, 0x10428},
        {0x212A, 0x212A, 0x212A}, {0x1C5, 0x1C4, 0x1C6},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT_EQUAL(unicode_upper(rows[i][0]), rows[i][1]);
        CU_ASSERT_EQUAL(unicode_lower(rows[i][0]), rows[i][2]);
    }
    for (uint32_t c = 0x80; c <= 0x10FFFF; c++)
        if (unicode_upper(c) < 0x80 || unicode_lower(c) < 0x80)
            CU_FAIL("a character becomes ASCII");
}

static void test_tables(void)
{
    for (size_t i = 0; i < unicode_word_range_count; i++) {
        CU_ASSERT(unicode_word_ranges[i].first <= unicode_word_ranges[i].last);
        CU_ASSERT(i == 0 || unicode_word_ranges[i].first > unicode_word_ranges[i - 1].last);
    }
    for (size_t i = 0; i < unicode_fold_range_count; i++)
        CU_ASSERT(i == 0 || unicode_fold_ranges[i].first > unicode_fold_ranges[i - 1].last);
    CU_ASSERT(unicode_word_range_count > 500 && unicode_fold_range_count > 100);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"words", test_words}, {"fold", test_fold}, {"case", test_case}, {"tables", test_tables}, CU_TEST_INFO_NULL};
    return test_main("unicode", tests);
}
