/* .evtx files of our own making: what hides records in them hides none from us. */
#include "collectors/evtx/evtx.h"
#include "detect/rules/rule_builtin.h"
#include "tests/collectors/evtx/evtx_maker.h"
#include "tests/collectors/recorder.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>

static struct evtx_maker maker;
static struct recorder recorder;
static struct evtx_counts counts;
static struct fault fault;
static struct rule_set *rules;

#define TERMS "Set-CASMailbox -ActiveSyncAllowedDeviceIDs add"

/* Reads bytes in pieces of step; returns evtx_end()'s result. */
static int read_in(const unsigned char *bytes, size_t size, size_t step, const struct rule_set *with)
{
    struct collector_sink sink = recorder_sink(&recorder);
    struct evtx *e = NULL;
    recorder_clear(&recorder);
    fault = (struct fault){0};
    CU_ASSERT_EQUAL_FATAL(evtx_new(&e, &sink, text_from("a.evtx"), with, NULL), 0);
    for (size_t at = 0; at < size; at += step)
        CU_ASSERT_EQUAL(evtx_feed(e, (const char *)bytes + at, size - at < step ? size - at : step), 0);
    int rc = evtx_end(e, &fault);
    counts = evtx_counts(e);
    evtx_free(e);
    return rc;
}

static int read_maker(void)
{
    return read_in(maker.bytes, maker.size, maker.size, NULL);
}

/* The ids of the events that were given. */
static void check_ids(const char *want)
{
    char got[256] = "";
    size_t length = 0;
    for (size_t i = 0; i < recorder.event_count; i++)
        length += (size_t)snprintf(got + length, sizeof(got) - length, "%llu%s ",
                                   (unsigned long long)recorder.events[i].record_id,
                                   recorder.events[i].is_recovered ? "r" : "");
    CU_ASSERT_STRING_EQUAL(got, want);
    if (strcmp(got, want) != 0)
        fprintf(stderr, "\n  got %s want %s ", got, want);
}

/* A file of one chunk with records 1 to count; offsets[i]: of the i-th, from 1. */
static void make(size_t count, size_t *offsets)
{
    evtx_maker_start(&maker);
    evtx_maker_chunk(&maker);
    for (size_t i = 1; i <= count; i++) {
        evtx_maker_ascii(&maker, i, i == 3 ? TERMS : "cmd.exe");
        offsets[i] = maker.record;
    }
    offsets[count + 1] = maker.size;
    evtx_maker_end(&maker);
}

static void test_fields(void)
{
    size_t at[4];
    make(2, at);
    CU_ASSERT_EQUAL(read_maker(), 0);
    CU_ASSERT(counts.events == 2 && counts.process == 2 && counts.bad == 0 && recorder.event_count == 2);
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_COMMAND_LINE, "cmd.exe") &&
              recorder_has(&recorder, 0, EVENT_IMAGE, "C:\\a.exe") &&
              recorder_has(&recorder, 0, EVENT_COMPUTER, "host.example") &&
              recorder_has(&recorder, 0, EVENT_CHANNEL, "Microsoft-Windows-Sysmon/Operational"));
    CU_ASSERT(recorder.events[1].kind == EVENT_SYSMON_1 && recorder.events[1].pid == 4321 &&
              recorder.events[1].record_id == 2 && recorder.events[1].time == 133594384890000002u);
}

/* The same whatever the pieces. */
static void test_pieces(void)
{
    static const size_t steps[] = {1, 7, 4096, 65536, 65537, 200000};
    evtx_maker_start(&maker);
    for (uint64_t i = 1; i < 9; i++) {
        if (i % 3 == 1)
            evtx_maker_chunk(&maker);
        evtx_maker_ascii(&maker, i, "x");
    }
    evtx_maker_end(&maker);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        CU_ASSERT_EQUAL(read_in(maker.bytes, maker.size, steps[i], NULL), 0);
        check_ids("1 2 3 4 5 6 7 8 ");
    }
}

/* One command line of UTF-16 and what it is read as. */
static void check_command(const uint16_t *units, size_t count, const char *want, size_t size)
{
    evtx_maker_start(&maker);
    evtx_maker_chunk(&maker);
    evtx_maker_process(&maker, 1, units, count);
    evtx_maker_end(&maker);
    CU_ASSERT_EQUAL(read_maker(), 0);
    CU_ASSERT_EQUAL_FATAL(recorder.event_count, 1);
    CU_ASSERT(text_equal(recorder.events[0].field[EVENT_COMMAND_LINE], (struct text){want, size}));
}

#define COMMAND(units, want) check_command(units, sizeof(units) / 2 - 1, want, sizeof(want) - 1)

