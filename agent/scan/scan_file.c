#include "agent/scan/scan_file.h"

#include "agent/alerts/alert_maker.h"
#include "agent/system/file.h"
#include "agent/system/plain.h"
#include "agent/system/version.h"
#include "collectors/files/replay.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Bytes looked at to tell what a file without events is: an export's declaration and root are shorter. */
#define HEAD_SIZE 512

/* One file being read. */
struct reading {
    struct scan_shared *shared;
    const struct scan_piece *piece;
    size_t place; /* in the order of the output */
    const char *path;
    struct alert_maker *maker;
    uint64_t alerts, flushed;
    int error;         /* writing alerts failed, or no memory: the scan ends */
    bool may_be_empty; /* an .evtx or an export: no event in it is no mistake */
};

static int put_alert(void *context, struct alert *alert, const char *id)
{
    struct reading *r = context;
    char *document = NULL;
    size_t size = 0;
    int rc = alert_maker_document(r->maker, &document, &size, alert, id);
    if (rc == 0)
        rc = scan_output_line(r->shared->output, r->place, document, size);
    if (rc == 0 && r->shared->settings->report != NULL)
        rc = scan_report_add(r->shared->settings->report, r->place, r->path, alert, id);
    if (rc == 0)
        r->alerts++;
    free(document);
    return rc;
}

static void rule_failed(void *context, const struct rule *rule, const struct event *event)
{
    const struct reading *r = context;
    plain_printf(r->shared->settings->messages,
                 "%s: record %llu: the answer of rule \"%s\" could not be had: a limit was reached\n", r->path,
                 (unsigned long long)event->record_id, rule->name);
}

static bool on_wants(void *context, const struct event *event)
{
    const struct reading *r = context;
    return alert_maker_wants(r->maker, event);
}

static int on_event(void *context, const struct event *event)
{
    struct reading *r = context;
    const struct scan_settings *settings = r->shared->settings;
    if (event->time != 0 && (event->time < settings->since || (settings->until != 0 && event->time >= settings->until)))
        return r->error;
    if (r->error == 0)
        r->error = alert_maker_event(r->maker, event);
    return r->error;
}

/* Called after each block or record that was read, and after the last. */
static int on_alive(void *context, bool may_hold)
{
    struct reading *r = context;
    (void)may_hold; /* nothing waits */
    if (r->alerts > r->flushed)
        scan_output_flush(r->shared->output, r->place);
    r->flushed = r->alerts;
    if (r->error == 0)
        r->error = scan_output_error(r->shared->output); /* another thread's failure ends this one too */
    return r->error;
}

/* What failed, without the name of our own function and the file's name, which stands before it. */
static const char *reason(const struct fault *fault, int rc)
{
    return fault->call != NULL && fault->detail[0] != '\0' ? fault->detail : strerror(-rc);
}

static void on_report(void *context, const struct collector_report *report)
{
    struct reading *r = context;
    if (report->kind != COLLECTOR_BAD_EVENT)
        return;
    pthread_mutex_lock(&r->shared->lock);
    uint64_t named = r->shared->states[r->piece->file].named++;
    pthread_mutex_unlock(&r->shared->lock);
    if (named >= SCAN_MAX_NAMED)
        return;
    const struct fault none = {0}, *fault = report->fault != NULL ? report->fault : &none;
    plain_printf(r->shared->settings->messages, "%s: bad event at byte %llu, left out: %s\n", r->path,
                 (unsigned long long)report->offset, reason(fault, EBADMSG));
}

static bool contains(struct text text, const char *part)
{
    size_t size = strlen(part);
    for (size_t i = 0; i + size <= text.len; i++)
        if (memcmp(text.bytes + i, part, size) == 0)
            return true;
    return false;
}

/* Looks at the first bytes of a file that can be read again. Returns 0, or -EIO and the like. */
static int look(struct reading *r, FILE *from)
{
    static const char wide_root[] = "<\0E\0v\0e\0n\0t\0s\0";
    char head[HEAD_SIZE];
    if (from == stdin || fseek(from, 0, SEEK_SET) != 0)
        return 0;
    errno = 0;
    size_t size = fread(head, 1, sizeof(head), from);
    if (ferror(from))
        return errno == 0 ? -EIO : -errno;
    bool is_wide_export = false;
    for (size_t i = 0; i + sizeof(wide_root) - 1 <= size; i++)
        is_wide_export = is_wide_export || memcmp(head + i, wide_root, sizeof(wide_root) - 1) == 0;
    r->may_be_empty = is_wide_export || contains((struct text){head, size}, "<Events");
    return fseek(from, 0, SEEK_SET) == 0 ? 0 : -errno;
}

/* Tells of the file as a whole: a line, and the report's word for it. */
__attribute__((format(printf, 2, 3))) static void say(const struct reading *r, const char *format, ...)
{
    char text[sizeof(r->shared->states->trouble)];
    char *trouble = r->shared->states[r->piece->file].trouble;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments); /* cut where longer */
    va_end(arguments);
    plain_printf(r->shared->settings->messages, "%s: %s\n", r->path, text);
    if (trouble[0] == '\0')
        (void)text_copy(trouble, sizeof(text), text_from(text)); /* same size */
}

/* Says what was wrong with the piece, and after the last one what is with the file as a whole; true: it counts as
 * failed. */
