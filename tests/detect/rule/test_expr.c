#include "tests/detect/rule/expr_text.h"
#include "tests/test.h"

static const struct {
    const char *expr, *row, *want; /* want: the value as JSON, or "K..." when it is refused */
} cases[] = {
#include "tests/detect/rule/expr_cases.inc"
};

/* The value as JSON, or the fault's code. */
static struct text answer(const char *text, const char *row_json, struct arena *arena)
{
    struct expr_text parser = {.at = text, .arena = arena};
    struct expr_text_row row;
    struct expr *expr = expr_text_parse(&parser);
    if (expr == NULL)
        return arena_text(arena, text_from(parser.rc == -EINVAL ? parser.fault.code : "no memory"));
    expr_text_fill(&row, arena, row_json);
    row.row.now = INT64_C(637134336000000000); /* 2020-01-01 */
    struct text json = value_json(expr_value(expr, &row.row, arena), arena);
    return json.bytes == NULL ? text_from("error") : json;
}

static void test_answers(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena *arena;
        CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)16 << 20), 0);
        struct text is = answer(cases[i].expr, cases[i].row, arena);
        bool same = text_equal(is, text_from(cases[i].want));
        if (!same)
            fprintf(stderr, "%s with %s: %.*s, want %s\n", cases[i].expr, cases[i].row == NULL ? "-" : cases[i].row,
                    (int)is.len, is.bytes, cases[i].want);
        CU_ASSERT(same);
        arena_free(arena);
    }
}

static const struct {
    const char *expr, *want; /* "column:literal" of each, with blanks between them, or "-" */
} required[] = {
    {"(has s \"Mimikatz\")", "s:mimikatz"},
    {"(has s \"\")", "-"},
    {"(!has s \"x\")", "-"},
    {"(not (!has s \"x\"))", "s:x"},
    {"(not (not (has s \"x\")))", "s:x"},
    {"(has i \"x\")", "-"},
    {"(and (has s \"cmd.exe\") (has s2 \"mimikatz\"))", "s2:mimikatz"}, /* the rarer one */
    {"(and (has s \"powershell\") (has s2 \"zq\"))", "s:powershell"},
    {"(or (has s \"aaa\") (has s2 \"bbb\"))", "s:aaa s2:bbb"},
    {"(or (has s \"aaa\") b)", "-"},
    {"(not (or (!has s \"aaa\") b))", "s:aaa"},
    {"(not (and (!has s \"aaa\") (!= s2 \"bbb\")))", "s:aaa s2:bbb"},
    {"(== s \"ABC\")", "s:abc"},
    {"(== \"ABC\" s)", "s:abc"},
    {"(== s \"\")", "-"},
    {"(!= s \"abc\")", "-"},
    {"(=~ s \"\xC3\x89\")", "s:\xC3\xA9"},
    {"(in~ s \"a\" \"b\")", "s:a s:b"},
    {"(in s \"a\" \"\")", "-"},
    {"(in s \"a\" s2)", "-"},
    {"(!in s \"a\")", "-"},
    {"(not (!in s \"a\"))", "s:a"},
    {"(has_any s \"aa\" \"bb\")", "s:aa s:bb"},
    {"(has_all s \"cmd.exe\" \"mimikatz\" s2)", "s:mimikatz"},
    {"(has s s2)", "-"},
    {"(\"matches regex\" s \"a[bc]defg\")", "s:defg"},
    {"(\"matches regex\" s \"[bc]\")", "-"},
    {"(contains (tolower s) \"abc\")", "s:abc"},
    {"(== ([] (split s \"\\\\\") -1) \"a\\\\b\")", "s:a\\b"},
    {"(contains (split s \",\") \"ab\\\",\\\"c\")", "s:ab"}, /* its text is JSON */
    {"(=~ (. (parse_path s) \"Filename\") \"x.exe\")", "s:x.exe"},
    {"(has (. d \"a\") \"x\\\\yz\")", "d:yz"}, /* so is a dynamic column's */
    {"(has (extract \"(a)\" 1 s) \"abc\")", "s:abc"},
    {"(has (iff b s s2) \"abc\")", "s:abc s2:abc"},
    {"(has (iff b s \"xyz\") \"abc\")", "s:abc"},
    {"(has (iff b s \"x abc\") \"abc\")", "-"},
    {"(has (coalesce s s2) \"abc\")", "s:abc s2:abc"},
    {"(has (case b s c \"k\" s2) \"abc\")", "s:abc s2:abc"},
    {"(has (strcat s s2) \"abc\")", "-"},
    {"(has (replace_string s \"a\" \"b\") \"abc\")", "-"},
    {"(> i 1)", "-"},
    {"(== i 1)", "-"},
    {"(has s \"\xEF\xBF\xBD\")", "-"}, /* stands for bytes that are no UTF-8 */
};

static void test_required(void)
{
    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        struct arena *arena;
        CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)16 << 20), 0);
        struct expr_text parser = {.at = required[i].expr, .arena = arena};
        struct expr *expr = expr_text_parse(&parser);
        struct expr_needs needs;
        char is[200] = "-";
        if (expr == NULL) {
            (void)snprintf(is, sizeof(is), "%s", "-"); /* refused, as "has" of a number */
        } else if (expr_required(&needs, expr, arena)) {
            size_t len = 0;
            for (size_t k = 0; k < needs.count; k++)
                len += (size_t)snprintf(is + len, sizeof(is) - len, "%s%s:%.*s", k > 0 ? " " : "",
                                        expr_text_columns[needs.literals[k].column].name,
                                        (int)needs.literals[k].text.len, needs.literals[k].text.bytes);
        }
        if (strcmp(is, required[i].want) != 0)
            fprintf(stderr, "%s: needs %s, want %s\n", required[i].expr, is, required[i].want);
        CU_ASSERT_STRING_EQUAL(is, required[i].want);
        arena_free(arena);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"each expression gives its answer", test_answers},
        {"what must stand in the event", test_required},
        CU_TEST_INFO_NULL,
    };
    return test_main("expr", tests);
}
