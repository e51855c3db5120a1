#include "detect/search/has.h"
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

static int matches(const char *text, const char *const *terms, bool utf16)
{
    struct text list[3];
    size_t count = 0;
    for (; count < 3 && terms[count] != NULL; count++)
        list[count] = text_from(terms[count]);
    struct has_all *h = NULL;
    if (has_all_new(&h, list, count) < 0)
        return -1;
    uint16_t *units = NULL;
    size_t unit_count = 0;
    int result = -1;
    if (!utf16)
        result = has_all_match(h, text_from(text));
    else if (text_to_utf16(&units, &unit_count, text_from(text)) == 0)
        result = has_all_match_utf16(h, units, unit_count);
    free(units);
    has_all_free(h);
    return result;
}

static void test_table(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (int utf16 = 0; utf16 < 2; utf16++)
            if (matches(cases[i].text, cases[i].terms, utf16 == 1) != (int)cases[i].want) {
                printf("case %zu (%s), utf16 %d\n", i, cases[i].text, utf16);
                CU_FAIL("wrong answer");
            } else {
                CU_PASS("");
            }
}

static void test_invalid(void)
{
    static const char *const add[] = {"add", NULL, NULL};
    CU_ASSERT(matches("add\xC3", add, false) == 1); /* a byte that is no UTF-8 is an edge */
    CU_ASSERT(matches("\xA9"
                      "add",
                      add, false) == 1);
    CU_ASSERT(matches("\xF0\x9F\x98"
                      "add",
                      add, false) == 1);
    CU_ASSERT(matches("\xED\xA0\x80"
                      "add",
                      add, false) == 1); /* and so is a lone surrogate */
    CU_ASSERT(matches("\xED\xA0\x80"
                      "add\xED\xB0\x80",
                      add, true) == 1);

    struct has_all *h = NULL;
    struct text term = text_from("add");
    CU_ASSERT_FATAL(has_all_new(&h, &term, 1) == 0);
    CU_ASSERT(has_all_match(h, (struct text){"x\0add\0", 6})); /* NUL is a character like others */
    CU_ASSERT(!has_all_match(h, (struct text){"add", 2}));     /* never beyond the length */
    CU_ASSERT(!has_all_match(h, text_from(NULL)));
    CU_ASSERT(!has_all_match_utf16(h, NULL, 0));
    has_all_free(h);
}

static void test_limits(void)
{
    struct text terms[HAS_MAX_TERMS + 1];
    for (size_t i = 0; i <= HAS_MAX_TERMS; i++)
        terms[i] = text_from("a");
    struct has_all *h = NULL;
    CU_ASSERT(has_all_new(&h, terms, 0) == -EINVAL && h == NULL);
    CU_ASSERT(has_all_new(&h, terms, HAS_MAX_TERMS + 1) == -EINVAL && h == NULL);
    CU_ASSERT(has_all_new(&h, terms, HAS_MAX_TERMS) == 0);
    CU_ASSERT(has_all_match(h, text_from("a")));
    has_all_free(h);

    h = NULL;
    char *longest = malloc(HAS_MAX_TERM_LENGTH + 1);
    CU_ASSERT_FATAL(longest != NULL);
    memset(longest, 'a', HAS_MAX_TERM_LENGTH + 1);
    terms[0] = (struct text){longest, HAS_MAX_TERM_LENGTH + 1};
    CU_ASSERT(has_all_new(&h, terms, 1) == -EINVAL && h == NULL);
    terms[0].len--;
    CU_ASSERT(has_all_new(&h, terms, 1) == 0);
    CU_ASSERT(has_all_match(h, terms[0]));
    has_all_free(h);
    free(longest);
    has_all_free(NULL);
}

/* The two encodings answer alike on every text of up to five of these pieces. */
static void test_both_encodings(void)
{
    static const char *const pieces[] = {"add", "ad", "d", "_", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                                         "A",   " "};
    static const char *const add[] = {"add", NULL, NULL};
    enum { PIECES = sizeof(pieces) / sizeof(pieces[0]) };
    for (unsigned n = 0; n < PIECES * PIECES * PIECES * PIECES; n++) {
        char text[32] = "";
        size_t len = 0;
        for (unsigned k = 0, rest = n; k < 4; k++, rest /= PIECES)
            len += text_copy(text + len, sizeof(text) - len, text_from(pieces[rest % PIECES]));
        if (matches(text, add, false) != matches(text, add, true))
            CU_FAIL("UTF-8 and UTF-16 disagree");
    }
    CU_PASS("");
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"table", test_table},   {"invalid", test_invalid},
        {"limits", test_limits}, {"both encodings", test_both_encodings},
        CU_TEST_INFO_NULL,
    };
    return test_main("has", tests);
}
