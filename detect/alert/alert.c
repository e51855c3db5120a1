#include "detect/alert/alert.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const column_names[ALERT_COLUMN_COUNT] = {
    [ALERT_TYPE] = "Type",
    [ALERT_COMPUTER] = "Computer",
    [ALERT_DEVICE_NAME] = "DeviceName",
    [ALERT_HOST_ENTITY] = "HostEntity",
    [ALERT_ACCOUNT] = "Account",
    [ALERT_ACCOUNT_ENTITY] = "AccountEntity",
    [ALERT_USER] = "User",
    [ALERT_SUBJECT_DOMAIN_NAME] = "SubjectDomainName",
    [ALERT_SUBJECT_USER_NAME] = "SubjectUserName",
    [ALERT_PROCESS] = "Process",
    [ALERT_PARENT_PROCESS_NAME] = "ParentProcessName",
    [ALERT_PARENT_IMAGE] = "ParentImage",
    [ALERT_COMMAND_LINE] = "CommandLine",
    [ALERT_INITIATING_PROCESS_ACCOUNT_DOMAIN] = "InitiatingProcessAccountDomain",
    [ALERT_INITIATING_PROCESS_ACCOUNT_NAME] = "InitiatingProcessAccountName",
    [ALERT_INITIATING_PROCESS_FILE_NAME] = "InitiatingProcessFileName",
    [ALERT_INITIATING_PROCESS_PARENT_FILE_NAME] = "InitiatingProcessParentFileName",
    [ALERT_INITIATING_PROCESS_COMMAND_LINE] = "InitiatingProcessCommandLine",
    [ALERT_HOST_NAME] = "HostName",
    [ALERT_HOST_NAME_DOMAIN] = "HostNameDomain",
    [ALERT_ACCOUNT_NAME] = "AccountName",
    [ALERT_ACCOUNT_DOMAIN] = "AccountDomain",
};

const char *alert_column_name(enum alert_column column)
{
    return column_names[column];
}

/* domain\name as the rule puts it together: strcat(domain, "\\", name), where a missing part is empty. */
static int join_account(struct text *out, char **owned, struct text domain, struct text name)
{
    char *joined = malloc(domain.len + 1 + name.len + 1);
    if (joined == NULL)
        return -ENOMEM;
    if (domain.len > 0)
        memcpy(joined, domain.bytes, domain.len);
    joined[domain.len] = '\\';
    if (name.len > 0)
        memcpy(joined + domain.len + 1, name.bytes, name.len);
    joined[domain.len + 1 + name.len] = '\0';
    *owned = joined;
    *out = (struct text){joined, domain.len + 1 + name.len};
    return 0;
}

/* Branches 1 and 2: the row of a 4688. Windows' Account column is built as branch 2 builds it by hand. */
static int row_4688(struct alert *alert)
{
    const struct text *field = alert->event->field;
    struct text *row = alert->row;
    row[ALERT_COMPUTER] = row[ALERT_HOST_ENTITY] = field[EVENT_COMPUTER];
    row[ALERT_SUBJECT_DOMAIN_NAME] = field[EVENT_SUBJECT_DOMAIN];
    row[ALERT_SUBJECT_USER_NAME] = field[EVENT_SUBJECT_NAME];
    row[ALERT_PROCESS] = text_after_last(field[EVENT_IMAGE], '\\');
    row[ALERT_PARENT_PROCESS_NAME] = field[EVENT_PARENT_IMAGE];
    row[ALERT_COMMAND_LINE] = field[EVENT_COMMAND_LINE];

    alert->host_account = entity_corrected(field[EVENT_COMPUTER], (struct text){NULL, 0});
    alert->host_account.account_domain = entity_or_absent(field[EVENT_SUBJECT_DOMAIN]);
    alert->host_account.account_name = entity_or_absent(field[EVENT_SUBJECT_NAME]);

    int rc = join_account(&row[ALERT_ACCOUNT], &alert->owned, field[EVENT_SUBJECT_DOMAIN], field[EVENT_SUBJECT_NAME]);
    row[ALERT_ACCOUNT_ENTITY] = row[ALERT_ACCOUNT];
    return rc;
}

/* Branch 4. Process stays empty: Sysmon's event has no such field (quirk Q2). */
static int row_sysmon(struct alert *alert)
{
    const struct text *field = alert->event->field;
    struct text *row = alert->row;
    row[ALERT_COMPUTER] = row[ALERT_HOST_ENTITY] = field[EVENT_COMPUTER];
    row[ALERT_USER] = row[ALERT_ACCOUNT_ENTITY] = field[EVENT_USER];
    row[ALERT_PARENT_IMAGE] = field[EVENT_PARENT_IMAGE];
    row[ALERT_COMMAND_LINE] = field[EVENT_COMMAND_LINE];
    alert->host_account = entity_corrected(field[EVENT_COMPUTER], field[EVENT_USER]);
    return 0;
}

/* Branch 3: a row about a child of the matching process. The rule loses the account (quirk Q1), so AccountEntity is
 * empty. */
static int row_device_process(struct alert *alert)
{
    const struct text *field = alert->event->field;
    struct text *row = alert->row;
    alert->host_account = entity_corrected(field[EVENT_COMPUTER], field[EVENT_PARENT_USER]);
    row[ALERT_DEVICE_NAME] = row[ALERT_HOST_ENTITY] = field[EVENT_COMPUTER];
    row[ALERT_INITIATING_PROCESS_ACCOUNT_DOMAIN] = alert->host_account.account_domain;
    row[ALERT_INITIATING_PROCESS_ACCOUNT_NAME] = alert->host_account.account_name;
    row[ALERT_INITIATING_PROCESS_FILE_NAME] = text_after_last(field[EVENT_PARENT_IMAGE], '\\');
    row[ALERT_INITIATING_PROCESS_PARENT_FILE_NAME] = text_after_last(field[EVENT_GRANDPARENT_IMAGE], '\\');
    row[ALERT_INITIATING_PROCESS_COMMAND_LINE] = field[EVENT_PARENT_COMMAND_LINE];
    return 0;
}

