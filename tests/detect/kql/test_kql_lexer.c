#include "detect/kql/kql_tree.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A query's tokens, each by a letter (n name, s string, l long, r real, t timespan, d typed, x sign) and its text, or a
 * string's value; and where the first fault stands. */
static const struct {
    const char *query, *tokens, *fault;
} cases[] = {
    {"", "", NULL},
    {"a b_1 $left _x", "n:a n:b_1 n:$left n:_x", NULL},
    {"7zip_x 12 0x1F 1.5 1e3 2.5e-3", "n:7zip_x l:12 l:0x1F r:1.5 r:1e3 r:2.5e-3", NULL},
    {"1d 2h 30m 10s 100ms 1tick 5minutes 1.5h", "t:1d t:2h t:30m t:10s t:100ms t:1tick t:5minutes t:1.5h", NULL},
    {"1..5 2 .. x", "l:1 x:.. l:5 l:2 x:.. n:x", NULL},
    {"a // b \"c\nd", "n:a n:d", NULL},
    {"\"x//y\" 'a\"b'", "s:x//y s:a\"b", NULL},
    {"\"a\\tb\\\\c\\x41\\u0042\\103\"", "s:a\tb\\cABC", NULL},
    {"@'a\\b''c' @\"x\"\"y\"", "s:a\\b'c s:x\"y", NULL},
    {"h'secret' H@\"x\\\"", "s:secret s:x\\", NULL},
    {"```a\n\"b\\```", "s:a\n\"b\\", NULL},
    {"~~~x~~~", "s:x", NULL},
    {"a !has b !in~ (c) in~ d !~ e", "n:a n:!has n:b n:!in~ x:( n:c x:) n:in~ n:d x:!~ n:e", NULL},
    {"a==b=~c<>d<=e>=f!=g=>h", "n:a x:== n:b x:=~ n:c x:<> n:d x:<= n:e x:>= n:f x:!= n:g x:=> n:h", NULL},
    {"datetime(2020-01-02 03:04) long(null) int (5)", "d:2020-01-02 03:04 d:null d:5", NULL},
    {"long x", "n:long n:x", NULL},
    {"\xC2\xA0"
     "a\xE2\x80\x8B"
     "b",
     "n:a n:b", NULL},
    {"'a\nb", "s:a n:b", "1:1"},
    {"x 'a\\q'", "n:x s:aq", "1:3"},
    {"'\xC3\xA9\xC3\xA9' ^", "s:\xC3\xA9\xC3\xA9", "1:6"},
    {"a\n  \x01 b", "n:a n:b", "2:3"},
    {"1.5zz", "r:1.5zz", "1:1"},
    {"```a", "s:a", "1:1"},
};

static const char letters[] = {
    [KQL_TOKEN_NAME] = 'n',     [KQL_TOKEN_STRING] = 's', [KQL_TOKEN_LONG] = 'l', [KQL_TOKEN_REAL] = 'r',
    [KQL_TOKEN_TIMESPAN] = 't', [KQL_TOKEN_TYPED] = 'd',  [KQL_TOKEN_SIGN] = 'x'};

static void test_tokens(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena *arena;
        struct kql_faults faults;
        struct kql_token *tokens = NULL;
        char is[512] = "", fault[32] = "";
        size_t len = 0;
        CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)1 << 20), 0);
        CU_ASSERT_EQUAL_FATAL(kql_faults_begin(&faults, arena, KQL_FAULT_MAX), 0);
        CU_ASSERT_EQUAL_FATAL(kql_lexer_run(&tokens, arena, text_from(cases[i].query), &faults), 0);
        for (; tokens->kind != KQL_TOKEN_END; tokens++) {
            bool has_value = tokens->kind == KQL_TOKEN_STRING || tokens->kind == KQL_TOKEN_TYPED;
            struct text text = has_value ? tokens->value : tokens->text;
            len += (size_t)snprintf(is + len, sizeof is - len, "%s%c:%.*s", len > 0 ? " " : "", letters[tokens->kind],
                                    (int)text.len, text.bytes);
        }
        if (faults.count > 0)
            (void)snprintf(fault, sizeof fault, "%u:%u", faults.list[0].place.line, faults.list[0].place.column);
        CU_ASSERT_STRING_EQUAL(is, cases[i].tokens);
        CU_ASSERT_STRING_EQUAL(fault, cases[i].fault != NULL ? cases[i].fault : "");
        if (strcmp(is, cases[i].tokens) != 0)
            fprintf(stderr, "case %zu: %s\n", i, is);
        arena_free(arena);
    }
}

static void test_places(void)
{
    struct arena *arena;
    struct kql_faults faults;
    struct kql_token *tokens = NULL;
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)1 << 20), 0);
    CU_ASSERT_EQUAL_FATAL(kql_faults_begin(&faults, arena, KQL_FAULT_MAX), 0);
    CU_ASSERT_EQUAL_FATAL(kql_lexer_run(&tokens, arena, text_from("a '\xC3\xA9' b\r\n// x\n  c\n"), &faults), 0);
    CU_ASSERT(tokens[2].place.line == 1 && tokens[2].place.column == 7); /* characters, not bytes */
    CU_ASSERT(tokens[3].place.line == 3 && tokens[3].place.column == 3);
    CU_ASSERT(tokens[4].kind == KQL_TOKEN_END && tokens[4].place.line == 4 && tokens[4].place.column == 1);
    arena_free(arena);
}

static void test_too_long(void)
{
    struct arena *arena;
    struct kql_faults faults;
    struct kql_token *tokens = NULL;
    char *query = malloc(KQL_MAX_QUERY + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(query);
    memset(query, ' ', KQL_MAX_QUERY + 1);
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)1 << 20), 0);
    CU_ASSERT_EQUAL_FATAL(kql_faults_begin(&faults, arena, KQL_FAULT_MAX), 0);
    CU_ASSERT_EQUAL(kql_lexer_run(&tokens, arena, (struct text){query, KQL_MAX_QUERY}, &faults), 0);
    CU_ASSERT_EQUAL(kql_lexer_run(&tokens, arena, (struct text){query, KQL_MAX_QUERY + 1}, &faults), -EINVAL);
    CU_ASSERT_EQUAL(faults.count, 1);
    free(query);
    arena_free(arena);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"tokens", test_tokens}, {"places", test_places}, {"too long", test_too_long}, CU_TEST_INFO_NULL};
    return test_main("kql_lexer", tests);
}
