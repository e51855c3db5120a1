#include "detect/kql/kql_tree.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

struct out {
    char text[4096];
    size_t len;
};

static void put(struct out *out, const char *before, struct text text, const char *after)
{
    int len = snprintf(out->text + out->len, sizeof out->text - out->len, "%s%.*s%s", before, (int)text.len,
                       text.bytes != NULL ? text.bytes : "", after);
    if (len > 0 && out->len + (size_t)len < sizeof out->text)
        out->len += (size_t)len;
}

/* The tree as text: (operator part ...). */
static void show(struct out *out, const struct kql_node *node)
{
    static const char *const words[] = {[KQL_ARRAY] = "array",
                                        [KQL_BAG] = "bag",
                                        [KQL_INDEX] = "index",
                                        [KQL_PIPE] = "pipe",
                                        [KQL_UNION] = "union",
                                        [KQL_DATATABLE] = "datatable",
                                        [KQL_EXTERNAL] = "external",
                                        [KQL_BY] = "by",
                                        [KQL_PATTERN] = "pattern",
                                        [KQL_LAMBDA] = "lambda",
                                        [KQL_QUERY] = "query",
                                        [KQL_SCHEMA] = "schema",
                                        [KQL_STAR] = "*",
                                        [KQL_NULL] = "null",
                                        [KQL_BAD] = "bad"};
    const char *word = node->kind < sizeof words / sizeof words[0] ? words[node->kind] : NULL;
    if (node->kind == KQL_STRING) {
        put(out, "'", node->text, "'");
        return;
    }
    bool has_parts = node->first != NULL || node->kind == KQL_CALL;
    if (has_parts)
        put(out, "(", text_from(""), "");
    if (node->kind == KQL_LET || node->kind == KQL_ASSIGN || node->kind == KQL_TYPE || node->kind == KQL_MEMBER)
        put(out,
            node->kind == KQL_LET      ? "let:"
            : node->kind == KQL_MEMBER ? "."
                                       : "",
            node->text, node->kind == KQL_ASSIGN || node->kind == KQL_TYPE ? "=" : "");
    else
        put(out, "", word != NULL ? text_from(word) : node->text, "");
    for (const struct kql_node *child = node->first; child != NULL; child = child->next) {
        put(out, " ", text_from(""), "");
        show(out, child);
    }
    if (has_parts)
        put(out, ")", text_from(""), "");
}

static const struct {
    const char *text, *tree;
} expressions[] = {
    {"a has 'x' == true", "(== (has a 'x') true)"},
    {"a has 'x' + 'y'", "(+ (has a 'x') 'y')"},
    {"a or b and c", "(or a (and b c))"},
    {"a or b or c", "(or a b c)"},
    {"(a or b) or c", "(or (or a b) c)"},
    {"a and b and c or d", "(or (and a b c) d)"},
    {"a + b * c - d", "(- (+ a (* b c)) d)"},
    {"a < b == c > d", "(== (< a b) (> c d))"},
    {"-a.b[0]['x']", "(- (index (index (.b a) 0) 'x'))"},
    {"a.[4].['#text']", "(index (index a 4) '#text')"},
    {"['@Name']", "@Name"},
    {"x in ('a', 'b')", "(in x 'a' 'b')"},
    {"x !in~ (T | project y)", "(!in~ x (pipe T (project y)))"},
    {"x has_any (dynamic(['a', 1, null, {'k': true}]))", "(has_any x (dynamic (array 'a' 1 null (bag (k= true)))))"},
    {"x between (1 .. 5)", "(between x 1 5)"},
    {"x !between (ago(1d) .. now())", "(!between x (ago 1d) (now))"},
    {"f(a, *, n = 2)", "(f a * (n= 2))"},
    {"x matches regex @'a|b'", "(matches regex x 'a|b')"},
    {"'a' 'b' \"c\"", "'abc'"},
    {"x has('y')", "(has x 'y')"},
    {"datetime(2020-01-02) > long(null)", "(> (datetime '2020-01-02') (long 'null'))"},
};

static const struct {
    const char *text, *tree;
} queries[] = {
    {"T | where a == 1 | extend b = a, c | project-away d*, *e",
     "(query (pipe T (where (== a 1)) (extend (b= a) c) (project-away d* *e)))"},
    {"let x = 1d; let f = (a:string, b:long = 2) { T | where n > a }; f('x')",
     "(query (let:x 1d) (let:f (lambda (a= string) (b= long 2) (query (pipe T (where (> n a)))))) (f 'x'))"},
    {"union isfuzzy=true (T | take 1), U | sort by a desc nulls last, b",
     "(query (pipe (union (isfuzzy= true) (pipe T take) U) sort))"},
    {"T | summarize n = count(), make_set(a) by b, bin(t, 1h)",
     "(query (pipe T (summarize (n= (count)) (make_set a) (by b (bin t 1h)))))"},
    {"T | parse kind=regex flags=i a with * 'x' b:long 'y' *",
     "(query (pipe T (parse (kind= regex) (flags= i) a (pattern * 'x' (b= long) 'y' *))))"},
    {"datatable(a:string, b:int)['x', 1, 'y', 2]", "(query (datatable (schema (a= string) (b= int)) 'x' 1 'y' 2))"},
    {"externaldata(a:string)[@'https://x/y.csv'] with (format='csv', ignoreFirstRecord=True)",
     "(query (external (schema (a= string)) 'https://x/y.csv' (format= 'csv') (ignoreFirstRecord= True)))"},
    {"T | join kind=inner hint.strategy=shuffle (U) on $left.a == $right.b | where c",
     "(query (pipe T (join (kind= inner) (hint= shuffle) U) (where c)))"},
    {"T | mv-expand a = split(b, ' ') to typeof(string), c limit 5",
     "(query (pipe T (mv-expand (typeof= (a= (split b ' ')) string) c)))"},
    {"T | make-series n = count() on t from a to b step 1h | where x", "(query (pipe T make-series (where x)))"},
    {"find in (A, B) where x == 1 | where y", "(query (pipe find (where y)))"},
    {"let T = view () { A | take 5 }; T;", "(query (let:T (lambda (query (pipe A take)))) T)"},
};

