#include "agent/scan_report.h"

#include "agent/file.h"
#include "agent/html.h"
#include "agent/version.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* One alert: its table row as HTML. */
struct row {
    size_t file, number; /* number: as they came */
    char *html;
    size_t size;
};

struct scan_report {
    pthread_mutex_t lock; /* guards rows ... omitted */
    struct row *rows;
    size_t count, room, bytes;
    uint64_t omitted;
    FILE *to;
    char *path, *part;
};

int scan_report_new(struct scan_report **out, const char *path)
{
    static const char suffix[] = ".part";
    struct scan_report *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return -ENOMEM;
    int rc = -ENOMEM;
    r->path = strdup(path);
    r->part = malloc(strlen(path) + sizeof(suffix));
    if (r->path != NULL && r->part != NULL) {
        snprintf(r->part, strlen(path) + sizeof(suffix), "%s%s", path, suffix);
        rc = file_open(&r->to, r->part, "wb");
    }
    if (rc == 0)
        rc = -pthread_mutex_init(&r->lock, NULL);
    if (rc < 0) {
        if (r->to != NULL)
            (void)fclose(r->to); /* nothing was written */
        free(r->part);
        free(r->path);
        free(r);
        return rc;
    }
    *out = r;
    return 0;
}

void scan_report_free(struct scan_report *r)
{
    if (r == NULL)
        return;
    if (r->to != NULL) {
        (void)fclose(r->to);        /* not wanted any more */
        (void)file_remove(r->part); /* as above */
    }
    for (size_t i = 0; i < r->count; i++)
        free(r->rows[i].html);
    free(r->rows);
    pthread_mutex_destroy(&r->lock);
    free(r->part);
    free(r->path);
    free(r);
}

static void cell(struct html *to, const char *start_tag, struct text first, const char *between, struct text second)
{
    html_markup(to, start_tag);
    html_text(to, first, SCAN_REPORT_MAX_TEXT);
    if (first.len > 0 && second.len > 0)
        html_markup(to, between);
    html_text(to, second, SCAN_REPORT_MAX_TEXT);
    html_markup(to, "</td>");
}

static void row_make(struct html *to, const char *source, const struct alert *alert, const char *id)
{
    static const struct text none = {NULL, 0};
    static const char plain[] = "<td>", whole[] = "<td class=\"text\">";
    const struct process_event *e = alert->event;
    char time[EVENT_TIME_SIZE] = "", record[32] = "";
    if (e->time != 0)
        event_time_format(time, e->time);
    if (e->has_record_id)
        snprintf(record, sizeof(record), "record %llu", (unsigned long long)e->record_id);
    html_markup(to, "<tr>");
    cell(to, plain, text_from(time), "", none);
    cell(to, plain, alert->host_account.host_name, ".", alert->host_account.host_domain);
    cell(to, plain, alert->host_account.account_domain, "\\", alert->host_account.account_name);
    cell(to, whole, e->field[EVENT_IMAGE], "", none);
    cell(to, whole, e->field[alert->branch->field], "", none);
    cell(to, plain, text_from(alert->rule->name), " ", text_from(alert->rule->version));
    cell(to, plain, text_from(source), ", ", text_from(record));
    cell(to, whole, text_from(id), "", none);
    html_markup(to, "</tr>\n");
}

/* Takes row, or counts it as omitted; the lock is held. */
static int row_keep(struct scan_report *r, size_t file, struct html *row)
{
    if (r->count >= SCAN_REPORT_MAX_ALERTS || r->bytes + row->size > SCAN_REPORT_MAX_BYTES) {
        r->omitted++;
        return 0;
    }
    if (r->count == r->room) {
        size_t room = r->room == 0 ? 64 : 2 * r->room;
        struct row *rows = realloc(r->rows, room * sizeof(*rows));
        if (rows == NULL)
            return -ENOMEM;
        r->rows = rows;
        r->room = room;
    }
    r->rows[r->count] = (struct row){file, r->count, row->bytes, row->size};
    r->bytes += row->size;
    r->count++;
    row->bytes = NULL;
    return 0;
}

