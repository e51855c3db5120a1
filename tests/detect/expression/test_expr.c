#include "tests/detect/expression/expr_text.h"
#include "tests/test.h"

static const struct {
    const char *expr, *row, *want; /* want: the value as JSON, or "K..." when it is refused */
} cases[] = {
#include "tests/detect/expression/expr_cases.inc"
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

static void test_explain(void)
{
    static const char expr[] =
        "(or (and (has s \"x\") (not (or (in~ s2 \"a\" \"b\") (between i 1 (- 5))))) (== ([] (. d \"n\") 0) true)"
        " (> (+ i 1) 2) (== t datetime:\"2020-01-02\") (not (isnull null:long)) (has_any s \"q\"))";
    static const char want[] = "or\n"
                               "    and\n"
                               "        s has \"x\"\n"
                               "        not\n"
                               "            or\n"
                               "                s2 in~ (\"a\", \"b\")\n"
                               "                i between (1 .. -5)\n"
                               "    d.n[0] == true\n"
                               "    (i + 1) > 2\n"
                               "    t == datetime(2020-01-02T00:00:00.0000000Z)\n"
                               "    s has_any (\"q\")\n";
    static const char with_row[] = "true   or\n"
                                   "true       s has \"x\"    # s = \"x y\"\n"
                                   "null       (i > 1) == b    # i = null, b = null\n";
    struct arena *arena;
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)16 << 20), 0);
    struct expr_text parser = {.at = expr, .arena = arena};
    struct text is = expr_explain(expr_text_parse(&parser), NULL, arena);
    if (!text_equal(is, text_from(want)))
        fprintf(stderr, "%.*s", (int)is.len, is.bytes);
    CU_ASSERT(text_equal(is, text_from(want)));

    struct expr_text_row row;
    expr_text_fill(&row, arena, "{\"s\":\"x y\"}");
    parser.at = "(or (has s \"x\") (== (> i 1) b))";
    is = expr_explain(expr_text_parse(&parser), &row.row, arena);
    if (!text_equal(is, text_from(with_row)))
        fprintf(stderr, "%.*s", (int)is.len, is.bytes);
    CU_ASSERT(text_equal(is, text_from(with_row)));
    arena_free(arena);
}

/* A chain is not deep; calls within calls are, at 64; a list has its most elements. */
static void test_limits(void)
{
    struct arena *arena;
    struct expr_place place = {3, 7};
    struct expr_fault fault;
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)64 << 20), 0);
    struct expr *column = expr_column(arena, 0, VALUE_STRING, text_from("s"), place), *word, *pair[2], *expr;
    word = expr_constant(arena, value_string(text_from("x")), place);
    pair[0] = column;
    pair[1] = word;
    CU_ASSERT_EQUAL_FATAL(expr_call(&expr, arena, text_from("has"), pair, 2, place, &fault), 0);
    struct expr *chain = expr;
    for (int i = 0; i < 500; i++) {
        struct expr *two[] = {chain, expr};
        CU_ASSERT_EQUAL_FATAL(expr_call(&chain, arena, text_from("or"), two, 2, place, &fault), 0);
    }
    struct expr *deep = column;
    int depth = 0, rc = 0;
    for (; depth < 100 && rc == 0; depth++)
        rc = expr_call(&deep, arena, text_from("reverse"), &deep, 1, place, &fault);
    CU_ASSERT_EQUAL(rc, -EINVAL);
    CU_ASSERT_EQUAL(depth, EXPR_MAX_DEPTH + 1);
    CU_ASSERT_STRING_EQUAL(fault.code, "K124");
    CU_ASSERT(fault.place.line == 3 && fault.place.column == 7);

    static struct expr *list[EXPR_MAX_ARGS + 2];
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        list[i] = i == 0 ? column : word;
    CU_ASSERT_EQUAL(expr_call(&expr, arena, text_from("in"), list, EXPR_MAX_ARGS + 1, place, &fault), 0);
    CU_ASSERT_EQUAL(expr_call(&expr, arena, text_from("in"), list, EXPR_MAX_ARGS + 2, place, &fault), -EINVAL);
    CU_ASSERT_STRING_EQUAL(fault.code, "K124");
    CU_ASSERT_EQUAL(expr_call(&expr, arena, text_from("has_all"), list, EXPR_MAX_HAS_ALL + 2, place, &fault), -EINVAL);

    /* What does not fit scratch is an error, and so is what hangs on it; what does not is none. */
    struct arena *scratch;
    struct expr_text_row row;
    expr_text_fill(&row, arena, "{\"s\":\"abcdefghijklmnopqrstuvwxyz\"}");
    CU_ASSERT_EQUAL_FATAL(arena_new(&scratch, 32), 0);
    struct expr_text parser = {.at = "(has (strrep s 9) \"x\")", .arena = arena};
    CU_ASSERT_EQUAL(expr_truth(expr_text_parse(&parser), &row.row, scratch), TRUTH_ERROR);
    parser.at = "(or (has (strrep s 9) \"x\") (contains s \"x\"))";
    CU_ASSERT_EQUAL(expr_truth(expr_text_parse(&parser), &row.row, scratch), TRUTH_TRUE);
    parser.at = "(and (has (strrep s 9) \"x\") (contains s \"x\"))";
    CU_ASSERT_EQUAL(expr_truth(expr_text_parse(&parser), &row.row, scratch), TRUTH_ERROR);
    parser.at = "(and (has (strrep s 9) \"x\") (contains s \"X1\"))";
    CU_ASSERT_EQUAL(expr_truth(expr_text_parse(&parser), &row.row, scratch), TRUTH_FALSE);
    parser.at = "(not (has (strrep s 9) \"x\"))";
    CU_ASSERT_EQUAL(expr_truth(expr_text_parse(&parser), &row.row, scratch), TRUTH_ERROR);
    CU_ASSERT_EQUAL(arena_used(scratch), 0);
    arena_free(scratch);
    arena_free(arena);
}

