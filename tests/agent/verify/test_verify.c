#include "agent/verify/verify.h"

#include "agent/system/file.h"
#include "agent/verify/vectors.h"
#include "agent/verify/verify_row.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#define MESSAGES "test_verify.tmp"

#define EXPRESSIONS "id\tkind\texpression\tfield_types\tfields_json\texpected_json\n"

/* One file's lines and what comes of them. */
static const struct {
    const char *content;
    enum verify_kind kind;
    unsigned long rows, mismatches, malformed;
    const char *said; /* on either stream, or NULL */
} cases[] = {
    {"haystack\tneedle\texpected\tsource\na b\tb\t1\tme\nab\tb\t0\tme\n", VERIFY_HAS, 2, 0, 0, NULL},
    {"haystack\tneedle\texpected\na b\tb\t1\nab\tb\t1\n", VERIFY_HAS, 2, 1, 0,
     "f:3: \"ab\" has \"b\" is 0 in UTF-8, expected 1\n"},
    {"a b\tb\t1\r\n\r\nab\tb\t0", VERIFY_HAS, 2, 0, 0, NULL}, /* no header, CR LF, empty line, no last line end */
    {"\xEF\xBB\xBFhaystack\tneedle\texpected\nb\tb\t1\n", VERIFY_HAS, 1, 0, 0, NULL},
    {"a b\tb\t1\tsource\nab\tb\t0\n", VERIFY_HAS, 2, 0, 0, NULL}, /* source here and not there */
    {"command_line\texpected\nSet-CASMailbox ActiveSyncAllowedDeviceIDs add\t1\nadd\t0\n", VERIFY_HAS_ALL, 2, 0, 0,
     NULL},
    {"command_line\texpected\tsource\nadd\t1\tme\n", VERIFY_HAS_ALL, 1, 1, 0,
     "f:2: \"add\" has all terms of the rule is 0 in UTF-8, expected 1\n"},
    {"add\t0\tme\n", VERIFY_HAS_ALL, 1, 0, 0, NULL},
    {"h.c\tD\\\\n\th\t1\tc\tn\tD\n", VERIFY_ENTITY, 1, 0, 0, NULL},
    {"computer\taccount\thost_name\tdomain_index\thost_name_domain\taccount_name\taccount_domain\tsource\n"
     "h.c\tD\\\\n\th\t1\tc\tn\tD\tme\nh.c\tD\\\\n\tx\t2\tc\tn\tD\tme\n",
     VERIFY_ENTITY, 2, 1, 0, "f:3: domain_index is \"1\", expected \"2\"\n"},
    {"haystack\tneedle\texpected\na\tb\n", VERIFY_HAS, 1, 0, 1, "f:2: another number of columns"},
    {"haystack\tneedle\texpected\na\tb\tc\td\te\n", VERIFY_HAS, 1, 0, 1, "f:2: another number of columns"},
    {"haystack\tneedle\texpected\na\tb\t2\n", VERIFY_HAS, 1, 0, 1, "f:2: the expected answer is neither 1 nor 0"},
    {"haystack\tneedle\texpected\na\tb\t\n", VERIFY_HAS, 1, 0, 1, "neither"},
    {"haystack\tneedle\texpected\n\\q\tb\t0\n", VERIFY_HAS, 1, 0, 1, "f:2: a backslash without an escape"},
    {"nonsense\n", VERIFY_UNKNOWN, 1, 0, 1, "f:1: not a row of vectors"},
    {"a\tb\tc\td\te\tf\tg\th\ti\n", VERIFY_UNKNOWN, 1, 0, 1, "f:1: not a row of vectors"},
    {"", VERIFY_UNKNOWN, 0, 0, 0, NULL},
    {EXPRESSIONS "a\twhere\ts has \"x\" and i == 1\ts:string,i:long\t{\"s\": \"x y\", \"i\": 1}\ttrue\n"
                 "b\twhere\ti > 1\ti:long\t{}\tfalse\n" /* null: not kept */
                 "c\tvalue\ti > 1\ti:long\t{\"i\": null}\tnull\n"
                 "d\tvalue\ttoreal(i) + 0.5\ti:long\t{\"i\": 1}\t1.5\n"
                 "e\tvalue\tstartofday(t)\tt:datetime\t{\"t\": \"2020-01-02 03:04\"}\t\"2020-01-02T00:00:00Z\"\n"
                 "f\tvalue\tsplit(s, \",\")\ts:string\t{\"s\": \"a,b\"}\t[\"a\", \"b\"]\n"
                 "g\tvalue\ttoreal(\"nan\")\t\t{}\t\"NaN\"\n",
     VERIFY_EXPRESSION, 7, 0, 0, NULL},
    {EXPRESSIONS "a\twhere\ts has \"x\"\ts:string\t{\"s\": \"xy\"}\ttrue\n", VERIFY_EXPRESSION, 1, 1, 0,
     "f:2: a: where: s has \"x\" is not kept, expected true\n"},
    {EXPRESSIONS "a\x1B]0;x\tvalue\tstrlen(s)\ts:string\t{\"s\": \"xy\"}\t3\n", VERIFY_EXPRESSION, 1, 1, 0,
     "f:2: a\\x1B]0;x: value: strlen(s) is 2, expected 3\n"},
    {EXPRESSIONS "a\tvalue\tstrlen(s)\ts:string\t{\"s\": \"xy\"}\t3\n", VERIFY_EXPRESSION, 1, 1, 0,
     "f:2: a: value: strlen(s) is 2, expected 3\n"},
    {EXPRESSIONS "a\tvalue\tsplit(s, \",\")\ts:string\t{\"s\": \"a,b\"}\t[\"a\", \"c\"]\n", VERIFY_EXPRESSION, 1, 1, 0,
     "is [\"a\",\"b\"], expected"},
    {EXPRESSIONS "a\tvalue\tnone(s)\ts:string\t{\"s\": \"xy\"}\t3\n", VERIFY_EXPRESSION, 1, 1, 0, "none"},
    {EXPRESSIONS "a\tother\t1\t\t{}\t1\n", VERIFY_EXPRESSION, 1, 0, 1, "f:2: the kind is neither"},
    {EXPRESSIONS "a\tvalue\t1\t\t{\t1\n", VERIFY_EXPRESSION, 1, 0, 1, "f:2: fields_json"},
    {EXPRESSIONS "a\tvalue\t1\ts:text\t{}\t1\n", VERIFY_EXPRESSION, 1, 0, 1, "f:2: field_types"},
    {EXPRESSIONS "a\tvalue\t1\ti:long\t{\"i\": \"x\"}\t1\n", VERIFY_EXPRESSION, 1, 0, 1, "f:2: a field's value"},
    {EXPRESSIONS "a\tvalue\t1\t\t{}\tx\n", VERIFY_EXPRESSION, 1, 0, 1, "f:2: expected_json"},
};

