#include "detect/expression/regex.h"
#include "tests/test.h"

#include <errno.h>
#include <string.h>

struct fixture {
    struct arena *rule, *scratch;
};

static void begin(struct fixture *f)
{
    CU_ASSERT_EQUAL_FATAL(arena_new(&f->rule, (size_t)8 << 20), 0);
    CU_ASSERT_EQUAL_FATAL(arena_new(&f->scratch, (size_t)4 << 20), 0);
}

static void end(struct fixture *f)
{
    arena_free(f->rule);
    arena_free(f->scratch);
}

static const struct {
    const char *pattern, *text;
    bool want;
    unsigned flags;
} matches[] = {
    {"b", "abc", true, 0},
    {"B", "abc", false, 0},
    {"(?i)B", "abc", true, 0},
    {"B", "abc", true, REGEX_NOCASE},
    {"a(?i)B(?-i)c", "aBc", true, 0},
    {"a(?i)B(?-i)c", "aBC", false, 0},
    {"(?i:A)b", "ab", true, 0},
    {"(?i:A)b", "aB", false, 0},
    {"^b", "abc", false, 0},
    {"^b", "a\nb", false, 0},
    {"(?m)^b$", "a\nb\nc", true, 0},
    {"^b$", "a\nb", true, REGEX_MULTILINE},
    {"c$", "abc", true, 0},
    {"c$", "abc\n", false, 0}, /* the end of the text, and no line end before it */
    {"a.c", "a\nc", false, 0},
    {"(?s)a.c", "a\nc", true, 0},
    {"a.c", "a\nc", true, REGEX_DOTALL},
    {"\\Ab", "ab", false, 0},
    {"b\\z", "ab", true, 0},
    {"\\bb\\b", "a b c", true, 0},
    {"\\bb\\b", "a_b c", false, 0},
    {"\\d", "\xD9\xA3", true, 0}, /* ARABIC-INDIC DIGIT THREE */
    {"^\\w+$", "\xC3\xA9t\xC3\xA9", true, 0},
    {"\\p{Greek}", "\xCE\xB1", true, 0},
    {"\\pL", "1", false, 0},
    {"^.$", "\xF0\x9F\x98\x80", true, 0},
    {"[^a]", "a", false, 0},
    {"[]a]", "]", true, 0},
    {"[^]a]", "]", false, 0},
    {"[a\\]]", "]", true, 0},
    {"[-a]", "-", true, 0},
    {"[a-]", "-", true, 0},
    {"[a-c]", "b", true, 0},
    {"[\\w-]", "-", true, 0},
    {"[[:digit:]]", "\xD9\xA3", false, 0},
    {"[[:alpha:]_]+", "a_", true, 0},
    {"[\\x41-\\x43]", "B", true, 0},
    {"\\x{e9}", "\xC3\xA9", true, 0},
    {"\\u00e9", "\xC3\xA9", true, 0},
    {"\\v", "\v", true, 0},
    {"\\v", "\n", false, 0}, /* in PCRE's own dialect it would be */
    {"a{2}", "aa", true, 0},
    {"^a{2,3}$", "aaaa", false, 0},
    {"a{,2}", "a{,2}", true, 0}, /* no quantifier */
    {"a{", "a{", true, 0},
    {"^(a|b)*c$", "abbac", true, 0},
    {"(?P<n>a)", "a", true, 0},
    {"(?<n>a)", "a", true, 0},
    {"", "", true, 0},
    {"a||b", "x", true, 0},
    {"\\.exe\\b", "C:\\x.exe -a", true, 0},
    {"C:\\\\x", "C:\\x", true, 0},
    {"a\\/b", "a/b", true, 0},
    {"#x", "#x", true, 0},
    {"\xEF\xBF\xBD", "\xFF", true, 0}, /* what is not UTF-8 */
    {"^a.b$",
     "a\xED\xA0\x80"
     "b",
     true, 0}, /* a lone surrogate is one character */
    {"(?=a)a", "a", true, REGEX_PCRE},
    {"(?<!x)a", "xa", false, REGEX_PCRE},
};

