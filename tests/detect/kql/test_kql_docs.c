/* docs/rule-language.md has the operators and functions that there are. A test that fails leaves the right table in
 * test_kql_docs.tmp, to be put between the two marks. */
#include "detect/rule/expr.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#define DOCUMENT TEST_SOURCE "/docs/rule-language.md"
#define BEGIN "<!-- functions: begin -->\n"
#define END "<!-- functions: end -->"
#define ROOM ((size_t)1 << 18)

static size_t put(char *to, size_t len, const char *text)
{
    for (; *text != '\0' && len + 2 < ROOM; text++) {
        if (*text == '|')
            to[len++] = '\\';
        to[len++] = *text;
    }
    to[len] = '\0';
    return len;
}

static size_t put_row(char *to, size_t len, const struct expr_entry *entry)
{
    len += (size_t)snprintf(to + len, ROOM - len, "| `");
    len = put(to, len, entry->is_operator ? entry->arguments : entry->name);
    if (!entry->is_operator)
        len = put(to, len, entry->arguments);
    len += (size_t)snprintf(to + len, ROOM - len, "` | ");
    len = put(to, len, entry->summary);
    return len + (size_t)snprintf(to + len, ROOM - len, " |\n");
}

/* Operators, then functions, each in the table's order. */
static char *made(void)
{
    char *to = calloc(1, ROOM);
    size_t len = 0;
    struct expr_entry entry;
    CU_ASSERT_PTR_NOT_NULL_FATAL(to);
    len += (size_t)snprintf(to, ROOM, "| Operator, function | Answer |\n|---|---|\n");
    for (int is_function = 0; is_function < 2; is_function++)
        for (size_t i = 0; expr_entry_at(&entry, i); i++)
            if (entry.is_kql && entry.is_operator == (is_function == 0))
                len = put_row(to, len, &entry);
    return to;
}

static void test_table(void)
{
    FILE *from = fopen(DOCUMENT, "rb");
    char *document = calloc(1, ROOM), *expected = made();
    CU_ASSERT_FATAL(from != NULL && document != NULL);
    CU_ASSERT_FATAL(fread(document, 1, ROOM - 1, from) > 0);
    (void)fclose(from); /* read only */
    char *begin = strstr(document, BEGIN), *end = begin != NULL ? strstr(begin, END) : NULL;
    CU_ASSERT_FATAL(begin != NULL && end != NULL);
    begin += strlen(BEGIN);
    *end = '\0';
    CU_ASSERT(strcmp(begin, expected) == 0);
    if (strcmp(begin, expected) != 0) {
        FILE *to = fopen("test_kql_docs.tmp", "wb");
        CU_ASSERT_PTR_NOT_NULL_FATAL(to);
        CU_ASSERT(fputs(expected, to) >= 0);
        CU_ASSERT_EQUAL(fclose(to), 0);
    }
    free(document);
    free(expected);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"table", test_table}, CU_TEST_INFO_NULL};
    return test_main("kql_docs", tests);
}
