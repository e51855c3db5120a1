#include "collectors/files/replay.h"
#include "collectors/files/replay_input.h"
#include "tests/collectors/files/pipe.h"
#include "tests/collectors/recorder.h"
#include "tests/test.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

static struct recorder recorder;
static struct replay_counts counts;
static struct fault fault;

static FILE *file_of(const char *bytes, size_t size)
{
    FILE *file = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL_FATAL(fwrite(bytes, 1, size, file), size);
    rewind(file);
    return file;
}

static int replay(FILE *file, const char *name)
{
    struct collector_sink sink = recorder_sink(&recorder);
    int answer = recorder.answer;
    recorder_clear(&recorder);
    recorder.answer = answer;
    memset(&counts, 0xA5, sizeof(counts));
    memset(&fault, 0, sizeof(fault));
    int rc = replay_file(file, text_from(name), &sink, NULL, &counts, &fault);
    (void)fclose(file); /* only read */
    return rc;
}

static int replay_bytes(const char *bytes, size_t size)
{
    return replay(file_of(bytes, size), "test.xml");
}

/* size bytes as one gzip member, which the caller frees. */
static char *gzipped(const char *bytes, size_t size, size_t *packed)
{
    z_stream z = {0};
    size_t room = size + 1000;
    char *to = malloc(room);
    CU_ASSERT_PTR_NOT_NULL_FATAL(to);
    CU_ASSERT_EQUAL_FATAL(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)bytes;
    z.avail_in = (uInt)size;
    z.next_out = (Bytef *)to;
    z.avail_out = (uInt)room;
    CU_ASSERT_EQUAL_FATAL(deflate(&z, Z_FINISH), Z_STREAM_END);
    *packed = room - z.avail_out;
    (void)deflateEnd(&z); /* all was taken out */
    return to;
}

static char *read_background(size_t *size)
{
    return recorder_read_file(TEST_DATA "/background.xml", size);
}

static void test_xml(void)
{
    size_t size;
    char *bytes = read_background(&size);
    CU_ASSERT_EQUAL(replay_bytes(bytes, size), 0);
    CU_ASSERT(counts.bytes == size && counts.events.events == 300 && counts.events.process == 300);
    CU_ASSERT(counts.events.bad == 0 && recorder.event_count == 300);
    /* Larger than a block: an event goes on in the next one. */
    CU_ASSERT(size > REPLAY_BLOCK);
    free(bytes);
    CU_ASSERT_EQUAL(replay(fopen(TEST_DATA "/events/truncated.xml", "rb"), "cut.xml"), 0);
    CU_ASSERT(counts.events.events == 4 && counts.events.process == 2 && counts.events.bad == 2);
    CU_ASSERT_STRING_EQUAL(recorder.reports[0].source, "cut.xml");
    CU_ASSERT_EQUAL(replay_bytes("", 0), 0);
    CU_ASSERT(counts.bytes == 0 && counts.events.events == 0);
    CU_ASSERT_EQUAL(replay_bytes("no events here", 14), 0);
    CU_ASSERT(counts.bytes == 14 && counts.events.events == 0);
}

static void test_gzip(void)
{
    size_t size, packed;
    char *bytes = read_background(&size);
    char *gz = gzipped(bytes, size, &packed);
    CU_ASSERT_EQUAL(replay_bytes(gz, packed), 0);
    CU_ASSERT(counts.bytes == packed && counts.events.process == 300 && recorder.event_count == 300);
    /* Two members, parted in the middle of an event, with padding between and after them. */
    size_t first_size, second_size;
    char *first = gzipped(bytes, size / 2, &first_size),
         *second = gzipped(bytes + size / 2, size - size / 2, &second_size);
    char *both = calloc(1, first_size + second_size + 1024);
    memcpy(both, first, first_size);
    memcpy(both + first_size, second, second_size);
    CU_ASSERT_EQUAL(replay_bytes(both, first_size + second_size), 0);
    CU_ASSERT(counts.events.events == 300 && counts.events.bad == 0);
    CU_ASSERT_EQUAL(replay_bytes(both, first_size + second_size + 1024), 0);
    CU_ASSERT_EQUAL(counts.events.events, 300);
    /* Something else after a member. */
    both[first_size] = 'x';
    CU_ASSERT_EQUAL(replay_bytes(both, first_size + second_size), -EBADMSG);
    CU_ASSERT(counts.events.process > 100);
    CU_ASSERT_STRING_EQUAL(fault.call, "inflate");
    free(both);
    free(second);
    free(first);
    free(gz);
    free(bytes);
}

