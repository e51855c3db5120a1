#include "detect/alert/alert.h"

#include "detect/base/account.h"

#include <errno.h>

/* Host and account as they really are. */
static struct entity entity_of(const struct event *event, const struct leg *leg)
{
    const struct text *field = event->field;
    struct text user = field[leg->is_of_creator ? EVENT_PARENT_USER : EVENT_USER];
    struct text domain = field[EVENT_SUBJECT_DOMAIN], name = field[EVENT_SUBJECT_NAME];
    if (event->kind == EVENT_OTHER) {
        user = event_data(event, text_from("User"));
        domain = event_data(event, text_from("SubjectDomainName"));
        name = event_data(event, text_from("SubjectUserName"));
    }
    struct entity entity = entity_corrected(field[EVENT_COMPUTER], user);
    if (user.len == 0) {
        entity.account_domain = account_or_absent(domain);
        entity.account_name = account_or_absent(name);
    }
    return entity;
}

/* The leg whose row describes the event best. */
static const struct leg *best_leg(const struct rule_match *match)
{
    const struct leg *legs = match->rule->legs.items;
    for (uint64_t left = match->legs; left != 0; left &= left - 1)
        if (!legs[__builtin_ctzll(left)].is_of_creator)
            return &legs[__builtin_ctzll(left)];
    return &legs[__builtin_ctzll(match->legs)];
}

static int fill_cells(struct alert *alert, const struct columns *columns)
{
    struct column_row row;
    struct event dated = *alert->event;
    size_t count = alert->leg->row_count;
    if (count == 0)
        return 0;
    if (arena_new(&alert->arena, EXPR_SCRATCH_BYTES) < 0)
        return -ENOMEM;
    struct alert_cell *cells = arena_zeroed(alert->arena, count, sizeof(*cells));
    if (cells == NULL) {
        arena_free(alert->arena);
        return -ENOMEM;
    }
    if (dated.time == 0) /* an event that does not say when: now, as in the rest of the document */
        dated.time = alert->created;
    column_row_of(&row, columns, &dated, alert->created);
    for (size_t i = 0; i < count; i++) {
        cells[i].name = alert->leg->row[i].name;
        cells[i].value = expr_value(alert->leg->row[i].value, &row.row, alert->arena);
    }
    alert->cells = cells;
    alert->cell_count = count;
    return 0;
}

static void set_severity(struct alert *alert)
{
    const struct rule *rule = alert->rule;
    const struct alert_cell *cell = rule->severity_column == NULL ? NULL : alert_cell(alert, rule->severity_column);
    alert->severity = rule->severity;
    alert->severity_ecs = rule->severity_ecs;
    if (cell != NULL && cell->value.type == VALUE_STRING)
        (void)rule_severity_word(&alert->severity, &alert->severity_ecs, cell->value.text); /* else the rule's */
}

int alert_make(struct alert *out, const struct rule_match *match, const struct columns *columns,
               const struct event *event, uint64_t created)
{
    struct alert alert = {.rule = match->rule, .legs = match->legs, .event = event, .created = created};
    alert.leg = best_leg(match);
    alert.host_account = entity_of(event, alert.leg);
    int rc = fill_cells(&alert, columns);
    if (rc < 0)
        return rc;
    set_severity(&alert);
    *out = alert;
    return 0;
}

const struct alert_cell *alert_cell(const struct alert *alert, const char *name)
{
    for (size_t i = 0; i < alert->cell_count; i++)
        if (text_equal(alert->cells[i].name, text_from(name)))
            return &alert->cells[i];
    return NULL;
}

bool alert_is_of_parent(const struct alert *alert)
{
    for (uint64_t left = alert->legs; left != 0; left &= left - 1)
        if (!alert->rule->legs.items[__builtin_ctzll(left)].is_of_creator)
            return false;
    return alert->leg->is_of_creator;
}

void alert_clear(struct alert *alert)
{
    arena_free(alert->arena);
    alert->arena = NULL;
}
