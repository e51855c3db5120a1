#include "agent/verify/verify_refusal.h"

#include "agent/system/file.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#define MESSAGES "test_verify_refusal.tmp"
#define RULE "test_verify_refusal.yaml"
#define OTHER "test_verify_refusal_other.yaml"

static const char rule[] =
    "id: x\nquery: |\n  SecurityEvent\n  | where EventID == 4688\n  | join (SecurityEvent) on Computer\n"
    "  | where base64_decode_tostring(CommandLine) has 'x' and nope(1)\n";

/* Rows after the header; what comes of them all. */
static const struct {
    const char *rows;
    unsigned long mismatches, malformed, supported;
    const char *said;
} cases[] = {
    {RULE "\t3\t3\tjoin-or-subquery\tjoin\n", 0, 0, 0, ""},
    {RULE "\t4\t57\tunsupported-function-or-operator\tfunction nope\n", 0, 0, 0, ""},
    {RULE "\t4\t9\tfunction-not-in-core\tbase64_decode_tostring\n", 0, 0, 1, ""},
    {RULE "\t3\t4\tjoin-or-subquery\tjoin\n", 1, 0, 0,
     ":2: " RULE ":3:4: join-or-subquery is not told; 3:3 join-or-subquery"},
    {RULE "\t3\t3\tsyntax\tjoin\n", 1, 0, 0, "syntax is not told"},
    {RULE "\t2\t3\tjoin-or-subquery\tjoin\n" RULE "\t3\t3\tjoin-or-subquery\tjoin\n", 1, 0, 0, ":2: "},
    {"no-such-file.yaml\t1\t1\tsyntax\tx\n", 0, 1, 0, "no-such-file.yaml: "},
    {OTHER "\t1\t1\tsyntax\tx\n", 0, 1, 0, "the file holds no query"},
    {RULE "\t3\tx\tsyntax\tx\n", 0, 1, 0, "not a row of"},
    {RULE "\t3\t3\tsyntax\n", 0, 1, 0, "not a row of"},
};

static void write(const char *path, const char *text)
{
    FILE *to = NULL;
    CU_ASSERT_EQUAL_FATAL(file_open(&to, path, "w"), 0);
    CU_ASSERT(fputs(text, to) >= 0);
    CU_ASSERT_EQUAL(fclose(to), 0);
}

static void run(struct verify *v, const char *rows)
{
    char content[1024];
    FILE *to = NULL;
    CU_ASSERT_EQUAL_FATAL(file_open(&to, MESSAGES, "w"), 0);
    v->name = "f";
    v->mismatches_to = to;
    v->faults_to = to;
    (void)snprintf(content, sizeof(content), "%s\n%s", VERIFY_REFUSAL_HEADER, rows);
    CU_ASSERT_EQUAL(verify_lines(v, text_from(content)), 0);
    CU_ASSERT_EQUAL(fclose(to), 0);
}

static void test_rows(void)
{
    write(RULE, rule);
    write(OTHER, "id: x\n");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct verify v = {.rules = "."};
        char *said = NULL;
        size_t size = 0;
        run(&v, cases[i].rows);
        CU_ASSERT_EQUAL_FATAL(file_read(&said, &size, MESSAGES, 1u << 20), 0);
        bool good = v.kind == VERIFY_REFUSAL && v.mismatches == cases[i].mismatches &&
                    v.malformed == cases[i].malformed && v.supported == cases[i].supported &&
                    (cases[i].said[0] == '\0' ? size == 0 : strstr(said, cases[i].said) != NULL);
        CU_ASSERT(good);
        if (!good)
            fprintf(stderr, "case %zu: %lu %lu %lu: %s\n", i, v.mismatches, v.malformed, v.supported, said);
        free(said);
    }
    CU_ASSERT_EQUAL(file_remove(RULE), 0);
    CU_ASSERT_EQUAL(file_remove(OTHER), 0);
    CU_ASSERT_EQUAL(file_remove(MESSAGES), 0);
}

static void test_without_directory(void)
{
    struct verify v = {.rules = NULL};
    run(&v, cases[0].rows);
    CU_ASSERT_EQUAL(v.malformed, 1);
    CU_ASSERT_EQUAL(file_remove(MESSAGES), 0);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"rows", test_rows}, {"without a directory", test_without_directory}, CU_TEST_INFO_NULL};
    return test_main("verify_refusal", tests);
}
