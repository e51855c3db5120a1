/*
 * All rules of the corpus on all its recorded events, with and without candidates: the same answer, event by event, and
 * the same events out of whole files.
 */
#include "agent/rules/rule_load.h"
#include "agent/system/directory.h"
#include "agent/system/file.h"
#include "collectors/files/replay.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const event_directories[] = {"corpus/xml",    "corpus/evtx",         "corpus/json-reconstructed",
                                                "corpus/native", "corpus/sigma/events", "corpus/cmdlet"};

/* Both sets, and what came of them. */
struct both {
    const struct rule_load *with, *without;
    struct rule_scratch *with_scratch, *without_scratch;
    unsigned long events, matches, differences;
    unsigned long seen; /* events in all */
};

/* Of the corpus every so many events is compared: each is evaluated by all rules, which takes milliseconds. */
#define EVERY 23
#define EVERY_LONG 5 /* TRIPLINE_LONG=1 */

/* Of what the sifted reading brings, those events are evaluated whose record ids are multiples of this
 * (TRIPLINE_LONG=1: all): the same ones in both readings, whatever is sifted. */
#define TALLIED 7

static void say_difference(const struct both *both, const struct event *event, const struct rule_match *with,
                           size_t with_count, const struct rule_match *without, size_t without_count)
{
    printf("\nrecord %llu of %.*s: %u matches with candidates, %u without:", (unsigned long long)event->record_id,
           (int)event->field[EVENT_CHANNEL].len, event->field[EVENT_CHANNEL].bytes, (unsigned)with_count,
           (unsigned)without_count);
    for (size_t i = 0; i < without_count; i++) {
        bool is_there = false;
        for (size_t w = 0; w < with_count; w++)
            is_there = is_there || (with[w].number == without[i].number && with[w].legs == without[i].legs);
        if (!is_there)
            printf(" %s", without[i].rule->source);
    }
    printf("\n");
    (void)both;
}

static int compare(void *context, const struct event *event)
{
    struct both *both = context;
    const struct rule_match *with, *without;
    if (both->seen++ % (test_is_long() ? EVERY_LONG : EVERY) != 0)
        return 0;
    size_t with_count = rule_set_match(both->with->set, event, event->time, both->with_scratch, &with);
    size_t without_count = rule_set_match(both->without->set, event, event->time, both->without_scratch, &without);
    bool is_same = with_count == without_count;
    for (size_t i = 0; is_same && i < with_count; i++)
        is_same = with[i].number == without[i].number && with[i].legs == without[i].legs &&
                  with[i].failed == without[i].failed;
    both->events++;
    both->matches += without_count;
    if (!is_same && both->differences++ < 20)
        say_difference(both, event, with, with_count, without, without_count);
    return 0;
}

static bool wants_all(void *context, const struct event *event)
{
    (void)context;
    (void)event;
    return true;
}

static void no_report(void *context, const struct collector_report *report)
{
    (void)context;
    (void)report;
}

static void load_both(struct rule_load **with, struct rule_load **without)
{
    struct fault fault = {0};
    const char *paths[] = {TEST_SHARED "/corpus/sentinel-rules", TEST_SHARED "/corpus/sigma/rules"};
    struct rule_load_settings settings = {.paths = paths, .path_count = COUNT(paths)};
    CU_ASSERT_EQUAL_FATAL(rule_load_new(with, &settings, &fault), 0);
    settings.options.is_plain = true;
    CU_ASSERT_EQUAL_FATAL(rule_load_new(without, &settings, &fault), 0);
}

/* Reads each file of the corpus with rules, and hands each event to sink. */
static void read_all(const struct collector_sink *sink, const struct rule_set *rules)
{
    for (size_t d = 0; d < COUNT(event_directories); d++) {
        char path[512];
        struct directory directory;
        (void)snprintf(path, sizeof(path), "%s/%s", TEST_SHARED, event_directories[d]);
        if (directory_read(&directory, path) < 0)
            continue;
        for (size_t i = 0; i < directory.count; i++) {
            char *name = NULL;
            FILE *file = NULL;
            struct replay_counts counts = {0};
            struct fault fault = {0};
            if (file_join(&name, path, directory.entries[i].name) == 0 && file_open(&file, name, "rb") == 0) {
                (void)replay_file(file, text_from(name), sink, rules, &counts, &fault); /* some are damaged */
                (void)fclose(file);
            }
            free(name);
        }
        directory_clear(&directory);
    }
}

