#include "agent/scan/scan_page.h"

#include "agent/scan/html.h"
#include "agent/system/version.h"
#include "detect/rule/rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TICKS_PER_SECOND 10000000u /* of event times */

/* Most bars of the timeline. */
#define MAX_BARS 60u

/* No script, nothing loaded: even a mistake in our escaping could do nothing. */
static const char page_begin[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Tripline scan</title>\n<style>\n"
    ":root{color-scheme:light dark}\n"
    "body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;padding:1.5em 1em;max-width:70em}\n"
    "h1{margin:0}h2{margin:2em 0 .5em;border-bottom:1px solid #8888}\n"
    ".wide{overflow-x:auto}table{border-collapse:collapse;width:100%}\n"
    "th,td{padding:.3em .8em .3em 0;text-align:left;vertical-align:top;border-bottom:1px solid #8884}\n"
    ".time "
    "span{white-space:nowrap}.n{text-align:right}.any{overflow-wrap:anywhere;unicode-bidi:isolate}.time{white-space:"
    "nowrap}\n"
    ".text{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:anywhere;unicode-bidi:isolate}\n"
    ".warn{border-left:4px solid #c60;padding:.3em .8em;background:#c601}\n"
    ".bar{display:inline-block;height:.8em;background:#c33;min-width:2px}.bars td:last-child{width:60%}\n"
    "article{border:1px solid #8886;border-left:4px solid #c33;padding:.5em 1em;margin:1em 0}\n"
    "article h3{margin:.2em 0;font-size:1em}article:target{outline:2px solid #c33}\n"
    "dl{display:grid;grid-template-columns:9em 1fr;gap:.2em 1em;margin:.5em 0}dt{opacity:.7}dd{margin:0;min-width:0}\n"
    "pre{white-space:pre-wrap;margin:0}summary{cursor:pointer}\n"
    "td.any{min-width:8em}nav a{display:inline-block;margin-right:1em}\n"
    "@media(max-width:600px){.time{white-space:normal}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.4em}th,td{"
    "padding-right:.5em}}\n"
    "@media print{article{break-inside:avoid}}\n"
    "</style></head><body>\n<h1>Tripline scan</h1>\n";

static const struct text none = {NULL, 0};

/* "2026-11-24 12:00:00.123" or "no time". */
static const char *when(char to[EVENT_TIME_SIZE], uint64_t time)
{
    if (time == 0)
        return "no time";
    event_time_format(to, time);
    to[10] = ' ';
    to[23] = '\0';
    return to;
}

/* Room that stamp() needs. */
#define STAMP_SIZE 80

/* The same to the second, as markup: on a narrow screen it breaks between day and time alone. */
static const char *stamp(char to[STAMP_SIZE], uint64_t time)
{
    char text[EVENT_TIME_SIZE];
    const char *whole = when(text, time);
    if (time == 0)
        (void)snprintf(to, STAMP_SIZE, "%s", whole);
    else
        (void)snprintf(to, STAMP_SIZE, "<span>%.10s</span> <span>%.8s</span>", whole, whole + 11);
    return to;
}

static void member(struct html *to, const char *name, const char *class, struct text first, const char *between,
                   struct text second)
{
    if (first.len == 0 && second.len == 0)
        return;
    html_markup(to, "<dt>");
    html_markup(to, name);
    html_markup(to, "</dt><dd class=\"");
    html_markup(to, class);
    html_markup(to, "\">");
    html_text(to, first, SCAN_REPORT_MAX_TEXT);
    if (first.len > 0 && second.len > 0)
        html_markup(to, between);
    html_text(to, second, SCAN_REPORT_MAX_TEXT);
    html_markup(to, "</dd>\n");
}

static void number_of(char to[32], bool is_known, uint32_t number)
{
    to[0] = '\0';
    if (is_known)
        snprintf(to, 32, "process %lu", (unsigned long)number);
}

/* The row that the rule itself would give. */
static void rule_row(struct html *to, const struct alert *alert)
{
    html_markup(to, "<details><summary>The rule's own row</summary><dl>\n");
    for (size_t i = 0; i < alert->cell_count; i++) {
        html_markup(to, "<dt>");
        html_text(to, alert->cells[i].name, SCAN_REPORT_MAX_TEXT);
        html_markup(to, "</dt><dd class=\"text\">");
        html_text(to, value_text(alert->cells[i].value, alert->arena), SCAN_REPORT_MAX_TEXT);
        html_markup(to, "</dd>\n");
    }
    html_markup(to, "</dl></details>\n");
}

static void rule_member(struct html *to, const struct alert *alert)
{
    char line[400];
    const struct rule *rule = alert->rule;
    snprintf(line, sizeof(line), "%s %s, branch %u, %s", rule->name, rule->version, alert->leg->number,
             alert->severity);
    member(to, "rule", "any", text_from(line), "", none);
    if (alert->rule->description != NULL)
        member(to, "about", "any", text_from(alert->rule->description), "", none);
}

static void evidence(struct html *to, const char *source, const struct alert *alert, const char *id)
{
    const struct event *e = alert->event;
    char pid[32], parent_pid[32], record[64] = "";
    number_of(pid, e->has_pid, e->pid);
    number_of(parent_pid, e->has_parent_pid, e->parent_pid);
    if (e->has_record_id)
        snprintf(record, sizeof(record), "event %lu, record %llu", (unsigned long)e->event_id,
                 (unsigned long long)e->record_id);
    html_markup(to, "<dl>\n");
    member(to, "command line", "text", e->field[EVENT_COMMAND_LINE], "", none);
    member(to, "program", "text", e->field[EVENT_IMAGE], "<br>", text_from(pid));
    member(to, "started by", "text", e->field[EVENT_PARENT_IMAGE], "<br>", text_from(parent_pid));
    member(to, "its command line", "text", e->field[EVENT_PARENT_COMMAND_LINE], "", none);
    rule_member(to, alert);
    for (size_t i = 0; i < e->data_count && e->kind == EVENT_OTHER; i++) {
        html_markup(to, "<dt>");
        html_text(to, e->data[i].name.len > 0 ? e->data[i].name : text_from("-"), SCAN_REPORT_MAX_TEXT);
        html_markup(to, "</dt><dd class=\"text\">");
        html_text(to, e->data[i].value, SCAN_REPORT_MAX_TEXT);
        html_markup(to, "</dd>\n");
    }
    member(to, "log", "any", e->field[EVENT_CHANNEL], ", ", text_from(record));
    member(to, "provider", "any", e->field[EVENT_PROVIDER], "", none);
    member(to, "file", "any", text_from(source), "", none);
    member(to, "alert", "text", text_from(id), "", none);
    html_markup(to, "</dl>\n");
    rule_row(to, alert);
}

int scan_page_hit(struct scan_hit *hit, const char *source, const struct alert *alert, const char *id)
{
    struct html host = {0}, account = {0}, rule = {0}, body = {0};
    const struct entity *who = &alert->host_account;
    html_markup(&host, ""); /* never NULL */
    html_text(&host, who->host_name, SCAN_REPORT_MAX_TEXT);
    html_markup(&host, who->host_domain.len > 0 ? "." : "");
    html_text(&host, who->host_domain, SCAN_REPORT_MAX_TEXT);
    html_text(&account, who->account_domain, SCAN_REPORT_MAX_TEXT);
    html_markup(&account, who->account_domain.len > 0 ? "\\" : "");
    html_text(&account, who->account_name, SCAN_REPORT_MAX_TEXT);
    html_text(&rule, text_from(alert->rule->name), SCAN_REPORT_MAX_TEXT);
    evidence(&body, source, alert, id);
    hit->rule = rule.bytes;
    hit->host = host.bytes;
    hit->account = account.bytes;
    hit->evidence = body.bytes;
    hit->size = host.size + account.size + rule.size + body.size;
    return host.is_cut || account.is_cut || rule.is_cut || body.is_cut ? -ENOMEM : 0;
}

void scan_page_hit_clear(struct scan_hit *hit)
{
    free(hit->host);
    free(hit->account);
    free(hit->rule);
    free(hit->evidence);
    *hit = (struct scan_hit){0};
}

static void write_summary(FILE *to, const struct scan_page *page)
{
    const struct scan_totals *t = page->totals;
    char time[EVENT_TIME_SIZE];
    fprintf(to,
            "<p>%llu alert%s in %llu process creations among %llu events of %llu file%s (%.1f MB, %.1f s). Times are "
            "UTC.<br>Made %.19s by tripline %s.</p>\n",
            (unsigned long long)t->alerts, t->alerts == 1 ? "" : "s", (unsigned long long)t->process,
            (unsigned long long)t->events, (unsigned long long)t->files, t->files == 1 ? "" : "s",
            (double)t->bytes / 1e6, t->seconds, when(time, event_time_now()), version_number);
    if (t->failed > 0 || t->bad > 0)
        fprintf(to,
                "<p class=\"warn\"><strong>Not all was read: %llu file(s) not to the end, %llu bad event(s) left "
                "out.</strong></p>\n",
                (unsigned long long)t->failed, (unsigned long long)t->bad);
    if (page->omitted > 0)
        fprintf(
            to,
            "<p class=\"warn\"><strong>%llu more alerts are not shown here; the JSON Lines have all.</strong></p>\n",
            (unsigned long long)page->omitted);
    if (t->alerts == 0)
        fputs("<p>Nothing matched. That says something only of what was read, and of process creations that the logs "
              "hold with their command lines.</p>\n",
              to);
}

static int by_place(const void *a, const void *b)
{
    const struct scan_page_file *x = a, *y = b;
    return (x->file > y->file) - (x->file < y->file);
}

/* text escaped, in a cell. */
static int write_cell(FILE *to, const char *text)
{
    struct html cell = {0};
    html_text(&cell, text_from(text), SCAN_REPORT_MAX_TEXT);
    fprintf(to, "<td class=\"any\">%s</td>", cell.bytes == NULL ? "" : cell.bytes);
    free(cell.bytes);
    return cell.is_cut ? -ENOMEM : 0;
}

static int write_files(FILE *to, const struct scan_page *page)
{
    int rc = 0;
    if (page->file_count > 0)
        qsort(page->files, page->file_count, sizeof(page->files[0]), by_place);
    fputs("<h2 id=\"files\">What was read</h2>\n<div class=\"wide\"><table><thead><tr><th>file</th><th>read</th>"
          "<th class=\"n\">events</th><th class=\"n\">process creations</th><th class=\"n\">bad</th>"
          "<th class=\"n\">recovered</th><th class=\"n\">alerts</th></tr>"
          "</thead><tbody>\n",
          to);
    for (size_t i = 0; rc == 0 && i < page->file_count; i++) {
        const struct scan_page_file *f = &page->files[i];
        fputs("<tr>", to);
        rc = write_cell(to, f->source);
        if (rc == 0)
            rc = write_cell(to, f->trouble[0] == '\0' ? "to its end" : f->trouble);
        const uint64_t numbers[] = {f->totals.events, f->totals.process, f->totals.bad, f->totals.recovered,
                                    f->totals.alerts};
        for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++)
            fprintf(to, "<td class=\"n\">%llu</td>", (unsigned long long)numbers[n]);
        fputs("</tr>\n", to);
    }
    fputs("</tbody></table></div>\n", to);
    return rc;
}

