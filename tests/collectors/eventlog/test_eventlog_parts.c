/* The parts of the Event Log reader that know nothing of Windows: mark, gap, origin, lag. */
#include "collectors/eventlog/eventlog_backlog.h"
#include "collectors/eventlog/eventlog_bookmark.h"
#include "collectors/eventlog/eventlog_gap.h"
#include "collectors/eventlog/eventlog_origin.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RENDERED                                                                                                       \
    "<BookmarkList>\r\n  <Bookmark Channel='Security' RecordId='2004' IsCurrent='true'/>\r\n</BookmarkList>"

static const struct text security = {"Security", 8};

static void test_mark_round(void)
{
    struct eventlog_bookmark mark;
    char *text = NULL;
    CU_ASSERT_EQUAL(eventlog_bookmark_format(&text, text_from(RENDERED), 3000), 0);
    CU_ASSERT_EQUAL(eventlog_bookmark_parse(&mark, text_from(text), security), 0);
    CU_ASSERT_TRUE(text_equal(mark.bookmark, text_from(RENDERED)));
    CU_ASSERT_EQUAL(mark.record, 2004);
    CU_ASSERT_EQUAL(mark.read, 3000);
    free(text);
    CU_ASSERT_EQUAL(eventlog_bookmark_format(&text, text_from(RENDERED), UINT64_MAX), 0);
    CU_ASSERT_EQUAL(eventlog_bookmark_parse(&mark, text_from(text), security), 0);
    CU_ASSERT_EQUAL(mark.read, UINT64_MAX);
    free(text);
}

static void test_mark_without_read(void)
{
    struct eventlog_bookmark mark;
    CU_ASSERT_EQUAL(eventlog_bookmark_parse(&mark, text_from(RENDERED), security), 0);
    CU_ASSERT_EQUAL(mark.read, 2004);
    CU_ASSERT_EQUAL(eventlog_bookmark_parse(&mark, text_from(RENDERED " read=7"), security), 0);
    CU_ASSERT_EQUAL(mark.read, 2004); /* never after the bookmark */
}

static void test_mark_forms(void)
{
    static const char several[] = "<BookmarkList><Bookmark RecordId=\"5\" Channel=\"Application\"/>"
                                  "<Bookmark IsCurrent = \"True\" RecordId = \"18446744073709551615\"\n"
                                  " Channel = \"sECURITY\" /></BookmarkList>";
    uint64_t record = 0;
    CU_ASSERT_EQUAL(eventlog_bookmark_record(&record, text_from(several), security), 0);
    CU_ASSERT_EQUAL(record, UINT64_MAX);
    CU_ASSERT_EQUAL(eventlog_bookmark_record(&record, text_from(several), text_from("Application")), 0);
    CU_ASSERT_EQUAL(record, 5);
}

static void test_mark_bad(void)
{
    static const char *const bad[] = {
        "",
        "<BookmarkList/>",
        "<BookmarkList></BookmarkList>",
        "<BookmarkList><Bookmark Channel='System' RecordId='1'/></BookmarkList>",
        "<BookmarkList><Bookmark Channel='Security'/></BookmarkList>",
        "<BookmarkList><Bookmark Channel='Security' RecordId=''/></BookmarkList>",
        "<BookmarkList><Bookmark Channel='Security' RecordId='-1'/></BookmarkList>",
        "<BookmarkList><Bookmark Channel='Security' RecordId='18446744073709551616'/></BookmarkList>",
        "<BookmarkList><Bookmark Channel='Security' RecordId='1",
        "<BookmarkList><Bookmark Channel=Security RecordId=1/></BookmarkList>",
        "<BookmarkList><BookmarkX Channel='Security' RecordId='1'/></BookmarkList>",
        "<Bookmark",
        "<Bookmark ",
        "<Bookmark Channel",
        "<Bookmark Channel=",
        "<Bookmark Channel='",
        RENDERED " read=12x",
        "\xFF\x00\x01",
    };
    struct eventlog_bookmark mark = {.record = 77};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        size_t size = strlen(bad[i]);
        char *copy = malloc(size == 0 ? 1 : size); /* without a NUL: a sanitizer sees a byte too many */
        memcpy(copy, bad[i], size);
        CU_ASSERT_EQUAL(eventlog_bookmark_parse(&mark, (struct text){copy, size}, security), -EINVAL);
        free(copy);
    }
    char zeros[64] = {0}; /* what a crash left of a file elsewhere */
    CU_ASSERT_EQUAL(eventlog_bookmark_parse(&mark, (struct text){zeros, sizeof(zeros)}, security), -EINVAL);
    CU_ASSERT_EQUAL(mark.record, 77);
}

