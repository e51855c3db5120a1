/* docs/rule-language.md has the operators and functions that there are. `test_kql_docs --write` puts them there. */
#include "detect/expression/expr.h"
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
    if (to == NULL)
        abort();
    len += (size_t)snprintf(to, ROOM, "| Operator, function | Answer |\n|---|---|\n");
    for (int is_function = 0; is_function < 2; is_function++)
        for (size_t i = 0; expr_entry_at(&entry, i); i++)
            if (entry.is_kql && entry.is_operator == (is_function == 0))
                len = put_row(to, len, &entry);
    return to;
}

/* The document, and where its table begins and ends. */
static char *read_document(char **begin, char **end)
{
    FILE *from = fopen(DOCUMENT, "rb");
    char *document = calloc(1, ROOM);
    if (from == NULL || document == NULL || fread(document, 1, ROOM - 1, from) == 0)
        abort();
    (void)fclose(from); /* read only */
    *begin = strstr(document, BEGIN);
    *end = *begin != NULL ? strstr(*begin, END) : NULL;
    if (*end == NULL)
        abort();
    *begin += strlen(BEGIN);
    return document;
}

static void test_table(void)
{
    char *begin, *end, *document = read_document(&begin, &end), *expected = made();
    CU_ASSERT((size_t)(end - begin) == strlen(expected) && memcmp(begin, expected, strlen(expected)) == 0);
    free(document);
    free(expected);
}

static int write_table(void)
{
    char *begin, *end, *document = read_document(&begin, &end), *table = made();
    FILE *to = fopen(DOCUMENT, "wb");
    bool is_written = to != NULL && fwrite(document, 1, (size_t)(begin - document), to) > 0 && fputs(table, to) >= 0 &&
                      fputs(end, to) >= 0;
    is_written = to != NULL && fclose(to) == 0 && is_written;
    free(document);
    free(table);
    return is_written ? 0 : 1;
}

int main(int argc, char **argv)
{
    static const CU_TestInfo tests[] = {{"table", test_table}, CU_TEST_INFO_NULL};
    if (argc == 2 && strcmp(argv[1], "--write") == 0)
        return write_table();
    return test_main("kql_docs", tests);
}