/* Seconds of one bar, so that all from first to last are few enough. */
static uint64_t bar_seconds(uint64_t span_s)
{
    static const uint64_t steps[] = {1, 10, 60, 600, 3600, 6u * 3600u, 86400, 7u * 86400u, 30u * 86400u};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (span_s / steps[i] < MAX_BARS)
            return steps[i];
    return span_s / MAX_BARS + 1;
}

/* Bars of the hits that have a time, empty stretches left out. */
static void write_timeline(FILE *to, const struct scan_page *page)
{
    size_t first = 0, most = 1;
    while (first < page->hit_count && page->hits[first].time == 0)
        first++;
    if (first == page->hit_count)
        return;
    uint64_t begin = page->hits[first].time / TICKS_PER_SECOND;
    uint64_t step = bar_seconds(page->hits[page->hit_count - 1].time / TICKS_PER_SECOND - begin);
    begin -= begin % step;
    size_t counts[MAX_BARS + 2] = {0}, at[MAX_BARS + 2] = {0};
    for (size_t i = first; i < page->hit_count; i++) {
        size_t bar = (size_t)((page->hits[i].time / TICKS_PER_SECOND - begin) / step);
        if (counts[bar]++ == 0)
            at[bar] = i;
        most = counts[bar] > most ? counts[bar] : most;
    }
    fputs("<h2 id=\"timeline\">Timeline</h2>\n<table class=\"bars\"><thead><tr><th>from</th><th "
          "class=\"n\">alerts</th><th></th></tr>"
          "</thead><tbody>\n",
          to);
    for (size_t i = 0; i < MAX_BARS + 2; i++) {
        char time[STAMP_SIZE];
        if (counts[i] > 0)
            fprintf(to,
                    "<tr><td class=\"time\"><a href=\"#hit-%zu\">%s</a></td><td class=\"n\">%zu</td><td><span "
                    "class=\"bar\" style=\"width:%zu%%\"></span></td></tr>\n",
                    at[i] + 1, stamp(time, (begin + i * step) * TICKS_PER_SECOND), counts[i], 100 * counts[i] / most);
    }
    fputs("</tbody></table>\n", to);
}