/* Laws that hold whatever the values are. */
static void test_laws(void)
{
    static const char *const pairs[][2] = {
        {"(not (not (> i j)))", "(> i j)"},
        {"(not (and (> i 1) (== s \"a\")))", "(or (not (> i 1)) (not (== s \"a\")))"},
        {"(not (or (> i 1) b))", "(and (not (> i 1)) (not b))"},
        {"(and (> i 1) b (has s \"a\"))", "(and (has s \"a\") (> i 1) b)"},
        {"(in~ s \"A\" \"b c\")", "(or (=~ s \"A\") (=~ s \"b c\"))"},
        {"(!in~ s \"A\" \"b c\")", "(not (in~ s \"A\" \"b c\"))"},
        {"(has_any s \"a\" \"C\")", "(or (has s \"a\") (has s \"C\"))"},
        {"(has_all s \"a\" \"C\")", "(and (has s \"a\") (has s \"C\"))"},
        {"(has_any s s2 \"C\")", "(or (has s s2) (has s \"C\"))"},
        {"(!contains s \"B\")", "(not (contains s \"B\"))"},
        {"(!between i 1 5)", "(not (between i 1 5))"},
        {"(between i 1 5)", "(and (>= i 1) (<= i 5))"},
        {"(=~ s s2)", "(== (tolower s) (tolower s2))"},
        {"(startswith s \"a\")", "(\"matches regex\" s \"^[aA]\")"},
        {"(contains_cs s \"b\")", "(\"matches regex\" s \"b\")"},
        {"(iff b i j)", "(case b i j)"},
    };
    static const char *const rows[] = {
        "{}",
        "{\"s\":\"a\",\"i\":1}",
        "{\"s\":\"B C\",\"s2\":\"b c\",\"i\":5,\"j\":2,\"b\":true}",
        "{\"s\":\"abc\",\"i\":9,\"b\":false}",
        "{\"s\":\"A-c\",\"s2\":\"c\",\"j\":-1,\"b\":true}",
    };
    struct arena *arena;
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)16 << 20), 0);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
            struct text left = answer(pairs[i][0], rows[r], arena), right = answer(pairs[i][1], rows[r], arena);
            if (!text_equal(left, right))
                fprintf(stderr, "%s is not %s with %s\n", pairs[i][0], pairs[i][1], rows[r]);
            CU_ASSERT(text_equal(left, right));
        }
    arena_free(arena);
}

/* For some element; a variable within a variable's body. */
static void test_any(void)
{
    static const struct {
        const char *row, *word;
        enum truth want;
    } cases_of_any[] = {
        {"{\"d\":[\"a\",\"b\"]}", "b", TRUTH_TRUE},
        {"{\"d\":[\"a\",\"b\"]}", "c", TRUTH_FALSE},
        {"{\"d\":[]}", "a", TRUTH_FALSE},
        {"{}", "", TRUTH_TRUE}, /* one element, null, whose text is empty */
        {"{\"d\":{\"a\":1}}", "{\"a\":1}", TRUTH_TRUE},
        {"{\"d\":\"x\"}", "x", TRUTH_TRUE},
    };
    struct expr_place place = {1, 1};
    for (size_t i = 0; i < sizeof(cases_of_any) / sizeof(cases_of_any[0]); i++) {
        struct arena *arena;
        struct expr_fault fault;
        struct expr_text_row row;
        CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)1 << 20), 0);
        struct expr *array = expr_column(arena, 8, VALUE_DYNAMIC, text_from("d"), place), *body, *any;
        struct expr *args[] = {expr_variable(arena, 3, text_from("x"), place),
                               expr_constant(arena, value_string(text_from(cases_of_any[i].word)), place)};
        CU_ASSERT_EQUAL_FATAL(expr_call(&body, arena, text_from("=="), args, 2, place, &fault), 0);
        CU_ASSERT_EQUAL_FATAL(expr_any(&any, arena, array, 3, body, place, &fault), 0);
        expr_text_fill(&row, arena, cases_of_any[i].row);
        CU_ASSERT_EQUAL(expr_truth(any, &row.row, arena), cases_of_any[i].want);
        struct expr_needs needs;
        bool is_known = expr_required(&needs, any, arena);
        CU_ASSERT(is_known == (cases_of_any[i].word[0] != '\0'));
        CU_ASSERT_EQUAL_FATAL(expr_any(&any, arena, array, 3, NULL, place, &fault), 0);
        CU_ASSERT_EQUAL(expr_truth(any, &row.row, arena), i == 2 ? TRUTH_FALSE : TRUTH_TRUE);
        arena_free(arena);
    }
}

/* The table that the documentation is made from. */
static void test_entries(void)
{
    struct expr_entry entry;
    size_t count = 0, operators = 0;
    for (; expr_entry_at(&entry, count); count++) {
        operators += entry.is_operator;
        CU_ASSERT(entry.name[0] != '\0' && entry.arguments[0] != '\0' && entry.summary[0] != '\0');
    }
    CU_ASSERT(count > 150 && operators > 40);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"each expression gives its answer", test_answers},
        {"what must stand in the event", test_required},
        {"as text", test_explain},
        {"limits", test_limits},
        {"laws", test_laws},
        {"some element", test_any},
        {"the table", test_entries},
        CU_TEST_INFO_NULL,
    };
    return test_main("expr", tests);
}