static char *messages(void)
{
    char *read = NULL;
    size_t size = 0;
    return file_read(&read, &size, MESSAGES, 1u << 20) == 0 ? read : NULL;
}

static void test_files(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        FILE *to = NULL;
        CU_ASSERT_EQUAL_FATAL(file_open(&to, MESSAGES, "w"), 0);
        struct verify v = {.name = "f", .mismatches_to = to, .faults_to = to};
        CU_ASSERT_EQUAL(verify_lines(&v, text_from(cases[i].content)), 0);
        CU_ASSERT_EQUAL(fclose(to), 0);
        char *said = messages();
        CU_ASSERT_PTR_NOT_NULL_FATAL(said);
        bool good = v.kind == cases[i].kind && v.rows == cases[i].rows && v.mismatches == cases[i].mismatches &&
                    v.malformed == cases[i].malformed &&
                    (cases[i].said == NULL ? said[0] == '\0' : strstr(said, cases[i].said) != NULL);
        CU_ASSERT(good);
        if (!good)
            fprintf(stderr, "case %zu: kind %d, %lu rows, %lu mismatches, %lu malformed: %s\n", i, (int)v.kind, v.rows,
                    v.mismatches, v.malformed, said);
        free(said);
    }
}

static const struct {
    const char *escaped, *want;
    size_t size;
} escapes[] = {
    {"a\\\\b\\tc\\nd\\re\\0f", "a\\b\tc\nd\re\0f", 11},
    {"\\u00e4\\u4E3B", "\xC3\xA4\xE4\xB8\xBB", 5},
    {"\\U0001F600", "\xF0\x9F\x98\x80", 4},
    {"\\uD83D\\uDE00", "\xF0\x9F\x98\x80", 4},           /* a pair */
    {"\\uD83Dx\\uDE00", "\xED\xA0\xBDx\xED\xB8\x80", 7}, /* lone ones */
    {"\\uD83D\\uD83D", "\xED\xA0\xBD\xED\xA0\xBD", 6},
    {"\\xFF\\x00\\xc3", "\xFF\0\xC3", 3},
    {"plain", "plain", 5},
    {"", "", 0},
};

