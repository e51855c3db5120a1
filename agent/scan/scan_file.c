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

/* One file being read. */
struct reading {
    struct scan_shared *shared;
    const struct scan_piece *piece;
    size_t place; /* in the order of the output */
    const char *path;
    struct alert_maker *maker;
    uint64_t alerts, flushed;
    struct replay_counts counts;
    uint64_t told; /* of counts.bytes, to those who watch */
    int error;     /* writing alerts failed, or no memory: the scan ends */
};

/* What the file is in an archive; NULL: a file of its own. */
static const struct scan_member *member_of(const struct scan_shared *shared, size_t file)
{
    const struct scan_member *members = shared->settings->members;
    return members == NULL || members[file].archive == NULL ? NULL : &members[file];
}

static int put_alert(void *context, struct alert *alert, const char *id)
{
    struct reading *r = context;
    char *document = NULL;
    size_t size = 0;
    alert->source = text_from(r->path);
    int rc = alert_maker_document(r->maker, &document, &size, alert, id);
    if (rc == 0 && r->shared->settings->format != SCAN_FORMAT_ECS) {
        char *ecs = document;
        document = NULL;
        rc = scan_format_line(&document, &size, r->shared->settings->format, ecs, size);
        free(ecs);
    }
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
    struct scan_progress *progress = r->shared->settings->progress;
    (void)may_hold; /* nothing waits */
    if (r->alerts > r->flushed)
        scan_output_flush(r->shared->output, r->place);
    if (progress != NULL) {
        atomic_fetch_add(&progress->alerts, r->alerts - r->flushed);
        atomic_fetch_add(&progress->bytes, r->counts.bytes - r->told);
    }
    r->flushed = r->alerts;
    r->told = r->counts.bytes;
    if (r->error == 0 && progress != NULL && atomic_load(&progress->is_ended))
        r->error = -EINTR;
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
    else if (state->may_be_empty)
        say(r, "holds no event");
    else
        say(r, "no <Event> found; expected event XML (an export, or one event a line) or .evtx, each also gzipped or "
               "zipped");
    return state->totals.bytes > 0 && !state->may_be_empty;
}

/* Adds a piece that was read to its file, says what there is to say of it, and counts the file as failed if this is its
 * first piece to be so. */
static int settle(struct reading *r, int rc, const struct fault *fault, bool may_be_empty, struct scan_totals *totals)
{
    struct scan_state *state = &r->shared->states[r->piece->file];
    struct scan_report *report = r->shared->settings->report;
    pthread_mutex_lock(&r->shared->lock);
    state->left--;
    state->may_be_empty |= may_be_empty;
    scan_totals_add(&state->totals, totals);
    if ((r->error < 0 || rc == -ENOMEM || judge(r, rc, fault)) && !state->has_failed) {
        state->has_failed = true;
        state->totals.failed++;
        totals->failed++;
    }
    int added = 0;
    if (r->error == -EINTR)
        (void)text_copy(state->trouble, sizeof(state->trouble), text_from("the scan was ended while it was read"));
    if (r->shared->settings->progress != NULL && state->left == 0)
        atomic_fetch_add(&r->shared->settings->progress->files, 1);
    if (report != NULL && state->left == 0)
        added = scan_report_file(report, r->piece->file, r->path, &state->totals, state->trouble);
    pthread_mutex_unlock(&r->shared->lock);
    return added;
}

/* Takes what other threads left of the file's script blocks; NULL: there is none, and *is_last says whether this is the
 * file's last piece. Else what waits in this piece is left for them. */
static struct powershell_blocks *exchange_blocks(struct reading *r, bool *is_last)
{
    pthread_mutex_lock(&r->shared->lock);
    struct scan_state *state = &r->shared->states[r->piece->file];
    struct powershell_blocks *blocks = state->blocks;
    state->blocks = NULL;
    if (blocks == NULL) {
        *is_last = --state->unjoined == 0;
        state->blocks = *is_last ? NULL : alert_maker_give(r->maker);
    }
    pthread_mutex_unlock(&r->shared->lock);
    return blocks;
}

/* The piece ends: script blocks go on in the file's other pieces, or end with the last one that is read, and where the
 * scan was told to end. */
