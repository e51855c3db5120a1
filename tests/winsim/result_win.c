#include "tests/winsim/result_win.h"

#include "tests/winsim/scenario_win.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct source *add_source(struct result *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++)
        if (channel_name_equal(r->sources[i].name, name))
            return NULL;
    winsim_reserve((void **)&r->sources, r->count, &r->room, sizeof(*r->sources));
    struct source *s = &r->sources[r->count++];
    *s = (struct source){.name = winsim_copy(name, strlen(name))};
    return s;
}

static DWORD open_source(struct source *s, const char *call)
{
    const struct scenario *now = scenario_now();
    DWORD code = scenario_code(call, s->name);
    if (code != 0)
        return code;
    if (!channel_is_name(s->name))
        return ERROR_EVT_INVALID_CHANNEL_PATH;
    if (scenario_number(now, SCENARIO_DENIED, s->name, NULL))
        return ERROR_ACCESS_DENIED;
    struct channel *ch = channel_get(s->name);
    if (ch == NULL)
        return ERROR_EVT_CHANNEL_NOT_FOUND;
    if (scenario_number(now, SCENARIO_DIRECT, s->name, NULL))
        return strcmp(call, "EvtQuery") == 0 ? ERROR_EVT_INVALID_OPERATION_OVER_ENABLED_DIRECT_CHANNEL
                                             : ERROR_EVT_SUBSCRIPTION_TO_DIRECT_CHANNEL;
    s->channel = ch;
    s->next = ch->first;
    s->seen = ch->count;
    s->clearings = ch->clearings;
    return 0;
}

static DWORD open_all(struct result *r, const char *call, size_t *opened)
{
    DWORD first_code = 0;
    for (size_t i = 0; i < r->query->count; i++) {
        struct source *s = add_source(r, r->query->parts[i].channel);
        if (s == NULL)
            continue;
        s->status = open_source(s, call);
        *opened += s->status == 0 ? 1 : 0;
        if (first_code == 0)
            first_code = s->status;
    }
    return first_code;
}

DWORD result_new(struct result **out, struct query *query, bool is_structured, bool tolerate, const char *call)
{
    struct result *r = winsim_alloc(sizeof(*r));
    size_t opened = 0;
    r->query = query;
    r->thread = GetCurrentThreadId();
    DWORD code = open_all(r, call, &opened);
    if (tolerate && opened > 0)
        code = 0;
    bool is_channel_fault = code == ERROR_ACCESS_DENIED || code == ERROR_EVT_CHANNEL_NOT_FOUND;
    if (is_structured && is_channel_fault && !tolerate) {
        char text[512];
        size_t bad = 0;
        while (r->sources[bad].status == 0)
            bad++;
        snprintf(text, sizeof(text), "the channel %s of the query can't be opened: %lu", r->sources[bad].name, code);
        winsim_set_status(text);
        code = ERROR_EVT_CANNOT_OPEN_CHANNEL_OF_QUERY;
    }
    if (code != 0) {
        result_free(r);
        r = NULL;
    }
    *out = r;
    return code;
}

struct result *result_new_file(struct query *query, struct channel *file)
{
    struct result *r = winsim_alloc(sizeof(*r));
    r->query = query;
    r->thread = GetCurrentThreadId();
    struct source *s = add_source(r, file->name);
    s->channel = file;
    s->next = file->first;
    s->clearings = file->clearings;
    return r;
}

void result_free(void *result)
{
    struct result *r = result;
    for (size_t i = 0; i < r->count; i++)
        free(r->sources[i].name);
    if (r->signal != NULL)
        CloseHandle(r->signal);
    free(r->sources);
    query_free(r->query);
    free(r);
}

static uint64_t time_now(void)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    return (uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime;
}

/* The event of record index if the query selects it, else NULL. */
static struct event *take(const struct result *r, const struct source *s, size_t index)
{
    struct event *e = event_new(s->channel, index);
    if (query_takes_all(r->query, s->name) || query_matches(r->query, s->name, event_tree_of(e), time_now()))
        return e;
    event_free(e);
    return NULL;
}

static bool has_next(const struct result *r, const struct source *s)
{
    if (s->channel == NULL)
        return false;
    return r->is_reverse ? s->next > s->channel->first : s->next < s->channel->count;
}

/* Of several channels the one whose next record came first (backwards: last). */
static struct source *choose(struct result *r)
{
    struct source *best = NULL;
    uint64_t best_arrival = 0;
    for (size_t i = 0; i < r->count; i++) {
        struct source *s = &r->sources[i];
        if (!has_next(r, s))
            continue;
        uint64_t arrival = s->channel->records[r->is_reverse ? s->next - 1 : s->next].arrival;
        if (best == NULL || (r->is_reverse ? arrival > best_arrival : arrival < best_arrival)) {
            best = s;
            best_arrival = arrival;
        }
    }
    return best;
}

struct event *result_next(struct result *r)
{
    struct source *s;
    while ((s = choose(r)) != NULL) {
        size_t index = r->is_reverse ? --s->next : s->next++;
        struct event *e = take(r, s, index);
        if (e != NULL)
            return e;
    }
    return NULL;
}

bool result_is_stale(const struct result *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct source *s = &r->sources[i];
        if (s->channel == NULL)
            continue;
        if (s->clearings != s->channel->clearings || (!r->is_reverse && s->next < s->channel->first))
            return true;
    }
    return false;
}

bool result_look(struct result *r)
{
    bool has_new = false;
    for (size_t i = 0; i < r->count; i++) {
        struct source *s = &r->sources[i];
        if (s->channel == NULL)
            continue;
        if (s->seen < s->next)
            s->seen = s->next; /* read before it was looked at */
        for (; s->seen < s->channel->count && !has_new; s->seen++) {
            struct event *e = take(r, s, s->seen);
            has_new = e != NULL;
            if (e != NULL)
                event_free(e);
        }
        s->seen = s->channel->count;
    }
    return has_new;
}

DWORD result_start_after(struct result *r, const struct bookmark *bookmark, bool is_strict)
{
    bool is_known = false;
    for (size_t i = 0; i < r->count; i++) {
        struct source *s = &r->sources[i];
        const struct bookmark_place *place = bookmark_find(bookmark, s->name);
        if (s->channel == NULL || place == NULL)
            continue; /* from the oldest record */
        is_known = true;
        size_t at = channel_find(s->channel, place->record);
        bool is_there = at < s->channel->count && s->channel->records[at].id == place->record &&
                        !scenario_number(scenario_now(), SCENARIO_STRICT_MISSING, s->name, NULL);
        if (is_strict && !is_there)
            return ERROR_NOT_FOUND;
        s->next = channel_find(s->channel, place->record + 1);
    }
    return is_strict && !is_known ? ERROR_NOT_FOUND : 0;
}
