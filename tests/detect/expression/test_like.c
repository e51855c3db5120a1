#include "detect/expression/like.h"
#include "tests/test.h"

#include <assert.h>

static struct arena *arena;

static struct like compiled(const char *pattern, bool is_cased)
{
    struct like like;
    int rc = like_compile(&like, arena, text_from(pattern), is_cased);
    assert(rc == 0);
    (void)rc;
    return like;
}

static void whole_texts_fit(void)
{
    static const struct {
        const char *pattern, *text;
        bool fits, fits_cased;
    } cases[] = {
        {"", "", true, true},
        {"", "a", false, false},
        {"a", "", false, false},
        {"abc", "abc", true, true},
        {"abc", "ABC", true, false},
        {"abc", "abcd", false, false},
        {"abc", "xabc", false, false},
        {"*", "", true, true},
        {"*", "anything", true, true},
        {"a*", "a", true, true},
        {"a*c", "abbbc", true, true},
        {"a*c", "abbb", false, false},
        {"*b*", "abc", true, true},
        {"*b*d*", "abc", false, false},
        {"*ab", "aab", true, true},
        {"*aab*", "aaaab", true, true},
        {"*ab*ab", "abab", true, true},
        {"*ab*ab", "ab", false, false},
        {"?", "a", true, true},
        {"?", "", false, false},
        {"?", "ab", false, false},
        {"a?c", "abc", true, true},
        {"a?c", "ac", false, false},
        {"??*", "a", false, false},
        {"?", "\xC3\xA9", true, true}, /* one character of two bytes */
        {"\xC3\x89*", "\xC3\xA9t", true, false},
        {"?", "\xFF", true, true}, /* an invalid byte is one character */
        {"?", "\xFF\xFF", false, false},
        {"\\*", "*", true, true},
        {"\\*", "a", false, false},
        {"\\?", "?", true, true},
        {"\\?", "a", false, false},
        {"\\\\", "\\", true, true},
        {"\\\\*", "\\anything", true, true},
        {"\\a", "\\a", true, true},
        {"a\\", "a\\", true, true},
        {"\\-x", "-x", true, true},
        {"\\-x", "/x", true, true},
        {"\\-x", "\xE2\x80\x93x", true, true},
        {"\\-x", "\xE2\x80\x94x", true, true},
        {"\\-x", "\xE2\x80\x95x", true, true},
        {"\\-x", "\xE2\x80\x92x", false, false},
        {"\\-x", "x", false, false},
        {"k", "\xE2\x84\xAA", false, false}, /* the Kelvin sign is no k */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct like like = compiled(cases[i].pattern, false), cased = compiled(cases[i].pattern, true);
        if (like_matches(&like, text_from(cases[i].text)) != cases[i].fits ||
            like_matches(&cased, text_from(cases[i].text)) != cases[i].fits_cased) {
            printf("'%s' and '%s' ", cases[i].pattern, cases[i].text);
            CU_FAIL("wrong answer");
        }
        CU_ASSERT_FALSE(like_matches(&like, (struct text){0}));
    }
    CU_PASS("all");
}

static void a_text_may_hold_nul(void)
{
    struct like like = compiled("a*c", false);
    CU_ASSERT_TRUE(like_matches(&like, (struct text){"a\0c", 3}));
    CU_ASSERT_FALSE(like_matches(&like, (struct text){"a\0c", 2}));
}

static void the_longest_literal(void)
{
    static const struct {
        const char *pattern, *literal;
    } cases[] = {{"", ""},
                 {"*", ""},
                 {"?*?", ""},
                 {"ABC", "abc"},
                 {"*ab*cde*f", "cde"},
                 {"a\\-bc", "bc"},
                 {"x\\*y?z", "x*y"},
                 {"*\xC3\x89t\xC3\xA9*", "\xC3\xA9t\xC3\xA9"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct like like = compiled(cases[i].pattern, false);
        struct text literal;
        CU_ASSERT_EQUAL(like_literal(&literal, arena, &like), 0);
        CU_ASSERT_TRUE(text_equal(literal, text_from(cases[i].literal)));
    }
    struct like cased = compiled("*AbC*", true);
    struct text literal;
    CU_ASSERT_EQUAL(like_literal(&literal, arena, &cased), 0);
    CU_ASSERT_TRUE(text_equal(literal, text_from("AbC")));
}

static void no_memory_is_told(void)
{
    struct arena *small;
    struct like like = {0};
    struct text literal = {0};
    assert(arena_new(&small, 64) == 0);
    CU_ASSERT_EQUAL(like_compile(&like, small, text_from("a pattern that does not fit in there"), false), -12);
    CU_ASSERT_PTR_NULL(like.element);
    arena_free(small);
    (void)literal;
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"whole texts fit", whole_texts_fit},
                                        {"a text may hold NUL", a_text_may_hold_nul},
                                        {"the longest literal", the_longest_literal},
                                        {"no memory is reported", no_memory_is_told},
                                        CU_TEST_INFO_NULL};
    if (arena_new(&arena, (size_t)1 << 20) != 0)
        return 1;
    int rc = test_main("like", tests);
    arena_free(arena);
    return rc;
}
