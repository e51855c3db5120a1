#include "tests/detect/expression/expr_text.h"
#include "tests/test.h"

static struct arena *arena, *scratch;

/* The expression over the column s; text NULL: the event has none. */
static struct value value_of(const char *text, const char *column, const char *column2)
{
    struct expr_text parser = {.at = text, .arena = arena};
    struct expr_text_row row;
    struct expr *expr = expr_text_parse(&parser);
    if (expr == NULL)
        printf("%s: %s ", text, parser.fault.message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(expr);
    expr_text_fill(&row, arena, NULL);
    row.values[0].text = text_from(column);
    row.values[1].text = text_from(column2);
    return expr_value(expr, &row.row, scratch);
}

static const struct {
    const char *expr, *text;
    bool is;
} bool_cases[] = {
    {"(\"sigma:exists\" s)", NULL, false},
    {"(\"sigma:exists\" s)", "", true},
    {"(\"sigma:exists\" s)", "x", true},
    {"(\"sigma:like\" s \"a*c\")", "ABBC", true},
    {"(\"sigma:like_cs\" s \"a*c\")", "ABBC", false},
    {"(\"sigma:like\" s \"*\")", NULL, false},
    {"(\"sigma:re\" s \"b+\" \"\")", "abbc", true},
    {"(\"sigma:re\" s \"B+\" \"\")", "abbc", false},
    {"(\"sigma:re\" s \"B+\" \"i\")", "abbc", true},
    {"(\"sigma:re\" s \"^b\" \"m\")", "a\nb", true},
    {"(\"sigma:re\" s \"a.b\" \"s\")", "a\nb", true},
    {"(\"sigma:re\" s \"b|c\" \"^\")", "ab", false},
    {"(\"sigma:re\" s \"b|c\" \"$\")", "ab", true},
    {"(\"sigma:re\" s \"a.b\" \"\")",
     "a\xFF"
     "b",
     true},
    {"(\"sigma:re\" s \"\" \"\")", "", true},
    {"(\"sigma:re\" s \"\" \"\")", NULL, false},
    {"(\"sigma:cidr\" s \"10.0.0.0/8\")", "10.1.2.3", true},
    {"(\"sigma:cidr\" s \"10.0.0.0/8\")", "localhost", false},
    {"(\"sigma:cidr\" s \"10.0.0.0/8\")", NULL, false},
    {"(\"sigma:is\" s \"500\")", "500", true},
    {"(\"sigma:is\" s \"500\")", "0x1F4", true},
    {"(\"sigma:is\" s \"0x1f4\")", "500", true},
    {"(\"sigma:is\" s \"0x1f4\")", "0X1F4", true},
    {"(\"sigma:is\" s \"500\")", "5000", false},
    {"(\"sigma:is\" s \"500\")", "", false},
    {"(\"sigma:is\" s \"500\")", NULL, false},
    {"(\"sigma:is\" s \"1.5\")", "1.50", true},
    {"(\"sigma:is\" s \"9007199254740993\")", "9007199254740992", false},
    {"(\"sigma:is\" s \"500\")", "x500", false},
    {"(\"sigma:number\" s \"lt\" 5)", "4", true},
    {"(\"sigma:number\" s \"lt\" 5)", "5", false},
    {"(\"sigma:number\" s \"lte\" 5)", "5", true},
    {"(\"sigma:number\" s \"lte\" 5)", "5.5", false},
    {"(\"sigma:number\" s \"gt\" 5)", "0x6", true},
    {"(\"sigma:number\" s \"gt\" 5)", "5", false},
    {"(\"sigma:number\" s \"gte\" 1.5)", "1.5", true},
    {"(\"sigma:number\" s \"eq\" 5)", "5.0", true},
    {"(\"sigma:number\" s \"gt\" 5)", "many", false},
    {"(\"sigma:number\" s \"lt\" 5)", "", false},
    {"(\"sigma:number\" s \"lt\" 5)", NULL, false},
    {"(\"sigma:time\" s \"minute\" \"eq\" 34)", "2026-11-30 12:34:56.789", true},
    {"(\"sigma:time\" s \"hour\" \"gte\" 12)", "2026-11-30T12:34:56Z", true},
    {"(\"sigma:time\" s \"hour\" \"gt\" 12)", "2026-11-30T12:34:56Z", false},
    {"(\"sigma:time\" s \"day\" \"eq\" 30)", "2026-11-30T12:34:56Z", true},
    {"(\"sigma:time\" s \"month\" \"eq\" 11)", "2026-11-30T12:34:56Z", true},
    {"(\"sigma:time\" s \"year\" \"eq\" 2026)", "2026-11-30T12:34:56Z", true},
    {"(\"sigma:time\" s \"day\" \"eq\" 29)", "2024-02-29T00:00:00Z", true},
    {"(\"sigma:time\" s \"month\" \"eq\" 3)", "2100-03-01T00:00:00Z", true},
    {"(\"sigma:time\" s \"year\" \"eq\" 1601)", "1601-01-01T00:00:00Z", true},
    {"(\"sigma:time\" s \"week\" \"eq\" 49)", "2026-11-30T12:34:56Z", true},
    {"(\"sigma:time\" s \"week\" \"eq\" 53)", "2027-01-03T00:00:00Z", true}, /* a Sunday of 2026's last week */
    {"(\"sigma:time\" s \"week\" \"eq\" 1)", "2027-01-04T00:00:00Z", true},
    {"(\"sigma:time\" s \"week\" \"eq\" 1)", "2024-12-30T00:00:00Z", true}, /* a Monday of 2025's first week */
    {"(\"sigma:time\" s \"week\" \"eq\" 9)", "2024-02-29T00:00:00Z", true},
    {"(\"sigma:time\" s \"week\" \"eq\" 10)", "2024-03-04T00:00:00Z", true},
    {"(\"sigma:time\" s \"hour\" \"gte\" 0)", "noon", false},
    {"(\"sigma:time\" s \"hour\" \"gte\" 0)", NULL, false},
};

static void bools(void)
{
    for (size_t i = 0; i < sizeof bool_cases / sizeof bool_cases[0]; i++) {
        struct value value = value_of(bool_cases[i].expr, bool_cases[i].text, NULL);
        if (value.type != VALUE_BOOL || value.is_null || value.boolean != bool_cases[i].is) {
            printf("%s of %s ", bool_cases[i].expr, bool_cases[i].text == NULL ? "nothing" : bool_cases[i].text);
            CU_FAIL("wrong answer");
        }
    }
    CU_PASS("all");
}

static void texts(void)
{
    static const struct {
        const char *expr, *s, *s2, *is; /* NULL: absent */
    } cases[] = {
        {"(\"sigma:account\" s2 \"D\" \"n\")", NULL, "S-1-5-21-1", "D\\n"},
        {"(\"sigma:account\" s2 \"D\" \"HOST$\")", NULL, "S-1-5-18", "NT AUTHORITY\\SYSTEM"},
        {"(\"sigma:account\" s2 \"D\" \"n\")", NULL, "S-1-5-19", "NT AUTHORITY\\LOCAL SERVICE"},
        {"(\"sigma:account\" s2 \"D\" \"n\")", NULL, "S-1-5-20", "NT AUTHORITY\\NETWORK SERVICE"},
        {"(\"sigma:account\" s2 \"-\" \"n\")", NULL, "S-1-5-21-1", "n"},
        {"(\"sigma:account\" s2 \"\" \"\")", NULL, NULL, NULL},
        {"(\"sigma:account\" \"S-1-0-0\" \"-\" \"-\" s2 \"D\" \"n\")", NULL, "S-1-5-21-1", "D\\n"},
        {"(\"sigma:account\" \"S-1-5-21-2\" \"E\" \"m\" s2 \"D\" \"n\")", NULL, "S-1-5-21-1", "E\\m"},
        {"(\"sigma:logon\" s s2)", "0x3e7", "0x1", "0x3e7"},
        {"(\"sigma:logon\" s s2)", "0x0", "0x1", "0x1"},
        {"(\"sigma:logon\" s s2)", "-", "0x1", "0x1"},
        {"(\"sigma:logon\" s s2)", NULL, "0x1", "0x1"},
        {"(\"sigma:logon\" s s2)", NULL, NULL, NULL},
        {"(\"sigma:either\" s s2)", "a", "b", "a"},
        {"(\"sigma:either\" s s2)", "", "b", ""},
        {"(\"sigma:either\" s s2)", NULL, "b", "b"},
        {"(\"sigma:either\" s s2)", NULL, NULL, NULL},
        {"(\"sigma:hash\" s \"IMPHASH\")", "SHA1=A1,MD5=B2,IMPHASH=C3", NULL, "C3"},
        {"(\"sigma:hash\" s \"SHA1\")", "SHA1=A1,MD5=B2,IMPHASH=C3", NULL, "A1"},
        {"(\"sigma:hash\" s \"MD5\")", "md5=", NULL, ""},
        {"(\"sigma:hash\" s \"SHA256\")", "SHA1=A1", NULL, NULL},
        {"(\"sigma:hash\" s \"SHA1\")", "SHA1", NULL, NULL},
        {"(\"sigma:hash\" s \"SHA1\")", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct value value = value_of(cases[i].expr, cases[i].s, cases[i].s2);
        CU_ASSERT_EQUAL(value.type, VALUE_STRING);
        if ((value.text.bytes == NULL) != (cases[i].is == NULL) || !text_equal(value.text, text_from(cases[i].is))) {
            printf("%s is %.*s ", cases[i].expr, (int)value.text.len, value.text.bytes);
            CU_FAIL("wrong text");
        }
    }
}

static void mistakes_are_told(void)
{
    static const char *const refused[] = {
        "(\"sigma:cidr\" s \"10.1.0.0/8\")",       "(\"sigma:cidr\" s \"all\")", "(\"sigma:number\" s \"ne\" 5)",
        "(\"sigma:time\" s \"hour\" \"above\" 5)", "(\"sigma:like\" s s2)",      "(\"sigma:re\" s \"a\" \"x\")"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct expr_text parser = {.at = refused[i], .arena = arena};
        CU_ASSERT_PTR_NULL(expr_text_parse(&parser));
        CU_ASSERT_STRING_EQUAL(parser.fault.code, "K122");
    }
}

static void a_bad_expression_is_told(void)
{
    struct expr_text parser = {.at = "(\"sigma:re\" s \"a(\" \"\")", .arena = arena};
    CU_ASSERT_PTR_NULL(expr_text_parse(&parser));
    CU_ASSERT_STRING_EQUAL(parser.fault.code, "K123");
    parser = (struct expr_text){.at = "(\"sigma:re\" s \"(a)\\\\1\" \"\")", .arena = arena};
    CU_ASSERT_PTR_NULL(expr_text_parse(&parser)); /* what the matcher can't do is not taken */
}

static void what_a_pattern_requires(void)
{
    struct expr_text parser = {.at = "(\"sigma:like\" s \"*Ab?Cde*\")", .arena = arena};
    struct expr_needs needs;
    CU_ASSERT_TRUE_FATAL(expr_required(&needs, expr_text_parse(&parser), arena));
    CU_ASSERT_EQUAL(needs.count, 1);
    CU_ASSERT_EQUAL(needs.literals[0].column, 0);
    CU_ASSERT_TRUE(text_equal(needs.literals[0].text, text_from("cde")));
    parser = (struct expr_text){.at = "(\"sigma:like_cs\" s \"*AB?*\")", .arena = arena};
    CU_ASSERT_TRUE_FATAL(expr_required(&needs, expr_text_parse(&parser), arena));
    CU_ASSERT_TRUE(text_equal(needs.literals[0].text, text_from("ab")));
    parser = (struct expr_text){.at = "(\"sigma:re\" s \"x*Word[0-9]\" \"\")", .arena = arena};
    CU_ASSERT_TRUE_FATAL(expr_required(&needs, expr_text_parse(&parser), arena));
    CU_ASSERT_TRUE(text_equal(needs.literals[0].text, text_from("word")));
    parser = (struct expr_text){.at = "(\"sigma:like\" s \"*?*\")", .arena = arena};
    CU_ASSERT_FALSE(expr_required(&needs, expr_text_parse(&parser), arena));
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"true or false", bools},
                                        {"texts", texts},
                                        {"mistakes are reported", mistakes_are_told},
                                        {"a bad expression is reported", a_bad_expression_is_told},
                                        {"what a pattern requires", what_a_pattern_requires},
                                        CU_TEST_INFO_NULL};
    if (arena_new(&arena, (size_t)4 << 20) != 0 || arena_new(&scratch, EXPR_SCRATCH_BYTES) != 0)
        return 1;
    int rc = test_main("function_sigma", tests);
    arena_free(arena);
    arena_free(scratch);
    return rc;
}
