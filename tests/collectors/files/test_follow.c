#include "collectors/files/cmdlet_file.h"
#include "collectors/files/follow.h"
#include "collectors/files/follow_directory.h"
#include "tests/test.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* CMake made the directory; its files are these. */
#define DIRECTORY TEST_DIRECTORY
#define HEAD "#Software: Microsoft Exchange Server\r\n#Fields: DateTime,Cmdlet,Parameters\r\n"

static const char *const names[] = {"a_Cmdlet_1.log", "b_Cmdlet_2.LOG", "c.log", "other.txt"};

struct trial {
    struct follow *follow;
    char rows[4096];     /* "Cmdlet;" of each event */
    char bookmark[4096]; /* as it was last kept */
    unsigned reports[32], checkpoints;
    int answer, kept; /* what event and checkpoint return */
};

static bool wants(void *context, const struct event *event)
{
    (void)context;
    return text_equal(event->field[EVENT_CHANNEL], text_from(CMDLET_FILE_CHANNEL));
}

static int take(void *context, const struct event *event)
{
    struct trial *t = context;
    struct text cmdlet = event_data(event, text_from("Cmdlet"));
    size_t used = strlen(t->rows);
    if (t->answer == 0)
        snprintf(t->rows + used, sizeof(t->rows) - used, "%.*s;", (int)cmdlet.len, cmdlet.bytes);
    return t->answer;
}

static int keep(void *context, struct text source, const struct collector_bookmark *bookmark)
{
    struct trial *t = context;
    CU_ASSERT(text_equal(source, text_from("S")));
    t->checkpoints++;
    if (t->kept == 0)
        (void)text_copy(t->bookmark, sizeof(t->bookmark), bookmark->text);
    return t->kept;
}

static void report(void *context, const struct collector_report *r)
{
    struct trial *t = context;
    CU_ASSERT(text_equal(r->source, text_from("S")));
    t->reports[r->kind]++;
}

/* Begins with bookmark (NULL: none). */
static void start(struct trial *t, const char *directory, const char *bookmark, uint64_t not_before)
{
    struct follow_settings set = {.source = text_from("S"),
                                  .directory = directory,
                                  .bookmark = text_from(bookmark),
                                  .not_before = not_before,
                                  .poll_ms = 10};
    set.sink =
        (struct collector_sink){.context = t, .wants = wants, .event = take, .checkpoint = keep, .report = report};
    follow_free(t->follow);
    t->follow = NULL;
    CU_ASSERT_EQUAL_FATAL(follow_new(&t->follow, &set), 0);
}

static void write_to(const char *name, const char *mode, const char *text)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", DIRECTORY, name);
    FILE *file = fopen(path, mode);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT(fputs(text, file) >= 0 && fclose(file) == 0);
}

static void delete (const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", DIRECTORY, name);
    (void)remove(path); /* it may not be there */
}

static void begin(struct trial *t)
{
    memset(t, 0, sizeof(*t));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        delete (names[i]);
}

/* Polls, and says what came. */
static const char *poll(struct trial *t, uint64_t now_ms)
{
    t->rows[0] = '\0';
    CU_ASSERT_EQUAL(follow_poll(t->follow, now_ms), 0);
    return t->rows;
}

