#include "detect/kql/kql.h"
#include "detect/kql/kql_result.h"
#include <errno.h>

static struct text frozen(const void *context, struct text address)
{
    const struct rule_beside *beside = context;
    return beside->data(beside->context, address);
}

/* Which process creations the leg can be true of: any at all? */
static bool reads_processes(const struct kql_leg *leg)
{
    const struct kql_selection *selection = leg->selection;
    if (leg->table == NULL)
        return false;
    if (selection == NULL || selection->id_count == 0 || leg->table->kind == KQL_DEVICE_PROCESS_EVENTS ||
        leg->table->kind == KQL_ASIM_PROCESS)
        return true;
    for (size_t i = 0; i < selection->id_count; i++)
        if (selection->ids[i] == 4688 || selection->ids[i] == 1)
            return true;
    return false;
}

/* Are all mistakes of the leg accepted? Takes them out of faults. */
static bool is_accepted(struct kql_binder *binder, const struct kql_leg *leg, size_t number,
                        const struct kql_options *options)
{
    const struct rule_beside *beside = options->beside;
    struct kql_faults *faults = binder->faults;
    size_t own = 0;
    if (beside == NULL || beside->accepts == NULL)
        return false;
    for (size_t i = 0; i < faults->count; i++) {
        if (faults->list[i].owner != leg)
            continue;
        own++;
        if (!beside->accepts(beside->context, number, faults->list[i].code))
            return false;
    }
    if (own == 0)
        return false;
    size_t kept = 0;
    for (size_t i = 0; i < faults->count; i++)
        if (faults->list[i].owner != leg)
            faults->list[kept++] = faults->list[i];
    faults->count = kept;
    return true;
}

/* What is left out, and why. True: the leg is to be compiled. */
static bool is_kept(struct kql_binder *binder, struct kql_leg *leg, size_t number, const struct kql_options *options)
{
    if (leg->is_refused) {
        if (is_accepted(binder, leg, number, options))
            kql_faults_add(binder->warnings, leg->place, "W401",
                           "leg %u (\"%.*s\") is left out, as the file's .accept says", (unsigned)number,
                           KQL_NAME(leg->name));
        return false;
    }
    if (leg->table == NULL)
        kql_faults_add(binder->warnings, leg->place, "W401",
                       "leg %u is left out: table \"%.*s\" holds no events that are read here", (unsigned)number,
                       KQL_NAME(leg->name));
    else if (leg->not_here != NULL)
        kql_faults_add(binder->warnings, leg->not_here_place, "W401", "leg %u (\"%.*s\") is left out: %s",
                       (unsigned)number, KQL_NAME(leg->name), leg->not_here);
    return leg->table != NULL && leg->not_here == NULL;
}

static bool has_table(const struct kql_legs *legs, enum kql_table_kind kind)
{
    for (size_t i = 0; i < legs->count; i++)
        if (legs->list[i]->table != NULL && legs->list[i]->table->kind == kind && reads_processes(legs->list[i]))
            return true;
    return false;
}

static int compile_leg(struct kql_binder *binder, struct legs *out, struct kql_leg *leg, const struct kql_legs *legs,
                       const struct kql_options *options)
{
    struct leg made = {.table = arena_text(binder->arena, leg->name), .place = leg->place, .is_faithful = true};
    binder->faults->owner = leg;
    struct kql_value condition = kql_result_condition(binder, leg);
    binder->faults->owner = NULL;
    if (condition.what != KQL_IS_VALUE)
        return 0;
    const struct value *fixed = expr_constant_value(condition.expr);
    if (fixed != NULL && (fixed->is_null || !fixed->boolean))
        kql_faults_add(binder->warnings, leg->place, "W404", "this leg can never be true");
    else if (fixed != NULL)
        kql_faults_add(binder->warnings, leg->place, "W404", "this leg is true of every event that it reads");
    made.condition = condition.expr;
    bool is_security = leg->table->kind == KQL_SECURITY_EVENT;
    kql_result_sources(binder, leg, has_table(legs, is_security ? KQL_WINDOWS_EVENT : KQL_SECURITY_EVENT), &made);
    kql_result_row(binder, leg, options->wanted, options->wanted_count, &made);
    made.place.line += options->at.line - 1;
    made.place.column += options->at.column - 1;
    return binder->has_no_memory ? -ENOMEM : legs_add(out, binder->arena, binder->columns, &made);
}

