/* .evtx files through replay. They are recorded ones, which are not part of the project: skipped where they are not.
 */
#include "collectors/files/replay.h"
#include "tests/collectors/recorder.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define RECORDED TEST_SHARED "/corpus/evtx/mdecrevoisier-ID4688-5447-4950-Firewall-disabled-command-8983c54b.evtx.gz"
#define UNPACKED "test_replay_evtx.evtx"

/* Of the recorded file; counted in the decoded records. */
enum { RECORDS = 998, CHUNKS = 49 };

static struct recorder recorder;
static struct replay_counts counts;
static struct fault fault;

static bool is_there(void)
{
    if (access(RECORDED, R_OK) == 0)
        return true;
    test_skip("there is no " RECORDED);
    return false;
}

static int replay(FILE *file, const char *name)
{
    struct collector_sink sink = recorder_sink(&recorder);
    recorder_clear(&recorder);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    int rc = replay_file(file, text_from(name), &sink, NULL, &counts, &fault);
    (void)fclose(file); /* only read */
    return rc;
}

/* Unpacks the first size bytes of the recorded file to UNPACKED; returns how many there were. */
static size_t unpack(size_t size)
{
    static char block[1 << 22];
    gzFile gz = gzopen(RECORDED, "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(gz);
    int got = gzread(gz, block, size < sizeof(block) ? (unsigned)size : (unsigned)sizeof(block));
    CU_ASSERT_FATAL(got > 0);
    (void)gzclose(gz); /* only read */
    FILE *file = fopen(UNPACKED, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL_FATAL(fwrite(block, 1, (size_t)got, file), (size_t)got);
    CU_ASSERT_EQUAL_FATAL(fclose(file), 0);
    return (size_t)got;
}

static void check_all_records(void)
{
    CU_ASSERT(counts.events.events - counts.recovered == RECORDS && counts.events.bad == 0 && counts.is_evtx);
    CU_ASSERT(counts.events.process > 0 && recorder.event_count == counts.events.process);
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_PROVIDER, "Microsoft-Windows-Security-Auditing"));
    CU_ASSERT(recorder.events[0].has_record_id && recorder.events[0].has_pid && recorder.events[0].time != 0);
}

static void test_packed_and_not(void)
{
    if (!is_there())
        return;
    struct stat status;
    CU_ASSERT_EQUAL_FATAL(stat(RECORDED, &status), 0);
    CU_ASSERT_EQUAL(replay(fopen(RECORDED, "rb"), RECORDED), 0);
    check_all_records();
    CU_ASSERT_EQUAL(counts.bytes, (uint64_t)status.st_size);
    size_t size = unpack(SIZE_MAX);
    CU_ASSERT_EQUAL(replay(fopen(UNPACKED, "rb"), UNPACKED), 0);
    check_all_records();
    CU_ASSERT_EQUAL(counts.bytes, size);
    CU_ASSERT_EQUAL(replay(fopen(UNPACKED, "rb"), "-"), 0); /* "-" names nothing */
    check_all_records();
    CU_ASSERT_EQUAL(counts.bytes, size);
    CU_ASSERT_EQUAL(unlink(UNPACKED), 0);
}

static void test_truncated(void)
{
    if (!is_there())
        return;
    (void)unpack(300000);
    CU_ASSERT_EQUAL(replay(fopen(UNPACKED, "rb"), UNPACKED), -EBADMSG);
    CU_ASSERT(counts.events.events > 100 && counts.events.events < RECORDS);
    CU_ASSERT_EQUAL(counts.bytes, 300000);
    CU_ASSERT_STRING_EQUAL(fault.object, UNPACKED);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.detail, "the file breaks off"));
    (void)unpack(100); /* not even its header */
    CU_ASSERT_EQUAL(replay(fopen(UNPACKED, "rb"), UNPACKED), -EBADMSG);
    CU_ASSERT_EQUAL(counts.events.events, 0);
    CU_ASSERT_EQUAL(unlink(UNPACKED), 0);
}

/* Forwarded records have no template. */
static void test_forwarded(void)
{
    static const char path[] =
        TEST_SHARED "/corpus/evtx/mdecrevoisier-ID1149-RDP-success-logins-to-multiple-hosts-48a36237.evtx.gz";
    if (!is_there())
        return;
    CU_ASSERT_EQUAL(replay(fopen(path, "rb"), path), 0);
    CU_ASSERT(counts.events.events - counts.recovered == 11 && counts.events.bad == 0 && recorder.report_count == 0);
}

/* In parts, as several threads read it: the same events, each once. */
static void test_parts(void)
{
    if (!is_there())
        return;
    size_t size = unpack(SIZE_MAX);
    uint64_t middle = 4096 + 8 * 65536, found = 0;
    struct collector_sink sink = recorder_sink(&recorder);
    struct evtx_given *given = NULL;
    FILE *file = fopen(UNPACKED, "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_FATAL(evtx_given_new(&given) == 0 && size > middle);
    for (int part = 0; part < 2; part++) {
        CU_ASSERT_EQUAL(replay_part(file, text_from(UNPACKED), part == 0 ? 0 : middle, part == 0 ? middle : UINT64_MAX,
                                    given, &sink, NULL, &counts, &fault),
                        0);
        found += counts.events.events - counts.recovered;
        CU_ASSERT_EQUAL(counts.events.bad, 0);
        CU_ASSERT_EQUAL(counts.bytes, part == 0 ? middle : size - middle);
    }
    CU_ASSERT_EQUAL(found, RECORDS);
    evtx_given_free(given);
    (void)fclose(file); /* only read */
    CU_ASSERT_EQUAL(unlink(UNPACKED), 0);
}

static int rounds, last_round;

static int alive(void *context, bool may_hold)
{
    (void)context;
    (void)may_hold;
    return ++rounds == last_round ? -ECANCELED : 0;
}

/* alive is called after each chunk; what it returns ends the reading. */
static void test_alive(void)
{
    if (!is_there())
        return;
    struct collector_sink sink = recorder_sink(&recorder);
    sink.alive = alive;
    (void)unpack(SIZE_MAX);
    for (last_round = 2; last_round <= 1002; last_round += 1000) {
        FILE *file = fopen(UNPACKED, "rb");
        CU_ASSERT_PTR_NOT_NULL_FATAL(file);
        rounds = 0;
        recorder_clear(&recorder);
        int rc = replay_file(file, text_from(UNPACKED), &sink, NULL, &counts, &fault);
        CU_ASSERT_EQUAL(rc, last_round == 2 ? -ECANCELED : 0);
        CU_ASSERT(last_round == 2 ? rounds == 2 : rounds >= CHUNKS && rounds < CHUNKS + 8);
        (void)fclose(file); /* only read */
    }
    CU_ASSERT_EQUAL(unlink(UNPACKED), 0);
}

static CU_TestInfo tests[] = {
    {"packed and not", test_packed_and_not}, {"alive", test_alive},    {"truncated", test_truncated},
    {"forwarded", test_forwarded},           {"in parts", test_parts}, CU_TEST_INFO_NULL,
};

int main(void)
{
    int rc = test_main("replay_evtx", tests);
    recorder_clear(&recorder);
    return rc;
}