static void test_damaged_gzip(void)
{
    size_t size, packed;
    char *bytes = read_background(&size);
    char *gz = gzipped(bytes, size, &packed);
    /* Truncated: what could be read was handed over. */
    CU_ASSERT_EQUAL(replay_bytes(gz, packed / 2), -EBADMSG);
    CU_ASSERT(recorder.event_count > 50 && recorder.event_count < 250);
    CU_ASSERT_EQUAL(counts.events.process, recorder.event_count);
    CU_ASSERT_EQUAL(counts.bytes, packed / 2);
    CU_ASSERT_STRING_EQUAL(fault.detail, "the file ends too early");
    CU_ASSERT_STRING_EQUAL(fault.object, "test.xml");
    CU_ASSERT_EQUAL(replay_bytes(gz, 2), -EBADMSG);
    CU_ASSERT_EQUAL(replay_bytes(gz, packed - 1), -EBADMSG); /* the trailer's last byte */
    CU_ASSERT_EQUAL(recorder.event_count, 300);
    gz[packed - 8] = (char)(gz[packed - 8] ^ 1); /* its checksum */
    CU_ASSERT_EQUAL(replay_bytes(gz, packed), -EBADMSG);
    CU_ASSERT_STRING_EQUAL(fault.detail, "incorrect data check");
    CU_ASSERT_EQUAL(recorder.event_count, 300);
    free(gz);
    free(bytes);
}

static void test_refused(void)
{
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
        {"PK\x03\x04xxxxxxxx", 12},
        {"BZh91AY", 7},
        {"\xFD"
         "7zXZ\0xx",
         8},
        {"7z\xBC\xAF\x27\x1Cxx", 8},
        {"\x28\xB5\x2F\xFDxx", 6},
        {"\x30\0\0\0LfLe\x01", 9},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CU_ASSERT_EQUAL(replay_bytes(cases[i].bytes, cases[i].size), -ENOTSUP);
        CU_ASSERT(strlen(fault.detail) > 10);
        CU_ASSERT_EQUAL(counts.bytes, cases[i].size);
        CU_ASSERT_EQUAL(counts.events.events, 0);
    }
    size_t once, twice;
    char *gz = gzipped("<Event/>", 8, &once), *gzgz = gzipped(gz, once, &twice);
    CU_ASSERT_EQUAL(replay_bytes(gzgz, twice), -ENOTSUP);
    CU_ASSERT_STRING_EQUAL(fault.detail, "packed twice: unpack it first");
    free(gzgz);
    free(gz);
}

static void test_folder(void)
{
    FILE *file = fopen(TEST_DATA, "rb");
    if (file == NULL) /* not every system opens a folder at all */
        return;
    CU_ASSERT_EQUAL(replay(file, "a folder"), -EISDIR);
    CU_ASSERT_STRING_EQUAL(fault.call, "read");
    CU_ASSERT_EQUAL(fault.code, EISDIR);
    CU_ASSERT_STRING_EQUAL(fault.object, "a folder");
    CU_ASSERT(counts.bytes == 0 && counts.events.events == 0);
}

static void test_sink_error(void)
{
    recorder.answer = -ECANCELED;
    CU_ASSERT_EQUAL(replay(fopen(TEST_DATA "/background.xml", "rb"), "b.xml"), -ECANCELED);
    CU_ASSERT_EQUAL(recorder.event_count, 1);
    CU_ASSERT_EQUAL(counts.events.process, 1);
    CU_ASSERT_EQUAL(replay(fopen(TEST_DATA "/events/attack-4688.xml", "rb"), "b.xml"), -ECANCELED);
    size_t size, packed;
    char *bytes = read_background(&size), *gz = gzipped(bytes, size, &packed);
    CU_ASSERT_EQUAL(replay_bytes(gz, packed), -ECANCELED);
    CU_ASSERT_EQUAL(recorder.event_count, 1);
    recorder.answer = 0;
    free(gz);
    free(bytes);
}

static int rounds, last_round;

static int alive(void *context, bool may_hold)
{
    (void)context;
    CU_ASSERT(may_hold); /* a file waits */
    return ++rounds == last_round ? -ECANCELED : 0;
}