/* The same for the event's own process: what the row of its first child would say of it (quirk Q8). */
static int row_device_process_own(struct alert *alert)
{
    const struct text *field = alert->event->field;
    struct text *row = alert->row;
    alert->host_account = entity_corrected(field[EVENT_COMPUTER], field[EVENT_USER]);
    row[ALERT_DEVICE_NAME] = row[ALERT_HOST_ENTITY] = field[EVENT_COMPUTER];
    row[ALERT_INITIATING_PROCESS_ACCOUNT_DOMAIN] = alert->host_account.account_domain;
    row[ALERT_INITIATING_PROCESS_ACCOUNT_NAME] = alert->host_account.account_name;
    row[ALERT_INITIATING_PROCESS_FILE_NAME] = text_after_last(field[EVENT_IMAGE], '\\');
    row[ALERT_INITIATING_PROCESS_PARENT_FILE_NAME] = text_after_last(field[EVENT_PARENT_IMAGE], '\\');
    row[ALERT_INITIATING_PROCESS_COMMAND_LINE] = field[EVENT_COMMAND_LINE];
    return 0;
}

static int fill_row(struct alert *alert)
{
    switch (alert->branch->row) {
    case RULE_ROW_SECURITY_EVENT:
    case RULE_ROW_WINDOWS_EVENT:
        return row_4688(alert);
    case RULE_ROW_SYSMON:
        return row_sysmon(alert);
    case RULE_ROW_DEVICE_PROCESS:
        return row_device_process(alert);
    case RULE_ROW_DEVICE_PROCESS_OWN:
        return row_device_process_own(alert);
    }
    return -EINVAL;
}

/* Host and account as they really are, of an event whose rule does not say which it is about. */
static struct entity entity_of_event(const struct event *event)
{
    const struct text *field = event->field;
    struct text user = field[EVENT_USER], domain = field[EVENT_SUBJECT_DOMAIN], name = field[EVENT_SUBJECT_NAME];
    if (event->kind == EVENT_OTHER) {
        user = event_data(event, text_from("User"));
        domain = event_data(event, text_from("SubjectDomainName"));
        name = event_data(event, text_from("SubjectUserName"));
    }
    struct entity entity = entity_corrected(field[EVENT_COMPUTER], user);
    if (user.len == 0) {
        entity.account_domain = entity_or_absent(domain);
        entity.account_name = entity_or_absent(name);
    }
    return entity;
}

/* The first leg that is true of the event. */
static const struct leg *first_leg(const struct match *match)
{
    return &match->rule->legs.items[__builtin_ctzll(match->legs)];
}

static int fill_cells(struct alert *alert, const struct columns *columns)
{
    struct column_row row;
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
    column_row_of(&row, columns, alert->event, alert->created);
    for (size_t i = 0; i < count; i++) {
        cells[i].name = alert->leg->row[i].name;
        cells[i].value = expr_value(alert->leg->row[i].value, &row.row, alert->arena);
    }
    alert->cells = cells;
    alert->cell_count = count;
    return 0;
}

static int make_loaded(struct alert *out, const struct match *match, const struct event *event, uint64_t created)
{
    struct alert alert = {.rule = match->rule, .legs = match->legs, .event = event, .created = created};
    alert.leg = first_leg(match);
    alert.host_account = entity_of_event(event);
    int rc = fill_cells(&alert, rule_set_columns(match->set));
    if (rc == 0)
        *out = alert;
    return rc;
}

unsigned alert_part(const struct alert *alert)
{
    return alert->branch != NULL ? alert->branch->number : (unsigned)__builtin_ctzll(alert->legs) + 1;
}

bool alert_is_of_parent(const struct alert *alert)
{
    if (alert->branch == NULL)
        return false;
    for (size_t i = 0; i < alert->rule->branch_count; i++)
        if ((alert->branches & 1u << i) != 0 && alert->rule->branches[i].field != EVENT_PARENT_COMMAND_LINE)
            return false;
    return true;
}

int alert_make(struct alert *out, const struct match *match, const struct event *event, uint64_t created)
{
    if (match->set != NULL)
        return make_loaded(out, match, event, created);
    struct alert alert = {.rule = match->rule, .branches = match->branches, .event = event, .created = created};
    alert.branch = &match->rule->branches[__builtin_ctz(match->branches)];
    alert.row[ALERT_TYPE] = text_from(alert.branch->type);
    int rc = fill_row(&alert);
    if (rc < 0)
        return rc;

    struct entity last_stage = entity_faithful(alert.row[ALERT_HOST_ENTITY], alert.row[ALERT_ACCOUNT_ENTITY]);
    alert.row[ALERT_HOST_NAME] = last_stage.host_name;
    alert.row[ALERT_HOST_NAME_DOMAIN] = last_stage.host_domain;
    alert.row[ALERT_ACCOUNT_NAME] = last_stage.account_name;
    alert.row[ALERT_ACCOUNT_DOMAIN] = last_stage.account_domain;
    alert.domain_index = last_stage.domain_index;
    *out = alert;
    return 0;
}

void alert_clear(struct alert *alert)
{
    free(alert->owned);
    arena_free(alert->arena);
    alert->owned = NULL;
    alert->arena = NULL;
}
