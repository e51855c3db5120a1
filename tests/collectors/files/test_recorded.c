/*
 * Recorded events of real machines, by their table: each file has as many process creations as the table says. They are
 * not part of the project: skipped where they are not.
 */
#include "collectors/files/replay.h"
#include "tests/collectors/recorder.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CORPUS TEST_SHARED "/corpus/"

/* Columns of MANIFEST.tsv. */
enum {
    FILE_COLUMN,
    EVENTS_COLUMN = 6,
    SECURITY_COLUMN = 7,
    SYSMON_COLUMN = 8,
    MALFORMED_COLUMN = 17,
    COLUMN_COUNT = 18
};

struct totals {
    uint64_t files, events, security, sysmon, recovered, bad, damaged, missing;
};

static struct totals seen;

static int count_event(void *context, const struct event *event)
{
    struct totals *file = context;
    file->recovered += event->is_recovered;
    file->security += event->event_id == 4688 && !event->is_recovered;
    file->sysmon += event->event_id == 1 && !event->is_recovered;
    return 0;
}

static void ignore_report(void *context, const struct collector_report *report)
{
    (void)context;
    CU_ASSERT_EQUAL(report->kind, COLLECTOR_BAD_EVENT);
    CU_ASSERT_PTR_NOT_NULL(report->fault);
}

/* Cuts line at its tabs; false: too few. */
static bool split(char *line, char *columns[COLUMN_COUNT])
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        char *tab = strchr(line, '\t');
        if (tab == NULL)
            return false;
        *tab = '\0';
        columns[i] = line;
        line = tab + 1;
    }
    return true;
}

/* False: there is no such file. */
static bool replay(const char *name, struct totals *file, int *rc)
{
    char path[512];
    struct replay_counts counts;
    struct fault fault = {0};
    struct collector_sink sink = {.context = file, .event = count_event, .report = ignore_report};
    snprintf(path, sizeof(path), CORPUS "%s", name);
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        return false;
    *rc = replay_file(in, text_from(path), &sink, NULL, &counts, &fault);
    (void)fclose(in); /* only read */
    CU_ASSERT_EQUAL(counts.events.process, file->security + file->sysmon + file->recovered);
    file->events = counts.events.events - counts.recovered;
    file->recovered = counts.recovered;
    file->bad = counts.events.bad;
    file->damaged = *rc == -EBADMSG;
    return true;
}

/* Replays a file and holds its counts against the table's. */
static void check_file(char *columns[COLUMN_COUNT])
{
    struct totals file = {0}, want = {.events = strtoull(columns[EVENTS_COLUMN], NULL, 10),
                                      .security = strtoull(columns[SECURITY_COLUMN], NULL, 10),
                                      .sysmon = strtoull(columns[SYSMON_COLUMN], NULL, 10)};
    if (strncmp(columns[FILE_COLUMN], "xml/", 4) == 0) /* the malformed ones were put into malformed/ */
        want.events -= strtoull(columns[MALFORMED_COLUMN], NULL, 10);
    int rc = 0;
    if (!replay(columns[FILE_COLUMN], &file, &rc)) {
        seen.missing++;
        return;
    }
    /* Some .evtx were damaged when they were recorded: their records count all the same. */
    bool is_read = rc == 0 || (rc == -EBADMSG && strncmp(columns[FILE_COLUMN], "evtx/", 5) == 0);
    if (!is_read || file.events != want.events || file.security != want.security || file.sysmon != want.sysmon) {
        fprintf(stderr,
                "\n  %s: result %d; events %llu (table %llu), 4688 %llu (%llu), Sysmon 1 %llu (%llu), bad %llu (%s)",
                columns[FILE_COLUMN], rc, (unsigned long long)file.events, (unsigned long long)want.events,
                (unsigned long long)file.security, (unsigned long long)want.security, (unsigned long long)file.sysmon,
                (unsigned long long)want.sysmon, (unsigned long long)file.bad, columns[MALFORMED_COLUMN]);
        CU_FAIL("counts differ from the table's");
    }
    seen.files++;
    seen.events += file.events;
    seen.security += file.security;
    seen.sysmon += file.sysmon;
    seen.recovered += file.recovered;
    seen.bad += file.bad;
    seen.damaged += file.damaged;
}

static void check_folder(const char *folder)
{
    size_t size;
    FILE *table = fopen(CORPUS "MANIFEST.tsv", "rb");
    if (table == NULL) {
        test_skip("there is no " CORPUS "MANIFEST.tsv");
        return;
    }
    (void)fclose(table); /* only to see whether it is there */
    char *text = recorder_read_file(CORPUS "MANIFEST.tsv", &size);
    memset(&seen, 0, sizeof(seen));
    for (char *line = text, *next; line != NULL; line = next) {
        char *columns[COLUMN_COUNT];
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (strncmp(line, folder, strlen(folder)) == 0 && split(line, columns))
            check_file(columns);
    }
    free(text);
    fprintf(stderr, "%llu files (%llu damaged), %llu events, %llu 4688, %llu Sysmon 1, %llu bad; ",
            (unsigned long long)seen.files, (unsigned long long)seen.damaged, (unsigned long long)seen.events,
            (unsigned long long)seen.security, (unsigned long long)seen.sysmon, (unsigned long long)seen.bad);
    if (seen.files == 0)
        test_skip("a folder of " CORPUS " is not there");
    else /* a folder is there as a whole or not at all */
        CU_ASSERT_EQUAL(seen.missing, 0);
}

static void test_xml(void)
{
    check_folder("xml/");
}

static void test_native(void)
{
    check_folder("native/");
}

static void test_multiline(void)
{
    check_folder("multiline/");
}

static void test_malformed(void)
{
    check_folder("malformed/");
}

static void test_json_reconstructed(void)
{
    check_folder("json-reconstructed/");
}

static void test_evtx(void)
{
    if (TEST_EVTX) {
        check_folder("evtx/");
        return;
    }
    test_skip(".evtx files are read by the Event Log service here");
}

static CU_TestInfo tests[] = {
    {"decoded .evtx, one event a line", test_xml},
    {"files as Windows and exporters wrote them", test_native},
    {"raw line ends in values", test_multiline},
    {"raw control characters, truncated events", test_malformed},
    {"rebuilt from JSON", test_json_reconstructed},
    {".evtx files", test_evtx},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return test_main("recorded", tests);
}
