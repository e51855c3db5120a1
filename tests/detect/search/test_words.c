#include "detect/search/words.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const words[] = {"Set-CASMailbox",
                                    "add",
                                    "cmd",
                                    "\\cmd.exe",
                                    "c:\\windows\\system32\\",
                                    "aaaaaaaa",
                                    "aaaaaab",
                                    "-enc",
                                    "-ENCO",
                                    "x\ty",
                                    "[abc]",
                                    "set-casmailbox",
                                    "ab{|}~yz",
                                    "^^",
                                    "Y-",
                                    "~"};

static struct words *make(const char *const *list, size_t count)
{
    struct text texts[32];
    struct words *w = NULL;
    for (size_t i = 0; i < count; i++)
        texts[i] = text_from(list[i]);
    CU_ASSERT_FATAL(words_new(&w, texts, count) == 0);
    return w;
}

/* How often each word was hit. */
static void count_hit(void *context, uint32_t word)
{
    ((unsigned *)context)[word]++;
}

static bool stands_at(const char *word, struct text text, size_t at)
{
    size_t length = strlen(word);
    return text.len - at >= length && text_equal_nocase((struct text){text.bytes + at, length}, text_from(word));
}

/* All words in all places, by plain comparison, in memory of just the text's size. */
static void check(const struct words *w, const char *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    uint16_t *units = malloc((size + 1) * sizeof(*units));
    memcpy(copy + 1, bytes, size);
    struct text text = {copy + 1, size};
    unsigned hits[COUNT(words)] = {0}, expected[COUNT(words)] = {0};
    bool is_any = false;
    for (size_t i = 0; i < size; i++) {
        units[1 + i] = (uint16_t)((unsigned char)bytes[i] + ((unsigned char)bytes[i] < 0x80 ? 0u : 0x400u));
        for (size_t n = 0; n < COUNT(words); n++)
            if (stands_at(words[n], text, i)) {
                expected[n]++;
                is_any = true;
            }
    }
    words_each(w, text, count_hit, hits);
    for (size_t n = 0; n < COUNT(words); n++)
        if ((hits[n] > 0) != (expected[n] > 0))
            CU_FAIL("words_each and plain search disagree");
    if (words_in_utf16(w, units + 1, size) != is_any)
        CU_FAIL("words_in_utf16 and plain search disagree");
    size_t found = words_find(w, text, 0);
    if ((found < size) != is_any)
        CU_FAIL("words_find and plain search disagree");
    if (found < size) {
        bool is_there = false;
        for (size_t n = 0; n < COUNT(words); n++)
            is_there = is_there || stands_at(words[n], text, found);
        CU_ASSERT(is_there);
    }
    free(copy);
    free(units);
}

static void test_places(void)
{
    struct words *w = make(words, COUNT(words));
    check(w, "", 0);
    for (size_t n = 0; n < COUNT(words); n++)
        for (size_t size = 1; size < 60; size++)
            for (size_t place = 0; place < size; place++) {
                char bytes[60];
                memset(bytes, '.', size);
                for (size_t i = 0; words[n][i] != '\0' && place + i < size; i++)
                    bytes[place + i] = words[n][i];
                check(w, bytes, size);
            }
    words_free(w);
    words_free(NULL);
    CU_PASS("");
}

static void test_random(void)
{
    static const char *const pieces[] = {
        "Set-CAS",     "Mailbox",      "A",     "aaa",  "aab", "dd",      "\\CMD",  ".exe", "\\",
        "c:\\Windows", "\\SYSTEM32\\", "-",     "enc",  "O",   "x\ty",    "^",      "y-",   "~",
        "\x80",        "\xFF",         "{ABC}", "[abc", "]",   "AB[\\]~", "ab{|}~", "yz"};
    struct words *w = make(words, COUNT(words));
    unsigned state = 7;
    for (int round = 0; round < 20000; round++) {
        char bytes[300];
        size_t size = 0, limit = (state >> 8) % 200;
        while (size < limit) {
            state = state * 1664525u + 1013904223u;
            const char *piece = pieces[(state >> 16) % COUNT(pieces)];
            memcpy(bytes + size, piece, strlen(piece));
            size += strlen(piece);
        }
        state = state * 1664525u + 1013904223u;
        check(w, bytes, size);
    }
    words_free(w);
    CU_PASS("");
}

