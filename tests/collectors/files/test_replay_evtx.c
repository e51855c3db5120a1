/* .evtx files through libevtx. They are recorded ones, which are not part of the project: skipped where they are not.
 */
#include "collectors/files/replay.h"
#include "collectors/files/replay_evtx.h"
#include "tests/collectors/recorder.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#define RECORDED TEST_SHARED "/corpus/evtx/mdecrevoisier-ID4688-5447-4950-Firewall-disabled-command-8983c54b.evtx.gz"
#define UNPACKED "test_replay_evtx.evtx"

/* Of the recorded file; counted in the decoded records. */
enum { RECORDS = 998 };

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

/* A pipe out of which UNPACKED comes, written by a child process. */
static FILE *pipe_of_unpacked(void)
{
    int ends[2];
    size_t size;
    char *bytes = recorder_read_file(UNPACKED, &size);
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    pid_t child = fork();
    CU_ASSERT_FATAL(child >= 0);
    if (child == 0) {
        (void)close(ends[0]);
        for (ssize_t at = 0, written = 1; written > 0 && (size_t)at < size; at += written)
            written = write(ends[1], bytes + at, size - (size_t)at);
        _exit(0);
    }
    free(bytes);
    (void)close(ends[1]); /* the child's copy is the one written to */
    return fdopen(ends[0], "rb");
}

static void check_all_records(void)
{
    CU_ASSERT(counts.events.events == RECORDS && counts.events.bad == 0);
    CU_ASSERT(counts.events.process > 0 && recorder.event_count == counts.events.process);
    CU_ASSERT(recorder_has(&recorder, 0, EVENT_PROVIDER, "Microsoft-Windows-Security-Auditing"));
    CU_ASSERT(recorder.events[0].has_record_id && recorder.events[0].has_pid && recorder.events[0].time != 0);
}

static void test_packed_named_and_piped(void)
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
    CU_ASSERT_EQUAL(replay(pipe_of_unpacked(), "no such name"), 0);
    check_all_records();
    CU_ASSERT_EQUAL(counts.bytes, size);
    CU_ASSERT(wait(NULL) > 0);
    CU_ASSERT_EQUAL(unlink(UNPACKED), 0);
}

static void test_truncated(void)
{
    if (!is_there())
        return;
    (void)unpack(300000);
    CU_ASSERT_EQUAL(replay(fopen(UNPACKED, "rb"), UNPACKED), -EBADMSG);
    CU_ASSERT(counts.events.events > 50 && counts.events.events < RECORDS);
    CU_ASSERT_EQUAL(counts.bytes, 300000);
    CU_ASSERT_STRING_EQUAL(fault.object, UNPACKED);
    CU_ASSERT_STRING_EQUAL(fault.detail, "the file is damaged or breaks off");
    (void)unpack(2000); /* not even its header */
    CU_ASSERT_EQUAL(replay(fopen(UNPACKED, "rb"), UNPACKED), -EBADMSG);
    CU_ASSERT_EQUAL(counts.events.events, 0);
    CU_ASSERT_STRING_EQUAL(fault.call, "libevtx_file_open");
    CU_ASSERT(strlen(fault.detail) > 0);
    CU_ASSERT_EQUAL(unlink(UNPACKED), 0);
}

/* libevtx 20181227 can't render forwarded records without a template: each is reported with its place. */
static void test_records_that_cannot_be_rendered(void)
{
    static const char path[] =
        TEST_SHARED "/corpus/evtx/mdecrevoisier-ID1149-RDP-success-logins-to-multiple-hosts-48a36237.evtx.gz";
    if (!is_there())
        return;
    CU_ASSERT_EQUAL(replay(fopen(path, "rb"), path), 0);
    CU_ASSERT(counts.events.events == 11 && counts.events.bad == 11 && recorder.report_count == 11);
    for (size_t i = 0; i < recorder.report_count; i++) {
        CU_ASSERT_EQUAL(recorder.reports[i].kind, COLLECTOR_BAD_EVENT);
        CU_ASSERT_EQUAL(recorder.reports[i].offset, i + 1);
        CU_ASSERT(recorder.reports[i].fault.call != NULL && recorder.reports[i].fault.detail[0] != '\0');
    }
}

static void test_no_file(void)
{
    struct collector_sink sink = recorder_sink(&recorder);
    struct replay_evtx_counts evtx;
    struct event_xml *x = NULL;
    CU_ASSERT_EQUAL_FATAL(event_xml_new(&x, &sink, text_from("x"), (struct text){NULL, 0}, NULL), 0);
    CU_ASSERT_EQUAL(replay_evtx_file(text_from("no/such.evtx"), x, &sink, &evtx, &fault), -ENOENT);
    CU_ASSERT_STRING_EQUAL(fault.object, "no/such.evtx");
    CU_ASSERT(evtx.bad == 0 && evtx.bytes == 0);
    event_xml_free(x);
    FILE *file = fopen(UNPACKED, "wb+"); /* only the magic is right */
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite("ElfFile\0abc", 1, 11, file), 11);
    rewind(file);
    CU_ASSERT_EQUAL(replay(file, UNPACKED), -EBADMSG);
    CU_ASSERT_EQUAL(unlink(UNPACKED), 0);
}

static int rounds, last_round;

static int alive(void *context, bool may_hold)
{
    (void)context;
    (void)may_hold;
    return ++rounds == last_round ? -ECANCELED : 0;
}

/* alive is called behind each record; what it returns ends the reading. */
static void test_alive(void)
{
    if (!is_there())
        return;
    struct collector_sink sink = recorder_sink(&recorder);
    sink.alive = alive;
    (void)unpack(SIZE_MAX);
    for (last_round = 10; last_round <= RECORDS + 1; last_round += RECORDS - 9) {
        FILE *file = fopen(UNPACKED, "rb");
        CU_ASSERT_PTR_NOT_NULL_FATAL(file);
        rounds = 0;
        recorder_clear(&recorder);
        int rc = replay_file(file, text_from(UNPACKED), &sink, NULL, &counts, &fault);
        CU_ASSERT_EQUAL(rc, last_round <= RECORDS ? -ECANCELED : 0);
        CU_ASSERT_EQUAL(rounds, last_round <= RECORDS ? last_round : RECORDS);
        (void)fclose(file); /* only read */
    }
    CU_ASSERT_EQUAL(unlink(UNPACKED), 0);
}

static CU_TestInfo tests[] = {
    {"packed, by name, by a pipe", test_packed_named_and_piped},
    {"alive", test_alive},
    {"truncated", test_truncated},
    {"records that can't be rendered", test_records_that_cannot_be_rendered},
    {"no file, and no .evtx", test_no_file},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    int rc = test_main("replay_evtx", tests);
    recorder_clear(&recorder);
    return rc;
}
