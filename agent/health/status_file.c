#include "agent/health/status_file.h"

#include "agent/system/file.h"
#include "agent/system/version.h"
#include "detect/base/utf8.h"
#include "detect/event/event.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* event_time_format's text without the digits below a millisecond. */
#define MILLISECONDS_END 23

json_t *status_string(const char *text)
{
    char *clean = NULL;
    size_t size = 0;
    if (utf8_clean(&clean, &size, text_from(text)) < 0)
        return NULL;
    json_t *value = json_stringn(clean, size);
    free(clean);
    return value;
}

json_t *status_time(uint64_t time)
{
    char text[EVENT_TIME_SIZE];
    if (time == 0)
        return json_null();
    event_time_format(text, time);
    return json_sprintf("%.*sZ", MILLISECONDS_END, text);
}

const char *status_state(enum health_state state)
{
    static const char *const names[] = {[HEALTH_STARTING] = "starting",
                                        [HEALTH_READING] = "reading",
                                        [HEALTH_ABSENT] = "absent",
                                        [HEALTH_DENIED] = "denied",
                                        [HEALTH_BROKEN] = "broken"};
    return names[state];
}

static json_t *number(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *optional(bool is_known, uint64_t value)
{
    return is_known ? number(value) : json_null();
}

static json_t *source_json(const struct health_source *s)
{
    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:f, s:b}",
                     "name", status_string(s->name), "state", status_state(s->state), "since", status_time(s->since),
                     "trouble", status_string(s->trouble), "events", number(s->events), "matches", number(s->matches),
                     "empty_command_lines", number(s->empty_command_lines), "bad_events", number(s->bad_events), "gaps",
                     number(s->gaps), "lost", number(s->lost), "restarts", number(s->restarts), "last_event",
                     status_time(s->last_event), "last_kept", status_time(s->last_kept), "record",
                     optional(s->has_record, s->record), "backlog", optional(s->has_backlog, s->backlog), "wrap_hours",
                     s->has_wrap ? json_real(s->wrap_hours) : json_null(), "process_events",
                     number(s->process_events > 0 ? s->process_events : s->events), "records_per_s", s->records_per_s,
                     "disabled", (int)s->is_disabled);
}

static json_t *output_json(const struct health_output *o)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:o, s:o, s:I, s:o}", "name", status_string(o->name),
                     "delivered", number(o->delivered), "heartbeats", number(o->heartbeats), "waiting",
                     number(o->waiting), "refused", number(o->refused), "overflowed", number(o->overflowed), "failures",
                     number(o->failures), "failing", (int)(o->failing > INT32_MAX ? INT32_MAX : o->failing),
                     "last_success", status_time(o->last_success), "last_failure", status_time(o->last_failure),
                     "last_status", (json_int_t)o->last_status, "trouble", status_string(o->trouble));
}

static json_t *thread_json(const struct health_thread *t)
{
    return json_pack("{s:o, s:o}", "name", status_string(t->name), "overdue_s", number(t->overdue_ms / 1000u));
}

static json_t *test_json(const struct health_test *t)
{
    static const char *const states[] = {
        [HEALTH_TEST_WAITS] = "waiting", [HEALTH_TEST_TAKEN] = "taken", [HEALTH_TEST_REFUSED] = "refused"};
    json_t *outputs = json_array();
    for (size_t i = 0; i < t->output_count; i++)
        (void)json_array_append_new(outputs, /* a missing one is missing memory: the test then does not pass */
                                    json_pack("{s:o, s:s, s:o, s:I}", "name", status_string(t->outputs[i].name),
                                              "state", states[t->outputs[i].state], "at", status_time(t->outputs[i].at),
                                              "status", (json_int_t)t->outputs[i].status));
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "alert", t->alert, "command_line",
                     status_string(t->command_line), "source", status_string(t->source), "event", status_time(t->event),
                     "matched", status_time(t->matched), "kept", status_time(t->kept), "outputs", outputs);
}

