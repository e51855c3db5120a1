#include "detect/scan.h"
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

/* Every length and every place in buffers whose ends the address sanitizer watches. */
static void test_places(void)
{
    static const char *const words[] = {"a", "add", "Set-CASMailbox", "ActiveSyncAllowedDeviceIDs", "@[", "zz"};
    for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
        struct scan scan;
        size_t length = strlen(words[w]);
        CU_ASSERT_FATAL(scan_set(&scan, text_from(words[w])));
        for (size_t size = 1; size < 80; size++)
            for (size_t place = 0; place < size; place++) {
                char *bytes = malloc(size);
                CU_ASSERT_FATAL(bytes != NULL);
                memset(bytes, '.', size);
                for (size_t i = 0; i < length && place + i < size; i++)
                    bytes[place + i] = words[w][i];
                struct text text = {bytes, size};
                if (scan_find(&scan, text, 0) != plain_find(words[w], text, 0))
                    CU_FAIL("scan and plain search disagree");
                if (scan_find(&scan, text, place + 1) != plain_find(words[w], text, place + 1))
                    CU_FAIL("scan and plain search disagree behind the place");
                free(bytes);
            }
    }
    CU_PASS("");
}

static void test_random(void)
{
    static const char letters[] = "adADx@`[{ ";
    struct scan scan;
    CU_ASSERT_FATAL(scan_set(&scan, text_from("Add")));
    unsigned state = 1;
    for (int round = 0; round < 20000; round++) {
        char bytes[97];
        size_t size = (state >> 8) % sizeof(bytes);
        for (size_t i = 0; i < size; i++) {
            state = state * 1664525u + 1013904223u;
            bytes[i] = letters[(state >> 16) % (sizeof(letters) - 1)];
        }
        state = state * 1664525u + 1013904223u;
        struct text text = {bytes, size};
        for (size_t at = 0; at <= size;) {
            size_t found = scan_find(&scan, text, at);
            if (found != plain_find("add", text, at))
                CU_FAIL("scan and plain search disagree");
            at = found + 1;
        }
    }
    CU_PASS("");
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"set", test_set}, {"places", test_places}, {"random", test_random}, CU_TEST_INFO_NULL};
    return test_main("scan", tests);
}