static void test_matches(void)
{
    for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
        struct fixture f;
        begin(&f);
        const struct regex *regex;
        struct regex_fault fault = {0};
        int rc = regex_new(&regex, f.rule, text_from(matches[i].pattern), matches[i].flags, &fault);
        bool is_right = false;
        if (rc == 0) {
            struct regex_span span;
            struct text subject = regex_subject(text_from(matches[i].text), f.scratch);
            enum regex_answer want = matches[i].want ? REGEX_YES : REGEX_NO;
            is_right = regex_matches(regex, text_from(matches[i].text), f.scratch) == want &&
                       regex_find(regex, subject, 0, &span, 1, f.scratch) == want;
        }
        if (!is_right)
            fprintf(stderr, "%s on %s: not %d (%d %s)\n", matches[i].pattern, matches[i].text, matches[i].want, rc,
                    fault.message);
        CU_ASSERT(is_right);
        end(&f);
    }
}

static const struct {
    const char *pattern;
    size_t character;
    const char *says; /* part of the message */
} refused[] = {
    {"ab(?=c)", 3, "look-around"},
    {"(?<!c)", 1, "look-around"},
    {"(a)\\1", 5, "back-references"},
    {"\\k<n>", 2, "no such escape"},
    {"\\Z", 2, "no such escape"},
    {"\\Qa\\E", 2, "no such escape"},
    {"(?>a)", 3, "flags"},
    {"(?x)a", 3, "flags"},
    {"(?#a)", 3, "flags"},
    {"(?R)", 3, "flags"},
    {"(*ACCEPT)", 2, "quantifier"},
    {"a**", 3, "quantifier"},
    {"a++", 3, "quantifier"},
    {"*a", 1, "nothing before"},
    {"(+a)", 2, "nothing before"},
    {"a|*", 3, "nothing before"},
    {"a{1001}", 2, "1000"},
    {"a{1,99999999999}", 2, "1000"},
    {"[a", 1, "no end"},
    {"[a[b]]", 3, "within"},
    {"[a&&b]", 3, "&&"},
    {"[[:none:]]", 4, "no such class"},
    {"(a", 3, "no end"},
    {"a)", 2, "closes nothing"},
    {"\\", 2, "backslash"},
    {"\\x4", 3, "hexadecimal"},
    {"\\x{110000}", 3, "hexadecimal"},
    {"\\p{", 3, "Unicode class"},
    {"\\b{start}", 2, "\\b"},
    {"\xFF", 1, "UTF-8"},
    {"\xC3\xA9(?=a)", 2, "look-around"}, /* characters are counted */
    {"()()()()()()()()()()()()()()()()()", 33, "16"},
};

static void test_refused(void)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct fixture f;
        begin(&f);
        const struct regex *regex = NULL;
        struct regex_fault fault = {0};
        int rc = regex_new(&regex, f.rule, text_from(refused[i].pattern), 0, &fault);
        bool is_right = rc == -EINVAL && regex == NULL && fault.character == refused[i].character &&
                        strstr(fault.message, refused[i].says) != NULL;
        if (!is_right)
            fprintf(stderr, "%s: %d, character %zu, %s\n", refused[i].pattern, rc, fault.character, fault.message);
        CU_ASSERT(is_right);
        end(&f);
    }
}

static const struct {
    const char *pattern, *literal;
    unsigned flags;
} literals[] = {
    {"rundll32\\.exe %APPDATA%.*\\.dat", "rundll32.exe %appdata%", 0},
    {"ab?cde", "cde", 0},
    {"abc+d", "abc", 0},
    {"abc{0,2}de", "ab", 0}, /* the first of the longest */
    {"(abc)de", "abc", 0},
    {".*(Win32_Shadowcopy).*(.Delete\\(\\)).*", "win32_shadowcopy", 0},
    {"(abcd)?ef", "ef", 0},
    {"(abcd){0,2}ef", "ef", 0},
    {"(abcd)+ef", "abcd", 0},
    {"(abcd|x)ef", "ef", 0},
    {"((abcd|x)yyy)ef", "yyy", 0},
    {"((abcd)x|yyyy)ef", "ef", 0},
    {"(?:ab(?i:xx))e", "ab", 0},
    {"abc|de", "", 0},
    {"(?i)powershell", "power", 0}, /* s and k have forms beyond ASCII */
    {"ABC", "abc", 0},
    {"abc", "abc", REGEX_NOCASE},
    {"a[bc]de", "de", 0},
    {"\xC3\x89x", "\xC3\xA9x", 0},
    {"a*", "", 0},
};