static int end_blocks(struct reading *r)
{
    struct powershell_blocks *blocks;
    bool is_last = false;
    int rc = 0;
    if (r->error < 0)
        return alert_maker_end(r->maker);
    while (rc == 0 && (blocks = exchange_blocks(r, &is_last)) != NULL)
        rc = alert_maker_adopt(r->maker, blocks);
    return rc == 0 && is_last ? alert_maker_end(r->maker) : rc;
}

static int read_open(struct reading *r, FILE *from, struct scan_totals *totals)
{
    struct fault fault = {0};
    const struct collector_sink sink = {
        .context = r, .wants = on_wants, .event = on_event, .report = on_report, .alive = on_alive};
    const struct scan_member *member = member_of(r->shared, r->piece->file);
    int rc;
    if (member != NULL)
        rc = replay_member(from, text_from(r->path), &member->zip, &sink, r->shared->rules, &r->counts, &fault);
    else if (r->piece->is_part)
        rc = replay_part(from, text_from(r->path), r->piece->from, r->piece->to,
                         r->shared->states[r->piece->file].given, &sink, r->shared->rules, &r->counts, &fault);
    else
        rc = replay_file(from, text_from(r->path), &sink, r->shared->rules, &r->counts, &fault);
    int ended = r->error == 0 || r->error == -EINTR ? end_blocks(r) : 0;
    if (ended < 0)
        r->error = ended;
    (void)on_alive(r, true);                                 /* r->error has it */
    bool is_empty = member != NULL && member->zip.size == 0; /* though it has a few packed bytes */
    totals->bytes += is_empty ? 0 : r->counts.bytes;
    totals->events += r->counts.events.events;
    totals->process += r->counts.events.process;
    totals->bad += r->counts.events.bad;
    totals->suspects += r->counts.suspects;
    totals->recovered += r->counts.recovered;
    totals->remnants += r->counts.remnants;
    totals->alerts += r->alerts;
    struct alert_maker_blocks blocks = alert_maker_blocks(r->maker);
    totals->joined += blocks.joined;
    totals->incomplete += blocks.incomplete;
    totals->encrypted += blocks.encrypted;
    int added = settle(r, rc, &fault, r->counts.is_evtx || r->counts.is_export, totals);
    return r->error < 0 ? r->error : rc == -ENOMEM ? rc : added;
}

int scan_file(struct scan_shared *shared, const struct scan_piece *piece, size_t place, struct scan_totals *totals)
{
    struct fault fault = {0};
    struct reading r = {.shared = shared, .piece = piece, .place = place, .path = shared->settings->paths[piece->file]};
    bool is_stdin = strcmp(r.path, "-") == 0;
    FILE *from = stdin;
    totals->files += piece->from == 0 ? 1 : 0;
    static const struct encode_agent agent = {.version = version_number};
    const struct alert_maker_settings set = {
        .rules = shared->rules, .agent = &agent, .context = &r, .take = put_alert, .failed = rule_failed};
    int rc = alert_maker_new(&r.maker, &set);
    if (rc < 0)
        return rc;
    const struct scan_member *member = member_of(shared, piece->file);
    if (member != NULL && member->trouble != NULL) {
        fault_set(&fault, "zip", EBADMSG, text_from(r.path), member->trouble);
        rc = -EBADMSG;
    } else {
        rc = is_stdin ? 0 : file_open(&from, member == NULL ? r.path : member->archive, "rb");
    }
    if (rc < 0) {
        r.error = end_blocks(&r); /* this may have been the file's last piece */
        int added = settle(&r, rc, &fault, false, totals);
        rc = r.error < 0 ? r.error : rc == -ENOMEM ? rc : added;
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

uint64_t scan_file_size(const struct scan_settings *settings, size_t file)
{
    FILE *from = NULL;
    uint64_t size = 0;
    const char *path = settings->paths[file];
    if (settings->members != NULL && settings->members[file].archive != NULL)
        return settings->members[file].zip.packed;
    if (strcmp(path, "-") == 0 || !file_is_regular(path) || file_open(&from, path, "rb") < 0)
        return 0;
    bool is_known = replay_input_size(&size, from) == 0;
    (void)fclose(from); /* only read */
    return is_known ? size : 0;
}