/* What hits are counted by. */
enum group { BY_RULE, BY_HOST, BY_ACCOUNT };

/* Hits that have the same name. */
struct name {
    const char *name;
    size_t hit, last, count; /* its first and last by time */
};

/* Names of one list that are shown at once; the others are folded away. */
#define SHOWN 10u

static const char *name_in(const struct scan_hit *hit, enum group group)
{
    return group == BY_RULE ? hit->rule : group == BY_HOST ? hit->host : hit->account;
}

static int by_name(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : (x->hit > y->hit) - (x->hit < y->hit);
}

/* The most hits first. */
static int by_count(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count ? 1 : -1) : by_name(a, b);
}

/* Puts names[0..count-1], one a hit, together; returns how many are left. */
static size_t count_names(struct name *names, size_t count)
{
    size_t used = 0;
    qsort(names, count, sizeof(*names), by_name);
    for (size_t i = 0; i < count; i++) {
        if (used == 0 || strcmp(names[used - 1].name, names[i].name) != 0)
            names[used++] = (struct name){names[i].name, names[i].hit, names[i].hit, 0};
        names[used - 1].last = names[i].hit;
        names[used - 1].count++;
    }
    qsort(names, used, sizeof(*names), by_count);
    return used;
}

static void write_name_rows(FILE *to, const struct scan_page *page, const char *head, const struct name *names,
                            size_t count)
{
    char first[STAMP_SIZE], last[STAMP_SIZE];
    fprintf(to,
            "<div class=\"wide\"><table><thead><tr><th>%s</th><th class=\"n\">alerts</th><th>first</th><th>last</th>"
            "</tr></thead><tbody>\n",
            head);
    for (size_t i = 0; i < count; i++)
        fprintf(to,
                "<tr><td class=\"any\">%s</td><td class=\"n\">%zu</td><td class=\"time\"><a href=\"#hit-%zu\">%s</a>"
                "</td><td class=\"time\"><a href=\"#hit-%zu\">%s</a></td></tr>\n",
                names[i].name[0] == '\0' ? "not known" : names[i].name, names[i].count, names[i].hit + 1,
                stamp(first, page->hits[names[i].hit].time), names[i].last + 1,
                stamp(last, page->hits[names[i].last].time));
    fputs("</tbody></table></div>\n", to);
}