static void test_every_unit(void)
{
    static const uint16_t lone_high[] = {'a', 0xD800, 'b', 0}, last_high[] = {'a', 0xD800, 0}, low[] = {0xDC00, 'b', 0};
    COMMAND(u"a\0b", "a\0b");
    COMMAND(u"ab\0", "ab"); /* the string's own end */
    COMMAND(u"\U0001F600x", "\xF0\x9F\x98\x80x");
    COMMAND(lone_high, "a\xED\xA0\x80"
                       "b");
    COMMAND(last_high, "a\xED\xA0\x80");
    COMMAND(low, "\xED\xB0\x80"
                 "b");
    COMMAND(u"a\r\nb\x01", "a\r\nb\x01");
    COMMAND(u"", "");
}

static void test_broken_records(void)
{
    size_t at[6];
    make(4, at);
    maker.bytes[at[2]] = 'x'; /* signature */
    CU_ASSERT_EQUAL(read_maker(), 0);
    check_ids("1 2 3 4 ");
    make(4, at);
    maker.bytes[at[3] - 4] ^= 0xFF; /* size copy */
    CU_ASSERT_EQUAL(read_maker(), 0);
    check_ids("1 2 3 4 ");
    make(4, at);
    memset(maker.bytes + at[2] + 4, 0, 4); /* size */
    CU_ASSERT_EQUAL(read_maker(), 0);
    check_ids("1 2 3 4 ");
    make(4, at);
    maker.bytes[at[2] + 5] = 0xFF; /* a size that would swallow the rest */
    CU_ASSERT_EQUAL(read_maker(), 0);
    check_ids("1 2 3 4 ");
    CU_ASSERT_EQUAL(counts.bad, 0);
    make(4, at);
    memset(maker.bytes + at[2], 'x', at[3] - at[2]); /* all of it */
    CU_ASSERT_EQUAL(read_maker(), 0);
    check_ids("1 3 4 ");
    CU_ASSERT(counts.bad == 1 && counts.events == 4 && recorder.report_count == 1);
    CU_ASSERT_EQUAL(recorder.reports[0].offset, at[2]);
    make(4, at);
    maker.bytes[at[2] + 28] = 0x3F; /* a token that there isn't */
    CU_ASSERT_EQUAL(read_maker(), 0);
    check_ids("1 3 4 ");
    CU_ASSERT(counts.bad == 1 && recorder.reports[0].offset == at[2]);
    CU_ASSERT_STRING_EQUAL(recorder.reports[0].fault.detail, "record 2: its binary XML has an unknown token");
}

/* A record that is none, with a whole one inside. */
static void test_inside(void)
{
    size_t at[6];
    make(4, at);
    uint32_t size = (uint32_t)(at[4] - at[2]);
    memcpy(maker.bytes + at[2] + 4, &size, 4);
    memcpy(maker.bytes + at[4] - 4, &size, 4);
    maker.bytes[at[2] + 28] = 0x3F;
    memcpy(maker.bytes + at[3] + 4, &(uint32_t){(uint32_t)(at[4] - at[3])}, 4);
    CU_ASSERT_EQUAL(read_maker(), 0);
    check_ids("1 4 "); /* record 3 has lost its size copy to the outer one */
    make(4, at);
    maker.bytes[at[2] + 28] = 0x3F;
    memcpy(maker.bytes + at[2] + 4, &size, 4);
    CU_ASSERT_EQUAL(read_maker(), 0);
    check_ids("1 3 4 ");
}

static void test_lagging_header(void)
{
    size_t at[6];
    make(4, at);
    uint32_t used = (uint32_t)(at[3] - 4096);
    memcpy(maker.bytes + 4096 + 48, &used, 4);
    CU_ASSERT_EQUAL(read_maker(), 0);
    check_ids("1 2 3 4 ");
    memset(maker.bytes + 4096 + 8, 0xFF, 120); /* nothing in it can be believed */
    CU_ASSERT_EQUAL(read_maker(), 0);
    check_ids("1 2 3 4 ");
    memset(maker.bytes + 4096, 0, 512);
    CU_ASSERT_EQUAL(read_maker(), 0);
    check_ids("1 2 3 4 ");
    memset(maker.bytes, 0, 4096); /* nor the file's */
    CU_ASSERT_EQUAL(read_maker(), 0);
    check_ids("1 2 3 4 ");
}