static bool next_is(struct eventlog_gap *gap, uint64_t now_ms, uint64_t first, uint64_t last)
{
    struct eventlog_range r;
    return eventlog_gap_next(gap, &r, now_ms) && r.first == first && r.last == last;
}

static bool has_none(struct eventlog_gap *gap, uint64_t now_ms)
{
    struct eventlog_range r;
    return !eventlog_gap_next(gap, &r, now_ms);
}

static void test_gap_batches(void)
{
    struct eventlog_gap gap = {0};
    CU_ASSERT_FALSE(eventlog_gap_take_batch(&gap, 100, 100)); /* nothing is known yet */
    eventlog_gap_start(&gap, 100);
    CU_ASSERT_TRUE(eventlog_gap_take_batch(&gap, 200, 100));
    CU_ASSERT_TRUE(eventlog_gap_take_batch(&gap, 201, 1));
    CU_ASSERT_FALSE(eventlog_gap_take_batch(&gap, 203, 1));  /* 202 */
    CU_ASSERT_FALSE(eventlog_gap_take_batch(&gap, 150, 10)); /* read again */
    CU_ASSERT_EQUAL(gap.newest, 201);
    eventlog_gap_take(&gap, 203, 0);
    CU_ASSERT_FALSE(eventlog_gap_take_batch(&gap, 204, 1)); /* 202 may be among them */
}

static void test_gap_found(void)
{
    struct eventlog_gap gap = {0};
    eventlog_gap_take(&gap, 10, 0); /* where counting starts: nothing before is missing */
    eventlog_gap_take(&gap, 11, 0);
    eventlog_gap_take(&gap, 15, 1000);
    eventlog_gap_take(&gap, 17, 2000);
    CU_ASSERT_TRUE(has_none(&gap, 1000 + EVENTLOG_GAP_LATE_MS - 1));
    CU_ASSERT_TRUE(next_is(&gap, 1000 + EVENTLOG_GAP_LATE_MS, 12, 14));
    CU_ASSERT_TRUE(has_none(&gap, 1000 + EVENTLOG_GAP_LATE_MS));
    CU_ASSERT_TRUE(next_is(&gap, 2000 + EVENTLOG_GAP_LATE_MS, 16, 16));
    CU_ASSERT_TRUE(has_none(&gap, UINT64_MAX));
}

static void test_gap_late_records(void)
{
    struct eventlog_gap gap = {0};
    eventlog_gap_start(&gap, 0);
    eventlog_gap_take(&gap, 10, 0); /* 1-9 */
    eventlog_gap_take(&gap, 1, 0);
    eventlog_gap_take(&gap, 9, 0);
    eventlog_gap_take(&gap, 5, 0);
    eventlog_gap_take(&gap, 5, 0); /* twice */
    eventlog_gap_take(&gap, 3, 0);
    CU_ASSERT_TRUE(next_is(&gap, EVENTLOG_GAP_LATE_MS, 2, 2));
    CU_ASSERT_TRUE(next_is(&gap, EVENTLOG_GAP_LATE_MS, 4, 4));
    CU_ASSERT_TRUE(next_is(&gap, EVENTLOG_GAP_LATE_MS, 6, 8));
    CU_ASSERT_TRUE(has_none(&gap, UINT64_MAX));
    CU_ASSERT_TRUE(eventlog_gap_take_batch(&gap, 11, 1));
}

