/* Words with their edges, as KQL's has asks for them. */
#include "detect/search/term.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    const char *terms[3];
    bool want;
} cases[] = {
    {"North and South America", {"south", "north"}, true}, /* the documentation's own example */
    {"net user", {"user", "group"}, false},                /* one of two is not enough */
    {"KustoExplorerQueryRun", {"Explorer"}, false},        /* inside a word */
    {"addadd add", {"add"}, true},                         /* a later occurrence has its edges */
    {"addadd", {"add"}, false},
    {"alpha_beta", {"alpha"}, true}, /* the underscore is an edge */
    {"alpha_beta", {"beta"}, true},
    {"x1", {"x"}, false}, /* a digit is not */
    {"1x", {"x"}, false},
    {"@{add='x'}", {"ADD"}, true},
    {"", {"a"}, false},
    {"", {""}, true}, /* an empty term is in every text */
    {"abc", {""}, true},
    {"ab", {" "}, false},
    {"a b", {" "}, true}, /* no edge is asked for beside a blank */
    {"1.2.3", {"2.3"}, true},
    {"1_2_3", {"2.3"}, false},
    {"x-r", {"-r"}, true}, /* the left edge of the term is no letter, so none is asked for */
    {"x-rs", {"-r"}, false},
    {"Reset-CASMailbox", {"Set-CASMailbox"}, false},
    {"Set-CASMailboxPlan", {"Set-CASMailbox"}, false},
    {"aSet Set", {"set"}, true},
    {"aaa aa", {"aa"}, true},  /* overlapping occurrences */
    {"a", {"ab"}, false},      /* longer than the text */
    {"xab", {"ab"}, false},    /* at the very end */
    {"@ADD", {"`add"}, false}, /* '@' and '`' differ by the case bit only */
    {"\xC3\xA9"
     "add",
     {"add"},
     false}, /* a letter of more than one byte */
    {"add\xC3\xA9", {"add"}, false},
    {"\xE2\x80\x9C"
     "add\xE2\x80\x9D",
     {"add"},
     true}, /* typographic quotes */
    {"\xF0\x9D\x93\x97"
     "add",
     {"add"},
     false}, /* U+1D4D7, a letter outside the basic plane */
    {"add\xF0\x9D\x93\x97", {"add"}, false},
    {"\xF0\x9F\x98\x80"
     "add\xF0\x9F\x98\x80",
     {"add"},
     true},
    {"add\xCC\x81", {"add"}, true}, /* a combining mark is an edge */
    {"Set-CA\xC5\xBFMailbox", {"Set-CASMailbox"}, false},
    {"\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82", {"\xD0\xBF\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82"}, true},
    {"CAF\xC3\x89", {"caf\xC3\xA9"}, true},
    {"xcaf\xC3\xA9 caf\xC3\xA9", {"caf\xC3\xA9"}, true},
    {"cafe\xCC\x81", {"caf\xC3\xA9"}, false}, /* nothing is normalised */
    {"caf\xC3", {"caf\xC3\xA9"}, false},      /* the text ends within a character */
};

#define WORD (TERM_EDGE_LEFT | TERM_EDGE_RIGHT)

static struct arena *arena;

static const struct term *word(const char *text)
{
    const struct term *term = NULL;
    CU_ASSERT_EQUAL_FATAL(term_new(&term, arena, text_from(text), WORD), 0);
    return term;
}

static bool matches(const char *text, const char *const *terms)
{
    bool is_all = true;
    for (size_t i = 0; i < 3 && terms[i] != NULL; i++)
        is_all = is_all && term_in(word(terms[i]), text_from(text));
    arena_reset(arena);
    return is_all;
}

static void test_table(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (matches(cases[i].text, cases[i].terms) != cases[i].want) {
            printf("case %zu (%s)\n", i, cases[i].text);
            CU_FAIL("wrong answer");
        }
}

static void test_invalid(void)
{
    static const char *const texts[] = {"add\xC3", /* a byte that is no UTF-8 is an edge */
                                        "\xA9"
                                        "add",
                                        "\xF0\x9F\x98"
                                        "add",
                                        "\xED\xA0\x80" /* and so is a lone surrogate */
                                        "add",
                                        "\xED\xA0\x80"
                                        "add\xED\xB0\x80"};
    static const char *const add[] = {"add", NULL, NULL};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        CU_ASSERT(matches(texts[i], add));
    CU_ASSERT(term_in(word("add"), (struct text){"x\0add\0", 6})); /* NUL is a character like others */
    CU_ASSERT(!term_in(word("add"), (struct text){"add", 2}));     /* never beyond the length */
    CU_ASSERT(!term_in(word("add"), text_from(NULL)));
    arena_reset(arena);
}

static void test_limits(void)
{
    const struct term *term = NULL;
    char *longest = malloc(TERM_MAX_POINTS + 1);
    CU_ASSERT_FATAL(longest != NULL);
    memset(longest, 'a', TERM_MAX_POINTS + 1);
    CU_ASSERT(term_new(&term, arena, (struct text){longest, TERM_MAX_POINTS + 1}, WORD) == -EINVAL && term == NULL);
    CU_ASSERT_FATAL(term_new(&term, arena, (struct text){longest, TERM_MAX_POINTS}, WORD) == 0);
    CU_ASSERT(term_in(term, (struct text){longest, TERM_MAX_POINTS}));
    arena_reset(arena);
    free(longest);
}

/* starts, ends and equals ask for no edges; the case counts where it is asked for. */
static void test_others(void)
{
    const struct term *cased = NULL;
    CU_ASSERT(term_starts(word("AB"), text_from("abc")) && !term_starts(word("b"), text_from("abc")));
    CU_ASSERT(term_ends(word("BC"), text_from("abc")) && !term_ends(word("b"), text_from("abc")));
    CU_ASSERT(term_equals(word("ABC"), text_from("abc")) && !term_equals(word("ab"), text_from("abc")));
    CU_ASSERT_FATAL(term_new(&cased, arena, text_from("Add"), TERM_CASED) == 0);
    CU_ASSERT(term_in(cased, text_from("xAddx")) && !term_in(cased, text_from("add")));
    CU_ASSERT(term_same(text_from("CAF\xC3\x89"), text_from("caf\xC3\xA9")));
    arena_reset(arena);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"table", test_table},   {"invalid", test_invalid}, {"limits", test_limits},
        {"others", test_others}, CU_TEST_INFO_NULL,
    };
    if (arena_new(&arena, (size_t)64 << 20) < 0)
        return 1;
    int result = test_main("has", tests);
    arena_free(arena);
    return result;
}