/* Says that nothing is left, where that is so. */
static void say_nothing_is_left(struct kql_binder *binder, const struct kql_legs *legs, size_t kept)
{
    struct expr_place begin = {1, 1};
    bool has_any = false, has_process = false, is_refused = false;
    for (size_t i = 0; i < legs->count; i++) {
        has_any |= legs->list[i]->table != NULL || legs->list[i]->is_refused;
        has_process |= reads_processes(legs->list[i]) || (legs->list[i]->is_refused && legs->list[i]->table == NULL);
        is_refused |= legs->list[i]->is_refused;
    }
    if (kept > 0 || legs->count == 0)
        return;
    if (!has_any)
        kql_faults_add(binder->faults, begin, "K204",
                       "no process leg: no table of this query holds events that are read "
                       "here (SecurityEvent, WindowsEvent, Event, DeviceProcessEvents, imProcessCreate)");
    else if (!has_process)
        kql_faults_add(binder->faults, begin, "K204",
                       "no process leg: no leg of this query is about process creation, and none of them compiles");
    for (size_t i = 0; i < legs->count && has_any && !is_refused; i++)
        if (legs->list[i]->not_here != NULL)
            kql_faults_add(binder->faults, legs->list[i]->not_here_place, "K204", "%s", legs->list[i]->not_here);
}

static int compile_legs(struct kql_binder *binder, struct legs *out, const struct kql_legs *legs,
                        const struct kql_options *options)
{
    size_t kept = 0;
    for (size_t i = 0; i < legs->count; i++) {
        if (!is_kept(binder, legs->list[i], i + 1, options))
            continue;
        int status = compile_leg(binder, out, legs->list[i], legs, options);
        if (status != 0)
            return status;
        kept++;
    }
    say_nothing_is_left(binder, legs, kept);
    return binder->has_no_memory ? -ENOMEM : 0;
}

/* Puts faults into notes, with places in the rule's file. */
static void tell(struct notes *notes, struct kql_faults *faults, struct expr_place at, bool is_warning)
{
    kql_faults_sort(faults);
    for (size_t i = 0; i < faults->count; i++) {
        const struct kql_fault *fault = &faults->list[i];
        struct expr_place place = {fault->place.line + at.line - 1, fault->place.column + at.column - 1};
        if (is_warning)
            notes_warning(notes, place, fault->code, "%s", fault->message);
        else
            notes_error(notes, place, fault->code, "%s", fault->message);
    }
}

static int compile(struct kql_binder *binder, struct legs *out, struct text query, const struct kql_options *options)
{
    struct kql_node *tree;
    struct kql_legs legs = {.count = 0};
    int status = kql_parser_query(&tree, binder->arena, query, binder->faults);
    if (status != 0)
        return status;
    struct kql_name *scope = kql_bind_statements(binder, tree, NULL);
    const struct kql_node *last = tree->last;
    if (last == NULL || last->kind == KQL_LET)
        return 0; /* said by the parser */
    kql_leg_add(binder, &legs, scope, last);
    return binder->has_no_memory ? -ENOMEM : compile_legs(binder, out, &legs, options);
}

int kql_compile(struct legs *out, struct arena *arena, struct columns *columns, struct text query,
                const struct kql_options *options, struct notes *notes)
{
    struct kql_faults faults, warnings;
    if (kql_faults_begin(&faults, notes->arena, KQL_FAULT_MAX) != 0 ||
        kql_faults_begin(&warnings, notes->arena, KQL_FAULT_MAX) != 0)
        return -ENOMEM;
    struct kql_binder binder = {.arena = arena, .columns = columns, .faults = &faults, .warnings = &warnings};
    if (options->beside != NULL && options->beside->data != NULL) {
        binder.frozen = frozen;
        binder.frozen_context = options->beside;
    }
    int status = compile(&binder, out, query, options);
    tell(notes, &faults, options->at, false);
    tell(notes, &warnings, options->at, true);
    if (status == -E2BIG) {
        notes_error(notes, options->at, "K105", "more than %d legs", LEG_MAX);
        return -EINVAL;
    }
    return status == 0 && faults.count > 0 ? -EINVAL : status;
}

int kql_expression(struct expr **out, struct arena *arena, struct text text, const struct kql_variable *columns,
                   size_t count, struct kql_faults *faults)
{
    struct kql_node *node;
    struct kql_faults warnings;
    if (kql_faults_begin(&warnings, arena, KQL_FAULT_MAX) != 0)
        return -ENOMEM;
    struct kql_binder binder = {.arena = arena, .faults = faults, .warnings = &warnings};
    size_t before = faults->count;
    int status = kql_parser_expression(&node, arena, text, faults);
    if (status != 0)
        return status;
    struct kql_row *row = kql_row_new(&binder, KQL_ROW_ONLY, NULL);
    for (size_t i = 0; i < count && !binder.has_no_memory; i++) {
        struct kql_value value = {.what = KQL_IS_VALUE};
        value.expr = expr_column(arena, columns[i].column, columns[i].type, columns[i].name, (struct expr_place){0, 0});
        binder.has_no_memory |= value.expr == NULL;
        kql_row_add_value(&binder, row, columns[i].name, value);
    }
    struct kql_value value = binder.has_no_memory ? kql_value_failed() : kql_bind(&binder, NULL, row, node);
    kql_faults_sort(faults);
    if (binder.has_no_memory)
        return -ENOMEM;
    if (faults->count > before || value.what != KQL_IS_VALUE)
        return -EINVAL;
    *out = value.expr;
    return 0;
}