static struct kql_node *parse(struct arena *arena, const char *text, struct kql_faults *faults, bool is_query)
{
    struct kql_node *node = NULL;
    CU_ASSERT_EQUAL_FATAL(kql_faults_begin(faults, arena, KQL_FAULT_MAX), 0);
    int rc = is_query ? kql_parser_query(&node, arena, text_from(text), faults)
                      : kql_parser_expression(&node, arena, text_from(text), faults);
    CU_ASSERT_EQUAL_FATAL(rc, 0);
    return node;
}

static void check(const char *text, const char *tree, bool is_query)
{
    struct arena *arena;
    struct kql_faults faults;
    struct out out = {.len = 0};
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)4 << 20), 0);
    show(&out, parse(arena, text, &faults, is_query));
    CU_ASSERT_STRING_EQUAL(out.text, tree);
    CU_ASSERT_EQUAL(faults.count, 0);
    if (strcmp(out.text, tree) != 0)
        fprintf(stderr, "%s\n  is %s\n  not %s\n", text, out.text, tree);
    arena_free(arena);
}

static void test_expressions(void)
{
    for (size_t i = 0; i < sizeof expressions / sizeof expressions[0]; i++)
        check(expressions[i].text, expressions[i].tree, false);
}

static void test_queries(void)
{
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++)
        check(queries[i].text, queries[i].tree, true);
}

/* All syntax errors of a query, each as line:column. */
static const struct {
    const char *query, *places, *said;
} wrong[] = {
    {"T | where a == b == c", "1:18", "unexpected \"==\""},
    {"T | where not b", "1:15", "unexpected \"b\""},
    {"T | where a = 'x'", "1:13", "\"==\""},
    {"let a = 1;", "1:11", "the query ends where the query itself"},
    {"T | where (a has 'x'\n| where b has", "2:14", "the query ends"},
    {"T | wherre a == 1\n| extend b = \n| projct c", "1:5 3:1 3:3", "did you mean \"where\""},
    {"let a = ;\nlet b = 2\nT | where x ==", "1:9 3:1 3:15", "unexpected \";\""},
    {"T | where a has 'x' | extend c = 5,", "1:36", "the query ends where a value"},
    {"T | where f(a, | where b", "1:16 1:25", "expected"},
    {"set x = 1; T", "1:1", "statement \"set\""},
    {"T | where a has 'x' U", "1:21", "\"|\""},
};

static void test_wrong(void)
{
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct arena *arena;
        struct kql_faults faults;
        char places[128] = "";
        size_t len = 0;
        CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)4 << 20), 0);
        (void)parse(arena, wrong[i].query, &faults, true);
        kql_faults_sort(&faults);
        for (size_t k = 0; k < faults.count; k++)
            len += (size_t)snprintf(places + len, sizeof places - len, "%s%u:%u", k > 0 ? " " : "",
                                    faults.list[k].place.line, faults.list[k].place.column);
        CU_ASSERT_STRING_EQUAL(places, wrong[i].places);
        CU_ASSERT(faults.count > 0 && strstr(faults.list[0].message, wrong[i].said) != NULL);
        if (strcmp(places, wrong[i].places) != 0 || strstr(faults.list[0].message, wrong[i].said) == NULL)
            fprintf(stderr, "%s: %s: %s\n", wrong[i].query, places, faults.count > 0 ? faults.list[0].message : "");
        arena_free(arena);
    }
}

/* count times open, then close. */
static char *nested(const char *open, const char *middle, const char *close, size_t count)
{
    char *text = calloc(1, count * (strlen(open) + strlen(close)) + strlen(middle) + 1);
    if (text == NULL)
        return NULL;
    char *at = text;
    for (size_t i = 0; i < count; i++, at += strlen(open))
        memcpy(at, open, strlen(open));
    memcpy(at, middle, strlen(middle));
    at += strlen(middle);
    for (size_t i = 0; i < count; i++, at += strlen(close))
        memcpy(at, close, strlen(close));
    return text;
}

static void test_depth(void)
{
    static const struct {
        const char *open, *middle, *close;
    } shapes[] = {{"(", "T", ")"},
                  {"f(", "1", ")"},
                  {"T | where x in (", "1", ")"},
                  {"dynamic([", "", "])"},
                  {"let f = () { ", "T", "}; f"},
                  {"union (", "T", ")"},
                  {"[", "1", "]"}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct arena *arena;
        struct kql_faults faults;
        char *text = nested(shapes[i].open, shapes[i].middle, shapes[i].close, 3000);
        CU_ASSERT_PTR_NOT_NULL_FATAL(text);
        CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)64 << 20), 0);
        (void)parse(arena, text, &faults, true);
        CU_ASSERT(faults.count > 0);
        free(text);
        arena_free(arena);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"expressions", test_expressions},
                                        {"queries", test_queries},
                                        {"wrong", test_wrong},
                                        {"depth", test_depth},
                                        CU_TEST_INFO_NULL};
    return test_main("kql_parser", tests);
}
