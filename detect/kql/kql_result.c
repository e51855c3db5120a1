#include "detect/kql/kql_result.h"
#include <errno.h>

/* "and" of the filters from `last` back to `until`, and of `inner` if it is there. */
static struct kql_value all_of(struct kql_binder *binder, const struct kql_filter *last, const struct kql_filter *until,
                               const struct kql_value *inner, struct expr_place place)
{
    size_t count = inner != NULL;
    for (const struct kql_filter *it = last; it != until; it = it->before)
        count++;
    if (count == 0)
        return kql_value_constant(binder, value_bool(true), place);
    struct kql_value *args = kql_alloc(binder, count, sizeof *args);
    if (args == NULL)
        return kql_value_failed();
    size_t at = count - (inner != NULL);
    if (inner != NULL)
        args[at] = *inner;
    for (const struct kql_filter *it = last; it != until; it = it->before)
        args[--at] = it->value;
    for (size_t i = 0; i < count; i++)
        args[i].nodes = 0; /* counted when they were met */
    return count == 1 ? args[0] : kql_value_call(binder, "and", args, count, place);
}

struct kql_value kql_result_condition(struct kql_binder *binder, struct kql_leg *leg)
{
    const struct kql_filter *last = leg->filters;
    struct kql_value inner = {.what = KQL_IS_FAILED};
    bool has_inner = false;
    for (const struct kql_expansion *it = leg->expansion; it != NULL; it = it->outer) {
        struct kql_value body = all_of(binder, last, it->filters, has_inner ? &inner : NULL, it->place), any = body;
        struct expr_fault fault;
        if (body.what != KQL_IS_VALUE)
            return body;
        int status = expr_any(&any.expr, binder->arena, it->array.expr, it->variable, body.expr, it->place, &fault);
        if (status != 0) {
            binder->has_no_memory |= status == -ENOMEM;
            if (status != -ENOMEM)
                kql_faults_add(binder->faults, fault.place, fault.code, "%s", fault.message);
            return kql_value_failed();
        }
        inner = any;
        has_inner = true;
        last = it->filters;
    }
    return all_of(binder, last, NULL, has_inner ? &inner : NULL, leg->place);
}

#define KIND(kind) (UINT64_C(1) << (kind))
#define PROCESSES                                                                                                      \
    (KIND(EVENT_SECURITY_4688) | KIND(EVENT_FORWARDED_4688) | KIND(EVENT_SYSMON_1) | KIND(EVENT_ETW_PROCESS))

static bool may_be(const struct text *list, size_t count, const char *text)
{
    if (count == 0)
        return true;
    for (size_t i = 0; i < count; i++)
        if (text_equal_nocase(list[i], text_from(text)))
            return true;
    return false;
}

static bool may_be_id(const struct kql_selection *selection, uint32_t id)
{
    for (size_t i = 0; i < selection->id_count; i++)
        if (selection->ids[i] == id)
            return true;
    return selection->id_count == 0;
}

static void add(struct leg_source *list, size_t *count, struct leg_source source)
{
    list[(*count)++] = source;
}

/* Events that no canonical field is known of: by id, channel, provider. */
static void add_others(struct kql_binder *binder, const struct kql_selection *selection, const char *channel,
                       const uint32_t *known, size_t known_count, struct leg_source *list, size_t *count)
{
    uint32_t *ids = kql_alloc(binder, selection->id_count + 1, sizeof *ids);
    size_t id_count = 0;
    for (size_t i = 0; i < selection->id_count && ids != NULL; i++) {
        bool is_known = false;
        for (size_t k = 0; k < known_count; k++)
            is_known |= known[k] == selection->ids[i];
        if (!is_known)
            ids[id_count++] = selection->ids[i];
    }
    if (selection->id_count > 0 && id_count == 0)
        return;
    struct leg_source source = {.kinds = KIND(EVENT_OTHER), .event_ids = ids, .event_id_count = id_count};
    if (id_count == 0)
        source.event_ids = NULL;
    source.channel = text_from(channel);
    if (selection->provider_count == 1)
        source.provider = selection->providers[0];
    if (channel != NULL || selection->channel_count == 0)
        add(list, count, source);
    for (size_t i = 0; channel == NULL && i < selection->channel_count; i++) {
        source.channel = selection->channels[i];
        add(list, count, source);
    }
}

