#include "collectors/files/cmdlet_file.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>

static struct {
    char rows[1024]; /* what came, a row after another */
    uint64_t bad_at[4];
    size_t bad, events;
    int answer;
    bool wants;
} seen;

static bool wants(void *context, const struct event *event)
{
    (void)context;
    CU_ASSERT(event->kind == EVENT_OTHER && text_equal(event->field[EVENT_CHANNEL], text_from(CMDLET_FILE_CHANNEL)));
    return seen.wants;
}

static int take(void *context, const struct event *event)
{
    (void)context;
    seen.events++;
    size_t used = strlen(seen.rows);
    char time[EVENT_TIME_SIZE] = "-";
    if (event->time != 0)
        event_time_format(time, event->time);
    snprintf(seen.rows + used, sizeof(seen.rows) - used, "%.19s %.*s", time, (int)event->field[EVENT_COMPUTER].len,
             event->field[EVENT_COMPUTER].bytes == NULL ? "" : event->field[EVENT_COMPUTER].bytes);
    for (size_t i = 0; i < event->data_count; i++) {
        used = strlen(seen.rows);
        snprintf(seen.rows + used, sizeof(seen.rows) - used, " %.*s=%.*s", (int)event->data[i].name.len,
                 event->data[i].name.bytes, (int)event->data[i].value.len, event->data[i].value.bytes);
    }
    used = strlen(seen.rows);
    snprintf(seen.rows + used, sizeof(seen.rows) - used, ";");
    return seen.answer;
}

static void report(void *context, const struct collector_report *report)
{
    (void)context;
    CU_ASSERT(report->kind == COLLECTOR_BAD_EVENT && text_equal(report->source, text_from("x.log")));
    if (seen.bad < 4)
        seen.bad_at[seen.bad++] = report->offset;
}

/* Feeds text in pieces of step bytes; returns what the feeding gave. */
static int feed(const char *text, size_t step, struct cmdlet_file_counts *counts)
{
    struct collector_sink sink = {.wants = wants, .event = take, .report = report};
    struct cmdlet_file *file = NULL;
    int rc = cmdlet_file_new(&file, &sink, text_from("x.log")), answer = seen.answer;
    CU_ASSERT_EQUAL_FATAL(rc, 0);
    bool is_wanted = seen.wants;
    memset(&seen, 0, sizeof(seen));
    seen.answer = answer;
    seen.wants = is_wanted;
    for (size_t at = 0, length = strlen(text); rc == 0 && at < length; at += step)
        rc = cmdlet_file_feed(file, text + at, step < length - at ? step : length - at);
    if (rc == 0)
        rc = cmdlet_file_end(file);
    *counts = cmdlet_file_counts(file);
    cmdlet_file_free(file);
    return rc;
}

#define FILE_TEXT                                                                                                      \
    "#Software: Microsoft Exchange Server\r\n#Fields: DateTime,ServerHostName,Cmdlet,Parameters\r\n"                   \
    "2021-03-01T10:11:12.345Z,EX1,Set-X,\"-A \"\"b\"\",\r\nc\"\r\nnonsense\r\n,,Get-X,\r\nlater,EX1,Cut-X,"

static void test_pieces(void)
{
    static const size_t steps[] = {1, 7, 64, 10000};
    struct cmdlet_file_counts counts;
    seen.answer = 0;
    seen.wants = true;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        CU_ASSERT_EQUAL(feed(FILE_TEXT, steps[i], &counts), 0);
        CU_ASSERT_STRING_EQUAL(
            seen.rows, "2021-03-01T10:11:12 EX1 DateTime=2021-03-01T10:11:12.345Z ServerHostName=EX1 Cmdlet=Set-X "
                       "Parameters=-A \"b\",\r\nc;-  DateTime= ServerHostName= Cmdlet=Get-X Parameters=;"
                       "- EX1 DateTime=later ServerHostName=EX1 Cmdlet=Cut-X Parameters=;");
        CU_ASSERT(counts.rows == 4 && counts.taken == 3 && counts.bad == 1 && seen.bad == 1);
        CU_ASSERT_EQUAL(seen.bad_at[0], strstr(FILE_TEXT, "nonsense") - FILE_TEXT);
    }
}

static void test_answers(void)
{
    struct cmdlet_file_counts counts;
    seen.answer = -ENOMEM;
    seen.wants = true;
    CU_ASSERT_EQUAL(feed(FILE_TEXT, 64, &counts), -ENOMEM);
    CU_ASSERT_EQUAL(seen.events, 1);
    seen.answer = 0;
    seen.wants = false;
    CU_ASSERT_EQUAL(feed(FILE_TEXT, 64, &counts), 0);
    CU_ASSERT(seen.events == 0 && counts.rows == 4);
    CU_ASSERT_EQUAL(feed("1,2\n", 64, &counts), 0);
    CU_ASSERT(counts.bad == 1 && counts.rows == 1);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"in pieces", test_pieces}, {"answers", test_answers}, CU_TEST_INFO_NULL};
    return test_main("cmdlet_file", tests);
}
