#include "detect/search/scan.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

static void test_set(void)
{
    struct scan scan;
    char longest[SCAN_MAX_WORD + 1];
    memset(longest, 'a', sizeof(longest));
    CU_ASSERT(scan_set(&scan, (struct text){longest, SCAN_MAX_WORD}));
    CU_ASSERT(!scan_set(&scan, (struct text){longest, SCAN_MAX_WORD + 1}));
    CU_ASSERT(!scan_set(&scan, text_from("")));
    CU_ASSERT(!scan_set(&scan, text_from("caf\xC3\xA9")));
    CU_ASSERT(!scan_set(&scan, (struct text){"a\0b", 3}));
    CU_ASSERT(scan_set(&scan, text_from("a")) && scan.lanes == lanes_here());
}

/* What scan_find promises, said the plain way. */
static size_t plain_find(const char *word, struct text bytes, size_t from)
{
    size_t length = strlen(word);
    for (size_t i = from; i + length <= bytes.len; i++)
        if (text_equal_nocase((struct text){bytes.bytes + i, length}, text_from(word)))
            return i;
    return bytes.len;
}

/* Sets *found to where each kind of vectors that this processor has finds word, in UTF-8 and in UTF-16. False: not all
 * find the same. Both texts lie in memory of just their size, whose ends the address sanitizer watches. */
static bool all_find(size_t *found, struct scan *scan, struct text bytes, size_t from)
{
    char *copy = malloc(bytes.len + 1);
    uint16_t *units = malloc((bytes.len + 1) * sizeof(*units));
    char *end = copy + 1; /* a byte before it, so that the text is not aligned */
    if (bytes.len > 0)
        memcpy(end, bytes.bytes, bytes.len);
    for (size_t i = 0; i < bytes.len; i++)
        units[1 + i] = (unsigned char)bytes.bytes[i] < 0x80 ? (uint16_t)(unsigned char)bytes.bytes[i]
                                                            : (uint16_t)(0xFF00u + (unsigned char)bytes.bytes[i]);
    bool is_same = true;
    for (int lanes = LANES_PLAIN; lanes <= (int)lanes_here(); lanes++) {
        scan->lanes = (enum lanes)lanes;
        size_t utf8 = scan_find(scan, (struct text){end, bytes.len}, from);
        size_t utf16 = scan_find_utf16(scan, units + 1, bytes.len, from);
        is_same = is_same && utf8 == utf16 && (lanes == LANES_PLAIN || utf8 == *found);
        *found = utf8;
    }
    free(copy);
    free(units);
    return is_same;
}

/* Every length and every place. */
static void test_places(void)
{
    static const char *const words[] = {"a",       "add", "Set-CASMailbox",   "ActiveSyncAllowedDeviceIDs",
                                        "@[",      "zz",  "Sixteen-letters.", "q2345678901234567890123456789012z",
                                        "\x01\x7F"};
    for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
        struct scan scan;
        size_t length = strlen(words[w]), found = 0;
        CU_ASSERT_FATAL(scan_set(&scan, text_from(words[w])));
        for (size_t size = 1; size < 150; size++)
            for (size_t place = 0; place < size; place++) {
                char bytes[150];
                memset(bytes, '.', size);
                for (size_t i = 0; i < length && place + i < size; i++)
                    bytes[place + i] = words[w][i];
                struct text text = {bytes, size};
                if (!all_find(&found, &scan, text, 0) || found != plain_find(words[w], text, 0))
                    CU_FAIL("scan and plain search disagree");
                if (!all_find(&found, &scan, text, place + 1) || found != plain_find(words[w], text, place + 1))
                    CU_FAIL("scan and plain search disagree after the place");
            }
    }
    CU_PASS("");
}

/* Texts of few letters, near to the word, other cases and what differs from them in the bit for case alone. */
static void test_random(void)
{
    static const struct {
        const char *word, *letters;
    } cases[] = {{"Add", "adADx@`[{ "}, {"a-A-a-A-a-A-a-A-a-", "aA-\x01"}, {"k{z", "kK{[zZ\xE2\x84\xAA"}};
    unsigned state = 1;
    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        struct scan scan;
        CU_ASSERT_FATAL(scan_set(&scan, text_from(cases[c].word)));
        for (int round = 0; round < 5000; round++) {
            char bytes[197];
            size_t size = (state >> 8) % sizeof(bytes), found = 0;
            for (size_t i = 0; i < size; i++) {
                state = state * 1664525u + 1013904223u;
                bytes[i] = cases[c].letters[(state >> 16) % strlen(cases[c].letters)];
            }
            state = state * 1664525u + 1013904223u;
            struct text text = {bytes, size};
            for (size_t at = 0; at <= size; at = found + 1)
                if (!all_find(&found, &scan, text, at) || found != plain_find(cases[c].word, text, at))
                    CU_FAIL("scan and plain search disagree");
        }
    }
    CU_PASS("");
}

/* Every byte beside a word that fits but for one byte, or wholly; units whose lower or higher byte alone fits. */
static void test_near_misses(void)
{
    static const char word[] = "ActiveSyncAllowedDeviceIDs";
    struct scan scan;
    CU_ASSERT_FATAL(scan_set(&scan, text_from(word)));
    for (size_t at = 0; at < strlen(word); at++)
        for (unsigned c = 0; c < 256; c++) {
            char bytes[100];
            size_t found = 0;
            memset(bytes, 'v', sizeof(bytes));
            memcpy(bytes + 20, word, strlen(word));
            memcpy(bytes + 60, word, strlen(word));
            bytes[20 + at] = (char)c;
            struct text text = {bytes, sizeof(bytes)};
            if (!all_find(&found, &scan, text, 0) || found != plain_find(word, text, 0))
                CU_FAIL("scan and plain search disagree");
        }
    uint16_t units[64] = {0};
    for (size_t at = 0; at < strlen(word); at++)
        for (unsigned high = 0; high < 256; high++)
            for (int lanes = LANES_PLAIN; lanes <= (int)lanes_here(); lanes++) {
                for (size_t i = 0; i < strlen(word); i++)
                    units[7 + i] = (uint16_t)word[i];
                units[7 + at] = (uint16_t)(units[7 + at] | high << 8);
                scan.lanes = (enum lanes)lanes;
                if (scan_find_utf16(&scan, units, 64, 0) != (high == 0 ? 7 : 64))
                    CU_FAIL("a unit above ASCII");
            }
    CU_PASS("");
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"set", test_set},
                                        {"places", test_places},
                                        {"random", test_random},
                                        {"near misses", test_near_misses},
                                        CU_TEST_INFO_NULL};
    return test_main("scan", tests);
}
