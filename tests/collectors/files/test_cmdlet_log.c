#include "collectors/files/cmdlet_log.h"
#include "tests/test.h"

#include <stdlib.h>

/* What a file gives, a line an item: [value|value] for a row, ! for a bad one; nothing for the rest. */
static void read_all(char *to, size_t room, const char *file)
{
    struct cmdlet_log log = {.count = 0};
    size_t left = strlen(file);
    char *copy = malloc(left + 1), *at = copy;
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    memcpy(copy, file, left);
    to[0] = '\0';
    while (left > 0) {
        static struct cmdlet_log_row row;
        enum cmdlet_log_line line;
        size_t length = cmdlet_log_length((struct text){at, left}, true), used = strlen(to);
        CU_ASSERT_FATAL(length > 0 && length <= left);
        CU_ASSERT_EQUAL(cmdlet_log_read(&log, &line, &row, at, length), 0);
        if (line == CMDLET_LOG_BAD)
            snprintf(to + used, room - used, "!");
        for (size_t i = 0; line == CMDLET_LOG_ROW && i < row.count; i++) {
            used = strlen(to);
            snprintf(to + used, room - used, "%s%.*s=%.*s%s", i == 0 ? "[" : "|", (int)log.names[i].len,
                     log.names[i].bytes, (int)row.values[i].len, row.values[i].bytes, i + 1 == row.count ? "]" : "");
        }
        at += length;
        left -= length;
    }
    cmdlet_log_clear(&log);
    free(copy);
}

static void test_files(void)
{
    static const struct {
        const char *file, *want;
    } cases[] = {
        {"#Software: Microsoft Exchange Server\r\n#Fields: a,b\r\n1,2\r\n3,4\r\n", "[a=1|b=2][a=3|b=4]"},
        {"\xEF\xBB\xBF#Fields: a, b\n1,\n", "[a=1|b=]"},
        {"#Fields: a,b\n\"x,y\",\"say \"\"hi\"\"\"\n", "[a=x,y|b=say \"hi\"]"},
        {"#Fields: a,b\n\"x\r\ny\",2\n3,4", "[a=x\r\ny|b=2][a=3|b=4]"},
        {"#Fields: a,b\n1\n1,2,3\n1,2\n", "!![a=1|b=2]"},
        {"1,2\n#Fields: a,b\n1,2\n#Fields: c\n3\n", "![a=1|b=2][c=3]"},
        {"#Fields: a,b\n\"x,2\n3,4\n", "![a=3|b=4]"}, /* a quote that nothing closes costs its own row */
        {"#Fields: a\n\n# 1\n", ""},
        {"#Fields: a,b\n1,\"2\"x\n", "[a=1|b=2x]"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char is[256];
        read_all(is, sizeof(is), cases[i].file);
        if (strcmp(is, cases[i].want) != 0) {
            fprintf(stderr, "%s: %s\n", cases[i].file, is);
            CU_FAIL("a file");
        }
    }
}

static void test_lengths(void)
{
    CU_ASSERT_EQUAL(cmdlet_log_length(text_from("1,2\n3"), false), 4);
    CU_ASSERT_EQUAL(cmdlet_log_length(text_from("3"), false), 0); /* more may come */
    CU_ASSERT_EQUAL(cmdlet_log_length(text_from("3"), true), 1);
    CU_ASSERT_EQUAL(cmdlet_log_length(text_from("\"a\nb"), false), 0);
    CU_ASSERT_EQUAL(cmdlet_log_length(text_from("# it's \"\nx\n"), false), 9);
    CU_ASSERT_EQUAL(cmdlet_log_length(text_from(""), true), 0);
    size_t size = CMDLET_LOG_MAX_ROW + 3;
    char *long_row = malloc(size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(long_row);
    memset(long_row, 'x', size);
    memcpy(long_row, "\"a\n", 3);
    CU_ASSERT_EQUAL(cmdlet_log_length((struct text){long_row, CMDLET_LOG_MAX_ROW}, false), 0);
    CU_ASSERT_EQUAL(cmdlet_log_length((struct text){long_row, CMDLET_LOG_MAX_ROW + 1}, false), 3);
    free(long_row);
}

static void test_recognised(void)
{
    CU_ASSERT(cmdlet_log_is_one(text_from("#Software: Microsoft Exchange Server")));
    CU_ASSERT(cmdlet_log_is_one(text_from("\xEF\xBB\xBF#Fields: a")));
    CU_ASSERT_FALSE(cmdlet_log_is_one(text_from("#Software: Microsoft Internet Information Services 10.0")));
    CU_ASSERT_FALSE(cmdlet_log_is_one(text_from("")));
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"files", test_files}, {"lengths", test_lengths}, {"what is recognised", test_recognised}, CU_TEST_INFO_NULL};
    return test_main("cmdlet_log", tests);
}
