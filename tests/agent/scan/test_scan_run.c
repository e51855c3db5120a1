#include "agent/scan/scan_run.h"

#include "agent/system/file.h"
#include "collectors/files/replay.h"
#include "tests/test.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define DIRECTORY "test_scan_run.tmp"
#define ALERTS DIRECTORY "/alerts"
#define MESSAGES DIRECTORY "/messages"
#define REPORT DIRECTORY "/report.html"
#define EVENTS TEST_DATA "/events/"

/* What a scan wrote. */
struct written {
    int rc;
    struct scan_totals totals;
    char *alerts, *messages;
};

static char *content(const char *path)
{
    char *read = NULL;
    size_t size = 0;
    return file_read(&read, &size, path, 64u << 20) == 0 ? read : NULL;
}

static void put(const char *path, const char *text, size_t size)
{
    FILE *file = NULL;
    CU_ASSERT_EQUAL_FATAL(file_open(&file, path, "w"), 0);
    CU_ASSERT_EQUAL(fwrite(text, 1, size, file), size);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static struct written scan(const char *const *paths, size_t count, unsigned jobs, const char *report_path)
{
    struct written w = {0};
    struct scan_settings settings = {.paths = paths, .count = count, .jobs = jobs};
    if (report_path != NULL)
        CU_ASSERT_EQUAL_FATAL(scan_report_new(&settings.report, report_path), 0);
    CU_ASSERT_EQUAL_FATAL(file_open(&settings.alerts, ALERTS, "w"), 0);
    CU_ASSERT_EQUAL_FATAL(file_open(&settings.messages, MESSAGES, "w"), 0);
    w.rc = scan_run(&w.totals, &settings);
    if (report_path != NULL)
        CU_ASSERT_EQUAL(scan_report_write(settings.report, &w.totals), 0);
    scan_report_free(settings.report);
    CU_ASSERT_EQUAL(fclose(settings.alerts), 0);
    CU_ASSERT_EQUAL(fclose(settings.messages), 0);
    w.alerts = content(ALERTS);
    w.messages = content(MESSAGES);
    CU_ASSERT_FATAL(w.alerts != NULL && w.messages != NULL);
    return w;
}

static void written_free(struct written *w)
{
    free(w->alerts);
    free(w->messages);
}

static size_t lines(const char *text)
{
    size_t count = 0;
    for (; (text = strchr(text, '\n')) != NULL; text++)
        count++;
    return count;
}

/* A string of line number line: one of two keys deep. */
static void field(char *to, size_t size, const char *text, size_t line, const char *group, const char *key)
{
    for (; line > 0; line--)
        text = strchr(text, '\n') + 1;
    json_t *alert = json_loadb(text, strcspn(text, "\n"), 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(alert);
    const char *value = json_string_value(json_object_get(json_object_get(alert, group), key));
    snprintf(to, size, "%s", value == NULL ? "" : value);
    json_decref(alert);
}

static void test_alerts(void)
{
    static const char *const paths[] = {EVENTS "attack-4688.xml", EVENTS "4688-v2.xml", EVENTS "attack-sysmon.xml",
                                        EVENTS "attack-forwarded-4688.xml"};
    char first[128], again[128], type[64];
    struct written w = scan(paths, 4, 1, NULL);
    CU_ASSERT_EQUAL(w.rc, 0);
    CU_ASSERT(w.totals.files == 4 && w.totals.failed == 0 && w.totals.alerts == 3 && w.totals.events == 4 &&
              w.totals.process == 4 && w.totals.bad == 0 && w.totals.bytes > 4000);
    CU_ASSERT_EQUAL(lines(w.alerts), 3);
    CU_ASSERT_STRING_EQUAL(w.messages, "");
    static const char *const types[] = {"SecurityEvent", "Event: Microsoft-Windows-Sysmon", "WindowsEvent"};
    for (size_t i = 0; i < 3; i++) {
        field(type, sizeof(type), w.alerts, i, "sentinel", "SourceTable");
        CU_ASSERT_STRING_EQUAL(type, types[i]);
    }
    field(first, sizeof(first), w.alerts, 0, "event", "id");
    CU_ASSERT_EQUAL(strlen(first), 64);
    field(type, sizeof(type), w.alerts, 0, "agent", "id"); /* belongs to an installation, and this is none */
    CU_ASSERT_STRING_EQUAL(type, "");
    written_free(&w);
    w = scan(paths, 1, 1, NULL); /* the same event, the same id */
    field(again, sizeof(again), w.alerts, 0, "event", "id");
    CU_ASSERT_STRING_EQUAL(first, again);
    written_free(&w);
}

static void test_jobs(void)
{
    const char *paths[64];
    char expected[64], got[64];
    for (size_t i = 0; i < 64; i++)
        paths[i] = i % 3 == 0   ? EVENTS "attack-sysmon.xml"
                   : i % 3 == 1 ? EVENTS "attack-4688.xml"
                                : EVENTS "4688-v1.xml";
    struct written one = scan(paths, 64, 1, NULL), many = scan(paths, 64, 8, NULL);
    CU_ASSERT(one.totals.alerts == 43 && many.totals.alerts == 43 && many.totals.files == 64);
    CU_ASSERT_FATAL(lines(one.alerts) == 43 && lines(many.alerts) == 43);
    for (size_t i = 0; i < 43; i++) { /* in the order of the files */
        field(expected, sizeof(expected), one.alerts, i, "event", "id");
        field(got, sizeof(got), many.alerts, i, "event", "id");
        CU_ASSERT_STRING_EQUAL(got, expected);
    }
    written_free(&one);
    written_free(&many);
}

/* Whether a file has events is said of all of it, also where threads read parts of it. */
static void test_parts_without_events(void)
{
    static const char *const paths[] = {DIRECTORY "/parts"};
    static const char line[] = "a line of text\n";
    char *attack = content(EVENTS "attack-4688.xml");
    CU_ASSERT_PTR_NOT_NULL_FATAL(attack);
    size_t size = 3u * REPLAY_MIN_PART, used = 0;
    char *bytes = malloc(size + strlen(attack) + sizeof(line));
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    for (int has_root = 0; has_root < 2; has_root++) {
        used = (size_t)snprintf(bytes, size, "%s", has_root ? "<Events>\n" : "");
        for (; used < size / 2; used += strlen(line))
            memcpy(bytes + used, line, sizeof(line));
        for (; used < size; used += strlen(attack))
            memcpy(bytes + used, attack, strlen(attack) + 1);
        put(DIRECTORY "/parts", bytes, used);
        for (unsigned jobs = 1; jobs <= 3; jobs++) {
            struct written w = scan(paths, 1, jobs, NULL);
            CU_ASSERT(w.rc == 0 && w.totals.failed == 0 && w.totals.alerts > 1000 && w.totals.bytes == used);
            CU_ASSERT_STRING_EQUAL(w.messages, "");
            written_free(&w);
        }
    }
    for (used = 0; used < size; used += strlen(line))
        memcpy(bytes + used, line, sizeof(line));
    put(DIRECTORY "/parts", bytes, used);
    struct written w = scan(paths, 1, 2, NULL);
    CU_ASSERT(w.rc == 0 && w.totals.failed == 1 && w.totals.files == 1);
    CU_ASSERT(lines(w.messages) == 1 && strstr(w.messages, "no <Event> found") != NULL);
    written_free(&w);
    CU_ASSERT_EQUAL(file_remove(DIRECTORY "/parts"), 0);
    free(bytes);
    free(attack);
}

/* What can't be read is named, and the rest is read. */
static void test_failures(void)
{
    static const char *const paths[] = {
        DIRECTORY "/absent",      DIRECTORY,           DIRECTORY "/empty", DIRECTORY "/text", DIRECTORY "/no-events",
        EVENTS "attack-4688.xml", DIRECTORY "/cut.gz", DIRECTORY "/zip"};
    put(DIRECTORY "/empty", "", 0);
    put(DIRECTORY "/text", "hello\n", 6);
    put(DIRECTORY "/no-events", "<?xml version='1.0'?>\n<Events></Events>\n", 40);
    put(DIRECTORY "/cut.gz", "\x1F\x8B\x08\0\0\0\0\0\0\x03", 10);
    put(DIRECTORY "/zip", "PK\x03\x04", 4);
    struct written w = scan(paths, 8, 2, NULL);
    CU_ASSERT_EQUAL(w.rc, 0);
    CU_ASSERT_EQUAL(w.totals.files, 8);
    CU_ASSERT_EQUAL(w.totals.failed, 5);
    CU_ASSERT_EQUAL(w.totals.alerts, 1);
    static const char *const said[] = {
        DIRECTORY "/absent: No such file or directory\n",
        DIRECTORY ": is a directory; name the files in it\n",
        DIRECTORY "/empty: is empty\n",
        DIRECTORY "/text: no <Event> found; expected event XML",
        DIRECTORY "/no-events: holds no event\n",
        DIRECTORY "/cut.gz: the file ends too early\n",
        DIRECTORY "/zip: a ZIP archive in another file or from a pipe: unpack it first\n",
    };
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
        CU_ASSERT_PTR_NOT_NULL(strstr(w.messages, said[i]));
    CU_ASSERT_EQUAL(lines(w.messages), 7);
    written_free(&w);
}

/* A scan that is ended reads no more, writes what it had, and its report names what was not read. */
static void test_ended(void)
{
    static const char *const paths[] = {EVENTS "attack-4688.xml", EVENTS "attack-sysmon.xml"};
    struct scan_progress progress = {0};
    struct scan_totals totals;
    for (unsigned jobs = 1; jobs <= 2; jobs++) {
        struct scan_settings settings = {.paths = paths, .count = 2, .jobs = jobs, .progress = &progress};
        atomic_store(&progress.is_ended, true);
        CU_ASSERT_EQUAL_FATAL(scan_report_new(&settings.report, REPORT), 0);
        CU_ASSERT_EQUAL_FATAL(file_open(&settings.alerts, ALERTS, "w"), 0);
        CU_ASSERT_EQUAL_FATAL(file_open(&settings.messages, MESSAGES, "w"), 0);
        CU_ASSERT_EQUAL(scan_run(&totals, &settings), -EINTR);
        CU_ASSERT(totals.failed >= 1 && atomic_load(&progress.all_files) == 2 && atomic_load(&progress.all_bytes) > 0);
        CU_ASSERT_EQUAL(scan_report_write(settings.report, &totals), 0);
        scan_report_free(settings.report);
        CU_ASSERT_EQUAL(fclose(settings.alerts), 0);
        CU_ASSERT_EQUAL(fclose(settings.messages), 0);
        char *page = content(REPORT);
        CU_ASSERT_PTR_NOT_NULL_FATAL(page);
        CU_ASSERT_PTR_NOT_NULL(strstr(page, "the scan was ended while it was read"));
        CU_ASSERT_PTR_NOT_NULL(strstr(page, "attack-sysmon.xml"));
        free(page);
    }
    struct scan_progress whole = {0};
    struct scan_settings settings = {.paths = paths, .count = 2, .jobs = 1, .progress = &whole};
    settings.format = SCAN_FORMAT_CSV;
    CU_ASSERT_EQUAL_FATAL(file_open(&settings.alerts, ALERTS, "w"), 0);
    settings.messages = stderr;
    CU_ASSERT_EQUAL(scan_run(&totals, &settings), 0);
    CU_ASSERT_EQUAL(fclose(settings.alerts), 0);
    char *rows = content(ALERTS);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rows);
    CU_ASSERT_EQUAL(lines(rows), 3); /* the head and two */
    CU_ASSERT(atomic_load(&whole.alerts) == 2 && atomic_load(&whole.bytes) == totals.bytes);
    free(rows);
}

/* 30 bad events and a good one: 20 are named, all are counted. */
static void test_bad_events(void)
{
    static const char *const paths[] = {DIRECTORY "/bad"};
    static const char bad[] = "<Event><System></Event>\n";
    char *good = content(EVENTS "attack-4688.xml");
    FILE *to = NULL;
    CU_ASSERT_FATAL(good != NULL && file_open(&to, paths[0], "w") == 0);
    for (int i = 0; i < 30; i++)
        fputs(bad, to);
    fputs(good, to);
    CU_ASSERT_EQUAL(fclose(to), 0);
    struct written w = scan(paths, 1, 1, NULL);
    CU_ASSERT(w.totals.failed == 0 && w.totals.bad == 30 && w.totals.events == 31 && w.totals.alerts == 1);
    CU_ASSERT_EQUAL(lines(w.messages), 21);
    CU_ASSERT_PTR_NOT_NULL(strstr(w.messages, DIRECTORY "/bad: bad event at byte 0, left out: "));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(w.messages, DIRECTORY "/bad: bad event at byte 456, left out: ")); /* the 20th: 19 * 24 */
    CU_ASSERT_PTR_NOT_NULL(strstr(w.messages, DIRECTORY "/bad: ... and 10 more bad events\n"));
    written_free(&w);
    free(good);
}