static void test_escapes(void)
{
    static const char *const wrong[] = {"\\",          "a\\",       "\\q", "\\u12", "\\u12G4",
                                        "\\U0011FFFF", "\\U0001F6", "\\x", "\\x1",  "\\xG1"};
    char to[64];
    struct text got;
    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        CU_ASSERT_PTR_NULL(verify_row_unescape(&got, to, text_from(escapes[i].escaped)));
        CU_ASSERT(text_equal(got, (struct text){escapes[i].want, escapes[i].size}));
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CU_ASSERT_PTR_NOT_NULL(verify_row_unescape(&got, to, text_from(wrong[i])));
}

static void check_table(const char *const *rows, unsigned long at_least)
{
    struct verify v = {.name = "built-in", .mismatches_to = stderr, .faults_to = stderr};
    for (; *rows != NULL; rows++)
        CU_ASSERT_EQUAL(verify_line(&v, text_from(*rows)), 0);
    verify_clear(&v);
    CU_ASSERT(v.rows >= at_least && v.mismatches == 0 && v.malformed == 0);
}

static void test_built_in(void)
{
    check_table(vectors_has, 60);
    check_table(vectors_has_all, 20);
    check_table(vectors_entity, 20);
}

/* Recorded answers of the real engine, where they are at hand. */
static void test_recorded(void)
{
    static const struct {
        const char *name;
        enum verify_kind kind;
        unsigned long at_least;
    } files[] = {{"has_vectors.tsv", VERIFY_HAS, 270},
                 {"has_all_vectors.tsv", VERIFY_HAS_ALL, 21},
                 {"entity_vectors.tsv", VERIFY_ENTITY, 39},
                 {"kql_expr_vectors.tsv", VERIFY_EXPRESSION, 700},
                 {"cmdlet_vectors.tsv", VERIFY_CMDLET, 56}};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[512], *content = NULL;
        size_t size = 0;
        snprintf(path, sizeof(path), "%s/spec/vectors/%s", TEST_SHARED, files[i].name);
        if (file_read(&content, &size, path, 1u << 24) != 0) {
            test_skip("there is no " TEST_SHARED "/spec/vectors");
            continue;
        }
        struct verify v = {.name = path, .mismatches_to = stderr, .faults_to = stderr};
        CU_ASSERT_EQUAL(verify_lines(&v, (struct text){content, size}), 0);
        CU_ASSERT(v.kind == files[i].kind && v.rows >= files[i].at_least && v.mismatches == 0 && v.malformed == 0);
        free(content);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"files", test_files},       {"escapes", test_escapes}, {"built-in vectors", test_built_in},
        {"recorded", test_recorded}, CU_TEST_INFO_NULL,
    };
    return test_main("verify", tests);
}
