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

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"each expression gives its answer", test_answers},
        CU_TEST_INFO_NULL,
    };
    return test_main("expr", tests);
}