static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    size_t room = strlen(text) + strlen(to) + 1;
    char *made = malloc(room);
    CU_ASSERT_FATAL(at != NULL && made != NULL);
    snprintf(made, room, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return made;
}

static void test_report(void)
{
    static const char *const paths[] = {DIRECTORY "/b.xml", DIRECTORY "/empty", EVENTS "attack-sysmon.xml"};
    char *sample = content(EVENTS "attack-4688.xml");
    CU_ASSERT_PTR_NOT_NULL_FATAL(sample);
    char *hostile =
        replaced(sample, "powershell.exe -PSConsoleFile", "&lt;script&gt;alert(1)&lt;/script&gt;&#x202E;\" '");
    put(DIRECTORY "/b.xml", hostile, strlen(hostile));
    put(DIRECTORY "/empty", "", 0);
    (void)file_remove(REPORT); /* left from before */
    struct written w = scan(paths, 3, 2, REPORT);
    char *page = content(REPORT);
    CU_ASSERT_PTR_NOT_NULL_FATAL(page);
    CU_ASSERT_EQUAL(w.totals.alerts, 2);
    CU_ASSERT_PTR_NULL(strstr(page, "<script"));
    CU_ASSERT_PTR_NULL(strstr(page, "\xE2\x80\xAE"));
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "&lt;script&gt;alert(1)&lt;/script&gt;{U+202E}&quot; &#39;"));
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "default-src 'none'"));
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "2 alerts in 2 process creations among 2 events of 3 files"));
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "<span class=\"time\">2022-08-10 12:27:14.872</span> &nbsp; Email access via "
                                        "active sync &nbsp; EXCH01.corp.example.com &nbsp; CORP\\anna.berg</h3>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "<td class=\"any\">CORP\\anna.berg</td><td class=\"n\">2</td>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "/empty</td><td class=\"any\">is empty</td><td class=\"n\">0</td>"));
    /* Rules, hosts and accounts with their counts; the short list leads to each alert; every link has its place. */
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "<td class=\"any\">Email access via active sync</td><td class=\"n\">2</td>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "id=\"list\""));
    for (const char *link = page; (link = strstr(link, "href=\"#")) != NULL; link++) {
        char place[64];
        (void)snprintf(place, sizeof(place), "id=\"%.*s\"", (int)strcspn(link + 7, "\""), link + 7);
        CU_ASSERT_PTR_NOT_NULL(strstr(page, place));
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "<td class=\"any\">to its end</td>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "list of phones that may always synchronise"));
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "HostEntity</dt>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "record 501"));
    CU_ASSERT(strstr(page, "record 501") < strstr(page, "record 502")); /* in the order of the files */
    CU_ASSERT_PTR_NULL(content(REPORT ".part"));
    written_free(&w);
    free(page);
    free(hostile);
    free(sample);
}