/* name, with mark after it unless is_on. */
static int append_right(json_t *list, const char *name, bool is_on, const char *mark)
{
    json_t *clean = status_string(name);
    json_t *right = clean == NULL ? NULL : json_sprintf("%s%s", json_string_value(clean), is_on ? "" : mark);
    json_decref(clean);
    return json_array_append_new(list, right);
}

json_t *status_token(const struct token_facts *token)
{
    if (token == NULL)
        return json_null();
    json_t *privileges = json_array(), *groups = json_array();
    int rc = 0;
    for (size_t i = 0; i < token->privilege_count; i++)
        rc |= append_right(privileges, token->privileges[i].name, token->privileges[i].is_enabled, "(off)");
    for (size_t i = 0; i < token->group_count; i++) {
        const struct token_group *g = &token->groups[i];
        char name[HEALTH_TEXT_SIZE];
        (void)snprintf(name, sizeof(name), "%s%s%s", g->sid, g->name == NULL ? "" : " ", /* cut where longer */
                       g->name == NULL ? "" : g->name);
        rc |= append_right(groups, name, g->is_enabled, "(deny only)");
    }
    json_t *integrity = token->integrity == NULL ? json_null() : json_string(token->integrity);
    json_t *all =
        json_pack("{s:o, s:o, s:o, s:b, s:o, s:o, s:i}", "account", status_string(token->account), "sid",
                  status_string(token->sid), "integrity", integrity, "administrator", (int)token->is_administrator,
                  "privileges", privileges, "groups", groups, "more_groups", (int)token->more_groups);
    if (rc == 0)
        return all;
    json_decref(all);
    return NULL;
}

static json_t *lists_json(const struct health_figures *f)
{
    json_t *sources = json_array(), *outputs = json_array(), *threads = json_array(), *tests = json_array();
    int rc = 0;
    for (size_t i = 0; i < f->source_count; i++)
        rc |= json_array_append_new(sources, source_json(&f->sources[i]));
    for (size_t i = 0; i < f->output_count; i++)
        rc |= json_array_append_new(outputs, output_json(&f->outputs[i]));
    for (size_t i = 0; i < f->thread_count; i++)
        rc |= json_array_append_new(threads, thread_json(&f->threads[i]));
    for (size_t i = 0; i < f->test_count; i++)
        rc |= json_array_append_new(tests, test_json(&f->tests[i]));
    json_t *all =
        json_pack("{s:o, s:o, s:o, s:o}", "sources", sources, "outputs", outputs, "threads", threads, "tests", tests);
    if (rc == 0)
        return all;
    json_decref(all);
    return NULL;
}

static json_t *store_json(const struct status_about *about, const struct status_now *now)
{
    const struct health_figures *f = now->figures;
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "state",
                     f->is_store_failing       ? "failing"
                     : now->store.is_disk_full ? "disk full"
                     : f->is_store_full        ? "full"
                                               : "working",
                     "waiting", number(now->store.waiting), "bytes", number(now->store.bytes), "max_alerts",
                     number(about->max_alerts), "max_bytes", number(about->max_bytes), "dead", number(now->store.dead),
                     "dropped", number(now->store.dropped), "in_memory", number(now->store.in_memory));
}

static json_t *process_json(const struct status_now *now)
{
    const struct process_figures *p = &now->process;
    return json_pack("{s:o, s:f, s:o, s:o, s:o, s:i}", "cpu_ms", number(p->cpu_ms), "cpu_percent", now->cpu_percent,
                     "private_bytes", number(p->private_bytes), "handles", number(p->handles), "threads",
                     number(p->threads), "pace_ms", (int)now->figures->pace_ms);
}

