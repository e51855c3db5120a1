#include "agent/rules/rule_explain.h"

#include "agent/system/file.h"
#include "agent/system/plain.h"
#include "collectors/files/replay.h"
#include "detect/rule/coverage.h"
#include "detect/rule/rule_set.h"

#include <errno.h>
#include <string.h>

/* Prints text, each line indented. */
static void put_lines(FILE *to, struct text text)
{
    while (text.len > 0) {
        size_t end = text_find(text, '\n');
        plain_printf(to, "    %.*s\n", (int)end, text.bytes);
        size_t used = end < text.len ? end + 1 : end;
        text = (struct text){text.bytes + used, text.len - used};
    }
}

static void put_source(FILE *to, const struct leg_source *source)
{
    fputs("  reads", to);
    for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++)
        if ((source->kinds & UINT64_C(1) << kind) != 0)
            plain_printf(to, " [%s]", coverage_kind_name((enum event_kind)kind));
    if (source->channel.bytes != NULL)
        plain_printf(to, " of channel %.*s", (int)source->channel.len, source->channel.bytes);
    if (source->provider.bytes != NULL)
        plain_printf(to, " of provider %.*s", (int)source->provider.len, source->provider.bytes);
    for (size_t i = 0; i < source->event_id_count; i++)
        plain_printf(to, "%s%lu", i == 0 ? " with id " : ", ", (unsigned long)source->event_ids[i]);
    fputc('\n', to);
}

int rule_explain(FILE *to, const struct rule_load *load, size_t i)
{
    const struct rule *rule = rule_set_at(load->set, i);
    struct arena *arena = NULL;
    int rc = arena_new(&arena, EXPR_SCRATCH_BYTES);
    plain_printf(to, "%s %s, version %s, %s\n", rule->id, rule->name, rule->version, rule->severity);
    for (size_t l = 0; rc == 0 && l < rule->legs.count; l++) {
        const struct leg *leg = &rule->legs.items[l];
        plain_printf(to, "leg %u: %.*s\n", (unsigned)l + 1, (int)leg->table.len, leg->table.bytes);
        for (size_t s = 0; s < leg->source_count; s++)
            put_source(to, &leg->sources[s]);
        struct text text = expr_explain(leg->condition, NULL, arena);
        if (text.bytes == NULL)
            rc = -ENOMEM;
        put_lines(to, text);
        for (size_t c = 0; c < leg->row_count; c++)
            plain_printf(to, "%s%.*s", c == 0 ? "  gives " : ", ", (int)leg->row[c].name.len, leg->row[c].name.bytes);
        if (leg->row_count > 0)
            fputc('\n', to);
        arena_reset(arena);
    }
    arena_free(arena);
    return rc;
}

/* A file on its way. */
struct explaining {
    FILE *to;
    const struct rule_load *load;
    const struct rule *rule;
    struct arena *arena;
    unsigned long events;
};

static bool wants(void *context, const struct event *event)
{
    const struct explaining *e = context;
    for (size_t i = 0; i < e->rule->legs.count; i++)
        if (leg_takes(&e->rule->legs.items[i], event))
            return true;
    return false;
}

static void put_event(struct explaining *e, const struct event *event)
{
    char time[EVENT_TIME_SIZE];
    event_time_format(time, event->time);
    plain_printf(e->to, "event %lu: %s, id %lu, record %llu, %s\n", e->events, coverage_kind_name(event->kind),
                 (unsigned long)event->event_id, (unsigned long long)event->record_id, time);
}

static int explain_event(void *context, const struct event *event)
{
    static const char *const words[] = {[TRUTH_FALSE] = "false",
                                        [TRUTH_TRUE] = "true: the rule fires",
                                        [TRUTH_NULL] = "neither true nor false (null)",
                                        [TRUTH_ERROR] = "not known: a limit was reached"};
    struct explaining *e = context;
    struct column_row row;
    if (!wants(context, event))
        return 0;
    if (++e->events > RULE_EXPLAIN_MAX_EVENTS)
        return 0;
    put_event(e, event);
    column_row_of(&row, rule_set_columns(e->load->set), event, event_time_now());
    for (size_t i = 0; i < e->rule->legs.count; i++) {
        const struct leg *leg = &e->rule->legs.items[i];
        if (!leg_takes(leg, event))
            continue;
        enum truth truth = expr_truth(leg->condition, &row.row, e->arena);
        plain_printf(e->to, "  leg %u is %s\n", leg->number, words[truth]);
        put_lines(e->to, expr_explain(leg->condition, &row.row, e->arena)); /* nothing, if it is over all limits */
        arena_reset(e->arena);
    }
    return 0;
}

static void no_report(void *context, const struct collector_report *report)
{
    (void)context;
    (void)report; /* what can't be read is counted by scan */
}

int rule_explain_events(FILE *to, unsigned long *events, const struct rule_load *load, size_t i, const char *path,
                        struct fault *fault)
{
    struct explaining e = {.to = to, .load = load, .rule = rule_set_at(load->set, i)};
    struct replay_counts counts = {0};
    FILE *file = NULL;
    const struct collector_sink sink = {.context = &e, .event = explain_event, .report = no_report, .wants = wants};
    int rc = arena_new(&e.arena, EXPR_SCRATCH_BYTES);
    if (rc == 0)
        rc = file_open(&file, path, "rb");
    if (rc < 0 && rc != -ENOMEM)
        fault_set(fault, "opening", -rc, text_from(path), strerror(-rc));
    if (rc == 0)
        rc = replay_file(file, text_from(path), &sink, load->set, &counts, fault);
    if (file != NULL)
        (void)fclose(file); /* only read */
    arena_free(e.arena);
    *events = e.events;
    return rc;
}