static bool has_corpus(void)
{
    struct directory directory;
    if (directory_read(&directory, TEST_SHARED "/corpus/sigma/rules") < 0)
        return false;
    directory_clear(&directory);
    return true;
}

static void test_candidates(void)
{
    struct rule_load *with = NULL, *without = NULL;
    struct both both = {0};
    if (!has_corpus()) {
        test_skip("no recorded events beside the repository");
        return;
    }
    load_both(&with, &without);
    both.with = with;
    both.without = without;
    CU_ASSERT_EQUAL_FATAL(rule_scratch_new(&both.with_scratch, with->set), 0);
    CU_ASSERT_EQUAL_FATAL(rule_scratch_new(&both.without_scratch, without->set), 0);
    const struct collector_sink sink = {.context = &both, .event = compare, .report = no_report, .wants = wants_all};
    read_all(&sink, without->set);
    printf("%lu events x %u rules: %lu matches, %lu differences; legs evaluated: %llu with candidates, %llu without ",
           both.events, (unsigned)rule_set_count(with->set), both.matches, both.differences,
           (unsigned long long)rule_scratch_evaluated(both.with_scratch),
           (unsigned long long)rule_scratch_evaluated(both.without_scratch));
    CU_ASSERT_EQUAL(both.differences, 0);
    CU_ASSERT(both.events > 1000 && both.matches > 100);
    rule_scratch_free(both.with_scratch);
    rule_scratch_free(both.without_scratch);
    rule_load_free(with);
    rule_load_free(without);
}

/* Matches of one set, whatever is sifted before. */
struct tally {
    const struct rule_load *load;
    struct rule_scratch *scratch;
    unsigned long events, evaluated, matches;
};

static int tally_event(void *context, const struct event *event)
{
    struct tally *tally = context;
    const struct rule_match *matches;
    tally->events++;
    if (event->record_id % (test_is_long() ? 1 : TALLIED) != 0)
        return 0;
    tally->evaluated++;
    tally->matches += rule_set_match(tally->load->set, event, event->time, tally->scratch, &matches);
    return 0;
}

static bool tally_wants(void *context, const struct event *event)
{
    const struct tally *tally = context;
    return rule_set_wants(tally->load->set, event);
}

/* sift: whose words are looked for in files. */
static struct tally tally_all(const struct rule_load *load, const struct rule_load *sift)
{
    struct tally tally = {.load = load};
    CU_ASSERT_EQUAL_FATAL(rule_scratch_new(&tally.scratch, load->set), 0);
    const struct collector_sink sink = {
        .context = &tally, .event = tally_event, .report = no_report, .wants = tally_wants};
    read_all(&sink, sift->set);
    rule_scratch_free(tally.scratch);
    return tally;
}

/* What is looked for in the bytes of files loses no match either. */
static void test_files(void)
{
    struct rule_load *with = NULL, *without = NULL;
    if (!has_corpus()) {
        test_skip("no recorded events beside the repository");
        return;
    }
    load_both(&with, &without);
    struct tally sifted = tally_all(with, with), all = tally_all(with, without);
    printf("%lu events read, %lu evaluated, %lu matches; all: %lu events, %lu evaluated, %lu matches ", sifted.events,
           sifted.evaluated, sifted.matches, all.events, all.evaluated, all.matches);
    CU_ASSERT_EQUAL(sifted.matches, all.matches);
    CU_ASSERT(all.matches > 20);
    rule_load_free(with);
    rule_load_free(without);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"candidates", test_candidates}, {"files", test_files}, CU_TEST_INFO_NULL};
    return test_main("rule_corpus", tests);
}