void kql_result_sources(struct kql_binder *binder, const struct kql_leg *leg, bool has_other, struct leg *out)
{
    static const struct kql_selection all = {NULL, 0, NULL, 0, NULL, 0};
    static const uint32_t security_ids[] = {4688};
    const struct kql_selection *selection = leg->selection != NULL ? leg->selection : &all;
    struct leg_source *list = kql_alloc(binder, selection->channel_count + 4, sizeof *list);
    size_t count = 0;
    if (list == NULL)
        return;
    bool is_security = may_be_id(selection, 4688) &&
                       may_be(selection->channels, selection->channel_count, "Security") &&
                       may_be(selection->providers, selection->provider_count, "Microsoft-Windows-Security-Auditing");
    bool is_sysmon = may_be_id(selection, 1) &&
                     may_be(selection->channels, selection->channel_count, "Microsoft-Windows-Sysmon/Operational") &&
                     may_be(selection->providers, selection->provider_count, "Microsoft-Windows-Sysmon");
    uint64_t own = KIND(EVENT_SECURITY_4688), forwarded = KIND(EVENT_FORWARDED_4688);
    switch (leg->table->kind) {
    case KQL_SECURITY_EVENT:
        if (is_security)
            add(list, &count, (struct leg_source){.kinds = has_other ? own : own | forwarded});
        add_others(binder, selection, "Security", security_ids, 1, list, &count);
        break;
    case KQL_WINDOWS_EVENT:
    case KQL_EVENT:
        if (is_security && leg->table->kind == KQL_WINDOWS_EVENT)
            add(list, &count, (struct leg_source){.kinds = has_other ? forwarded : own | forwarded});
        if (is_sysmon)
            add(list, &count, (struct leg_source){.kinds = KIND(EVENT_SYSMON_1)});
        if (selection->id_count != 1 || !(is_security || is_sysmon))
            add_others(binder, selection, NULL, NULL, 0, list, &count);
        break;
    case KQL_DEVICE_PROCESS_EVENTS:
    case KQL_ASIM_PROCESS:
        add(list, &count, (struct leg_source){.kinds = PROCESSES});
        break;
    }
    out->sources = list;
    out->source_count = count;
}

/* The names of a result, in order. */
struct names {
    struct kql_binder *binder;
    struct text *list;
    size_t count, room;
};

static void add_name(struct names *names, struct text name)
{
    for (size_t i = 0; i < names->count; i++)
        if (text_equal(names->list[i], name))
            return;
    if (names->count < names->room)
        names->list[names->count++] = name;
}

static bool is_in(const struct text *list, size_t count, struct text name)
{
    for (size_t i = 0; i < count; i++)
        if (kql_row_matches(list[i], name))
            return true;
    return false;
}

static void add_own(struct names *names, const struct kql_row *row)
{
    for (const struct kql_column *column = row->columns; column != NULL; column = column->next)
        add_name(names, column->name);
}

/* Names of the result from the bottom up. Of a table's own columns those that the query uses, or that are wanted. */
static void gather(struct names *names, const struct kql_row *row, unsigned depth)
{
    if (row == NULL || depth > 4096)
        return;
    size_t before = names->count;
    switch (row->kind) {
    case KQL_ROW_TABLE:
        add_own(names, row);
        return;
    case KQL_ROW_ONLY:
        if (row->pattern_count > 0 || row->is_rest_aggregate)
            gather(names, row->below, depth + 1);
        if (row->pattern_count > 0) {
            size_t kept = before;
            for (size_t i = before; i < names->count; i++)
                if (is_in(row->patterns, row->pattern_count, names->list[i]))
                    names->list[kept++] = names->list[i];
            names->count = kept;
        }
        break;
    case KQL_ROW_HIDE: {
        gather(names, row->below, depth + 1);
        size_t kept = before;
        for (size_t i = before; i < names->count; i++)
            if (!is_in(row->patterns, row->pattern_count, names->list[i]))
                names->list[kept++] = names->list[i];
        names->count = kept;
        break;
    }
    case KQL_ROW_EXTEND:
    case KQL_ROW_UNION:
    case KQL_ROW_UNKNOWN:
    case KQL_ROW_PIVOT:
        gather(names, row->below, depth + 1);
        break;
    }
    add_own(names, row);
}

/* The value of a column of the result. False: it can't be had; told of as a warning. */
static bool output(struct kql_binder *binder, struct kql_leg *leg, struct text name, struct kql_value *out)
{
    struct kql_faults *faults = binder->faults, heard;
    if (kql_faults_begin(&heard, binder->arena, 1) != 0)
        return false;
    const char *not_here = leg->not_here;
    binder->faults = &heard;
    bool is_there = kql_row_find(binder, leg->row, name, leg->place, out);
    binder->faults = faults;
    leg->not_here = not_here;
    if (is_there && (out->what == KQL_IS_VALUE || out->what == KQL_IS_BAG) && !out->is_variable)
        return true;
    if (is_there && heard.count > 0)
        kql_faults_add(binder->warnings, heard.list[0].place, "W402", "column \"%.*s\" is left out of the result: %s",
                       KQL_NAME(name), heard.list[0].message);
    return false;
}

void kql_result_row(struct kql_binder *binder, struct kql_leg *leg, const struct text *wanted, size_t wanted_count,
                    struct leg *out)
{
    struct names names = {.binder = binder, .room = 512};
    names.list = kql_alloc(binder, names.room, sizeof *names.list);
    struct leg_column *columns = kql_alloc(binder, names.room, sizeof *columns);
    if (names.list == NULL || columns == NULL)
        return;
    binder->leg = leg;
    binder->is_output = true;
    gather(&names, leg->row, 0);
    for (size_t i = 0; i < wanted_count; i++)
        if (kql_row_has(leg->row, wanted[i]))
            add_name(&names, wanted[i]);
    size_t count = 0;
    for (size_t i = 0; i < names.count && !binder->has_no_memory; i++) {
        struct kql_value value;
        if (output(binder, leg, names.list[i], &value))
            columns[count++] = (struct leg_column){
                .name = arena_text(binder->arena, names.list[i]), .value = value.expr, .place = expr_where(value.expr)};
    }
    binder->is_output = false;
    binder->leg = NULL;
    out->row = columns;
    out->row_count = count;
}