static void test_literals(void)
{
    for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
        struct fixture f;
        begin(&f);
        const struct regex *regex;
        struct regex_fault fault;
        CU_ASSERT_EQUAL_FATAL(regex_new(&regex, f.rule, text_from(literals[i].pattern), literals[i].flags, &fault), 0);
        struct text is = regex_literal(regex);
        if (!text_equal(is, text_from(literals[i].literal)))
            fprintf(stderr, "%s: %.*s\n", literals[i].pattern, (int)is.len, is.bytes);
        CU_ASSERT(text_equal(is, text_from(literals[i].literal)));
        end(&f);
    }
}

static void test_spans(void)
{
    struct fixture f;
    begin(&f);
    const struct regex *regex;
    struct regex_fault fault;
    struct regex_span spans[4];
    CU_ASSERT_EQUAL_FATAL(regex_new(&regex, f.rule, text_from("(a)(x)?b|c"), 0, &fault), 0);
    CU_ASSERT_EQUAL(regex_groups(regex), 2);
    CU_ASSERT_EQUAL(regex_find(regex, text_from("-ab ab"), 2, spans, 4, f.scratch), REGEX_YES);
    CU_ASSERT(spans[0].from == 4 && spans[0].to == 6 && spans[1].from == 4 && spans[1].to == 5);
    CU_ASSERT(spans[2].from > spans[2].to && spans[3].from > spans[3].to);
    CU_ASSERT_EQUAL(regex_find(regex, text_from("-ab"), 2, spans, 1, f.scratch), REGEX_NO);

    CU_ASSERT_EQUAL_FATAL(regex_new(&regex, f.rule, text_from("x+"), REGEX_AT_START, &fault), 0);
    CU_ASSERT_EQUAL(regex_find(regex, text_from("axx"), 0, spans, 1, f.scratch), REGEX_NO);
    CU_ASSERT_EQUAL(regex_matches(regex, text_from("axx"), f.scratch), REGEX_NO);
    CU_ASSERT_EQUAL_FATAL(regex_new(&regex, f.rule, text_from("x+"), REGEX_AT_END, &fault), 0);
    CU_ASSERT_EQUAL(regex_find(regex, text_from("xaxx"), 0, spans, 1, f.scratch), REGEX_YES);
    CU_ASSERT(spans[0].from == 2 && spans[0].to == 4);
    end(&f);
}

/* What would take a backtracking matcher for ever: one pass says no, the other matcher's steps end. Scratch is given
 * back. */
static void test_limits(void)
{
    struct fixture f;
    begin(&f);
    static char text[32768];
    memset(text, 'a', sizeof(text));
    const struct regex *regex;
    struct regex_fault fault;
    struct regex_span span;
    CU_ASSERT_EQUAL_FATAL(regex_new(&regex, f.rule, text_from("(a+)+[b-c]"), 0, &fault), 0);
    CU_ASSERT_EQUAL(regex_matches(regex, (struct text){text, sizeof(text)}, f.scratch), REGEX_NO);
    CU_ASSERT_EQUAL(regex_find(regex, (struct text){text, sizeof(text)}, 0, &span, 1, f.scratch), REGEX_LIMIT);
    CU_ASSERT_EQUAL(arena_used(f.scratch), 0);
    struct arena *small;
    CU_ASSERT_EQUAL_FATAL(arena_new(&small, 256), 0);
    CU_ASSERT_EQUAL(regex_matches(regex, text_from("a"), small), REGEX_LIMIT);
    CU_ASSERT_EQUAL(regex_find(regex, text_from("a"), 0, &span, 1, small), REGEX_LIMIT);
    arena_free(small);

    /* A pattern of many states at once. */
    CU_ASSERT_EQUAL_FATAL(regex_new(&regex, f.rule, text_from("a.{900}[b-c].{900}"), 0, &fault), 0);
    CU_ASSERT(regex_matches(regex, (struct text){text, sizeof(text)}, f.scratch) != REGEX_YES);
    char nested[300];
    memset(nested, '(', 200);
    nested[200] = '\0';
    CU_ASSERT_EQUAL(regex_new(&regex, f.rule, text_from(nested), 0, &fault), -EINVAL);
    end(&f);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"where it matches", test_matches},
        {"what is refused, and where", test_refused},
        {"the literal that must stand", test_literals},
        {"groups and ends", test_spans},
        {"limits", test_limits},
        CU_TEST_INFO_NULL,
    };
    return test_main("regex", tests);
}