static bool judge(const struct reading *r, int rc, const struct fault *fault)
{
    const struct scan_state *state = &r->shared->states[r->piece->file];
    if (state->left == 0 && state->named > SCAN_MAX_NAMED)
        plain_printf(r->shared->settings->messages, "%s: ... and %llu more bad events\n", r->path,
                     (unsigned long long)(state->named - SCAN_MAX_NAMED));
    if (rc == -EISDIR)
        say(r, "is a directory; name the files in it");
    else if (rc < 0)
        say(r, "%s%s", state->totals.events > 0 ? "not read to its end: " : "", reason(fault, rc));
    if (rc < 0 || state->left > 0 || state->has_failed)
        return rc < 0;
    if (state->totals.events > 0) {
        bool is_useless = state->totals.events <= state->totals.bad && state->totals.process == 0;
        if (is_useless)
            say(r, "none of its events could be read");
        return is_useless;
    }
    if (state->totals.bytes == 0)
        say(r, "is empty");
    else if (r->may_be_empty)
        say(r, "holds no event");
    else
        say(r, "no <Event> found; expected event XML (an export, or one event a line) or .evtx, each also gzipped");
    return state->totals.bytes > 0 && !r->may_be_empty;
}

/* Adds a piece that was read to its file, says what there is to say of it, and counts the file as failed if this is its
 * first piece to be so. */
static int settle(struct reading *r, int rc, const struct fault *fault, struct scan_totals *totals)
{
    struct scan_state *state = &r->shared->states[r->piece->file];
    struct scan_report *report = r->shared->settings->report;
    pthread_mutex_lock(&r->shared->lock);
    state->left--;
    scan_totals_add(&state->totals, totals);
    if ((r->error < 0 || rc == -ENOMEM || judge(r, rc, fault)) && !state->has_failed) {
        state->has_failed = true;
        state->totals.failed++;
        totals->failed++;
    }
    int added = 0;
    if (report != NULL && state->left == 0)
        added = scan_report_file(report, r->piece->file, r->path, &state->totals, state->trouble);
    pthread_mutex_unlock(&r->shared->lock);
    return added;
}

static int read_open(struct reading *r, FILE *from, struct scan_totals *totals)
{
    struct replay_counts counts = {0};
    struct fault fault = {0};
    const struct collector_sink sink = {
        .context = r, .wants = on_wants, .event = on_event, .report = on_report, .alive = on_alive};
    int rc = look(r, from);
    if (rc == 0 && r->piece->is_part)
        rc = replay_part(from, text_from(r->path), r->piece->from, r->piece->to,
                         r->shared->states[r->piece->file].given, &sink, r->shared->matcher, &counts, &fault);
    else if (rc == 0)
        rc = replay_file(from, text_from(r->path), &sink, r->shared->matcher, &counts, &fault);
    (void)on_alive(r, true); /* r->error has it */
    totals->bytes += counts.bytes;
    totals->events += counts.events.events;
    totals->process += counts.events.process;
    totals->bad += counts.events.bad;
    totals->suspects += counts.suspects;
    totals->recovered += counts.recovered;
    totals->remnants += counts.remnants;
    r->may_be_empty |= counts.is_evtx;
    totals->alerts += r->alerts;
    int added = settle(r, rc, &fault, totals);
    return r->error < 0 ? r->error : rc == -ENOMEM ? rc : added;
}

int scan_file(struct scan_shared *shared, const struct scan_piece *piece, size_t place, struct scan_totals *totals)
{
    static const struct fault none = {0};
    struct reading r = {.shared = shared, .piece = piece, .place = place, .path = shared->settings->paths[piece->file]};
    bool is_stdin = strcmp(r.path, "-") == 0;
    FILE *from = stdin;
    totals->files += piece->from == 0 ? 1 : 0;
    static const struct encode_agent agent = {.version = version_number};
    const struct alert_maker_settings set = {
        .matcher = shared->matcher, .agent = &agent, .context = &r, .take = put_alert, .failed = rule_failed};
    int rc = alert_maker_new(&r.maker, &set);
    if (rc < 0)
        return rc;
    rc = is_stdin ? 0 : file_open(&from, r.path, "rb");
    if (rc < 0) {
        int added = settle(&r, rc, &none, totals);
        rc = rc == -ENOMEM ? rc : added;
    } else {
        rc = read_open(&r, from, totals);
        if (!is_stdin)
            (void)fclose(from); /* only read */
    }
    alert_maker_free(r.maker);
    return rc;
}

int scan_file_split(uint64_t *starts, size_t *count, uint64_t *size, bool *is_evtx, const char *path, size_t max)
{
    FILE *file = NULL;
    *size = 0;
    *is_evtx = false;
    starts[0] = 0;
    *count = 1;
    /* A pipe is opened once: what is in it is lost with its only reader. What can't be opened is reported when it is
     * read.
     */
    if (max < 2 || strcmp(path, "-") == 0 || !file_is_regular(path) || file_open(&file, path, "rb") < 0)
        return 0;
    int rc = replay_split(starts, count, size, is_evtx, file, max);
    (void)fclose(file); /* only read */
    if (rc < 0)
        *count = 1;
    return rc == -ENOMEM ? rc : 0;
}