/* A report that is not finished leaves the old one alone and nothing else. */
static void test_report_unfinished(void)
{
    struct scan_report *report = NULL;
    put(REPORT, "old", 3);
    CU_ASSERT_EQUAL_FATAL(scan_report_new(&report, REPORT), 0);
    scan_report_free(report);
    char *page = content(REPORT);
    CU_ASSERT_FATAL(page != NULL);
    CU_ASSERT_STRING_EQUAL(page, "old");
    free(page);
    CU_ASSERT_PTR_NULL(content(REPORT ".part"));
    CU_ASSERT(scan_report_new(&report, DIRECTORY "/absent/r.html") < 0);
    scan_report_free(NULL);
}

/* Alerts that can't be written end the scan. */
static void test_no_output(void)
{
    static const char *const paths[] = {EVENTS "attack-4688.xml", EVENTS "attack-4688.xml"};
    struct scan_totals totals;
    struct scan_settings settings = {.paths = paths, .count = 2, .jobs = 1, .messages = stderr};
    put(ALERTS, "", 0);
    CU_ASSERT_EQUAL_FATAL(file_open(&settings.alerts, ALERTS, "r"), 0); /* not for writing */
    CU_ASSERT(scan_run(&totals, &settings) < 0);
    CU_ASSERT(totals.files == 1 && totals.failed == 1);
    (void)fclose(settings.alerts); /* may say once more that lines could not be written */
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"ended", test_ended},
        {"alerts", test_alerts},
        {"several threads", test_jobs},
        {"parts without events", test_parts_without_events},
        {"files that can't be read", test_failures},
        {"bad events", test_bad_events},
        {"report", test_report},
        {"report given up", test_report_unfinished},
        {"no output", test_no_output},
        CU_TEST_INFO_NULL,
    };
    return file_make_directory(DIRECTORY) == 0 ? test_main("scan_run", tests) : 1;
}