/* One line for each rule, host or account. */
static int write_names(FILE *to, const struct scan_page *page, enum group group)
{
    static const struct {
        const char *title, *head, *id;
    } groups[] = {{"Rules", "rule", "rules"}, {"Hosts", "host", "hosts"}, {"Accounts", "account", "accounts"}};
    struct name *names = calloc(page->hit_count, sizeof(*names));
    if (names == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < page->hit_count; i++)
        names[i] = (struct name){.name = name_in(&page->hits[i], group), .hit = i};
    size_t count = count_names(names, page->hit_count), shown = count < SHOWN ? count : SHOWN;
    fprintf(to, "<h2 id=\"%s\">%s</h2>\n", groups[group].id, groups[group].title);
    write_name_rows(to, page, groups[group].head, names, shown);
    if (count > shown) {
        fprintf(to, "<details><summary>%zu more</summary>\n", count - shown);
        write_name_rows(to, page, groups[group].head, names + shown, count - shown);
        fputs("</details>\n", to);
    }
    free(names);
    return 0;
}

/* One line an alert, which leads to its evidence: thousands can be gone through so. */
static void write_list(FILE *to, const struct scan_page *page)
{
    char time[STAMP_SIZE];
    fputs("<h2 id=\"list\">Alerts in short</h2>\n<div class=\"wide\"><table><thead><tr><th>time</th><th>rule</th>"
          "<th>host</th><th>account</th></tr></thead><tbody>\n",
          to);
    for (size_t i = 0; i < page->hit_count; i++)
        fprintf(to,
                "<tr><td class=\"time\"><a href=\"#hit-%zu\">%s</a></td><td class=\"any\">%s</td><td class=\"any\">%s"
                "</td><td class=\"any\">%s</td></tr>\n",
                i + 1, stamp(time, page->hits[i].time), page->hits[i].rule, page->hits[i].host, page->hits[i].account);
    fputs("</tbody></table></div>\n", to);
}