static void test_growing(void)
{
    struct trial t;
    begin(&t);
    write_to(names[0], "wb", HEAD "2026-11-01T10:00:00Z,Old,\r\n");
    write_to(names[3], "wb", HEAD "2026-11-01T10:00:00Z,Text,\r\n");
    start(&t, DIRECTORY, NULL, UINT64_MAX);
    CU_ASSERT_STRING_EQUAL(poll(&t, 0), ""); /* what was there before is history */
    CU_ASSERT_EQUAL(t.reports[COLLECTOR_OPENED], 1);
    write_to(names[0], "ab", "2026-11-01T10:00:01Z,One,\r\n2026-11-01T10:00:02Z,Tw");
    write_to(names[1], "wb", HEAD "2026-11-01T10:00:02Z,Other,\r\n");
    const char *rows = poll(&t, 0);
    CU_ASSERT(strcmp(rows, "One;Other;") == 0 || strcmp(rows, "Other;One;") == 0);
    CU_ASSERT_STRING_EQUAL(poll(&t, 0), "");
    unsigned checkpoints = t.checkpoints;
    CU_ASSERT_STRING_EQUAL(poll(&t, 0), "");
    CU_ASSERT_EQUAL(t.checkpoints, checkpoints); /* nothing new, nothing kept */
    write_to(names[0], "ab", "o,\r\n");
    CU_ASSERT_STRING_EQUAL(poll(&t, 0), "Two;"); /* once its end is there */
    char bookmark[4096];
    memcpy(bookmark, t.bookmark, sizeof(bookmark));
    write_to(names[0], "ab", "2026-11-01T10:00:03Z,\"Th\"\"ree\",\r\n");
    write_to(names[2], "wb", HEAD "2026-11-01T10:00:02Z,New,\r\n");
    delete (names[1]);
    start(&t, DIRECTORY, bookmark, UINT64_MAX); /* after a restart: where it was, and new files from their beginning */
    rows = poll(&t, 0);
    CU_ASSERT(strcmp(rows, "Th\"ree;New;") == 0 || strcmp(rows, "New;Th\"ree;") == 0);
    CU_ASSERT_STRING_EQUAL(poll(&t, 0), "");
    CU_ASSERT_EQUAL(t.reports[COLLECTOR_BAD_EVENT] + t.reports[COLLECTOR_RESUMED], 0);
    follow_free(t.follow);
}

static void test_replaced(void)
{
    struct trial t;
    begin(&t);
    write_to(names[0], "wb", HEAD "2026-11-01T10:00:00Z,First,long enough to be longer\r\n");
    start(&t, DIRECTORY, NULL, 0); /* no end to what is read */
    CU_ASSERT_STRING_EQUAL(poll(&t, 0), "First;");
    write_to(names[0], "wb", HEAD "2026-11-01T10:00:00Z,Short,\r\n");
    CU_ASSERT_STRING_EQUAL(poll(&t, 0), "Short;");
    delete (names[0]);
    CU_ASSERT_STRING_EQUAL(poll(&t, 0), "");
    CU_ASSERT_PTR_NULL(strstr(t.bookmark, names[0]));
    follow_free(t.follow);
}

/* A writer that died leaves half a row. */
static void test_torn(void)
{
    struct trial t;
    begin(&t);
    write_to(names[0], "wb", HEAD "2026-11-01T10:00:00Z,Torn,-Iden");
    start(&t, DIRECTORY, NULL, 0);
    CU_ASSERT_STRING_EQUAL(poll(&t, 1000), "");
    CU_ASSERT_STRING_EQUAL(poll(&t, 1000 + FOLLOW_TORN_MS - 1), "");
    CU_ASSERT_STRING_EQUAL(poll(&t, 1000 + FOLLOW_TORN_MS), "Torn;");
    CU_ASSERT_STRING_EQUAL(poll(&t, 1000 + 2 * FOLLOW_TORN_MS), "");
    write_to(names[0], "ab", "\r\nbad row\r\n2026-11-01T10:00:00Z,Next,\r\n");
    CU_ASSERT_STRING_EQUAL(poll(&t, 1000 + 3 * FOLLOW_TORN_MS), "Next;");
    CU_ASSERT_EQUAL(t.reports[COLLECTOR_BAD_EVENT], 1);
    follow_free(t.follow);
}