int scan_report_add(struct scan_report *r, size_t file, const char *source, const struct alert *alert, const char *id)
{
    struct html row = {0};
    row_make(&row, source, alert, id);
    int rc = row.is_cut ? -ENOMEM : 0;
    if (rc == 0) {
        pthread_mutex_lock(&r->lock);
        rc = row_keep(r, file, &row);
        pthread_mutex_unlock(&r->lock);
    }
    free(row.bytes);
    return rc;
}

static int by_file(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* No script, nothing loaded: even a mistake in our escaping could do nothing. */
static const char page_begin[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Tripline scan</title>\n<style>\n"
    "body{font:15px/1.4 system-ui,sans-serif;margin:2em}\n"
    "table{border-collapse:collapse}\nth,td{border:1px solid #bbb;padding:.3em "
    ".5em;text-align:left;vertical-align:top}\n"
    "th{background:#eee}\n.text{font-family:ui-monospace,monospace;overflow-wrap:anywhere;min-width:12em;"
    "unicode-bidi:isolate}\n</style></head><body>\n<h1>Tripline scan</h1>\n";

static void summary_make(struct html *to, const struct scan_report *r, const struct scan_totals *t)
{
    char line[512], time[EVENT_TIME_SIZE];
    event_time_format(time, event_time_now());
    snprintf(line, sizeof(line),
             "<p>Made %.19sZ by tripline %s.</p>\n<p>%llu alert%s in %llu process creations among "
             "%llu events of %llu file%s (%llu bytes).</p>\n",
             time, version_number, (unsigned long long)t->alerts, t->alerts == 1 ? "" : "s",
             (unsigned long long)t->process, (unsigned long long)t->events, (unsigned long long)t->files,
             t->files == 1 ? "" : "s", (unsigned long long)t->bytes);
    html_markup(to, line);
    if (t->failed > 0 || t->bad > 0) {
        snprintf(line, sizeof(line),
                 "<p><strong>Not all was read: %llu file(s) not to the end, %llu bad event(s) left "
                 "out.</strong></p>\n",
                 (unsigned long long)t->failed, (unsigned long long)t->bad);
        html_markup(to, line);
    }
    if (r->omitted > 0) {
        snprintf(line, sizeof(line),
                 "<p><strong>%llu more alerts are not shown here; the JSON Lines have all.</strong>"
                 "</p>\n",
                 (unsigned long long)r->omitted);
        html_markup(to, line);
    }
}

static int page_write(struct scan_report *r, const struct scan_totals *totals)
{
    struct html head = {0};
    summary_make(&head, r, totals);
    if (head.is_cut) {
        free(head.bytes);
        return -ENOMEM;
    }
    errno = 0;
    fputs(page_begin, r->to);
    fputs(head.bytes, r->to);
    free(head.bytes);
    if (r->count > 0)
        fputs("<table><thead><tr><th>Time (UTC)</th><th>Host</th><th>Account</th><th>Process</th><th>Command line</th>"
              "<th>Rule</th><th>Source</th><th>Alert</th></tr></thead><tbody>\n",
              r->to);
    for (size_t i = 0; i < r->count; i++)
        (void)fwrite(r->rows[i].html, 1, r->rows[i].size, r->to); /* ferror below */
    fputs(r->count > 0 ? "</tbody></table>\n</body></html>\n" : "</body></html>\n", r->to);
    return ferror(r->to) || fflush(r->to) != 0 ? errno == 0 ? -EIO : -errno : 0;
}

int scan_report_write(struct scan_report *r, const struct scan_totals *totals)
{
    if (r->count > 0)
        qsort(r->rows, r->count, sizeof(r->rows[0]), by_file);
    int rc = page_write(r, totals);
    if (rc < 0)
        return rc;
    FILE *to = r->to;
    r->to = NULL;
    if (fclose(to) != 0)
        rc = -errno;
    if (rc == 0)
        rc = file_replace(r->part, r->path);
    if (rc < 0)
        (void)file_remove(r->part); /* of no use; the first failure counts */
    return rc;
}