/* alive is called after each block of content, packed or not; what it returns ends the reading. */
static void test_alive(void)
{
    static char bytes[3 * REPLAY_BLOCK];
    static const char event[] = "<Event><System/></Event>\n";
    struct collector_sink sink = recorder_sink(&recorder);
    sink.alive = alive;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = event[i % strlen(event)];
    for (last_round = 1; last_round <= 4; last_round++)
        for (int is_packed = 0; is_packed < 2; is_packed++) {
            char *packed = NULL;
            size_t size = sizeof(bytes);
            if (is_packed)
                packed = gzipped(bytes, sizeof(bytes), &size);
            FILE *file = file_of(is_packed ? packed : bytes, size);
            rounds = 0;
            recorder_clear(&recorder);
            int rc = replay_file(file, text_from("test.xml"), &sink, NULL, &counts, &fault);
            CU_ASSERT_EQUAL(rc, last_round <= 3 ? -ECANCELED : 0);
            CU_ASSERT_EQUAL(rounds, last_round <= 3 ? last_round : 3);
            (void)fclose(file); /* only read */
            free(packed);
        }
}

static int writing; /* the end of a pipe that is written to; -1: closed */

/* Eight bytes, a moment between them; and the pipe's end. */
static void *write_slowly(void *bytes)
{
    static const struct timespec moment = {0, 2000000};
    for (int i = 0; i < 8; i++) {
        CU_ASSERT_EQUAL(write(writing, (const char *)bytes + i, 1), 1);
        (void)nanosleep(&moment, NULL); /* shorter is as good */
    }
    (void)close(writing); /* nothing was buffered */
    return NULL;
}

/* Called with the event: had the reader waited for more, it would wait for ever. */
static int end_pipe(void *context, const struct event *event)
{
    (void)event;
    (*(unsigned *)context)++;
    if (writing >= 0)
        (void)close(writing); /* nothing was buffered */
    writing = -1;
    return 0;
}

static void ignore(void *context, const struct collector_report *report)
{
    (void)context;
    (void)report;
}

/* What comes through a pipe is looked at when it comes. */
static void test_pipe(void)
{
    unsigned events = 0;
    struct collector_sink sink = {.context = &events, .event = end_pipe, .report = ignore};
    size_t size;
    char *attack = recorder_read_file(TEST_DATA "/events/attack-4688.xml", &size);
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(pipe_open(ends), 0);
    writing = ends[1];
    CU_ASSERT_EQUAL_FATAL(write(ends[1], attack, (unsigned)size), (int)size);
    CU_ASSERT_EQUAL_FATAL(write(ends[1], " ", 1), 1);
    FILE *file = fdopen(ends[0], "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(replay_file(file, text_from("-"), &sink, NULL, &counts, &fault), 0);
    CU_ASSERT_EQUAL(events, 1);
    CU_ASSERT_EQUAL(counts.bytes, size + 1);
    (void)fclose(file); /* only read */
    free(attack);
}

/* The kind is recognised even where its bytes come one by one. */
static void test_slow_pipe(void)
{
    static const char evt[] = "\x30\0\0\0LfLe";
    struct collector_sink sink = recorder_sink(&recorder);
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(pipe_open(ends), 0);
    FILE *file = fdopen(ends[0], "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    pthread_t writer;
    writing = ends[1];
    CU_ASSERT_EQUAL_FATAL(pthread_create(&writer, NULL, write_slowly, (void *)(uintptr_t)evt), 0);
    CU_ASSERT_EQUAL(replay_file(file, text_from("-"), &sink, NULL, &counts, &fault), -ENOTSUP);
    CU_ASSERT_EQUAL(pthread_join(writer, NULL), 0);
    (void)fclose(file); /* only read */
}

static CU_TestInfo tests[] = {
    {"event XML", test_xml},
    {"gzip, also of several members", test_gzip},
    {"alive", test_alive},
    {"damaged gzip", test_damaged_gzip},
    {"kinds that are refused", test_refused},
    {"a folder", test_folder},
    {"an error of the sink ends it", test_sink_error},
    {"a pipe", test_pipe},
    {"a slow pipe", test_slow_pipe},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    int rc = test_main("replay", tests);
    recorder_clear(&recorder);
    return rc;
}
