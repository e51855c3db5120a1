/* Terms against a search that decodes both sides and compares sign by sign. */
#include "detect/search/term.h"

#include "detect/base/unicode.h"
#include "tests/test.h"

#include <assert.h>
#include <string.h>

#define ROUNDS 60000

static uint64_t state = 0x9E3779B97F4A7C15u;

static unsigned below(unsigned limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % limit;
}

/* With a case and without, of one to four bytes, joined emoji, what is no UTF-8, a lone surrogate. */
static const char *const signs[] = {"a",
                                    "A",
                                    "b",
                                    "-",
                                    " ",
                                    "7",
                                    "\xF0\x9F\x90\x95",
                                    "\xF0\x9F\x90\x96",
                                    "\xE2\x80\x93",
                                    "\xE2\x9C\x82",
                                    "\xEF\xB8\x8F",
                                    "\xD0\x96",
                                    "\xD0\xB6",
                                    "\xC3\x9F",
                                    "\xE2\x93\x90",
                                    "\xE2\x92\xB6",
                                    "\xF0",
                                    "\x9F",
                                    "\xED\xA0\xBD",
                                    "\xE4\xB8\xAD"};

static struct text random_text(char to[160], unsigned most, unsigned kinds)
{
    size_t len = 0, first = below(20);
    for (unsigned i = below(most + 1); i > 0; i--) {
        const char *sign = signs[(first + below(kinds)) % 20];
        memcpy(to + len, sign, strlen(sign));
        len += strlen(sign);
    }
    return (struct text){to, len};
}

static size_t points_of(uint32_t to[160], struct text text, bool is_cased)
{
    size_t count = 0;
    for (size_t at = 0; at < text.len;) {
        uint32_t c = text_decode(text, &at);
        to[count++] = is_cased ? c : c >= 'A' && c <= 'Z' ? c + 32 : c < 0x80 ? c : unicode_fold(c);
    }
    return count;
}

/* Does the term stand at places from to last (its first sign)? */
static bool stands(struct text term, struct text text, unsigned flags, bool at_start, bool at_end)
{
    uint32_t wanted[160], points[160];
    size_t count = points_of(wanted, term, (flags & TERM_CASED) != 0);
    size_t total = points_of(points, text, (flags & TERM_CASED) != 0);
    for (size_t i = 0; i + count <= total; i++) {
        bool is_here = memcmp(points + i, wanted, count * sizeof *wanted) == 0;
        bool has_left = (flags & TERM_EDGE_LEFT) == 0 || count == 0 || i == 0 || !unicode_is_word(wanted[0]) ||
                        !unicode_is_word(points[i - 1]);
        bool has_right = (flags & TERM_EDGE_RIGHT) == 0 || count == 0 || i + count == total ||
                         !unicode_is_word(wanted[count - 1]) || !unicode_is_word(points[i + count]);
        if (is_here && has_left && has_right && (!at_start || i == 0) && (!at_end || i + count == total))
            return true;
    }
    return false;
}

static void test_random(void)
{
    struct arena *arena;
    unsigned found = 0;
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)1 << 20), 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        char term_bytes[160], text_bytes[160];
        unsigned flags = below(8), kinds = 1 + below(20);
        struct text wanted = random_text(term_bytes, 4, kinds), text = random_text(text_bytes, 36, kinds);
        if (below(2) == 0 && wanted.len > 0 && text.len + wanted.len < sizeof text_bytes) {
            memcpy(text_bytes + text.len, wanted.bytes, wanted.len);
            text.len += wanted.len;
        }
        const struct term *term;
        CU_ASSERT_EQUAL_FATAL(term_new(&term, arena, wanted, flags), 0);
        bool is_in = stands(wanted, text, flags, false, false);
        if (term_in(term, text) != is_in)
            CU_FAIL("term_in");
        unsigned cased = flags & TERM_CASED;
        if (term_starts(term, text) != stands(wanted, text, cased, true, false))
            CU_FAIL("term_starts");
        if (term_ends(term, text) != stands(wanted, text, cased, false, true))
            CU_FAIL("term_ends");
        if (term_equals(term, text) != stands(wanted, text, cased, true, true))
            CU_FAIL("term_equals");
        found += is_in;
        arena_reset(arena);
    }
    CU_ASSERT(found > ROUNDS / 10 && found < ROUNDS);
    arena_free(arena);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"random terms and texts", test_random}, CU_TEST_INFO_NULL};
    return test_main("term", tests);
}
