/* A file cut into parts gives, part by part, what the whole file gives. */
#include "collectors/files/replay.h"
#include "detect/rules/rule_builtin.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIZE (3u * REPLAY_MIN_PART + 12345u)
#define MAX_SEEN 4096

#define SECURITY "<System><Provider Name='Microsoft-Windows-Security-Auditing'/><EventID>4688</EventID></System>"
#define ATTACK                                                                                                         \
    "<Event>" SECURITY "<EventData><Data Name='CommandLine'>Set-CASMailbox -ActiveSyncAllowedDeviceIDs @{add='X'}"     \
    "</Data></EventData></Event>\n"

/* What came of a file, in order. */
struct seen {
    char what[MAX_SEEN]; /* a letter an event, or B: bad */
    uint64_t offsets[MAX_SEEN];
    char faults[MAX_SEEN][64];
    size_t count;
    struct replay_counts counts;
};

static struct seen whole, parts;
static struct rule_set *rules;

static int on_event(void *context, const struct event *event)
{
    struct seen *seen = context;
    if (event->field[EVENT_COMMAND_LINE].len > 0 && seen->count < MAX_SEEN)
        seen->what[seen->count++] = 'E';
    return 0;
}

static void on_report(void *context, const struct collector_report *report)
{
    struct seen *seen = context;
    if (seen->count == MAX_SEEN)
        return;
    seen->what[seen->count] = 'B';
    seen->offsets[seen->count] = report->offset;
    snprintf(seen->faults[seen->count++], sizeof(seen->faults[0]), "%.63s", report->fault->detail);
}

static void add_counts(struct replay_counts *to, const struct replay_counts *from)
{
    to->bytes += from->bytes;
    to->events.events += from->events.events;
    to->events.process += from->events.process;
    to->events.taken += from->events.taken;
    to->events.bad += from->events.bad;
}

/* Reads bytes whole and in parts. Returns the number of parts. */
static size_t read_both(const char *bytes, size_t size, size_t max)
{
    uint64_t starts[16];
    size_t count = 0;
    struct fault fault = {0};
    struct replay_counts counts;
    uint64_t file_size;
    bool is_evtx;
    FILE *file = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL_FATAL(fwrite(bytes, 1, size, file), size);
    memset(&whole, 0, sizeof(whole));
    memset(&parts, 0, sizeof(parts));
    struct collector_sink sink = {.context = &whole, .event = on_event, .report = on_report};
    rewind(file);
    CU_ASSERT_EQUAL(replay_file(file, text_from("f"), &sink, rules, &whole.counts, &fault), 0);
    sink.context = &parts;
    CU_ASSERT_EQUAL(fflush(file), 0);
    rewind(file);
    CU_ASSERT_EQUAL(replay_split(starts, &count, &file_size, &is_evtx, file, max), 0);
    CU_ASSERT_EQUAL(file_size, max > 1 ? size : 0);
    CU_ASSERT(count >= 1 && count <= max && starts[0] == 0 && ftell(file) == 0);
    for (size_t i = 0; i < count; i++) {
        uint64_t to = i + 1 < count ? starts[i + 1] : UINT64_MAX;
        CU_ASSERT(to > starts[i]);
        CU_ASSERT_EQUAL(replay_part(file, text_from("f"), starts[i], to, NULL, &sink, rules, &counts, &fault), 0);
        add_counts(&parts.counts, &counts);
    }
    (void)fclose(file); /* only read */
    if (memcmp(&whole, &parts, sizeof(whole)) != 0)
        CU_FAIL("parts differ from the whole");
    return count;
}

