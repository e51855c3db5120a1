/* event_xml_delimiter: each kind of vectors finds what the header says, said the plain way. */
#include "collectors/event_xml/event_xml_delimiter.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

static bool plain_is_mark(struct text text, size_t at)
{
    static const char *const names[] = {"<Event", "</Event"};
    struct text rest = {text.bytes + at, text.len - at};
    for (size_t i = 0; i < 2; i++) {
        size_t length = strlen(names[i]);
        if (rest.len > length && memcmp(rest.bytes, names[i], length) == 0 &&
            memchr(" \t\r\n>/", rest.bytes[length], 6) != NULL)
            return true;
    }
    return rest.len >= 2 &&
           (memcmp(rest.bytes, "<!", 2) == 0 || memcmp(rest.bytes, "<?", 2) == 0 || memcmp(rest.bytes, "&#", 2) == 0);
}

/* Where find_mark must end: at the first mark that can be told, or the first place that can't be. */
static size_t plain_find(bool *is_found, struct text text, size_t at, bool is_last)
{
    *is_found = false;
    for (; text.len - at >= (is_last ? 1 : EVENT_XML_DELIMITER_SIZE); at++)
        if (plain_is_mark(text, at)) {
            *is_found = true;
            break;
        }
    return at;
}

/* All marks of text, which lies in memory of just its size. */
static void check(const char *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    memcpy(copy + 1, bytes, size);
    struct text text = {copy + 1, size};
    for (int lanes = LANES_PLAIN; lanes <= (int)lanes_here(); lanes++)
        for (int is_last = 0; is_last < 2; is_last++)
            for (size_t from = 0; from <= size;) {
                bool want;
                size_t at = from, end = plain_find(&want, text, from, is_last != 0);
                if (event_xml_find_mark(text, &at, is_last != 0, (enum lanes)lanes) != want || at != end) {
                    fprintf(stderr, "\n  %.*s\n  from %zu: %zu, not %zu\n", (int)size, bytes, from, at, end);
                    CU_FAIL("find_mark");
                }
                from = (at > from ? at : from) + 1;
            }
    free(copy);
}

static const char *const pieces[] = {"<Event",
                                     "</Event",
                                     ">",
                                     "/",
                                     " ",
                                     "<!",
                                     "<?",
                                     "&#",
                                     "<EventID",
                                     "E",
                                     "v",
                                     "t",
                                     "/Event>",
                                     "Event>",
                                     "<",
                                     "&",
                                     "!",
                                     "#",
                                     "?",
                                     "\n",
                                     "</",
                                     "\\?\?\\",
                                     "a",
                                     "svcs -p -s Ev",
                                     "</EventData>",
                                     "\xC3\xA4",
                                     "Ev\xC3\xA4t\xC3",
                                     "\xFF",
                                     "<Events>",
                                     "0123456789"};

static void test_random(void)
{
    unsigned state = 7;
    for (int round = 0; round < 6000; round++) {
        char bytes[420];
        size_t size = 0, limit = (state >> 8) % 400;
        while (size < limit) {
            state = state * 1664525u + 1013904223u;
            const char *piece = pieces[(state >> 16) % (sizeof(pieces) / sizeof(pieces[0]))];
            memcpy(bytes + size, piece, strlen(piece));
            size += strlen(piece);
        }
        state = state * 1664525u + 1013904223u;
        check(bytes, size);
    }
    CU_PASS("");
}

/* A mark at every place of every short text. */
static void test_places(void)
{
    static const char *const marks[] = {"<Event>", "</Event>", "<!--", "<?", "&#", "</Event", "<Event"};
    for (size_t m = 0; m < sizeof(marks) / sizeof(marks[0]); m++)
        for (size_t size = 1; size < 200; size += size < 90 ? 1 : 11)
            for (size_t place = 0; place < size; place++) {
                char bytes[200];
                memset(bytes, 'v', size);
                for (size_t i = 0; marks[m][i] != '\0' && place + i < size; i++)
                    bytes[place + i] = marks[m][i];
                check(bytes, size);
            }
    CU_PASS("");
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"random", test_random}, {"places", test_places}, CU_TEST_INFO_NULL};
    return test_main("event_xml_delimiter", tests);
}