static void write_hits(FILE *to, const struct scan_page *page)
{
    char time[EVENT_TIME_SIZE];
    fputs("<h2 id=\"alerts\">Alerts</h2>\n", to);
    for (size_t i = 0; i < page->hit_count; i++)
        fprintf(to,
                "<article id=\"hit-%zu\"><h3><span class=\"time\">%s</span> &nbsp; %s &nbsp; %s &nbsp; %s</h3>\n%s"
                "</article>\n",
                i + 1, when(time, page->hits[i].time), page->hits[i].rule, page->hits[i].host, page->hits[i].account,
                page->hits[i].evidence);
}

int scan_page_write(FILE *to, const struct scan_page *page)
{
    fputs(page_begin, to);
    write_summary(to, page);
    if (page->hit_count > 0)
        fputs(
            "<nav><a href=\"#files\">What was read</a> <a href=\"#timeline\">Timeline</a> <a href=\"#rules\">Rules</a> "
            "<a href=\"#hosts\">Hosts</a> <a href=\"#accounts\">Accounts</a> <a href=\"#list\">Alerts in short</a> "
            "<a href=\"#alerts\">Alerts</a></nav>\n",
            to);
    int rc = 0;
    if (page->hit_count > 0) {
        write_timeline(to, page);
        for (int group = BY_RULE; rc == 0 && group <= BY_ACCOUNT; group++)
            rc = write_names(to, page, (enum group)group);
        write_list(to, page);
        write_hits(to, page);
    }
    if (rc == 0)
        rc = write_files(to, page);
    fputs("</body></html>\n", to);
    return rc;
}
