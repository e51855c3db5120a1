#include "detect/search/scan_many.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

static const char *const few[] = {"Set-CASMailbox", "add"};
static const char *const many[] = {"Set-CASMailbox",
                                   "ActiveSyncAllowedDeviceIDs",
                                   "CASMailbox",
                                   "add",
                                   "aaaaaaaa",
                                   "aaaaaaab",
                                   "ID",
                                   "Allowed@Device",
                                   "New-Mailbox-Set",
                                   "q2345678901234567890123456789012345678901234567890123456789012z"};

static struct scan_many *make(const char *const *words, size_t count)
{
    struct scan scans[16];
    struct scan_many *s = NULL;
    for (size_t i = 0; i < count; i++)
        CU_ASSERT_FATAL(scan_set(&scans[i], text_from(words[i])));
    CU_ASSERT_FATAL(scan_many_new(&s, scans, count) == 0);
    return s;
}

static size_t plain_find(const char *const *words, size_t count, struct text bytes, size_t from)
{
    for (size_t i = from; i < bytes.len; i++)
        for (size_t w = 0; w < count; w++) {
            size_t length = strlen(words[w]);
            if (bytes.len - i >= length &&
                text_equal_nocase((struct text){bytes.bytes + i, length}, text_from(words[w])))
                return i;
        }
    return bytes.len;
}

/* Compares at every occurrence; both texts lie in memory of just their size. */
static void check(const struct scan_many *s, const char *const *words, size_t count, const char *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    uint16_t *units = malloc((size + 1) * sizeof(*units));
    memcpy(copy + 1, bytes, size);
    for (size_t i = 0; i < size; i++)
        units[1 + i] = (uint16_t)((unsigned char)bytes[i] + ((unsigned char)bytes[i] < 0x80 ? 0u : 0x400u));
    struct text text = {copy + 1, size};
    size_t found = 0;
    for (size_t from = 0; from <= size; from = found + 1) {
        found = scan_many_find(s, text, from);
        if (found != plain_find(words, count, text, from))
            CU_FAIL("scan_many and plain search disagree");
    }
    if (scan_many_in_utf16(s, units + 1, size) != (plain_find(words, count, text, 0) < size))
        CU_FAIL("scan_many and plain search disagree in UTF-16");
    free(copy);
    free(units);
}

/* Each word at every place. */
static void test_places(void)
{
    size_t counts[] = {sizeof(few) / sizeof(few[0]), sizeof(many) / sizeof(many[0]), 1};
    const char *const *const lists[] = {few, many, many + 1};
    for (size_t list = 0; list < 3; list++) {
        struct scan_many *s = make(lists[list], counts[list]);
        check(s, lists[list], counts[list], "", 0);
        for (size_t w = 0; w < counts[list]; w++)
            for (size_t size = 1; size < 170; size += 7)
                for (size_t place = 0; place < size; place++) {
                    char bytes[170];
                    memset(bytes, '.', size);
                    for (size_t i = 0; lists[list][w][i] != '\0' && place + i < size; i++)
                        bytes[place + i] = lists[list][w][i];
                    check(s, lists[list], counts[list], bytes, size);
                }
        scan_many_free(s);
    }
    scan_many_free(NULL);
    CU_PASS("");
}

/* Texts put together of the words' own pieces. */
static void test_random(void)
{
    static const char *const pieces[] = {
        "Set-CASMail", "box",  "ActiveSync", "AllowedDevice", "ID", "s", "a",   "aaaaaaa",
        "ADD",         "\x80", "Allowed`",   "\xFF\xFE",      "@",  "-", "New", "Mailbox-Set"};
    size_t count = sizeof(many) / sizeof(many[0]);
    struct scan_many *s = make(many, count);
    unsigned state = 3;
    for (int round = 0; round < 20000; round++) {
        char bytes[320];
        size_t size = 0, limit = (state >> 8) % 300;
        while (size < limit) {
            state = state * 1664525u + 1013904223u;
            const char *piece = pieces[(state >> 16) % (sizeof(pieces) / sizeof(pieces[0]))];
            memcpy(bytes + size, piece, strlen(piece));
            size += strlen(piece);
        }
        state = state * 1664525u + 1013904223u;
        check(s, many, count, bytes, size);
    }
    scan_many_free(s);
    CU_PASS("");
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"places", test_places}, {"random", test_random}, CU_TEST_INFO_NULL};
    return test_main("scan_many", tests);
}
