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

int alert_make(struct alert *out, const struct match *match, const struct event *event, uint64_t created)
{
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
    alert->owned = NULL;
}
