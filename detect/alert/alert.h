/*
 * alert: a match with everything that an encoder needs: the row that the rule itself would give ("faithful") and the
 * host and account as they really are ("corrected"). Source: docs/rule-semantics.md, "The rule's row" and "Quirks".
 */
#ifndef DETECT_ALERT_ALERT_H
#define DETECT_ALERT_ALERT_H

#include "detect/alert/entity.h"
#include "detect/event/event.h"
#include "detect/rule/matcher.h"

/* The columns of the rule's result. Text columns only: DomainIndex is a number and stands in struct alert. */
enum alert_column {
    ALERT_TYPE,
    ALERT_COMPUTER,
    ALERT_DEVICE_NAME,
    ALERT_HOST_ENTITY,
    ALERT_ACCOUNT,
    ALERT_ACCOUNT_ENTITY,
    ALERT_USER,
    ALERT_SUBJECT_DOMAIN_NAME,
    ALERT_SUBJECT_USER_NAME,
    ALERT_PROCESS,
    ALERT_PARENT_PROCESS_NAME,
    ALERT_PARENT_IMAGE,
    ALERT_COMMAND_LINE,
    ALERT_INITIATING_PROCESS_ACCOUNT_DOMAIN,
    ALERT_INITIATING_PROCESS_ACCOUNT_NAME,
    ALERT_INITIATING_PROCESS_FILE_NAME,
    ALERT_INITIATING_PROCESS_PARENT_FILE_NAME,
    ALERT_INITIATING_PROCESS_COMMAND_LINE,
    ALERT_HOST_NAME,
    ALERT_HOST_NAME_DOMAIN,
    ALERT_ACCOUNT_NAME,
    ALERT_ACCOUNT_DOMAIN,
    ALERT_COLUMN_COUNT
};

/* A column of the result of a rule that was loaded. */
struct alert_cell {
    struct text name;
    struct value value;
};

/* Borrows from its event and its rule; valid as long as both are and until alert_clear(). */
struct alert {
    const struct rule *rule;
    /* Of a rule that is built in: */
    const struct rule_branch *branch; /* the one that the row is of: the first that matched; NULL: a loaded rule */
    unsigned branches;                /* all that matched, as in struct match */
    /* Of a rule that was loaded: */
    const struct leg *leg;          /* the one that the row is of: the first that is true of the event; else NULL */
    uint64_t legs;                  /* all that are, as in struct match */
    const struct alert_cell *cells; /* the row, in the rule's order */
    size_t cell_count;              /* 0: the rule makes none */
    struct arena *arena;            /* what the cells' values lie in */
    const struct event *event;
    uint64_t created;                    /* when the agent made it, as struct event's time */
    struct text row[ALERT_COLUMN_COUNT]; /* faithful; empty where the branch has no such column */
    long domain_index;          /* faithful DomainIndex: code points before the first dot of HostEntity, or -1 */
    struct entity host_account; /* corrected */
    const char *follows;        /* id of the alert that this adds to; NULL: it is an alert of its own */
    const char *action;         /* with follows: what it adds, as ECS's event.action */
    bool is_test; /* the agent itself started the process, to see whether it is noticed; false from alert_make() */
    struct text source; /* the file that the event was read from; empty: it came live, and from alert_make() */
    char *owned;        /* the alert's own: texts that had to be put together */
};

/*
 * Fills *out. match: with a branch, or a leg that is true. created: as in struct alert. Returns 0, or -ENOMEM with *out
 * left as it was.
 */
int alert_make(struct alert *out, const struct match *match, const struct event *event, uint64_t created);

/* Frees what alert_make allocated. */
void alert_clear(struct alert *alert);

/* The number of branch or leg that the row is of, as documents and messages have it: 1 and up. */
unsigned alert_part(const struct alert *alert);

/* Is it the creator of the event's process, and not that process itself, that the rule found? */
bool alert_is_of_parent(const struct alert *alert);

/* The column's name as in the rule: "HostEntity". Static. */
const char *alert_column_name(enum alert_column column);

#endif