/* Every order of a few records: nothing is missing. Every record left out: it is. */
static void test_gap_disorder(void)
{
    for (unsigned seed = 1; seed <= 2000; seed++) {
        struct eventlog_gap gap = {0};
        unsigned state = seed, order[12], missing = seed % 13; /* 0: none */
        for (unsigned i = 0; i < 12; i++)
            order[i] = i + 1;
        for (unsigned i = 11; i > 0; i--) {
            state = state * 1103515245u + 12345u;
            unsigned j = state / 65536u % (i + 1), swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        eventlog_gap_start(&gap, 0);
        for (unsigned i = 0; i < 12; i++)
            if (order[i] != missing)
                eventlog_gap_take(&gap, order[i], i);
        eventlog_gap_take(&gap, 13, 12);
        if (missing != 0)
            CU_ASSERT_TRUE(next_is(&gap, 20000, missing, missing));
        CU_ASSERT_TRUE(has_none(&gap, 20000));
    }
}

static void test_gap_too_many(void)
{
    struct eventlog_gap gap = {0};
    struct eventlog_range r;
    uint64_t missing = 0, last = 0, record = 0;
    eventlog_gap_start(&gap, 0);
    for (unsigned i = 0; i < 3 * EVENTLOG_GAP_RANGES; i++)
        eventlog_gap_take(&gap, record += 2, 0); /* each odd one is missing */
    eventlog_gap_take(&gap, 2 * EVENTLOG_GAP_RANGES + 2,
                      0); /* in the middle of the one that grew, and no room to split */
    while (eventlog_gap_next(&gap, &r, EVENTLOG_GAP_LATE_MS)) {
        CU_ASSERT_TRUE(r.first > last && r.last >= r.first);
        missing += r.last - r.first + 1;
        last = r.last;
    }
    CU_ASSERT_EQUAL(last, record - 1);
    CU_ASSERT_TRUE(missing >= 3 * EVENTLOG_GAP_RANGES && missing < record);
}

static struct eventlog_origins *origins;

static enum eventlog_origin_step take(const char *computer, uint64_t record, struct eventlog_range *range)
{
    uint16_t units[64];
    static const uint16_t channel[] = {'S', 'e', 'c'};
    size_t count = strlen(computer);
    for (size_t i = 0; i < count; i++)
        units[i] = (unsigned char)computer[i];
    struct eventlog_origin_name name = {units, channel, count, 3};
    return eventlog_origins_take(origins, &name, record, range);
}

static void test_origins(void)
{
    struct eventlog_range r = {0, 0};
    CU_ASSERT_EQUAL_FATAL(eventlog_origins_new(&origins), 0);
    for (uint64_t i = 0; i <= EVENTLOG_ORIGIN_DENSE; i++)
        CU_ASSERT_EQUAL(take("A", 1000 + i, &r), EVENTLOG_ORIGIN_EVEN);
    CU_ASSERT_EQUAL(take("B", 5, &r), EVENTLOG_ORIGIN_EVEN); /* of its own */
    CU_ASSERT_EQUAL(take("B", 9, &r), EVENTLOG_ORIGIN_EVEN); /* filtered at its source: says nothing */
    CU_ASSERT_EQUAL(take("a", 1000 + EVENTLOG_ORIGIN_DENSE + 4, &r), EVENTLOG_ORIGIN_GAP);
    CU_ASSERT_EQUAL(r.first, 1000 + EVENTLOG_ORIGIN_DENSE + 1);
    CU_ASSERT_EQUAL(r.last, 1000 + EVENTLOG_ORIGIN_DENSE + 3);
    CU_ASSERT_EQUAL(take("A", 1000 + EVENTLOG_ORIGIN_DENSE + 9, &r), EVENTLOG_ORIGIN_EVEN); /* not even for long */
    CU_ASSERT_EQUAL(eventlog_origins_count(origins), 2);
    eventlog_origins_free(origins);
}

static void test_origins_down(void)
{
    struct eventlog_range r = {0, 0};
    CU_ASSERT_EQUAL_FATAL(eventlog_origins_new(&origins), 0);
    CU_ASSERT_EQUAL(take("A", 10000, &r), EVENTLOG_ORIGIN_EVEN);
    CU_ASSERT_EQUAL(take("A", 10000, &r), EVENTLOG_ORIGIN_EVEN);                            /* twice */
    CU_ASSERT_EQUAL(take("A", 10001 - EVENTLOG_ORIGIN_DISORDER, &r), EVENTLOG_ORIGIN_EVEN); /* late */
    CU_ASSERT_EQUAL(take("A", 10000 - EVENTLOG_ORIGIN_DISORDER, &r), EVENTLOG_ORIGIN_RESTART);
    CU_ASSERT_EQUAL(r.first, 10000);
    CU_ASSERT_EQUAL(r.last, 10000 - EVENTLOG_ORIGIN_DISORDER);
    CU_ASSERT_EQUAL(take("A", 10001 - EVENTLOG_ORIGIN_DISORDER, &r), EVENTLOG_ORIGIN_EVEN); /* said once */
    eventlog_origins_free(origins);
}

/* More origins than are remembered: memory stays what it is, those heard of lately stay known. */
static void test_origins_bound(void)
{
    struct eventlog_range r = {0, 0};
    char name[16];
    CU_ASSERT_EQUAL_FATAL(eventlog_origins_new(&origins), 0);
    for (uint64_t i = 0; i <= EVENTLOG_ORIGIN_DENSE; i++)
        (void)take("busy", i, &r);
    for (unsigned i = 0; i < 4 * EVENTLOG_ORIGINS; i++) {
        snprintf(name, sizeof(name), "c%u", i);
        CU_ASSERT_EQUAL(take(name, i, &r), EVENTLOG_ORIGIN_EVEN);
        if (i % 64 == 0)
            (void)take("busy", EVENTLOG_ORIGIN_DENSE + 1 + i / 64, &r);
    }
    CU_ASSERT_TRUE(eventlog_origins_count(origins) <= EVENTLOG_ORIGINS);
    CU_ASSERT_TRUE(eventlog_origins_count(origins) > EVENTLOG_ORIGINS / 2);
    CU_ASSERT_EQUAL(take("busy", 1000000, &r), EVENTLOG_ORIGIN_GAP);
    eventlog_origins_free(origins);
}

/* Restarts: so many an hour, and the next one says how many more there were. */
static void test_origins_reports(void)
{
    const uint64_t hour = 3600000;
    uint64_t unsaid = 9;
    CU_ASSERT_EQUAL_FATAL(eventlog_origins_new(&origins), 0);
    for (unsigned i = 0; i < EVENTLOG_ORIGIN_REPORTS; i++) {
        CU_ASSERT_TRUE(eventlog_origins_may_report(origins, hour + i, &unsaid));
        CU_ASSERT_EQUAL(unsaid, 0);
    }
    for (unsigned i = 0; i < 3; i++)
        CU_ASSERT_FALSE(eventlog_origins_may_report(origins, 2 * hour - 1, &unsaid));
    CU_ASSERT_TRUE(eventlog_origins_may_report(origins, 2 * hour, &unsaid));
    CU_ASSERT_EQUAL(unsaid, 3);
    CU_ASSERT_TRUE(eventlog_origins_may_report(origins, 2 * hour, &unsaid));
    CU_ASSERT_EQUAL(unsaid, 0);
    eventlog_origins_free(origins);
}

static void test_lag_backlog(void)
{
    struct eventlog_backlog lag = {0};
    struct eventlog_log_info info = {.oldest = 101, .count = 900};
    CU_ASSERT_EQUAL(eventlog_backlog_records(&lag, 0), 0);
    CU_ASSERT_EQUAL(eventlog_log_newest(&info), 1000);
    eventlog_backlog_observe(&lag, &info, 1);
    CU_ASSERT_EQUAL(eventlog_backlog_records(&lag, 400), 600);
    CU_ASSERT_EQUAL(eventlog_backlog_records(&lag, 1000), 0);
    CU_ASSERT_EQUAL(eventlog_backlog_records(&lag, 2000), 0); /* read since */
    CU_ASSERT_EQUAL(eventlog_backlog_records(&lag, 50), 900); /* what is gone is no backlog */
    info = (struct eventlog_log_info){0};
    CU_ASSERT_EQUAL(eventlog_log_newest(&info), 0);
    eventlog_backlog_observe(&lag, &info, 2);
    CU_ASSERT_EQUAL(eventlog_backlog_records(&lag, 50), 0);
}

static void test_lag_forecast(void)
{
    struct eventlog_backlog lag = {0};
    struct eventlog_log_info info = {.oldest = 1, .count = 1000, .bytes = 1000000, .max_bytes = 37000000};
    eventlog_backlog_observe(&lag, &info, 0);
    CU_ASSERT_TRUE(eventlog_backlog_hours_to_wrap(&lag, 1000) < 0); /* one look: no rate */
    info.count = 2000;
    info.bytes = 2000000;
    eventlog_backlog_observe(&lag, &info, 100000); /* 10 a second; room for 37000 */
    CU_ASSERT_DOUBLE_EQUAL(lag.records_per_s, 10, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(eventlog_backlog_hours_to_wrap(&lag, 2000), 37000 / 36000.0, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(eventlog_backlog_hours_to_wrap(&lag, 1000), 1.0, 1e-9);
    info = (struct eventlog_log_info){.oldest = 5001, .count = 37000, .bytes = 37000000, .max_bytes = 37000000};
    eventlog_backlog_observe(&lag, &info, 4100000); /* full; 10 a second still */
    CU_ASSERT_DOUBLE_EQUAL(eventlog_backlog_hours_to_wrap(&lag, 41000), 1.0, 0.05);
    CU_ASSERT_EQUAL(eventlog_backlog_hours_to_wrap(&lag, 4000), 0); /* it has already */
    info.max_bytes = 0;
    eventlog_backlog_observe(&lag, &info, 4200000);
    CU_ASSERT_TRUE(eventlog_backlog_hours_to_wrap(&lag, 41000) < 0);
}

static void test_lag_rate(void)
{
    struct eventlog_backlog lag = {0};
    struct eventlog_log_info info = {.oldest = 1, .count = 100};
    for (uint64_t t = 0; t <= 10 * EVENTLOG_BACKLOG_MEMORY_MS; t += 10000) {
        eventlog_backlog_observe(&lag, &info, t);
        info.count += t < EVENTLOG_BACKLOG_MEMORY_MS ? 1000 : 50; /* 100 a second, then 5 */
    }
    CU_ASSERT_DOUBLE_EQUAL(lag.records_per_s, 5, 0.5);
    double before = lag.records_per_s;
    info = (struct eventlog_log_info){.oldest = 1, .count = 5}; /* began anew: that was no negative traffic */
    eventlog_backlog_observe(&lag, &info, 10 * EVENTLOG_BACKLOG_MEMORY_MS + 10000);
    CU_ASSERT_DOUBLE_EQUAL(lag.records_per_s, before, 1e-9);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"a mark comes back as it was written", test_mark_round},
        {"a mark without the place looked at", test_mark_without_read},
        {"forms of bookmarks", test_mark_forms},
        {"bad marks", test_mark_bad},
        {"whole batches", test_gap_batches},
        {"missing records", test_gap_found},
        {"late records", test_gap_late_records},
        {"any order", test_gap_disorder},
        {"more gaps than are watched", test_gap_too_many},
        {"gaps of origins", test_origins},
        {"origins that begin anew", test_origins_down},
        {"more origins than are remembered", test_origins_bound},
        {"reports of origins", test_origins_reports},
        {"backlog", test_lag_backlog},
        {"forecast", test_lag_forecast},
        {"rate", test_lag_rate},
        CU_TEST_INFO_NULL,
    };
    return test_main("eventlog parts", tests);
}