static void test_unused_space(void)
{
    size_t at[8];
    make(4, at);
    /* A record of before: id 90, in unused space, after a gap. */
    size_t free = at[5] + 64;
    memcpy(maker.bytes + free, maker.bytes + at[4], at[5] - at[4]);
    maker.bytes[free + 8] = 90;
    /* And the copy of one that is there. */
    memcpy(maker.bytes + free + 4096, maker.bytes + at[4], at[5] - at[4]);
    CU_ASSERT_EQUAL(read_maker(), 0);
    CU_ASSERT_EQUAL_FATAL(recorder.event_count, 5);
    CU_ASSERT(recorder.events[4].is_recovered && !recorder.events[3].is_recovered);
    CU_ASSERT(counts.recovered == 1 && counts.events == 5 && counts.remnants == 0);
    /* What it refers to was overwritten. */
    maker.bytes[free + 8] = 91;
    memset(maker.bytes + free + 24 + 4 + 2, 0xEE, 4);
    CU_ASSERT_EQUAL(read_maker(), 0);
    CU_ASSERT(counts.remnants == 1 && counts.bad == 0 && counts.events == 4);
    /* The same, and a rule's terms in it. */
    CU_ASSERT_EQUAL(read_in(maker.bytes, maker.size, maker.size, rules), 0);
    CU_ASSERT(counts.remnants == 1 && counts.suspects == 0);
    memcpy(maker.bytes + free, maker.bytes + at[3], at[4] - at[3]);
    memset(maker.bytes + free + 24 + 4 + 2, 0xEE, 4);
    maker.bytes[free + 8] = 91;
    CU_ASSERT_EQUAL(read_in(maker.bytes, maker.size, maker.size, rules), 0);
    CU_ASSERT(counts.remnants == 0 && counts.bad == 1 && counts.suspects == 1);
}

static void test_torn(void)
{
    size_t at[6];
    make(4, at);
    CU_ASSERT_EQUAL(read_in(maker.bytes, at[4] + 30, 1000, NULL), -EBADMSG);
    check_ids("1 2 3 ");
    CU_ASSERT(counts.bad == 1 && recorder.reports[0].offset == at[4]);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.detail, "breaks off"));
    CU_ASSERT_STRING_EQUAL(fault.object, "a.evtx");
    CU_ASSERT_EQUAL(read_in(maker.bytes, at[4], 1000, NULL), -EBADMSG); /* one is missing */
    check_ids("1 2 3 ");
    CU_ASSERT_EQUAL(read_in(maker.bytes, at[5], 1000, NULL), 0); /* all are there */
    check_ids("1 2 3 4 ");
    CU_ASSERT_EQUAL(read_in(maker.bytes, 100, 1000, NULL), -EBADMSG);
    CU_ASSERT_EQUAL(read_in(maker.bytes, 4096, 1000, NULL), -EBADMSG); /* the header tells of a chunk */
    CU_ASSERT_EQUAL(counts.events, 0);
}

static void test_joined(void)
{
    static unsigned char both[2 * EVTX_MAKER_MAX];
    size_t at[6];
    make(4, at);
    size_t torn = at[3];
    memcpy(both, maker.bytes, torn);
    evtx_maker_start(&maker);
    evtx_maker_chunk(&maker);
    evtx_maker_ascii(&maker, 7, "x");
    evtx_maker_end(&maker);
    memcpy(both + torn, maker.bytes, maker.size);
    CU_ASSERT_EQUAL(read_in(both, torn + maker.size, 5000, NULL), -EBADMSG);
    check_ids("1 2 7 ");
}

static void test_forwarded(void)
{
    evtx_maker_start(&maker);
    evtx_maker_chunk(&maker);
    evtx_maker_forwarded(&maker, 1, "text");
    evtx_maker_end(&maker);
    CU_ASSERT_EQUAL(read_maker(), 0);
    CU_ASSERT(counts.events == 1 && counts.bad == 0);
}

/* Data without values. */
static void test_data(void)
{
    static const struct {
        size_t count;
        bool is_read;
    } cases[] = {{1, true}, {300, true}, {1500, true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        evtx_maker_start(&maker);
        evtx_maker_chunk(&maker);
        evtx_maker_empty(&maker, 1, cases[i].count);
        evtx_maker_end(&maker);
        CU_ASSERT_EQUAL(read_maker(), 0);
        CU_ASSERT_EQUAL(recorder.event_count, cases[i].is_read ? 1 : 0);
        CU_ASSERT_EQUAL(counts.bad, cases[i].is_read ? 0 : 1);
    }
}

/* With the terms looked for in the raw bytes, what has them is given all the same. */
static void test_terms(void)
{
    size_t at[6];
    make(4, at);
    CU_ASSERT_EQUAL(read_in(maker.bytes, maker.size, maker.size, rules), 0);
    CU_ASSERT(counts.events == 4 && counts.process == 4);
    bool is_given = false;
    for (size_t i = 0; i < recorder.event_count; i++)
        is_given = is_given || recorder.events[i].record_id == 3;
    CU_ASSERT(is_given);
}

static CU_TestInfo tests[] = {
    {"fields", test_fields},
    {"whatever the pieces", test_pieces},
    {"every unit of a value", test_every_unit},
    {"broken records", test_broken_records},
    {"a record inside of one that is none", test_inside},
    {"headers that lag or are broken", test_lagging_header},
    {"unused space", test_unused_space},
    {"a file that breaks off", test_torn},
    {"files joined", test_joined},
    {"forwarded", test_forwarded},
    {"data", test_data},
    {"terms in raw bytes", test_terms},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    if (rule_builtin_set(&rules, NULL) < 0)
        return 1;
    int rc = test_main("evtx", tests);
    recorder_clear(&recorder);
    rule_set_free(rules);
    return rc;
}
