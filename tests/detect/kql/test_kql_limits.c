/* kql.h: limits, memory, expressions by themselves. */
#include "detect/kql/kql.h"
#include "tests/test.h"

#include <errno.h>
#include <string.h>

static struct arena *arena;
static struct columns *columns;

static int compile(struct legs *legs, struct notes *notes, const char *query)
{
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)64 << 20), 0);
    CU_ASSERT_EQUAL_FATAL(columns_new(&columns), 0);
    memset(legs, 0, sizeof *legs);
    memset(notes, 0, sizeof *notes);
    notes->arena = arena;
    struct kql_options options = {.at = {1, 1}};
    return kql_compile(legs, arena, columns, text_from(query), &options, notes);
}

static void end(void)
{
    columns_free(columns);
    arena_free(arena);
}

/* What lets and unions could multiply ends at a limit, soon. */
static void test_limits(void)
{
    static const struct {
        const char *begin, *step, *end;
    } shapes[] = {
        {"let a0 = 'x'; ", "let a%u = strcat(a%u, a%u, EventID); ", "SecurityEvent | where CommandLine == a39"},
        {"let a0 = SecurityEvent; ", "let a%u = union a%u, a%u; ", "a39"},
        {"let a0 = (x:string) { x }; ", "let a%u = (x:string) { strcat(a%u(x), a%u(x)) }; ",
         "SecurityEvent | where a39(CommandLine) == 'x'"},
        {"SecurityEvent | extend a0 = CommandLine ", "| extend a%u = strcat(a%u, a%u) ", "| where a39 == 'x'"},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        char query[8192], format[128];
        struct legs legs;
        struct notes notes;
        size_t len = (size_t)snprintf(query, sizeof query, "%s", shapes[i].begin);
        for (unsigned step = 1; step < 40; step++) {
            const char *from = shapes[i].step;
            size_t to = 0;
            for (unsigned seen = 0; *from != '\0'; from++)
                if (from[0] == '%' && from[1] == 'u') {
                    to += (size_t)snprintf(format + to, sizeof format - to, "%u", seen++ == 0 ? step : step - 1);
                    from++;
                } else {
                    format[to++] = *from;
                }
            format[to] = '\0';
            len += (size_t)snprintf(query + len, sizeof query - len, "%s", format);
        }
        (void)snprintf(query + len, sizeof query - len, "%s", shapes[i].end);
        CU_ASSERT_EQUAL(compile(&legs, &notes, query), -EINVAL);
        CU_ASSERT(notes.error_count > 0);
        end();
    }
}

/* Whatever the arena's limit is: no crash, and -ENOMEM, or the answer that there is with more. */
static void test_no_memory(void)
{
    static const char *const queries[] = {
        "let l = datatable(n:string)['a', 'b']; union (SecurityEvent | where EventID == 4688 and Account has_any (l) | "
        "summarize count() by Computer, Account), (DeviceProcessEvents | mv-expand w = split(FileName, '.') | where w "
        "== "
        "'exe' | parse ProcessCommandLine with * 'x' y | project y, w)",
        "SecurityEvent | join (SigninLogs) on Account | where nope(1) | extend a = ",
    };
    for (size_t i = 0; i < 2; i++)
        for (size_t limit = 64; limit < (size_t)1 << 19; limit += limit / 8) {
            struct legs legs = {0};
            struct kql_options options = {.at = {1, 1}};
            CU_ASSERT_EQUAL_FATAL(arena_new(&arena, limit), 0);
            CU_ASSERT_EQUAL_FATAL(columns_new(&columns), 0);
            struct notes notes = {.arena = arena};
            int rc = kql_compile(&legs, arena, columns, text_from(queries[i]), &options, &notes);
            CU_ASSERT(rc == -ENOMEM || rc == (i == 0 ? 0 : -EINVAL));
            end();
        }
}

static struct value cell(const struct expr_row *row, unsigned column, struct arena *scratch)
{
    (void)row;
    (void)scratch;
    return column == 3 ? value_string(text_from("net user")) : value_long(7);
}

static void test_expression(void)
{
    static const struct kql_variable variables[] = {{{"s", 1}, VALUE_STRING, 3}, {{"n", 1}, VALUE_LONG, 4}};
    static const struct {
        const char *text;
        int rc;
        enum truth truth;
    } expressions[] = {
        {"s has 'user' and n == 7", 0, TRUTH_TRUE}, {"not(s has 'user')", 0, TRUTH_FALSE},
        {"n == long(null)", 0, TRUTH_FALSE},        {"S has 'x'", -EINVAL, TRUTH_FALSE},
        {"s has 'x' extra", -EINVAL, TRUTH_FALSE},
    };
    for (size_t i = 0; i < sizeof expressions / sizeof expressions[0]; i++) {
        struct kql_faults faults;
        struct expr *expr = NULL;
        struct arena *scratch;
        struct expr_row row = {.column = cell};
        CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)4 << 20), 0);
        CU_ASSERT_EQUAL_FATAL(arena_new(&scratch, EXPR_SCRATCH_BYTES), 0);
        CU_ASSERT_EQUAL_FATAL(kql_faults_begin(&faults, arena, KQL_FAULT_MAX), 0);
        int rc = kql_expression(&expr, arena, text_from(expressions[i].text), variables, 2, &faults);
        CU_ASSERT_EQUAL(rc, expressions[i].rc);
        CU_ASSERT_EQUAL(faults.count > 0, rc != 0);
        if (rc == 0)
            CU_ASSERT_EQUAL(expr_truth(expr, &row, scratch), expressions[i].truth);
        arena_free(scratch);
        arena_free(arena);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"limits", test_limits}, {"no memory", test_no_memory}, {"expression", test_expression}, CU_TEST_INFO_NULL};
    return test_main("kql_limits", tests);
}