json_t *status_json(const struct status_about *about, const struct status_now *now)
{
    const struct health_figures *f = now->figures;
    json_t *config =
        json_pack("{s:o, s:s, s:o, s:b}", "path", status_string(about->config_path), "sha256", about->config_sha256,
                  "loaded", status_time(about->config_loaded), "refused", (int)about->is_config_refused);
    json_t *document =
        json_pack("{s:i, s:s, s:o, s:i, s:i, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o}, "
                  "s:{s:o, s:o, s:o}}",
                  "format", 1, "state", about->state, "written", status_time(event_time_now()), "interval_s",
                  (int)STATUS_INTERVAL_S, "pid", (int)process_pid(), "process_begin", number(about->process_begin),
                  "version", version_number, "commit", version_commit, "host", status_string(about->host), "agent_id",
                  status_string(about->agent_id), "started", status_time(f->started), "uptime_s",
                  number(f->uptime_ms / 1000u), "config", config, "token", status_token(about->token), "process",
                  process_json(now), "store", store_json(about, now), "log", "warnings", number(f->log_warnings),
                  "errors", number(f->log_errors), "script_blocks", "joined", number(f->blocks_joined), "incomplete",
                  number(f->blocks_incomplete), "encrypted", number(f->blocks_encrypted));
    json_t *lists = document == NULL ? NULL : lists_json(f);
    int rc = lists == NULL ? -1 : json_object_update(document, lists);
    json_decref(lists);
    if (rc == 0 && now->doctor != NULL)
        rc = json_object_set_new(document, "doctor", json_deep_copy(now->doctor));
    if (rc == 0)
        return document;
    json_decref(document);
    return NULL;
}

/* What is written is filled up with line breaks, which mean nothing in it, to a multiple of this and one more: so the
 * file has room for a later text, in its place, when the disk has none. */
#define ROOM_STEP 8192u

static int write_all(FILE *file, const char *text, size_t least)
{
    size_t size = strlen(text);
    errno = EIO; /* where the library does not say more */
    int rc = fputs(text, file) >= 0 ? 0 : -errno;
    for (; rc == 0 && size < least; size++)
        rc = putc('\n', file) != EOF ? 0 : -errno;
    return fclose(file) != 0 && rc == 0 ? -errno : rc;
}

/* On a full disk: over the text that is there. A reader may meet it half written, and reads again. */
static int write_over(const char *path, const char *text)
{
    FILE *file = NULL;
    int rc = file_open(&file, path, "o");
    if (rc < 0)
        return rc;
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (size < 0 || strlen(text) > (size_t)size || fseek(file, 0, SEEK_SET) != 0) {
        (void)fclose(file); /* nothing was written */
        return -ENOSPC;
    }
    return write_all(file, text, (size_t)size);
}

int status_write_text(const char *path, const char *text)
{
    FILE *file = NULL;
    size_t size = strlen(path) + sizeof(".new");
    char *next = malloc(size);
    if (next == NULL)
        return -ENOMEM;
    snprintf(next, size, "%s.new", path);
    int rc = file_open(&file, next, "wb");
    if (rc == 0) {
        rc = write_all(file, text, (strlen(text) / ROOM_STEP + 2) * ROOM_STEP);
        if (rc == 0)
            rc = file_replace(next, path);
        if (rc < 0)
            (void)file_remove(next); /* the failure before it is what counts */
    }
    free(next);
    if (rc == -ENOSPC && write_over(path, text) == 0)
        return 1;
    return rc;
}

int status_write(const char *path, const json_t *document)
{
    char *text = json_dumps(document, JSON_INDENT(1));
    int rc = text == NULL ? -ENOMEM : status_write_text(path, text);
    free(text);
    return rc;
}

int status_read(json_t **out, const char *path)
{
    char *text = NULL;
    size_t size = 0;
    int rc = file_read(&text, &size, path, STATUS_MAX_SIZE);
    if (rc < 0)
        return rc;
    json_t *document = json_loadb(text, size, 0, NULL);
    free(text);
    if (!json_is_object(document) || json_integer_value(json_object_get(document, "format")) != 1) {
        json_decref(document);
        return -EBADMSG;
    }
    *out = document;
    return 0;
}