/* Fills bytes with lines of background, an attack here and there, and insert in front of each cut that is likely. */
static void fill(char *bytes, size_t size, const char *background, size_t background_size, const char *insert)
{
    size_t at = 0, line = 0;
    memset(bytes, '\n', size);
    while (size - at > 70000) {
        size_t length = (size_t)(strchr(background + line, '\n') + 1 - (background + line));
        memcpy(bytes + at, background + line, length);
        at += length;
        line = line + length < background_size ? line + length : 0;
        if (at % 997 == 0) {
            memcpy(bytes + at, ATTACK, strlen(ATTACK));
            at += strlen(ATTACK);
        }
        for (size_t part = 1; part < 3; part++) {
            size_t cut = size / 3 * part;
            if (at <= cut && at + 60000 > cut && strlen(insert) > 0) {
                memcpy(bytes + at, insert, strlen(insert));
                at += strlen(insert);
            }
        }
    }
}

static void test_parts(void)
{
    static const struct {
        const char *insert;
        size_t parts;
    } cases[] = {
        {"", 3},
        {"<Event><a>\n", 3},             /* an event without an end, where the next one begins */
        {"<Event/>\n", 3},               /* the shortest one */
        {"<Event><a></b></Event>\n", 3}, /* not well-formed */
        {"<Event>\n\n\n</Event>\n", 3},  /* line ends in it */
        {"<!DOCTYPE a>\n", 1},           /* a section might be open at a cut: the file stays whole */
        {"<Event><![CDATA[\n<Event>]]></Event>\n", 1},
        {"<Event><!--\n<Event>\n<Event>--></Event>\n", 1},
        {"<Event><!--\n", 1},
    };
    FILE *file = fopen(TEST_DATA "/background.xml", "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    char *background = calloc(1, 1u << 20), *bytes = malloc(SIZE);
    size_t size = fread(background, 1, (1u << 20) - 1, file);
    (void)fclose(file); /* only read */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fill(bytes, SIZE, background, size, cases[i].insert);
        size_t count = read_both(bytes, SIZE, 3);
        if (count != cases[i].parts || whole.count == 0 || whole.counts.bytes != SIZE)
            CU_FAIL(cases[i].insert);
        CU_ASSERT_EQUAL(read_both(bytes, SIZE, 1), 1);
    }
    /* Too small, UTF-16, packed, no line that begins an event. */
    CU_ASSERT_EQUAL(read_both(bytes, 2 * REPLAY_MIN_PART - 1, 3), 1);
    fill(bytes, SIZE, background, size, "");
    memcpy(bytes, "\xFF\xFE", 2);
    CU_ASSERT_EQUAL(read_both(bytes, SIZE, 3), 1);
    memset(bytes, '\n', SIZE);
    CU_ASSERT_EQUAL(read_both(bytes, SIZE, 3), 1);
    free(bytes);
    free(background);
}

/* A file that ends within a part was longer when it was cut; what is left of it is read. */
static void test_shorter(void)
{
    struct collector_sink sink = {.context = &whole, .event = on_event, .report = on_report};
    struct replay_counts counts;
    struct fault fault = {0};
    FILE *file = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL_FATAL(fwrite(ATTACK, 1, strlen(ATTACK), file), strlen(ATTACK));
    CU_ASSERT_EQUAL_FATAL(fflush(file), 0);
    memset(&whole, 0, sizeof(whole));
    CU_ASSERT_EQUAL(replay_part(file, text_from("f"), 0, 1000000, NULL, &sink, NULL, &counts, &fault), -EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.detail, "shorter"));
    CU_ASSERT(counts.events.events == 1 && counts.bytes == strlen(ATTACK) && whole.count == 1);
    CU_ASSERT_EQUAL(replay_part(file, text_from("f"), 500000, 1000000, NULL, &sink, NULL, &counts, &fault), -EIO);
    (void)fclose(file); /* only read */
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"parts", test_parts}, {"a file that got shorter", test_shorter}, CU_TEST_INFO_NULL};
    if (rule_builtin_set(&rules, NULL) < 0)
        return 1;
    int rc = test_main("replay_split", tests);
    rule_set_free(rules);
    return rc;
}