/* What the sink does not take or keep comes again. */
static void test_refused(void)
{
    struct trial t;
    begin(&t);
    write_to(names[0], "wb", HEAD "2026-11-01T10:00:00Z,A,\r\n2026-11-01T10:00:00Z,B,\r\n");
    start(&t, DIRECTORY, NULL, 0);
    t.answer = -ENOMEM;
    CU_ASSERT_EQUAL(follow_poll(t.follow, 0), -ENOMEM);
    t.answer = 0;
    CU_ASSERT_STRING_EQUAL(poll(&t, 0), "A;B;");
    write_to(names[0], "ab", "2026-11-01T10:00:00Z,C,\r\n");
    t.kept = -ENOSPC;
    t.rows[0] = '\0';
    CU_ASSERT_EQUAL(follow_poll(t.follow, 0), -ENOSPC);
    write_to(names[0], "ab", "2026-11-01T10:00:00Z,D,\r\n");
    CU_ASSERT_EQUAL(follow_poll(t.follow, 0), -ENOSPC);
    CU_ASSERT_STRING_EQUAL(t.rows, "C;"); /* no further */
    t.kept = 0;
    CU_ASSERT_STRING_EQUAL(poll(&t, 0), "D;");
    follow_free(t.follow);
}

static void test_bookmarks(void)
{
    static const char *const bad[] = {"x", "cmdlet-files 1 ", "cmdlet-files 1 7\n3 4", "cmdlet-files 1 7\nx 4 a.log\n",
                                      "cmdlet-files 2 7\n"};
    struct trial t;
    begin(&t);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        start(&t, DIRECTORY, bad[i], 0);
        CU_ASSERT_EQUAL(t.reports[COLLECTOR_RESUMED], i + 1);
    }
    write_to(names[0], "wb", HEAD "2026-11-01T10:00:00Z,A,\r\n");
    CU_ASSERT_STRING_EQUAL(poll(&t, 0), "A;");
    start(&t, DIRECTORY, "cmdlet-files 1 18446744073709551615\n", 0); /* all that is not named is done with */
    CU_ASSERT_STRING_EQUAL(poll(&t, 0), "");
    follow_free(t.follow);
}

static void test_absent(void)
{
    struct trial t;
    begin(&t);
    start(&t, DIRECTORY "/absent", NULL, 0);
    CU_ASSERT_EQUAL(follow_poll(t.follow, 0), -ENOENT);
    CU_ASSERT_EQUAL(follow_poll(t.follow, 0), -ENOENT);
    CU_ASSERT_EQUAL(t.reports[COLLECTOR_ABSENT], 1); /* said once */
    follow_free(t.follow);
}

/* The newest of too many files are followed. */
static void test_many(void)
{
    struct follow_entries entries = {.count = 0};
    CU_ASSERT_EQUAL(follow_entries_add(&entries, "a.log", 1), 0);
    CU_ASSERT_EQUAL(follow_entries_add(&entries, "a.txt", 1), 0);
    CU_ASSERT_EQUAL(follow_entries_add(&entries, "log", 1), 0);
    CU_ASSERT_EQUAL(follow_entries_add(&entries, "a\n.log", 1), 0);
    CU_ASSERT_EQUAL(entries.count, 1);
    free(entries.items);
}

static void *run(void *context)
{
    follow_run(context);
    return NULL;
}

/* Stopping ends it, with what was read kept. */
static void test_run(void)
{
    struct trial t;
    pthread_t thread;
    begin(&t);
    write_to(names[0], "wb", HEAD "2026-11-01T10:00:00Z,A,\r\n");
    start(&t, DIRECTORY, NULL, 0);
    CU_ASSERT_EQUAL(follow_poll(t.follow, 0), 0);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, run, t.follow), 0);
    follow_stop(t.follow);
    CU_ASSERT_EQUAL(pthread_join(thread, NULL), 0);
    CU_ASSERT_STRING_EQUAL(t.rows, "A;");
    CU_ASSERT_PTR_NOT_NULL(strstr(t.bookmark, names[0]));
    follow_free(t.follow);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"growing", test_growing},
                                        {"replaced", test_replaced},
                                        {"torn", test_torn},
                                        {"refused", test_refused},
                                        {"bookmarks", test_bookmarks},
                                        {"absent", test_absent},
                                        {"many", test_many},
                                        {"run", test_run},
                                        CU_TEST_INFO_NULL};
    return test_main("follow", tests);
}