/* Longer than a piece of the search, with a word at the pieces' edges. */
static void test_long(void)
{
    struct words *w = make(words, COUNT(words));
    size_t size = 20000;
    char *bytes = malloc(size);
    uint16_t *units = malloc(size * sizeof(*units));
    for (size_t place = 0; place + 14 <= size; place += place % 4096 > 4000 || place % 4096 < 50 ? 1 : 97) {
        memset(bytes, '.', size);
        memcpy(bytes + place, "SET-casmailbox", 14);
        for (size_t i = 0; i < size; i++)
            units[i] = (unsigned char)bytes[i];
        struct text text = {bytes, size};
        if (words_find(w, text, 0) != place || words_find(w, text, place) != place ||
            words_find(w, text, place + 1) != size || !words_in_utf16(w, units, size))
            CU_FAIL("a word at a piece's edge");
    }
    free(bytes);
    free(units);
    words_free(w);
    CU_PASS("");
}

static void test_refused(void)
{
    struct words *w = NULL;
    struct text empty = text_from("");
    CU_ASSERT_EQUAL(words_new(&w, &empty, 1), -EINVAL);
    CU_ASSERT_PTR_NULL(w);
    CU_ASSERT_EQUAL_FATAL(words_new(&w, NULL, 0), 0);
    CU_ASSERT_EQUAL(words_find(w, text_from("anything"), 0), 8);
    words_free(w);
}

static void test_part(void)
{
    static const struct {
        const char *text, *without, *part;
    } cases[] = {
        {"powershell", "", "powershell"},
        {"a\xC3\xA4"
         "bcd\xC3\xA4"
         "efghi",
         "", "efghi"},
        {"say \"hello\" now", "\"", "hello"},
        {"ab\xC3\xA4"
         "cd",
         "", NULL},
        {"", "", NULL},
        {"a\tbcd", "", "bcd"},
        {"<b>text</b>", "<>&\"'", "text"},
        {"abc", "", "abc"},
        {"ab", "", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text part = words_part(text_from(cases[i].text), cases[i].without, false);
        CU_ASSERT((part.bytes == NULL) == (cases[i].part == NULL));
        CU_ASSERT(text_equal(part, text_from(cases[i].part)));
    }
}

/* Signs that have no case; letters beyond ASCII are never looked for. */
static void test_signs(void)
{
    struct text dog = text_from("\xF0\x9F\x90\x95"), mixed = text_from("\xD0\xB0\xF0\x9F\x90\x95 x\xD0\xB0");
    struct words *w = NULL;
    CU_ASSERT(text_equal(words_part(dog, "", true), dog));
    CU_ASSERT_PTR_NULL(words_part(dog, "", false).bytes);
    CU_ASSERT(text_equal(words_part(mixed, "", true), text_from("\xF0\x9F\x90\x95 x")));
    CU_ASSERT_PTR_NULL(words_part(text_from("\xD0\xB0\xD0\xB1"), "", true).bytes);
    CU_ASSERT_EQUAL_FATAL(words_new(&w, &dog, 1), 0);
    CU_ASSERT_EQUAL(words_find(w, text_from("a \xF0\x9F\x90\x95"), 0), 2);
    CU_ASSERT_EQUAL(words_find(w, text_from("a \xF0\x9F\x90\x96"), 0), 6);
    words_free(w);
}

/* A word over WORDS_MAX is known by its beginning. */
static void test_longest(void)
{
    char *word = malloc(400);
    memset(word, 'q', 400);
    struct text text = {word, 400};
    struct words *w = NULL;
    CU_ASSERT_EQUAL_FATAL(words_new(&w, &text, 1), 0);
    CU_ASSERT_EQUAL(words_find(w, (struct text){word, WORDS_MAX}, 0), 0);
    CU_ASSERT_EQUAL(words_find(w, (struct text){word, WORDS_MAX - 1}, 0), WORDS_MAX - 1);
    words_free(w);
    free(word);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"places", test_places},   {"random", test_random}, {"long", test_long},
                                        {"refused", test_refused}, {"part", test_part},     {"longest", test_longest},
                                        {"signs", test_signs},     CU_TEST_INFO_NULL};
    return test_main("words", tests);
}
